//! Destruction: what it asks, what it reaches, what it says of the rest.

use std::sync::Arc;

use fieldward::{
    Destroy, Error, ErrorCode, KeyState, KeyStore, Keyring, LocalKeyDirectory, MemoryStore, Reach, RotateOptions,
    SecretKey, StoredDocument,
};

use crate::common::{Clinic, DAY, bytes, code, patients, record, schema, text};
use crate::doubles::Watched;

fn key_id(keyring: &Keyring, version: u32) -> fieldward::KeyId {
    keyring.status().unwrap().versions.iter().find(|one| one.version == version).unwrap().key_id
}

/// Version 1 compromised, its data moved to version 2.
fn ready(keyring: &Keyring) -> (Vec<u8>, fieldward::KeyId) {
    let note = keyring.field(&patients(), None, "note").unwrap();
    let kept = bytes(&note.encrypt(Some(&text("erased")), Some(&record("1"))).unwrap());
    keyring.mark_compromised(1, "leaked").unwrap();
    (kept, key_id(keyring, 1))
}

#[test]
fn asks_for_confirmation() {
    let clinic = Clinic::new();
    let keyring = &clinic.keyring;
    let id = key_id(keyring, 1);
    let active = keyring.destroy(Destroy::version(1, id, "retention").waive_exports("none kept"));
    assert_eq!(code(active), ErrorCode::TransitionNotAllowed, "an active version");
    keyring.suspend(1, "unsure").unwrap();
    let suspended = keyring.destroy(Destroy::version(1, id, "retention").waive_exports("none kept"));
    assert_eq!(code(suspended), ErrorCode::TransitionNotAllowed);
    keyring.mark_compromised(1, "leaked").unwrap();
    assert_eq!(code(keyring.destroy(Destroy::version(1, id, "retention"))), ErrorCode::ConfirmationRequired, "exports");
    let other = key_id(keyring, 2);
    let mistaken = keyring.destroy(Destroy::version(1, other, "retention").waive_exports("none kept"));
    assert_eq!(code(mistaken), ErrorCode::ConfirmationRequired, "another key's id");
    assert_eq!(code(keyring.destroy(Destroy::version(1, id, "").waive_exports("x"))), ErrorCode::ReasonRequired);
    assert_eq!(code(keyring.destroy(Destroy::version(1, id, "x").waive_exports(""))), ErrorCode::ReasonRequired);
    assert_eq!(code(keyring.destroy(Destroy::version(9, id, "x").waive_exports("x"))), ErrorCode::VersionUnknown);
    assert_eq!(keyring.status().unwrap().epoch, 1, "nothing was done");
}

#[test]
fn a_destroyed_version_is_a_tombstone() {
    let clinic = Clinic::new();
    let note = clinic.field(&patients(), "note");
    let (kept, id) = ready(&clinic.keyring);
    let before = clinic.document();
    let done = clinic.keyring.destroy(Destroy::version(1, id, "leaked").waive_exports("none kept")).unwrap();
    assert_eq!((done.epoch, done.index_values_remain, done.key_id), (2, true, Some(id)));
    let Reach::DocumentOnly { remaining } = &done.reach else { panic!("{done:?}") };
    assert_eq!((remaining.len(), remaining[0].epoch, remaining[0].provider.as_str()), (1, 1, "primary"));
    let read = |keyring: &Keyring| {
        let note = keyring.field(&patients(), None, "note").unwrap();
        code(note.decrypt(fieldward::StoredRef::Bytes(&kept), Some(&record("1"))))
    };
    assert_eq!(read(&clinic.keyring), ErrorCode::KeyDestroyed);
    assert_eq!(code(note.decrypt(fieldward::StoredRef::Bytes(&kept), Some(&record("1")))), ErrorCode::KeyDestroyed);
    assert_eq!(read(&clinic.another()), ErrorCode::KeyDestroyed);
    let allowed = clinic.keyring.allow(KeyState::Compromised, "try").unwrap();
    assert_eq!(read(&allowed), ErrorCode::KeyDestroyed, "no name allows it");
    assert_eq!(clinic.field(&patients(), "number").tokens(&text("x")).unwrap().len(), 1, "and it is not searched");
    // The honest part: an older copy of the document still opens, for whoever has the provider key.
    let store = MemoryStore::new();
    store.save("clinic", None, &StoredDocument::of(before).unwrap(), &mut || Ok(())).unwrap();
    let old = clinic.builder().store(store).open().unwrap();
    assert_eq!(read(&old), ErrorCode::KeyCompromised, "the key is there, though compromised");
}

