//! What Swift and Kotlin write for the library: providers, stores and sinks. What they throw is kept as the cause of the library's error.

use std::fmt;
use std::sync::Arc;

use fieldward::{Error, ErrorCode};

/// An exception of Swift or Kotlin, on its way through the library and back. Only the language looks into it.
#[uniffi::export(with_foreign)]
pub trait Thrown: Send + Sync {
    /// The name of its type, which says nothing of what it holds.
    fn type_name(&self) -> String;
}

/// How code of Swift or Kotlin says that it failed.
#[derive(uniffi::Error)]
pub enum Refusal {
    /// The one case.
    Of {
        /// The code that it means; none, or one that is not known: as the caller of it decides.
        code: Option<String>,
        /// What it threw.
        thrown: Option<Arc<dyn Thrown>>,
    },
}

impl Refusal {
    /// The library's error of it.
    pub(crate) fn or(self, otherwise: ErrorCode) -> Error {
        let Self::Of { code, thrown } = self;
        let known = code.and_then(|code| ErrorCode::ALL.iter().copied().find(|known| known.as_str() == code));
        let error = Error::new(known.unwrap_or(otherwise));
        match thrown {
            Some(thrown) => error.caused_by(Source(thrown)),
            None => error,
        }
    }
}

impl From<uniffi::UnexpectedUniFFICallbackError> for Refusal {
    /// What comes past the languages' own layers has a text that may hold anything: it goes no further.
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Of { code: None, thrown: None }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Refusal {}

/// The source of an error: shows its type alone.
struct Source(Arc<dyn Thrown>);

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "thrown: {}", self.0.type_name())
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Source {}

/// What was thrown where the error began, if it was in Swift or Kotlin.
pub(crate) fn thrown(error: &Error) -> Option<Arc<dyn Thrown>> {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if let Some(Source(thrown)) = error.downcast_ref() {
            return Some(Arc::clone(thrown));
        }
        source = error.source();
    }
    None
}
