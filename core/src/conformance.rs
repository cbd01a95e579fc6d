//! Public conformance suites: run them against a provider or a store of your own. Every built-in one passes them.
//!
//! They need the feature `conformance`. Each check returns a [`Failure`] that names the rule it found broken.

pub mod provider;
pub mod store;

use std::fmt;

use crate::error::{Error, ErrorCode, Result};

/// A rule that an implementation breaks.
#[derive(Debug)]
pub struct Failure {
    rule: &'static str,
    cause: Option<Error>,
}

impl Failure {
    fn new(rule: &'static str, cause: Option<Error>) -> Self {
        Self { rule, cause }
    }

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
