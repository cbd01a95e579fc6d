"""pyarrow: arrays and chunked arrays; and whatever else speaks Arrow, which comes back as pyarrow's."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from .._errors import Error
from .._native import ArrowColumn
from . import whole


def chunked(column: ArrowColumn, given: Any) -> Any:
    """A chunked array, or an array where the given column was one."""
    made = pa.chunked_array(column)
    return made if isinstance(given, pa.ChunkedArray) else made.combine_chunks()


def cast(values: Any, arrow_type: Any) -> Any:
    """Values in another type that holds them all."""
    return whole(lambda: values.cast(arrow_type), "value_out_of_range", f"a column of {arrow_type}")


def uuids(column: Any) -> Any:
    """Binary values of 16 bytes each."""
    import pyarrow.compute as pc

    wrong = pc.index(pc.not_equal(pc.binary_length(column), 16), True).as_py()
    if wrong >= 0:
        raise Error.of("value_out_of_range", f"row {wrong}", (wrong,))
    return cast(column, pa.binary(16))


def is_binary(kind: Any) -> bool:
    """Whether an Arrow type is one of bytes."""
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


class Arrow:
    """Columns of pyarrow."""

    def is_column(self, column: Any) -> bool:
        is_own = type(column).__module__.partition(".")[0] == "pyarrow"
        return isinstance(column, pa.Array | pa.ChunkedArray) if is_own else True

    def to_arrow(self, column: Any, kind: str) -> Any:
        if kind == "uuid" and isinstance(column, pa.Array | pa.ChunkedArray) and is_binary(column.type):
            return uuids(column)
        return column

    def stored_to_arrow(self, column: Any) -> Any:
        return column

    def from_stored(self, stored: ArrowColumn, given: Any) -> Any:
        return chunked(stored, given)

    def from_arrow(self, values: ArrowColumn, kind: str, given: Any, like: Any) -> Any:
        made = chunked(values, given)
        return made if like is None or like == made.type else cast(made, like)


KIND = Arrow()
