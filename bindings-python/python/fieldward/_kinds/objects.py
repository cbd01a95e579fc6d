"""Columns of Python objects, by the field's type: each value is of that type or refused, and is never guessed."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from .._errors import Error
from .._json import to_text
from . import fitting


@dataclass(frozen=True)
class Nulls:
    """What a library takes for null in a column of objects."""

    is_null: Callable[[Any], bool] = lambda value: value is None
    types: frozenset[type] = frozenset({type(None)})
    """The types that stand for null alone."""
    is_nan: bool = False
    """Whether NaN is null."""


NONE = Nulls()


def _only(*types: type, but: tuple[type, ...] = ()) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, types) or isinstance(value, but):
            raise Error.of("wrong_type")
        return value

    return check


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise Error.of("wrong_type")
    number: int = value.__index__()
    return number


def _bytes(value: Any) -> bytes:
    try:
        return memoryview(value).tobytes()
    except (TypeError, ValueError, BufferError):
        raise Error.of("wrong_type") from None


def _moment(value: Any) -> Any:
    _only(dt.datetime)(value)
    if getattr(value, "nanosecond", 0):
        raise Error.of("value_out_of_range")
    return value


def _decimal(value: Any) -> Any:
    if not _only(decimal.Decimal)(value).is_finite():
        raise Error.of("value_out_of_range")
    return value


# Of each type: what checks a value, the Arrow type, and the Python type that needs no check.
_OF_TYPE: dict[str, tuple[Callable[[Any], Any], pa.DataType | None, type | None]] = {
    "text": (_only(str), pa.string(), str),
    "bytes": (_bytes, pa.binary(), bytes),
    "i64": (_integer, pa.int64(), int),
    "f64": (_only(float), pa.float64(), float),
    "bool": (_only(bool), pa.bool_(), bool),
    "date": (_only(dt.date, but=(dt.datetime,)), pa.date32(), dt.date),
    "timestamp": (_moment, None, None),
    "decimal": (_decimal, None, None),
    "json": (to_text, pa.string(), None),
    "uuid": (lambda value: _only(uuid.UUID)(value).bytes, pa.binary(16), None),
}


def to_arrow(values: Iterable[Any], kind: str, nulls: Nulls = NONE) -> Any:
    """Objects as an Arrow array of the field's type."""
    check, arrow_type, exact = _OF_TYPE[kind]
    listed: Any = values if hasattr(values, "dtype") else list(values)
    if kind == "text" or (exact is not None and _is_plain(listed, exact, nulls)):
        try:
            # Arrow finds by itself that all is text; of other types it would take more than one.
            made = pa.array(listed, type=None if kind == "text" else arrow_type, from_pandas=nulls.is_nan)
            if made.type in (arrow_type, pa.null()):
                return made
        except Exception:
            # What follows names the row.
            pass

    def make(values: Sequence[Any]) -> Any:
        checked = [None if nulls.is_null(value) else _checked(check, value) for value in values]
        if kind == "timestamp":
            return _moments(checked)
        return pa.array(checked, type=arrow_type, from_pandas=False)

    if kind == "timestamp":
        _check_zones([value for value in listed if not nulls.is_null(value)], listed)
    return fitting(listed, make)


def _checked(check: Callable[[Any], Any], value: Any) -> Any:
    try:
        return check(value)
    except Error as error:
        code = error.code
    except Exception:
        # of the value's own class: it may show data
        code = "wrong_type"
    raise Error.of(code)


def _is_plain(values: Sequence[Any], exact: type, nulls: Nulls) -> bool:
    """Whether Arrow reads these values as they are meant: of one type, or null."""
    # Arrow takes a whole float for an integer: NaN among integers goes the long way.
    missing = nulls.types | {float} if nulls.is_nan and exact is bytes else nulls.types
    return set(map(type, values)) <= missing | {exact}


def _check_zones(present: list[Any], values: Sequence[Any]) -> None:
    """Naive moments are local times: a column has those or aware ones."""
    moments = [value for value in present if isinstance(value, dt.datetime)]
    for other in moments:
        if (other.tzinfo is None) != (moments[0].tzinfo is None):
            row = next(row for row, value in enumerate(values) if value is other)
            raise Error.of("wrong_type", f"row {row}, naive and aware moments in one column", (row,))


def _moments(values: list[Any]) -> Any:
    is_aware = any(value is not None and value.tzinfo is not None for value in values)
    return pa.array(values, type=pa.timestamp("us", tz="UTC" if is_aware else None))


def stored_to_arrow(values: Iterable[Any], nulls: Nulls = NONE) -> Any:
    """Stored values as an Arrow array of bytes, or of text where there is any."""
    listed: Any = values if hasattr(values, "dtype") else list(values)
    kind = "text" if any(issubclass(kind, str) for kind in set(map(type, listed))) else "bytes"
    try:
        return to_arrow(listed, kind, nulls)
    except Error as error:
        refused = error
    raise Error.of("not_an_envelope", refused.detail, refused.rows)


def from_arrow(values: Any, kind: str) -> Any:
    """An Arrow array of a field's type as Python objects."""
    if kind in ("text", "bytes") and len(values):
        return values.to_numpy() if isinstance(values, pa.ChunkedArray) else values.to_numpy(zero_copy_only=False)
    objects: list[Any] = values.to_pylist()
    if kind == "json":
        return [None if text is None else json.loads(text) for text in objects]
    if kind == "uuid":
        return [None if raw is None else uuid.UUID(bytes=raw) for raw in objects]
    return objects
