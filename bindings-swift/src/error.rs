//! The library's errors as one record of texts.

use std::fmt;
use std::sync::Arc;

use fieldward::{Error, ErrorCode};

use crate::host::{Thrown, thrown};

/// What every function here returns.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// An error of the library: its kind to act on, its stable code, whether the same call may succeed later, and a sentence. Never data.
#[derive(uniffi::Error)]
pub enum Failure {
    /// The one case: Swift and Kotlin make their own of it.
    Of {
        /// The kind, such as `input`.
        kind: String,
        /// The stable code, such as `wrong_type`.
        code: String,
        /// What went wrong and where.
        text: String,
        /// Whether the same call may succeed later.
        is_retryable: bool,
        /// The row that it concerns, from 0, where many went in.
        row: Option<u64>,
        /// What a provider, store or sink of Swift or Kotlin threw.
        thrown: Option<Arc<dyn Thrown>>,
    },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Of {
            kind: error.kind().as_str().to_owned(),
            code: error.code().as_str().to_owned(),
            text: error.to_string(),
            is_retryable: error.is_retryable(),
            row: error.row(),
            thrown: thrown(&error),
        }
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Error::new(code).into()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Of { text, .. } = self;
        f.write_str(text)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Failure {}

/// The error of one row of many.
pub(crate) fn in_row(error: impl Into<Error>, row: usize) -> Failure {
    let error = error.into();
    Error::with_detail(error.code(), format!("row {row}")).in_row(row).into()
}

/// An error in one of the library's own terms.
pub(crate) fn fail<T>(code: ErrorCode, detail: &str) -> Result<T> {
    Err(Error::with_detail(code, detail).into())
}

/// Throws the library's error of this code: what Swift and Kotlin refuse before the library sees it has the same form. `internal` for a
/// code that there is not.
#[uniffi::export]
pub fn refuse(code: &str, detail: Option<String>, row: Option<u64>) -> Result<()> {
    let code = ErrorCode::ALL.iter().copied().find(|known| known.as_str() == code).unwrap_or(ErrorCode::Internal);
    let error = detail.map_or_else(|| Error::new(code), |detail| Error::with_detail(code, detail));
    Err(match row.and_then(|row| usize::try_from(row).ok()) {
        Some(row) => error.in_row(row),
        None => error,
    }
    .into())
}
