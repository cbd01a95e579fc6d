"""Django: the column and the model hook, on SQLite."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import django
import pytest
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations.writer import MigrationWriter

import fieldward as fw
from conftest import schema_of

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

from fieldward.django import EncryptedField, SealedField, bind, matching  # noqa: E402

SCHEMA = schema_of(
    {"id": "ssn", "type": "text", "mode": "randomized",
     "indexes": [{"name": "exact", "column": "ssn_exact", "transform": "exact", "normalizer": ["digits"]}]},
    {"id": "born", "type": "date", "mode": "randomized"},
    {"id": "number", "type": "text", "mode": "deterministic"},
    {"id": "note", "type": "text", "mode": "randomized", "record_binding": "none", "stored": "text"},
    record_id=[{"path": "id", "type": "uuid"}],
)
OPEN: list[fw.Keyring] = []


def number() -> fw.Field:
    return OPEN[-1].field(SCHEMA, "number")


def note() -> fw.Field:
    return OPEN[-1].field(SCHEMA, "note")


def ssn() -> fw.Field:
    return OPEN[-1].field(SCHEMA, "ssn")


class Visit(models.Model):
    number = EncryptedField("test_django.number", null=True, unique=True)
    note = EncryptedField("test_django.note", null=True)

    class Meta:
        app_label = "clinic"


class Patient(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    ssn = SealedField(null=True)
    ssn_exact = models.BinaryField(null=True, unique=True)
    born = SealedField(null=True)
    ward = models.IntegerField(null=True)

    class Meta:
        app_label = "clinic"


bind(Patient, lambda: OPEN[-1].records(SCHEMA))


@pytest.fixture(autouse=True)
def tables(keyring: fw.Keyring) -> Iterator[None]:
    OPEN.append(keyring)
    with connection.schema_editor() as editor:
        editor.create_model(Visit)
        editor.create_model(Patient)
    yield
    with connection.schema_editor() as editor:
        editor.delete_model(Visit)
        editor.delete_model(Patient)
    OPEN.pop()


def raw(statement: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def test_a_column(keyring: fw.Keyring) -> None:
    Visit.objects.create(number="1", note="a")
    Visit.objects.create(number="2", note=None)
    stored = raw("SELECT number, note FROM clinic_visit ORDER BY id")
    assert bytes(stored[0][0]) == number().encrypt("1")
    assert stored[0][1].startswith("fw1.")
    assert stored[1][1] is None
    keyring.rotate(activate_immediately=True)
    Visit.objects.create(number="3")
    assert Visit.objects.get(number="1").note == "a"
    found = Visit.objects.filter(number__in=["1", "3", "9"]).order_by("id")
    assert [visit.number for visit in found] == ["1", "3"]
    assert not Visit.objects.filter(number="9").exists()
    assert Visit.objects.filter(note__isnull=True).count() == 2
    assert Visit.objects.exclude(number="1").count() == 2
    with pytest.raises(FieldError):
        Visit.objects.filter(number__startswith="1")
    with pytest.raises(fw.MisuseError) as refused:
        list(Visit.objects.filter(note="a"))
    assert refused.value.code == "wrong_field_mode"


def test_migrations_hold_a_name() -> None:
    written, imports = MigrationWriter.serialize(Visit._meta.get_field("number"))
    assert written == "fieldward.django.EncryptedField('test_django.number', null=True, unique=True)"
    written, _ = MigrationWriter.serialize(SealedField(stored="text"))
    assert written == "fieldward.django.SealedField(stored='text')"


def test_bound_fields_need_the_hook() -> None:
    with pytest.raises(fw.MisuseError) as refused:
        EncryptedField("test_django.ssn").handle
    assert refused.value.code == "record_id_missing"


def test_a_model() -> None:
    born = dt.date(1950, 2, 3)
    ana = Patient(ssn="999-41-1234", born=born, ward=3)
    ana.save()
    assert (ana.ssn, ana.born) == ("999-41-1234", born)
    stored = raw("SELECT ssn, ssn_exact FROM clinic_patient")
    assert b"999" not in bytes(stored[0][0])
    records = OPEN[-1].records(SCHEMA)
    found = Patient.objects.get(matching(records, "ssn", "999 41 1234"))
    assert (found.id, found.ssn, found.born, found.ward) == (ana.id, "999-41-1234", born, 3)
    found.ssn = "999-41-9999"
    found.save()
    found.refresh_from_db()
    assert found.ssn == "999-41-9999"
    assert not Patient.objects.filter(matching(records, "ssn", "999-41-1234")).exists()
    with pytest.raises(FieldError):
        Patient.objects.filter(ssn="999-41-9999")


def test_unique_index_columns() -> None:
    Patient(ssn="999-41-1234").save()
    with pytest.raises(IntegrityError), transaction.atomic():
        Patient(ssn="999411234").save()


def test_ids_made_by_the_database_are_refused() -> None:
    with pytest.raises(fw.MisuseError) as refused:
        Patient(id=None, ssn="1").save()
    assert refused.value.code == "record_id_missing"


def test_what_goes_past_save_is_refused_in_the_clear() -> None:
    patient = Patient(ssn="1")
    patient.save()
    with pytest.raises(fw.EnvelopeError):
        Patient.objects.bulk_create([Patient(ssn=b"999-41-1234")])
    with pytest.raises(fw.EnvelopeError):
        Patient.objects.update(ssn=b"999-41-1234")


def test_rows_that_were_moved_are_refused() -> None:
    Patient(ssn="1", born=dt.date(2000, 1, 1)).save()
    other = Patient(ssn="2")
    other.save()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE clinic_patient SET ssn = (SELECT ssn FROM clinic_patient WHERE born IS NOT NULL)")
    with pytest.raises(fw.AuthenticationError):
        Patient.objects.get(id=other.id)
