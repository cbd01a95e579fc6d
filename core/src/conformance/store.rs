//! What every [`KeyStore`](crate::KeyStore) must do.
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

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, ErrorCode, Result};
use crate::store::{GenerationPin, KeyStore, StoredDocument};

/// A rule that a store or pin breaks.
#[derive(Debug)]
pub struct Failure {
    rule: &'static str,
    cause: Option<Error>,
}

impl Failure {
    /// The broken rule, in one sentence.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        self.rule
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken rule: {}", self.rule)?;
        self.cause.as_ref().map_or(Ok(()), |cause| write!(f, ": {cause}"))
    }
}

impl std::error::Error for Failure {}

/// What a rule's check gives.
pub type Outcome = std::result::Result<(), Failure>;

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

/// `rule` holds if `holds` is true.
fn must(rule: &'static str, holds: bool) -> Outcome {
    if holds { Ok(()) } else { Err(Failure { rule, cause: None }) }
}

/// `rule` holds if the call succeeds.
fn succeeds<T>(rule: &'static str, called: Result<T>) -> std::result::Result<T, Failure> {
    called.map_err(|cause| Failure { rule, cause: Some(cause) })
}

/// `rule` holds if the call fails with `code`.
fn refuses<T>(rule: &'static str, code: ErrorCode, called: Result<T>) -> Outcome {
    match called {
        Err(error) if error.code() == code => Ok(()),
        Err(cause) => Err(Failure { rule, cause: Some(cause) }),
        Ok(_) => Err(Failure { rule, cause: None }),
    }
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
