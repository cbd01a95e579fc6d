"""Spark: DataFrames by a schema, encrypted and decrypted by the workers.

    >>> from fieldward import spark as fws
    >>> from fieldward.frame import Frame
    >>> frame = Frame(keyring, schema)
    >>> df = session.createDataFrame([("p-7", "999-41-1234")], ["patient_id", "ssn"])
    >>> stored = fws.encrypt(frame, df)  # a DataFrame; nothing runs until Spark runs it
    >>> stored.write.parquet("patients")
    >>> found = stored.where(fws.matching(frame, "ssn", "999-41-1234"))
    >>> clear = fws.decrypt(frame, found)  # the columns and types that went in

`frame` is a `fieldward.frame.Frame`. What Spark sends to its workers is the frame's configuration; each worker process opens the keyring
from the same key service and store, once, and keeps it open until Spark ends the process. A keyring that holds a key in memory is
refused with `invalid_argument`. Workers need this package and read access to the providers and the store.

Column names, types and the record id are checked where the call is made, before anything runs. What a worker refuses reaches the driver as
Spark's `PythonException`: `error_of` makes a `fieldward.Error` of it, with `code`, `kind`, and up to 100 rows of the partition that
`detail` names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ._errors import Error
from ._work import Work, check_failures, check_types, declared_columns, failures_of, failures_type, moved
from .frame import Frame

if TYPE_CHECKING:
    from pyspark import sql as _sql
    from pyspark.sql import types as _types

_NOTE = "fieldward"
# The Spark type of a field's type where nothing says what the column was.
_NATURAL = {
    "text": "string", "bytes": "binary", "i64": "bigint", "f64": "double", "bool": "boolean", "date": "date",
    "timestamp": "timestamp", "decimal": "decimal(38,18)", "json": "string", "uuid": "binary",
}


def encrypt(frame: Frame, df: _sql.DataFrame) -> _sql.DataFrame:
    """Encrypts every declared column, and adds the columns of its indexes after the others. Nulls stay null.

    The types that columns had are noted, by their names alone, in the metadata of the columns, which Spark keeps in Parquet and Delta tables.

    Errors, at the call: `invalid_argument` for a keyring that holds a key in memory, and those of `Frame.encrypt` for names and types; those for
    values when Spark runs it, see `error_of`.

        >>> fws.encrypt(frame, df).columns
        ['patient_id', 'ssn', 'ssn_exact', 'ssn_last4']
    """
    from pyspark.sql.pandas.types import from_arrow_type, to_arrow_schema
    from pyspark.sql.types import StructField, StructType

    work = Work.of(frame)
    made: Any = frame.encrypt(to_arrow_schema(df.schema, timezone="UTC").empty_table())
    before = {field.name: field for field in df.schema}
    declared = declared_columns(frame)

    def field(column: Any) -> Any:
        given = before.get(column.name)
        if given is not None and column.name not in declared:
            return given
        note = {} if given is None else {**given.metadata, _NOTE: given.dataType.simpleString()}
        return StructField(column.name, from_arrow_type(column.type), nullable=True, metadata=note)

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        own = work.frame()
        for batch in batches:
            yield own.encrypt(batch)

    return df.mapInArrow(_told(run), StructType([field(column) for column in made.schema]))


def decrypt(
    frame: Frame, df: _sql.DataFrame, *, types: Mapping[str, _types.DataType | str] | None = None, failures: str | None = None
) -> _sql.DataFrame:
    """Decrypts every declared column, and leaves index columns out.

    Each column gets its type from `types` (Spark's, or DDL such as `"decimal(10,2)"` and `"timestamp_ntz"`), else the one that encryption
    noted, else the natural one of its field: `bigint`, `double`, `timestamp`, `decimal(38,18)`, `string`.

    The first value that fails ends the job. With `failures` such values are null, and a column of that name lists, for each row that has
    any, `column` and `code`; it is null for the others.

    Errors, at the call: `unknown_field` for types of no declared column, `record_shape` for a column of failures that is there already.

        >>> fws.decrypt(frame, stored, types={"ssn": "string"}, failures="refused").columns
        ['patient_id', 'ssn', 'refused']
    """
    from pyspark.sql.pandas.types import from_arrow_type, to_arrow_type
    from pyspark.sql.types import DataType, StructField, StructType

    work = Work.of(frame)
    types = types or {}
    check_types(frame, types)
    check_failures(failures, df.columns)
    declared = declared_columns(frame)
    fields = []
    for field in df.schema:
        if frame._records.is_index_column(field.name):
            continue
        if field.name in declared:
            natural = field.metadata.get(_NOTE) or _NATURAL[declared[field.name]["type"]]
            wanted = types.get(field.name, natural)
            kind = wanted if isinstance(wanted, DataType) else DataType.fromDDL(wanted)
            metadata = {name: value for name, value in field.metadata.items() if name != _NOTE}
            field = StructField(field.name, kind, nullable=True, metadata=metadata)
        fields.append(field)
    arrow = {field.name: to_arrow_type(field.dataType, timezone="UTC") for field in fields if field.name in declared}
    if failures is not None:
        fields.append(StructField(failures, from_arrow_type(failures_type()), nullable=True))

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        own = work.frame()
        for batch in batches:
            if failures is None:
                yield own.decrypt(batch, types=arrow)
                continue
            opened = own.open(batch, types=arrow)
            yield opened.frame.append_column(failures, failures_of(opened, batch.num_rows))

    return df.mapInArrow(_told(run), StructType(fields))


def matching(frame: Frame, field: str, value: Any, *, index: str = "exact") -> _sql.Column:
    """The condition of a search: rows whose index column holds what `value` gives. Of an index of words, all words.

    Rows of an inexact index are candidates: confirm them after decryption. Errors: `unknown_field`, `unknown_index`, `query_empty`.

        >>> stored.where(fws.matching(frame, "ssn", "999 41 1234")).count()
        1
    """
    from pyspark.sql import functions

    query = frame.query(field, index, value)
    column = functions.col(query.column)
    listed = any(one["name"] == index and one["is_list"] for one in frame.schema.field(field)["indexes"])
    if not listed:
        return column.isin(*query.tokens)
    conditions = [functions.array_contains(column, functions.lit(token)) for token in query.tokens]
    condition = conditions[0]
    for other in conditions[1:]:
        condition = condition & other
    return condition


def error_of(exception: BaseException) -> Error | None:
    """The error that a worker met, from Spark's exception at the driver; `None` if it was another one.

        >>> from pyspark.errors import PythonException
        >>> try:
        ...     fws.decrypt(frame, df).collect()
        ... except PythonException as exception:
        ...     print(fws.error_of(exception).code)
        wrong_stored_form
    """
    _, mark, text = str(exception).partition(_MARK)
    if not mark:
        return None
    told, _ = json.JSONDecoder().raw_decode(text)
    return Error.of(told["code"], told["detail"], tuple(told["rows"]))


class WorkerError(Exception):
    """A `fieldward.Error` on its way to the driver: Spark carries the text alone.

        >>> str(fws.error_of(WorkerError('fieldward error {"code": "wrong_type", "detail": null, "rows": [3]}')))
        "the value's type is not the field's declared type"
    """


_MARK = "fieldward error "
# Spark carries an exception's text several times over.
_TOLD_ROWS = 100


def _told(run: Callable[[Iterator[Any]], Iterator[Any]]) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """Counts the rows of the partition, and tells errors in a form that survives the way as text."""

    def told(batches: Iterator[Any]) -> Iterator[Any]:
        from pyspark import TaskContext

        start = rows = 0

        def counted() -> Iterator[Any]:
            nonlocal start, rows
            for batch in batches:
                start, rows = start + rows, batch.num_rows
                yield batch

        try:
            yield from run(counted())
        except Error as error:
            context = TaskContext.get()
            place = f"partition {context.partitionId() if context else 0}"
            there = moved(error, start, place)
            text = json.dumps({"code": there.code, "detail": there.detail, "rows": there.rows[:_TOLD_ROWS]})
            raise WorkerError(f"{_MARK}{text}: {there}") from None

    return told
