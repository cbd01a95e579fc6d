//! Where keyrings are kept.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use fieldward::{
    Error, ErrorCode, FileStore, KeyStore, MAX_DOCUMENT_LEN, MemoryStore, StoredDocument, check_keyring_id,
};

use crate::error::Result;
use crate::host::Refusal;

/// Which document a store holds: its generation and its MAC. A save compares both.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct DocumentTag {
    /// The document's generation: only grows.
    pub generation: u64,
    /// The document's MAC, 32 bytes. Not secret.
    pub mac: Vec<u8>,
}

impl From<&fieldward::DocumentTag> for DocumentTag {
    fn from(tag: &fieldward::DocumentTag) -> Self {
        Self { generation: tag.generation, mac: tag.mac.to_vec() }
    }
}

/// Reads the tag from a document's bytes. It needs no key, and verifies nothing.
#[uniffi::export]
#[allow(clippy::needless_pass_by_value, reason = "a borrow crosses as a buffer of the JVM's own kind")]
pub fn document_tag(document: Vec<u8>) -> Result<DocumentTag> {
    Ok((&fieldward::DocumentTag::of(&document)?).into())
}

/// A store written in Swift or Kotlin. Calls come on a thread that may wait.
#[uniffi::export(with_foreign)]
pub trait HostStore: Send + Sync {
    /// The document, or none.
    fn load(&self, keyring_id: String) -> Result<Option<Vec<u8>>, Refusal>;
    /// Puts the document in the place of the one with the tag `expected`: true once it is durable, false for a conflict.
    fn save(
        &self,
        keyring_id: String,
        expected: Option<DocumentTag>,
        document: Vec<u8>,
        tag: DocumentTag,
    ) -> Result<bool, Refusal>;
}

/// A key store: one of the library's, or one written in Swift or Kotlin.
#[derive(Debug, uniffi::Object)]
pub struct Store {
    pub(crate) inner: Arc<dyn KeyStore>,
}

#[uniffi::export]
impl Store {
    /// One file per keyring in `directory`, which the first save makes. It brings a pin of its own, in the user's state directory.
    #[uniffi::constructor]
    pub fn file(directory: &str) -> Arc<Self> {
        Arc::new(Self { inner: Arc::new(FileStore::new(directory)) })
    }

    /// Documents in memory, for tests and demonstrations.
    #[uniffi::constructor]
    pub fn memory() -> Arc<Self> {
        Arc::new(Self { inner: Arc::new(MemoryStore::new()) })
    }

    /// A store written in Swift or Kotlin. It brings no pin.
    #[uniffi::constructor]
    pub fn host(store: Arc<dyn HostStore>) -> Arc<Self> {
        Arc::new(Self { inner: Arc::new(Asked { store, saving: Mutex::default() }) })
    }
}

/// Asks a store of Swift or Kotlin.
struct Asked {
    store: Arc<dyn HostStore>,
    /// Held while a document is saved and the pin raised after it.
    saving: Mutex<()>,
}

fn failed(refusal: Refusal) -> Error {
    refusal.or(ErrorCode::StoreUnavailable)
}

impl KeyStore for Asked {
    fn load(&self, keyring_id: &str) -> Result<Option<Vec<u8>>, Error> {
        check_keyring_id(keyring_id)?;
        match self.store.load(keyring_id.to_owned()).map_err(failed)? {
            Some(document) if document.len() > MAX_DOCUMENT_LEN => Err(ErrorCode::KeyringTooLarge.into()),
            document => Ok(document),
        }
    }

    /// The store's `save` returns once the document is durable: the pin is raised then. Between processes the order of two writers does
    /// not matter, since pins only rise.
    fn save(
        &self,
        keyring_id: &str,
        expected: Option<&fieldward::DocumentTag>,
        document: &StoredDocument,
        durable: &mut dyn FnMut() -> Result<(), Error>,
    ) -> Result<(), Error> {
        check_keyring_id(keyring_id)?;
        document.check()?;
        let _alone = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        let (expected, tag) = (expected.map(DocumentTag::from), DocumentTag::from(&document.tag));
        match self.store.save(keyring_id.to_owned(), expected, document.bytes.clone(), tag).map_err(failed)? {
            true => durable(),
            false => Err(Error::with_detail(ErrorCode::StoreConflict, keyring_id)),
        }
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostStore").finish_non_exhaustive()
    }
}
