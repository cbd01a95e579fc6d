//! New roots: everything lives on under them, and the old one opens nothing newer.

use std::sync::Arc;

use fieldward::{ErrorCode, KeyState, KeyStore, Keyring, LocalKeyProvider, MemoryStore, RotateOptions, SecretKey};

use crate::common::{Clinic, bytes, code, patients, record, schema, stored, text};
use crate::doubles::{Mood, Moody, Watched};

#[test]
fn data_and_indexes_live_on() {
    let clinic = Clinic::new();
    let schema = schema(
        r#"{"id": "ssn", "type": "text", "mode": "randomized",
            "indexes": [{"name": "exact", "column": "ssn_exact", "transform": "exact"}]}"#,
    );
    let ssn = clinic.field(&schema, "ssn");
    let sealed = ssn.encrypt(Some(&text("999-41-1234")), Some(&record("1"))).unwrap();
    let index = ssn.index_values(Some(&text("999-41-1234"))).unwrap();
    let other = clinic.another();
    assert_eq!(clinic.keyring.start_epoch(&[]).unwrap(), 2);
    for keyring in [&clinic.keyring, &clinic.another()] {
        let ssn = keyring.field(&schema, None, "ssn").unwrap();
        assert_eq!(ssn.decrypt(sealed.as_ref(), Some(&record("1"))).unwrap(), Some(text("999-41-1234")));
        assert_eq!(ssn.index_values(Some(&text("999-41-1234"))).unwrap(), index);
    }
    assert!(other.refresh().unwrap(), "a process of the epoch before follows");
    assert_eq!(other.status().unwrap().epoch, 2);
}

#[test]
fn every_entrys_provider_is_needed_or_dropped_by_name() {
    let (one, two) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let (first, second) = (Watched::making(&one), Watched::new(&two));
    let store = MemoryStore::new();
    let builder = || Keyring::builder("app").store(store.clone()).no_pin("test");
    let keyring = builder().provider("one", Arc::clone(&first)).provider("two", Arc::clone(&second)).create().unwrap();
    let before = store.load("app").unwrap();
    second.go_away(true);
    let error = keyring.start_epoch(&[]).unwrap_err();
    assert_eq!((error.code(), error.detail()), (ErrorCode::EpochIncomplete, Some("provider two")));
    assert_eq!(store.load("app").unwrap(), before, "nothing was written");
    assert_eq!(first.live_keys().len(), 1, "the key made for the attempt is destroyed again");
    assert_eq!(code(keyring.start_epoch(&["three"])), ErrorCode::InvalidArgument);
    assert_eq!(code(keyring.start_epoch(&["one", "two"])), ErrorCode::EpochIncomplete, "somebody must open it");
    keyring.start_epoch(&["two"]).unwrap();
    second.go_away(false);
    assert_eq!(code(builder().provider("two", second).open()), ErrorCode::NoMatchingProvider);
    assert!(builder().provider("one", first).open().is_ok());
    let alone = builder().provider("one", Watched::making(&one)).open();
    assert_eq!(code(alone), ErrorCode::ProviderWrongKey, "a key of its own for each epoch");
}

#[test]
fn the_second_provider_opens_when_the_first_is_away() {
    let (one, two) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let (first, second) = (Watched::new(&one), Watched::new(&two));
    let store = MemoryStore::new();
    let builder = || {
        let builder = Keyring::builder("app").store(store.clone()).no_pin("test");
        builder.provider("one", Arc::clone(&first)).provider("two", Arc::clone(&second))
    };
    let keyring = builder().create().unwrap();
    first.go_away(true);
    assert_eq!(builder().open().unwrap().root_identity(), keyring.root_identity());
    second.go_away(true);
    assert_eq!(code(builder().open()), ErrorCode::ProviderUnavailable);
}

