"""Describing a keyring: its id, who can open it, where it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

from . import _native
from ._protocols import AuditSink, KeyProvider, KeyStore


@dataclass(frozen=True)
class KeyringConfig:
    """Describes a keyring; then `create` it once, and `open` it from then on.

    It holds places and names, never a key: it pickles wherever its providers and its store do.

        >>> config = fw.KeyringConfig(
        ...     "clinic",
        ...     providers={"primary": fw.LocalKeyProvider.from_file("root.key")},
        ...     store=fw.FileStore("keys"),
        ... )
        >>> with config.open() as keyring:
        ...     keyring.id
        'clinic'
    """

    keyring_id: str
    """1 to 128 characters of `A-Z a-z 0-9 . _ -`."""
    providers: Mapping[str, KeyProvider] = field(kw_only=True)
    """Up to 8 by name: the first that has an entry in the document and can be reached opens it."""
    store: KeyStore = field(kw_only=True)
    """Where the document is kept."""
    pin: _native.FilePin | _native.MemoryPin | None = field(default=None, kw_only=True)
    """What remembers the newest generation; the store's own unless given."""
    no_pin: str | None = field(default=None, kw_only=True)
    """Goes without a pin, for this reason: an older document is then not refused after a restart."""
    clock: _native.ManualClock | None = field(default=None, kw_only=True)
    """The system's unless given."""
    audit: Sequence[AuditSink] = field(default=(), kw_only=True)
    """Sinks of the audit log; without one nothing is logged."""
    refresh_after: timedelta | None = field(default=None, kw_only=True)
    """After how long the store is read again; 60 seconds."""
    max_staleness: timedelta | None = field(default=None, kw_only=True)
    """For how long a process encrypts without having read the store; 1 hour. A process only shortens it."""
    store_timeout: timedelta | None = field(default=None, kw_only=True)
    """How long a caller waits for the store where it must; 5 seconds."""
    rollback_window: timedelta | None = field(default=None, kw_only=True)
    """For how long a new keyring lets a rotation be taken back; 90 days. For `create` only."""
    cache_capacity: int | None = field(default=None, kw_only=True)
    """How many derived keys are kept beside those of handles; 1,024."""
    accept_identity: bytes | None = field(default=None, kw_only=True)
    """Accepts a document of this root identity although the pin does not lead to it."""
    backend: Literal["portable", "aws-lc", "aws-lc-fips"] | None = field(default=None, kw_only=True)
    """What encrypts and decrypts values: one of `backends()`, else `backend_unavailable`. `aws-lc` unless given, where the build has it: it does
    values past 256 bytes (past 1,024 in a column) three times as fast. All of them write and read the same bytes."""

    def create(self) -> _native.Keyring:
        """Makes a new keyring, a `Keyring`: a root wrapped by every provider, one data key, one index key.

        Errors: `keyring_exists` if there is one; `invalid_argument` for a member of another type; the kinds `provider` and `store`.
        """
        return _native.create(self._checked())

    def open(self) -> _native.Keyring:
        """Opens the keyring that the store holds, a `Keyring`: one provider call.

        Errors: `keyring_not_found`, `no_matching_provider`, `keyring_rolled_back`, `keyring_foreign`; the kinds `provider` and `store`.
        """
        return _native.open(self._checked())

    def recover(self, export: bytes) -> _native.Keyring:
        """Opens an exported document (`bytes`) by name, and saves it with a new version above every generation that is known.

        Errors: those of `open`, and `keyring_wrong_id`, `keyring_malformed`.
        """
        return _native.recover(self._checked(), export)

    def _checked(self) -> KeyringConfig:
        return self if isinstance(self.providers, dict) else replace(self, providers=dict(self.providers))
