"""Django 5: a model field, and a model hook that binds the primary key.

- `EncryptedField("clinic.keys.number")` for one column: the name of a `fieldward.Field`, or of a callable that gives one, so that migrations hold
  a name and never a handle, and need no key. The field must bind no record id. `exact`, `in` and `isnull` search where it is
  deterministic, and `bulk_create`, `bulk_update` and `update` work. A unique constraint holds among values of one key version: after
  `rotate`, until the column is re-encrypted, a value can be there twice.
- `bind(Model, records)` for a model whose declared columns are `SealedField`: they are encrypted bound to the record's id on `save` and
  `bulk_create`, and index columns are filled; a unique index column holds through rotations. `exact` and `in` search by the exact index that a
  field has, `matching` by others. `bulk_update` and `update` see values and no row: they take envelopes alone (`not_an_envelope` otherwise).
  Ids must be there before the insert: use a UUID default, not an automatic key (`record_id_missing`). `values()` gives what is stored.

    >>> import uuid
    >>> from django.db import models
    >>> from fieldward.django import EncryptedField, SealedField, bind, matching
    >>> class Patient(models.Model):
    ...     patient_id = models.CharField(primary_key=True, max_length=36, default=uuid.uuid4)
    ...     ssn = SealedField(null=True)
    ...     ssn_exact = models.BinaryField(null=True, unique=True)
    ...
    ...     class Meta:
    ...         app_label = "docs"
    >>> bind(Patient, lambda: keyring.records(schema))
    >>> Patient.objects.filter(ssn="999-41-1234").query.where.children[0].lookup_name
    'exact'
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Literal

from django.core.exceptions import FieldError
from django.db import models
from django.db.models import lookups
from django.utils.module_loading import import_string

from ._errors import Error
from ._native import Field, Records, inspect

__all__ = ["EncryptedField", "SealedField", "bind", "matching"]


class _Stores(models.Field):
    """A column of envelopes."""

    class_lookups: ClassVar[dict[str, Any]]

    def __init__(self, *arguments: Any, stored: Literal["bytes", "text"] = "bytes", **options: Any) -> None:
        self.stored = stored
        super().__init__(*arguments, **options)

    def get_internal_type(self) -> str:
        return "TextField" if self.stored == "text" else "BinaryField"

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, arguments, options = super().deconstruct()
        return name, path, arguments, options if self.stored == "bytes" else {**options, "stored": self.stored}

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name not in ("exact", "in", "isnull"):
            raise FieldError(f"{lookup_name} of an encrypted column")
        return super().get_lookup(lookup_name)

    def found_by(self) -> tuple[models.Field, Callable[[Any], list[Any]]]:
        """The column that holds what a value is found by, and what it is compared with."""
        raise NotImplementedError


class EncryptedField(_Stores):
    """A column whose values are encrypted on the way in and decrypted on the way out. Null stays null.

    **No record id is bound**, since a column cannot see its row: the field is deterministic, or declares `record_binding = "none"`
    (`record_id_missing` otherwise), and who can write the table can move a value to another row unseen. `stored` is the form that the schema
    declares, `bytes` or `text`.

        >>> EncryptedField("clinic.keys.number", null=True, unique=True).deconstruct()[1:]
        ('fieldward.django.EncryptedField', ['clinic.keys.number'], {'unique': True, 'null': True})
    """

    description = "an encrypted value"

    def __init__(self, handle: str, *, stored: Literal["bytes", "text"] = "bytes", **options: Any) -> None:
        """The values of the field that `handle` names: the dotted path of a `fieldward.Field`, or of a callable that gives one."""
        self.handle_name = handle
        super().__init__(stored=stored, **options)

    @property
    def handle(self) -> Field:
        """The field, imported when it is needed."""
        found = import_string(self.handle_name)
        handle: Field = found if isinstance(found, Field) else found()
        declared = handle.schema.field(handle.id)
        if declared["is_bound"]:
            raise Error.of("record_id_missing", f"a column cannot see the row: declare record_binding = none for {handle.id}, or use bind")
        if declared["stored"] != self.stored:
            raise Error.of("wrong_stored_form", f"{handle.id} is stored as {declared['stored']}: say stored={declared['stored']!r}")
        return handle

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, arguments, options = super().deconstruct()
        return name, path, [self.handle_name, *arguments], options

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return self.handle.encrypt(value)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return self.handle.decrypt(value)

    def found_by(self) -> tuple[models.Field, Callable[[Any], list[Any]]]:
        return self, self.handle.tokens


class SealedField(_Stores):
    """A column that takes envelopes alone, for models that `bind` encrypts: anything else is refused before it is written.

    `stored` is the form that the schema declares, `bytes` or `text`.

        >>> SealedField(stored="text").deconstruct()[1:]
        ('fieldward.django.SealedField', [], {'stored': 'text'})
    """

    description = "an envelope"
    binding: _Binding | None = None

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        if self.binding is None:
            return super().pre_save(model_instance, add)
        return self.binding.sealed(model_instance, self.attname)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is not None:
            inspect(value)
        return value

    def found_by(self) -> tuple[models.Field, Callable[[Any], list[Any]]]:
        if self.binding is None:
            raise Error.of("unknown_index", "a sealed column is found by the exact index of a bound model")
        return self.binding.found_by(self.attname)


class _Tokens:
    """Compares with the tokens of a value: one for each key version, so that searches go on through a rotation."""

    lhs: Any
    rhs: Any
    rhs_is_direct_value: Callable[[], bool]

    def get_prep_lookup(self) -> Any:
        if not self.rhs_is_direct_value():
            raise FieldError("an encrypted column is compared with values")
        return self.rhs

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        field, tokens_of = self.lhs.output_field.found_by()
        column, parameters = compiler.compile(models.expressions.Col(self.lhs.alias, field))
        values = list(self.rhs) if isinstance(self, lookups.In) else [self.rhs]
        tokens = [token for value in values if value is not None for token in tokens_of(value)]
        if not tokens:
            return "0 = 1", []
        return f"{column} IN ({', '.join(['%s'] * len(tokens))})", [*parameters, *tokens]


@_Stores.register_lookup
class _Exact(_Tokens, lookups.Exact):
    pass


@_Stores.register_lookup
class _In(_Tokens, lookups.In):
    pass


class _Bound:
    """A model's columns under one record handle."""

    def __init__(self, model: type[models.Model], records: Records) -> None:
        columns = {field.attname: field for field in model._meta.concrete_fields}
        schema = records.schema
        declared = {field["column"]: field for field in map(schema.field, schema.fields) if field["column"] in columns}
        open_columns = [name for name in declared if not isinstance(columns[name], SealedField)]
        if open_columns:
            raise Error.of("invalid_argument", f"make {', '.join(open_columns)} a SealedField: it refuses plaintext")
        self.ids = schema.record_id or []
        missing = [path for path, _ in self.ids if path not in columns]
        if missing:
            raise Error.of("record_id_missing", f"no attribute {', '.join(missing)}")
        self.records, self.columns, self.declared = records, columns, declared
        self.handles = {name: records.keyring.field(schema, field["id"], tenant=records.tenant) for name, field in declared.items()}
        self.index_of = {
            index["column"]: name for name, field in declared.items() for index in field["indexes"] if index["column"] in columns
        }


