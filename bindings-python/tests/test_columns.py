"""Columns and frames: every library, null, chunk and offset; the same dtypes back; rows of errors named."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import fieldward as fw
from conftest import field_of, schema_of
from fieldward import columns
from fieldward.frame import Frame

UTC = dt.timezone.utc
ROWS: dict[str, list[Any]] = {
    "text": ["999-41-1234", None, "", "ünï"],
    "bytes": [b"\x00", None, b"", b"abc"],
    "i64": [1, None, -(2**63), 2**63 - 1],
    "f64": [1.5, None, -0.0, float("inf")],
    "bool": [True, None, False, True],
    "date": [dt.date(1, 1, 1), None, dt.date(9999, 12, 31), dt.date(2026, 1, 2)],
    "timestamp": [dt.datetime(2026, 1, 2, 3, 4, 5, 6, UTC), None, dt.datetime(1950, 1, 1, tzinfo=UTC), None],
    "decimal": [decimal.Decimal("1.10"), None, decimal.Decimal("-0.05"), decimal.Decimal("3.00")],
    "json": ['{"b": 1, "a": [2]}', None, "[]", "7"],
    "uuid": [uuid.UUID(int=7).bytes, None, uuid.UUID(int=8).bytes, uuid.UUID(int=9).bytes],
}
TYPES: dict[str, list[pa.DataType]] = {
    "text": [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())],
    "bytes": [pa.binary(), pa.large_binary(), pa.binary_view()],
    "i64": [pa.int64()],
    "f64": [pa.float64()],
    "bool": [pa.bool_()],
    "date": [pa.date32()],
    "timestamp": [pa.timestamp("us", "UTC"), pa.timestamp("ns", "UTC")],
    "decimal": [pa.decimal128(38, 2)],
    "json": [pa.string(), pa.large_string()],
    "uuid": [pa.binary(16)],
}
EVERY = [(kind, arrow_type) for kind, types in TYPES.items() for arrow_type in types]


def field_for(keyring: fw.Keyring, kind: str, **options: Any) -> fw.Field:
    return keyring.field(schema_of(field_of(kind, **options)), "x")


@pytest.mark.parametrize(("kind", "arrow_type"), EVERY, ids=str)
def test_arrays_come_back(keyring: fw.Keyring, kind: str, arrow_type: pa.DataType) -> None:
    field = field_for(keyring, kind)
    array = pa.array(ROWS[kind]).cast(arrow_type) if kind == "text" else pa.array(ROWS[kind], type=arrow_type)
    shapes = [array, array.slice(1), array.slice(1, 2), array.slice(0, 0), pa.chunked_array([array, array.slice(2)])]
    for given in shapes:
        stored = columns.encrypt(field, given)
        assert isinstance(stored, pa.ChunkedArray) == isinstance(given, pa.ChunkedArray)
        assert pa.types.is_binary(stored.type) or pa.types.is_large_binary(stored.type)
        assert len(stored) == len(given)
        assert stored.null_count == given.null_count
        if isinstance(given, pa.ChunkedArray):
            assert [len(chunk) for chunk in stored.chunks] == [len(chunk) for chunk in given.chunks]
        back = columns.decrypt(field, stored, like=arrow_type if not pa.types.is_dictionary(arrow_type) else pa.string())
        assert back.to_pylist() == given.to_pylist()


@pytest.mark.parametrize("kind", ROWS)
def test_a_column_is_its_values(keyring: fw.Keyring, kind: str) -> None:
    """What a column holds a single value reads, and the reverse."""
    field = field_for(keyring, kind)
    array = pa.array(ROWS[kind], type=TYPES[kind][0])
    by_value = [field.decrypt(cell) for cell in columns.encrypt(field, array).to_pylist()]
    if kind == "json":
        assert by_value == [{"b": 1, "a": [2]}, None, [], 7]
        return
    expected = [None if raw is None else uuid.UUID(bytes=raw) for raw in ROWS[kind]] if kind == "uuid" else ROWS[kind]
    assert by_value == expected
    stored = pa.array([field.encrypt(value) for value in expected], type=pa.binary())
    assert columns.decrypt(field, stored, like=TYPES[kind][0]).to_pylist() == ROWS[kind]


def test_local_times_stay_local(keyring: fw.Keyring) -> None:
    field = field_for(keyring, "timestamp")
    local = pa.array([dt.datetime(2026, 1, 2, 3), None], type=pa.timestamp("ms"))
    stored = columns.encrypt(field, local)
    assert field.decrypt(stored[0].as_py()) == dt.datetime(2026, 1, 2, 3)
    assert columns.decrypt(field, stored) == local
    mixed = pa.array([stored[0].as_py(), field.encrypt(dt.datetime(2026, 1, 2, tzinfo=UTC))])
    with pytest.raises(fw.InputError) as refused:
        columns.decrypt(field, mixed)
    assert refused.value.code == "value_out_of_range"


def test_every_byte_form_is_bound_to_its_record(keyring: fw.Keyring) -> None:
    schema = schema_of({"id": "x", "type": "text", "mode": "randomized"})
    field = keyring.field(schema, "x")
    ids = pa.chunked_array([["a", "b"], ["c"]])
    values = pa.chunked_array([["1"], ["2", "3"]])
    stored = columns.encrypt(field, values, record_ids=ids)
    assert columns.decrypt(field, stored, record_ids=ids) == values
    assert field.decrypt(stored[2].as_py(), record_id="c") == "3"
    with pytest.raises(fw.AuthenticationError) as moved:
        columns.decrypt(field, stored, record_ids=pa.array(["a", "c", "b"]))
    assert moved.value.rows == (1,)
    opened = columns.open(field, stored, record_ids=pa.array(["a", "c", "c"]))
    assert opened.values.to_pylist() == ["1", None, "3"]
    assert [(row, error.code, error.rows) for row, error in opened.failures] == [(1, "authentication_failed", (1,))]
    cases = [
        (pa.array(["a", "b"]), "invalid_argument"),
        (pa.array(["a", None, "c"]), "record_id_invalid"),
        (pa.array([1, 2, 3]), "record_id_invalid"),
        (None, "record_id_missing"),
        ([ids, ids], "record_id_invalid"),
    ]
    for wrong, code in cases:
        with pytest.raises(fw.Error) as refused:
            columns.encrypt(field, values, record_ids=wrong)
        assert refused.value.code == code


def test_composite_ids(keyring: fw.Keyring) -> None:
    schema = schema_of(
        {"id": "x", "type": "i64", "mode": "randomized"},
        record_id=[{"path": "ward", "type": "uuid"}, {"path": "bed", "type": "i64"}],
    )
    field = keyring.field(schema, "x")
    wards, beds = pa.array([uuid.UUID(int=7).bytes] * 2, type=pa.binary(16)), pa.array([1, 2], type=pa.int32())
    stored = columns.encrypt(field, pa.array([10, 20]), record_ids=[wards, beds])
    assert field.decrypt(stored[1].as_py(), record_id=(uuid.UUID(int=7), 2)) == 20
    assert columns.decrypt(field, stored, record_ids=[wards, beds]).to_pylist() == [10, 20]


BAD: list[tuple[str, Any, str]] = [
    ("text", pa.array([1]), "wrong_type"),
    ("text", pa.array([b"\xff"]), "wrong_type"),
    ("i64", pa.array([1.5]), "wrong_type"),
    ("i64", pa.array([2**63], type=pa.uint64()), "value_out_of_range"),
    ("f64", pa.array([1]), "wrong_type"),
    ("date", pa.array([dt.datetime(2026, 1, 1)]), "wrong_type"),
    ("timestamp", pa.array([dt.date(2026, 1, 1)]), "wrong_type"),
    ("uuid", pa.array([b"short"], type=pa.binary()), "value_out_of_range"),
    ("text", pa.array([{"a": 1}]), "wrong_type"),
    ("text", pa.table({"a": ["x"]}), "wrong_type"),
    ("text", ["a", "list"], "wrong_type"),
    ("text", "text", "wrong_type"),
    ("text", np.array([["a"]]), "wrong_type"),
    ("text", np.array([1.5]), "wrong_type"),
]


@pytest.mark.parametrize(("kind", "given", "code"), BAD, ids=range(len(BAD)))
def test_what_does_not_fit_is_refused(keyring: fw.Keyring, kind: str, given: Any, code: str) -> None:
    with pytest.raises(fw.InputError) as refused:
        columns.encrypt(field_for(keyring, kind), given)
    assert refused.value.code == code
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("kind", "given", "code", "row"),
    [
        ("text", pd.Series(["a", 7, "c"], dtype=object), "wrong_type", 1),
        ("text", pd.Series(["a", "b", "\ud800"], dtype=object), "invalid_text", 2),
        ("text", np.array(["a", b"b"], dtype=object), "wrong_type", 1),
        ("i64", pd.Series([1, 2**63], dtype=object), "value_out_of_range", 1),
        ("i64", pd.Series([1, True], dtype=object), "wrong_type", 1),
        ("json", pd.Series([{"a": 1}, {"a": (1,)}], dtype=object), "value_not_canonical", 1),
        ("uuid", pd.Series([uuid.UUID(int=1), "x"], dtype=object), "wrong_type", 1),
        ("date", pd.Series([dt.date(2026, 1, 1), dt.datetime(2026, 1, 1)], dtype=object), "wrong_type", 1),
    ],
)
def test_objects_that_do_not_fit_name_their_row(keyring: fw.Keyring, kind: str, given: Any, code: str, row: int) -> None:
    with pytest.raises(fw.InputError) as refused:
        columns.encrypt(field_for(keyring, kind), given)
    assert (refused.value.code, refused.value.rows) == (code, (row,))


def test_a_row_that_cannot_be_encrypted_is_named(keyring: fw.Keyring) -> None:
    field = field_for(keyring, "text")
    twice = pa.chunked_array([["a", "b"], ["c", "d"]])
    stored = columns.encrypt(field_for(keyring, "text", stored="text"), twice)
    mixed = pa.chunked_array([["a", "b"], ["c", stored[0].as_py()]])
    with pytest.raises(fw.InputError) as refused:
        columns.encrypt(field, mixed)
    assert (refused.value.code, refused.value.rows, refused.value.detail) == ("already_encrypted", (3,), "row 3")


PANDAS: list[tuple[str, pd.Series[Any]]] = [
    ("text", pd.Series(["a", None, "ü"], dtype=object)),
    ("text", pd.Series(["a", None, "ü"], dtype="string")),
    ("text", pd.Series(["a", None, "ü"], dtype=pd.ArrowDtype(pa.string()))),
    ("text", pd.Series(["a", "b", "a"], dtype="category")),
    ("bytes", pd.Series([b"a", None, b""], dtype=object)),
    ("i64", pd.Series([1, 2, 3], dtype="int64")),
    ("i64", pd.Series([1, 2, 3], dtype="int8")),
    ("i64", pd.Series([1, None, 3], dtype="Int64")),
    ("f64", pd.Series([1.5, np.nan, 3.0], dtype="float64")),
    ("f64", pd.Series([1.5, 2.5, 3.0], dtype="float32")),
    ("bool", pd.Series([True, False, True], dtype="bool")),
    ("bool", pd.Series([True, None, True], dtype="boolean")),
    ("date", pd.Series([dt.date(2026, 1, 2), None, dt.date(1, 1, 1)], dtype=object)),
    ("timestamp", pd.Series(pd.to_datetime(["2026-01-02", None, "1950-01-01"]))),
    ("timestamp", pd.Series(pd.to_datetime(["2026-01-02", None, "1950-01-01"], utc=True))),
    ("timestamp", pd.Series(pd.to_datetime(["2026-01-02", "1950-01-01"]).tz_localize("Europe/Paris"))),
    ("decimal", pd.Series([decimal.Decimal("1.10"), None], dtype=object)),
    ("json", pd.Series([{"a": [1]}, None, []], dtype=object)),
    ("uuid", pd.Series([uuid.UUID(int=1), None], dtype=object)),
]


@pytest.mark.parametrize(("kind", "given"), PANDAS, ids=[f"{kind}-{given.dtype}" for kind, given in PANDAS])
def test_pandas_comes_back(keyring: fw.Keyring, kind: str, given: pd.Series[Any]) -> None:
    field = field_for(keyring, kind)
    given = given.set_axis([f"r{row}" for row in range(len(given))]).rename("x")
    stored = columns.encrypt(field, given)
    assert list(stored.index) == list(given.index)
    back = columns.decrypt(field, stored, like=given.dtype)
    pd.testing.assert_series_equal(back, given)
    as_objects = stored.astype(object).where(stored.notna(), None)
    pd.testing.assert_series_equal(columns.decrypt(field, as_objects, like=given.dtype), given)


POLARS: list[tuple[str, pl.Series]] = [
    ("text", pl.Series("x", ["a", None, "ü"])),
    ("text", pl.Series("x", ["a", "b"], dtype=pl.Categorical)),
    ("bytes", pl.Series("x", [b"a", None])),
    ("i64", pl.Series("x", [1, None, 3])),
    ("i64", pl.Series("x", [1, None, 3], dtype=pl.Int16)),
    ("f64", pl.Series("x", [1.5, None, float("nan")])),
    ("bool", pl.Series("x", [True, None])),
    ("date", pl.Series("x", [dt.date(2026, 1, 2), None])),
    ("timestamp", pl.Series("x", [dt.datetime(2026, 1, 2, 3, 4, 5, 6), None])),
    ("timestamp", pl.Series("x", [dt.datetime(2026, 1, 2, tzinfo=UTC), None])),
]


@pytest.mark.parametrize(("kind", "given"), POLARS, ids=[f"{kind}-{given.dtype}" for kind, given in POLARS])
def test_polars_comes_back(keyring: fw.Keyring, kind: str, given: pl.Series) -> None:
    field = field_for(keyring, kind)
    stored = columns.encrypt(field, given)
    assert (stored.dtype, stored.name) == (pl.Binary, "x")
    back = columns.decrypt(field, stored, like=given.dtype)
    assert back.equals(given, check_dtypes=True, check_names=True, null_equal=True) or given.is_nan().any()


NUMPY: list[tuple[str, np.ndarray[Any, Any]]] = [
    ("i64", np.array([1, 2, 3])),
    ("i64", np.arange(10)[::3]),
    ("f64", np.array([1.5, np.nan])),
    ("f64", np.arange(6.0).reshape(2, 3)[:, 1]),
    ("bool", np.array([True, False])),
    ("text", np.array(["a", None], dtype=object)),
    ("bytes", np.array([b"a", b""], dtype=object)),
    ("timestamp", np.array(["2026-01-02T03:04:05.000006"], dtype="datetime64[us]")),
    ("date", np.array(["2026-01-02"], dtype="datetime64[D]")),
]


@pytest.mark.parametrize(("kind", "given"), NUMPY, ids=[f"{kind}-{given.dtype}" for kind, given in NUMPY])
def test_numpy_comes_back(keyring: fw.Keyring, kind: str, given: np.ndarray[Any, Any]) -> None:
    field = field_for(keyring, kind)
    stored = columns.encrypt(field, given)
    back = columns.decrypt(field, stored, like=given.dtype)
    assert back.dtype == given.dtype
    np.testing.assert_array_equal(back, given)


SCHEMA = schema_of(
    {"id": "ssn", "type": "text", "mode": "randomized", "required": True,
     "indexes": [{"name": "exact", "column": "ssn_exact", "transform": "exact", "normalizer": ["digits"]},
                 {"name": "words", "column": "ssn_words", "transform": "words"}]},
    {"id": "age", "type": "i64", "mode": "randomized",
     "indexes": [{"name": "exact", "column": "age_exact", "transform": "exact"}]},
    {"id": "born", "type": "date", "mode": "randomized", "record_binding": "none"},
    {"id": "note", "type": "text", "mode": "randomized", "stored": "text"},
    clear=["ward"],
)
TABLE: dict[str, list[Any]] = {
    "id": ["p-1", "p-2", "p-3"],
    "ssn": ["999-41-1234", "999-42-1234", "none"],
    "age": [1, None, 3],
    "born": [dt.date(1950, 2, 3), None, dt.date(2000, 1, 1)],
    "ward": [7, 8, 9],
    "note": ["a", None, ""],
}


def frames() -> list[Any]:
    arrow = pa.table(TABLE)
    mixed = pd.DataFrame(TABLE, index=["x", "y", "z"]).astype({"age": "Int32", "ssn": "string", "ward": "int8"})
    return [arrow, arrow.to_batches()[0], mixed, pd.DataFrame(TABLE).astype({"age": "Int64"}), pl.DataFrame(TABLE)]


@pytest.mark.parametrize("at", range(5), ids=["table", "batch", "pandas", "pandas-object", "polars"])
def test_frames_come_back(keyring: fw.Keyring, at: int) -> None:
    given = frames()[at]
    frame = Frame(keyring, SCHEMA)
    stored = frame.encrypt(given)
    assert type(stored) is type(given)
    rows: list[dict[str, Any]] = stored.to_dict("records") if isinstance(stored, pd.DataFrame) else stored.to_pylist() if at < 2 else stored.to_dicts()
    assert list(rows[0]) == [*TABLE, "ssn_exact", "ssn_words", "age_exact"]
    assert rows[0]["ssn_exact"] == keyring.field(SCHEMA, "ssn").index_values("999411234")["ssn_exact"]
    assert rows[0]["note"].startswith("fw1.")
    row = keyring.records(SCHEMA).decrypt({**rows[0], "ward": 7})
    first: dict[str, Any] = {name: values[0] for name, values in TABLE.items()}
    assert row == first
    back = frame.decrypt(stored)
    if isinstance(given, pd.DataFrame):
        pd.testing.assert_frame_equal(back, given)
    else:
        assert back.equals(given)
        assert back.schema == given.schema


def test_rows_that_fail_are_reported(keyring: fw.Keyring) -> None:
    frame = Frame(keyring, SCHEMA)
    stored = frame.encrypt(pd.DataFrame(TABLE).astype({"age": "Int64"}))
    stored.loc[1, "id"] = "p-9"
    with pytest.raises(fw.AuthenticationError) as refused:
        frame.decrypt(stored)
    assert refused.value.rows == (1,)
    opened = frame.open(stored)
    assert [(failure.column, failure.row, failure.error.code) for failure in opened.failures] == [
        ("ssn", 1, "authentication_failed"),
    ]
    assert opened.frame["ssn"].tolist()[::2] == ["999-41-1234", "none"]
    assert opened.frame["ssn"].isna().tolist() == [False, True, False]


def test_frames_that_do_not_fit(keyring: fw.Keyring) -> None:
    frame = Frame(keyring, SCHEMA)
    df = pd.DataFrame(TABLE).astype({"age": "Int64"})
    twice = pd.concat([df, df["ssn"]], axis=1)
    cases: list[tuple[Any, str, tuple[int, ...]]] = [
        (df.assign(other=1), "undeclared_field", ()),
        (df.assign(ssn_exact=1), "record_shape", ()),
        (twice, "record_shape", ()),
        (df.drop(columns="ssn"), "missing_field", ()),
        (df.assign(ssn=["1", None, None]), "missing_field", (1, 2)),
        (df.drop(columns="id"), "record_id_missing", ()),
        (df.assign(id=[1, 2, 3]), "record_id_invalid", ()),
        (df.assign(age=["1", "2", "3"]), "wrong_type", ()),
        ({"ssn": ["1"]}, "wrong_type", ()),
        (pl.LazyFrame(TABLE), "wrong_type", ()),
    ]
    for given, code, rows in cases:
        with pytest.raises(fw.Error) as refused:
            frame.encrypt(given)
        assert (refused.value.code, refused.value.rows) == (code, rows) or (code == "wrong_type" and refused.value.code == code)
    empty = frame.encrypt(df.iloc[:0])
    assert len(frame.decrypt(empty)) == 0


def test_long_columns_on_several_threads(keyring: fw.Keyring) -> None:
    import threading

    field = field_for(keyring, "text")
    values = pa.array([f"{row:011d}" for row in range(50_000)])
    seen: list[bool] = []

    def work() -> None:
        stored = columns.encrypt(field, values)
        seen.append(columns.decrypt(field, stored) == values)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 4
