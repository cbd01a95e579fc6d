"""SQLAlchemy 2: a column type, and a mapped-class hook that binds the primary key.

Two ways, because a column type cannot see its row:

- `Encrypted(field)` for one column. The field must bind no record id: `record_binding = "none"` in the schema says so by name. `==`, `!=`,
  `in_` and `is_(None)` search where the field is deterministic.
- `bind(Model, records)` for a mapped class: declared columns, of the type `Sealed`, are encrypted bound to the record's id, and index
  columns are filled. What goes past the mapped class, such as a bulk insert, must be encrypted already: `Sealed` refuses plaintext. Search by `matching(records, Model, "ssn", value)`. Ids must be there before the insert: one that the database makes is refused.

    class Patient(Base):
        __tablename__ = "patients"
        id: Mapped[str] = mapped_column(primary_key=True)
        ssn: Mapped[str | None] = mapped_column(Sealed())
        ssn_exact: Mapped[bytes | None] = mapped_column(unique=True)

    bind(Patient, keyring.records(schema))
"""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import event, orm
from sqlalchemy.sql import operators

from ._errors import Error
from ._native import Field, Records, inspect

__all__ = ["Encrypted", "Sealed", "bind", "matching"]


class _Search(sa.types.TypeDecorator.Comparator[Any]):
    """`==`, `!=`, `in_` and `not_in` by tokens: one for each key version, so that searches go on through a rotation."""

    def operate(self, op: Any, *other: Any, **options: Any) -> Any:
        if op in (operators.eq, operators.ne, operators.in_op, operators.not_in_op):
            is_list = op in (operators.in_op, operators.not_in_op)
            values = list(other[0]) if is_list else [other[0]]
            if any(isinstance(value, sa.ColumnElement) for value in values):
                return super().operate(op, *other, **options)
            if not is_list and values[0] is None:
                return super().operate(operators.is_ if op is operators.eq else operators.is_not, None)
            column_type = self.type
            assert isinstance(column_type, Encrypted)
            tokens = [token for value in values if value is not None for token in column_type.tokens(value)]
            raw = sa.type_coerce(self.expr, column_type._stored_as)
            return raw.in_(tokens) if op in (operators.eq, operators.in_op) else raw.not_in(tokens)
        if op in (operators.is_, operators.is_not, operators.isnot_distinct_from, operators.is_distinct_from):
            return super().operate(op, *other, **options)
        raise Error.of("wrong_field_mode", f"{op.__name__} of an encrypted column")


class Encrypted(sa.types.TypeDecorator[Any]):
    """A column whose values are encrypted on the way in and decrypted on the way out.

    It cannot see the row, so the field must bind no record id: deterministic, or with `record_binding = "none"`. Null stays null.
    """

    impl = sa.LargeBinary
    cache_ok = True
    comparator_factory = _Search

    def __init__(self, field: Field) -> None:
        declared = field.schema.field(field.id)
        if declared["is_bound"]:
            raise Error.of(
                "record_id_missing",
                f"a column type cannot see the row: declare record_binding = none for {field.id}, or use bind",
            )
        self.field = field
        self._stored_as: sa.types.TypeEngine[Any] = sa.Text() if declared["stored"] == "text" else sa.LargeBinary()
        super().__init__()
        self.impl = self._stored_as  # type: ignore[assignment]

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(self._stored_as)

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        return self.field.encrypt(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        return self.field.decrypt(value)

    def tokens(self, value: Any) -> list[Any]:
        """What a value's column is compared with. `wrong_field_mode` for a randomized field: it is found by an index."""
        return self.field.tokens(value)

    def __repr__(self) -> str:
        # What a migration writes: the column as the database has it.
        return repr(self._stored_as)


class Sealed(sa.types.TypeDecorator[Any]):
    """A column that takes envelopes alone, for classes that `bind` encrypts: anything else is refused before it is written."""

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, *, stored: Literal["bytes", "text"] = "bytes") -> None:
        super().__init__()
        self._impl: sa.types.TypeEngine[Any] = sa.Text() if stored == "text" else sa.LargeBinary()
        self.impl = self._impl  # type: ignore[assignment]

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(self._impl)

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        if value is not None:
            inspect(value)
        return value

    def __repr__(self) -> str:
        return repr(self._impl)


def bind(model: type[Any], records: Records) -> None:
    """Encrypts the declared columns of a mapped class on every insert and update, and decrypts them on load.

    Attributes keep Python's values; what is in the clear stays there. Index columns that the class maps are filled. The record id is
    taken from the attributes that the schema names: it must be set before the insert.
    """
    mapper = sa.inspect(model)
    names = {name for name in mapper.column_attrs.keys()}
    schema = records.schema
    fields = [schema.field(name) for name in schema.fields]
    columns = [declared["column"] for declared in fields if declared["column"] in names]
    indexes = [index["column"] for declared in fields for index in declared["indexes"] if index["column"] in names]
    open_columns = [name for name in columns if not isinstance(mapper.column_attrs[name].columns[0].type, Sealed)]
    if open_columns:
        raise Error.of("invalid_argument", f"give {', '.join(open_columns)} the type Sealed: it refuses plaintext")
    ids = [path for path, _ in schema.record_id or []]
    missing = [path for path in ids if path not in names]
    if missing:
        raise Error.of("record_id_missing", f"no attribute {', '.join(missing)}")

    def seal(mapper: Any, connection: Any, target: Any) -> None:
        clear = {name: getattr(target, name) for name in columns}
        for path in ids:
            if getattr(target, path) is None:
                raise Error.of("record_id_missing", f"assign {path} before the insert: an id made by the database comes too late")
        changed = [path for path in ids if sa.inspect(target).attrs[path].history.deleted]
        if changed and sa.inspect(target).persistent:
            raise Error.of("record_id_unexpected", f"{changed[0]} is part of the record id: re-encrypt to change it")
        row = records.encrypt({**{path: getattr(target, path) for path in ids}, **clear})
        for name in columns:
            orm.attributes.set_committed_value(target, name, clear[name]) if row[name] is clear[name] else setattr(target, name, row[name])
        for name in indexes:
            setattr(target, name, row.get(name))
        target.__dict__["_fieldward_clear"] = clear

    def unseal(target: Any, fresh: Any = None) -> None:
        loaded = target.__dict__
        present = [name for name in columns if name in loaded and (fresh is None or name in fresh)]
        if present:
            row = {path: loaded[path] for path in ids if path in loaded}
            for name, value in records.decrypt({**row, **{name: loaded[name] for name in present}}).items():
                if name in present:
                    orm.attributes.set_committed_value(target, name, value)

    def back(mapper: Any, connection: Any, target: Any) -> None:
        for name, value in target.__dict__.pop("_fieldward_clear", {}).items():
            orm.attributes.set_committed_value(target, name, value)

    event.listen(model, "before_insert", seal, propagate=True)
    event.listen(model, "before_update", seal, propagate=True)
    event.listen(model, "after_insert", back, propagate=True)
    event.listen(model, "after_update", back, propagate=True)
    event.listen(model, "load", lambda target, _: unseal(target), propagate=True)
    event.listen(model, "refresh", lambda target, _, fresh: unseal(target, fresh), propagate=True)


def matching(records: Records, model: type[Any], field: str, value: Any, *, index: str = "exact") -> Any:
    """The condition of a query: rows whose index column holds what `value` gives. Confirm rows of an inexact index with `Records.matches`."""
    query = records.query(field, index, value)
    return getattr(model, query.column).in_(query.tokens)
