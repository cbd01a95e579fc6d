//! A field that changes while data moves: earlier readings, mixed columns, and nothing else.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Clinic, bytes, record, schema, stored, text};
use fieldward::{ErrorCode, StoredRef};

#[test]
fn in_declared_order() {
    let clinic = Clinic::new();
    let before = schema(
        r#"{"id": "mail", "type": "text", "mode": "deterministic"},
           {"id": "contact", "type": "text", "mode": "randomized", "record_binding": "none"}"#,
    );
    let after = schema(
        r#"{"id": "email", "type": "text", "mode": "randomized", "reads_also": [
             {"mode": "deterministic", "field": "mail"},
             {"field": "contact", "record_binding": "none"}]}"#,
    );
    let email = clinic.field(&after, "email");
    let id = record("1");
    let as_mail = clinic.field(&before, "mail").encrypt(Some(&text("a@example.org")), None).unwrap();
    let as_contact = clinic.field(&before, "contact").encrypt(Some(&text("b@example.org")), None).unwrap();
    assert_eq!(email.decrypt(as_mail.as_ref(), Some(&id)).unwrap(), Some(text("a@example.org")));
    assert!(email.needs_rotation(as_mail.as_ref()).unwrap());
    let moved = email.reencrypt(as_mail.as_ref(), Some(&id)).unwrap().stored;
    assert_eq!(email.decrypt(moved.as_ref(), Some(&id)).unwrap(), Some(text("a@example.org")));
    assert_eq!(email.decrypt(moved.as_ref(), Some(&record("2"))).unwrap_err().code(), ErrorCode::AuthenticationFailed);
    let refused = clinic.field(&before, "mail").decrypt(moved.as_ref(), None).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::SuiteNotAllowed);
    assert_eq!(email.decrypt(as_contact.as_ref(), Some(&id)).unwrap(), Some(text("b@example.org")));
}

#[test]
fn one_key_id_one_key() {
    let clinic = Clinic::new();
    let plain = schema(
        r#"{"id": "email", "type": "text", "mode": "randomized"}, {"id": "other", "type": "text", "mode": "randomized"}"#,
    );
    let email = clinic.field(&plain, "email");
    let foreign = clinic.field(&plain, "other").encrypt(Some(&text("x")), Some(&record("1"))).unwrap();
    assert_eq!(
        email.decrypt(foreign.as_ref(), Some(&record("1"))).unwrap_err().code(),
        ErrorCode::AuthenticationFailed
    );
    // An envelope of an older version under the newer version's id opens with neither.
    let old = bytes(&email.encrypt(Some(&text("x")), Some(&record("1"))).unwrap());
    clinic.keyring.rotate(fieldward::RotateOptions::default()).unwrap();
    clinic.clock.advance(2 * common::DAY);
    let new = bytes(&email.encrypt(Some(&text("x")), Some(&record("1"))).unwrap());
    let mut relabelled = old.clone();
    relabelled[1..5].copy_from_slice(&new[1..5]);
    let refused = email.decrypt(stored(&relabelled), Some(&record("1"))).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::AuthenticationFailed);
}

#[test]
fn mixed_columns() {
    let clinic = Clinic::new();
    let strict = schema(r#"{"id": "note", "type": "text", "mode": "randomized", "stored": "text"}"#);
    let mixed =
        schema(r#"{"id": "note", "type": "text", "mode": "randomized", "stored": "text", "accepts": ["plaintext"]}"#);
    let id = record("1");
    let plain = StoredRef::Text("written before");
    assert_eq!(clinic.field(&strict, "note").decrypt(plain, Some(&id)).unwrap_err().code(), ErrorCode::NotAnEnvelope);
    let note = clinic.field(&mixed, "note");
    let opened = note.open(plain, Some(&id)).unwrap();
    assert_eq!(opened.value, Some(text("written before")));
    assert!(!opened.is_trusted && opened.key_id.is_none());
    for damaged in ["fw1.", "fw1.gQAA", "fw1.=", "fw1.not an envelope"] {
        assert!(note.decrypt(StoredRef::Text(damaged), Some(&id)).is_err(), "{damaged}");
    }
}

#[test]
fn no_fallback_after_authentication() {
    let clinic = Clinic::new();
    let mixed = schema(
        r#"{"id": "note", "type": "text", "mode": "randomized", "stored": "text", "accepts": ["plaintext"]},
           {"id": "scan", "type": "bytes", "mode": "randomized", "accepts": ["plaintext"]}"#,
    );
    let id = record("1");
    let note = clinic.field(&mixed, "note");
    let sealed = note.encrypt(Some(&text("x")), Some(&id)).unwrap();
    let refused = note.decrypt(sealed.as_ref(), Some(&record("2"))).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::AuthenticationFailed);
    let scan = clinic.field(&mixed, "scan");
    let mut sealed = bytes(&scan.encrypt(Some(&fieldward::Value::Bytes(vec![1])), Some(&id)).unwrap());
    *sealed.last_mut().unwrap() ^= 1;
    assert_eq!(scan.decrypt(stored(&sealed), Some(&id)).unwrap_err().code(), ErrorCode::AuthenticationFailed);
    sealed[1] ^= 1;
    assert_eq!(scan.decrypt(stored(&sealed), Some(&id)).unwrap_err().code(), ErrorCode::KeyUnknown);
}
