#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;

fn encode(value: &Value, padding: Padding) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.encode_into(padding, &mut bytes).unwrap();
    assert_eq!(bytes.len(), value.encoded_len(padding).unwrap());
    bytes
}

fn hex(value: &Value) -> String {
    base16ct::lower::encode_string(&encode(value, Padding::None))
}

#[test]
fn every_type_has_the_specified_bytes() {
    for (value, expected) in [
        (Value::Bytes(vec![0xff]), "01ff"),
        (Value::from(""), "02"),
        (Value::from("é"), "02c3a9"),
        (Value::I64(-2), "03fffffffffffffffe"),
        (Value::F64(-0.0), "048000000000000000"),
        (Value::Bool(true), "0501"),
        (Value::Date("1970-01-02".parse().unwrap()), "0600000001"),
        (Value::Date("0001-01-01".parse().unwrap()), "06fff506c6"),
        (Value::Timestamp("1970-01-01T00:00:01.50Z".parse().unwrap()), "071200000000000000011dcd650000000000"),
        (Value::Timestamp("1970-01-01T01:00:00+01:00".parse().unwrap()), "072000000000000000000000000000000e10"),
        (Value::Timestamp("1970-01-01T00:00:00".parse().unwrap()), "070000000000000000000000000000000000"),
        (Value::Decimal("-1.10".parse().unwrap()), "080100000002313130"),
        (Value::Decimal("1E+5".parse().unwrap()), "0800fffffffb31"),
        (Value::Json("{\"b\":1.0}".into()), "097b2262223a312e307d"),
        (Value::Uuid([7; 16]), "0a07070707070707070707070707070707"),
    ] {
        let actual = hex(&value);
        assert_eq!(actual, expected, "{:?}", value.value_type());
        assert_eq!(Value::decode(&encode(&value, Padding::None)).unwrap(), value);
    }
}

#[test]
fn padded_values_have_the_specified_bytes() {
    assert_eq!(encode(&Value::from("ab"), Padding::Block(8)), [0x82, b'a', b'b', 0x80, 0, 0, 0, 0]);
    assert_eq!(encode(&Value::from(""), Padding::Block(2)), [0x82, 0x80]);
    assert_eq!(encode(&Value::Bytes(vec![0x80, 0]), Padding::Block(4)), [0x81, 0x80, 0, 0x80]);
    for wrong in [&[0x82][..], &[0x82, 0], &[0x82, b'a', 0, 0], &[0x82, b'a', 0x81], &[0x82, 0x80, 1]] {
        assert_eq!(Value::decode(wrong).unwrap_err().code(), ErrorCode::PaddingMalformed);
    }
}

#[test]
fn malformed_plaintexts_are_refused() {
    let wrong: &[&[u8]] = &[
        &[],
        &[0],
        &[11, 0],
        &[0x7f],
        &[2, 0xff],
        &[2, 0xed, 0xa0, 0x80],
        &[3, 0, 0, 0, 0, 0, 0, 0],
        &[5, 2],
        &[5],
        &[6, 0x7f, 0xff, 0xff, 0xff],
        &[9],
        &[9, b'{'],
        &[9, b'1', b' ', b'2'],
        &[10, 1],
        &[8, 2, 0, 0, 0, 0, b'1'],
        &[8, 0, 0, 0, 0, 0, b'0', b'1'],
        &[8, 0, 0, 0, 0, 0],
    ];
    for plaintext in wrong {
        assert_eq!(Value::decode(plaintext).unwrap_err().code(), ErrorCode::ValueMalformed, "{plaintext:02x?}");
    }
    let mut moment = encode(&Value::Timestamp("1970-01-01T00:00:00Z".parse().unwrap()), Padding::None);
    for (place, byte) in [(1, 0x3f), (1, 0x1a), (2, 0x7f), (10, 0xff), (13, 0x01), (17, 0x01)] {
        let before = std::mem::replace(&mut moment[place], byte);
        assert!(Value::decode(&moment).is_err(), "byte {place}");
        moment[place] = before;
    }
}

