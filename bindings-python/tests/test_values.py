"""Values: the type that went in comes out, and what does not fit is refused by its code."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import math
import uuid
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fieldward as fw
from conftest import field_of, schema_of

PARIS = dt.timezone(dt.timedelta(hours=1))
COMES_BACK: list[tuple[str, Any]] = [
    ("text", "999-41-1234"),
    ("text", ""),
    ("text", "Ünïcödé 東京 \U0001f469‍⚕️"),
    ("bytes", b"\x00\xff"),
    ("bytes", b""),
    ("i64", 0),
    ("i64", 2**63 - 1),
    ("i64", -(2**63)),
    ("f64", 1.5),
    ("f64", -0.0),
    ("f64", math.inf),
    ("bool", True),
    ("bool", False),
    ("date", dt.date(1, 1, 1)),
    ("date", dt.date(9999, 12, 31)),
    ("timestamp", dt.datetime(2026, 1, 2, 3, 4, 5)),
    ("timestamp", dt.datetime(2026, 1, 2, 3, 4, 5, 678_901, dt.timezone.utc)),
    ("timestamp", dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=PARIS)),
    ("timestamp", dt.datetime(1, 1, 1, tzinfo=dt.timezone(-dt.timedelta(hours=9, minutes=30, seconds=7)))),
    ("decimal", decimal.Decimal("1.10")),
    ("decimal", decimal.Decimal("-0")),
    ("decimal", decimal.Decimal("1E+5")),
    ("decimal", decimal.Decimal("0.000000123")),
    ("json", {"b": [1, 2.5, None, True], "a": {"text": "ü"}}),
    ("json", []),
    ("json", "text"),
    ("json", 10**30),
    ("uuid", uuid.UUID("12345678-1234-5678-1234-567812345678")),
]


@pytest.mark.parametrize(("kind", "value"), COMES_BACK)
def test_it_comes_back(keyring: fw.Keyring, kind: str, value: Any) -> None:
    field = keyring.field(schema_of(field_of(kind)), "x")
    stored = field.encrypt(value)
    back = field.decrypt(stored)
    assert isinstance(stored, bytes)
    assert (type(back), back) == (type(value), value)
    if isinstance(value, float):
        assert math.copysign(1, back) == math.copysign(1, value)
    if isinstance(value, decimal.Decimal):
        assert back.as_tuple() == value.as_tuple()
    if isinstance(value, dt.datetime):
        assert back.utcoffset() == value.utcoffset()
    if isinstance(value, dict):
        assert list(back) == list(value)


@pytest.mark.parametrize("kind", ["text", "bytes", "i64", "f64", "bool", "date", "timestamp", "decimal", "json", "uuid"])
def test_none_stays_none(keyring: fw.Keyring, kind: str) -> None:
    field = keyring.field(schema_of(field_of(kind)), "x")
    assert field.encrypt(None) is None
    assert field.decrypt(None) is None


def test_nan_keeps_its_kind(keyring: fw.Keyring) -> None:
    field = keyring.field(schema_of(field_of("f64")), "x")
    assert math.isnan(field.decrypt(field.encrypt(math.nan)))


@pytest.mark.parametrize(
    "buffer",
    [
        bytearray(b"abcd"),
        memoryview(b"abcd"),
        memoryview(b"a-b-c-d-")[::2],
        np.frombuffer(b"abcd", dtype=np.uint8),
        np.frombuffer(b"a-b-c-d-", dtype=np.uint8)[::2],
    ],
)
def test_buffers_come_back_as_bytes(keyring: fw.Keyring, buffer: Any) -> None:
    field = keyring.field(schema_of(field_of("bytes")), "x")
    assert field.decrypt(field.encrypt(buffer)) == b"abcd"
    assert field.decrypt(bytearray(field.encrypt(buffer))) == b"abcd"
    assert field.decrypt(memoryview(field.encrypt(buffer))) == b"abcd"


def test_numbers_of_numpy_are_numbers(keyring: fw.Keyring) -> None:
    number = keyring.field(schema_of(field_of("i64")), "x")
    assert number.decrypt(number.encrypt(np.int16(7))) == 7
    ratio = keyring.field(schema_of(field_of("f64")), "x")
    assert ratio.decrypt(ratio.encrypt(np.float64(7.5))) == 7.5


class Colour(enum.Enum):
    RED = 1


REFUSED: list[tuple[str, Any, str]] = [
    ("text", 7, "wrong_type"),
    ("text", b"bytes", "wrong_type"),
    ("text", "\ud800", "invalid_text"),
    ("text", Colour.RED, "wrong_type"),
    ("bytes", "text", "wrong_type"),
    ("bytes", 7, "wrong_type"),
    ("i64", True, "wrong_type"),
    ("i64", 1.0, "wrong_type"),
    ("i64", "1", "wrong_type"),
    ("i64", 2**63, "value_out_of_range"),
    ("i64", 10**1000, "value_out_of_range"),
    ("f64", 1, "wrong_type"),
    ("f64", decimal.Decimal(1), "wrong_type"),
    ("bool", 1, "wrong_type"),
    ("bool", np.bool_(True), "wrong_type"),
    ("date", dt.datetime(2026, 1, 1), "wrong_type"),
    ("date", "2026-01-01", "wrong_type"),
    ("timestamp", dt.date(2026, 1, 1), "wrong_type"),
    ("timestamp", pd.NaT, "value_out_of_range"),
    ("timestamp", pd.Timestamp("2026-01-01T00:00:00.000000001Z"), "value_out_of_range"),
    ("timestamp", dt.datetime(2026, 1, 1, tzinfo=dt.timezone(dt.timedelta(microseconds=1))), "value_out_of_range"),
    ("decimal", decimal.Decimal("NaN"), "value_out_of_range"),
    ("decimal", decimal.Decimal("Infinity"), "value_out_of_range"),
    ("decimal", decimal.Decimal("1E+7000"), "value_out_of_range"),
    ("decimal", 1.0, "wrong_type"),
    ("json", {"tuple": (1, 2)}, "value_not_canonical"),
    ("json", {1: "a"}, "value_not_canonical"),
    ("json", {"when": dt.date(2026, 1, 1)}, "invalid_json"),
    ("json", [math.nan], "invalid_json"),
    ("json", ["\ud800"], "invalid_text"),
    ("uuid", "12345678-1234-5678-1234-567812345678", "wrong_type"),
    ("uuid", b"0123456789abcdef", "wrong_type"),
]


@pytest.mark.parametrize(("kind", "value", "code"), REFUSED)
def test_what_does_not_fit_is_refused(keyring: fw.Keyring, kind: str, value: Any, code: str) -> None:
    field = keyring.field(schema_of(field_of(kind)), "x")
    with pytest.raises(fw.InputError) as refused:
        field.encrypt(value)
    assert refused.value.code == code
    assert refused.value.__cause__ is None
    assert isinstance(refused.value, TypeError if code == "wrong_type" else ValueError)


def test_json_that_nests_too_deeply(keyring: fw.Keyring) -> None:
    field = keyring.field(schema_of(field_of("json")), "x")
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(fw.InputError) as refused:
        field.encrypt(nested)
    assert refused.value.code == "invalid_json"
    # taken apart, so that the interpreter need not
    while nested:
        nested = nested[0]


def test_a_value_past_its_limit(keyring: fw.Keyring) -> None:
    field = keyring.field(schema_of(field_of("bytes")), "x")
    assert len(field.encrypt(bytes(16 * 1024 * 1024))) == 16 * 1024 * 1024 + 46
    with pytest.raises(fw.InputError) as refused:
        field.encrypt(bytes(16 * 1024 * 1024 + 1))
    assert refused.value.code == "value_too_long"
