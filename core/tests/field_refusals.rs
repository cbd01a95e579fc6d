//! What a field refuses, each with its own code, and never with data in the text.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Clinic, bytes, patients, record, schema, stored, text};
use fieldward::{ErrorCode, RecordId, RecordIdPart, StoredRef, Value};

#[test]
fn another_type() {
    let clinic = Clinic::new();
    let field = clinic.field(&patients(), "age");
    let refused = field.encrypt(Some(&text("canary-77")), Some(&record("1"))).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::WrongType);
    assert!(!format!("{refused} {refused:?}").contains("canary"));
    let as_text = schema(r#"{"id": "age", "type": "text", "mode": "randomized"}"#);
    let envelope = clinic.field(&as_text, "age").encrypt(Some(&text("77")), Some(&record("1"))).unwrap();
    assert_eq!(field.decrypt(envelope.as_ref(), Some(&record("1"))).unwrap_err().code(), ErrorCode::WrongType);
}

#[test]
fn record_ids() {
    let clinic = Clinic::new();
    let (bound, unbound) = (clinic.field(&patients(), "note"), clinic.field(&patients(), "token"));
    assert_eq!(bound.encrypt(Some(&text("x")), None).unwrap_err().code(), ErrorCode::RecordIdMissing);
    assert_eq!(
        unbound.encrypt(Some(&text("x")), Some(&record("1"))).unwrap_err().code(),
        ErrorCode::RecordIdUnexpected
    );
    let envelope = bound.encrypt(Some(&text("x")), Some(&record("1"))).unwrap();
    assert_eq!(bound.decrypt(envelope.as_ref(), None).unwrap_err().code(), ErrorCode::RecordIdMissing);
    assert_eq!(
        bound.decrypt(envelope.as_ref(), Some(&record("2"))).unwrap_err().code(),
        ErrorCode::AuthenticationFailed
    );
    let envelope = unbound.encrypt(Some(&text("x")), None).unwrap();
    assert_eq!(
        unbound.decrypt(envelope.as_ref(), Some(&record("1"))).unwrap_err().code(),
        ErrorCode::RecordIdUnexpected
    );
}

#[test]
fn record_ids_of_other_parts() {
    let clinic = Clinic::new();
    let bound = clinic.field(&patients(), "note");
    let other = RecordId::new([RecordIdPart::Text("1".into()), RecordIdPart::I64(1)]).unwrap();
    for other in [RecordId::integer(1).unwrap(), RecordId::uuid([1; 16]).unwrap(), other] {
        assert_eq!(bound.encrypt(Some(&text("x")), Some(&other)).unwrap_err().code(), ErrorCode::RecordIdInvalid);
        assert_eq!(bound.encrypt(None, Some(&other)).unwrap_err().code(), ErrorCode::RecordIdInvalid);
        let envelope = bound.encrypt(Some(&text("x")), Some(&record("1"))).unwrap();
        let error = bound.decrypt(envelope.as_ref(), Some(&other)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::RecordIdInvalid);
        assert!(error.to_string().contains("it is declared text"), "{error}");
        let number = clinic.field(&patients(), "number");
        assert!(number.encrypt(Some(&text("x")), Some(&other)).is_ok(), "a deterministic field ignores it");
    }
}

#[test]
fn an_envelope_again() {
    let clinic = Clinic::new();
    let note = clinic.field(&patients(), "note");
    let scan = clinic.field(&patients(), "scan");
    let envelope = bytes(&note.encrypt(Some(&text("x")), Some(&record("1"))).unwrap());
    let as_text = scan.encrypt(Some(&Value::Bytes(vec![1])), Some(&record("1"))).unwrap();
    let again = scan.encrypt(Some(&Value::Bytes(envelope.clone())), Some(&record("1")));
    assert_eq!(again.unwrap_err().code(), ErrorCode::AlreadyEncrypted);
    let again = note.encrypt(Some(&text(as_text.text().unwrap())), Some(&record("1")));
    assert_eq!(again.unwrap_err().code(), ErrorCode::AlreadyEncrypted);
    let other = Clinic::new();
    assert!(other.field(&patients(), "scan").encrypt(Some(&Value::Bytes(envelope)), Some(&record("1"))).is_ok());
}

