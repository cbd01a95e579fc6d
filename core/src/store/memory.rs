//! A store and a pin in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{DocumentTag, GenerationPin, KeyStore, PinnedState, StoredDocument, check_keyring_id};
use crate::error::{ErrorCode, Result, fail};

/// Keeps documents in memory, for tests and demonstrations. Clones share their content; nothing outlives the process.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    documents: Mutex<BTreeMap<String, StoredDocument>>,
    /// Held by one writer to the end of its hook; readers do not wait for it.
    writer: Mutex<()>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, StoredDocument>> {
        self.0.documents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyStore for MemoryStore {
    fn load(&self, keyring_id: &str) -> Result<Option<Vec<u8>>> {
        check_keyring_id(keyring_id)?;
        Ok(self.lock().get(keyring_id).map(|document| document.bytes.clone()))
    }

    fn save(
        &self,
        keyring_id: &str,
        expected: Option<&DocumentTag>,
        document: &StoredDocument,
        durable: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        check_keyring_id(keyring_id)?;
        document.check()?;
        let _writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut documents = self.lock();
        if documents.get(keyring_id).map(|stored| &stored.tag) != expected {
            return fail(ErrorCode::StoreConflict, keyring_id);
        }
        documents.insert(keyring_id.to_owned(), document.clone());
        drop(documents);
        durable()
    }

    fn default_pin(&self) -> Result<Option<Arc<dyn GenerationPin>>> {
        Ok(None)
    }
}

/// A pin in memory: refuses older documents for as long as it lives. Clones share their content.
#[derive(Clone, Debug, Default)]
pub struct MemoryPin(Arc<Mutex<BTreeMap<String, PinnedState>>>);

impl MemoryPin {
    /// An empty pin.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, PinnedState>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GenerationPin for MemoryPin {
    fn read(&self, keyring_id: &str) -> Result<Option<PinnedState>> {
        check_keyring_id(keyring_id)?;
        Ok(self.lock().get(keyring_id).cloned())
    }

    fn raise(&self, state: &PinnedState) -> Result<()> {
        check_keyring_id(&state.keyring_id)?;
        let mut pins = self.lock();
        if pins.get(&state.keyring_id).is_none_or(|pinned| state.is_after(pinned)) {
            pins.insert(state.keyring_id.clone(), state.clone());
        }
        Ok(())
    }

    fn accept_recovered(&self, state: &PinnedState) -> Result<()> {
        check_keyring_id(&state.keyring_id)?;
        let mut pins = self.lock();
        let due = pins.get(&state.keyring_id).map_or(Ok(true), |pinned| state.recovers(pinned))?;
        if due {
            pins.insert(state.keyring_id.clone(), state.clone());
        }
        Ok(())
    }
}
