"""SQLAlchemy 2: a column type, and a mapped-class hook that binds the primary key.

Two ways, because a column type cannot see its row:

- `Encrypted(field)` for one column. The field must bind no record id: `record_binding = "none"` in the schema says so by name. `==`, `!=`, `in_`,
  `not_in` and `is_` search where the field is deterministic. A unique constraint holds among values of one key version: after `rotate`,
  until the column is re-encrypted, a value can be there twice. The unique index column of a bound class holds through rotations.
- `bind(Model, records)` for a mapped class: declared columns, of the type `Sealed`, are encrypted bound to the record's id, and index columns are
  filled. The same operators search by the exact index that a field has, `matching` by others. Ids must be there before the insert: one that the
  database makes is refused with `record_id_missing`.

    >>> import sqlalchemy as sa
    >>> from sqlalchemy import orm
    >>> from fieldward.sqlalchemy import Encrypted, Sealed, bind, matching
    >>> class Base(orm.DeclarativeBase):
    ...     pass
    >>> class Patient(Base):
    ...     __tablename__ = "patients"
    ...     patient_id: orm.Mapped[str] = orm.mapped_column(primary_key=True)
    ...     ssn: orm.Mapped[str | None] = orm.mapped_column(Sealed())
    ...     ssn_exact: orm.Mapped[bytes | None] = orm.mapped_column(unique=True)
    >>> bind(Patient, keyring.records(schema))
    >>> engine = sa.create_engine("sqlite://")
    >>> Base.metadata.create_all(engine)
    >>> with orm.Session(engine) as session:
    ...     session.add(Patient(patient_id="p-7", ssn="999-41-1234"))
    ...     session.commit()
    ...     session.scalars(sa.select(Patient).where(Patient.ssn == "999-41-1234")).one().patient_id
    'p-7'
    >>> engine.dispose()

What goes past the mapped class must be encrypted already, since `Sealed` refuses plaintext before it is written: `session.execute` of `insert` and
`update`, and `bulk_save_objects`, take rows of `Records.encrypt`. `select(Patient.ssn)` gives what is stored.

Migrations: Alembic writes the database's own type, `sa.LargeBinary()` or `sa.Text()`, with `render_item=fieldward.sqlalchemy.render_item` in the
`context.configure` calls of its `env.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import event, orm
from sqlalchemy.sql import operators

from ._errors import Error
from ._native import Field, Records, inspect

__all__ = ["Encrypted", "Sealed", "bind", "matching", "render_item"]

# In `Session.info`: objects whose attributes are sealed for a flush.
_SEALED = "fieldward.sealed"


@contextmanager
def _unwrapped() -> Iterator[None]:
    """Errors go on as they are: wrapped into a `StatementError` they would come with the parameters of the statement, in the clear."""
    try:
        yield
        return
    except Error as error:
        refused = error
    own = {"__module__": "fieldward", "__reduce__": lambda self: (type(refused), self.args)}
    made = type(type(refused).__name__, (type(refused), sa.exc.DontWrapMixin), own)
    raise made(refused.code, refused.detail, refused.rows) from refused.__cause__


class _Search(sa.types.TypeDecorator.Comparator[Any]):
    """`==`, `!=`, `in_`, `not_in` and `is_` by tokens: one for each key version, so that searches go on through a rotation."""

    def operate(self, op: Any, *other: Any, **options: Any) -> Any:
        is_null_safe = op in (operators.is_, operators.is_not, operators.isnot_distinct_from, operators.is_distinct_from)
        if op in (operators.in_op, operators.not_in_op):
            values = list(other[0]) if isinstance(other[0], list | tuple | set | frozenset) else None
        elif op in (operators.eq, operators.ne) or is_null_safe:
            values = [other[0]]
        else:
            raise Error.of("wrong_field_mode", f"{op.__name__} of an encrypted column")
        if values is None or any(isinstance(value, sa.ClauseElement | orm.QueryableAttribute) for value in values):
            return super().operate(op, *other, **options)
        is_same = op in (operators.eq, operators.in_op, operators.is_, operators.isnot_distinct_from)
        if op not in (operators.in_op, operators.not_in_op) and values[0] is None:
            return super().operate(operators.is_ if is_same else operators.is_not, None)
        column, tokens = self.found([value for value in values if value is not None])
        if is_same:
            return column.in_(tokens)
        return sa.or_(column.not_in(tokens), column.is_(None)) if op is operators.is_distinct_from else column.not_in(tokens)

    def found(self, values: list[Any]) -> tuple[sa.ColumnElement[Any], list[Any]]:
        """The column that is compared, and what with."""
        column_type = self.type
        assert isinstance(column_type, Encrypted)
        tokens = [token for value in values for token in column_type.tokens(value)]
        return sa.type_coerce(self.expr, column_type._stored_as), tokens


class _SealedSearch(_Search):
    """The same by the exact index of a bound column."""

    def found(self, values: list[Any]) -> tuple[sa.ColumnElement[Any], list[Any]]:
        column: Any = self.expr
        column_type = self.type
        assert isinstance(column_type, Sealed)
        if column_type.found_by is None:
            raise Error.of("unknown_index", "a sealed column is found by an exact index that its class maps: see matching")
        index, tokens_of = column_type.found_by
        return column.table.c[index], [token for value in values for token in tokens_of(value)]


class Encrypted(sa.types.TypeDecorator[Any]):
    """A column whose values are encrypted on the way in and decrypted on the way out.

    **No record id is bound**, since a column type cannot see the row: the field is deterministic, or declares `record_binding = "none"`
    (`record_id_missing` otherwise), and who can write the table can move a value to another row unseen. Null stays null.

        >>> visits = sa.Table("visits", sa.MetaData(), sa.Column("number", Encrypted(number), unique=True))
        >>> str(visits.c.number == "A-7")
        'visits.number IN (__[POSTCOMPILE_param_1])'
    """

    impl = sa.LargeBinary
    cache_ok = True
    comparator_factory = _Search

    def __init__(self, field: Field) -> None:
        """The values of `field`."""
        declared = field.schema.field(field.id)
        if declared["is_bound"]:
            raise Error.of(
                "record_id_missing",
                f"a column type cannot see the row: declare record_binding = none for {field.id}, or use bind",
            )
        self.field = field
        self._stored_as = _database_type(declared["stored"])
        super().__init__()
        self.impl = self._stored_as  # type: ignore[assignment]

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return self._stored_as

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        with _unwrapped():
            return self.field.encrypt(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        return self.field.decrypt(value)

    def tokens(self, value: Any) -> list[Any]:
        """What a value's column is compared with. `wrong_field_mode` for a randomized field: it is found by an index."""
        return self.field.tokens(value)


