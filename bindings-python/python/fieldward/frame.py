"""Whole tables by a schema: pandas, polars and pyarrow, in and out as what they were.

    >>> import pandas as pd
    >>> from fieldward.frame import Frame
    >>> visits = fw.Schema.from_dict({
    ...     "table": "visits",
    ...     "record_id": [{"path": "visit", "type": "i64"}],
    ...     "clear": ["ward"],
    ...     "fields": [{"id": "glucose", "type": "f64", "mode": "randomized"}],
    ... })
    >>> frame = Frame(keyring, visits)
    >>> df = pd.DataFrame({"visit": [1, 2], "glucose": [5.5, None], "ward": [3, 4]})
    >>> stored = frame.encrypt(df)  # declared columns encrypted, index columns after the others
    >>> pd.testing.assert_frame_equal(frame.decrypt(stored), df)  # the same columns and dtypes

What is not a declared column is left alone, index included. A column that the schema neither declares nor leaves in the clear is
refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from . import columns
from ._errors import Error
from ._kinds.tables import Table
from ._native import Field, Keyring, Query, Schema

_Frame = TypeVar("_Frame")


@dataclass(frozen=True)
class RowFailure:
    """A value that did not decrypt, and why.

        >>> [(failure.column, failure.row, failure.error.code) for failure in frame.open(stored.assign(glucose=b"?")).failures]
        [('glucose', 0, 'not_an_envelope'), ('glucose', 1, 'not_an_envelope')]
    """

    column: str
    """The column."""
    row: int
    """The row, from 0."""
    error: Error
    """Why; its `code` says what to do."""


@dataclass(frozen=True)
class OpenedFrame(Generic[_Frame]):
    """A decrypted table, and what is known about its values: what `Frame.open` gives.

        >>> opened = frame.open(stored)
        >>> opened.failures, opened.untrusted
        ([], {})
    """

    frame: _Frame
    """The table; values that failed are null."""
    failures: list[RowFailure]
    """The values that failed, column by column in order."""
    untrusted: dict[str, int]
    """By column, how many values stand under a suspended or compromised key, or were never encrypted."""


class Frame:
    """Encrypts and decrypts the tables of one schema, of one tenant where there are tenants. It pickles as its configuration.

    Every field must be a column: fields at nested paths are for `Keyring.records` (`record_shape`). So must the parts of the record id.

        >>> Frame(keyring, visits).encrypt(pd.DataFrame({"visit": [1], "glucose": [5.5], "ward": [3]})).columns.to_list()
        ['visit', 'glucose', 'ward']
    """

    def __init__(self, keyring: Keyring, schema: Schema, *, tenant: str | None = None) -> None:
        """The tables of a schema, of one tenant where there are tenants."""
        self._records = keyring.records(schema, tenant=tenant)
        self._fields: dict[str, Field] = {}
        for name in schema.fields:
            column = schema.field(name)["column"]
            if column is None:
                raise Error.of("record_shape", f"{name} is no column")
            self._fields[column] = keyring.field(schema, name, tenant=tenant)

    @property
    def schema(self) -> Schema:
        """The schema."""
        return self._records.schema

    def encrypt(self, frame: _Frame) -> _Frame:
        """Encrypts every declared column, and adds the columns of its indexes. Nulls stay null.

        The types that columns had are noted, by their names alone, in the attributes of a pandas frame and the metadata of an Arrow
        table. polars has no place for it: give `decrypt` the types that are not the natural ones.

        Errors: `undeclared_field`, `missing_field`, `record_shape` (two columns of one name, a name that is no `str`), `record_id_missing`, and those
        of `columns.encrypt`, with the column in `detail` and the row in `rows`.
        """
        table = Table(frame)
        self._records.check_names(table.names)
        made: dict[str, Any] = {}
        indexes: dict[str, Any] = {}
        note: dict[str, str] = {}
        for name, field in self._fields.items():
            declared = self.schema.field(field.id)
            if name not in table.names:
                if declared["required"]:
                    raise Error.of("missing_field", name)
                continue
            column = table.column(name)
            _check_required(declared, name, column)
            with _named(name):
                made[name] = columns.encrypt(field, column, record_ids=self._ids(table, field))
                for index in declared["indexes"]:
                    indexes[index["column"]] = columns.index(field, index["name"], column)
            note[name] = table.type_of(name)
        encrypted: _Frame = table.with_columns({**made, **indexes}, set(), note)
        return encrypted

    def decrypt(self, frame: _Frame, *, types: Mapping[str, Any] | None = None) -> _Frame:
        """Decrypts every declared column, and leaves index columns out. The first value that fails is the error, with its row.

        `types` gives the types that columns had, by name, where they are neither noted nor the natural ones: dtypes or Arrow types. Errors: those of
        `columns.decrypt`.
        """
        return self._open(frame, types or {}, report=False).frame

    def open(self, frame: _Frame, *, types: Mapping[str, Any] | None = None) -> OpenedFrame[_Frame]:
        """Decrypts every declared column, as an `OpenedFrame`; values that fail are null and reported."""
        return self._open(frame, types or {}, report=True)

    def query(self, field: str, index: str, value: Any) -> Query:
        """What a search compares, a `Query`: the index's column, and the tokens of which it holds one; of words, all.

        Compare with `==`: `isin` of pandas takes bytes that end in a zero, as one token in 256 does, for other bytes.

        Errors: `unknown_field`, `unknown_index`, `query_empty`.
        """
        return self._records.query(field, index, value)

    def _open(self, frame: _Frame, types: Mapping[str, Any], *, report: bool) -> OpenedFrame[_Frame]:
        table = Table(frame)
        note = table.note()
        made: dict[str, Any] = {}
        failures: list[RowFailure] = []
        untrusted: dict[str, int] = {}
        for name, field in self._fields.items():
            if name not in table.names:
                continue
            like = table.like(name, note.get(name), types.get(name))
            with _named(name):
                ids, stored = self._ids(table, field), table.column(name)
                if not report:
                    made[name] = columns.decrypt(field, stored, record_ids=ids, like=like)
                    continue
                opened = columns.open(field, stored, record_ids=ids, like=like)
            made[name] = opened.values
            failures += [RowFailure(name, row, error) for row, error in opened.failures]
            if opened.untrusted_rows:
                untrusted[name] = opened.untrusted_rows
        dropped = {name for name in table.names if self._records.is_index_column(name)}
        return OpenedFrame(table.with_columns(made, dropped, {}), failures, untrusted)

    def _ids(self, table: Table, field: Field) -> list[Any] | None:
        if not self.schema.field(field.id)["is_bound"]:
            return None
        parts = [path for path, _ in self.schema.record_id or []]
        missing = [path for path in parts if path not in table.names]
        if missing:
            raise Error.of("record_id_missing", ", ".join(missing))
        return [table.column(path) for path in parts]

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self._records.keyring, self.schema, self._records.tenant)

    def __repr__(self) -> str:
        return f"Frame({self.schema.table})"


def _again(keyring: Keyring, schema: Schema, tenant: str | None) -> Frame:
    return Frame(keyring, schema, tenant=tenant)


def _check_required(declared: dict[str, Any], name: str, column: Any) -> None:
    if not declared["required"]:
        return
    nulls = column.isna() if hasattr(column, "isna") else column.is_null()
    rows = tuple(row for row, is_null in enumerate(nulls.to_pylist() if hasattr(nulls, "to_pylist") else nulls) if is_null)
    if rows:
        raise Error.of("missing_field", name, rows)


class _named:
    """Names the column in an error that names none but its row."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, Error) and error.code != "authentication_failed":
            detail = error.detail
            if detail is None or (self._name not in detail and detail.startswith("row ")):
                named = Error.of(error.code, self._name if detail is None else f"{self._name}, {detail}", error.rows)
                raise named from error.__cause__
