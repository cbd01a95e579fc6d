"""Trains on a table that is encrypted at rest: scikit-learn's breast cancer data, measured on 569 patients.

The table is encrypted by a schema, written to Parquet, read back, decrypted, and a model is trained on it. The same model trained on the
table that was never encrypted gives the same predictions.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fieldward as fw
from fieldward.frame import Frame


def table() -> pd.DataFrame:
    """The measurements, with an id for each patient."""
    data: Any = load_breast_cancer(as_frame=True)
    frame: pd.DataFrame = data.frame.rename(columns=lambda name: name.replace(" ", "_"))
    return frame.assign(patient=range(len(frame)))


def schema_of(frame: pd.DataFrame) -> fw.Schema:
    """Every measurement is sensitive; the diagnosis is kept in the clear for this example alone."""
    measured = [name for name in frame.columns if name not in ("patient", "target")]
    return fw.Schema.from_dict(
        {
            "table": "measurements",
            "record_id": [{"path": "patient", "type": "i64"}],
            "clear": ["target"],
            "fields": [{"id": name, "type": "f64", "mode": "randomized"} for name in measured],
        }
    )


def score(frame: pd.DataFrame) -> float:
    """Accuracy on a quarter of the patients that the model has not seen."""
    features, target = frame.drop(columns=["patient", "target"]), frame["target"]
    train_x, test_x, train_y, test_y = train_test_split(features, target, random_state=7)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(train_x, train_y)
    return float(model.score(test_x, test_y))


def main(folder: Path) -> tuple[float, float]:
    """The accuracy on the decrypted table, and on the table that was never encrypted."""
    config = fw.KeyringConfig(
        "research",
        providers={"primary": fw.LocalKeyProvider.create_file(folder / "root.key")},
        store=fw.FileStore(folder / "keys"),
        pin=fw.FilePin(folder / "pins"),
    )
    clear = table()
    with config.create() as keyring:
        frame = Frame(keyring, schema_of(clear))
        frame.encrypt(clear).to_parquet(folder / "measurements.parquet")
        decrypted = frame.decrypt(pd.read_parquet(folder / "measurements.parquet", dtype_backend="pyarrow"))
    return score(decrypted[clear.columns.to_list()]), score(clear)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        decrypted, clear = main(Path(folder))
    print(f"accuracy on decrypted columns {decrypted:.3f}, on columns that were never encrypted {clear:.3f}")
