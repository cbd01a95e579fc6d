"""The pydantic annotation: stored values in, values held, envelopes out."""

from __future__ import annotations

from typing import Annotated, Any

import pydantic
import pytest

import fieldward as fw
from conftest import field_of, schema_of
from fieldward.pydantic import Encrypted


def model_of(keyring: fw.Keyring, stored: str) -> tuple[Any, fw.Field]:
    field = keyring.field(schema_of(field_of("text", stored=stored)), "x")
    annotated: Any = Annotated[str, Encrypted(field)]
    return pydantic.create_model("Patient", ssn=(annotated, ...)), field


def test_values_in_the_text_form(keyring: fw.Keyring) -> None:
    model, field = model_of(keyring, "text")
    patient = model(ssn="999-41-1234")
    assert patient.ssn == "999-41-1234"
    dumped = patient.model_dump()
    assert dumped["ssn"].startswith("fw1.")
    assert model(**dumped) == patient
    assert "999" not in patient.model_dump_json()
    assert model.model_validate_json(patient.model_dump_json()) == patient


def test_values_in_bytes(keyring: fw.Keyring) -> None:
    model, field = model_of(keyring, "bytes")
    dumped = model(ssn="999-41-1234").model_dump()
    assert field.decrypt(dumped["ssn"]) == "999-41-1234"
    assert model(**dumped).ssn == "999-41-1234"


def test_what_was_changed_is_refused(keyring: fw.Keyring) -> None:
    model, field = model_of(keyring, "text")
    stored = field.encrypt("x")
    with pytest.raises(pydantic.ValidationError, match="authentication_failed"):
        model(ssn=stored[:-1] + ("A" if stored[-1] != "A" else "Q"))
    with pytest.raises(pydantic.ValidationError):
        model(ssn=7)


def test_bound_fields_are_refused(keyring: fw.Keyring) -> None:
    schema = schema_of({"id": "x", "type": "text", "mode": "randomized"})
    with pytest.raises(fw.MisuseError) as refused:
        Encrypted(keyring.field(schema, "x"))
    assert refused.value.code == "record_id_missing"
