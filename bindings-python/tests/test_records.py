"""Records: dicts, dataclasses and pydantic models; what is in the clear is the same object; what does not fit is refused."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from typing import Any

import pydantic
import pytest

import fieldward as fw
from conftest import schema_of

SCHEMA = schema_of(
    {
        "id": "ssn",
        "type": "text",
        "mode": "randomized",
        "required": True,
        "indexes": [{"name": "exact", "column": "ssn_exact", "transform": "exact", "normalizer": ["digits"]}],
    },
    {"id": "born", "type": "date", "mode": "randomized"},
    {"id": "visit", "path": "visits[].at", "type": "timestamp", "mode": "randomized", "stored": "text"},
    {"id": "phone", "path": "contact.phones[use=home].number", "type": "text", "mode": "randomized", "stored": "text",
     "indexes": [{"name": "exact", "column": "phones", "transform": "exact"}]},
    clear=["ward", "seen"],
)
SEEN = dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.timezone.utc)


def patient() -> dict[str, Any]:
    return {
        "id": "p-7",
        "ssn": "999-41-1234",
        "born": dt.date(1950, 2, 3),
        "seen": SEEN,
        "visits": [{"at": SEEN, "room": 1}, {"at": None, "room": 2}],
        "contact": {"phones": [{"use": "home", "number": "1"}, {"use": "work", "number": "2"}], "zip": "12345"},
    }


def test_a_dict_comes_back(keyring: fw.Keyring) -> None:
    records = keyring.records(SCHEMA)
    given = patient()
    row = records.encrypt(given)
    assert given == patient(), "the caller's record is left alone"
    assert list(row) == [*given, "ssn_exact", "phones"]
    assert isinstance(row["ssn"], bytes)
    assert row["seen"] is SEEN
    assert row["visits"][0]["at"].startswith("fw1.")
    assert row["visits"][1] == {"at": None, "room": 2}
    assert row["contact"]["phones"][1] == {"use": "work", "number": "2"}
    assert row["contact"]["phones"][0]["number"].startswith("fw1.")
    assert len(row["phones"]) == 1
    back = records.decrypt(row)
    assert back == given
    assert list(back) == list(given)
    assert type(back["born"]) is dt.date
    assert records.query("ssn", "exact", "999411234").tokens == [row["ssn_exact"]]
    assert records.matches("phone", "exact", "1", row)
    assert not records.matches("phone", "exact", "2", row)


def test_null_stays_null_and_missing_stays_missing(keyring: fw.Keyring) -> None:
    records = keyring.records(SCHEMA)
    row = records.encrypt({"id": "p", "ssn": "1", "born": None})
    assert row["born"] is None
    assert set(row) == {"id", "ssn", "born", "ssn_exact"}
    assert records.decrypt(row) == {"id": "p", "ssn": "1", "born": None}


@dataclasses.dataclass
class Contact:
    phones: list[dict[str, str]]


@dataclasses.dataclass
class Patient:
    id: str
    ssn: str
    born: dt.date | None
    contact: Contact | dict[str, Any]


class Model(pydantic.BaseModel):
    id: str
    ssn: str
    born: dt.date | None = None


def test_dataclasses(keyring: fw.Keyring) -> None:
    records = keyring.records(SCHEMA)
    given = Patient("p", "1", dt.date(1950, 2, 3), Contact([{"use": "home", "number": "1"}]))
    row = records.encrypt(given)
    assert row["contact"]["phones"][0]["number"].startswith("fw1.")
    back = records.decrypt(row, into=Patient)
    assert back == dataclasses.replace(given, contact={"phones": [{"use": "home", "number": "1"}]})


def test_pydantic_models(keyring: fw.Keyring) -> None:
    records = keyring.records(SCHEMA)
    given = Model(id="p", ssn="1", born=dt.date(1950, 2, 3))
    assert records.decrypt(records.encrypt(given), into=Model) == given
    with pytest.raises(fw.WrongTypeError):
        records.encrypt(object())


def refused(records: fw.Records, change: dict[str, Any]) -> str:
    with pytest.raises(fw.Error) as raised:
        records.encrypt({**patient(), **change})
    assert "1234" not in str(raised.value)
    return raised.value.code


def test_what_does_not_fit_is_refused(keyring: fw.Keyring) -> None:
    records = keyring.records(SCHEMA)
    deep: Any = None
    for _ in range(200):
        deep = [deep]
    cases = [
        ({"ssn": 7}, "wrong_type"),
        ({"ssn": None}, "missing_field"),
        ({"id": None}, "record_id_invalid"),
        ({"id": 7}, "record_id_invalid"),
        ({"other": 1}, "undeclared_field"),
        ({"ssn_exact": b""}, "record_shape"),
        ({"visits": {"at": SEEN}}, "record_shape"),
        ({"visits": [{"at": "2026-01-02"}]}, "wrong_type"),
        ({"contact": {"phones": "none"}}, "record_shape"),
        ({"ward": deep}, "record_too_deep"),
        ({7: 1}, "record_shape"),
    ]
    for change, code in cases:
        assert refused(records, change) == code, change  # type: ignore[arg-type]


def test_a_row_that_was_moved_or_changed_is_refused(keyring: fw.Keyring) -> None:
    records = keyring.records(SCHEMA)
    row, other = records.encrypt(patient()), records.encrypt({**patient(), "id": "p-8"})
    for changed in ({**row, "id": "p-8"}, {**row, "ssn": other["ssn"]}, {**row, "ssn": row["born"]}):
        with pytest.raises(fw.AuthenticationError):
            records.decrypt(changed)
    with pytest.raises(fw.EnvelopeError) as plain:
        records.decrypt({**row, "ssn": b"999-41-1234"})
    assert plain.value.code == "not_an_envelope"
    assert plain.value.detail == "ssn"


def test_rows_move_to_the_current_key(keyring: fw.Keyring) -> None:
    records = keyring.records(SCHEMA)
    row = records.encrypt(patient())
    keyring.rotate(activate_immediately=True)
    assert records.needs_rotation(row)
    moved = records.reencrypt(row)
    assert not records.needs_rotation(moved)
    assert moved["ssn_exact"] == row["ssn_exact"]
    assert records.decrypt(moved) == patient()
    with pytest.raises(fw.AuthenticationError):
        records.reencrypt({**row, "ssn_exact": bytes(16)})


def test_the_patient_preset(keyring: fw.Keyring) -> None:
    records = keyring.records(fw.Schema.patient())
    given = {"patient_id": "p-7", "ssn": "999-41-1234", "email": "Ana@Example.org", "ward": 3}
    row = records.encrypt(given)
    assert records.decrypt(row) == given
    opened, is_trusted = records.open(row)
    assert (opened, is_trusted) == (given, True)


def test_composite_typed_record_ids(keyring: fw.Keyring) -> None:
    schema = schema_of(
        {"id": "note", "type": "text", "mode": "randomized"},
        record_id=[{"path": "who.uuid", "type": "uuid"}, {"path": "visit", "type": "i64"}],
    )
    records = keyring.records(schema)
    who = uuid.uuid4()
    row = records.encrypt({"who": {"uuid": who}, "visit": 3, "note": "x"})
    assert records.decrypt(row)["note"] == "x"
    assert keyring.field(schema, "note").decrypt(row["note"], record_id=(who, 3)) == "x"
    with pytest.raises(fw.AuthenticationError):
        records.decrypt({**row, "visit": 4})


def test_readers_are_logged() -> None:
    sink = fw.MemorySink()
    config = fw.KeyringConfig(
        "clinic", providers={"p": fw.LocalKeyProvider.generate()}, store=fw.MemoryStore(), no_pin="test", audit=[sink]
    )
    with config.create() as keyring:
        row = keyring.records(SCHEMA).encrypt(patient())
        keyring.reading_as("dr-lee", "treatment").records(SCHEMA).decrypt(row)
        lines = sink.lines()
        assert "dr-lee" in lines[-1]
        assert "999-41" not in "".join(lines)
        assert keyring.verify_audit(lines)["is_intact"]
        assert not keyring.verify_audit([lines[0], lines[-1].replace("dr-lee", "dr-who")])["is_intact"]
        calls = keyring.metrics()["fields"]
        ssn = next(field for field in calls if field["field"] == "ssn")
        assert {operation["operation"]: operation["calls"] for operation in ssn["operations"]} == {
            "encrypt": 1, "decrypt": 1,
        }
        assert 'field="ssn"' in keyring.prometheus()
