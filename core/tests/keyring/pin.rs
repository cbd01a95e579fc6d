//! Older and foreign documents across restarts.

use std::sync::Arc;

use fieldward::{
    AuditSink, ErrorCode, FilePin, FileStore, GenerationPin, KeyStore, Keyring, KeyringBuilder, LocalKeyProvider,
    MemoryPin, MemorySink, MemoryStore, RotateOptions, SecretKey, StoredDocument,
};

use crate::common::code;

struct Pinned {
    store: MemoryStore,
    pin: MemoryPin,
    key: SecretKey,
}

impl Pinned {
    fn new() -> Self {
        Self { store: MemoryStore::new(), pin: MemoryPin::new(), key: SecretKey::generate().unwrap() }
    }

    fn builder(&self) -> KeyringBuilder {
        let provider = LocalKeyProvider::new(self.key.clone());
        Keyring::builder("app").provider("p", provider).store(self.store.clone()).pin(self.pin.clone())
    }

    fn document(&self) -> Vec<u8> {
        self.store.load("app").unwrap().unwrap()
    }

    fn put(&self, bytes: &[u8]) {
        let current = StoredDocument::of(self.document()).unwrap().tag;
        self.store.save("app", Some(&current), &StoredDocument::of(bytes.to_vec()).unwrap(), &mut || Ok(())).unwrap();
    }
}

#[test]
fn an_older_document_is_refused_after_a_restart() {
    let here = Pinned::new();
    let keyring = here.builder().create().unwrap();
    let old = here.document();
    keyring.mark_compromised(1, "found in a backup").unwrap();
    drop(keyring);
    let new = here.document();
    here.put(&old);
    assert_eq!(code(here.builder().open()), ErrorCode::KeyringRolledBack);
    here.put(&new);
    assert!(here.builder().open().is_ok());
}

#[test]
fn a_document_of_an_earlier_epoch_is_refused() {
    let here = Pinned::new();
    let keyring = here.builder().create().unwrap();
    let old = here.document();
    keyring.start_epoch(&[]).unwrap();
    here.put(&old);
    assert_eq!(code(here.builder().open()), ErrorCode::KeyringRolledBack);
    assert_eq!(code(keyring.refresh()), ErrorCode::KeyringRolledBack, "and within the process");
    assert_eq!(keyring.status().unwrap().epoch, 2);
}

#[test]
fn a_foreign_document_is_refused() {
    let (here, there) = (Pinned::new(), Pinned { key: SecretKey::generate().unwrap(), ..Pinned::new() });
    here.builder().create().unwrap();
    // Another keyring of the same id, under the same provider key, further on.
    let other = Pinned { key: here.key.clone(), ..there };
    let keyring = other.builder().create().unwrap();
    for _ in 0..5 {
        keyring.rotate(RotateOptions::activate_immediately()).unwrap();
    }
    keyring.start_epoch(&[]).unwrap();
    here.put(&other.document());
    assert_eq!(code(here.builder().open()), ErrorCode::KeyringForeign);
    let accepted = here.builder().accept_identity(keyring.root_identity()).open();
    assert!(accepted.is_ok(), "unless it is accepted by name");
    assert!(here.builder().open().is_ok(), "from then on it is the pinned one");
}

#[test]
fn a_pinned_process_follows_epochs_that_it_missed() {
    let here = Pinned::new();
    let keyring = here.builder().create().unwrap();
    let pinned = here.pin.read("app").unwrap().unwrap();
    for _ in 0..3 {
        keyring.start_epoch(&[]).unwrap();
    }
    let elsewhere = MemoryPin::new();
    elsewhere.raise(&pinned).unwrap();
    let opened = here.builder().pin(elsewhere.clone()).open().unwrap();
    assert_eq!(opened.status().unwrap().epoch, 4);
    assert_eq!(elsewhere.read("app").unwrap().unwrap().epoch, 4);
}

#[test]
fn a_missing_pin_means_first_use_and_is_an_event() {
    let here = Pinned::new();
    here.builder().create().unwrap();
    let (sink, pin) = (MemorySink::new(), MemoryPin::new());
    here.builder().pin(pin.clone()).audit(sink.clone()).open().unwrap();
    assert!(sink.lines().iter().any(|line| line.contains("\"pin_missing\"")));
    assert!(pin.read("app").unwrap().is_some());
    drop(Arc::new(sink) as Arc<dyn AuditSink>);
}

#[test]
fn create_is_refused_where_a_pin_is() {
    let here = Pinned::new();
    here.builder().create().unwrap();
    let provider = LocalKeyProvider::new(here.key.clone());
    let again =
        Keyring::builder("app").provider("p", provider).store(MemoryStore::new()).pin(here.pin.clone()).create();
    assert_eq!(code(again), ErrorCode::KeyringExists);
}

#[test]
fn the_file_store_brings_its_pin() {
    let directory = tempfile::tempdir().unwrap();
    let (store, pins) = (FileStore::new(directory.path().join("keys")), directory.path().join("pins"));
    let key = SecretKey::generate().unwrap();
    let builder = || Keyring::builder("app").provider("p", LocalKeyProvider::new(key.clone())).store(store.clone());
    let keyring = builder().pin(FilePin::new(&pins)).create().unwrap();
    let path = directory.path().join("keys").join("app.fieldward.json");
    let old = std::fs::read(&path).unwrap();
    keyring.rotate(RotateOptions::activate_immediately()).unwrap();
    std::fs::write(&path, &old).unwrap();
    assert_eq!(code(builder().pin(FilePin::new(&pins)).open()), ErrorCode::KeyringRolledBack);
    let sealed = directory.path().join("no-directory");
    std::fs::write(&sealed, b"a file").unwrap();
    assert_eq!(
        code(builder().pin(FilePin::new(&sealed)).open()),
        ErrorCode::PinUnavailable,
        "an unwritable pin is an error"
    );
}
