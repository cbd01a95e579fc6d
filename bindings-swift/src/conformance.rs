//! The library's conformance suites, over providers and stores of Swift and Kotlin: for their tests.

use std::sync::Arc;

use fieldward::conformance::{provider, store};
use fieldward::{GenerationPin, KeyStore};

use crate::pin::Pin;
use crate::provider::Provider;
use crate::store::Store;

/// Holds a provider to every rule of `fieldward::conformance::provider`; the first that does not hold.
#[uniffi::export]
pub fn check_provider(provider: &Provider) -> Option<String> {
    provider::check(provider.inner.as_ref()).err().map(|failure| failure.to_string())
}

/// Makes empty stores.
#[uniffi::export(with_foreign)]
pub trait HostStores: Send + Sync {
    /// An empty one.
    fn make(&self) -> Arc<Store>;
}

/// Holds stores to every rule of `fieldward::conformance::store`; the first that does not hold.
#[uniffi::export]
#[allow(clippy::needless_pass_by_value, reason = "the generated call gives it away")]
pub fn check_store(stores: Arc<dyn HostStores>) -> Option<String> {
    let make = || -> Arc<dyn KeyStore> { Arc::clone(&stores.make().inner) };
    store::check(make).err().map(|failure| failure.to_string())
}

/// Makes empty pins.
#[uniffi::export(with_foreign)]
pub trait HostPins: Send + Sync {
    /// An empty one.
    fn make(&self) -> Arc<Pin>;
}

/// Holds pins to every rule of `fieldward::conformance::store`; the first that does not hold.
#[uniffi::export]
#[allow(clippy::needless_pass_by_value, reason = "the generated call gives it away")]
pub fn check_pin(pins: Arc<dyn HostPins>) -> Option<String> {
    let make = || -> Arc<dyn GenerationPin> { Arc::clone(&pins.make().inner) };
    store::check_pin(make).err().map(|failure| failure.to_string())
}