#[test]
fn the_other_stored_form() {
    let clinic = Clinic::new();
    let (note, scan) = (clinic.field(&patients(), "note"), clinic.field(&patients(), "scan"));
    let as_bytes = note.encrypt(Some(&text("x")), Some(&record("1"))).unwrap();
    let as_text = scan.encrypt(Some(&Value::Bytes(vec![])), Some(&record("1"))).unwrap();
    let refused = note.decrypt(as_text.as_ref(), Some(&record("1"))).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::WrongStoredForm);
    let refused = scan.decrypt(as_bytes.as_ref(), Some(&record("1"))).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::WrongStoredForm);
}

#[test]
fn plaintext_where_an_envelope_belongs() {
    let clinic = Clinic::new();
    let (note, scan) = (clinic.field(&patients(), "note"), clinic.field(&patients(), "scan"));
    for (plain, code) in [
        (&b""[..], ErrorCode::NotAnEnvelope),
        (b"999-41-1234", ErrorCode::NotAnEnvelope),
        (b"{\"a\":1}", ErrorCode::NotAnEnvelope),
        (b"gAAAAABlcanary", ErrorCode::NotAnEnvelope),
        (&[0x81, 1, 2, 3, 4], ErrorCode::EnvelopeTruncated),
        (&[0x84; 80], ErrorCode::UnknownSuite),
    ] {
        assert_eq!(note.decrypt(stored(plain), Some(&record("1"))).unwrap_err().code(), code);
    }
    for (plain, code) in [
        ("", ErrorCode::NotAnEnvelope),
        ("999-41-1234", ErrorCode::NotAnEnvelope),
        ("fw1.", ErrorCode::NotAnEnvelope),
        ("fw1.=", ErrorCode::InvalidTextForm),
        ("fw1.gQAA", ErrorCode::EnvelopeTruncated),
    ] {
        assert_eq!(scan.decrypt(StoredRef::Text(plain), Some(&record("1"))).unwrap_err().code(), code, "{plain}");
    }
}

#[test]
fn another_suite() {
    let clinic = Clinic::new();
    let (note, number) = (clinic.field(&patients(), "note"), clinic.field(&patients(), "number"));
    let randomized = note.encrypt(Some(&text("x")), Some(&record("1"))).unwrap();
    let deterministic = number.encrypt(Some(&text("x")), None).unwrap();
    assert_eq!(number.decrypt(randomized.as_ref(), None).unwrap_err().code(), ErrorCode::SuiteNotAllowed);
    let refused = note.decrypt(deterministic.as_ref(), Some(&record("1"))).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::SuiteNotAllowed);
}

#[test]
fn an_unknown_key() {
    let (here, there) = (Clinic::new(), Clinic::new());
    let envelope = there.field(&patients(), "note").encrypt(Some(&text("x")), Some(&record("1"))).unwrap();
    let refused = here.field(&patients(), "note").decrypt(envelope.as_ref(), Some(&record("1"))).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::KeyUnknown);
    assert!(refused.detail().unwrap().contains("key"));
}

#[test]
fn names_that_the_schema_does_not_have() {
    let clinic = Clinic::new();
    assert_eq!(clinic.keyring.field(&patients(), None, "nothing").unwrap_err().code(), ErrorCode::UnknownField);
    let note = clinic.field(&patients(), "note");
    assert_eq!(note.tokens(&text("x")).unwrap_err().code(), ErrorCode::WrongFieldMode);
    assert_eq!(note.query("exact", &text("x")).unwrap_err().code(), ErrorCode::UnknownIndex);
}
