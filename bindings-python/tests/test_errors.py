"""The error map: every code of the library, a class for each kind, and nothing lost on the way."""

from __future__ import annotations

import json
import pickle
import re

import pytest

import fieldward as fw
from conftest import ROOT
from fieldward._native import ERROR_CODES


def registry() -> dict[str, tuple[str, bool]]:
    page = (ROOT / "core" / "spec" / "error.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (yes|no) \|", page, re.MULTILINE)
    return {code: (kind, retryable == "yes") for code, kind, retryable in rows}


def test_every_code_of_the_specification() -> None:
    assert len(registry()) > 90
    assert registry() == {code: (kind, retryable) for code, (kind, retryable, _) in ERROR_CODES.items()}


@pytest.mark.parametrize("code", ERROR_CODES)
def test_each_has_its_class(code: str) -> None:
    kind, is_retryable, message = ERROR_CODES[code]
    error = fw.Error.of(code, "detail", (3,))
    assert isinstance(error, fw.Error)
    assert type(error) is not fw.Error
    assert issubclass(type(error), Exception)
    assert (error.kind, error.code, error.is_retryable, error.rows) == (kind, code, is_retryable, (3,))
    assert str(error) == f"{message} (detail)"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.code, again.detail, again.rows) == (type(error), code, "detail", (3,))


def test_a_code_of_another_class_is_refused() -> None:
    with pytest.raises(ValueError, match="no code of ProviderError"):
        fw.ProviderError("store_full")
    with pytest.raises(ValueError, match="no code of Error"):
        fw.Error("no_such_code")


def test_input_errors_are_value_errors() -> None:
    assert issubclass(fw.InputError, ValueError)
    assert issubclass(fw.WrongTypeError, TypeError)
    assert isinstance(fw.Error.of("wrong_type"), fw.InputError)


def test_schema_errors_name_the_place() -> None:
    with pytest.raises(fw.SchemaError) as refused:
        fw.Schema.from_json(json.dumps({"format": "fieldward-schema"}))
    assert refused.value.code == "schema_syntax"
    assert refused.value.detail is not None
