"""Field-level encryption: databases and data frames hold ciphertext, still searchable by equality where the schema says so.

    >>> import fieldward as fw
    >>> fw.LocalKeyProvider.create_file("root.key").key_name[:6]  # once; from_file from then on
    'local-'
    >>> config = fw.KeyringConfig(
    ...     "clinic",
    ...     providers={"primary": fw.LocalKeyProvider.from_file("root.key")},
    ...     store=fw.FileStore("keys"),
    ... )
    >>> keyring = config.create()  # once; config.open() from then on
    >>> schema = fw.Schema.patient()
    >>> ssn = keyring.field(schema, "ssn")
    >>> stored = ssn.encrypt("999-41-1234", record_id="p-7")
    >>> ssn.decrypt(stored, record_id="p-7")
    '999-41-1234'
    >>> patients = keyring.records(schema)
    >>> row = patients.encrypt({"patient_id": "p-7", "ssn": "999-41-1234", "ward": 3})
    >>> patients.decrypt(row)
    {'patient_id': 'p-7', 'ssn': '999-41-1234', 'ward': 3}
    >>> numbers = fw.Schema.from_dict({
    ...     "table": "visits", "record_binding": "none", "fields": [{"id": "number", "type": "text", "mode": "deterministic"}]
    ... })
    >>> number = keyring.field(numbers, "number")

The examples of `help()` go on from here.
"""

from __future__ import annotations

from ._config import KeyringConfig
from ._errors import (
    AuditError,
    AuthenticationError,
    EnvelopeError,
    Error,
    InputError,
    KeyringError,
    KeyStateError,
    MisuseError,
    PlatformError,
    ProviderError,
    SchemaError,
    StoreError,
    WrongTypeError,
)
from ._native import (
    ArrowColumn,
    DecryptedColumn,
    DocumentTag,
    Field,
    FilePin,
    FileStore,
    JsonLinesSink,
    Keyring,
    LocalKeyDirectory,
    LocalKeyProvider,
    ManualClock,
    MemoryPin,
    MemorySink,
    MemoryStore,
    Opened,
    PassphraseProvider,
    Query,
    Records,
    Schema,
    WrapContext,
    __version__,
    backends,
    inspect,
)
from ._protocols import AuditSink, KeyProvider, KeyStore, PythonKeyProvider, PythonKeyStore

__all__ = [
    "ArrowColumn",
    "AuditError",
    "AuditSink",
    "AuthenticationError",
    "DecryptedColumn",
    "DocumentTag",
    "EnvelopeError",
    "Error",
    "Field",
    "FilePin",
    "FileStore",
    "InputError",
    "JsonLinesSink",
    "KeyProvider",
    "KeyStateError",
    "KeyStore",
    "Keyring",
    "KeyringConfig",
    "KeyringError",
    "LocalKeyDirectory",
    "LocalKeyProvider",
    "ManualClock",
    "MemoryPin",
    "MemorySink",
    "MemoryStore",
    "MisuseError",
    "Opened",
    "PassphraseProvider",
    "PlatformError",
    "ProviderError",
    "PythonKeyProvider",
    "PythonKeyStore",
    "Query",
    "Records",
    "Schema",
    "SchemaError",
    "StoreError",
    "WrapContext",
    "WrongTypeError",
    "__version__",
    "backends",
    "inspect",
]