#[test]
fn with_a_key_for_each_epoch_it_is_erased() {
    let directory = tempfile::tempdir().unwrap();
    let store = MemoryStore::new();
    std::fs::create_dir(directory.path().join("keys")).unwrap();
    let provider = || LocalKeyDirectory::new(directory.path().join("keys"), "site").unwrap();
    let builder = || Keyring::builder("clinic").provider("p", provider()).store(store.clone()).no_pin("test");
    let keyring = builder().create().unwrap();
    keyring.start_epoch(&[]).unwrap();
    let (kept, id) = ready(&keyring);
    let before = store.load("clinic").unwrap().unwrap();
    let mut exported = Vec::new();
    let keep = |export: &[u8]| {
        exported = export.to_vec();
        Ok(())
    };
    let done = keyring.destroy(Destroy::version(1, id, "retention").replace_exports(keep)).unwrap();
    assert_eq!(done.reach, Reach::Erased);
    assert_eq!(done.unreadable_epochs, [1, 2]);
    let elsewhere = |bytes: &[u8]| {
        let store = MemoryStore::new();
        store.save("clinic", None, &StoredDocument::of(bytes.to_vec()).unwrap(), &mut || Ok(())).unwrap();
        builder().store(store).open()
    };
    assert_eq!(code(elsewhere(&before)), ErrorCode::ProviderWrongKey, "no copy of the old document opens");
    assert!(elsewhere(&exported).is_ok(), "the newer export does");
    let opened = builder().open().unwrap();
    let note = opened.field(&patients(), None, "note").unwrap();
    assert_eq!(code(note.decrypt(fieldward::StoredRef::Bytes(&kept), Some(&record("1")))), ErrorCode::KeyDestroyed);
    assert_eq!(opened.status().unwrap().versions[0].reach, Some(Reach::Erased));
}

#[test]
fn without_the_newer_export_provider_keys_stay() {
    let key = SecretKey::generate().unwrap();
    let provider = Watched::making(&key);
    let store = MemoryStore::new();
    let keyring = Keyring::builder("clinic")
        .provider("p", Arc::clone(&provider))
        .store(store.clone())
        .no_pin("test")
        .create()
        .unwrap();
    let (_, id) = ready(&keyring);
    let fail = |_: &[u8]| Err(Error::new(ErrorCode::StoreFull));
    let half = keyring.destroy(Destroy::version(1, id, "retention").replace_exports(fail)).unwrap();
    assert_eq!(half.export_error.as_ref().map(Error::code), Some(ErrorCode::StoreFull));
    assert!(matches!(half.reach, Reach::DocumentOnly { .. }));
    assert_eq!(provider.live_keys().len(), 2);
    let done = keyring.destroy(Destroy::version(1, id, "again").replace_exports(|_| Ok(()))).unwrap();
    assert_eq!((done.reach, done.epoch), (Reach::Erased, 2), "it goes on where it stopped");
    assert_eq!(provider.live_keys().len(), 1, "never the key of the current document");
}

#[test]
fn another_provider_that_held_the_root_remains() {
    let (one, two) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let (first, second) = (Watched::making(&one), Watched::new(&two));
    let keyring = Keyring::builder("clinic")
        .provider("hsm", Arc::clone(&first))
        .provider("escrow", Arc::clone(&second))
        .store(MemoryStore::new())
        .no_pin("test")
        .create()
        .unwrap();
    let (_, id) = ready(&keyring);
    keyring.remove_provider("escrow").unwrap();
    let done = keyring.destroy(Destroy::version(1, id, "retention").waive_exports("none kept")).unwrap();
    let Reach::DocumentOnly { remaining } = done.reach else { panic!("erased") };
    assert_eq!(remaining.iter().map(|held| held.provider.as_str()).collect::<Vec<_>>(), ["escrow"], "although removed");
}

#[test]
fn a_deactivated_version_goes_by_retention() {
    let clinic = Clinic::new();
    clinic.keyring.rotate(RotateOptions::default()).unwrap();
    clinic.clock.advance(DAY + 90 * DAY);
    let id = key_id(&clinic.keyring, 1);
    clinic.keyring.destroy(Destroy::version(1, id, "retention").waive_exports("none kept")).unwrap();
    assert_eq!(clinic.keyring.status().unwrap().versions[0].state, KeyState::Destroyed);
}

#[test]
fn an_index_key_makes_no_more_values() {
    let clinic = Clinic::new();
    let schema = schema(
        r#"{"id": "ssn", "type": "text", "mode": "randomized",
            "indexes": [{"name": "exact", "column": "c", "transform": "exact"}]}"#,
    );
    let ssn = clinic.field(&schema, "ssn");
    ssn.index_values(Some(&text("1"))).unwrap();
    let done = clinic.keyring.destroy(Destroy::index_key(1, "re-indexed").waive_exports("none kept")).unwrap();
    assert!(!done.index_values_remain);
    assert_eq!(code(ssn.index_values(Some(&text("1")))), ErrorCode::IndexKeyDestroyed);
    assert_eq!(code(ssn.query("exact", &text("1"))), ErrorCode::IndexKeyDestroyed);
    let unknown = clinic.keyring.destroy(Destroy::index_key(7, "x").waive_exports("x"));
    assert_eq!(code(unknown), ErrorCode::IndexKeyUnknown);
}
