//! The hot path allocates the result and nothing else; metrics and audit cost no allocation there.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use std::hint::black_box;

use allocation_counter::measure;
use common::{Clinic, record, schema, stored, text};
use fieldward::MemorySink;

#[test]
fn a_value_costs_the_allocations_of_its_result() {
    let clinic = Clinic::new();
    let keyring = clinic.builder().audit(MemorySink::new()).open().unwrap();
    let schema = schema(
        r#"{"id": "note", "type": "text", "mode": "randomized"}, {"id": "number", "type": "text", "mode": "deterministic"}"#,
    );
    let (note, number) =
        (keyring.field(&schema, None, "note").unwrap(), keyring.field(&schema, None, "number").unwrap());
    let (id, value) = (record("1"), text("999-41-1234"));
    let sealed = note.encrypt(Some(&value), Some(&id)).unwrap();
    let bytes = sealed.bytes().unwrap().to_vec();
    number.encrypt(Some(&value), None).unwrap();
    note.decrypt(stored(&bytes), Some(&id)).unwrap();
    // Past a sampled call too: one in 64 reads a clock.
    for _ in 0..130 {
        let encrypt = measure(|| {
            black_box(note.encrypt(Some(&value), Some(&id)).unwrap());
        });
        // The envelope.
        assert!(encrypt.count_total <= 1, "encrypt: {encrypt:?}");
        let decrypt = measure(|| {
            black_box(note.decrypt(stored(&bytes), Some(&id)).unwrap());
        });
        // The value.
        assert!(decrypt.count_total <= 1, "decrypt: {decrypt:?}");
        let deterministic = measure(|| {
            black_box(number.encrypt(Some(&value), None).unwrap());
        });
        // The envelope.
        assert!(deterministic.count_total <= 1, "deterministic: {deterministic:?}");
    }
    let found = keyring.metrics().snapshot();
    assert!(found.fields.iter().any(|field| field.operations.iter().any(|operation| operation.calls > 128)));
}

#[test]
fn long_inputs_cost_no_more_than_twice_their_length() {
    let clinic = Clinic::new();
    let schema = schema(r#"{"id": "note", "type": "text", "mode": "randomized", "stored": "text"}"#);
    let note = clinic.field(&schema, "note");
    let id = record("1");
    for declared in ["fw1.", "fw1.gQAAAAAA"] {
        let long = declared.to_owned() + &"A".repeat(1_000_000);
        let spent = measure(|| {
            assert!(note.decrypt(fieldward::StoredRef::Text(&long), Some(&id)).is_err());
        });
        assert!(spent.bytes_max < 2_100_000, "{spent:?}");
    }
}
