"""The golden vectors, through Python: every case of the rooms that a host language can reach, and how many they are."""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

import fieldward as fw
from conftest import ROOT

ROOMS = {"schema": 191, "record": 92}


def cases(room: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((ROOT / "core" / "vectors" / f"{room}.json").read_text("utf-8"))["cases"]
    return found


def text(source: Any) -> str:
    return source if isinstance(source, str) else str(source["repeat"]) * int(source["times"])


@pytest.mark.parametrize("room", ROOMS)
def test_how_many_there_are(room: str) -> None:
    assert len(cases(room)) == ROOMS[room]


@pytest.mark.parametrize("case", cases("schema"), ids=lambda case: case["id"])
def test_schemas(case: dict[str, Any]) -> None:
    given = case["input"]
    parse = fw.Schema.from_toml if "toml" in given else fw.Schema.from_json
    try:
        result: Any = {"fields": parse(text(given.get("toml", given.get("json")))).fields}
    except fw.Error as error:
        result = {"error": error.code}
    assert result == case["expect"]


AS_PYTHON: dict[str, Callable[[str], Any]] = {
    "bytes": lambda text: base64.b64decode(text, validate=True),
    "date": dt.date.fromisoformat,
    "timestamp": lambda text: dt.datetime.fromisoformat(text.replace("Z", "+00:00")),
    "decimal": decimal.Decimal,
    "uuid": uuid.UUID,
}
AS_TEXT: dict[str, Callable[[Any], str]] = {
    "bytes": lambda value: base64.b64encode(value).decode(),
    "date": dt.date.isoformat,
    "decimal": str,
    "uuid": str,
}


def typed(record: dict[str, Any], kinds: dict[str | None, str]) -> dict[str, Any]:
    """A record of JSON, with canonical texts of its own fields as the Python values that they stand for."""

    def value(name: str, given: Any) -> Any:
        kind = kinds.get(name, "")
        if not isinstance(given, str) or kind not in AS_PYTHON:
            return given
        try:
            made = AS_PYTHON[kind](given)
        except (ValueError, ArithmeticError):
            return given
        # Python reads more spellings than JSON records have.
        if kind == "timestamp":
            return given if " " in given else made
        return made if AS_TEXT[kind](made) == given else given

    return {name: value(name, given) for name, given in record.items()}


def expected(case: dict[str, Any], kind: str) -> Any:
    """What JSON says of spellings, Python says of types: a text is no date, and the integer 1 is no float."""
    of_spelling = {"error": "value_not_canonical"}, {"error": "value_out_of_range"}
    is_spelling = case["expect"] in of_spelling and kind in {*AS_PYTHON, "f64"}
    return {"error": "wrong_type"} if is_spelling else case["expect"]


@pytest.mark.parametrize("case", cases("record"), ids=lambda case: case["id"])
def test_records(case: dict[str, Any], keyring: fw.Keyring) -> None:
    given = case["input"]
    schema = fw.Schema.from_json(given["schema"])
    kinds = {schema.field(name)["column"]: schema.field(name)["type"] for name in schema.fields}
    records = keyring.records(schema)
    record = typed(json.loads(given["record"]), kinds)
    try:
        row = records.encrypt(record)
        if case["op"] == "record_encrypt":
            assert records.decrypt(row) == record
            result: Any = {
                "encrypted": [name for name in record if name in kinds and row[name] is not None],
                "indexes": {
                    name: 0 if value is None else len(value) if isinstance(value, list) else 1
                    for name, value in row.items()
                    if name not in record
                },
            }
        else:
            changed = dict(row)
            for name, change in given["change"].items():
                is_cell = isinstance(change, dict) and "cell" in change
                changed[name] = row[change["cell"]] if is_cell else change
            result = {"same": records.decrypt(changed) == record}
    except fw.Error as error:
        result = {"error": error.code}
    assert result == expected(case, kinds.get("x", ""))
