//! Every bit of every header, every length, every value at every other place.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use std::error::Error as _;

use common::{Clinic, bytes, parts_of, patients, record, schema_with_id, stored, text};
use fieldward::{ErrorCode, RecordId, RecordIdPart};

const HEADER: usize = 5;

#[test]
fn every_bit_of_every_header() {
    let clinic = Clinic::new();
    for name in ["note", "number", "padded"] {
        let field = clinic.field(&patients(), name);
        let id = record("1");
        let envelope = bytes(&field.encrypt(Some(&text("tamper with me")), Some(&id)).unwrap());
        for bit in 0..envelope.len() * 8 {
            let mut copy = envelope.clone();
            copy[bit / 8] ^= 1 << (bit % 8);
            let code = field.decrypt(stored(&copy), Some(&id)).unwrap_err().code();
            let visible = [
                ErrorCode::NotAnEnvelope,
                ErrorCode::UnknownSuite,
                ErrorCode::SuiteNotAllowed,
                ErrorCode::EnvelopeTruncated,
                ErrorCode::KeyUnknown,
            ];
            match bit / 8 {
                0 => assert!(visible.contains(&code), "bit {bit} of {name}: {code:?}"),
                1..HEADER => assert_eq!(code, ErrorCode::KeyUnknown, "bit {bit} of {name}"),
                _ => assert_eq!(code, ErrorCode::AuthenticationFailed, "bit {bit} of {name}"),
            }
        }
    }
}

#[test]
fn every_length() {
    let clinic = Clinic::new();
    for (name, shortest) in [("note", 46), ("number", 22)] {
        let field = clinic.field(&patients(), name);
        let id = record("1");
        let envelope = bytes(&field.encrypt(Some(&text("tamper with me")), Some(&id)).unwrap());
        for length in 0..envelope.len() {
            let code = field.decrypt(stored(&envelope[..length]), Some(&id)).unwrap_err().code();
            let expected = match length {
                0 => ErrorCode::NotAnEnvelope,
                _ if length < shortest => ErrorCode::EnvelopeTruncated,
                _ => ErrorCode::AuthenticationFailed,
            };
            assert_eq!(code, expected, "{length} bytes of {name}");
        }
        for extra in 1..40 {
            let longer = [envelope.as_slice(), &vec![0; extra]].concat();
            assert_eq!(field.decrypt(stored(&longer), Some(&id)).unwrap_err().code(), ErrorCode::AuthenticationFailed);
        }
    }
}

/// Tenants × tables × fields × records: a ciphertext opens where it was made and nowhere else.
#[test]
fn every_value_at_every_other_coordinate() {
    let clinic = Clinic::new();
    let fields = |mode: &str| {
        ["ssn", "email", "ss", "nemail"]
            .map(|id| format!(r#"{{"id": "{id}", "type": "text", "mode": "{mode}"}}"#))
            .join(",")
    };
    let records = [
        record("1"),
        record(""),
        record("11"),
        RecordId::integer(1).unwrap(),
        RecordId::new([RecordIdPart::Text("1".into()), RecordIdPart::Text("1".into())]).unwrap(),
    ];
    for mode in ["randomized", "deterministic"] {
        let mut places = Vec::new();
        for tenant in [None, Some(""), Some("north"), Some("northpatients")] {
            for table in ["patients", "visits"] {
                for field in ["ssn", "email", "ss", "nemail"] {
                    for (number, id) in records.iter().enumerate() {
                        let schema = schema_with_id(table, &parts_of(id), &fields(mode));
                        let cipher = clinic.keyring.field(&schema, tenant, field).unwrap();
                        places.push(((tenant, table, field), number, cipher, id));
                    }
                }
            }
        }
        let envelopes: Vec<_> =
            places.iter().map(|(_, _, cipher, id)| cipher.encrypt(Some(&text("same")), Some(id)).unwrap()).collect();
        let mut refused = 0;
        for (from, envelope) in envelopes.iter().enumerate() {
            for (to, (place, _, cipher, id)) in places.iter().enumerate() {
                let opened = cipher.decrypt(envelope.as_ref(), Some(id));
                let same_key = *place == places[from].0;
                let same = if mode == "randomized" { from == to } else { same_key };
                if same {
                    assert_eq!(opened.unwrap(), Some(text("same")));
                } else {
                    refused += 1;
                    assert_eq!(opened.unwrap_err().code(), ErrorCode::AuthenticationFailed);
                }
            }
        }
        let all = places.len() * places.len();
        let opened = if mode == "randomized" { places.len() } else { places.len() * records.len() };
        assert_eq!(refused, all - opened);
    }
}

/// A wrong key, a wrong tag, a wrong place and a wrong record cannot be told apart.
#[test]
fn one_opaque_error() {
    let clinic = Clinic::new();
    let (note, padded) = (clinic.field(&patients(), "note"), clinic.field(&patients(), "padded"));
    let envelope = bytes(&note.encrypt(Some(&text("x")), Some(&record("1"))).unwrap());
    let mut flipped = envelope.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let errors = [
        note.decrypt(stored(&flipped), Some(&record("1"))),
        note.decrypt(stored(&envelope), Some(&record("2"))),
        padded.decrypt(stored(&envelope), Some(&record("1"))),
        clinic.tenant_field(&patients(), "north", "note").decrypt(stored(&envelope), Some(&record("1"))),
    ]
    .map(|result| result.unwrap_err());
    for error in &errors {
        assert_eq!(format!("{error} {error:?}"), format!("{} {:?}", errors[0], errors[0]));
        assert!(error.source().is_none() && error.detail().is_none());
    }
}
