"""Exceptions: one base class, one class for each kind, the code to act on."""

from __future__ import annotations

from typing import ClassVar

from ._native import ERROR_CODES


class Error(Exception):
    """Every error of fieldward.

    `code` is stable and meant for programs, `kind` says what can be done about it, `detail` names a field, a limit or a state, and
    `rows` the rows of a column, from 0. Nothing in it ever holds a value, a key or ciphertext.

    Providers and stores written in Python raise it to say what happened: `raise fieldward.ProviderError("provider_denied")`.
    """

    kind: ClassVar[str] = ""

    code: str
    detail: str | None
    rows: tuple[int, ...]

    def __init__(self, code: str, detail: str | None = None, rows: tuple[int, ...] = ()) -> None:
        super().__init__(code, detail, rows)
        if code not in ERROR_CODES or (self.kind and ERROR_CODES[code][0] != self.kind):
            raise ValueError(f"{code!r} is no code of {type(self).__name__}")
        self.code = code
        self.detail = detail
        self.rows = tuple(rows)

    @property
    def is_retryable(self) -> bool:
        """Whether the same call may succeed later with nothing changed by the caller."""
        return ERROR_CODES[self.code][1]

    @classmethod
    def of(cls, code: str, detail: str | None = None, rows: tuple[int, ...] = ()) -> Error:
        """The exception of the class that the code belongs to."""
        made = _CLASS_OF_CODE.get(code) or _CLASS_OF_KIND[ERROR_CODES[code][0]]
        return made(code, detail, rows)

    def __str__(self) -> str:
        message = ERROR_CODES[self.code][2]
        return f"{message} ({self.detail})" if self.detail else message


class MisuseError(Error):
    """The program calls the library wrongly; never caused by data."""

    kind = "misuse"


class InputError(Error, ValueError):
    """A value, record or query does not fit its declaration."""

    kind = "input"


class WrongTypeError(InputError, TypeError):
    """A value is not of its field's declared type."""


class SchemaError(Error):
    """A schema is wrong."""

    kind = "schema"


class EnvelopeError(Error):
    """What should be an envelope is not one; visible without a key."""

    kind = "envelope"


class AuthenticationError(Error):
    """It did not authenticate: tampered with, or moved here from another place. One opaque case."""

    kind = "authentication"


class KeyStateError(Error):
    """The key is unknown, or its state forbids the use."""

    kind = "key"


class KeyringError(Error):
    """The keyring document, or a life-cycle call on it."""

    kind = "keyring"


class ProviderError(Error):
    """A key provider."""

    kind = "provider"


class StoreError(Error):
    """A key store or a pin."""

    kind = "store"


class AuditError(Error):
    """The audit log."""

    kind = "audit"


class PlatformError(Error):
    """The operating system: random numbers, clock, threads."""

    kind = "system"


_CLASS_OF_KIND: dict[str, type[Error]] = {
    made.kind: made
    for made in (
        MisuseError,
        InputError,
        SchemaError,
        EnvelopeError,
        AuthenticationError,
        KeyStateError,
        KeyringError,
        ProviderError,
        StoreError,
        AuditError,
        PlatformError,
    )
}
_CLASS_OF_CODE: dict[str, type[Error]] = {"wrong_type": WrongTypeError}
