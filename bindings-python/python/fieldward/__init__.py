"""Field-level encryption: databases and data frames hold ciphertext, still searchable by equality where the schema says so.

    import fieldward as fw

    config = fw.KeyringConfig(
        "clinic",
        providers={"primary": fw.LocalKeyProvider.from_file("/etc/clinic/root.key")},
        store=fw.FileStore("/var/lib/clinic/keys"),
    )
    with config.open() as keyring:  # .create() once
        patients = keyring.records(fw.Schema.patient())
        row = patients.encrypt({"patient_id": "p-7", "ssn": "999-41-1234", "ward": 3})
        assert patients.decrypt(row)["ssn"] == "999-41-1234"
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
