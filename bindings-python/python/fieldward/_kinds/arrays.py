"""numpy: one-dimensional arrays. numpy has no null: None in arrays of objects is one, NaN is a float, NaT is null."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from .._errors import Error
from .._native import ArrowColumn
from . import objects, whole


class Arrays:
    """Columns of numpy."""

    def is_column(self, column: Any) -> bool:
        return isinstance(column, np.ndarray) and column.ndim == 1

    def to_arrow(self, column: Any, kind: str) -> Any:
        if column.dtype == object:
            masked = isinstance(column, np.ma.MaskedArray)
            return objects.to_arrow(column.filled(None) if masked else column, kind)
        if column.dtype.kind == "U" and kind == "text" and not isinstance(column, np.ma.MaskedArray):
            return objects.to_arrow(column.tolist(), kind)
        mask = np.ma.getmaskarray(column) if isinstance(column, np.ma.MaskedArray) else None
        plain = np.asarray(column)
        if not plain.dtype.isnative:
            plain = plain.astype(plain.dtype.newbyteorder("="))
        detail = f"the field is {kind}, the array of {column.dtype.name}"
        return whole(lambda: pa.array(plain, mask=mask, from_pandas=False), "wrong_type", detail)

    def stored_to_arrow(self, column: Any) -> Any:
        if column.dtype != object:
            raise Error.of("not_an_envelope", f"an array of {column.dtype.name}")
        return objects.stored_to_arrow(column)

    def from_stored(self, stored: ArrowColumn, given: Any) -> Any:
        made = pa.chunked_array(stored)
        return _objects(made.to_pylist() if pa.types.is_list(made.type) else made.to_numpy())

    def from_arrow(self, values: ArrowColumn, kind: str, given: Any, like: Any) -> Any:
        made = pa.chunked_array(values)
        is_fixed = kind in ("i64", "f64", "bool", "timestamp", "date") and not made.null_count
        if is_fixed and kind == "timestamp" and made.type.tz is not None and like is None:
            is_fixed = False
        array = made.to_numpy() if is_fixed else _objects(objects.from_arrow(made, kind))
        if like is None:
            return array
        return whole(lambda: array.astype(like), "value_out_of_range", "values that the dtype does not hold")


def _objects(values: Any) -> Any:
    if isinstance(values, np.ndarray) and values.dtype == object:
        return values
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


KIND = Arrays()
