//! Where keyrings are kept, and what remembers how far they have come.

use std::sync::Arc;

use fieldward::{FilePin, FileStore, GenerationPin, KeyStore, MemoryPin, MemoryStore};

/// A key store of the library's.
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
}

/// A pin of the library's.
#[derive(Debug, uniffi::Object)]
pub struct Pin {
    pub(crate) inner: Arc<dyn GenerationPin>,
}

#[uniffi::export]
impl Pin {
    /// Pins in `directory`, out of reach of whoever writes the store; the first raise makes it.
    #[uniffi::constructor]
    pub fn file(directory: &str) -> Arc<Self> {
        Arc::new(Self { inner: Arc::new(FilePin::new(directory)) })
    }

    /// A pin in memory: refuses older documents for as long as it lives.
    #[uniffi::constructor]
    pub fn memory() -> Arc<Self> {
        Arc::new(Self { inner: Arc::new(MemoryPin::new()) })
    }
}
