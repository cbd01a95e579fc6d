//! Moving values to the current key, and what re-encryption never does.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Clinic, DAY, bytes, record, schema, stored, text};
use fieldward::{ErrorCode, FieldCipher, KeyState, RotateOptions, Schema, Stored, StoredRef, inspect};

fn people() -> Schema {
    schema(
        r#"{"id": "ssn", "type": "text", "mode": "randomized", "indexes": [
              {"name": "exact", "column": "ssn_exact", "transform": "exact", "normalizer": "digits"},
              {"name": "last4", "column": "ssn_last4", "transform": {"last": 4}, "normalizer": "digits", "bits": 20,
               "accept_leak": ["low_cardinality"]}]},
           {"id": "free", "type": "text", "mode": "randomized", "record_binding": "none"}"#,
    )
}

fn sealed(field: &FieldCipher, id: &str) -> Vec<u8> {
    bytes(&field.encrypt(Some(&text("999-41-1234")), Some(&record(id))).unwrap())
}

fn rotate(clinic: &Clinic) {
    clinic.keyring.rotate(RotateOptions::default()).unwrap();
    clinic.clock.advance(2 * DAY);
}

#[test]
fn needs_rotation() {
    let clinic = Clinic::new();
    let ssn = clinic.field(&people(), "ssn");
    let old = sealed(&ssn, "1");
    assert!(!ssn.needs_rotation(stored(&old)).unwrap());
    assert!(!ssn.needs_rotation(StoredRef::Null).unwrap());
    rotate(&clinic);
    assert!(ssn.needs_rotation(stored(&old)).unwrap());
    let moved = ssn.reencrypt(stored(&old), Some(&record("1"))).unwrap();
    assert!(moved.is_trusted);
    let moved = bytes(&moved.stored);
    assert!(!ssn.needs_rotation(stored(&moved)).unwrap());
    assert_ne!(inspect(&moved).unwrap().header.key_id, inspect(&old).unwrap().header.key_id);
    assert_eq!(ssn.decrypt(stored(&moved), Some(&record("1"))).unwrap(), Some(text("999-41-1234")));
    assert_eq!(ssn.needs_rotation(stored(b"plain")).unwrap_err().code(), ErrorCode::NotAnEnvelope);
}

#[test]
fn returns_every_index_value() {
    let clinic = Clinic::new();
    let ssn = clinic.field(&people(), "ssn");
    let old = sealed(&ssn, "1");
    let before = ssn.index_values(Some(&text("999-41-1234"))).unwrap();
    rotate(&clinic);
    let moved = ssn.reencrypt(stored(&old), Some(&record("1"))).unwrap();
    assert_eq!(moved.index_values, before, "index keys do not rotate with data keys");
    assert_eq!(
        moved.index_values.iter().map(|(column, _)| column.as_str()).collect::<Vec<_>>(),
        ["ssn_exact", "ssn_last4"]
    );
}

#[test]
fn moves_to_another_record() {
    let clinic = Clinic::new();
    let ssn = clinic.field(&people(), "ssn");
    let old = sealed(&ssn, "1");
    let (from, to) = (record("1"), record("2"));
    let moved = ssn.reencryption(stored(&old), Some(&from)).to_record(Some(&to)).run().unwrap().stored;
    assert_eq!(ssn.decrypt(moved.as_ref(), Some(&to)).unwrap(), Some(text("999-41-1234")));
    assert_eq!(ssn.decrypt(moved.as_ref(), Some(&from)).unwrap_err().code(), ErrorCode::AuthenticationFailed);
    assert_eq!(ssn.reencrypt(stored(&old), Some(&to)).unwrap_err().code(), ErrorCode::AuthenticationFailed);
}

