//! Values go in and come out, and the database's view of them is what the specification says.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use std::collections::HashSet;

use common::{Clinic, bytes, patients, record, schema, stored, text};
use fieldward::{Stored, StoredRef, Value, inspect};

#[test]
fn every_type_comes_back() {
    let clinic = Clinic::new();
    let values = [
        ("bytes", Value::Bytes(vec![0, 0xff])),
        ("text", text("Ünïcödé 東京")),
        ("i64", Value::I64(i64::MIN)),
        ("f64", Value::F64(-0.1)),
        ("bool", Value::Bool(true)),
        ("date", Value::Date("2024-02-29".parse().unwrap())),
        ("timestamp", Value::Timestamp("2024-02-29T01:02:03.100+05:30".parse().unwrap())),
        ("decimal", Value::Decimal("1.10".parse().unwrap())),
        ("json", Value::Json(r#"{"b": 1.0, "a": []}"#.into())),
        ("uuid", Value::Uuid([7; 16])),
    ];
    for (kind, value) in values {
        for form in ["bytes", "text"] {
            let schema =
                schema(&format!(r#"{{"id": "x", "type": "{kind}", "mode": "randomized", "stored": "{form}"}}"#));
            let field = clinic.field(&schema, "x");
            let sealed = field.encrypt(Some(&value), Some(&record("1"))).unwrap();
            assert_eq!(field.decrypt(sealed.as_ref(), Some(&record("1"))).unwrap().unwrap(), value, "{kind} as {form}");
        }
    }
}

#[test]
fn null_empty_and_missing() {
    let clinic = Clinic::new();
    let field = clinic.field(&patients(), "note");
    assert_eq!(field.encrypt(None, Some(&record("1"))).unwrap(), Stored::Null);
    assert_eq!(field.decrypt(StoredRef::Null, Some(&record("1"))).unwrap(), None);
    let empty = field.encrypt(Some(&text("")), Some(&record("1"))).unwrap();
    assert_eq!(bytes(&empty).len(), 46);
    assert_eq!(field.decrypt(empty.as_ref(), Some(&record("1"))).unwrap(), Some(text("")));
}

#[test]
fn overhead_is_exact_and_nothing_shows() {
    let clinic = Clinic::new();
    let randomized =
        bytes(&clinic.field(&patients(), "note").encrypt(Some(&text("999-41-1234")), Some(&record("1"))).unwrap());
    assert_eq!(randomized.len(), 11 + 46);
    let deterministic = bytes(&clinic.field(&patients(), "number").encrypt(Some(&text("999-41-1234")), None).unwrap());
    assert_eq!(deterministic.len(), 11 + 22);
    for envelope in [&randomized, &deterministic] {
        assert!(!envelope.windows(6).any(|window| b"999-41-1234".windows(6).any(|plain| plain == window)));
        assert_eq!(inspect(envelope).unwrap().plaintext_len, 12);
    }
    let padded = bytes(&clinic.field(&patients(), "padded").encrypt(Some(&text("short")), Some(&record("1"))).unwrap());
    assert_eq!(padded.len(), 64 + 45);
}

#[test]
fn randomized_never_repeats() {
    let clinic = Clinic::new();
    let field = clinic.field(&patients(), "note");
    let seen: HashSet<_> =
        (0..2_000).map(|_| bytes(&field.encrypt(Some(&text("same")), Some(&record("1"))).unwrap())).collect();
    assert_eq!(seen.len(), 2_000);
    let nonces: HashSet<_> = seen.iter().map(|envelope| envelope[5..29].to_vec()).collect();
    assert_eq!(nonces.len(), 2_000);
}

#[test]
fn deterministic_repeats() {
    let clinic = Clinic::new();
    let field = clinic.field(&patients(), "number");
    let once = field.encrypt(Some(&text("MRN-1")), None).unwrap();
    assert_eq!(field.encrypt(Some(&text("MRN-1")), Some(&record("other"))).unwrap(), once);
    assert_ne!(field.encrypt(Some(&text("MRN-2")), None).unwrap(), once);
    assert_eq!(field.tokens(&text("MRN-1")).unwrap(), [once]);
}

#[test]
fn equal_values_of_other_places_are_unrelated() {
    let clinic = Clinic::new();
    let fields =
        r#"{"id": "a", "type": "text", "mode": "deterministic"}, {"id": "b", "type": "text", "mode": "deterministic"}"#;
    let (patients, visits) = (schema(fields), common::schema_of("visits", fields));
    let seen: HashSet<_> = [
        clinic.field(&patients, "a"),
        clinic.field(&patients, "b"),
        clinic.field(&visits, "a"),
        clinic.tenant_field(&patients, "", "a"),
        clinic.tenant_field(&patients, "north", "a"),
    ]
    .iter()
    .map(|field| bytes(&field.encrypt(Some(&text("same")), None).unwrap())[5..].to_vec())
    .collect();
    assert_eq!(seen.len(), 5);
}

#[test]
fn the_key_id_is_the_current_versions() {
    let clinic = Clinic::new();
    let envelope = clinic.field(&patients(), "note").encrypt(Some(&text("x")), Some(&record("1"))).unwrap();
    let opened = clinic.field(&patients(), "note").open(stored(&bytes(&envelope)), Some(&record("1"))).unwrap();
    assert!(opened.is_trusted);
    assert_eq!(opened.key_id.unwrap(), inspect(&bytes(&envelope)).unwrap().header.key_id);
}