class Sealed(sa.types.TypeDecorator[Any]):
    """A column that takes envelopes alone, for classes that `bind` encrypts: anything else is refused before it is written.

        >>> sa.Column("ssn", Sealed()), sa.Column("note", Sealed(stored="text"))
        (Column('ssn', Sealed(), table=None), Column('note', Sealed(stored='text'), table=None))
    """

    impl = sa.LargeBinary
    cache_ok = True
    comparator_factory = _SealedSearch

    def __init__(self, *, stored: Literal["bytes", "text"] = "bytes") -> None:
        """Envelopes in the form, bytes or text, that the schema declares of the field."""
        super().__init__()
        self.found_by: tuple[str, Callable[[Any], list[Any]]] | None = None
        """What `bind` knows: the index column, and what it is compared with."""
        self._stored_as = _database_type(stored)
        self.impl = self._stored_as  # type: ignore[assignment]

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return self._stored_as

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        if value is not None:
            with _unwrapped():
                inspect(value)
        return value

    def __repr__(self) -> str:
        return "Sealed(stored='text')" if isinstance(self._stored_as, sa.Text) else "Sealed()"


def _database_type(stored: str) -> sa.types.TypeEngine[Any]:
    return sa.Text() if stored == "text" else sa.LargeBinary()


def render_item(kind: str, item: Any, context: Any) -> str | Literal[False]:
    """What Alembic writes of a column type into a migration: the database's own. Give it to `context.configure` in `env.py`.

        >>> render_item("type", Encrypted(number), None)
        'sa.LargeBinary()'
    """
    return f"sa.{item._stored_as!r}" if kind == "type" and isinstance(item, Encrypted | Sealed) else False


