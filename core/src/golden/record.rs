//! Records: what is encrypted, what stands beside, and that the very text comes back.

use serde_json::{Map, Value as Json, json};

use crate::error::{ErrorCode, Result};
use crate::keyring::Keyring;
use crate::provider::LocalKeyProvider;
use crate::record::{Cell, EncryptedRecord, RecordCipher};
use crate::schema::Schema;
use crate::secret::SecretKey;
use crate::store::MemoryStore;
use crate::suite::Backend;

pub(super) fn run(op: &str, input: &Json) -> Option<Result<Json>> {
    match op {
        "record_encrypt" => Some(encrypt(input)),
        "record_decrypt_changed" => Some(decrypt_changed(input)),
        _ => None,
    }
}

fn setting(input: &Json) -> (RecordCipher, Map<String, Json>, String) {
    let schema = Schema::from_json(input["schema"].as_str().unwrap()).unwrap();
    let text = input["record"].as_str().unwrap();
    let records = match records(&schema, Backend::default()) {
        // deterministic fields are not for the FIPS module
        Err(error) if error.code() == ErrorCode::NotApproved => records(&schema, Backend::Portable),
        records => records,
    };
    (records.unwrap(), serde_json::from_str(text).unwrap(), text.to_owned())
}

fn records(schema: &Schema, backend: Backend) -> Result<RecordCipher> {
    let keyring = Keyring::builder("vectors")
        .provider("primary", LocalKeyProvider::new(SecretKey::generate()?))
        .store(MemoryStore::new())
        .no_pin("vectors")
        .backend(backend)
        .create()?;
    keyring.records(schema, None)
}

fn encrypt(input: &Json) -> Result<Json> {
    let (records, record, text) = setting(input);
    let sealed = records.encrypt(&record)?;
    let back = records.decrypt(&sealed)?;
    assert_eq!(serde_json::to_string(&back).unwrap(), text, "the record comes back as it was");
    let is_encrypted =
        |cell: &Cell| matches!(cell, Cell::Stored(stored) if stored.bytes().is_some() || stored.text().is_some());
    let encrypted: Vec<_> =
        sealed.cells().iter().filter(|(_, cell)| is_encrypted(cell)).map(|(name, _)| name).collect();
    let indexes: Map<_, _> =
        sealed.index_values().iter().map(|(column, value)| (column.clone(), value.all().len().into())).collect();
    Ok(json!({ "encrypted": encrypted, "indexes": indexes }))
}

fn decrypt_changed(input: &Json) -> Result<Json> {
    let (records, record, text) = setting(input);
    let sealed = records.encrypt(&record)?;
    let mut changed: EncryptedRecord = sealed.clone();
    for (name, change) in input["change"].as_object().unwrap() {
        let cell = match change.get("cell") {
            Some(other) => sealed.cell(other.as_str().unwrap()).unwrap().clone(),
            None => Cell::Clear(change.clone()),
        };
        changed = changed.with(name, cell);
    }
    let back = records.decrypt(&changed)?;
    Ok(json!({ "same": serde_json::to_string(&back).unwrap() == text }))
}
