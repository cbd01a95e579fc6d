//! The whole task in one page: a keyring, a schema, a record in SQLite, a search, a rotation.
//!
//! Run it with `cargo run --package fieldward-examples --example first_record`.

use fieldward::{FilePin, FileStore, Keyring, LocalKeyProvider, RotateOptions, Schema, StoredRef, Value};
use rusqlite::{Connection, params};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = tempfile::tempdir()?;

    // A key file that only its owner can read; in production an HSM or a KMS takes its place.
    let provider = LocalKeyProvider::create_file(directory.path().join("root.key"))?;
    let keyring = Keyring::builder("clinic")
        .provider("primary", provider)
        .store(FileStore::new(directory.path().join("keys")))
        .pin(FilePin::new(directory.path().join("pins")))
        .create()?;

    // Six sensitive fields of a patient; the rest stays in the clear.
    let patients = keyring.records(&Schema::patient()?, None)?;
    let record = json!({"patient_id": "p-7", "ssn": "999-41-1234", "email": "Ana@Example.org", "ward": 3});
    let sealed = patients.encrypt(record.as_object().ok_or("an object")?)?;

    let db = Connection::open(directory.path().join("clinic.sqlite"))?;
    db.execute_batch("CREATE TABLE patients (patient_id TEXT, ssn BLOB, ssn_exact BLOB UNIQUE)")?;
    let index = sealed.index_value("ssn_exact").and_then(|value| value.bytes());
    db.execute(
        "INSERT INTO patients VALUES ('p-7', ?1, ?2)",
        params![sealed.stored("ssn").and_then(|ssn| ssn.bytes()), index],
    )?;

    // The key changes; searches and constraints do not notice.
    keyring.rotate(RotateOptions::activate_immediately())?;

    // Found, however it is typed.
    let ssn = patients.field("ssn")?;
    let query = ssn.query("exact", &Value::from("999 41 1234"))?;
    let (id, stored): (String, Vec<u8>) = db.query_row(
        "SELECT patient_id, ssn FROM patients WHERE ssn_exact = ?1",
        [query.tokens().first().ok_or("one token")?],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let record_id = fieldward::RecordId::text(id)?;
    let value = ssn.decrypt(StoredRef::Bytes(&stored), Some(&record_id))?;
    assert_eq!(value, Some(Value::from("999-41-1234")));

    // Moved to the new key, in its place.
    assert!(ssn.needs_rotation(StoredRef::Bytes(&stored))?);
    let moved = ssn.reencrypt(StoredRef::Bytes(&stored), Some(&record_id))?;
    db.execute("UPDATE patients SET ssn = ?1 WHERE patient_id = 'p-7'", [moved.stored.bytes()])?;
    println!("stored {} bytes for 11, found again under version {}", stored.len(), keyring.status()?.current_version);
    Ok(())
}