class _Binding:
    """How the objects of a mapped class are sealed for a flush, and opened again."""

    def __init__(self, model: type[Any], records: Records) -> None:
        mapper = sa.inspect(model)
        names = set(mapper.column_attrs.keys())
        schema = records.schema
        fields = [schema.field(name) for name in schema.fields]
        self.records = records
        self.fields = {declared["column"]: declared for declared in fields if declared["column"] in names}
        self.handles = {
            name: records.keyring.field(schema, declared["id"], tenant=records.tenant) for name, declared in self.fields.items()
        }
        self.indexes = [
            index["column"] for declared in self.fields.values() for index in declared["indexes"] if index["column"] in names
        ]
        columns = {name: mapper.column_attrs[name].columns[0] for name in names}
        open_columns = [name for name in self.fields if not isinstance(columns[name].type, Sealed)]
        if open_columns:
            raise Error.of("invalid_argument", f"give {', '.join(open_columns)} the type Sealed: it refuses plaintext")
        types: dict[str, Sealed] = {name: columns[name].type for name in self.fields}
        if len({id(own) for own in types.values()}) != len(types):
            raise Error.of("invalid_argument", "give each column a Sealed of its own")
        self.ids = [path for path, _ in schema.record_id or []]
        missing = [path for path in self.ids if path not in names]
        if missing:
            raise Error.of("record_id_missing", f"no attribute {', '.join(missing)}")
        self.defaults = {path: columns[path].default for path in self.ids}
        for name, declared in self.fields.items():
            exact = [index for index in declared["indexes"] if index["is_exact"] and not index["is_list"] and index["column"] in names]
            for index in exact[:1]:
                types[name].found_by = (columns[index["column"]].key, self._tokens_of(name, index["name"]))

    def _tokens_of(self, name: str, index: str) -> Callable[[Any], list[Any]]:
        return lambda value: self.handles[name].query(index, value).tokens

    def insert(self, target: Any) -> None:
        for path in self.ids:
            if getattr(target, path) is None:
                setattr(target, path, self._default(path))
        clear = {name: getattr(target, name) for name in self.fields}
        row = self.records.encrypt({**{path: getattr(target, path) for path in self.ids}, **clear})
        self._seal(target, clear, {name: row.get(name) for name in (*self.fields, *self.indexes)})

    def _default(self, path: str) -> Any:
        """What Python makes for an id that is not assigned; the database's comes too late."""
        default: Any = self.defaults[path]
        if default is None or not (default.is_callable or default.is_scalar):
            raise Error.of("record_id_missing", f"assign {path} before the insert: an id made by the database comes too late")
        return default.arg(None) if default.is_callable else default.arg

    def update(self, target: Any) -> None:
        state: Any = sa.inspect(target)
        changed = {name: getattr(target, name) for name in self.fields if state.attrs[name].history.has_changes()}
        moved = [path for path in self.ids if state.attrs[path].history.deleted]
        if moved:
            raise Error.of("record_id_unexpected", f"{moved[0]} is part of the record id: re-encrypt to change it")
        sealed: dict[str, Any] = {}
        for name, value in changed.items():
            declared, handle = self.fields[name], self.handles[name]
            if value is None and declared["required"]:
                raise Error.of("missing_field", name)
            parts = tuple(getattr(target, path) for path in self.ids)
            sealed[name] = handle.encrypt(value, record_id=parts if declared["is_bound"] else None)
            sealed.update((column, token) for column, token in handle.index_values(value).items() if column in self.indexes)
        self._seal(target, changed, sealed)

    def _seal(self, target: Any, clear: dict[str, Any], sealed: dict[str, Any]) -> None:
        if not sealed:
            return
        session: Any = orm.object_session(target)
        session.info.setdefault(_SEALED, []).append((target, clear))
        for name, value in sealed.items():
            setattr(target, name, value)

    def opened(self, target: Any, fresh: Any = None) -> None:
        loaded = target.__dict__
        present = [name for name in self.fields if name in loaded and (fresh is None or name in fresh)]
        if present:
            row = {path: loaded[path] for path in self.ids if path in loaded}
            record = self.records.decrypt({**row, **{name: loaded[name] for name in present}})
            for name in present:
                orm.attributes.set_committed_value(target, name, record[name])


