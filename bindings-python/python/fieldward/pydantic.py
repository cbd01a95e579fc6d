"""Pydantic 2: an annotation for values that are stored encrypted.

    >>> from typing import Annotated
    >>> from pydantic import BaseModel
    >>> from fieldward.pydantic import Encrypted
    >>> class Visit(BaseModel):
    ...     number: Annotated[str, Encrypted(number)]
    >>> stored = Visit(number="A-7").model_dump()
    >>> number.decrypt(stored["number"]), Visit(**stored).number
    ('A-7', 'A-7')

A model validated from stored values (`bytes`, or text that begins with `fw1.`) holds the value; `model_dump()` gives envelopes. The field
must bind no record id, since an annotation cannot see the record: for those use `Keyring.records`, which takes models whole. pydantic shows what it refuses
in the text of its `ValidationError`: set `hide_input_in_errors` in the model's configuration.
"""

from __future__ import annotations

from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

from ._errors import Error
from ._native import Field

__all__ = ["Encrypted"]


class Encrypted:
    """Annotates a value that is decrypted when a model is validated and encrypted when it is dumped.

        >>> Encrypted(ssn)
        Traceback (most recent call last):
        fieldward.MisuseError: the schema binds a record id and none was given ...
    """

    def __init__(self, field: Field) -> None:
        """Values of this field, which binds no record id: `record_id_missing` otherwise."""
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
