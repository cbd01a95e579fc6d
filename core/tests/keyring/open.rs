//! From bytes in a store to an open keyring.

use std::sync::Arc;

use fieldward::{
    DocumentTag, ErrorCode, KeyStore, Keyring, LocalKeyProvider, MemoryStore, PassphraseProvider, RotateOptions,
    SecretBytes, SecretKey, StoredDocument,
};

use crate::common::{Clinic, code};
use crate::doubles::{Mood, Moody, Watched};

fn watched(clinic: &Clinic) -> Arc<Watched> {
    Watched::new(&clinic.provider_key)
}

#[test]
fn one_provider_call_whatever_its_age() {
    let key = SecretKey::generate().unwrap();
    let (store, provider) = (MemoryStore::new(), Watched::new(&key));
    let builder = || Keyring::builder("app").provider("p", Arc::clone(&provider)).store(store.clone()).no_pin("test");
    let keyring = builder().create().unwrap();
    assert_eq!(provider.calls(), 2, "wrapped, and opened again to compare");
    for _ in 0..20 {
        keyring.rotate(RotateOptions::activate_immediately()).unwrap();
    }
    keyring.start_epoch(&[]).unwrap();
    keyring.start_epoch(&[]).unwrap();
    let before = provider.calls();
    let opened = builder().open().unwrap();
    assert_eq!(provider.calls() - before, 1);
    assert_eq!(opened.status().unwrap().versions.len(), 21);
}

#[test]
fn another_keyrings_document_is_refused_before_any_provider_call() {
    let clinic = Clinic::new();
    let store = Moody::new();
    store.set(Mood::Serving(clinic.document()));
    let provider = watched(&clinic);
    let open = || {
        Keyring::builder("other")
            .provider("primary", Arc::clone(&provider))
            .store(Arc::clone(&store))
            .no_pin("test")
            .open()
    };
    assert_eq!(code(open()), ErrorCode::KeyringWrongId);
    for (bytes, expected) in [
        (b"".to_vec(), ErrorCode::KeyringMalformed),
        (b"{}".to_vec(), ErrorCode::KeyringMalformed),
        (vec![b' '; (1 << 20) + 1], ErrorCode::KeyringTooLarge),
        (vec![0xff; 5_000_000], ErrorCode::KeyringTooLarge),
    ] {
        store.set(Mood::Serving(bytes));
        assert_eq!(code(open()), expected);
    }
    assert_eq!(provider.calls(), 0);
}

#[test]
fn an_edited_document_is_refused() {
    let clinic = Clinic::new();
    let document = String::from_utf8(clinic.document()).unwrap();
    let store = Moody::new();
    let open = |bytes: Vec<u8>| {
        store.set(Mood::Serving(bytes));
        let provider = LocalKeyProvider::new(clinic.provider_key.clone());
        Keyring::builder("clinic").provider("primary", provider).store(Arc::clone(&store)).no_pin("test").open()
    };
    assert!(open(document.clone().into_bytes()).is_ok());
    for (from, to) in [
        ("\"active\"", "\"pre-active\""),
        ("\"generation\": 1", "\"generation\": 2"),
        ("\"at_once\": true", "\"at_once\": false"),
        ("\"max_staleness\": 3600", "\"max_staleness\": 9999999"),
        ("\"number\": 1", "\"number\": 7"),
        ("\"checkpoints\": []", "\"checkpoints\": [ ]"),
    ] {
        let edited = document.replacen(from, to, 1);
        assert_ne!(edited, document, "{from}");
        assert_eq!(code(open(edited.into_bytes())), ErrorCode::AuthenticationFailed, "{from}");
    }
    let identity = document.replacen("\"root_identity\": \"", "\"root_identity\": \"00", 1);
    assert_eq!(code(open(identity.into_bytes())), ErrorCode::KeyringMalformed);
    let epoch = document.replacen("\"epoch\": 1", "\"epoch\": 2", 1);
    assert_eq!(code(open(epoch.into_bytes())), ErrorCode::ProviderWrongKey, "the epoch is bound by the provider");
    for at in (0..document.len()).step_by(7) {
        let mut edited = document.clone().into_bytes();
        edited[at] ^= 0x20;
        assert!(open(edited).is_err(), "byte {at}");
    }
}

#[test]
fn entries_are_held_against_the_configuration() {
    let clinic = Clinic::new();
    let with = |name: &str, key: &SecretKey| {
        Keyring::builder("clinic")
            .provider(name, LocalKeyProvider::new(key.clone()))
            .store(Arc::clone(&clinic.store))
            .no_pin("test")
            .open()
    };
    assert!(with("primary", &clinic.provider_key).is_ok());
    assert_eq!(code(with("secondary", &clinic.provider_key)), ErrorCode::NoMatchingProvider);
    assert_eq!(
        code(with("primary", &SecretKey::generate().unwrap())),
        ErrorCode::ProviderMismatch,
        "another key's name"
    );
    let provider = watched(&clinic);
    let opened = Keyring::builder("clinic")
        .provider("primary", Arc::clone(&provider))
        .store(Arc::clone(&clinic.store))
        .no_pin("test")
        .open();
    assert_eq!(code(opened), ErrorCode::ProviderMismatch, "another kind");
    assert_eq!(provider.calls(), 0);
}