def _committed(session: orm.Session, context: Any) -> None:
    """After a flush: attributes hold Python's values again."""
    for target, clear in session.info.pop(_SEALED, ()):
        for name, value in clear.items():
            orm.attributes.set_committed_value(target, name, value)


def _rolled_back(session: orm.Session, transaction: Any) -> None:
    """After a flush that failed: what was not expired holds Python's values again."""
    for target, clear in session.info.pop(_SEALED, ()):
        for name, value in clear.items():
            if name in target.__dict__:
                orm.attributes.set_attribute(target, name, value)


def bind(model: type[Any], records: Records) -> None:
    """Encrypts the declared columns of a mapped class on every insert and update, and decrypts them on load.

    Attributes keep Python's values; what is in the clear stays there. Index columns that the class maps are filled. An update encrypts what has
    changed, no more. The record id is taken from the attributes that the schema names: assigned before the insert, or made by a default
    of Python's (`mapped_column(default=uuid.uuid4)`).

    Errors: `invalid_argument` for a declared column that is not `Sealed`; `record_id_missing` where the class maps no such attribute. A flush
    raises `record_id_missing` for an id that the database would make, `record_id_unexpected` for one that is changed, and those of
    `Records.encrypt`; a load those of `Records.decrypt`.

        >>> class Open(Base):
        ...     __tablename__ = "open"
        ...     patient_id: orm.Mapped[str] = orm.mapped_column(primary_key=True)
        ...     ssn: orm.Mapped[bytes | None]
        >>> bind(Open, keyring.records(schema))
        Traceback (most recent call last):
        fieldward.MisuseError: an argument is outside its documented range (give ssn the type Sealed: it refuses plaintext)
    """
    binding = _Binding(model, records)
    event.listen(model, "before_insert", lambda mapper, connection, target: binding.insert(target), propagate=True)
    event.listen(model, "before_update", lambda mapper, connection, target: binding.update(target), propagate=True)
    event.listen(model, "load", lambda target, _: binding.opened(target), propagate=True)
    event.listen(model, "refresh", lambda target, _, fresh: binding.opened(target, fresh), propagate=True)
    for name, after in (("after_flush_postexec", _committed), ("after_soft_rollback", _rolled_back)):
        if not event.contains(orm.Session, name, after):
            event.listen(orm.Session, name, after)


def matching(records: Records, model: type[Any], field: str, value: Any, *, index: str = "exact") -> Any:
    """The condition of a query: rows whose index column holds what `value` gives. Confirm rows of an inexact index with `Records.matches`.

    Errors: `unknown_field`, `unknown_index`, `query_empty`.

        >>> str(matching(patients, Patient, "ssn", "999-41-1234"))
        'patients.ssn_exact IN (__[POSTCOMPILE_ssn_exact_1])'
    """
    query = records.query(field, index, value)
    return getattr(model, query.column).in_(query.tokens)
