"""Bad input: columns and frames of every library. The rows are named; what is only laid out in an unusual way works."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable
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
from refusals import CANARY, HUGE, refused

UTC = dt.timezone.utc
# Any: older numpy has no types for it
MASKED: Any = np.ma.masked_array


def field_for(keyring: fw.Keyring, kind: str, **options: Any) -> fw.Field:
    return keyring.field(schema_of(field_of(kind, **options)), "x")


def unaligned(array: pa.Array) -> pa.Array:
    """The same array, its data one byte past where its type wants it."""
    last = array.buffers()[-1]
    moved = pa.py_buffer(b"\0" + last.to_pybytes()).slice(1)
    made = pa.Array.from_buffers(array.type, len(array), [*array.buffers()[:-1], moved], offset=array.offset)
    return made


def of_bytes(values: list[bytes], kind: pa.DataType) -> pa.Array:
    """Binary values that say that they are of another type."""
    binary = pa.array(values, type=pa.binary())
    return pa.Array.from_buffers(kind, len(values), binary.buffers())


# What breaks Arrow's own rules: keys past the dictionary, offsets that fall.
BEYOND = pa.DictionaryArray.from_arrays(pa.array([0, 7], pa.int8()), pa.array([CANARY]), safe=False)
FALLING = pa.Array.from_buffers(
    pa.string(), 2, [None, pa.py_buffer(np.array([0, 5, 2], dtype="i4").tobytes()), pa.py_buffer(CANARY.encode())]
)
LAID_OUT: list[tuple[str, Any]] = [
    ("i64", unaligned(pa.array([1, None, 3]))),
    ("f64", unaligned(pa.array([1.5, None, 3.5]))),
    ("date", unaligned(pa.array([dt.date(2026, 1, 2), None]))),
    ("timestamp", unaligned(pa.array([dt.datetime(2026, 1, 2), None], type=pa.timestamp("us")))),
    ("decimal", unaligned(pa.array([decimal.Decimal("1.50"), None], type=pa.decimal128(38, 2)))),
    ("text", unaligned(pa.array(["a", None, "ccc"]))),
    ("text", pa.array(["a", None, "ccc", "d"]).slice(1, 2)),
    ("text", pa.chunked_array([pa.array(["a", "b"]).slice(1), pa.array([], pa.string()), pa.array([None, "c"])])),
    ("text", pa.array(["a", None, "a"]).dictionary_encode().slice(1)),
    ("bool", pa.array([True, None, False, True, None, False, True, True, False]).slice(3)),
    ("i64", np.arange(12).reshape(3, 4)[:, 1]),
    ("i64", np.arange(5)[::-1]),
    ("i64", np.broadcast_to(np.int64(7), (3,))),
    ("i64", np.array([(1, 2.5), (3, 4.5)], dtype=[("a", "i1"), ("b", "f8")])["a"].astype("i8")),
    ("f64", np.array([(1, 2.5), (3, 4.5)], dtype=[("a", "i1"), ("b", "f8")])["b"]),
    ("i64", np.array([1, -2], dtype=">i8")),
    ("f64", np.asfortranarray(np.arange(6.0).reshape(2, 3))[1]),
    ("i64", MASKED([1, 2, 3], mask=[False, True, False])),
    ("timestamp", MASKED(np.array(["2026-01-02", "2026-01-03"], dtype="datetime64[us]"), mask=[True, False])),
    ("text", np.array(["a", "bb"])[::-1]),
    ("i64", np.array([1, 2], dtype=object)),
]


@pytest.mark.parametrize(("kind", "given"), LAID_OUT, ids=range(len(LAID_OUT)))
def test_how_it_is_laid_out_does_not_matter(keyring: fw.Keyring, kind: str, given: Any) -> None:
    field = field_for(keyring, kind)
    back = columns.decrypt(field, columns.encrypt(field, given))
    listed = back.to_pylist() if isinstance(given, pa.Array | pa.ChunkedArray) else back.tolist()
    expected = given.to_pylist() if isinstance(given, pa.Array | pa.ChunkedArray) else given.tolist()
    assert listed == expected


ARROW: list[tuple[str, Any, str, tuple[int, ...]]] = [
    ("text", pa.array([7]), "wrong_type", ()),
    ("text", pa.array([[CANARY]]), "wrong_type", ()),
    ("text", pa.array([{"a": CANARY}]), "wrong_type", ()),
    ("text", pa.array([CANARY.encode()]), "wrong_type", ()),
    ("text", pa.array([7]).dictionary_encode(), "wrong_type", ()),
    ("text", pa.scalar(CANARY), "wrong_type", ()),
    ("text", pa.table({"x": [CANARY]}), "wrong_type", ()),
    ("text", pa.record_batch({"x": [CANARY]}), "wrong_type", ()),
    ("text", pa.schema([("x", pa.string())]), "wrong_type", ()),
    ("text", pa.array([dt.timedelta(1)]), "wrong_type", ()),
    ("text", of_bytes([b"a", b"", b"7f3a9c\xff"], pa.string()), "invalid_text", (2,)),
    ("text", pa.chunked_array([["a", "b"], of_bytes([b"a", b"7f3a9c\xff"], pa.string())]), "invalid_text", (3,)),
    ("text", BEYOND, "wrong_type", ()),
    ("text", FALLING, "invalid_argument", ()),
    ("json", pa.array(["{}", "{" + CANARY]), "invalid_json", (1,)),
    ("bytes", pa.array([CANARY]), "wrong_type", ()),
    ("i64", pa.array([1, 2**64 - 1], type=pa.uint64()), "value_out_of_range", (1,)),
    ("i64", pa.chunked_array([pa.array([1], pa.uint64()), pa.array([None, 2**64 - 1], pa.uint64())]), "value_out_of_range", (2,)),
    ("i64", pa.array([1.0]), "wrong_type", ()),
    ("i64", pa.array([decimal.Decimal(7)]), "wrong_type", ()),
    ("f64", pa.array([7]), "wrong_type", ()),
    ("bool", pa.array([1]), "wrong_type", ()),
    ("date", pa.array([0, 2**31 - 1], type=pa.int32()).cast(pa.date32()), "value_out_of_range", (1,)),
    ("date", pa.array([dt.date(2026, 1, 2)], type=pa.date64()), "wrong_type", ()),
    ("timestamp", pa.array([0, 2**62]).cast(pa.timestamp("s")), "value_out_of_range", (1,)),
    ("timestamp", pa.array([0, -(2**62)]).cast(pa.timestamp("us", "UTC")), "value_out_of_range", (1,)),
    ("timestamp", pa.array([dt.time(1)]), "wrong_type", ()),
    ("decimal", pa.array([1.5]), "wrong_type", ()),
    ("uuid", pa.array([bytes(16), b"7f3a9c"]), "value_out_of_range", (1,)),
    ("uuid", pa.array([bytes(16), b"7f3a9c"], type=pa.large_binary()), "value_out_of_range", (1,)),
    ("uuid", pa.array([bytes(8)], type=pa.binary(8)), "wrong_type", ()),
    ("uuid", pa.array([CANARY]), "wrong_type", ()),
]
PANDAS: list[tuple[str, Any, str, tuple[int, ...]]] = [
    ("text", pd.DataFrame({"x": [CANARY]}), "wrong_type", ()),
    ("text", pd.Index([CANARY]), "wrong_type", ()),
    ("text", pd.Timestamp(0), "wrong_type", ()),
    ("text", pd.Series([1, 2]), "wrong_type", ()),
    ("text", pd.Series([1.5, None]), "wrong_type", ()),
    ("i64", pd.Series([1.0, None]), "wrong_type", ()),
    ("i64", pd.Series([1, 2**64 - 1], dtype="uint64"), "value_out_of_range", (1,)),
    ("f64", pd.Series([1 + 2j]), "wrong_type", ()),
    ("text", pd.Series(pd.period_range("2026", periods=2, freq="M")), "wrong_type", ()),
    ("text", pd.Series(pd.interval_range(0, 2)), "wrong_type", ()),
    ("timestamp", pd.Series(pd.to_timedelta([1, 2], unit="s")), "wrong_type", ()),
    ("date", pd.Series(pd.to_datetime(["2026-01-02"])), "wrong_type", ()),
    ("i64", pd.Series([CANARY, "b"], dtype="category"), "wrong_type", (0,)),
    ("i64", pd.Series(["1", CANARY], dtype="string"), "wrong_type", (0,)),
    ("uuid", pd.Series([bytes(16), b"7f3a9c"], dtype=pd.ArrowDtype(pa.binary())), "value_out_of_range", (1,)),
]
POLARS: list[tuple[str, Any, str, tuple[int, ...]]] = [
    ("text", pl.DataFrame({"x": [CANARY]}), "wrong_type", ()),
    ("text", pl.LazyFrame({"x": [CANARY]}), "wrong_type", ()),
    ("text", pl.col("x"), "wrong_type", ()),
    ("text", pl.Series([1]), "wrong_type", ()),
    ("text", pl.Series([[CANARY]]), "wrong_type", ()),
    ("text", pl.Series([{"a": CANARY}]), "wrong_type", ()),
    ("text", pl.Series([CANARY.encode()]), "wrong_type", ()),
    ("i64", pl.Series([1, 2**64 - 1], dtype=pl.UInt64), "value_out_of_range", (1,)),
    ("i64", pl.Series([1, 2**100], dtype=pl.Int128), "wrong_type", ()),
    ("i64", pl.Series([CANARY], dtype=pl.Categorical), "wrong_type", ()),
    ("i64", pl.Series([CANARY], dtype=pl.Enum([CANARY])), "wrong_type", ()),
    ("timestamp", pl.Series([dt.timedelta(1)]), "wrong_type", ()),
    ("timestamp", pl.Series([dt.time(1)]), "wrong_type", ()),
    ("uuid", pl.Series([bytes(16), b"7f3a9c"]), "value_out_of_range", (1,)),
    ("uuid", pl.Series(["sixteen letters!"]), "wrong_type", ()),
    ("decimal", pl.Series([1.5]), "wrong_type", ()),
]
NUMPY: list[tuple[str, Any, str, tuple[int, ...]]] = [
    ("text", np.array(["a", CANARY + "\ud800"]), "invalid_text", (1,)),
    ("text", np.array([1.5]), "wrong_type", ()),
    ("text", np.array(CANARY), "wrong_type", ()),
    ("text", np.str_(CANARY), "wrong_type", ()),
    ("text", np.array([[CANARY]]), "wrong_type", ()),
    ("text", np.zeros(2, dtype=[(CANARY, "i4")]), "wrong_type", ()),
    ("text", np.zeros(2, dtype="V8"), "wrong_type", ()),
    ("bytes", np.array([CANARY]), "wrong_type", ()),
    ("f64", np.array([1 + 2j]), "wrong_type", ()),
    ("f64", np.array([1.5], dtype=np.longdouble), "wrong_type", ()),
    ("i64", np.array([1, 2**64 - 1], dtype=np.uint64), "value_out_of_range", (1,)),
    ("i64", np.array([1, HUGE], dtype=object), "value_out_of_range", (1,)),
    ("timestamp", np.array([1], dtype="timedelta64[s]"), "wrong_type", ()),
    ("timestamp", np.array(["2026"], dtype="datetime64[Y]"), "wrong_type", ()),
    ("date", np.array(["2026-01-02"], dtype="datetime64[us]"), "wrong_type", ()),
    ("text", [CANARY], "wrong_type", ()),
    ("text", CANARY, "wrong_type", ()),
    ("text", None, "wrong_type", ()),
]
EVERY = [*ARROW, *PANDAS, *POLARS, *NUMPY]


@pytest.mark.parametrize(("kind", "given", "code", "rows"), EVERY, ids=range(len(EVERY)))
def test_columns(keyring: fw.Keyring, kind: str, given: Any, code: str, rows: tuple[int, ...]) -> None:
    refused(lambda: columns.encrypt(field_for(keyring, kind), given), code, rows)
    leak = {"accept_leak": ["low_cardinality"]} if kind == "bool" else {}
    index = {"name": "exact", "column": "x_exact", "transform": "exact", **leak}
    if kind in ("text", "i64", "date", "uuid", "bytes"):
        refused(lambda: columns.index(field_for(keyring, kind, indexes=[index]), "exact", given), code, rows)


def test_columns_with_no_values(keyring: fw.Keyring) -> None:
    field = field_for(keyring, "text")
    for empty in (pd.Series([None, float("nan")]), pd.Series([], dtype=object), pd.Series([], dtype="float64"), pd.Series([float("nan")])):
        back = columns.decrypt(field, columns.encrypt(field, empty))
        assert back.isna().all()
        assert len(back) == len(empty)
    for column in (pa.nulls(2), pl.Series([None, None]), np.array([None, None]), pa.chunked_array([], pa.string()), np.array([], dtype=object)):
        assert len(columns.decrypt(field, columns.encrypt(field, column))) == len(column)


def test_decimals_that_one_column_does_not_hold(keyring: fw.Keyring) -> None:
    wide = [decimal.Decimal(1).scaleb(60), decimal.Decimal(1).scaleb(-60)]
    error = refused(lambda: columns.encrypt(field_for(keyring, "decimal"), np.array(wide, dtype=object)), "value_out_of_range")
    assert "one by one" in (error.detail or "")


def stored_columns(field: fw.Field) -> list[tuple[Any, str, tuple[int, ...]]]:
    good = field.encrypt("a")
    text = CANARY.encode()
    return [
        (pa.array([good, text]), "not_an_envelope", (1,)),
        (pa.chunked_array([[good], [good, b""]]), "not_an_envelope", (2,)),
        (pa.array([good, good[:20]]), "envelope_truncated", (1,)),
        (pa.array([good, good[:-1] + bytes([good[-1] ^ 1])]), "authentication_failed", (1,)),
        (pa.array([CANARY]), "wrong_stored_form", ()),
        (pa.array([7]), "not_an_envelope", ()),
        (pa.array([[good]]), "not_an_envelope", ()),
        (pd.Series([good, text], dtype=object), "not_an_envelope", (1,)),
        (pd.Series([good, 7], dtype=object), "not_an_envelope", (1,)),
        (pd.Series([good, CANARY], dtype=object), "not_an_envelope", (0,)),
        (pd.Series([1.5]), "not_an_envelope", ()),
        (pd.Series([CANARY], dtype="string"), "wrong_stored_form", ()),
        (pd.DataFrame({"x": [good]}), "wrong_type", ()),
        (pl.Series([good, text]), "not_an_envelope", (1,)),
        (pl.Series([CANARY]), "wrong_stored_form", ()),
        (pl.Series([good, 7], dtype=pl.Object), "not_an_envelope", (1,)),
        (pl.Series([1]), "not_an_envelope", ()),
        (np.array([good, text], dtype=object), "not_an_envelope", (1,)),
        (np.array([good, 7], dtype=object), "not_an_envelope", (1,)),
        (np.array([good]), "not_an_envelope", ()),
        (np.array([1]), "not_an_envelope", ()),
        ([good], "wrong_type", ()),
    ]


def test_stored_columns(keyring: fw.Keyring) -> None:
    field = field_for(keyring, "text")
    for given, code, rows in stored_columns(field):
        refused(lambda: columns.decrypt(field, given), code, rows)
        if rows and isinstance(given, pa.Array | pa.ChunkedArray):
            opened = columns.open(field, given)
            assert [(row, error.code) for row, error in opened.failures] == [(rows[0], code)]
            assert not any(CANARY in repr(error) for _, error in opened.failures)


def test_types_that_do_not_hold_the_values(keyring: fw.Keyring) -> None:
    number, text = field_for(keyring, "i64"), field_for(keyring, "text")
    numbers, texts = pa.array([1, 300, None]), pa.array([CANARY, "b"])
    refused(lambda: columns.decrypt(number, columns.encrypt(number, numbers), like=pa.int8()), "value_out_of_range")
    refused(lambda: columns.decrypt(text, columns.encrypt(text, texts), like=pa.int64()), "value_out_of_range")
    for given, like in [(pd.Series([CANARY]), "int64"), (pl.Series([CANARY]), pl.Int64), (np.array([CANARY], dtype=object), "i8")]:
        refused(lambda: columns.decrypt(text, columns.encrypt(text, given), like=like), "value_out_of_range")
    refused(lambda: columns.decrypt(number, columns.encrypt(number, pd.Series([1, None], dtype="Int64")), like="int64"), "value_out_of_range")


def test_record_ids(keyring: fw.Keyring) -> None:
    field = keyring.field(schema_of({"id": "x", "type": "text", "mode": "randomized"}), "x")
    values = pa.array(["a", "b"])
    cases: list[tuple[Any, str, tuple[int, ...]]] = [
        (None, "record_id_missing", ()),
        (pa.array([CANARY]), "invalid_argument", ()),
        (pa.array([CANARY, None]), "record_id_invalid", (1,)),
        (pa.array([HUGE % 1_000, 7]), "record_id_invalid", ()),
        (pa.array(["p", CANARY * 10_000]), "record_id_invalid", (1,)),
        (of_bytes([b"p", b"7f3a9c\xff"], pa.string()), "invalid_text", (1,)),
        (pd.Series(["p", None]), "record_id_invalid", (1,)),
        (pd.Series(["p", 7], dtype=object), "wrong_type", (1,)),
        (pd.Series(["p", float("nan")], dtype=object), "record_id_invalid", (1,)),
        (pd.DataFrame({"id": ["p", CANARY]}), "wrong_type", ()),
        (np.array(["p", CANARY + "\ud800"]), "invalid_text", (1,)),
        ([pa.array(["p", "q"]), pa.array(["p", "q"])], "record_id_invalid", ()),
        (CANARY, "wrong_type", ()),
    ]
    for ids, code, rows in cases:
        refused(lambda: columns.encrypt(field, values, record_ids=ids), code, rows)


SCHEMA = schema_of(
    {"id": "ssn", "type": "text", "mode": "randomized",
     "indexes": [{"name": "exact", "column": "ssn_exact", "transform": "exact"}]},
    {"id": "age", "type": "i64", "mode": "randomized"},
    clear=["ward"],
)
ROWS: dict[str, list[Any]] = {"id": ["p-1", "p-2"], "ssn": [CANARY, None], "age": [1, 2], "ward": [3, 4]}
MAKERS: dict[str, Callable[[Any], Any]] = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


@pytest.mark.parametrize("library", MAKERS)
def test_empty_frames(keyring: fw.Keyring, library: str) -> None:
    frame, make = Frame(keyring, SCHEMA), MAKERS[library]
    whole = make(ROWS)
    empty = whole[:0] if library != "pyarrow" else whole.slice(0, 0)
    stored = frame.encrypt(empty)
    names = list(stored.column_names if library == "pyarrow" else stored.columns)
    assert names == [*ROWS, "ssn_exact"]
    assert len(frame.decrypt(stored)) == 0
    nothing = make({})
    assert len(frame.encrypt(nothing)) == len(frame.decrypt(nothing)) == 0
    opened = frame.open(frame.encrypt(empty))
    assert (opened.failures, opened.untrusted) == ([], {})


@pytest.mark.parametrize("library", MAKERS)
def test_frames(keyring: fw.Keyring, library: str) -> None:
    frame, make = Frame(keyring, SCHEMA), MAKERS[library]
    cases: list[tuple[dict[Any, list[Any]], str, tuple[int, ...]]] = [
        ({**ROWS, CANARY: [1, 2]}, "undeclared_field", ()),
        ({**ROWS, "ssn_exact": [CANARY, CANARY]}, "record_shape", ()),
        ({**ROWS, "ssn": [7, 8]}, "wrong_type", ()),
        ({**ROWS, "age": [CANARY, "b"]}, "wrong_type", (0,) if library == "pandas" else ()),
        ({**ROWS, "id": ["p-1", None]}, "record_id_invalid", (1,)),
        ({"ssn": [CANARY]}, "record_id_missing", ()),
    ]
    for rows, code, at in cases:
        given = make(rows)
        refused(lambda: frame.encrypt(given), code, at)
    stored = frame.encrypt(make(ROWS))
    refused(lambda: frame.encrypt(stored), "record_shape")
    refused(lambda: frame.decrypt(make(ROWS)), "wrong_stored_form")


def test_names_of_columns(keyring: fw.Keyring) -> None:
    frame, clear = Frame(keyring, SCHEMA), pd.DataFrame(ROWS)
    twice = pd.concat([clear, clear["ssn"]], axis=1)
    same = pa.Table.from_arrays([pa.array([CANARY]), pa.array([CANARY])], names=["ssn", "ssn"])
    deep = clear.set_axis(pd.MultiIndex.from_tuples([("a", name) for name in ROWS]), axis=1)
    for wrong in (twice, same, clear.rename(columns={"ward": 7}), clear.rename(columns={"ward": None}), deep):
        refused(lambda: frame.encrypt(wrong), "record_shape")
        refused(lambda: frame.decrypt(wrong), "record_shape")
        refused(lambda: frame.open(wrong), "record_shape")
    for no_table in (None, CANARY, ROWS, [ROWS], clear["ssn"], pl.LazyFrame(ROWS), pa.array([CANARY]), np.zeros((2, 2))):
        refused(lambda: frame.encrypt(no_table), "wrong_type")
        refused(lambda: frame.decrypt(no_table), "wrong_type")


def test_indexes_that_repeat(keyring: fw.Keyring) -> None:
    """Rows are rows: what pandas calls them does not matter."""
    frame = Frame(keyring, SCHEMA)
    given = pd.DataFrame(ROWS).set_axis(["same", "same"], axis=0)
    pd.testing.assert_frame_equal(frame.decrypt(frame.encrypt(given)), given)
