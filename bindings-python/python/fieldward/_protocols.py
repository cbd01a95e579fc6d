"""What providers, stores and sinks written in Python have."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, SupportsIndex, TypeAlias

from . import _native

if TYPE_CHECKING:
    from typing_extensions import Buffer
else:
    # typing has it from Python 3.12 on
    Buffer = Any

Value: TypeAlias = (
    str | int | SupportsIndex | float | bool | dt.date | dt.datetime | decimal.Decimal | uuid.UUID | dict[str, Any] | list[Any] | Buffer | None
)
RecordId: TypeAlias = str | bytes | int | uuid.UUID | tuple[str | bytes | int | uuid.UUID, ...]
Stored: TypeAlias = str | Buffer | None


class PythonKeyProvider(Protocol):
    """Wraps and unwraps one small secret with a key that it never gives out.

    Calls may come from any thread. An exception counts as `provider_unavailable` (retryable), a `PermissionError` as `provider_denied`,
    a `fieldward.Error` as its own code; it is the cause of what the caller sees. `bytes` cannot be wiped by Python: the secret may
    stay in memory until it is collected.

        >>> class Provider:
        ...     kind, key_name = "own", "key-1"
        ...
        ...     def wrap(self, secret, context):
        ...         return service.encrypt(secret, context.pairs)  # of a client of your key service
        ...
        ...     def unwrap(self, wrapped, context):
        ...         return service.decrypt(wrapped, context.pairs)
    """

    @property
    def kind(self) -> str:
        """What kind of provider it is: stands in the document."""

    @property
    def key_name(self) -> str:
        """The configured key: not secret, stands in the document."""

    def wrap(self, secret: bytes, context: _native.WrapContext, /) -> bytes:
        """Wraps 32 bytes, bound to `context.pairs` or `context.data`."""

    def unwrap(self, wrapped: bytes, context: _native.WrapContext, /) -> bytes:
        """Opens what `wrap` gave; `provider_wrong_key` for another key, another context, or what was tampered with."""


class PythonKeyStore(Protocol):
    """Holds one document per keyring id, and replaces it by compare-and-swap.

    Calls may come from any thread. An exception counts as `store_unavailable` (retryable), a `PermissionError` as `store_denied`, a
    `fieldward.Error` as its own code.

        >>> class Store:
        ...     def __init__(self):
        ...         self.documents, self.lock = {}, threading.Lock()
        ...
        ...     def load(self, keyring_id):
        ...         return self.documents.get(keyring_id)
        ...
        ...     def save(self, keyring_id, expected, document, tag):
        ...         with self.lock:
        ...             held = self.documents.get(keyring_id)
        ...             if (None if held is None else fw.DocumentTag.of(held)) != expected:
        ...                 return False
        ...             self.documents[keyring_id] = document
        ...             return True
        >>> import threading
        >>> config = fw.KeyringConfig("own", providers=config.providers, store=Store(), no_pin="an example")
        >>> config.create()
        Keyring(own)
    """

    def load(self, keyring_id: str, /) -> bytes | None:
        """The document, exactly as it was saved; `None` if there is none. A store that fails raises."""

    def save(
        self,
        keyring_id: str,
        expected: _native.DocumentTag | None,
        document: bytes,
        tag: _native.DocumentTag,
        /,
    ) -> bool:
        """Replaces the document tagged `expected` (`None`: there must be none), atomically and durably. False for a conflict."""


KeyProvider: TypeAlias = (
    _native.LocalKeyProvider | _native.LocalKeyDirectory | _native.PassphraseProvider | PythonKeyProvider
)
KeyStore: TypeAlias = _native.FileStore | _native.MemoryStore | PythonKeyStore
AuditSink: TypeAlias = _native.JsonLinesSink | _native.MemorySink | Callable[[str], object]
