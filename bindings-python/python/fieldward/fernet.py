"""Coming from Fernet: a column that holds tokens and envelopes side by side is read, and moved value by value.

    >>> from cryptography.fernet import Fernet, MultiFernet
    >>> from fieldward.fernet import FernetReader
    >>> old, new = Fernet.generate_key(), Fernet.generate_key()
    >>> cell = Fernet(old).encrypt(b"999-41-1234")
    >>> reader = FernetReader(ssn, MultiFernet([Fernet(new), Fernet(old)]))
    >>> reader.decrypt(cell, record_id="p-7")  # whichever it is
    '999-41-1234'
    >>> cell = reader.move(cell, record_id="p-7")  # an envelope under the current key
    >>> ssn.decrypt(cell, record_id="p-7")
    '999-41-1234'

A Fernet token is bound to nothing: what came from one is not trusted until it was moved, and could have been moved from another row
before that.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from ._errors import Error
from ._native import Field, inspect
from ._protocols import RecordId

__all__ = ["FernetReader", "Read"]

_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "text": str,
    "i64": int,
    "f64": float,
    "date": dt.date.fromisoformat,
    "timestamp": dt.datetime.fromisoformat,
    "decimal": decimal.Decimal,
    "json": json.loads,
    "uuid": uuid.UUID,
    "bool": lambda text: {"true": True, "false": False, "True": True, "False": False}[text],
}


@dataclass(frozen=True)
class Read:
    """A value that was read, and from what.

        >>> read = reader.read(Fernet(old).encrypt(b"1"), record_id="p-7")
        >>> read.value, read.is_moved, read.is_trusted
        ('1', False, False)
    """

    value: Any
    """The value; `None` for null."""
    is_moved: bool
    """Whether it stood in an envelope, or is null."""
    is_trusted: bool
    """Whether it stood in an envelope of a key in good standing."""


class FernetReader:
    """Reads a mixed column of one field.

        >>> FernetReader(ssn, Fernet(old)).decrypt(Fernet(old).encrypt(b"1").decode(), record_id="p-7")
        '1'
    """

    def __init__(self, field: Field, fernet: Fernet | MultiFernet) -> None:
        """Reads envelopes of `field`, and tokens of one key or of several."""
        self._field = field
        self._fernet = fernet
        self._type: str = field.schema.field(field.id)["type"]

    def read(self, stored: str | bytes | memoryview | None, *, record_id: RecordId | None = None) -> Read:
        """Decrypts an envelope or a token. What is neither is refused: plaintext too.

        Errors: those of `Field.decrypt`; `authentication_failed` for a token of another key; `value_not_canonical` for a token whose text is not of the
        field's type.
        """
        if stored is None:
            return Read(None, is_moved=True, is_trusted=True)
        if _is_token(stored):
            return Read(self._from_token(stored), is_moved=False, is_trusted=False)
        opened = self._field.open(stored, record_id=record_id)
        return Read(opened.value, is_moved=True, is_trusted=opened.is_trusted)

    def decrypt(self, stored: str | bytes | memoryview | None, *, record_id: RecordId | None = None) -> Any:
        """The value of an envelope or a token. Errors: those of `read`."""
        return self.read(stored, record_id=record_id).value

    def move(self, stored: str | bytes | memoryview | None, *, record_id: RecordId | None = None) -> Any:
        """An envelope of the same value; the stored one itself if it is an envelope under the current key. Errors: those of `read`."""
        if stored is None:
            return None
        if not _is_token(stored):
            inspect(stored)
            return self._field.reencrypt(stored, record_id=record_id)[0] if self._field.needs_rotation(stored) else stored
        return self._field.encrypt(self._from_token(stored), record_id=record_id)

    def _from_token(self, token: str | bytes | memoryview) -> Any:
        plaintext = None
        try:
            plaintext = self._fernet.decrypt(token if isinstance(token, str) else bytes(token))
        except (InvalidToken, UnicodeError):
            pass
        if plaintext is None:
            raise Error.of("authentication_failed")
        if self._type == "bytes":
            return plaintext
        try:
            return _FROM_TEXT[self._type](plaintext.decode("utf-8"))
        except (ValueError, KeyError, ArithmeticError):
            # The exception would show the value.
            pass
        raise Error.of("value_not_canonical", f"a token's text is no {self._type}")


def _is_token(stored: str | bytes | memoryview) -> bool:
    """Version 0x80 and seven bytes of time before the year 2106: no envelope's text begins so, and no envelope's bytes are ASCII."""
    if not isinstance(stored, str | bytes | bytearray | memoryview):
        raise Error.of("not_an_envelope", "bytes, str or None")
    return stored.startswith("gAAAAA") if isinstance(stored, str) else bytes(stored[:6]) == b"gAAAAA"
