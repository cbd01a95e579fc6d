"""Fields: binding, tampering, search, re-encryption; one case each that must fail."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

import fieldward as fw
from conftest import DAY, schema_of

SCHEMA = schema_of(
    {
        "id": "ssn",
        "type": "text",
        "mode": "randomized",
        "indexes": [
            {"name": "exact", "column": "ssn_exact", "transform": "exact", "normalizer": ["digits"]},
            {"name": "last4", "column": "ssn_last4", "transform": {"last": 4}, "normalizer": ["digits"],
             "accept_leak": ["low_cardinality"]},
        ],
    },
    {"id": "number", "type": "text", "mode": "deterministic"},
    {"id": "note", "type": "text", "mode": "randomized", "stored": "text",
     "indexes": [{"name": "words", "column": "note_words", "transform": "words", "normalizer": ["casefold"]}]},
)


def code(refused: pytest.ExceptionInfo[fw.Error]) -> str:
    return refused.value.code


def test_an_envelope_is_bound_to_its_place(keyring: fw.Keyring) -> None:
    ssn = keyring.field(SCHEMA, "ssn")
    stored = ssn.encrypt("999-41-1234", record_id="p-7")
    assert len(stored) == 46 + 11
    assert ssn.decrypt(stored, record_id="p-7") == "999-41-1234"
    for field, record in [(ssn, "p-8"), (keyring.field(SCHEMA, "ssn", tenant="a"), "p-7")]:
        with pytest.raises(fw.AuthenticationError) as refused:
            field.decrypt(stored, record_id=record)
        assert (code(refused), refused.value.kind, refused.value.detail) == ("authentication_failed", "authentication", None)
    with pytest.raises(fw.MisuseError) as missing:
        ssn.decrypt(stored)
    assert code(missing) == "record_id_missing"


def test_every_changed_byte_is_refused(keyring: fw.Keyring) -> None:
    ssn = keyring.field(SCHEMA, "ssn")
    stored = ssn.encrypt("1", record_id="p")
    for at in range(len(stored)):
        changed = bytearray(stored)
        changed[at] ^= 1
        with pytest.raises((fw.AuthenticationError, fw.EnvelopeError, fw.KeyStateError)):
            ssn.decrypt(changed, record_id="p")
        with pytest.raises((fw.AuthenticationError, fw.EnvelopeError)):
            ssn.decrypt(stored[:at], record_id="p")


RECORD_IDS: list[tuple[list[str], Any]] = [
    (["text"], "p"), (["bytes"], b"p"), (["i64"], 7), (["uuid"], uuid.uuid4()),
    (["text", "i64", "bytes", "uuid"], ("ward", 7, b"x", uuid.uuid4())),
]


@pytest.mark.parametrize(("parts", "record"), RECORD_IDS)
def test_record_ids_of_every_form(keyring: fw.Keyring, parts: list[str], record: Any) -> None:
    declared = [{"path": f"p{at}", "type": kind} for at, kind in enumerate(parts)]
    field = keyring.field(schema_of({"id": "x", "type": "text", "mode": "randomized"}, record_id=declared), "x")
    stored = field.encrypt("x", record_id=record)
    assert field.decrypt(stored, record_id=record) == "x"
    for other in [other for _, other in RECORD_IDS if other != record]:
        with pytest.raises(fw.InputError) as refused:
            field.encrypt("x", record_id=other)
        assert code(refused) == "record_id_invalid"
        with pytest.raises(fw.InputError) as refused:
            field.decrypt(stored, record_id=other)
        assert code(refused) == "record_id_invalid"


@pytest.mark.parametrize("record", [(), 1.5, True, 2**63, ("p",) * 9, "p" * 5_000, ["p"]])
def test_record_ids_that_are_none(keyring: fw.Keyring, record: object) -> None:
    with pytest.raises(fw.InputError) as refused:
        keyring.field(SCHEMA, "ssn").encrypt("x", record_id=record)  # type: ignore[arg-type]
    assert code(refused) == "record_id_invalid"


def test_text_form(keyring: fw.Keyring) -> None:
    note = keyring.field(SCHEMA, "note")
    stored = note.encrypt("Allergic to penicillin", record_id="p")
    assert isinstance(stored, str)
    assert stored.startswith("fw1.")
    assert note.decrypt(stored, record_id="p") == "Allergic to penicillin"
    with pytest.raises(fw.EnvelopeError) as refused:
        note.decrypt(stored.encode(), record_id="p")
    assert code(refused) == "wrong_stored_form"
    words = note.index_values("Allergic to penicillin")["note_words"]
    assert len(words) == 3
    assert all(isinstance(word, str) and bytes.fromhex(word) for word in words)
    assert set(note.query("words", "PENICILLIN allergic").tokens) < set(words)


def test_what_is_not_an_envelope(keyring: fw.Keyring) -> None:
    ssn = keyring.field(SCHEMA, "ssn")
    for foreign in (b"plain", b"", 7, [], object()):
        with pytest.raises(fw.EnvelopeError) as refused:
            ssn.decrypt(foreign, record_id="p")  # type: ignore[arg-type]
        assert code(refused) == "not_an_envelope"
    with pytest.raises(fw.InputError) as twice:
        keyring.field(SCHEMA, "note").encrypt(keyring.field(SCHEMA, "note").encrypt("x", record_id="p"), record_id="p")
    assert code(twice) == "already_encrypted"


def test_search(keyring: fw.Keyring) -> None:
    ssn = keyring.field(SCHEMA, "ssn")
    row = ssn.index_values("999-41-1234")
    query = ssn.query("exact", "999 41 1234")
    assert (query.column, query.is_exact, query.tokens) == ("ssn_exact", True, [row["ssn_exact"]])
    assert ssn.query("last4", "xxx-xx-1234").tokens == [row["ssn_last4"]]
    assert ssn.index_values(None) == {"ssn_exact": None, "ssn_last4": None}
    stored = ssn.encrypt("999-41-1234", record_id="p")
    assert ssn.matches("exact", "999411234", stored, record_id="p")
    assert not ssn.matches("exact", "999411235", stored, record_id="p")
    cases: list[tuple[str, Any, str]] = [("none", "1", "unknown_index"), ("exact", "none", "query_empty"), ("exact", 7, "wrong_type")]
    for index, value, expected in cases:
        with pytest.raises(fw.Error) as refused:
            ssn.query(index, value)
        assert code(refused) == expected


def test_tokens_find_every_version(keyring: fw.Keyring) -> None:
    number = keyring.field(SCHEMA, "number")
    before = number.encrypt("12345")
    assert before == number.encrypt("12345")
    assert len(before) == 22 + 5
    keyring.rotate(activate_immediately=True)
    after = number.encrypt("12345")
    assert number.tokens("12345") == [before, after]
    with pytest.raises(fw.MisuseError) as refused:
        keyring.field(SCHEMA, "ssn").tokens("1")
    assert code(refused) == "wrong_field_mode"


def test_reencryption(keyring: fw.Keyring, clock: fw.ManualClock) -> None:
    ssn = keyring.field(SCHEMA, "ssn")
    stored = ssn.encrypt("999-41-1234", record_id="p")
    assert not ssn.needs_rotation(stored)
    keyring.rotate()
    clock.advance(DAY)
    assert ssn.needs_rotation(stored)
    moved, columns = ssn.reencrypt(stored, record_id="p", new_record_id="q")
    assert not ssn.needs_rotation(moved)
    assert columns == ssn.index_values("999-41-1234")
    assert ssn.decrypt(moved, record_id="q") == "999-41-1234"
    assert fw.inspect(moved)["key_id"] != fw.inspect(stored)["key_id"]
    tenant = keyring.field(SCHEMA, "ssn", tenant="b")
    moved, columns = ssn.reencrypt(stored, record_id="p", to=tenant)
    assert tenant.decrypt(moved, record_id="p") == "999-41-1234"
    assert columns != ssn.index_values("999-41-1234")


def test_compromised_keys_are_read_by_name(keyring: fw.Keyring) -> None:
    ssn = keyring.field(SCHEMA, "ssn")
    stored = ssn.encrypt("x", record_id="p")
    assert ssn.open(stored, record_id="p").is_trusted
    keyring.mark_compromised(1, "laptop lost")
    with pytest.raises(fw.KeyStateError) as refused:
        ssn.decrypt(stored, record_id="p")
    assert code(refused) == "key_compromised"
    opened = keyring.allow("compromised", "re-encryption").field(SCHEMA, "ssn").open(stored, record_id="p")
    assert (opened.value, opened.is_trusted, opened.key_id) == ("x", False, fw.inspect(stored)["key_id"])
    with pytest.raises(fw.MisuseError):
        keyring.allow("active", "no")  # type: ignore[arg-type]


def test_nothing_shows_in_repr(keyring: fw.Keyring) -> None:
    ssn = keyring.field(SCHEMA, "ssn")
    stored = ssn.encrypt("999-41-1234", record_id="p")
    shown = [repr(x) for x in (keyring, ssn, ssn.open(stored, record_id="p"), ssn.query("exact", "999-41-1234"), SCHEMA)]
    assert "999" not in "".join(shown)


def test_a_closed_keyring_closes_its_handles(config: fw.KeyringConfig) -> None:
    keyring = config.create()
    ssn, records, reader = keyring.field(SCHEMA, "ssn"), keyring.records(SCHEMA), keyring.reading_as("ana", "care")
    stored = ssn.encrypt("x", record_id="p")
    keyring.close()
    keyring.close()
    calls: list[Callable[[], Any]] = [lambda: ssn.decrypt(stored, record_id="p"), lambda: records.encrypt({"id": "p"}), lambda: keyring.status(),
             lambda: reader.field(SCHEMA, "ssn"), lambda: keyring.id]
    for call in calls:
        with pytest.raises(fw.MisuseError) as refused:
            call()
        assert code(refused) == "closed"
    with config.open() as again:
        assert again.field(SCHEMA, "ssn").decrypt(stored, record_id="p") == "x"
