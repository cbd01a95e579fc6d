"""What columns and tables of each library look like from here: in as Arrow, out as what they were."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from .._errors import Error
from .._native import ArrowColumn


class Kind(Protocol):
    """One library's columns."""

    def is_column(self, column: Any) -> bool:
        """Whether it is a column: not a table, an index or a single value."""

    def to_arrow(self, column: Any, kind: str) -> Any:
        """A column in the clear, of values of a field's type, as something that speaks Arrow."""

    def stored_to_arrow(self, column: Any) -> Any:
        """A column of stored values."""

    def from_stored(self, stored: ArrowColumn, given: Any) -> Any:
        """Stored values as a column beside `given`."""

    def from_arrow(self, values: ArrowColumn, kind: str, given: Any, like: Any) -> Any:
        """Decrypted values as a column beside `given`, of the type `like`."""


_MODULES = {"pyarrow": "arrow", "pandas": "frames", "polars": "polar", "numpy": "arrays"}


def kind_of(column: Any) -> Kind:
    """The library that a column is of."""
    parents = [parent.__module__.partition(".")[0] for parent in type(column).__mro__]
    module = next((_MODULES[parent] for parent in parents if parent in _MODULES), None)
    if module is None and (hasattr(column, "__arrow_c_stream__") or hasattr(column, "__arrow_c_array__")):
        module = "arrow"
    if module is not None:
        found: Kind = importlib.import_module(f"{__name__}.{module}").KIND
        if found.is_column(column):
            return found
    raise Error.of("wrong_type", "a column of pyarrow, pandas, polars or numpy")


def whole(make: Callable[[], Any], code: str, detail: str) -> Any:
    """What `make` gives, or this error. The exception itself goes no further: it may show data."""
    try:
        return make()
    except Exception:
        pass
    raise Error.of(code, detail)


def fitting(values: Sequence[Any], make: Callable[[Sequence[Any]], Any]) -> Any:
    """What `make` makes of all values; or the error that names the first row that it refuses."""
    try:
        return make(values)
    except Exception:
        pass
    for row, value in enumerate(values):
        code = _refusal(make, value)
        if code is not None:
            raise Error.of(code, f"row {row}", (row,))
    raise Error.of("value_out_of_range", "values that Arrow does not hold in one column: encrypt them one by one")


def _refusal(make: Callable[[Sequence[Any]], Any], value: Any) -> str | None:
    try:
        make([value])
    except Error as error:
        return error.code
    except UnicodeError:
        return "invalid_text"
    except Exception:
        # The type is right: the value has no place in Arrow's.
        return "value_out_of_range"
    return None