class _Binding:
    """How the objects of a model are sealed on the way to the database, and opened again."""

    def __init__(self, model: type[models.Model], records: Records | Callable[[], Records]) -> None:
        self._model, self._records = model, records
        self._last: _Bound | None = None

    @property
    def bound(self) -> _Bound:
        records = self._records if isinstance(self._records, Records) else self._records()
        last = self._last
        if last is None or last.records is not records:
            last = self._last = _Bound(self._model, records)
        return last

    def sealed(self, instance: models.Model, name: str) -> Any:
        """The envelope of one attribute."""
        bound = self.bound
        declared = bound.declared.get(name)
        if declared is None:
            raise Error.of("undeclared_field", name)
        value = getattr(instance, name)
        if value is None and declared["required"]:
            raise Error.of("missing_field", name)
        ids = tuple(getattr(instance, path) for path, _ in bound.ids)
        if None in ids:
            path = bound.ids[ids.index(None)][0]
            raise Error.of("record_id_missing", f"assign {path} before the insert: an id made by the database comes too late")
        # what a text column gives back is text, whatever its default made
        ids = tuple(str(part) if kind == "text" else part for part, (_, kind) in zip(ids, bound.ids, strict=True))
        return bound.handles[name].encrypt(value, record_id=ids if declared["is_bound"] else None)

    def filled(self, instance: models.Model, column: str, value: Any) -> Any:
        """The value of a column: of an index, if it is that of one."""
        bound = self.bound
        name = bound.index_of.get(column)
        return value if name is None else bound.handles[name].index_values(getattr(instance, name))[column]

    def opened(self, instance: models.Model) -> models.Model:
        bound = self.bound
        present = [name for name in bound.declared if name in instance.__dict__]
        if present:
            row = {name: instance.__dict__[name] for name in (*(path for path, _ in bound.ids), *present) if name in instance.__dict__}
            record = bound.records.decrypt(row)
            instance.__dict__.update({name: record[name] for name in present})
        return instance

    def found_by(self, name: str) -> tuple[models.Field, Callable[[Any], list[Any]]]:
        bound = self.bound
        for index in bound.declared[name]["indexes"] if name in bound.declared else ():
            if index["is_exact"] and not index["is_list"] and index["column"] in bound.columns:
                return bound.columns[index["column"]], lambda value: bound.handles[name].query(index["name"], value).tokens
        raise Error.of("unknown_index", f"{name} has no exact index that the model has a column of: see matching")

    def with_indexes(self, update_fields: Any) -> frozenset[str]:
        """The fields of a partial save, and the index columns of those among them that are sealed."""
        return frozenset(update_fields) | {column for column, name in self.bound.index_of.items() if name in update_fields}


