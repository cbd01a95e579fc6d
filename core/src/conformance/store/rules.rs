//! The rules for one caller at a time.

use super::{Outcome, document, must, race, refuses, save, succeeds};
use crate::error::{Error, ErrorCode};
use crate::store::{DocumentTag, KeyStore, MAX_DOCUMENT_LEN, StoredDocument};

/// A rule: given an empty store, it holds or not.
type Rule = fn(&dyn KeyStore) -> Outcome;

/// Every rule, in the order in which they run.
pub(super) const RULES: &[Rule] = &[
    empty_store_has_nothing,
    first_save_and_exact_bytes,
    second_create_is_refused,
    generation_is_compared,
    mac_is_compared,
    expected_but_absent_is_a_conflict,
    longest_document,
    wrong_tag_is_refused,
    keyring_ids_do_not_mix,
    bad_keyring_ids_are_refused,
    hook_is_called_once,
    hook_failure_is_reported,
    race::hook_keeps_writers_out,
    race::one_winner_per_generation,
];

fn empty_store_has_nothing(store: &dyn KeyStore) -> Outcome {
    const RULE: &str = "an empty store has no document, and does not fail";
    must(RULE, succeeds(RULE, store.load("app"))?.is_none())
}

fn first_save_and_exact_bytes(store: &dyn KeyStore) -> Outcome {
    const RULE: &str = "a load gives the exact bytes of the last save";
    let first = document(1, 1, 0)?;
    // Not a canonical form: line ends, spaces, escapes and letters beyond ASCII come back as they are.
    let json = "\t{\r\n\"n\": \"\u{e9}\\u00e9\\/\",\r\n  \"generation\":2 }  \n";
    let second = StoredDocument::of(format!("{json}hmac-sha256 {}\n", "0f".repeat(32)).into_bytes());
    let second = succeeds(RULE, second)?;
    succeeds(RULE, save(store, "app", None, &first))?;
    must(RULE, succeeds(RULE, store.load("app"))?.as_ref() == Some(&first.bytes))?;
    succeeds(RULE, save(store, "app", Some(&first), &second))?;
    must(RULE, succeeds(RULE, store.load("app"))?.as_ref() == Some(&second.bytes))
}

fn second_create_is_refused(store: &dyn KeyStore) -> Outcome {
    const RULE: &str = "a save that expects no document is refused where there is one";
    let (first, second) = (document(1, 1, 0)?, document(1, 2, 0)?);
    succeeds(RULE, save(store, "app", None, &first))?;
    refuses(RULE, ErrorCode::StoreConflict, save(store, "app", None, &second))?;
    refuses(RULE, ErrorCode::StoreConflict, save(store, "app", None, &first))?;
    must(RULE, succeeds(RULE, store.load("app"))?.as_ref() == Some(&first.bytes))
}

fn generation_is_compared(store: &dyn KeyStore) -> Outcome {
    const RULE: &str = "a save is refused if only the generation differs from the expected one";
    let (first, second) = (document(5, 1, 0)?, document(6, 2, 0)?);
    succeeds(RULE, save(store, "app", None, &first))?;
    for generation in [4, 6, 0, u64::MAX] {
        let other = DocumentTag { generation, ..first.tag };
        refuses(RULE, ErrorCode::StoreConflict, store.save("app", Some(&other), &second, &mut || Ok(())))?;
    }
    must(RULE, succeeds(RULE, store.load("app"))?.as_ref() == Some(&first.bytes))
}

fn mac_is_compared(store: &dyn KeyStore) -> Outcome {
    const RULE: &str = "a save is refused if only the MAC differs from the expected one";
    let (first, second) = (document(5, 1, 0)?, document(6, 2, 0)?);
    succeeds(RULE, save(store, "app", None, &first))?;
    for at in [0, 31] {
        let mut other = first.tag;
        if let Some(byte) = other.mac.get_mut(at) {
            *byte ^= 1;
        }
        refuses(RULE, ErrorCode::StoreConflict, store.save("app", Some(&other), &second, &mut || Ok(())))?;
    }
    must(RULE, succeeds(RULE, store.load("app"))?.as_ref() == Some(&first.bytes))?;
    succeeds(RULE, save(store, "app", Some(&first), &second))
}

fn expected_but_absent_is_a_conflict(store: &dyn KeyStore) -> Outcome {
    const RULE: &str = "a save that expects a document is refused where there is none";
    let (first, second) = (document(1, 1, 0)?, document(2, 2, 0)?);
    refuses(RULE, ErrorCode::StoreConflict, save(store, "app", Some(&first), &second))?;
    must(RULE, succeeds(RULE, store.load("app"))?.is_none())
}