#[test]
fn rewrapping_leaves_data_as_it_is() {
    let clinic = Clinic::new();
    let sealed = bytes(&clinic.field(&patients(), "number").encrypt(Some(&text("MRN-1")), None).unwrap());
    let key = SecretKey::generate().unwrap();
    clinic.keyring.replace_provider("primary", LocalKeyProvider::new(key.clone())).unwrap();
    clinic.keyring.add_provider("escrow", LocalKeyProvider::new(clinic.provider_key.clone())).unwrap();
    assert_eq!(code(clinic.builder().open()), ErrorCode::ProviderMismatch, "the old key no longer opens as primary");
    let open = |name: &str, key: &SecretKey| {
        let provider = LocalKeyProvider::new(key.clone());
        Keyring::builder("clinic").provider(name, provider).store(Arc::clone(&clinic.store)).no_pin("test").open()
    };
    for keyring in [open("primary", &key).unwrap(), open("escrow", &clinic.provider_key).unwrap()] {
        let number = keyring.field(&patients(), None, "number").unwrap();
        assert_eq!(number.decrypt(stored(&sealed), None).unwrap(), Some(text("MRN-1")));
        assert_eq!(bytes(&number.tokens(&text("MRN-1")).unwrap()[0]), sealed);
    }
    let taken = clinic.keyring.add_provider("escrow", LocalKeyProvider::new(key.clone()));
    assert_eq!(code(taken), ErrorCode::InvalidArgument);
    assert_eq!(
        code(clinic.keyring.replace_provider("nobody", LocalKeyProvider::new(key.clone()))),
        ErrorCode::InvalidArgument
    );
    clinic.keyring.remove_provider("escrow").unwrap();
    assert_eq!(code(open("escrow", &clinic.provider_key)), ErrorCode::NoMatchingProvider);
    assert_eq!(code(clinic.keyring.remove_provider("primary")), ErrorCode::InvalidArgument, "the last one stays");
    clinic.keyring.start_epoch(&[]).unwrap();
    assert!(open("primary", &key).is_ok());
}

#[test]
fn a_compromised_root_compromises_every_version() {
    let clinic = Clinic::new();
    clinic.keyring.rotate(RotateOptions::activate_immediately()).unwrap();
    let note = clinic.field(&patients(), "note");
    let sealed = note.encrypt(Some(&text("x")), Some(&record("1"))).unwrap();
    let other = clinic.another();
    let replaced = clinic.keyring.mark_root_compromised("the host was taken over", &[]).unwrap();
    assert_eq!((replaced.epoch, replaced.version, replaced.index_key), (2, 3, 2));
    let status = clinic.keyring.status().unwrap();
    let states: Vec<_> = status.versions.iter().map(|version| version.state).collect();
    assert_eq!(states, [KeyState::Compromised, KeyState::Compromised, KeyState::Active]);
    assert_eq!(code(note.decrypt(sealed.as_ref(), Some(&record("1")))), ErrorCode::KeyCompromised);
    assert_eq!(code(other.refresh()), ErrorCode::KeyringForeign, "nobody follows a root in other hands");
    assert_eq!(clinic.another().status().unwrap().epoch, 2);
}

#[test]
fn the_loser_of_a_race_destroys_its_own_provider_key() {
    let key = SecretKey::generate().unwrap();
    let provider = Watched::making(&key);
    let store = Moody::new();
    let builder =
        || Keyring::builder("app").provider("p", Arc::clone(&provider)).store(Arc::clone(&store)).no_pin("test");
    let keyring = builder().create().unwrap();
    let first = provider.live_keys();
    store.set(Mood::FullBeforeWriting);
    assert_eq!(code(keyring.start_epoch(&[])), ErrorCode::StoreFull);
    assert_eq!(provider.live_keys(), first);
    store.set(Mood::LostAfterWriting);
    assert_eq!(code(keyring.start_epoch(&[])), ErrorCode::StoreUnavailable);
    store.set(Mood::Good);
    assert_eq!(provider.live_keys().len(), 2, "what was written after all keeps its key");
    assert_eq!(keyring.status().unwrap().epoch, 2);
    assert!(builder().open().is_ok());
}

#[test]
fn audit_keys_of_earlier_epochs_stay() {
    let clinic = Clinic::new();
    let sink = fieldward::MemorySink::new();
    let keyring = clinic.builder().audit(sink.clone()).open().unwrap();
    keyring.rotate(RotateOptions::activate_immediately()).unwrap();
    keyring.start_epoch(&[]).unwrap();
    keyring.mark_root_compromised("drill", &[]).unwrap();
    keyring.rotate(RotateOptions::activate_immediately()).unwrap();
    assert_eq!(keyring.audit_keys().unwrap().epochs().collect::<Vec<_>>(), [1, 2, 3]);
    let report = fieldward::verify_audit(sink.lines(), &keyring.audit_keys().unwrap(), &keyring.checkpoints()).unwrap();
    assert!(report.is_intact() && report.unverifiable == 0, "{report:?}");
}

#[test]
fn index_keys_have_numbers_of_their_own() {
    let clinic = Clinic::new();
    let field = |number: u32| {
        schema(&format!(
            r#"{{"id": "ssn", "type": "text", "mode": "randomized",
                "indexes": [{{"name": "exact", "column": "c", "transform": "exact", "key": {number}}}]}}"#
        ))
    };
    let value = |number| clinic.field(&field(number), "ssn").index_values(Some(&text("1")));
    assert_eq!(code(value(2)), ErrorCode::IndexKeyUnknown);
    assert_eq!(clinic.keyring.add_index_key().unwrap(), 2);
    assert_ne!(value(1).unwrap()[0].1, value(2).unwrap()[0].1);
}