#[test]
fn never_drops_a_binding() {
    let clinic = Clinic::new();
    let (ssn, free) = (clinic.field(&people(), "ssn"), clinic.field(&people(), "free"));
    let old = sealed(&ssn, "1");
    let id = record("1");
    let refused = ssn.reencryption(stored(&old), Some(&id)).to_field(&free).to_record(None).run().unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InvalidArgument);
    let equal = clinic.field(&schema(r#"{"id": "equal", "type": "text", "mode": "deterministic"}"#), "equal");
    let refused = ssn.reencryption(stored(&old), Some(&id)).to_field(&equal).run().unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InvalidArgument, "deterministic fields bind no record");
    let refused = ssn.reencrypt(stored(&old), None).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::RecordIdMissing);
    let loose = bytes(&free.encrypt(Some(&text("x")), None).unwrap());
    let bound = free.reencryption(stored(&loose), None).to_field(&ssn).to_record(Some(&id)).run().unwrap().stored;
    assert_eq!(ssn.decrypt(bound.as_ref(), Some(&id)).unwrap(), Some(text("x")));
}

#[test]
fn compromised_keys_by_name_only() {
    let clinic = Clinic::new();
    let schema = people();
    let ssn = clinic.field(&schema, "ssn");
    let old = sealed(&ssn, "1");
    clinic.keyring.mark_compromised(1, "laptop stolen").unwrap();
    for result in [
        ssn.decrypt(stored(&old), Some(&record("1"))).map(drop),
        ssn.reencrypt(stored(&old), Some(&record("1"))).map(drop),
    ] {
        assert_eq!(result.unwrap_err().code(), ErrorCode::KeyCompromised);
    }
    let other =
        clinic.keyring.allow(KeyState::Suspended, "not this state").unwrap().field(&schema, None, "ssn").unwrap();
    assert_eq!(other.decrypt(stored(&old), Some(&record("1"))).unwrap_err().code(), ErrorCode::KeyCompromised);
    let allowed =
        clinic.keyring.allow(KeyState::Compromised, "moving data off it").unwrap().field(&schema, None, "ssn").unwrap();
    let opened = allowed.open(stored(&old), Some(&record("1"))).unwrap();
    assert!(!opened.is_trusted);
    let moved = allowed.reencrypt(stored(&old), Some(&record("1"))).unwrap();
    assert!(!moved.is_trusted);
    assert_eq!(ssn.decrypt(moved.stored.as_ref(), Some(&record("1"))).unwrap(), Some(text("999-41-1234")));
}

#[test]
fn compares_the_index_beside() {
    let clinic = Clinic::new();
    let ssn = clinic.field(&people(), "ssn");
    let old = sealed(&ssn, "1");
    let id = record("1");
    let right = &ssn.index_values(Some(&text("999411234"))).unwrap()[0].1;
    let wrong = &ssn.index_values(Some(&text("999419999"))).unwrap()[0].1;
    assert!(ssn.reencryption(stored(&old), Some(&id)).beside("exact", right).run().is_ok());
    let refused = ssn.reencryption(stored(&old), Some(&id)).beside("exact", wrong).run().unwrap_err();
    assert_eq!(refused.code(), ErrorCode::AuthenticationFailed);
    let refused = ssn.reencryption(stored(&old), Some(&id)).beside("last4", right).run().unwrap_err();
    assert_eq!(refused.code(), ErrorCode::WrongFieldMode);
}

#[test]
fn null_stays_null() {
    let clinic = Clinic::new();
    let ssn = clinic.field(&people(), "ssn");
    let moved = ssn.reencrypt(StoredRef::Null, Some(&record("1"))).unwrap();
    assert_eq!(moved.stored, Stored::Null);
    assert_eq!(moved.index_values, ssn.index_values(None).unwrap());
}

#[test]
fn batches_report_rows() {
    let clinic = Clinic::new();
    let ssn = clinic.field(&people(), "ssn");
    let (one, two) = (sealed(&ssn, "1"), sealed(&ssn, "2"));
    let (id_1, id_2) = (record("1"), record("2"));
    let results =
        ssn.reencrypt_batch([(stored(&one), Some(&id_1)), (stored(&one), Some(&id_2)), (stored(&two), Some(&id_2))]);
    let codes: Vec<_> = results.iter().map(|result| result.as_ref().err().map(fieldward::Error::code)).collect();
    assert_eq!(codes, [None, Some(ErrorCode::AuthenticationFailed), None]);
}
