//! The store is lost, and an export brings the keyring back.

use std::sync::Arc;

use fieldward::{
    ErrorCode, GenerationPin, KeyStore, Keyring, KeyringBuilder, LocalKeyProvider, MemoryPin, MemorySink, MemoryStore,
    RotateOptions, SecretKey,
};

use crate::common::{bytes, code, patients, record, text};

struct Site {
    pin: MemoryPin,
    key: SecretKey,
}

impl Site {
    fn builder(&self, store: &MemoryStore) -> KeyringBuilder {
        let provider = LocalKeyProvider::new(self.key.clone());
        Keyring::builder("app").provider("p", provider).store(store.clone()).pin(self.pin.clone())
    }
}

fn site() -> Site {
    Site { pin: MemoryPin::new(), key: SecretKey::generate().unwrap() }
}

#[test]
fn an_export_recovers_a_lost_store() {
    let (site, lost) = (site(), MemoryStore::new());
    let keyring = site.builder(&lost).create().unwrap();
    let note = keyring.field(&patients(), None, "note").unwrap();
    let id = record("1");
    let sealed = note.encrypt(Some(&text("before")), Some(&id)).unwrap();
    let export = keyring.export();
    keyring.rotate(RotateOptions::activate_immediately()).unwrap();
    let after = bytes(&note.encrypt(Some(&text("after")), Some(&id)).unwrap());

    let store = MemoryStore::new();
    assert_eq!(code(site.builder(&store).open()), ErrorCode::KeyringNotFound);
    let sink = MemorySink::new();
    let recovered = site.builder(&store).audit(sink.clone()).recover(&export).unwrap();
    assert!(sink.lines().iter().any(|line| line.contains("keyring_recovered")));
    let status = recovered.status().unwrap();
    assert_eq!(status.generation, 1 << 32);
    assert_eq!((status.current_version, status.versions.len()), (2, 2), "a new version at once");
    let note = recovered.field(&patients(), None, "note").unwrap();
    assert_eq!(note.decrypt(sealed.as_ref(), Some(&id)).unwrap(), Some(text("before")));
    assert_eq!(code(note.decrypt(fieldward::StoredRef::Bytes(&after), Some(&id))), ErrorCode::KeyUnknown);
    let before = bytes(&sealed);
    let unknown = recovered.unknown_key_ids([after.as_slice(), before.as_slice(), b"plain"]);
    assert_eq!(unknown, [fieldward::inspect(&after).unwrap().header.key_id]);
    assert!(site.builder(&store).open().is_ok(), "the pin went with it");
    assert_eq!(site.pin.read("app").unwrap().unwrap().generation, 1 << 32);
}

#[test]
fn processes_of_the_same_epoch_follow() {
    let (site, store) = (site(), MemoryStore::new());
    let keyring = site.builder(&store).create().unwrap();
    let export = keyring.export();
    keyring.rotate(RotateOptions::activate_immediately()).unwrap();
    let new = MemoryStore::new();
    let recovered = site.builder(&new).recover(&export).unwrap();
    // The running process's store comes to hold the recovered document.
    let tag = fieldward::StoredDocument::of(store.load("app").unwrap().unwrap()).unwrap().tag;
    let document = fieldward::StoredDocument::of(new.load("app").unwrap().unwrap()).unwrap();
    store.save("app", Some(&tag), &document, &mut || Ok(())).unwrap();
    assert!(keyring.refresh().unwrap());
    assert_eq!(keyring.status().unwrap().generation, recovered.status().unwrap().generation);
}

#[test]
fn a_process_pinned_to_a_lost_epoch_accepts_by_name() {
    let (site, store) = (site(), MemoryStore::new());
    let keyring = site.builder(&store).create().unwrap();
    let export = keyring.export();
    keyring.start_epoch(&[]).unwrap();
    let elsewhere = MemoryPin::new();
    elsewhere.raise(&site.pin.read("app").unwrap().unwrap()).unwrap();
    let new = MemoryStore::new();
    let recovered = site.builder(&new).recover(&export).unwrap();
    let open = || site.builder(&new).pin(elsewhere.clone());
    assert_eq!(code(open().open()), ErrorCode::KeyringRolledBack);
    assert_eq!(code(open().accept_identity([0; 32]).open()), ErrorCode::KeyringRolledBack);
    assert!(open().accept_identity(recovered.root_identity()).open().is_ok());
    assert!(open().open().is_ok(), "once is enough");
}

#[test]
fn recover_is_for_a_store_that_lost_its_document() {
    let (site, store) = (site(), MemoryStore::new());
    let keyring = site.builder(&store).create().unwrap();
    let export = keyring.export();
    keyring.mark_compromised(1, "leaked").unwrap();
    assert_eq!(code(site.builder(&store).recover(&export)), ErrorCode::KeyringExists);
    assert_eq!(code(site.builder(&MemoryStore::new()).recover(b"nonsense")), ErrorCode::KeyringMalformed);
    let mut edited = export.clone();
    edited[40] ^= 1;
    assert!(site.builder(&MemoryStore::new()).recover(&edited).is_err());
    drop(Arc::new(keyring));
}

#[test]
fn an_export_holds_no_key_and_no_pin() {
    let (site, store) = (site(), MemoryStore::new());
    let keyring = site.builder(&store).create().unwrap();
    let export = keyring.export();
    assert_eq!(Some(&export), store.load("app").unwrap().as_ref());
    let secret = site.key.expose().as_slice();
    assert!(!export.windows(32).any(|window| window == secret));
}
