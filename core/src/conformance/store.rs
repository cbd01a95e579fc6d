//! What every [`KeyStore`] must do.
//!
//! ```
//! # #[cfg(feature = "conformance")] {
//! use std::sync::Arc;
//!
//! use fieldward::{MemoryStore, conformance};
//!
//! conformance::store::check(|| Arc::new(MemoryStore::new()))?;
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod pin;
mod race;
mod rules;

use std::sync::Arc;

use crate::error::Result;

use super::{Failure, Outcome, must, refuses, succeeds};
use crate::store::{GenerationPin, KeyStore, StoredDocument};

/// Runs every rule, each on a fresh store.
///
/// `make` gives an empty store at each call, and each is dropped before the next is made. Some rules call it from several
/// threads. It takes well under a second on a store without latency.
///
/// # Errors
///
/// The first rule that does not hold.
pub fn check(make: impl Fn() -> Arc<dyn KeyStore>) -> Outcome {
    rules::RULES.iter().try_for_each(|rule| rule(make().as_ref()))
}

/// Runs every rule for pins, each on a fresh pin. `make` gives an empty pin at each call.
///
/// # Errors
///
/// The first rule that does not hold.
pub fn check_pin(make: impl Fn() -> Arc<dyn GenerationPin>) -> Outcome {
    pin::RULES.iter().try_for_each(|rule| rule(make().as_ref()))
}

/// A document of `generation` whose MAC is `mac` 32 times, filled up to `len` bytes.
fn document(generation: u64, mac: u8, len: usize) -> std::result::Result<StoredDocument, Failure> {
    let mac = format!("{mac:02x}").repeat(32);
    let head = format!("{{\n  \"generation\": {generation},\n  \"fill\": \"");
    let tail = format!("\"\n}}\nhmac-sha256 {mac}\n");
    let fill = "x".repeat(len.saturating_sub(head.len() + tail.len()));
    succeeds("the suite's own document", StoredDocument::of(format!("{head}{fill}{tail}").into_bytes()))
}

/// A save whose hook does nothing.
fn save(store: &dyn KeyStore, id: &str, expected: Option<&StoredDocument>, new: &StoredDocument) -> Result<()> {
    store.save(id, expected.map(|document| &document.tag), new, &mut || Ok(()))
}

#[cfg(test)]
mod tests;
