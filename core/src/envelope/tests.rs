#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;

fn envelope(first: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![0xaa; length];
    bytes[0] = first;
    bytes
}

#[test]
fn header_has_the_specified_bytes() {
    let header = Header { suite: Suite::Deterministic, key_id: KeyId([1, 2, 3, 4]) };
    assert_eq!(header.to_bytes(), [0x82, 1, 2, 3, 4]);
    assert_eq!(header.key_id.to_string(), "01020304");
    assert_eq!("01020304".parse::<KeyId>().unwrap(), header.key_id);
    for text in ["", "0102030", "010203045", "0102030A", "0102030g"] {
        assert!(text.parse::<KeyId>().is_err(), "{text}");
    }
}

#[test]
fn overhead_is_exact() {
    assert_eq!(max_ciphertext_len(Suite::Randomized, 11, Padding::None).unwrap(), 11 + 46);
    assert_eq!(max_ciphertext_len(Suite::Deterministic, 11, Padding::None).unwrap(), 11 + 22);
    assert_eq!(max_ciphertext_len(Suite::Randomized, 11, Padding::Block(32)).unwrap(), 32 + 45);
    assert!(max_ciphertext_len(Suite::Randomized, MAX_VALUE_LEN, Padding::Padme).is_ok());
    assert_eq!(
        max_ciphertext_len(Suite::Randomized, MAX_VALUE_LEN + 1, Padding::None).unwrap_err().code(),
        ErrorCode::ValueTooLong
    );
}

#[test]
fn every_first_byte_has_one_reading() {
    for first in 0..=255u8 {
        let bytes = envelope(first, 100);
        let code = Envelope::parse(&bytes).map_err(|error| error.code());
        match first {
            0x81 | 0x82 => assert!(code.is_ok()),
            0x83 | 0x84 => assert_eq!(code.unwrap_err(), ErrorCode::UnknownSuite),
            _ => assert_eq!(code.unwrap_err(), ErrorCode::NotAnEnvelope),
        }
    }
}

#[test]
fn envelopes_are_never_utf8() {
    for first in [0x81, 0x82, 0x83, 0x84] {
        assert!(std::str::from_utf8(&[first, b'a', b'b', b'c', b'd']).is_err());
    }
}

#[test]
fn lengths_at_their_limits() {
    for (first, shortest) in [(0x81, 46), (0x82, 22)] {
        for length in 1..shortest {
            let error = Envelope::parse(&envelope(first, length)).unwrap_err();
            assert_eq!(error.code(), ErrorCode::EnvelopeTruncated);
        }
        assert_eq!(inspect(&envelope(first, shortest)).unwrap().plaintext_len, 1);
        let longest = shortest - 1 + MAX_PLAINTEXT_LEN;
        assert!(Envelope::parse(&envelope(first, longest)).is_ok());
        assert_eq!(Envelope::parse(&envelope(first, longest + 1)).unwrap_err().code(), ErrorCode::EnvelopeTooLong);
    }
    assert_eq!(Envelope::parse(&[]).unwrap_err().code(), ErrorCode::NotAnEnvelope);
}

#[test]
fn text_form_is_canonical() {
    for length in 22..70 {
        let bytes = envelope(0x82, length);
        let text = encode_text(&bytes);
        assert_eq!(text.len(), max_text_len(length));
        assert_eq!(decode_text(&text).unwrap(), bytes);
        assert!(inspect(text.as_bytes()).unwrap().is_text);
    }
    let text = encode_text(&envelope(0x82, 22));
    assert_eq!(decode_text("fw2.gg").unwrap_err().code(), ErrorCode::NotAnEnvelope);
    for wrong in [
        format!("{text}="),
        format!("{text} "),
        format!("{text}\n"),
        text.replace('q', "+"),
        "fw1.gr".into(),
        "fw1.g".into(),
    ] {
        assert_eq!(decode_text(&wrong).unwrap_err().code(), ErrorCode::InvalidTextForm, "{wrong}");
    }
}
