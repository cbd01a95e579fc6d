#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::{DocumentTag, MAX_DOCUMENT_LEN, StoredDocument, check_keyring_id};
use crate::error::ErrorCode;

const MAC: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn tag(json: &str) -> Result<DocumentTag, ErrorCode> {
    DocumentTag::of(format!("{json}\nhmac-sha256 {MAC}\n").as_bytes()).map_err(|error| error.code())
}

#[test]
fn tag_is_read_from_known_bytes() {
    let mac = std::array::from_fn(|at| u8::try_from(at).unwrap());
    let nested = r#"{"keys": [{"generation": 9}], "x": {"generation": 8}, "generation": 18446744073709551615}"#;
    assert_eq!(tag(nested), Ok(DocumentTag { generation: u64::MAX, mac }));
    assert_eq!(tag("\r\n { \"generation\" : 0 } \n"), Ok(DocumentTag { generation: 0, mac }));
    // Other members are skipped without recursion, however deep they are.
    let deep = format!("{{\"generation\": 1, \"x\": {}{}}}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(tag(&deep), Ok(DocumentTag { generation: 1, mac }));
    assert_eq!(tag("{\"gener\\u0061tion\": 1}"), Ok(DocumentTag { generation: 1, mac }));
}

#[test]
fn tag_of_a_wrong_body_is_refused() {
    let bodies = [
        "",
        "{}",
        "[5]",
        "5",
        "null",
        "\"generation\"",
        "{\"generation\": 1",
        "{\"generation\": 1}}",
        "{\"generation\": 1} x",
        "{\"generation\": -1}",
        "{\"generation\": 1.0}",
        "{\"generation\": 1e3}",
        "{\"generation\": \"1\"}",
        "{\"generation\": 01}",
        "{\"generation\": null}",
        "{\"generation\": 18446744073709551616}",
        "{\"Generation\": 1}",
        "{\"generation\": 1, \"generation\": 1}",
        "{\"generation\": 1, \"gener\\u0061tion\": 2}",
        "{\"x\": {\"generation\": 1}}",
        "{\"generation\": 1,}",
        "\u{feff}{\"generation\": 1}",
        "{\"generation\": 1, \"x\": NaN}",
    ];
    for body in bodies {
        assert_eq!(tag(body), Err(ErrorCode::KeyringMalformed), "{body:.60}");
    }
}

#[test]
fn tag_of_a_wrong_last_line_is_refused() {
    let good = format!("{{\"generation\": 1}}\nhmac-sha256 {MAC}\n");
    assert!(DocumentTag::of(good.as_bytes()).is_ok());
    for end in 0..good.len() {
        let code = DocumentTag::of(&good.as_bytes()[..end]).unwrap_err().code();
        assert_eq!(code, ErrorCode::KeyringMalformed, "cut to {end}");
    }
    let wrong = [
        good.replace("hmac-sha256 ", "hmac-sha512 "),
        good.replace("hmac-sha256 ", "hmac-sha256  "),
        good.replace("0a0b", "0A0B"),
        good.replace("0a0b", "0g0b"),
        good.replace("1e1f", "1e1f00"),
        good.replace("}\nhmac", "} hmac"),
        format!("{good}\n"),
        good.replace("1f\n", "1f\r\n"),
        format!("\u{0}{good}"),
    ];
    for document in wrong {
        let code = DocumentTag::of(document.as_bytes()).unwrap_err().code();
        assert_eq!(code, ErrorCode::KeyringMalformed, "{document:?}");
    }
}

#[test]
fn tag_of_too_long_a_document_is_refused() {
    let fill = |len: usize| format!("{{\"generation\": 1{}}}\nhmac-sha256 {MAC}\n", " ".repeat(len));
    let most = MAX_DOCUMENT_LEN - fill(0).len();
    assert!(DocumentTag::of(fill(most).as_bytes()).is_ok());
    assert_eq!(DocumentTag::of(fill(most + 1).as_bytes()).unwrap_err().code(), ErrorCode::KeyringTooLarge);
}

#[test]
fn document_and_tag_belong_together() {
    let mut document = StoredDocument::of(format!("{{\"generation\": 1}}\nhmac-sha256 {MAC}\n").into_bytes()).unwrap();
    document.check().unwrap();
    document.tag.generation = 2;
    assert_eq!(document.check().unwrap_err().code(), ErrorCode::InvalidArgument);
}

#[test]
fn keyring_ids() {
    let longest = "k".repeat(128);
    for id in ["a", "A.b_C-9", "-", "_", "0", "a.", "a..b", longest.as_str()] {
        check_keyring_id(id).unwrap();
    }
    let longer = "k".repeat(129);
    for id in ["", ".", "..", ".a", "a/b", "a\\b", "a b", "a\0b", "a~", "a:b", "a%", "\u{e9}", "a\n", longer.as_str()] {
        let error = check_keyring_id(id).unwrap_err();
        assert_eq!((error.code(), error.detail()), (ErrorCode::InvalidName, Some("keyring id")), "{id:?}");
    }
}
