//! One keyring document, handles with different back ends: what one writes another reads, and what the FIPS module does not cover is
//! refused by name. Which back ends there are depends on the features of the build.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::{Clinic, code, patients, record, schema, text};
use fieldward::{Backend, ErrorCode, ErrorKind, Keyring, Value};

/// Below, at and above the lengths from which another back end may serve.
const LENGTHS: [usize; 6] = [0, 11, 255, 256, 1_024, 100_000];

fn keyrings(clinic: &Clinic) -> Vec<Keyring> {
    let available = Backend::ALL.iter().filter(|backend| backend.is_available());
    available.map(|backend| clinic.builder().backend(*backend).open().unwrap()).collect()
}

fn note(len: usize) -> Value {
    text(&"x".repeat(len))
}

#[test]
fn what_one_writes_another_reads() {
    let clinic = Clinic::new();
    let keyrings = keyrings(&clinic);
    let schema = patients();
    let id = record("p-1");
    for writer in &keyrings {
        for len in LENGTHS {
            let stored = writer.field(&schema, None, "note").unwrap().encrypt(Some(&note(len)), Some(&id)).unwrap();
            for reader in &keyrings {
                let field = reader.field(&schema, None, "note").unwrap();
                assert_eq!(field.decrypt(stored.as_ref(), Some(&id)).unwrap(), Some(note(len)));
                let other = field.decrypt(stored.as_ref(), Some(&record("p-2")));
                assert_eq!(code(other), ErrorCode::AuthenticationFailed);
                let mut spoilt = common::bytes(&stored);
                *spoilt.last_mut().unwrap() ^= 1;
                let spoilt = field.decrypt(common::stored(&spoilt), Some(&id));
                assert_eq!(code(spoilt), ErrorCode::AuthenticationFailed);
            }
        }
    }
}

#[test]
fn an_absent_back_end_is_refused() {
    let clinic = Clinic::new();
    for backend in Backend::ALL {
        let opened = clinic.builder().backend(*backend).open();
        match backend.is_available() {
            true => assert_eq!(opened.unwrap().backend(), *backend),
            false => assert_eq!(code(opened), ErrorCode::BackendUnavailable),
        }
    }
    assert_eq!(clinic.keyring.backend(), Backend::default());
    assert_eq!(ErrorCode::BackendUnavailable.kind(), ErrorKind::Misuse);
    assert!(!Backend::Portable.claim().is_empty());
}

/// Columns by the portable engine, their long rows by the back end; each back end reads columns of the others.
#[test]
fn columns_of_every_length() {
    use fieldward::{BinaryColumn, Column, Offsets, OnFailure, RecordIds, StoredColumn, ValueColumn};
    let clinic = Clinic::new();
    let keyrings = keyrings(&clinic);
    let schema = patients();
    let (mut data, mut offsets) = (Vec::new(), vec![0_i64]);
    for len in LENGTHS {
        data.extend(std::iter::repeat_n(b'y', len));
        offsets.push(i64::try_from(data.len()).unwrap());
    }
    let column = Column::Binary(BinaryColumn::new(&data, Offsets::I64(&offsets), None).unwrap());
    for writer in keyrings.iter().filter(|keyring| !keyring.backend().is_fips()) {
        let mut stored = StoredColumn::new();
        let field = writer.field(&schema, None, "token").unwrap();
        field.encrypt_column(&column, &RecordIds::None, &mut stored).unwrap();
        for reader in &keyrings {
            let field = reader.field(&schema, None, "token").unwrap();
            let read = field.decrypt_column(&stored.as_column().unwrap(), &RecordIds::None, OnFailure::Refuse).unwrap();
            let ValueColumn::Binary(text) = read.values else { panic!("text is binary") };
            assert_eq!(text.data(), data);
            let one = stored.as_column().unwrap().get(5).unwrap().to_vec();
            assert_eq!(field.decrypt(common::stored(&one), None).unwrap(), Some(text_of(&data, &offsets, 5)));
        }
    }
}

fn text_of(data: &[u8], offsets: &[i64], row: usize) -> Value {
    let at = |row: usize| usize::try_from(offsets[row]).unwrap();
    text(std::str::from_utf8(&data[at(row)..at(row + 1)]).unwrap())
}

