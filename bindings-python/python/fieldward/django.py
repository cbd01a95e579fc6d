"""Django 5: a model field, and a model hook that binds the primary key.

- `EncryptedField("clinic.keys.number")` for one column: the name of a `fieldward.Field`, or of a callable that gives one, so that
  migrations hold a name and never a handle. The field must bind no record id. `exact`, `in` and `isnull` search where it is
  deterministic.
- `bind(Model, records)` for a model whose declared columns are `SealedField`: they are encrypted bound to the record's id on `save`, and
  index columns are filled. `SealedField` refuses plaintext, so that what goes past `save`, such as `bulk_create` and `update`, must be
  encrypted already. Ids must be there before the insert: use a UUID default, not an automatic key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.core.exceptions import FieldError
from django.db import models
from django.db.models import lookups
from django.utils.module_loading import import_string

from ._errors import Error
from ._native import Field, Records, inspect

__all__ = ["EncryptedField", "SealedField", "bind", "matching"]


class EncryptedField(models.Field):
    """A column whose values are encrypted on the way in and decrypted on the way out. Null stays null."""

    description = "an encrypted value"
    class_lookups: ClassVar[dict[str, Any]]

    def __init__(self, handle: str, **options: Any) -> None:
        self.handle_name = handle
        super().__init__(**options)

    @property
    def handle(self) -> Field:
        """The field, imported when it is needed."""
        found = import_string(self.handle_name)
        handle: Field = found if isinstance(found, Field) else found()
        if handle.schema.field(handle.id)["is_bound"]:
            raise Error.of("record_id_missing", f"a column cannot see the row: declare record_binding = none for {handle.id}, or use bind")
        return handle

    def get_internal_type(self) -> str:
        return "TextField" if self.handle.schema.field(self.handle.id)["stored"] == "text" else "BinaryField"

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, arguments, options = super().deconstruct()
        return name, path, [self.handle_name, *arguments], options

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return self.handle.encrypt(value)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return self.handle.decrypt(value)

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name not in ("exact", "in", "isnull"):
            raise FieldError(f"{lookup_name} of an encrypted column")
        return super().get_lookup(lookup_name)


class _Tokens:
    """Compares with the tokens of a value: one for each key version, so that searches go on through a rotation."""

    lhs: Any
    rhs: Any
    process_lhs: Callable[..., tuple[str, Any]]

    def get_prep_lookup(self) -> Any:
        return self.rhs

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        values = list(self.rhs) if isinstance(self, lookups.In) else [self.rhs]
        handle = self.lhs.output_field.handle
        tokens = [token for value in values if value is not None for token in handle.tokens(value)]
        if not tokens:
            return "0 = 1", []
        return f"{column} IN ({', '.join(['%s'] * len(tokens))})", [*parameters, *tokens]


@EncryptedField.register_lookup
class _Exact(_Tokens, lookups.Exact):
    pass


@EncryptedField.register_lookup
class _In(_Tokens, lookups.In):
    pass


class SealedField(models.Field):
    """A column that takes envelopes alone, for models that `bind` encrypts: anything else is refused before it is written."""

    description = "an envelope"

    def __init__(self, *, stored: str = "bytes", **options: Any) -> None:
        self.stored = stored
        super().__init__(**options)

    def get_internal_type(self) -> str:
        return "TextField" if self.stored == "text" else "BinaryField"

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, arguments, options = super().deconstruct()
        if self.stored != "bytes":
            options["stored"] = self.stored
        return name, path, arguments, options

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is not None:
            inspect(value)
        return value

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{lookup_name} of a sealed column: search by its index column")
        return super().get_lookup(lookup_name)


def bind(model: type[models.Model], records: Records | Callable[[], Records]) -> None:
    """Encrypts the declared columns of a model on `save`, and decrypts them on load. Attributes keep Python's values.

    `records` may be a callable, for keyrings that are opened after the models are loaded.
    """

    def of() -> Records:
        return records if isinstance(records, Records) else records()

    names = {field.attname for field in model._meta.concrete_fields}
    sealed = {field.attname for field in model._meta.concrete_fields if isinstance(field, SealedField)}
    save_base, from_db = model.save_base, model.from_db.__func__

    def ids(own: Records) -> list[str]:
        parts = [path for path, _ in own.schema.record_id or []]
        missing = [path for path in parts if path not in names]
        if missing:
            raise Error.of("record_id_missing", f"no attribute {', '.join(missing)}")
        return parts

    def declared(own: Records) -> tuple[list[str], list[str]]:
        fields = [own.schema.field(name) for name in own.schema.fields]
        columns = [field["column"] for field in fields if field["column"] in names]
        open_columns = [name for name in columns if name not in sealed]
        if open_columns:
            raise Error.of("invalid_argument", f"make {', '.join(open_columns)} a SealedField: it refuses plaintext")
        return columns, [index["column"] for field in fields for index in field["indexes"] if index["column"] in names]

    def save(self: models.Model, *arguments: Any, **options: Any) -> None:
        own = of()
        columns, indexes = declared(own)
        clear = {name: getattr(self, name) for name in columns}
        parts = {path: getattr(self, path) for path in ids(own)}
        for path, value in parts.items():
            if value is None:
                raise Error.of("record_id_missing", f"assign {path} before the insert: an id made by the database comes too late")
        row = own.encrypt({**parts, **clear})
        try:
            for name in (*columns, *indexes):
                setattr(self, name, row.get(name))
            save_base(self, *arguments, **options)
        finally:
            for name, value in clear.items():
                setattr(self, name, value)

    def loaded(cls: Any, /, database: Any, field_names: Any, values: Any, **options: Any) -> Any:
        instance = from_db(cls, database, field_names, values, **options)
        own = of()
        present = [name for name in declared(own)[0] if name in instance.__dict__]
        if present:
            parts = {path: instance.__dict__[path] for path in ids(own) if path in instance.__dict__}
            record = own.decrypt({**parts, **{name: instance.__dict__[name] for name in present}})
            instance.__dict__.update({name: record[name] for name in present})
        return instance

    model.save_base = save
    model.from_db = classmethod(loaded)


def matching(records: Records, field: str, value: Any, *, index: str = "exact") -> models.Q:
    """The condition of a query: rows whose index column holds what `value` gives."""
    query = records.query(field, index, value)
    return models.Q(**{f"{query.column}__in": query.tokens})
