"""Local Dask jobs on worker processes: a million rows encrypted, searched, read back; and what becomes of errors and of the key."""

from __future__ import annotations

import decimal
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from distributed import Client, LocalCluster

import fieldward as fw
from conftest import ROWS, SCHEMA, forms_of_key, frame_out_of_reach, holds_any
from fieldward import dask as fwd
from fieldward.frame import Frame

# Of what is not the natural type of its field.
TYPES = {"cost": pd.ArrowDtype(pa.decimal128(10, 2))}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dask")


@pytest.fixture(scope="module", autouse=True)
def client(files: Path) -> Iterator[Client]:
    with (
        dask.config.set({"temporary-directory": str(files)}),
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


def part(start: int, rows: int) -> pd.DataFrame:
    number = np.arange(start, start + rows)
    notes = np.array(["Allergic to penicillin", "none known"], dtype=object)
    costs = pa.array([decimal.Decimal(cents) / 100 for cents in range(500)], type=pa.decimal128(10, 2))
    return pd.DataFrame(
        {
            "id": number,
            "ssn": pd.array([f"999-{one // 10_000 % 100:02d}-{one % 10_000:04d}" for one in number.tolist()], dtype="string[pyarrow]"),
            "note": pd.array(notes[number % 2], dtype="string[pyarrow]"),
            "age": pd.array(np.where(number % 7 == 0, None, number % 100), dtype="Int64"),
            "born": pd.arrays.ArrowExtensionArray(pa.array((number % 30_000).astype("int32")).cast(pa.date32())),
            "seen": pd.array((1_700_000_000_000_000 + number * 1_000_000).astype("datetime64[us]")).tz_localize("UTC"),
            "cost": pd.arrays.ArrowExtensionArray(costs.take(pa.array(number % 500))),
            "ward": (number % 12).astype("int16"),
        },
        index=pd.RangeIndex(start, start + rows, name="row"),
    )


def table(rows: int, parts: int = 8) -> dd.DataFrame:
    each = rows // parts
    starts = [number * each for number in range(parts)]
    return dd.from_map(part, starts, rows=each, meta=part(0, 1).iloc[:0], divisions=(*starts, rows - 1))


@pytest.fixture(scope="module")
def stored(frame: Frame, files: Path) -> dd.DataFrame:
    made = fwd.encrypt(frame, table(ROWS))
    assert made.known_divisions
    made.to_parquet(files / "patients", schema={"note_words": pa.list_(pa.string())})
    return dd.read_parquet(files / "patients")


def same(one: pd.DataFrame, other: pd.DataFrame) -> tuple[int, bool]:
    pd.testing.assert_frame_equal(one, other)
    return len(one), True


def test_a_million_rows_come_back(frame: Frame, stored: dd.DataFrame) -> None:
    assert list(stored.columns) == ["id", "ssn", "note", "age", "born", "seen", "cost", "ward", "ssn_exact", "note_words"]
    clear = fwd.decrypt(frame, stored, types=TYPES)
    assert clear.dtypes.to_dict() == table(8).dtypes.to_dict()
    # compared where the rows are: each partition with the one that went in
    pairs = zip(clear.to_delayed(), table(ROWS).to_delayed(), strict=True)
    compared = dask.compute(*[dask.delayed(same)(*pair) for pair in pairs])
    assert compared == ((ROWS // 8, True),) * 8


def test_rows_are_found_by_index_value(frame: Frame, stored: dd.DataFrame) -> None:
    found = fwd.decrypt(frame, stored[fwd.matching(frame, stored, "ssn", "999 12 3456")]).compute()
    assert found[["id", "ssn"]].to_numpy().tolist() == [[123_456, "999-12-3456"]]
    # whatever the last byte of the index value is: pandas, left to itself, loses a zero there
    numbers = (f"999-{number:06}" for number in range(ROWS))
    number = next(one for one in numbers if frame.query("ssn", "exact", one).tokens[0].endswith(b"\0"))
    found = fwd.decrypt(frame, stored[fwd.matching(frame, stored, "ssn", number)]).compute()
    assert found["id"].tolist() == [int(number.removeprefix("999-"))]
    none = stored[fwd.matching(frame, stored, "ssn", "000-00-0000")]
    assert len(none.compute()) == 0
    with pytest.raises(fw.InputError) as refused:
        fwd.matching(frame, stored, "note", "penicillin", index="words")
    assert refused.value.code == "wrong_type"


def test_no_key_and_no_value_in_what_dask_sends(frame: Frame, stored: dd.DataFrame, place: Path, files: Path) -> None:
    key = forms_of_key(place)
    sent = pickle.dumps(fwd.decrypt(frame, stored))
    assert b"clinic" in sent, "the place of the key, not the key"
    assert not any(form in sent for form in key)
    assert holds_any(files, key) == []
    assert holds_any(files / "patients", [b"999-12-34", b"penicillin"]) == []


def test_a_worker_that_cannot_reach_the_key(tmp_path: Path) -> None:
    frame = frame_out_of_reach(tmp_path / "away")
    with pytest.raises(fw.ProviderError) as refused:
        fwd.encrypt(frame, table(16)).compute()
    assert (refused.value.kind, refused.value.code) == ("provider", "provider_unavailable")


def test_rows_that_were_moved(frame: Frame) -> None:
    stored = fwd.encrypt(frame, table(80)).compute()
    stored.loc[23, "id"] = 99
    moved = dd.from_pandas(stored, npartitions=4)
    with pytest.raises(fw.AuthenticationError) as refused:
        fwd.decrypt(frame, moved).compute()
    assert (refused.value.code, refused.value.detail, refused.value.rows) == ("authentication_failed", "partition 1", (3,))
    assert "999-" not in str(refused.value)
    told = fwd.decrypt(frame, moved, failures="failures").compute()
    assert told.index[told["failures"].notna()].tolist() == [23]
    expected = {f"{name}: authentication_failed" for name in ("ssn", "note", "age", "born", "seen", "cost")}
    assert set(told.loc[23, "failures"].split("; ")) == expected
    assert told.loc[23, ["ssn", "age"]].isna().all()
    assert told.loc[24, "ssn"] == "999-00-0024"


def test_what_is_refused_before_anything_runs(frame: Frame, stored: dd.DataFrame) -> None:
    given = table(8)
    cases: list[tuple[Any, str]] = [
        (lambda: fwd.encrypt(frame, given.assign(other=1)), "undeclared_field"),
        (lambda: fwd.encrypt(frame, given.drop(columns="id")), "record_id_missing"),
        (lambda: fwd.encrypt(frame, given.assign(age=True)), "wrong_type"),
        (lambda: fwd.decrypt(frame, stored, types={"none": "int64"}), "unknown_field"),
        (lambda: fwd.decrypt(frame, stored, failures="ward"), "record_shape"),
    ]
    for call, code in cases:
        with pytest.raises(fw.Error) as refused:
            call()
        assert refused.value.code == code
    in_memory = fw.KeyringConfig(
        "memory", providers={"p": fw.LocalKeyProvider.generate()}, store=fw.MemoryStore(), no_pin="test"
    )
    with in_memory.create() as keyring, pytest.raises(fw.MisuseError) as held:
        fwd.encrypt(Frame(keyring, SCHEMA), given)
    assert held.value.code == "invalid_argument"


def test_types_that_are_named(frame: Frame) -> None:
    given = table(16).assign(seen=lambda df: df["seen"].dt.tz_localize(None), age=lambda df: df["id"])
    back = fwd.decrypt(frame, fwd.encrypt(frame, given), types={**TYPES, "seen": "datetime64[us]", "age": "int64"})
    assert back.dtypes.to_dict() == given.dtypes.to_dict()
    pd.testing.assert_frame_equal(back.compute(), given.compute())


@pytest.mark.parametrize("scheduler", ["threads", "processes", "synchronous"])
def test_schedulers_without_a_cluster(frame: Frame, scheduler: str) -> None:
    given = table(16)
    with dask.config.set(scheduler=scheduler):
        back = fwd.decrypt(frame, fwd.encrypt(frame, given), types=TYPES).compute(scheduler=scheduler)
    pd.testing.assert_frame_equal(back, given.compute(scheduler="synchronous"))
