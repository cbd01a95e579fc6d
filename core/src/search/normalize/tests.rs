#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

const ALL: [Step; 7] =
    [Step::Digits, Step::Trim, Step::CollapseSpaces, Step::Compact, Step::Casefold, Step::Nfc, Step::Nfkc];

fn one(step: Step, text: &str) -> String {
    Normalizer::new([step]).unwrap().normalize(text).unwrap().into_owned()
}

#[test]
fn known_texts() {
    assert_eq!(one(Step::Digits, "(555) 010-٠١٢ ５x²"), "5550100125");
    assert_eq!(one(Step::Trim, "\u{2003} a b \n"), "a b");
    assert_eq!(one(Step::CollapseSpaces, "a \u{a0}\t b"), "a b");
    assert_eq!(one(Step::Compact, "O'Brien-Smith, J."), "OBrienSmithJ");
    for (text, folded) in [
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
        ("ﬃ", "ffi"),
        ("ＡＢＣ", "abc"),
        ("İ", "i\u{307}"),
        ("\u{212b}", "å"),
        ("ᾳ", "αι"),
    ] {
        assert_eq!(one(Step::Casefold, text), folded);
    }
    assert_eq!(one(Step::Nfc, "e\u{301}"), "é");
    assert_eq!(one(Step::Nfkc, "①"), "1");
}

#[test]
fn unassigned_code_points_are_refused() {
    // U+0378 is unassigned; U+A7CE and U+16EA0 came after 16.0; U+E000 is private use; U+FFFF is no character.
    for text in ["\u{378}", "a\u{a7ce}", "\u{16ea0}", "\u{e000}", "\u{ffff}"] {
        for step in ALL {
            let refused = Normalizer::new([step]).unwrap().normalize(text).unwrap_err();
            assert_eq!(refused.code(), ErrorCode::UnassignedCodePoint);
        }
        assert!(Normalizer::default().normalize(text).is_ok(), "without steps nothing can change");
    }
}

#[test]
fn lengths_at_their_limit() {
    let fold = Normalizer::new([Step::Nfkc]).unwrap();
    assert!(fold.normalize(&"x".repeat(MAX_NORMALIZED_LEN)).is_ok());
    assert_eq!(fold.normalize(&"x".repeat(MAX_NORMALIZED_LEN + 1)).unwrap_err().code(), ErrorCode::ValueTooLong);
    // U+FDFA has 3 bytes and becomes 33.
    assert_eq!(fold.normalize(&"\u{fdfa}".repeat(20_000)).unwrap_err().code(), ErrorCode::ValueTooLong);
    assert_eq!(Normalizer::new([Step::Trim; 9]).unwrap_err().code(), ErrorCode::SchemaInvalid);
}

/// Every assigned code point: the tables of the crates in use agree with the pinned version where it matters.
#[test]
fn every_step_is_idempotent_on_every_code_point() {
    for character in ('\0'..=char::MAX).filter(|character| unicode::is_assigned(*character)) {
        for step in ALL {
            let once = step.apply(&character.to_string());
            assert_eq!(step.apply(&once), once, "U+{:04X} by {step:?}", u32::from(character));
            assert!(once.chars().all(unicode::is_assigned));
        }
    }
}

#[test]
fn pinned_tables_have_known_sizes() {
    let count = |test: fn(char) -> bool| ('\0'..=char::MAX).filter(|character| test(*character)).count();
    assert_eq!(count(unicode::is_assigned), 155_063);
    assert_eq!(count(|character| unicode::decimal_digit(character).is_some()), 760);
    assert_eq!(caseless::UNICODE_VERSION, (16, 0, 0));
}

proptest! {
    #[test]
    fn normalisers_are_idempotent(text in "\\PC{0,24}", first in 0usize..7, second in 0usize..7) {
        let steps = [Step::Casefold, ALL[first], ALL[second]];
        let normalizer = Normalizer::new(steps).unwrap();
        if let Ok(once) = normalizer.normalize(&text) {
            let single = Normalizer::new([steps[2]]).unwrap();
            prop_assert_eq!(single.normalize(&once).unwrap(), once.clone());
        }
    }
}
