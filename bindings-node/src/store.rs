//! Key stores, and pins: what remembers how far a keyring's document has come, across restarts.

use std::sync::Arc;

use fieldward::{ErrorCode, GenerationPin, KeyStore};
use napi::bindgen_prelude::{ClassInstance, FromNapiValue, Unknown};
use napi_derive::napi;

use crate::error::{Result, fail};

/// One file per keyring in a directory, atomic and durable.
#[napi]
pub struct FileStore {
    inner: Arc<fieldward::FileStore>,
}

#[napi]
impl FileStore {
    /// A store in `directory`, which the first save makes. It brings a pin of its own, in the user's state directory.
    #[napi(constructor)]
    pub fn new(directory: String) -> Self {
        Self { inner: Arc::new(fieldward::FileStore::new(directory)) }
    }
}

/// Keeps documents in memory, for tests and demonstrations.
#[napi]
pub struct MemoryStore {
    inner: fieldward::MemoryStore,
}

#[napi]
#[allow(clippy::new_without_default, reason = "JavaScript constructs it")]
impl MemoryStore {
    /// An empty store.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self { inner: fieldward::MemoryStore::new() }
    }
}

/// Pins in a directory out of reach of whoever writes the store.
#[napi]
pub struct FilePin {
    inner: Arc<fieldward::FilePin>,
}

#[napi]
impl FilePin {
    /// Pins in `directory`, which the first raise makes if it is missing.
    #[napi(constructor)]
    pub fn new(directory: String) -> Self {
        Self { inner: Arc::new(fieldward::FilePin::new(directory)) }
    }
}

/// A pin in memory: refuses older documents for as long as it lives.
#[napi]
pub struct MemoryPin {
    inner: fieldward::MemoryPin,
}

#[napi]
#[allow(clippy::new_without_default, reason = "JavaScript constructs it")]
impl MemoryPin {
    /// An empty pin.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self { inner: fieldward::MemoryPin::new() }
    }
}

/// The store that a JavaScript object is.
pub(crate) fn store_of(object: Unknown<'_>) -> Result<Arc<dyn KeyStore>> {
    if let Ok(store) = ClassInstance::<FileStore>::from_unknown(object) {
        return Ok(Arc::<fieldward::FileStore>::clone(&store.inner));
    }
    if let Ok(store) = ClassInstance::<MemoryStore>::from_unknown(object) {
        return Ok(Arc::new(store.inner.clone()));
    }
    fail(ErrorCode::InvalidArgument, "a store of fieldward")
}

/// The pin that a JavaScript object is.
pub(crate) fn pin_of(object: Unknown<'_>) -> Result<Arc<dyn GenerationPin>> {
    if let Ok(pin) = ClassInstance::<FilePin>::from_unknown(object) {
        return Ok(Arc::<fieldward::FilePin>::clone(&pin.inner));
    }
    match ClassInstance::<MemoryPin>::from_unknown(object) {
        Ok(pin) => Ok(Arc::new(pin.inner.clone())),
        Err(_) => fail(ErrorCode::InvalidArgument, "a pin is a FilePin or a MemoryPin"),
    }
}
