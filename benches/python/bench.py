"""Benches of the Python package beside its peers, in one run; writes target/bench/python.json.

usage: bench.py [--quick]

Each figure is the median of several turns, in nanoseconds a value, with its quartiles. `benches/README.md` says what the numbers mean.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import importlib.metadata
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

# columns on one core unless said otherwise: read when the library is loaded
os.environ.setdefault("RAYON_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

import fieldward as fw
import peers
from fieldward import columns
from turns import Group, slowest

OUTPUT = Path(__file__).resolve().parents[2] / "target" / "bench" / "python.json"
PACKAGES = [*peers.ALL, "numpy", "pandas", "polars", "pyarrow"]
SCHEMA = fw.Schema.from_dict(
    {
        "table": "patients",
        "record_id": [{"path": "id", "type": "text"}],
        "fields": [
            {"id": "ssn", "type": "text", "mode": "randomized", "record_binding": "none"},
            {"id": "bound", "type": "text", "mode": "randomized"},
            {"id": "scan", "type": "bytes", "mode": "randomized", "record_binding": "none"},
            {"id": "number", "type": "text", "mode": "deterministic"},
        ],
    }
)


def of_values(keyring: fw.Keyring, values: dict[str, Group]) -> None:
    ssn, bound, number = (keyring.field(SCHEMA, name) for name in ("ssn", "bound", "number"))
    names: dict[str, Any] = {"ssn": ssn, "bound": bound, "number": number, "value": peers.VALUE}
    names |= {"stored": ssn.encrypt(peers.VALUE), "placed": bound.encrypt(peers.VALUE, record_id="p-7"), "token": number.encrypt(peers.VALUE)}
    values["encrypt"].add("encrypt: fieldward", "ssn.encrypt(value)", names)
    values["encrypt"].add("encrypt: fieldward, bound to a record", "bound.encrypt(value, record_id='p-7')", names)
    values["decrypt"].add("decrypt: fieldward", "ssn.decrypt(stored)", names)
    values["decrypt"].add("decrypt: fieldward, bound to a record", "bound.decrypt(placed, record_id='p-7')", names)
    values["deterministic"].add("encrypt deterministically: fieldward", "number.encrypt(value)", names)
    values["deterministic"].add("decrypt deterministically: fieldward", "number.decrypt(token)", names)


def of_columns(keyring: fw.Keyring, group: Group, texts: list[str]) -> list[str]:
    """The kinds that a goal names."""
    field, number = keyring.field(SCHEMA, "ssn"), keyring.field(SCHEMA, "number")
    kinds = {
        "pyarrow": pa.array(texts),
        "pandas": pd.Series(texts, dtype=pd.ArrowDtype(pa.string())),
        "pandas str": pd.Series(texts, dtype="str"),
        "polars": pl.Series("x", texts),
        "numpy strings": np.array(texts, dtype=np.dtypes.StringDType()),
        "pandas objects": pd.Series(texts, dtype=object),
        "numpy objects": np.array(texts, dtype=object),
    }
    for name, column in kinds.items():
        both(group, field, f"fieldward, {name}", column)
    both(group, number, "fieldward deterministically, pyarrow", kinds["pyarrow"])
    return [name for name in kinds if not name.startswith("numpy") and not name.endswith("objects")]


def both(group: Group, field: fw.Field, name: str, column: Any) -> None:
    stored = columns.encrypt(field, column)
    group.add(f"encrypt: {name}", lambda: columns.encrypt(field, column), values=len(column))
    group.add(f"decrypt: {name}", lambda: columns.decrypt(field, stored), values=len(column))


def of_threads(keyring: fw.Keyring, group: Group, pool: concurrent.futures.Executor, texts: list[str]) -> None:
    """The same work as two calls on one thread, and on two threads that take one each."""
    ssn, scan = keyring.field(SCHEMA, "ssn"), keyring.field(SCHEMA, "scan")
    column = pa.array(texts)
    works: dict[str, tuple[Callable[[], object], int]] = {
        f"column of {len(texts):,}": (lambda: columns.encrypt(ssn, column), len(texts)),
        "value of 1 MiB": (lambda value=bytes(1 << 20): scan.encrypt(value), 1),  # type: ignore[misc]
        "500 values of 11 bytes": (lambda: [ssn.encrypt(peers.VALUE) for _ in range(500)], 500),
    }
    for name, (work, values) in works.items():

        def on_one(work: Callable[[], object] = work) -> None:
            work()
            work()

        def on_two(work: Callable[[], object] = work) -> None:
            concurrent.futures.wait([pool.submit(work), pool.submit(work)])

        group.add(f"{name}: one thread", on_one, values=2 * values)
        group.add(f"{name}: two threads", on_two, values=2 * values)


def versions() -> dict[str, str]:
    found = {"Python": sys.version.split()[0]}
    for name in PACKAGES:
        try:
            found[f"{name} (PyPI)"] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="few short turns: shows that all works, not how fast")
    quick = parser.parse_args().quick
    turns = 5 if quick else 60

    def group(seconds: float) -> Group:
        return Group(0.5 if quick else seconds, turns)

    values = {"encrypt": group(16), "decrypt": group(16), "deterministic": group(10)}
    of_column, of_thread = group(60), group(20)
    texts = [f"999-{row % 100:02d}-{row % 10_000:04d}" for row in range(10_000)]
    config = fw.KeyringConfig(
        "bench", providers={"primary": fw.LocalKeyProvider.generate()}, store=fw.MemoryStore(), no_pin="a bench"
    )
    with config.create() as keyring, concurrent.futures.ThreadPoolExecutor(2) as pool:
        of_values(keyring, values)
        missing = peers.add(values)
        kinds = of_columns(keyring, of_column, texts)
        peers.column_loops(of_column, texts)
        of_threads(keyring, of_thread, pool, texts)
        for measured in (*values.values(), of_column, of_thread):
            measured.run()
    for name in missing:
        print(f"missing: {name}")

    def loops(theirs: str) -> dict[str, dict[str, float]] | None:
        """Of every kind of column, and of both directions, the one that gains least."""
        names = [f"{way}: fieldward, {kind}" for kind in kinds for way in ("encrypt", "decrypt")]
        return slowest([of_column.ratio(name, f"{name.partition(':')[0]}: a loop over cryptography {theirs}") for name in names])

    rows = {
        "python_value": values["encrypt"].ratio("encrypt: fieldward", "encrypt: cryptography AESGCM, os.urandom"),
        "python_column_aesgcm": loops("AESGCM"),
        "python_column_fernet": loops("Fernet"),
    }
    figures = {name: figure for measured in (*values.values(), of_column, of_thread) for name, figure in measured.figures().items()}
    report = {"bench": "python", "versions": versions(), "figures": figures, "rows": {name: row for name, row in rows.items() if row}}
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    width = max(map(len, figures))
    for name, figure in figures.items():
        print(f"{name:{width}} {figure['median']:>12,.1f} ns  {figure['low']:,.1f} to {figure['high']:,.1f}")
    for name, row in report["rows"].items():
        print(f"{name:{width}} {1 / row['time_ratio']['median']:>12.2f} times as fast")
    return 0


if __name__ == "__main__":
    sys.exit(main())
