"""polars: Series."""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa

from .._errors import Error
from .._native import ArrowColumn
from . import objects, whole
from .arrow import uuids


class Polar:
    """Columns of polars."""

    def is_column(self, column: Any) -> bool:
        return isinstance(column, pl.Series)

    def to_arrow(self, column: Any, kind: str) -> Any:
        if column.dtype == pl.Object or (kind == "json" and column.dtype.is_nested()):
            return objects.to_arrow(column.to_list(), kind)
        if column.dtype == pl.Null:
            return pa.nulls(len(column))
        if isinstance(column.dtype, pl.Categorical | pl.Enum):
            return column.cast(pl.String)
        if kind == "uuid" and column.dtype == pl.Binary:
            return uuids(column.to_arrow())
        return column

    def stored_to_arrow(self, column: Any) -> Any:
        if column.dtype == pl.Null:
            return pa.nulls(len(column))
        return objects.stored_to_arrow(column.to_list()) if column.dtype == pl.Object else column

    def from_stored(self, stored: ArrowColumn, given: Any) -> Any:
        return pl.Series(stored).alias(given.name)

    def from_arrow(self, values: ArrowColumn, kind: str, given: Any, like: Any) -> Any:
        made = pl.Series(values).alias(given.name)
        if like is None or like == made.dtype:
            return made
        if like == pl.Object:
            raise Error.of("invalid_argument", "polars objects do not come back: name another type")
        return whole(lambda: made.cast(like), "value_out_of_range", "values that the type does not hold")


KIND = Polar()
