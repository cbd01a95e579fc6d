"""Dataclasses and pydantic models as records."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ._errors import Error


def members(record: Any) -> dict[str, Any]:
    """The members of a record as a dict: typed values stay what they are, models inside become dicts."""
    try:
        return {name: plain(value) for name, value in items(record)}
    except RecursionError:
        pass
    raise Error.of("record_too_deep")


def items(record: Any) -> list[tuple[str, Any]]:
    if isinstance(record, Mapping):
        return list(record.items())
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        return [(field.name, getattr(record, field.name)) for field in dataclasses.fields(record)]
    fields = getattr(type(record), "model_fields", None)
    if fields is not None:
        return [(name, getattr(record, name)) for name in fields]
    raise Error.of("wrong_type", "a record is a dict, a dataclass or a pydantic model")


def plain(value: Any) -> Any:
    if isinstance(value, list):
        return [plain(element) for element in value]
    if isinstance(value, dict):
        return {name: plain(element) for name, element in value.items()}
    is_model = dataclasses.is_dataclass(value) or hasattr(type(value), "model_fields")
    return members(value) if is_model and not isinstance(value, type) else value


def made(into: type[Any], record: dict[str, Any]) -> Any:
    """An instance of a dataclass or pydantic model. What the model raises may show the record, and goes no further."""
    validate = getattr(into, "model_validate", None)
    if validate is None and not dataclasses.is_dataclass(into):
        raise Error.of("wrong_type", "into: a dataclass or a pydantic model")
    try:
        return into(**record) if validate is None else validate(record)
    except Exception as error:
        places = _places(error)
    raise Error.of("record_shape", f"{into.__name__} refuses the record{places}")


def _places(error: Exception) -> str:
    """Where a pydantic model refuses a record, and why: no value."""
    listed: Any = getattr(error, "errors", None)
    if not callable(listed) or not type(error).__module__.startswith("pydantic"):
        return ""
    found = [f"{next(iter(item['loc']), '')}: {item['type']}" for item in listed(include_input=False, include_context=False)]
    return f", {'; '.join(found)}"
