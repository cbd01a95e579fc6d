"""What an engine's workers run: a frame handle as its pickle, opened once in a process and kept."""

from __future__ import annotations

import functools
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ._errors import Error
from .frame import Frame, OpenedFrame


@dataclass(frozen=True)
class Work:
    """A frame for another process. `pickled` is its configuration: places and names, never a key."""

    pickled: bytes

    @classmethod
    def of(cls, frame: Frame) -> Work:
        """The work of this frame; `invalid_argument` if its keyring holds a key in memory, which never leaves its process."""
        return cls(pickle.dumps(frame))

    def frame(self) -> Frame:
        """The frame, opened in this process: one provider call for all tasks that follow."""
        opened: Frame = _opened(self.pickled)
        return opened


_opened = functools.lru_cache(maxsize=8)(pickle.loads)


def failures_type() -> Any:
    """The Arrow type of a column of failures."""
    import pyarrow as pa

    return pa.list_(pa.struct([("column", pa.string()), ("code", pa.string())]))


def failures_of(opened: OpenedFrame[Any], rows: int) -> Any:
    """The failures of each row as Arrow: a list of columns and codes, null where all is well."""
    import pyarrow as pa

    kind = failures_type()
    if not opened.failures:
        return pa.nulls(rows, kind)
    of_row: dict[int, list[dict[str, str]]] = {}
    for failure in opened.failures:
        of_row.setdefault(failure.row, []).append({"column": failure.column, "code": failure.error.code})
    return pa.array([of_row.get(row) for row in range(rows)], type=kind)


def check_failures(name: str | None, names: list[str]) -> None:
    """Refuses a column of failures in the place of another."""
    if name is not None and name in names:
        raise Error.of("record_shape", "the column for failures is there already")


def declared_columns(frame: Frame) -> dict[str, dict[str, Any]]:
    """What the schema declares of each column."""
    declared = [frame.schema.field(name) for name in frame.schema.fields]
    return {field["column"]: field for field in declared}


def check_types(frame: Frame, types: Mapping[str, Any]) -> None:
    """Refuses types of columns that are none."""
    unknown = [name for name in types if name not in declared_columns(frame)]
    if unknown:
        raise Error.of("unknown_field", ", ".join(sorted(unknown)))


def moved(error: Error, start: int, place: str) -> Error:
    """An error of a part of a table: its rows counted from the start of the place, which it names."""
    detail = re.sub(r"row (\d+)", lambda found: f"row {int(found[1]) + start}", error.detail or "")
    rows = tuple(row + start for row in error.rows)
    return Error.of(error.code, f"{detail}, {place}" if detail else place, rows)
