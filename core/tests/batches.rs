//! Lists of values are what single values are, many at a time.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Clinic, code, record, schema, text};
use fieldward::{ErrorCode, KeyState, OnFailure, RecordId, RecordIds, RotateOptions, Stored, Value};

/// A value of each type, in canonical text where it has one.
fn values() -> Vec<(&'static str, Value)> {
    vec![
        ("text", text("Zoe\u{308}")),
        ("bytes", Value::Bytes(vec![0, 255, 128])),
        ("i64", Value::I64(i64::MIN)),
        ("f64", Value::F64(-0.0)),
        ("bool", Value::Bool(true)),
        ("date", Value::Date("2024-02-29".parse().unwrap())),
        ("timestamp", Value::Timestamp("1996-12-19T16:39:57.120-08:00".parse().unwrap())),
        ("decimal", Value::Decimal("-0.00".parse().unwrap())),
        ("json", Value::Json(r#"{"b":[1,null],"a":1.50}"#.to_owned())),
        ("uuid", Value::Uuid([7; 16])),
    ]
}

fn ids(rows: usize) -> Vec<RecordId> {
    (0..rows).map(|row| record(&format!("p-{row}"))).collect()
}

#[test]
fn a_batch_is_its_values_one_by_one() {
    let clinic = Clinic::new();
    for (kind, value) in values() {
        for form in ["bytes", "text"] {
            let options = format!(r#"{{"id": "x", "type": "{kind}", "mode": "randomized", "stored": "{form}"}}"#);
            let field = clinic.field(&schema(&options), "x");
            let (given, ids) = (vec![Some(value.clone()), None, Some(value.clone())], ids(3));
            let sealed = field.encrypt_batch(&given, &RecordIds::Each(&ids)).unwrap();
            assert_eq!(sealed.len(), 3);
            assert_eq!(sealed[1], Stored::Null);
            assert_ne!(sealed[0], sealed[2], "a nonce of its own");
            for row in 0..3 {
                let opened = field.decrypt(sealed[row].as_ref(), Some(&ids[row])).unwrap();
                assert_eq!(opened, given[row], "{kind}");
            }
            let singles: Vec<Stored> =
                given.iter().zip(&ids).map(|(value, id)| field.encrypt(value.as_ref(), Some(id)).unwrap()).collect();
            let opened = field.decrypt_batch(&singles, &RecordIds::Each(&ids), OnFailure::Refuse).unwrap();
            assert_eq!(opened.values, given);
            assert!(opened.failures.is_empty() && opened.untrusted_rows == 0);
        }
    }
}

#[test]
fn deterministic_batches_are_the_tokens() {
    let clinic = Clinic::new();
    let field = clinic.field(&schema(r#"{"id": "x", "type": "text", "mode": "deterministic"}"#), "x");
    let sealed = field.encrypt_batch(&[Some(text("a")), Some(text("b"))], &RecordIds::None).unwrap();
    assert_eq!(field.tokens(&text("a")).unwrap(), [sealed[0].clone()]);
    assert_eq!(field.tokens(&text("b")).unwrap(), [sealed[1].clone()]);
}

#[test]
fn refused_rows_are_named() {
    let clinic = Clinic::new();
    let field = clinic.field(&schema(r#"{"id": "x", "type": "text", "mode": "randomized"}"#), "x");
    let many = ids(3);
    let records = RecordIds::Each(&many);
    let row = |error: fieldward::Error| (error.code(), error.row());
    let wrong = field.encrypt_batch(&[Some(text("a")), None, Some(Value::I64(1))], &records).err().unwrap();
    assert_eq!(row(wrong), (ErrorCode::WrongType, Some(2)));
    let sealed = field.encrypt(Some(&text("a")), Some(&many[0])).unwrap();
    let again = [None, Some(Value::Text("b".to_owned())), None];
    assert_eq!(code(field.encrypt_batch(&again, &RecordIds::Each(&many[..2]))), ErrorCode::InvalidArgument);
    assert_eq!(code(field.encrypt_batch(&again, &RecordIds::None)), ErrorCode::RecordIdMissing);
    assert_eq!(
        code(field.decrypt_batch(&[Stored::Null], &RecordIds::Each(&many), OnFailure::Report)),
        ErrorCode::InvalidArgument
    );
    assert_eq!(
        code(field.decrypt_batch(&[Stored::Null], &RecordIds::None, OnFailure::Report)),
        ErrorCode::RecordIdMissing
    );

    // row 1 belongs to another record
    let stored = [sealed.clone(), sealed.clone(), Stored::Null];
    let refused = field.decrypt_batch(&stored, &records, OnFailure::Refuse).err().unwrap();
    assert_eq!(row(refused), (ErrorCode::AuthenticationFailed, Some(1)));
    let reported = field.decrypt_batch(&stored, &records, OnFailure::Report).unwrap();
    assert_eq!(reported.values, [Some(text("a")), None, None]);
    assert_eq!(reported.failures.len(), 1);
    assert_eq!((reported.failures[0].row, reported.failures[0].error.row()), (1, Some(1)));

    // the other form, beside what opens
    let mixed = [sealed, Stored::Null, Stored::Text("a".to_owned())];
    let refused = field.decrypt_batch(&mixed, &records, OnFailure::Refuse).err().unwrap();
    assert_eq!(row(refused), (ErrorCode::WrongStoredForm, Some(2)));
    let reported = field.decrypt_batch(&mixed, &records, OnFailure::Report).unwrap();
    assert_eq!(reported.values, [Some(text("a")), None, None]);
    assert_eq!((reported.failures[0].row, reported.failures[0].error.code()), (2, ErrorCode::WrongStoredForm));
}

#[test]
fn legacy_text_is_read_in_either_form_and_counted() {
    let clinic = Clinic::new();
    let options = r#"{"id": "x", "type": "text", "mode": "randomized", "accepts": ["plaintext"]}"#;
    let field = clinic.field(&schema(options), "x");
    let many = ids(2);
    let stored = [field.encrypt(Some(&text("new")), Some(&many[0])).unwrap(), Stored::Text("old".to_owned())];
    let opened = field.decrypt_batch(&stored, &RecordIds::Each(&many), OnFailure::Refuse).unwrap();
    assert_eq!(opened.values, [Some(text("new")), Some(text("old"))]);
    assert_eq!(opened.untrusted_rows, 1);
}

#[test]
fn what_stands_under_a_compromised_key_is_counted() {
    let clinic = Clinic::new();
    let patients = schema(r#"{"id": "x", "type": "text", "mode": "randomized"}"#);
    let field = clinic.field(&patients, "x");
    let many = ids(2);
    let records = RecordIds::Each(&many);
    let sealed = field.encrypt_batch(&[Some(text("a")), Some(text("b"))], &records).unwrap();
    clinic.keyring.rotate(RotateOptions::activate_immediately()).unwrap();
    clinic.keyring.mark_compromised(1, "a test").unwrap();
    let refused = field.decrypt_batch(&sealed, &records, OnFailure::Refuse);
    assert_eq!(code(refused), ErrorCode::KeyCompromised);
    let allowed = clinic.keyring.allow(KeyState::Compromised, "a test").unwrap().field(&patients, None, "x").unwrap();
    let opened = allowed.decrypt_batch(&sealed, &records, OnFailure::Refuse).unwrap();
    assert_eq!((opened.values.len(), opened.untrusted_rows), (2, 2));
}
