"""Handles in another process: opened from their configuration, once."""

from __future__ import annotations

import pickle
import threading
import weakref

from ._config import KeyringConfig
from ._native import Field, Keyring, Records, Schema

_lock = threading.Lock()
_open: weakref.WeakValueDictionary[bytes, Keyring] = weakref.WeakValueDictionary()


def keyring(config: KeyringConfig) -> Keyring:
    """The keyring of a configuration: the one that this process unpickled before, if it is still open."""
    key = pickle.dumps(config)
    with _lock:
        known = _open.get(key)
    if known is not None and repr(known) != "Keyring(closed)":
        return known
    opened = config.open()
    with _lock:
        _open[key] = opened
    return opened


def field(keyring: Keyring, schema: Schema, name: str, tenant: str | None) -> Field:
    """A field handle."""
    return keyring.field(schema, name, tenant=tenant)


def records(keyring: Keyring, schema: Schema, tenant: str | None) -> Records:
    """A record handle."""
    return keyring.records(schema, tenant=tenant)