fn longest_document(store: &dyn KeyStore) -> Outcome {
    const RULE: &str = "a document of 1 MiB is kept, and one byte more is refused";
    let longest = document(1, 1, MAX_DOCUMENT_LEN)?;
    let mut longer = longest.clone();
    longer.bytes.insert(1, b' ');
    refuses(RULE, ErrorCode::KeyringTooLarge, save(store, "app", None, &longer))?;
    must(RULE, succeeds(RULE, store.load("app"))?.is_none())?;
    succeeds(RULE, save(store, "app", None, &longest))?;
    must(RULE, succeeds(RULE, store.load("app"))?.as_ref() == Some(&longest.bytes))
}

fn wrong_tag_is_refused(store: &dyn KeyStore) -> Outcome {
    const RULE: &str = "a document whose tag is not the one of its bytes, or that is none, is not saved";
    let (first, second) = (document(1, 1, 0)?, document(2, 2, 0)?);
    let mixed = StoredDocument { tag: second.tag, bytes: first.bytes.clone() };
    refuses(RULE, ErrorCode::InvalidArgument, save(store, "app", None, &mixed))?;
    let garbage = StoredDocument { tag: first.tag, bytes: b"{}".to_vec() };
    refuses(RULE, ErrorCode::KeyringMalformed, save(store, "app", None, &garbage))?;
    must(RULE, succeeds(RULE, store.load("app"))?.is_none())
}

fn keyring_ids_do_not_mix(store: &dyn KeyStore) -> Outcome {
    const RULE: &str = "each keyring id has its own document";
    let longest = "k".repeat(128);
    let ids = ["app", "app.", "app-1", "app_1", "app.1", "app1", "ap", "a", "0", "-", "_", "app.json", &longest];
    let documents = (0_u8..).zip(ids).map(|(n, id)| Ok((id, document(u64::from(n), n, 0)?)));
    let documents = documents.collect::<Result<Vec<_>, super::Failure>>()?;
    for (id, document) in &documents {
        must(RULE, succeeds(RULE, store.load(id))?.is_none())?;
        succeeds(RULE, save(store, id, None, document))?;
    }
    for (id, document) in &documents {
        must(RULE, succeeds(RULE, store.load(id))?.as_ref() == Some(&document.bytes))?;
    }
    Ok(())
}

fn bad_keyring_ids_are_refused(store: &dyn KeyStore) -> Outcome {
    const RULE: &str = "a keyring id outside the alphabet or length is refused by load and save";
    let first = document(1, 1, 0)?;
    let longer = "k".repeat(129);
    let ids =
        ["", ".", "..", ".app", "a/b", "../app", "a\\b", "a b", "a\0", "a\n", "caf\u{e9}", "a:b", "a*", "a~b", &longer];
    for id in ids {
        refuses(RULE, ErrorCode::InvalidName, store.load(id))?;
        refuses(RULE, ErrorCode::InvalidName, save(store, id, None, &first))?;
    }
    Ok(())
}

fn hook_is_called_once(store: &dyn KeyStore) -> Outcome {
    const RULE: &str = "the durable hook is called exactly once, after the save, when a load gives the new document";
    let (first, second) = (document(1, 1, 0)?, document(2, 2, 0)?);
    let mut calls = 0;
    let mut seen = None;
    let mut hook = || {
        calls += 1;
        seen = store.load("app")?;
        Ok(())
    };
    succeeds(RULE, store.save("app", None, &first, &mut hook))?;
    must(RULE, calls == 1 && seen.as_ref() == Some(&first.bytes))?;

    let mut calls = 0;
    let mut count = || {
        calls += 1;
        Ok(())
    };
    refuses(RULE, ErrorCode::StoreConflict, store.save("app", None, &second, &mut count))?;
    refuses(RULE, ErrorCode::StoreConflict, store.save("app", Some(&second.tag), &second, &mut count))?;
    refuses(RULE, ErrorCode::InvalidName, store.save("..", None, &second, &mut count))?;
    must(RULE, calls == 0)
}

fn hook_failure_is_reported(store: &dyn KeyStore) -> Outcome {
    const RULE: &str = "a failing hook's error is returned, the saved document stays, and the store goes on";
    let (first, second) = (document(1, 1, 0)?, document(2, 2, 0)?);
    let mut fails = || Err(Error::new(ErrorCode::PinUnavailable));
    refuses(RULE, ErrorCode::PinUnavailable, store.save("app", None, &first, &mut fails))?;
    must(RULE, succeeds(RULE, store.load("app"))?.as_ref() == Some(&first.bytes))?;
    succeeds(RULE, save(store, "app", Some(&first), &second))
}
