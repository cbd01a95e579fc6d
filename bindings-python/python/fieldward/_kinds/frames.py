"""pandas: Series. Missing values (None, NaN, NaT, NA) are null; stored values are Arrow-backed binary or text."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from .._errors import Error
from .._native import ArrowColumn
from . import objects, whole
from .arrow import cast, is_binary, uuids

# What a column of each type becomes where nothing says what it was.
_NATURAL: dict[str, Any] = {"i64": "Int64", "f64": "float64", "bool": "boolean"}
_OF_OBJECTS = {"date", "decimal", "json", "uuid", "bytes"}


class Frames:
    """Columns of pandas."""

    def is_column(self, column: Any) -> bool:
        return isinstance(column, pd.Series)

    def to_arrow(self, column: Any, kind: str) -> Any:
        dtype = column.dtype
        if isinstance(dtype, pd.ArrowDtype):
            chunks = _chunks(column)
            return uuids(chunks) if kind == "uuid" and is_binary(chunks.type) else chunks
        if dtype == "float64" and kind != "f64" and column.isna().all():
            # what pandas makes of a column with no values
            return pa.nulls(len(column))
        if isinstance(dtype, pd.CategoricalDtype):
            return self.to_arrow(column.astype(dtype.categories.dtype), kind)
        if pd.api.types.is_object_dtype(dtype) or (pd.api.types.is_string_dtype(dtype) and kind != "text"):
            return objects.to_arrow(column.to_numpy(dtype=object), kind, _NULLS)
        if pd.api.types.is_string_dtype(dtype):
            return _strings(column)
        return whole(lambda: pa.array(column, from_pandas=True), "wrong_type", f"the field is {kind}, the column {dtype}")

    def stored_to_arrow(self, column: Any) -> Any:
        if isinstance(column.dtype, pd.ArrowDtype):
            return _chunks(column)
        if column.isna().all():
            # nothing here says which of the two forms it would be
            return pa.nulls(len(column))
        if not (column.dtype == object or pd.api.types.is_string_dtype(column.dtype)):
            raise Error.of("not_an_envelope", f"a column of {column.dtype}")
        return objects.stored_to_arrow(column.to_numpy(dtype=object), _NULLS)

    def from_stored(self, stored: ArrowColumn, given: Any) -> Any:
        made = pa.chunked_array(stored)
        if pa.types.is_list(made.type):
            # pandas writes Arrow-backed lists to Parquet, and does not read them
            return pd.Series(made.to_pylist(), index=given.index, name=given.name, dtype=object)
        return _series(made, given)

    def from_arrow(self, values: ArrowColumn, kind: str, given: Any, like: Any) -> Any:
        made = pa.chunked_array(values)
        if like is None:
            return self._natural(made, kind, given)
        dtype: Any = pd.api.types.pandas_dtype(like)
        if isinstance(dtype, pd.ArrowDtype):
            return _series(cast(made, dtype.pyarrow_dtype), given)
        if dtype == object:
            return pd.Series(objects.from_arrow(made, kind), index=given.index, name=given.name, dtype=object)
        if pa.types.is_integer(made.type) and made.null_count and not pd.api.types.is_extension_array_dtype(dtype):
            raise Error.of("value_out_of_range", f"nulls in a column of {dtype}")
        if isinstance(dtype, pd.DatetimeTZDtype) or pd.api.types.is_datetime64_dtype(dtype):
            is_aware = isinstance(dtype, pd.DatetimeTZDtype)
            unit, zone = (dtype.unit, str(dtype.tz)) if is_aware else (_unit(dtype), None)
            made = cast(made, pa.timestamp(unit, tz=zone))
        clear = _beside(made.to_pandas(), given)
        return whole(lambda: clear.astype(dtype), "value_out_of_range", f"values that {dtype} does not hold")

    def _natural(self, made: Any, kind: str, given: Any) -> Any:
        if kind in _OF_OBJECTS:
            return pd.Series(objects.from_arrow(made, kind), index=given.index, name=given.name, dtype=object)
        if kind == "timestamp":
            return _beside(made.to_pandas(), given)
        if kind == "text":
            return _beside(made.to_pandas(), given)
        dtype = _NATURAL[kind]
        if kind in ("i64", "bool") and not made.null_count:
            dtype = "int64" if kind == "i64" else "bool"
        if dtype in ("Int64", "boolean"):
            return _series(made, given).astype(dtype)
        return _beside(made.to_pandas(), given).astype(dtype)


def _chunks(column: Any) -> Any:
    """What an Arrow-backed column holds, not copied. pandas has Arrow's exchange for a Series from version 3 on."""
    made = pa.array(column.array)
    return made if isinstance(made, pa.ChunkedArray) else pa.chunked_array([made])


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value)


_NULLS = objects.Nulls(_is_missing, frozenset({type(None), type(pd.NaT), type(pd.NA)}), is_nan=True)


def _strings(column: Any) -> Any:
    try:
        return pa.array(column, type=pa.large_string(), from_pandas=True)
    except (pa.ArrowException, UnicodeError):
        # What follows names the row.
        pass
    return objects.to_arrow(column.to_numpy(dtype=object), "text", _NULLS)


def _unit(dtype: Any) -> str:
    import numpy as np

    return str(np.datetime_data(dtype)[0])


def _beside(made: Any, given: Any) -> Any:
    """The column with another's index and name. `set_axis` takes ten times as long."""
    return pd.Series(made.array, index=given.index, name=given.name, dtype=made.dtype)


def _series(values: Any, given: Any) -> Any:
    return pd.Series(pd.arrays.ArrowExtensionArray(values), index=given.index, name=given.name)


KIND = Frames()