#[test]
fn a_wrong_passphrase_is_refused() {
    let store = MemoryStore::new();
    let open = |passphrase: &str| {
        let provider = PassphraseProvider::new("operator", SecretBytes::new(passphrase.as_bytes().to_vec())).unwrap();
        Keyring::builder("app").provider("p", provider.iterations(100_000).unwrap()).store(store.clone()).no_pin("test")
    };
    open("correct horse battery staple").create().unwrap();
    assert!(open("correct horse battery staple").open().is_ok());
    assert_eq!(code(open("correct horse battery stable").open()), ErrorCode::ProviderWrongKey);
}

#[test]
fn iterations_past_the_ceiling_cost_nothing() {
    let store = MemoryStore::new();
    let open = || {
        let provider = PassphraseProvider::new("operator", SecretBytes::new(b"a long passphrase".to_vec())).unwrap();
        Keyring::builder("app").provider("p", provider.iterations(100_000).unwrap()).store(store.clone()).no_pin("test")
    };
    open().create().unwrap();
    let bytes = store.load("app").unwrap().unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    for count in ["99999", "10000001", "4294967295", "99999999999999999999", "-1", ""] {
        let edited = text.replacen("\"iterations\": \"100000\"", &format!("\"iterations\": \"{count}\""), 1);
        assert_ne!(edited, text);
        let other = MemoryStore::new();
        other.save("app", None, &StoredDocument::of(edited.into_bytes()).unwrap(), &mut || Ok(())).unwrap();
        let provider = PassphraseProvider::new("operator", SecretBytes::new(b"a long passphrase".to_vec())).unwrap();
        let opened = Keyring::builder("app").provider("p", provider).store(other).no_pin("test").open();
        let code = code(opened);
        assert!(matches!(code, ErrorCode::IterationsOutOfRange | ErrorCode::ProviderMismatch), "{count}: {code:?}");
    }
    assert!(DocumentTag::of(&bytes).is_ok());
}

#[test]
fn create_is_refused_where_something_is() {
    let clinic = Clinic::new();
    assert_eq!(code(clinic.builder().create()), ErrorCode::KeyringExists);
    let empty = Keyring::builder("none")
        .provider("p", LocalKeyProvider::new(SecretKey::generate().unwrap()))
        .store(MemoryStore::new());
    assert_eq!(code(empty.no_pin("test").open()), ErrorCode::KeyringNotFound);
}

#[test]
fn configurations_that_contradict_themselves() {
    let key = || LocalKeyProvider::new(SecretKey::generate().unwrap());
    let new = || Keyring::builder("app").store(MemoryStore::new()).no_pin("test");
    assert_eq!(code(new().create()), ErrorCode::InvalidArgument, "no provider");
    assert_eq!(code(new().provider("a", key()).provider("a", key()).create()), ErrorCode::InvalidArgument);
    assert_eq!(code(new().provider("a b", key()).create()), ErrorCode::InvalidName);
    assert_eq!(
        code(Keyring::builder("../app").provider("a", key()).store(MemoryStore::new()).no_pin("t").create()),
        ErrorCode::InvalidName
    );
    assert_eq!(
        code(Keyring::builder("app").provider("a", key()).no_pin("t").create()),
        ErrorCode::InvalidArgument,
        "no store"
    );
    assert_eq!(
        code(Keyring::builder("app").provider("a", key()).store(MemoryStore::new()).create()),
        ErrorCode::InvalidArgument,
        "no pin"
    );
    assert_eq!(
        code(Keyring::builder("app").provider("a", key()).store(MemoryStore::new()).no_pin(" ").create()),
        ErrorCode::ReasonRequired
    );
    let zero = new().provider("a", key()).refresh_after(std::time::Duration::ZERO).create();
    assert_eq!(code(zero), ErrorCode::InvalidArgument);
}

#[test]
fn a_failed_create_leaves_nothing_behind() {
    let key = SecretKey::generate().unwrap();
    let provider = Watched::making(&key);
    let store = Moody::new();
    let builder =
        || Keyring::builder("app").provider("p", Arc::clone(&provider)).store(Arc::clone(&store)).no_pin("test");
    store.set(Mood::FullBeforeWriting);
    assert_eq!(code(builder().create()), ErrorCode::StoreFull);
    assert!(store.inner.load("app").unwrap().is_none());
    assert!(provider.live_keys().is_empty(), "the key made for it is destroyed again");
    store.set(Mood::LostAfterWriting);
    assert_eq!(code(builder().create()), ErrorCode::StoreUnavailable);
    store.set(Mood::Good);
    assert!(builder().open().is_ok(), "what was written after all keeps its provider key");
}

#[test]
fn a_clock_outside_its_years_changes_nothing() {
    let clinic = Clinic::new();
    for now in [-1, i64::MIN, i64::MAX, 253_402_300_800] {
        clinic.clock.set(now);
        assert_eq!(code(clinic.keyring.rotate(RotateOptions::default())), ErrorCode::ClockInvalid);
    }
}
