"""A column of Fernet tokens is read mixed, and moved."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from cryptography.fernet import Fernet, MultiFernet

import fieldward as fw
from conftest import field_of, schema_of
from fieldward.fernet import FernetReader, Read

SCHEMA = schema_of({"id": "x", "type": "text", "mode": "randomized"})


def test_a_mixed_column_moves(keyring: fw.Keyring) -> None:
    field = keyring.field(SCHEMA, "x")
    old, new = Fernet(Fernet.generate_key()), Fernet(Fernet.generate_key())
    reader = FernetReader(field, MultiFernet([new, old]))
    column: list[Any] = [old.encrypt(b"one"), new.encrypt("zwölf".encode()).decode(), field.encrypt("three", record_id="2"), None]
    assert [reader.read(cell, record_id=str(row)) for row, cell in enumerate(column)] == [
        Read("one", is_moved=False, is_trusted=False),
        Read("zwölf", is_moved=False, is_trusted=False),
        Read("three", is_moved=True, is_trusted=True),
        Read(None, is_moved=True, is_trusted=True),
    ]
    moved = [reader.move(cell, record_id=str(row)) for row, cell in enumerate(column)]
    assert moved[2] is column[2]
    assert [field.decrypt(cell, record_id=str(row)) for row, cell in enumerate(moved)] == ["one", "zwölf", "three", None]
    with pytest.raises(fw.AuthenticationError):
        field.decrypt(moved[0], record_id="1")


def test_typed_fields(keyring: fw.Keyring) -> None:
    fernet = Fernet(Fernet.generate_key())
    cases = [("i64", "42", 42), ("date", "2026-01-02", dt.date(2026, 1, 2)), ("json", '{"a": 1}', {"a": 1}), ("bool", "true", True)]
    for kind, text, value in cases:
        reader = FernetReader(keyring.field(schema_of(field_of(kind)), "x"), fernet)
        assert reader.decrypt(fernet.encrypt(text.encode())) == value
    number = FernetReader(keyring.field(schema_of(field_of("i64")), "x"), fernet)
    with pytest.raises(fw.InputError) as refused:
        number.decrypt(fernet.encrypt(b"secret"))
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_what_is_refused(keyring: fw.Keyring) -> None:
    fernet, other = Fernet(Fernet.generate_key()), Fernet(Fernet.generate_key())
    reader = FernetReader(keyring.field(SCHEMA, "x"), fernet)
    token = fernet.encrypt(b"one")
    for stored, code in [
        (other.encrypt(b"one"), "authentication_failed"),
        (token[:-4] + b"AAA=", "authentication_failed"),
        (token[:20], "authentication_failed"),
        (b"plain text", "not_an_envelope"),
        (b"", "not_an_envelope"),
    ]:
        for call in (reader.decrypt, reader.move):
            with pytest.raises(fw.Error) as refused:
                call(stored, record_id="p")
            assert refused.value.code == code
