"""Dask: DataFrames by a schema, encrypted and decrypted partition by partition.

    >>> import pandas as pd
    >>> from dask import dataframe as dd
    >>> from fieldward import dask as fwd
    >>> from fieldward.frame import Frame
    >>> frame = Frame(keyring, schema)
    >>> df = dd.from_pandas(pd.DataFrame({"patient_id": ["p-7"], "ssn": ["999-41-1234"]}))
    >>> stored = fwd.encrypt(frame, df)  # lazy, as every step of Dask
    >>> found = stored[fwd.matching(frame, stored, "ssn", "999-41-1234")]
    >>> clear = fwd.decrypt(frame, found).compute()

Columns of lists, which indexes of words are, need their type when Dask writes them: `to_parquet(..., schema={"note_words":
pa.list_(pa.string())})`.

`frame` is a `fieldward.frame.Frame`. The task graph holds the frame's configuration; each worker process opens the keyring from the same key
service and store, once, and keeps it open. A keyring that holds a key in memory is refused with `invalid_argument`.

Column names, types and the record id are checked where the call is made. What a worker refuses is raised by `compute` as the
`fieldward.Error` that it was, its rows counted from the start of the partition that `detail` names.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from ._errors import Error
from ._work import Work, check_failures, check_types, declared_columns, moved
from .frame import Frame

if TYPE_CHECKING:
    from dask import dataframe as _dd

def _natural(kind: str) -> Any:
    """The dtype of a field's type where none is named: one that every partition can have, with nulls or without."""
    import pandas as pd
    import pyarrow as pa

    named = {"i64": "Int64", "f64": "float64", "bool": "boolean", "timestamp": "datetime64[us, UTC]"}
    of_arrow = {
        "bytes": pa.binary(), "date": pa.date32(), "decimal": pa.decimal128(38, 18), "uuid": pa.binary(16),
    }
    if kind in of_arrow:
        return pd.ArrowDtype(of_arrow[kind])
    return named.get(kind, "string[pyarrow]")


def encrypt(frame: Frame, df: _dd.DataFrame) -> _dd.DataFrame:
    """Encrypts every declared column, and adds the columns of its indexes after the others. Nulls, index and divisions stay.

    Dask turns columns of Python objects into text, dates and decimals too, unless told otherwise (`dataframe.convert-string`): give it
    Arrow's dtypes, such as `date32[day][pyarrow]`, or what arrives here is refused as text.

    Errors, at the call: `invalid_argument` for a keyring that holds a key in memory, and those of `Frame.encrypt` for names and types; those for
    values when Dask computes.

        >>> list(fwd.encrypt(frame, df).columns)
        ['patient_id', 'ssn', 'ssn_exact', 'ssn_last4']
    """
    return df.map_partitions(
        _encrypt, Work.of(frame), meta=frame.encrypt(df._meta), enforce_metadata=False
    )


def decrypt(
    frame: Frame, df: _dd.DataFrame, *, types: Mapping[str, Any] | None = None, failures: str | None = None
) -> _dd.DataFrame:
    """Decrypts every declared column, and leaves index columns out.

    Each column gets its dtype from `types`, else the natural one of its field: `Int64`, `float64`, `boolean`, `string[pyarrow]`,
    `datetime64[us, UTC]`, and Arrow's `date32`, `decimal128(38, 18)` and `binary`. Name `datetime64[us]` for local times.

    The first value that fails ends the computation. With `failures` such values are null, and a column of that name has for each row
    with any of them columns and codes as text, `ssn: authentication_failed; age: key_unknown`; it is null for the others.

    Errors, at the call: `unknown_field` for types of no declared column, `record_shape` for a column of failures that is there already.

        >>> list(fwd.decrypt(frame, stored, failures="refused").columns)
        ['patient_id', 'ssn', 'refused']
    """
    given = types or {}
    check_types(frame, given)
    check_failures(failures, list(df.columns))
    declared = declared_columns(frame)
    wanted = {name: given.get(name, _natural(field["type"])) for name, field in declared.items()}
    return df.map_partitions(
        _decrypt, Work.of(frame), wanted, failures, meta=_decrypted(frame, df._meta, wanted, failures), enforce_metadata=False
    )


def matching(frame: Frame, df: _dd.DataFrame, field: str, value: Any, *, index: str = "exact") -> _dd.Series:
    """The condition of a search: rows whose index column holds what `value` gives.

    Rows of an inexact index are candidates: confirm them after decryption. Indexes of words are for engines that compare lists:
    `wrong_type`. Errors beside it: `unknown_field`, `unknown_index`, `query_empty`.

        >>> len(stored[fwd.matching(frame, stored, "ssn", "999 41 1234")])
        1
    """
    if any(one["name"] == index and one["is_list"] for one in frame.schema.field(field)["indexes"]):
        raise Error.of("wrong_type", "an index of several values")
    query = frame.query(field, index, value)
    column = df[query.column]
    # not `isin`: pandas' takes bytes that end in zeros for other bytes
    return reduce(or_, (column == token for token in query.tokens))


def _encrypt(part: Any, work: Work, partition_info: Any = None) -> Any:
    try:
        return work.frame().encrypt(part)
    except Error as error:
        raise moved(error, 0, _place(partition_info)) from None


def _decrypt(part: Any, work: Work, types: Mapping[str, Any], failures: str | None, partition_info: Any = None) -> Any:
    try:
        return _decrypted(work.frame(), part, types, failures)
    except Error as error:
        raise moved(error, 0, _place(partition_info)) from None


def _place(partition_info: Any) -> str:
    return f"partition {partition_info['number'] if partition_info else 0}"


def _decrypted(frame: Frame, part: Any, types: Mapping[str, Any], failures: str | None) -> Any:
    if failures is None:
        return frame.decrypt(part, types=types)
    import pandas as pd

    opened = frame.open(part, types=types)
    of_row: list[str | None] = [None] * len(part)
    for failure in opened.failures:
        told, before = f"{failure.column}: {failure.error.code}", of_row[failure.row]
        of_row[failure.row] = told if before is None else f"{before}; {told}"
    return opened.frame.assign(**{failures: pd.Series(of_row, index=part.index, dtype="string[pyarrow]")})
