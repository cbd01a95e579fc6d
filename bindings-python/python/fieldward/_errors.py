"""Exceptions: one base class, one class for each kind, the code to act on."""

from __future__ import annotations

from typing import ClassVar

from ._native import ERROR_CODES


class Error(Exception):
    """Every error of fieldward.

    `code` is stable and meant for programs, `kind` says what can be done about it, `detail` names a field, a limit or a state, and
    `rows` the rows of a column, from 0. Nothing in it ever holds a value, a key or ciphertext.

    Providers and stores written in Python raise it to say what happened: `raise fieldward.ProviderError("provider_denied")`.

        >>> try:
        ...     ssn.decrypt(stored, record_id="p-8")
        ... except fw.Error as error:
        ...     print(error.code, error.kind, error.rows, error.is_retryable)
        authentication_failed authentication () False
    """

    kind: ClassVar[str] = ""

    code: str
    detail: str | None
    rows: tuple[int, ...]

    def __init__(self, code: str, detail: str | None = None, rows: tuple[int, ...] = ()) -> None:
        """An error of a code of this class: `ValueError` for another code."""
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
        """The exception of the class that the code belongs to.

            >>> fw.Error.of("wrong_type", "row 3", (3,))
            WrongTypeError('wrong_type', 'row 3', (3,))
        """
        made = _CLASS_OF_CODE.get(code) or _CLASS_OF_KIND[ERROR_CODES[code][0]]
        return made(code, detail, rows)

    def __str__(self) -> str:
        message = ERROR_CODES[self.code][2]
        return f"{message} ({self.detail})" if self.detail else message


class MisuseError(Error):
    """The program calls the library wrongly; never caused by data.

        >>> keyring.field(schema, "no such field")
        Traceback (most recent call last):
        fieldward.MisuseError: the schema has no such field (table patients)
    """

    kind = "misuse"


class InputError(Error, ValueError):
    """A value, record or query does not fit its declaration. It is a `ValueError` too.

        >>> keyring.records(numbers).encrypt({"number": "A-7", "nickname": "Ana"})
        Traceback (most recent call last):
        fieldward.InputError: the record has a field that the schema does not declare (member 2)
    """

    kind = "input"


class WrongTypeError(InputError, TypeError):
    """A value is not of its field's declared type. It is a `TypeError` too.

        >>> ssn.encrypt(999411234, record_id="p-7")
        Traceback (most recent call last):
        fieldward.WrongTypeError: the value's type is not the field's declared type (the field is text)
    """


class SchemaError(Error):
    """A schema is wrong.

        >>> fw.Schema.from_json("[]").table
        Traceback (most recent call last):
        fieldward.SchemaError: the schema is not well-formed JSON or TOML of the documented form ...
    """

    kind = "schema"


class EnvelopeError(Error):
    """What should be an envelope is not one; visible without a key.

        >>> ssn.decrypt(b"999-41-1234", record_id="p-7")
        Traceback (most recent call last):
        fieldward.EnvelopeError: plaintext or foreign bytes stand where an envelope belongs (ssn)
    """

    kind = "envelope"


class AuthenticationError(Error):
    """It did not authenticate: tampered with, or moved here from another place. One opaque case.

        >>> ssn.decrypt(stored, record_id="p-8")
        Traceback (most recent call last):
        fieldward.AuthenticationError: authentication failed
    """

    kind = "authentication"


class KeyStateError(Error):
    """The key is unknown, or its state forbids the use.

        >>> in_memory = fw.KeyringConfig(
        ...     "test", providers={"p": fw.LocalKeyProvider.generate()}, store=fw.MemoryStore(), no_pin="a test"
        ... )
        >>> in_memory.create().field(numbers, "number").decrypt(number.encrypt("A-7"))
        Traceback (most recent call last):
        fieldward.KeyStateError: no key with the envelope's key id is in the keyring ...
    """

    kind = "key"


class KeyringError(Error):
    """The keyring document, or a life-cycle call on it.

        >>> config.create()
        Traceback (most recent call last):
        fieldward.KeyringError: a keyring document or pin exists already ...
    """

    kind = "keyring"


class ProviderError(Error):
    """A key provider.

        >>> fw.LocalKeyProvider.from_env("NO_SUCH_VARIABLE")
        Traceback (most recent call last):
        fieldward.ProviderError: the key provider cannot be reached (environment variable)
    """

    kind = "provider"


class StoreError(Error):
    """A key store or a pin. A store written in Python raises it.

        >>> fw.StoreError("store_denied").is_retryable
        False
    """

    kind = "store"


class AuditError(Error):
    """The audit log.

        >>> fw.AuditError("audit_broken").kind
        'audit'
    """

    kind = "audit"


class PlatformError(Error):
    """The operating system: random numbers, clock, threads.

        >>> fw.PlatformError("random_unavailable").is_retryable
        True
    """

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
for _made in (Error, WrongTypeError, *_CLASS_OF_KIND.values()):
    # what tracebacks show, and pickle imports
    _made.__module__ = "fieldward"
_CLASS_OF_CODE: dict[str, type[Error]] = {"wrong_type": WrongTypeError}
