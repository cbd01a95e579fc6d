//! Properties that hold for any input.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use std::sync::LazyLock;

use common::{Clinic, parts_of, schema_with_id};
use fieldward::{
    Date, Decimal, FieldCipher, Normalizer, Padding, RecordId, RecordIdPart, Step, Suite, Value, ValueType,
    max_ciphertext_len,
};
use proptest::prelude::*;

static CLINIC: LazyLock<Clinic> = LazyLock::new(Clinic::new);

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300).prop_map(Value::Bytes),
        any::<String>().prop_map(Value::Text),
        any::<i64>().prop_map(Value::I64),
        any::<u64>().prop_map(|bits| Value::F64(f64::from_bits(bits))),
        any::<bool>().prop_map(Value::Bool),
        (-719_162..=2_932_896).prop_map(|days| Value::Date(Date::from_unix_days(days).unwrap())),
        (any::<bool>(), "[1-9][0-9]{0,30}", 0..40_i32)
            .prop_map(|(negative, digits, scale)| Value::Decimal(Decimal::new(negative, &digits, scale).unwrap())),
        any::<[u8; 16]>().prop_map(Value::Uuid),
    ]
}

fn record() -> impl Strategy<Value = RecordId> {
    let part = prop_oneof![
        ".{0,20}".prop_map(RecordIdPart::Text),
        proptest::collection::vec(any::<u8>(), 0..20).prop_map(RecordIdPart::Bytes),
        any::<i64>().prop_map(RecordIdPart::I64),
        any::<[u8; 16]>().prop_map(RecordIdPart::Uuid),
    ];
    proptest::collection::vec(part, 1..4).prop_map(|parts| RecordId::new(parts).unwrap())
}

/// A field of records that have ids like this one.
fn field(id: &RecordId, kind: ValueType, mode: &str, padding: &str, form: &str) -> FieldCipher {
    let text = format!(
        r#"{{"id": "x", "type": "{kind}", "mode": "{mode}", "stored": "{form}", "accept_leak": ["low_cardinality"] {padding}}}"#
    );
    CLINIC.keyring.field(&schema_with_id("patients", &parts_of(id), &text), None, "x").unwrap()
}

/// Floats by their bits.
fn same(one: &Value, two: &Value) -> bool {
    match (one, two) {
        (Value::F64(one), Value::F64(two)) => one.to_bits() == two.to_bits(),
        _ => one == two,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_value_round_trips(value in value(), id in record(), padded in any::<bool>(), text in any::<bool>()) {
        let padding = if padded { r#", "padding": {"block": 32}"# } else { "" };
        let field = field(&id, value.value_type(), "randomized", padding, if text { "text" } else { "bytes" });
        let stored = field.encrypt(Some(&value), Some(&id)).unwrap();
        let back = field.decrypt(stored.as_ref(), Some(&id)).unwrap().unwrap();
        prop_assert!(same(&back, &value));
    }

    #[test]
    fn stored_lengths_are_as_promised(bytes in proptest::collection::vec(any::<u8>(), 0..600), id in record()) {
        let value = Value::Bytes(bytes.clone());
        let randomized = field(&id, ValueType::Bytes, "randomized", "", "bytes").encrypt(Some(&value), Some(&id)).unwrap();
        prop_assert_eq!(randomized.bytes().unwrap().len(), bytes.len() + 46);
        let deterministic = field(&id, ValueType::Bytes, "deterministic", "", "bytes").encrypt(Some(&value), None).unwrap();
        prop_assert_eq!(deterministic.bytes().unwrap().len(), bytes.len() + 22);
        prop_assert_eq!(max_ciphertext_len(Suite::Randomized, bytes.len(), Padding::None).unwrap(), bytes.len() + 46);
        let padded = field(&id, ValueType::Bytes, "randomized", r#", "padding": {"block": 64}"#, "bytes");
        let stored = padded.encrypt(Some(&value), Some(&id)).unwrap();
        prop_assert!(stored.bytes().unwrap().len() <= max_ciphertext_len(Suite::Randomized, bytes.len(), Padding::Block(64)).unwrap());
    }

    #[test]
    fn deterministic_envelopes_are_equal_only_for_equal_values(one in any::<String>(), two in any::<String>()) {
        let field = field(&RecordId::integer(1).unwrap(), ValueType::Text, "deterministic", "", "bytes");
        let seal = |text: &str| field.encrypt(Some(&Value::from(text)), None).unwrap();
        prop_assert_eq!(seal(&one) == seal(&two), one == two);
        prop_assert_eq!(seal(&one), seal(&one));
    }

    #[test]
    fn a_value_opens_only_under_its_own_record(value in value(), one in record(), two in record()) {
        let field = field(&one, value.value_type(), "randomized", "", "bytes");
        let stored = field.encrypt(Some(&value), Some(&one)).unwrap();
        let field = self::field(&two, value.value_type(), "randomized", "", "bytes");
        prop_assert_eq!(field.decrypt(stored.as_ref(), Some(&two)).is_ok(), one == two);
    }

    #[test]
    fn any_change_is_refused(value in value(), id in record(), at in any::<prop::sample::Index>(), with in 1_u8..) {
        let field = field(&id, value.value_type(), "randomized", "", "bytes");
        let mut bytes = field.encrypt(Some(&value), Some(&id)).unwrap().bytes().unwrap().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= with;
        prop_assert!(field.decrypt(fieldward::StoredRef::Bytes(&bytes), Some(&id)).is_err());
    }

    #[test]
    fn any_bytes_are_refused_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), id in record()) {
        for mode in ["randomized", "deterministic"] {
            let bytes_field = field(&id, ValueType::Bytes, mode, "", "bytes");
            prop_assert!(bytes_field.decrypt(fieldward::StoredRef::Bytes(&bytes), Some(&id)).is_err());
            let text = String::from_utf8_lossy(&bytes);
            let text_field = field(&id, ValueType::Bytes, mode, "", "text");
            prop_assert!(text_field.decrypt(fieldward::StoredRef::Text(&text), Some(&id)).is_err());
        }
    }

    #[test]
    fn normalisation_is_idempotent(text in "[\\PC]{0,40}") {
        let normalizer = Normalizer::new([Step::Casefold, Step::Trim]).unwrap();
        if let Ok(once) = normalizer.normalize(&text) {
            let once = once.into_owned();
            prop_assert_eq!(normalizer.normalize(&once).unwrap(), once.as_str());
        }
    }
}