#[test]
fn text_forms_come_back_exactly() {
    for text in ["0001-01-01", "1969-12-31", "2000-02-29", "9999-12-31"] {
        assert_eq!(text.parse::<Date>().unwrap().to_string(), text);
    }
    for text in ["2023-02-29", "0000-01-01", "2024-13-01", "2024-00-10"] {
        assert_eq!(text.parse::<Date>().unwrap_err().code(), ErrorCode::ValueOutOfRange, "{text}");
    }
    for text in ["", "2024-1-01", "2024-01-01 ", "+024-01-01", "20240101", "2024/01/01", "２024-01-01"] {
        assert_eq!(text.parse::<Date>().unwrap_err().code(), ErrorCode::ValueNotCanonical, "{text}");
    }
    for text in [
        "2024-02-29T23:59:59Z",
        "2024-02-29T23:59:59.100Z",
        "2024-02-29T23:59:59.123456789+05:30",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "1900-01-01T00:00:00+00:19:32",
        "2024-02-29T23:59:59",
        "2024-02-29T23:59:59+00:00",
    ] {
        assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
    }
    for text in [
        "2024-02-29 23:59:59Z",
        "2024-02-29T23:59Z",
        "2024-02-29t23:59:59Z",
        "2024-02-29T23:59:59z",
        "2024-02-29T23:59:59.Z",
        "2024-02-29T23:59:59.1234567890Z",
        "2024-02-29T23:59:59-00:00",
        "2024-02-29T23:59:59+24:00",
        "2024-02-29T23:59:59+01:00:00",
        "2024-02-29T23:59:59Zx",
        "2024-02-2éT23:59:59Z",
    ] {
        assert_eq!(text.parse::<Timestamp>().unwrap_err().code(), ErrorCode::ValueNotCanonical, "{text}");
    }
    for text in ["2024-02-29T24:00:00Z", "2016-12-31T23:59:60Z"] {
        assert_eq!(text.parse::<Timestamp>().unwrap_err().code(), ErrorCode::ValueOutOfRange, "{text}");
    }
    for text in ["0", "-0", "0.00", "1", "-1.10", "0.001", "123456789012345678901234567890.5", "1E+5", "10E+2"] {
        assert_eq!(text.parse::<Decimal>().unwrap().to_string(), text);
    }
    for text in ["", "-", ".5", "5.", "01", "00.1", "+1", "1e5", "1E5", "1E+0", "1E+05", "1.5E+1", "NaN", "1_0", "1 "] {
        assert_eq!(text.parse::<Decimal>().unwrap_err().code(), ErrorCode::ValueNotCanonical, "{text}");
    }
    assert!("9".repeat(1_000).parse::<Decimal>().is_ok());
    assert_eq!("9".repeat(1_001).parse::<Decimal>().unwrap_err().code(), ErrorCode::ValueOutOfRange);
}

#[test]
fn search_is_a_projection_of_its_own() {
    let same = |a: Value, b: Value| assert_eq!(a.search_bytes().unwrap(), b.search_bytes().unwrap());
    let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
    let moment = |text: &str| Value::Timestamp(text.parse().unwrap());
    same(decimal("1.10"), decimal("1.1"));
    same(decimal("-0.00"), decimal("0"));
    same(decimal("100"), decimal("1E+2"));
    same(moment("2024-01-01T01:00:00+01:00"), moment("2024-01-01T00:00:00.000Z"));
    same(Value::F64(-0.0), Value::F64(0.0));
    assert_ne!(decimal("1").search_bytes().unwrap(), decimal("10").search_bytes().unwrap());
    assert_ne!(
        moment("2024-01-01T00:00:00").search_bytes().unwrap(),
        moment("2024-01-01T00:00:00Z").search_bytes().unwrap()
    );
    assert_eq!(Value::Json("1".into()).search_bytes().unwrap_err().code(), ErrorCode::WrongType);
}

#[test]
fn json_is_checked_and_kept() {
    let deep = |n: usize| Value::Json(format!("{}{}", "[".repeat(n), "]".repeat(n)));
    assert!(deep(MAX_JSON_DEPTH).encode_into(Padding::None, &mut Vec::new()).is_ok());
    for value in [deep(MAX_JSON_DEPTH + 1), deep(1_000_000), Value::Json("{'a':1}".into()), Value::Json(String::new())]
    {
        assert_eq!(value.encode_into(Padding::None, &mut Vec::new()).unwrap_err().code(), ErrorCode::InvalidJson);
    }
}

#[test]
fn values_past_their_limit_are_refused() {
    let value = Value::Bytes(vec![0; MAX_VALUE_LEN + 1]);
    assert_eq!(value.encode_into(Padding::None, &mut Vec::new()).unwrap_err().code(), ErrorCode::ValueTooLong);
}

#[test]
fn debug_shows_no_value() {
    let shown = format!("{:?} {:?}", Value::from("canary"), Value::Decimal("31337".parse().unwrap()));
    assert!(!shown.contains("canary") && !shown.contains("31337"), "{shown}");
}

proptest! {
    #[test]
    fn decode_inverts_encode(bytes in prop::collection::vec(any::<u8>(), 0..200), block in 2u16..100) {
        let value = Value::Bytes(bytes);
        for padding in [Padding::None, Padding::Padme, Padding::Block(block)] {
            prop_assert_eq!(Value::decode(&encode(&value, padding)).unwrap(), value.clone());
        }
    }

    #[test]
    fn what_decodes_encodes_to_the_same_bytes(bytes in prop::collection::vec(any::<u8>(), 0..40), tag in 1u8..=10) {
        let mut plaintext = vec![tag];
        plaintext.extend(bytes);
        if let Ok(value) = Value::decode(&plaintext) {
            prop_assert_eq!(encode(&value, Padding::None), plaintext);
        }
    }

    #[test]
    fn floats_keep_every_bit(bits in any::<u64>()) {
        let Value::F64(back) = Value::decode(&encode(&Value::F64(f64::from_bits(bits)), Padding::None)).unwrap() else {
            return Err(TestCaseError::fail("another type"));
        };
        prop_assert_eq!(back.to_bits(), bits);
    }
}
