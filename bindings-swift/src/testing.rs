//! For the tests of Swift and Kotlin alone: the golden vectors, in the very library that they load, and panics.
#![allow(clippy::panic, reason = "the languages' tests see what becomes of one")]

use std::cell::RefCell;
use std::sync::Arc;

use fieldward::{KeyProvider, SecretKey, WrapContext, WrappedKey};

use crate::provider::Provider;

/// Runs one case of a room of `core/vectors`: the result as JSON, or `{"error": code}`; none if the room has no such operation.
#[uniffi::export]
pub fn run_vector(room: &str, op: &str, input: &str) -> Option<String> {
    let input = serde_json::from_str(input).ok()?;
    fieldward::golden::run(room, op, &input).map(|result| result.to_string())
}

thread_local! {
    static ARMED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The next use of a handle on this thread panics with this message.
#[uniffi::export]
pub fn arm_panic(message: String) {
    ARMED.set(Some(message));
}

pub(crate) fn panic_where_armed() {
    if let Some(message) = ARMED.take() {
        panic!("{message}");
    }
}

/// A provider that panics with this message when it is asked.
#[uniffi::export]
pub fn panicking_provider(message: String) -> Arc<Provider> {
    Arc::new(Provider { inner: Arc::new(Panicking(message)) })
}

#[derive(Debug)]
struct Panicking(String);

impl KeyProvider for Panicking {
    fn kind(&self) -> &str {
        "panicking"
    }

    fn key_name(&self) -> String {
        "none".to_owned()
    }

    fn wrap(&self, _: &str, _: &SecretKey, _: &WrapContext<'_>) -> fieldward::Result<WrappedKey> {
        panic!("{}", self.0)
    }

    fn unwrap(&self, _: &WrappedKey, _: &WrapContext<'_>) -> fieldward::Result<SecretKey> {
        panic!("{}", self.0)
    }
}