/// The same index value whatever computes it.
#[test]
fn index_values_are_the_same() {
    let clinic = Clinic::new();
    let schema = schema(
        r#"{"id": "email", "type": "text", "mode": "randomized",
            "indexes": [{"name": "exact", "column": "email_index", "transform": "exact", "normalizer": ["casefold"]}]}"#,
    );
    let values: Vec<_> = keyrings(&clinic)
        .iter()
        .map(|keyring| {
            let field = keyring.field(&schema, None, "email").unwrap();
            field.index_values(Some(&text("Ada@Example.org"))).unwrap()
        })
        .collect();
    assert!(values.iter().all(|value| *value == values[0]));
}

#[cfg(feature = "fips")]
mod fips {
    use super::*;
    use fieldward::{BinaryColumn, Column, Mode, Offsets, RecordIds, RotateOptions, Schema, StoredColumn};

    fn approved(clinic: &Clinic) -> Keyring {
        clinic.builder().backend(Backend::AwsLcFips).open().unwrap()
    }

    /// AES-SIV: a field that is deterministic, or was.
    #[test]
    fn deterministic_fields_are_refused() {
        let clinic = Clinic::new();
        let keyring = approved(&clinic);
        assert_eq!(code(keyring.field(&patients(), None, "number")), ErrorCode::NotApproved);
        let moved = schema(
            r#"{"id": "number", "type": "text", "mode": "randomized", "reads_also": [{"mode": "deterministic"}]}"#,
        );
        assert_eq!(code(keyring.field(&moved, None, "number")), ErrorCode::NotApproved);
        assert_eq!(code(keyring.records(&patients(), None)), ErrorCode::NotApproved);
        // the portable back end moves what was deterministic
        let portable = clinic.builder().backend(Backend::Portable).open().unwrap();
        let field = portable.field(&patients(), None, "number").unwrap();
        assert_eq!(field.spec().mode(), Mode::Deterministic);
        let old = field.encrypt(Some(&text("999")), None).unwrap();
        let id = record("p-1");
        let field = portable.field(&moved, None, "number").unwrap();
        assert_eq!(field.decrypt(old.as_ref(), Some(&id)).unwrap(), Some(text("999")));
        let new = field.encrypt(Some(&text("999")), Some(&id)).unwrap();
        let alone = schema(r#"{"id": "number", "type": "text", "mode": "randomized"}"#);
        let field = keyring.field(&alone, None, "number").unwrap();
        assert_eq!(field.decrypt(new.as_ref(), Some(&id)).unwrap(), Some(text("999")));
        assert_eq!(code(field.decrypt(old.as_ref(), Some(&id))), ErrorCode::SuiteNotAllowed);
    }

    /// Nonces counted up.
    #[test]
    fn batches_are_refused() {
        let clinic = Clinic::new();
        let field = approved(&clinic).field(&patients(), None, "token").unwrap();
        let column = Column::Binary(BinaryColumn::new(b"onetwo", Offsets::I32(&[0, 3, 6]), None).unwrap());
        let mut stored = StoredColumn::new();
        let refused = field.encrypt_column(&column, &RecordIds::None, &mut stored);
        assert_eq!(code(refused), ErrorCode::NotApproved);
        assert_eq!(stored.data().len(), 0);
        assert_eq!(ErrorCode::NotApproved.kind(), ErrorKind::Misuse);
    }

    /// Records of randomized fields, and everything a keyring does, under the module.
    #[test]
    fn what_is_covered_works() {
        let clinic = Clinic::new();
        let keyring = approved(&clinic);
        let schema = Schema::from_json(
            r#"{"format": "fieldward-schema", "version": 1, "table": "patients",
                "record_id": [{"path": "id", "type": "text"}],
                "fields": [{"id": "note", "type": "text", "mode": "randomized", "path": "note"}]}"#,
        )
        .unwrap();
        let id = record("p-1");
        let field = keyring.field(&schema, None, "note").unwrap();
        let before = field.encrypt(Some(&text("before")), Some(&id)).unwrap();
        keyring.rotate(RotateOptions::default()).unwrap();
        clinic.clock.advance(3 * common::DAY);
        let after = field.encrypt(Some(&text("after")), Some(&id)).unwrap();
        assert_ne!(common::bytes(&before)[1..5], common::bytes(&after)[1..5], "another key");
        let portable = clinic.builder().backend(Backend::Portable).open().unwrap();
        for keyring in [keyring, portable] {
            let field = keyring.field(&schema, None, "note").unwrap();
            assert_eq!(field.decrypt(before.as_ref(), Some(&id)).unwrap(), Some(text("before")));
            assert_eq!(field.decrypt(after.as_ref(), Some(&id)).unwrap(), Some(text("after")));
        }
    }
}
