"""Columns of Python objects, by the field's type: each value is of that type or refused, and is never guessed."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa

from .._errors import Error
from .._json import to_text
from . import fitting


def _only(*types: type, but: tuple[type, ...] = ()) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, types) or isinstance(value, but):
            raise Error.of("wrong_type")
        return value

    return check


def _text(value: Any) -> Any:
    _only(str)(value).encode()
    return value


def _moment(value: Any) -> Any:
    return _only(dt.datetime)(value)


_OF_TYPE: dict[str, tuple[Callable[[Any], Any], pa.DataType | None]] = {
    "text": (_text, pa.string()),
    "bytes": (lambda value: bytes(_only(bytes, bytearray, memoryview)(value)), pa.binary()),
    "i64": (_only(int, but=(bool,)), pa.int64()),
    "f64": (_only(float), pa.float64()),
    "bool": (_only(bool), pa.bool_()),
    "date": (_only(dt.date, but=(dt.datetime,)), pa.date32()),
    "timestamp": (_moment, None),
    "decimal": (_only(decimal.Decimal), None),
    "json": (to_text, pa.string()),
    "uuid": (lambda value: _only(uuid.UUID)(value).bytes, pa.binary(16)),
}


def to_arrow(values: Iterable[Any], kind: str, is_null: Callable[[Any], bool]) -> Any:
    """Objects as an Arrow array of the field's type."""
    check, arrow_type = _OF_TYPE[kind]

    def make(values: list[Any]) -> Any:
        checked = [None if is_null(value) else check(value) for value in values]
        if kind == "timestamp":
            return _moments(checked)
        return pa.array(checked, type=arrow_type, from_pandas=False)

    return fitting(values, make)


def _moments(values: list[Any]) -> Any:
    zones = {value.tzinfo is not None for value in values if value is not None}
    if len(zones) > 1:
        raise Error.of("wrong_type", "naive and aware moments in one column")
    return pa.array(values, type=pa.timestamp("us", tz="UTC" if zones == {True} else None))


def from_arrow(values: Any, kind: str) -> list[Any]:
    """An Arrow array of a field's type as Python objects."""
    objects: list[Any] = values.to_pylist()
    if kind == "json":
        return [None if text is None else json.loads(text) for text in objects]
    if kind == "uuid":
        return [None if raw is None else uuid.UUID(bytes=raw) for raw in objects]
    return objects
