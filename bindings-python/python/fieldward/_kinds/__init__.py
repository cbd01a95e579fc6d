"""What columns and tables of each library look like from here: in as Arrow, out as what they were."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from typing import Any, Protocol

from .._errors import Error
from .._native import ArrowColumn


class Kind(Protocol):
    """One library's columns."""

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
    for parent in type(column).__mro__:
        module = _MODULES.get(parent.__module__.partition(".")[0])
        if module is not None:
            found: Kind = importlib.import_module(f"{__name__}.{module}").KIND
            return found
    if hasattr(column, "__arrow_c_stream__") or hasattr(column, "__arrow_c_array__"):
        import pyarrow

        from .arrow import KIND

        sys.modules.setdefault("pyarrow", pyarrow)
        return KIND
    raise Error.of("wrong_type", "a column of pyarrow, pandas, polars or numpy")


def fitting(values: Iterable[Any], make: Any) -> Any:
    """What `make` makes of all values; or the error that names the first row that it refuses. The exception itself may show data."""
    values = list(values)
    try:
        return make(values)
    except Exception:
        pass
    for row, value in enumerate(values):
        try:
            make([value])
        except UnicodeError:
            raise Error.of("invalid_text", f"row {row}", (row,)) from None
        except Error as error:
            raise Error.of(error.code, f"row {row}", (row,)) from None
        except OverflowError:
            raise Error.of("value_out_of_range", f"row {row}", (row,)) from None
        except Exception:
            raise Error.of("wrong_type", f"row {row}", (row,)) from None
    raise Error.of("wrong_type", "values of several types")
