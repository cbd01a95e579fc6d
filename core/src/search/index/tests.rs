#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::search::{DatePart, Step};

fn key() -> IndexKey {
    IndexKey::new(&SecretKey::from_slice(&[0x0b; 32]).unwrap()).unwrap()
}

fn digits() -> Normalizer {
    Normalizer::new([Step::Digits]).unwrap()
}

fn hex(value: &IndexValue) -> Vec<String> {
    value.all().iter().map(|bytes| base16ct::lower::encode_string(bytes)).collect()
}

/// HMAC-SHA-256 with a key of 32 bytes `0b`, computed with Python's `hmac`.
#[test]
fn known_bytes() {
    let exact = IndexSpec::new("exact", "c", Transform::Exact).normalizer(digits());
    assert_eq!(
        hex(&exact.value(&key(), Some(&Value::from("999-41-1234"))).unwrap()),
        ["65a53aff0d5ae3a1b4c6c182555bb28c"]
    );
    let last = IndexSpec::new("last", "c", Transform::Last(4)).normalizer(digits()).bits(20);
    assert_eq!(hex(&last.value(&key(), Some(&Value::from("999-41-1234"))).unwrap()), ["28f530"]);
    let year = IndexSpec::new("year", "c", Transform::Date(DatePart::Year)).bits(13);
    assert_eq!(hex(&year.value(&key(), Some(&Value::Date("2024-02-29".parse().unwrap()))).unwrap()), ["26f0"]);
    let number = IndexSpec::new("exact", "c", Transform::Exact);
    assert_eq!(hex(&number.value(&key(), Some(&Value::I64(-2))).unwrap()), ["f8949f66c71b474220aa41b0fe8da382"]);
}

#[test]
fn lists_are_sorted_without_duplicates() {
    let words = IndexSpec::new("words", "c", Transform::Words).normalizer(Normalizer::new([Step::Casefold]).unwrap());
    let value = words.value(&key(), Some(&Value::from("Main Street, main-road"))).unwrap();
    let IndexValue::Many(tokens) = &value else { unreachable!("not a list") };
    assert_eq!(tokens.len(), 3);
    assert!(tokens.is_sorted());
    let query = words.query(&key(), &Value::from("STREET main")).unwrap();
    assert!(query.tokens().iter().all(|token| tokens.contains(token)));
    assert!(!query.is_exact());
    let other = words.query(&key(), &Value::from("avenue")).unwrap();
    assert!(!tokens.contains(&other.tokens()[0]));
}

#[test]
fn what_yields_nothing_gives_null_and_no_query() {
    let exact = IndexSpec::new("exact", "c", Transform::Exact).normalizer(digits());
    let last = IndexSpec::new("last", "c", Transform::Last(4)).normalizer(digits());
    let words = IndexSpec::new("words", "c", Transform::Words);
    for (spec, text) in [(&exact, "none"), (&exact, ""), (&last, "123"), (&words, " .,;")] {
        assert_eq!(spec.value(&key(), Some(&Value::from(text))).unwrap(), IndexValue::Null, "{text}");
        assert_eq!(spec.query(&key(), &Value::from(text)).unwrap_err().code(), ErrorCode::QueryEmpty);
    }
    assert_eq!(exact.value(&key(), None).unwrap(), IndexValue::Null);
}

#[test]
fn matches_compares_whole_outputs() {
    let last = IndexSpec::new("last", "c", Transform::Last(4)).normalizer(digits()).bits(1);
    assert!(last.matches(&Value::from("1234"), &Value::from("555-010-1234")).unwrap());
    assert!(!last.matches(&Value::from("1235"), &Value::from("555-010-1234")).unwrap());
    assert!(last.matches(&Value::from(""), &Value::from("1")).is_err());
}

#[test]
fn truncation_zeroes_spare_bits() {
    for bits in 1..=128u8 {
        let spec = IndexSpec::new("x", "c", Transform::Last(1)).bits(bits);
        let token = spec.value(&key(), Some(&Value::from("abc"))).unwrap().bytes().unwrap().to_vec();
        assert_eq!(token.len(), usize::from(bits).div_ceil(8));
        let full = IndexSpec::new("x", "c", Transform::Last(1)).bits(128);
        let full = full.value(&key(), Some(&Value::from("abc"))).unwrap().bytes().unwrap().to_vec();
        for bit in 0..token.len() * 8 {
            let at = |bytes: &[u8]| bytes[bit / 8] >> (7 - bit % 8) & 1;
            assert_eq!(at(&token), if bit < usize::from(bits) { at(&full) } else { 0 });
        }
    }
}

