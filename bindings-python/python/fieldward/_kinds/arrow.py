"""pyarrow: arrays and chunked arrays; and whatever else speaks Arrow, which comes back as pyarrow's."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from .._errors import Error
from .._native import ArrowColumn


def chunked(column: ArrowColumn, given: Any) -> Any:
    """A chunked array, or an array where the given column was one."""
    made = pa.chunked_array(column)
    return made if isinstance(given, pa.ChunkedArray) else made.combine_chunks()


def cast(values: Any, arrow_type: Any) -> Any:
    """Values in another type that holds them all."""
    try:
        return values.cast(arrow_type)
    except pa.ArrowException:
        # The exception may show a value.
        raise Error.of("value_out_of_range", f"a column of {arrow_type}") from None


class Arrow:
    """Columns of pyarrow."""

    def to_arrow(self, column: Any, kind: str) -> Any:
        if kind == "uuid" and isinstance(column, pa.Array | pa.ChunkedArray) and pa.types.is_binary(column.type):
            return cast(column, pa.binary(16))
        return column

    def stored_to_arrow(self, column: Any) -> Any:
        return column

    def from_stored(self, stored: ArrowColumn, given: Any) -> Any:
        return chunked(stored, given)

    def from_arrow(self, values: ArrowColumn, kind: str, given: Any, like: Any) -> Any:
        made = chunked(values, given)
        return made if like is None or like == made.type else cast(made, like)


KIND = Arrow()
