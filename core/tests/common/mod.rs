//! A keyring in memory with a clock that the test moves, and a schema of one table.

#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub)]

use std::sync::Arc;

use fieldward::{
    FieldCipher, KeyStore, Keyring, KeyringBuilder, LocalKeyProvider, ManualClock, MemoryStore, RecordId, RecordIdPart,
    Schema, SecretKey, Stored, StoredRef, Value,
};

pub const START: i64 = 1_767_225_600;
pub const DAY: i64 = 86_400;

pub struct Clinic {
    pub keyring: Keyring,
    pub clock: ManualClock,
    pub store: Arc<MemoryStore>,
    pub provider_key: SecretKey,
}

impl Clinic {
    pub fn new() -> Self {
        Self::named("clinic")
    }

    pub fn named(id: &str) -> Self {
        let clock = ManualClock::new(START);
        let store = Arc::new(MemoryStore::new());
        let provider_key = SecretKey::generate().unwrap();
        let keyring = Keyring::builder(id)
            .provider("primary", LocalKeyProvider::new(provider_key.clone()))
            .store(Arc::clone(&store))
            .no_pin("tests of one process")
            .clock(clock.clone())
            .create()
            .unwrap();
        Self { keyring, clock, store, provider_key }
    }

    /// Another process on the same store: a keyring of its own.
    pub fn another(&self) -> Keyring {
        self.builder().open().unwrap()
    }

    pub fn builder(&self) -> KeyringBuilder {
        Keyring::builder(self.keyring.id())
            .provider("primary", LocalKeyProvider::new(self.provider_key.clone()))
            .store(Arc::clone(&self.store))
            .no_pin("tests of one process")
            .clock(self.clock.clone())
    }

    pub fn document(&self) -> Vec<u8> {
        self.store.load(self.keyring.id()).unwrap().unwrap()
    }

    pub fn field(&self, schema: &Schema, name: &str) -> FieldCipher {
        self.keyring.field(schema, None, name).unwrap()
    }

    pub fn tenant_field(&self, schema: &Schema, tenant: &str, name: &str) -> FieldCipher {
        self.keyring.field(schema, Some(tenant), name).unwrap()
    }
}

/// A schema of the table `patients` with these fields, as JSON objects.
pub fn schema(fields: &str) -> Schema {
    schema_of("patients", fields)
}

pub fn schema_of(table: &str, fields: &str) -> Schema {
    schema_with_id(table, r#"{"path": "id", "type": "text"}"#, fields)
}

/// A schema whose record id has these parts, as JSON objects.
pub fn schema_with_id(table: &str, parts: &str, fields: &str) -> Schema {
    let text = format!(
        r#"{{"format": "fieldward-schema", "version": 1, "table": "{table}",
            "record_id": [{parts}], "fields": [{fields}]}}"#
    );
    Schema::from_json(&text).unwrap()
}

/// The declaration of the parts that `id` has.
pub fn parts_of(id: &RecordId) -> String {
    let part = |(at, part): (usize, &RecordIdPart)| {
        let kind = match part {
            RecordIdPart::Text(_) => "text",
            RecordIdPart::Bytes(_) => "bytes",
            RecordIdPart::I64(_) => "i64",
            _ => "uuid",
        };
        format!(r#"{{"path": "id{at}", "type": "{kind}"}}"#)
    };
    id.parts().iter().enumerate().map(part).collect::<Vec<_>>().join(", ")
}

/// One field of each mode that the tests of fields use.
pub fn patients() -> Schema {
    schema(
        r#"{"id": "note", "type": "text", "mode": "randomized"},
           {"id": "token", "type": "text", "mode": "randomized", "record_binding": "none"},
           {"id": "scan", "type": "bytes", "mode": "randomized", "stored": "text"},
           {"id": "number", "type": "text", "mode": "deterministic"},
           {"id": "age", "type": "i64", "mode": "randomized"},
           {"id": "padded", "type": "text", "mode": "randomized", "padding": {"block": 64}}"#,
    )
}

pub fn record(id: &str) -> RecordId {
    RecordId::text(id).unwrap()
}

pub fn text(content: &str) -> Value {
    Value::Text(content.to_owned())
}

/// The bytes of an envelope stored as bytes.
pub fn bytes(stored: &Stored) -> Vec<u8> {
    stored.bytes().unwrap().to_vec()
}

pub fn stored(bytes: &[u8]) -> StoredRef<'_> {
    StoredRef::Bytes(bytes)
}

pub fn code<T>(result: fieldward::Result<T>) -> fieldward::ErrorCode {
    result.err().unwrap().code()
}