#[test]
fn leaks_are_accepted_by_name_only() {
    let few = [
        (IndexSpec::new("a", "c", Transform::Last(4)).normalizer(digits()), ValueType::Text),
        (IndexSpec::new("b", "c", Transform::First(3)), ValueType::Text),
        (IndexSpec::new("c", "c", Transform::Date(DatePart::Month)), ValueType::Date),
        (IndexSpec::new("d", "c", Transform::Exact), ValueType::Bool),
        (IndexSpec::new("e", "c", Transform::Words).bits(16), ValueType::Text),
        (IndexSpec::new("f", "c", Transform::Phonetic), ValueType::Text),
    ];
    for (spec, kind) in few {
        assert_eq!(spec.validate(kind).unwrap_err().code(), ErrorCode::SchemaLeakNotAccepted, "{}", spec.name());
        spec.clone().accept_leak("low_cardinality").validate(kind).unwrap();
        assert_eq!(
            spec.accept_leak("lowcardinality").validate(kind).unwrap_err().code(),
            ErrorCode::SchemaUnknownOption
        );
    }
    let joined = IndexSpec::new("a", "c", Transform::Exact).search_domain("mrn");
    assert_eq!(joined.validate(ValueType::Text).unwrap_err().code(), ErrorCode::SchemaLeakNotAccepted);
    joined.accept_leak("joins").validate(ValueType::Text).unwrap();
    IndexSpec::new("a", "c", Transform::Last(9)).normalizer(digits()).validate(ValueType::Text).unwrap();
}

#[test]
fn contradictions_are_refused() {
    for (spec, kind) in [
        (IndexSpec::new("a", "c", Transform::Exact).bits(64), ValueType::Text),
        (IndexSpec::new("a", "c", Transform::Words).bits(0), ValueType::Text),
        (IndexSpec::new("a", "c", Transform::Words).bits(129), ValueType::Text),
        (IndexSpec::new("a", "c", Transform::Words), ValueType::I64),
        (IndexSpec::new("a", "c", Transform::Date(DatePart::Year)), ValueType::Text),
        (IndexSpec::new("a", "c", Transform::Exact), ValueType::Json),
        (IndexSpec::new("a", "c", Transform::Exact).normalizer(digits()), ValueType::I64),
        (IndexSpec::new("a", "c", Transform::Last(0)), ValueType::Text),
        (IndexSpec::new("a", "c", Transform::Exact).key_number(0), ValueType::Text),
    ] {
        assert_eq!(spec.validate(kind).unwrap_err().code(), ErrorCode::SchemaInvalid);
    }
}

#[test]
fn purposes_and_scopes_never_share_a_key() {
    let context = FieldContext::new(None, "patients", "ssn").unwrap();
    let other = FieldContext::new(None, "visits", "ssn").unwrap();
    let tenant = FieldContext::new(Some("north"), "patients", "ssn").unwrap();
    let base = || IndexSpec::new("a", "c", Transform::Last(4));
    let infos = [
        base().info(ValueType::Text, &context),
        base().info(ValueType::Bytes, &context),
        base().bits(31).info(ValueType::Text, &context),
        base().normalizer(digits()).info(ValueType::Text, &context),
        IndexSpec::new("a", "c", Transform::First(4)).info(ValueType::Text, &context),
        IndexSpec::new("a", "c", Transform::Last(5)).info(ValueType::Text, &context),
        base().info(ValueType::Text, &other),
        base().info(ValueType::Text, &tenant),
        base().search_domain("d").info(ValueType::Text, &context),
        base().search_domain("d").info(ValueType::Text, &tenant),
    ]
    .map(Parts::into_bytes);
    for (at, info) in infos.iter().enumerate() {
        assert!(!infos[..at].contains(info), "{at}");
    }
    let renamed = IndexSpec::new("b", "d", Transform::Last(4)).info(ValueType::Text, &context).into_bytes();
    assert_eq!(renamed, infos[0], "display names are not in the purpose");
    let there = base().search_domain("d").info(ValueType::Text, &other).into_bytes();
    assert_eq!(there, infos[8], "a domain spans tables");
}
