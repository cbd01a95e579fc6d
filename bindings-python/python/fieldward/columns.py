"""Whole columns of one field: pyarrow, pandas, polars and numpy, in and out as what they were.

    >>> import pandas as pd
    >>> from fieldward import columns
    >>> df = pd.DataFrame({"patient_id": ["p-7", "p-8"], "ssn": ["999-41-1234", None]})
    >>> stored = columns.encrypt(ssn, df["ssn"], record_ids=df["patient_id"])
    >>> columns.decrypt(ssn, stored, record_ids=df["patient_id"]).to_list()[0]
    '999-41-1234'

Nulls and chunks are kept. An error names its row in `rows`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._errors import Error
from ._kinds import kind_of
from ._native import Field


@dataclass(frozen=True)
class Opened:
    """A decrypted column, and what is known about its rows: what `open` gives.

        >>> opened = columns.open(number, columns.encrypt(number, pd.Series(["A-7", None])))
        >>> opened.failures, opened.untrusted_rows
        ([], 0)
    """

    values: Any
    """The column; rows that failed are null."""
    failures: list[tuple[int, Error]]
    """The rows that failed, in order, and why."""
    untrusted_rows: int
    """Rows under a suspended or compromised key, or never encrypted."""


def encrypt(field: Field, column: Any, *, record_ids: Any = None) -> Any:
    """Encrypts a column under the current key: a column of the same library, of bytes, or text where the field is stored as text.

    `column` holds values of the field's type: `text` strings, `bytes` binary, `i64` any integers, `f64` any floats, `bool`, `date`, `timestamp`
    (naive ones are local times; not mixed with aware ones), `decimal`, `json` text or objects, `uuid` 16 bytes or `UUID` objects. Missing values
    stay missing. `record_ids` is a column of ids, or a list of columns, one for each part of a composite id.

    Errors: those of `Field.encrypt`, with the first row that is refused in `rows`; `wrong_type` for what is no column, or one of another type.

        >>> import pyarrow as pa
        >>> columns.encrypt(number, pa.array(["A-7", None])).type
        DataType(binary)
    """
    kind = kind_of(column)
    arrow = kind.to_arrow(column, _type(field))
    return kind.from_stored(field.encrypt_arrow(arrow, record_ids=_ids(field, record_ids)), column)


def decrypt(field: Field, stored: Any, *, record_ids: Any = None, like: Any = None) -> Any:
    """Decrypts a column of stored values. The first row that fails is the error, and nothing comes out.

    `like` is the type that the column had where it is not the natural one of the field's type: an Arrow type, a pandas, polars or
    numpy dtype. Errors: those of `Field.decrypt`, with the row in `rows`; `value_out_of_range` where that type does not hold the values.

        >>> columns.decrypt(number, columns.encrypt(number, pd.Series(["A-7"], dtype="category")), like="category").dtype.name
        'category'
    """
    return _open(field, stored, record_ids, like, report=False).values


def open(field: Field, stored: Any, *, record_ids: Any = None, like: Any = None) -> Opened:
    """Decrypts a column; rows that fail are null and reported, with how many rows cannot be trusted: an `Opened`.

        >>> opened = columns.open(number, pd.Series([number.encrypt("A-7"), b"plain"]))
        >>> [(row, error.code) for row, error in opened.failures]
        [(1, 'not_an_envelope')]
    """
    return _open(field, stored, record_ids, like, report=True)


def index(field: Field, name: str, column: Any) -> Any:
    """The index values of a column, by the name of an index of the field: a column of bytes, of hexadecimal text, or of lists of them.

    Errors: `unknown_index`, and those of `Field.encrypt` for the values, with the row in `rows`.

        >>> columns.index(ssn, "exact", pd.Series(["999-41-1234"]))[0] == ssn.index_values("999-41-1234")["ssn_exact"]
        True
    """
    kind = kind_of(column)
    return kind.from_stored(field.index_arrow(name, kind.to_arrow(column, _type(field))), column)


def _open(field: Field, stored: Any, record_ids: Any, like: Any, *, report: bool) -> Opened:
    kind = kind_of(stored)
    arrow = kind.stored_to_arrow(stored)
    opened = field.decrypt_arrow(arrow, record_ids=_ids(field, record_ids), report=report)
    values = kind.from_arrow(opened.values, _type(field), stored, like)
    return Opened(values, opened.failures, opened.untrusted_rows)


def _type(field: Field) -> str:
    kind: str = field.schema.field(field.id)["type"]
    return kind


def _ids(field: Field, record_ids: Any) -> list[Any]:
    if record_ids is None:
        return []
    columns = list(record_ids) if isinstance(record_ids, list | tuple) else [record_ids]
    kinds = [kind for _, kind in field.schema.record_id or []]
    if len(kinds) != len(columns):
        return columns
    return [kind_of(ids).to_arrow(ids, kind) for ids, kind in zip(columns, kinds, strict=True)]
