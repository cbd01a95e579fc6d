"""Pydantic 2: an annotation for values that are stored encrypted.

    Ssn = Annotated[str, Encrypted(ssn)]

    class Patient(BaseModel):
        ssn: Ssn

A model validated from stored values (`bytes`, or text that begins with `fw1.`) holds the value; `model_dump()` gives envelopes. The field
must bind no record id, since an annotation cannot see the record: for those use `Keyring.records`, which takes models whole.
"""

from __future__ import annotations

from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

from ._errors import Error
from ._native import Field

__all__ = ["Encrypted"]


class Encrypted:
    """Annotates a value that is decrypted when a model is validated and encrypted when it is dumped."""

    def __init__(self, field: Field) -> None:
        declared = field.schema.field(field.id)
        if declared["is_bound"]:
            raise Error.of("record_id_missing", f"an annotation cannot see the record: declare record_binding = none for {field.id}")
        self._field = field
        self._is_text = declared["stored"] == "text"
        self._holds_bytes = declared["type"] == "bytes"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(
            self._read,
            handler(source),
            serialization=core_schema.plain_serializer_function_ser_schema(self._field.encrypt),
        )

    def _read(self, value: Any) -> Any:
        is_stored = isinstance(value, str) and value.startswith("fw1.") if self._is_text else isinstance(value, bytes | memoryview)
        if not is_stored:
            return value
        try:
            return self._field.decrypt(value)
        except Error as error:
            if self._holds_bytes and error.code == "not_an_envelope":
                return value
            # pydantic reports a ValueError: the code says which.
            raise ValueError(error.code) from error