def bind(model: type[models.Model], records: Records | Callable[[], Records]) -> None:
    """Encrypts the declared columns of a model on `save` and `bulk_create`, and decrypts them on load. Attributes keep Python's values.

    `records` may be a callable, for keyrings that are opened after the models are loaded, or that differ by tenant.

    Errors, when objects are saved: `record_id_missing` for an id that the database would make, and those of `Records.encrypt`; when they are
    loaded those of `Records.decrypt`; `invalid_argument` for a declared column that is no `SealedField`.

        >>> ana = Patient(ssn="999-41-1234")
        >>> written = Patient._meta.get_field("ssn").pre_save(ana, add=True)  # as save and bulk_create do
        >>> ssn.decrypt(written, record_id=str(ana.patient_id)), ana.ssn
        ('999-41-1234', '999-41-1234')
    """
    binding = _Binding(model, records)
    save_base, from_db = model.save_base, model.from_db.__func__

    def save(self: models.Model, *arguments: Any, **options: Any) -> None:
        if options.get("update_fields") is not None:
            options["update_fields"] = binding.with_indexes(options["update_fields"])
        save_base(self, *arguments, **options)

    def loaded(cls: Any, /, database: Any, field_names: Any, values: Any, **options: Any) -> Any:
        return binding.opened(from_db(cls, database, field_names, values, **options))

    for field in model._meta.concrete_fields:
        if isinstance(field, SealedField):
            field.binding = binding
        else:
            field.pre_save = partial(_pre_save, binding, field, field.pre_save)
    model.save_base = save
    model.from_db = classmethod(loaded)


def _pre_save(binding: _Binding, field: models.Field, own: Callable[[Any, bool], Any], instance: models.Model, add: bool) -> Any:
    """`pre_save` of a column that may be that of an index: the attribute is set too."""
    value = own(instance, add)
    filled = binding.filled(instance, field.attname, value)
    if filled is not value:
        setattr(instance, field.attname, filled)
    return filled


def matching(records: Records, field: str, value: Any, *, index: str = "exact") -> models.Q:
    """The condition of a query: rows whose index column holds what `value` gives. Confirm rows of an inexact index with `Records.matches`.

    Errors: `unknown_field`, `unknown_index`, `query_empty`.

        >>> matching(patients, "ssn", "999-41-1234").children[0][0]
        'ssn_exact__in'
    """
    query = records.query(field, index, value)
    return models.Q(**{f"{query.column}__in": query.tokens})
