"""polars: Series."""

from __future__ import annotations

from typing import Any

import polars as pl

from .._errors import Error
from .._native import ArrowColumn
from . import fitting


class Polar:
    """Columns of polars."""

    def to_arrow(self, column: Any, kind: str) -> Any:
        if column.dtype == pl.Object or (kind in ("json", "uuid") and column.dtype not in (pl.String, pl.Binary)):
            from . import objects

            return objects.to_arrow(column.to_list(), kind, lambda value: value is None)
        if isinstance(column.dtype, pl.Categorical | pl.Enum):
            return column.cast(pl.String)
        if kind == "uuid":
            import pyarrow as pa

            return pa.array(column.to_list(), type=pa.binary(16))
        return column

    def stored_to_arrow(self, column: Any) -> Any:
        return column

    def from_stored(self, stored: ArrowColumn, given: Any) -> Any:
        return pl.Series(stored).alias(given.name)

    def from_arrow(self, values: ArrowColumn, kind: str, given: Any, like: Any) -> Any:
        made = pl.Series(values).alias(given.name)
        if like is None or like == made.dtype:
            return made
        if like == pl.Object:
            raise Error.of("invalid_argument", "polars objects do not come back: name another type")
        return fitting([made], lambda columns: columns[0].cast(like))


KIND = Polar()
