"""numpy: one-dimensional arrays. numpy has no null: None in arrays of objects is one, NaN is a float, NaT is null."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from .._errors import Error
from .._native import ArrowColumn
from . import fitting, objects


class Arrays:
    """Columns of numpy."""

    def to_arrow(self, column: Any, kind: str) -> Any:
        if not isinstance(column, np.ndarray) or column.ndim != 1:
            raise Error.of("wrong_type", "an array of one dimension")
        if isinstance(column, np.ma.MaskedArray):
            return self.to_arrow(np.array([None if mask else value for value, mask in zip(column.data.tolist(), np.ma.getmaskarray(column), strict=True)], dtype=object), kind)
        if column.dtype == object:
            return objects.to_arrow(column, kind, lambda value: value is None)
        return fitting([column], lambda columns: pa.array(columns[0], from_pandas=False))

    def stored_to_arrow(self, column: Any) -> Any:
        if column.dtype != object:
            raise Error.of("not_an_envelope", f"an array of {column.dtype}")
        is_text = any(isinstance(value, str) for value in column)
        try:
            return objects.to_arrow(column, "text" if is_text else "bytes", lambda value: value is None)
        except Error as error:
            raise Error.of("not_an_envelope", error.detail, error.rows) from None

    def from_stored(self, stored: ArrowColumn, given: Any) -> Any:
        return _objects(pa.chunked_array(stored).to_pylist())

    def from_arrow(self, values: ArrowColumn, kind: str, given: Any, like: Any) -> Any:
        made = pa.chunked_array(values)
        is_fixed = kind in ("i64", "f64", "bool", "timestamp", "date") and not made.null_count
        if is_fixed and kind == "timestamp" and made.type.tz is not None and like is None:
            is_fixed = False
        array = made.to_numpy() if is_fixed else _objects(objects.from_arrow(made, kind))
        return array if like is None else array.astype(like)


def _objects(values: list[Any]) -> Any:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


KIND = Arrays()
