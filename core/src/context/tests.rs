#![allow(clippy::unwrap_used)]

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::envelope::{KeyId, Suite};

fn encode(parts: &[Option<Vec<u8>>]) -> Vec<u8> {
    let mut out = Parts::new();
    for part in parts {
        out.optional(part.as_deref());
    }
    out.into_bytes()
}

#[test]
fn parts_have_the_specified_bytes() {
    assert_eq!(encode(&[]), b"");
    assert_eq!(encode(&[None]), [0]);
    assert_eq!(encode(&[Some(vec![])]), [1, 0, 0, 0, 0]);
    assert_eq!(encode(&[Some(b"ab".to_vec()), None]), [1, 0, 0, 0, 2, b'a', b'b', 0]);
}

#[test]
fn associated_data_has_the_specified_bytes() {
    let header = Header { suite: Suite::Randomized, key_id: KeyId::from_bytes([0xde, 0xad, 0xbe, 0xef]) };
    assert_eq!(randomized_associated_data(header, None).as_bytes(), [1, 0, 0, 0, 5, 0x81, 0xde, 0xad, 0xbe, 0xef, 0]);
    assert_eq!(
        randomized_associated_data(header, Some(&RecordId::text("a").unwrap())).as_bytes(),
        [1, 0, 0, 0, 5, 0x81, 0xde, 0xad, 0xbe, 0xef, 1, 0, 0, 0, 6, 2, 0, 0, 0, 1, b'a']
    );
}

#[test]
fn names_at_their_limits() {
    let long = "x".repeat(MAX_NAME_LEN);
    let longer = "x".repeat(MAX_NAME_LEN + 1);
    assert!(FieldContext::new(Some(&long), &long, &long).is_ok());
    for (tenant, table, field) in [
        (Some(longer.as_str()), "t", "f"),
        (None, longer.as_str(), "f"),
        (None, "t", longer.as_str()),
        (None, "", "f"),
        (None, "t", ""),
    ] {
        assert_eq!(FieldContext::new(tenant, table, field).unwrap_err().code(), ErrorCode::InvalidName);
    }
}

#[test]
fn record_ids_at_their_limits() {
    let part = || RecordIdPart::I64(1);
    assert!(RecordId::new((0..8).map(|_| part())).is_ok());
    assert!(RecordId::text("x".repeat(4_091)).is_ok());
    for id in [RecordId::new([]), RecordId::new((0..9).map(|_| part())), RecordId::text("x".repeat(4_092))] {
        assert_eq!(id.unwrap_err().code(), ErrorCode::RecordIdInvalid);
    }
}

#[test]
fn contexts_that_must_differ_do() {
    let mut seen = HashMap::new();
    let mut check = |name: &str, bytes: Vec<u8>| {
        if let Some(other) = seen.insert(bytes, name.to_owned()) {
            unreachable!("{name} encodes like {other}");
        }
    };
    for (name, tenant, table, field) in [
        ("no tenant", None, "ab", "c"),
        ("empty tenant", Some(""), "ab", "c"),
        ("split moved", None, "a", "bc"),
        ("tenant for table", Some("ab"), "c", "d"),
        ("case", None, "AB", "c"),
        ("composed", None, "\u{e9}", "c"),
        ("decomposed", None, "e\u{301}", "c"),
        ("trailing zero", None, "ab\0", "c"),
    ] {
        let mut parts = Parts::new();
        FieldContext::new(tenant, table, field).unwrap().append_to(&mut parts);
        check(name, parts.into_bytes());
    }
    for (name, id) in [
        ("text 7", RecordId::text("7")),
        ("integer 7", RecordId::integer(7)),
        ("empty text", RecordId::text("")),
        ("bytes 7", RecordId::new([RecordIdPart::Bytes(b"7".to_vec())])),
        ("two parts", RecordId::new([RecordIdPart::Text("a".into()), RecordIdPart::Text("b".into())])),
        ("one part", RecordId::text("ab")),
    ] {
        check(name, id.unwrap().canonical().to_vec());
    }
}

proptest! {
    #[test]
    fn parts_are_injective(
        a in prop::collection::vec(prop::option::of(prop::collection::vec(0u8..3, 0..4)), 0..4),
        b in prop::collection::vec(prop::option::of(prop::collection::vec(0u8..3, 0..4)), 0..4),
    ) {
        prop_assert_eq!(a == b, encode(&a) == encode(&b));
    }

    #[test]
    fn record_ids_are_injective(
        a in prop::collection::vec(part(), 1..4),
        b in prop::collection::vec(part(), 1..4),
    ) {
        let (x, y) = (RecordId::new(a.clone()).unwrap(), RecordId::new(b.clone()).unwrap());
        prop_assert_eq!(a == b, x.canonical() == y.canonical());
    }
}

fn part() -> impl Strategy<Value = RecordIdPart> {
    prop_oneof![
        "[ab\u{0}]{0,3}".prop_map(RecordIdPart::Text),
        prop::collection::vec(0u8..3, 0..4).prop_map(RecordIdPart::Bytes),
        (0i64..3).prop_map(RecordIdPart::I64),
    ]
}
