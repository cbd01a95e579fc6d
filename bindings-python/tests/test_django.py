"""Django: the column and the model hook, on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import IntegrityError, connections, models, transaction
from django.db.migrations.writer import MigrationWriter

import fieldward as fw
from conftest import schema_of
from postgres import database
from refusals import CANARY, refused

if not settings.configured:
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
    note = EncryptedField("test_django.note", null=True, stored="text")

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


class Counted(models.Model):
    note = SealedField(null=True)

    class Meta:
        app_label = "clinic"


MODELS = (Visit, Patient, Counted)
RECORDS: list[fw.Records] = []
COUNTED = schema_of({"id": "note", "type": "text", "mode": "randomized"}, table="counted", record_id=[{"path": "id", "type": "i64"}])
bind(Patient, lambda: RECORDS[-1])
bind(Counted, lambda: OPEN[-1].records(COUNTED))


@pytest.fixture(autouse=True, params=["sqlite3", "postgresql"])
def tables(keyring: fw.Keyring, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[None]:
    OPEN.append(keyring)
    RECORDS.append(keyring.records(SCHEMA))
    place: dict[str, Any] = {"NAME": tmp_path / "django.db"}
    if request.param == "postgresql":
        made = database(request.getfixturevalue("server"), "django")
        place = {"NAME": made["dbname"], "USER": made["user"], "HOST": made["host"], "PORT": made["port"]}
    connections.settings = connections.configure_settings({"default": {"ENGINE": f"django.db.backends.{request.param}", **place}})
    connections["default"] = connections.create_connection("default")
    with connections["default"].schema_editor() as editor:
        for model in MODELS:
            editor.create_model(model)
    yield
    connections["default"].close()
    OPEN.pop()
    RECORDS.pop()


def raw(statement: str) -> list[Any]:
    with connections["default"].cursor() as cursor:
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
    assert Patient.objects.get(ssn="999 41 9999").id == ana.id, "by the exact index"
    assert Patient.objects.filter(ssn__in=["999-41-9999", "7"]).count() == 1
    assert Patient.objects.exclude(ssn="999-41-9999").count() == 0
    assert Patient.objects.filter(ssn__isnull=True).count() == 0
    refused(lambda: list(Patient.objects.filter(born=born)), "unknown_index")
    with pytest.raises(FieldError):
        Patient.objects.filter(ssn__startswith="9")
    with pytest.raises(FieldError):
        Patient.objects.filter(ssn=models.F("ssn_exact"))


def test_unique_index_columns() -> None:
    Patient(ssn="999-41-1234").save()
    with pytest.raises(IntegrityError), transaction.atomic():
        Patient(ssn="999411234").save()


def test_ids_made_by_the_database_are_refused() -> None:
    error = refused(lambda: Counted(note=CANARY).save(), "record_id_missing")
    assert "made by the database comes too late" in (error.detail or "")
    refused(lambda: Counted.objects.bulk_create([Counted(note=CANARY)]), "record_id_missing")
    Counted(id=7, note="fine").save()
    assert Counted.objects.get(id=7).note == "fine"
    made = Patient(id=None, ssn="1")
    made.save()
    assert Patient.objects.get(ssn="1").id == made.id, "a default of Python's is there before the insert"


def test_bulk_create() -> None:
    made = Patient.objects.bulk_create([Patient(ssn=f"999-41-{row:04d}", ward=row) for row in range(5)], batch_size=2)
    assert [patient.ssn for patient in made] == [f"999-41-{row:04d}" for row in range(5)]
    assert Patient.objects.get(ssn="999-41-0003").ward == 3
    assert all(b"999" not in bytes(row[0]) for row in raw("SELECT ssn FROM clinic_patient"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Patient.objects.bulk_create([Patient(ssn="999-41-0003")])
    assert Patient.objects.bulk_create([Patient(ssn="999-41-0003")], ignore_conflicts=True)[0].ssn == "999-41-0003"
    assert Patient.objects.count() == 5


def test_what_sees_no_row_takes_envelopes() -> None:
    ana = Patient.objects.create(ssn="999-41-1234", ward=3)
    refused(lambda: Patient.objects.update(ssn=CANARY.encode()), "not_an_envelope")
    refused(lambda: Patient.objects.filter(id=ana.id).update(ssn=CANARY), "not_an_envelope")
    ana.ssn = CANARY
    refused(lambda: Patient.objects.bulk_update([ana], ["ssn"]), "not_an_envelope")
    ana.ward = 4
    Patient.objects.bulk_update([ana], ["ward"])
    row = RECORDS[-1].encrypt({"id": ana.id, "ssn": "999-41-9999"})
    Patient.objects.filter(id=ana.id).update(ssn=row["ssn"], ssn_exact=row["ssn_exact"])
    found = Patient.objects.get(ssn="999-41-9999")
    assert (found.ssn, found.ward) == ("999-41-9999", 4)


def test_bulk_changes_of_a_column() -> None:
    visits = Visit.objects.bulk_create([Visit(number=str(row), note="a") for row in range(3)])
    visits = list(Visit.objects.order_by("id"))
    for visit in visits:
        visit.number, visit.note = f"new {visit.number}", None
    Visit.objects.bulk_update(visits, ["number", "note"])
    assert [visit.number for visit in Visit.objects.order_by("id")] == ["new 0", "new 1", "new 2"]
    assert Visit.objects.filter(note__isnull=True).count() == 3
    assert Visit.objects.filter(number="new 1").update(note="b", number="7") == 1
    assert Visit.objects.get(number="7").note == "b"
    found, is_new = Visit.objects.get_or_create(number="7")
    assert (found.note, is_new) == ("b", False)
    found, is_new = Visit.objects.update_or_create(number="8", defaults={"note": "c"})
    assert (found.number, is_new) == ("8", True)
    refused(lambda: Visit.objects.update(number=7), "wrong_type")


def test_partial_saves_fill_the_index() -> None:
    ana = Patient.objects.create(ssn="999-41-1234", born=dt.date(1950, 2, 3), ward=3)
    before = raw("SELECT ssn, ssn_exact, born FROM clinic_patient")
    ana.ward = 4
    ana.save(update_fields=["ward"])
    assert raw("SELECT ssn, ssn_exact, born FROM clinic_patient") == before
    ana.ssn = "999-41-9999"
    ana.save(update_fields=["ssn"])
    assert Patient.objects.get(ssn="999-41-9999").ward == 4
    assert not Patient.objects.filter(ssn="999-41-1234").exists()
    ana.ssn = None
    ana.save()
    assert raw("SELECT ssn, ssn_exact FROM clinic_patient") == [(None, None)]
    found, is_new = Patient.objects.get_or_create(ssn="999-41-7777", defaults={"ward": 5})
    assert (found.ward, is_new, Patient.objects.get_or_create(ssn="999-41-7777")[1]) == (5, True, False)


def test_deferred_columns_and_values() -> None:
    Patient.objects.create(ssn="999-41-1234", ward=3)
    partly = Patient.objects.defer("ssn").get()
    assert "ssn" not in partly.__dict__
    partly.ward = 4
    partly.save()
    assert partly.ssn == "999-41-1234"
    assert Patient.objects.only("ssn").get().ssn == "999-41-1234"
    assert bytes(Patient.objects.values_list("ssn", flat=True).get())[:3] != b"999", "values come as they are stored"
    assert next(Patient.objects.iterator(chunk_size=1)).ssn == "999-41-1234"
    assert Patient.objects.raw("SELECT * FROM clinic_patient")[0].ssn == "999-41-1234"
    partly.refresh_from_db(fields=["ssn"])
    assert partly.ssn == "999-41-1234"


def test_a_column_of_the_other_form() -> None:
    refused(lambda: EncryptedField("test_django.note").handle, "wrong_stored_form")


def test_migrations_need_no_key() -> None:
    """What `makemigrations` finds and `sqlmigrate` prints, with a name that leads nowhere."""
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.graph import MigrationGraph
    from django.db.migrations.questioner import MigrationQuestioner
    from django.db.migrations.state import ModelState, ProjectState

    fields: list[tuple[str, models.Field[Any, Any]]] = [
        ("id", models.BigAutoField(primary_key=True)),
        ("number", EncryptedField("no.such.name", unique=True, null=True)),
        ("note", EncryptedField("no.such.name", stored="text")),
        ("seal", SealedField(null=True)),
    ]

    def declared() -> ProjectState:
        state = ProjectState()
        state.add_model(ModelState("clinic", "Visit", fields))
        return state

    found = MigrationAutodetector(ProjectState(), declared(), MigrationQuestioner(specified_apps={"clinic"})).changes(graph=MigrationGraph())
    migration = found["clinic"][0]
    written = MigrationWriter(migration).as_string()
    assert "import fieldward.django" in written
    assert "fieldward.django.EncryptedField('no.such.name', stored='text')" in written
    names: dict[str, Any] = {}
    exec(compile(written, "0001_initial.py", "exec"), names)
    again = names["Migration"]("0001_initial", "clinic")
    connection = connections["default"]
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        state = again.apply(ProjectState(), editor, collect_sql=True)
    sql = "\n".join(editor.collected_sql).lower()
    assert '"number" ' + ("bytea" if connection.vendor == "postgresql" else "blob") + " null unique" in sql
    assert '"note" text not null' in sql
    assert MigrationAutodetector(state, declared(), MigrationQuestioner(specified_apps={"clinic"})).changes(graph=MigrationGraph()) == {}, "nothing is left to do"


def test_rows_that_were_moved_are_refused() -> None:
    Patient(ssn="1", born=dt.date(2000, 1, 1)).save()
    other = Patient(ssn="2")
    other.save()
    with connections["default"].cursor() as cursor:
        cursor.execute("UPDATE clinic_patient SET ssn = (SELECT ssn FROM clinic_patient WHERE born IS NOT NULL)")
    with pytest.raises(fw.AuthenticationError):
        Patient.objects.get(id=other.id)
