//! The library's errors as one record of texts, and back.

use std::fmt;

use fieldward::{Error, ErrorCode};

/// What every function here returns.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// An error of the library: its kind to act on, its stable code, whether the same call may succeed later, and a sentence. Never data.
#[derive(Debug, uniffi::Error)]
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
        }
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Error::new(code).into()
    }
}

impl From<uniffi::UnexpectedUniFFICallbackError> for Failure {
    /// A provider threw what is no error of this library. Its text may hold anything and goes no further.
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        ErrorCode::ProviderUnavailable.into()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Of { text, .. } = self;
        f.write_str(text)
    }
}

impl std::error::Error for Failure {}

/// What a provider threw: by the code that it names, else unavailable.
pub(crate) fn from_host(failure: &Failure) -> Error {
    let Failure::Of { code, .. } = failure;
    let known = ErrorCode::ALL.iter().copied().find(|known| known.as_str() == code);
    Error::new(known.unwrap_or(ErrorCode::ProviderUnavailable))
}

/// The error of one row of many.
pub(crate) fn in_row(error: impl Into<Error>, row: usize) -> Failure {
    let error = error.into();
    Error::with_detail(error.code(), format!("row {row}")).in_row(row).into()
}

/// An error in one of the library's own terms.
pub(crate) fn fail<T>(code: ErrorCode, detail: &str) -> Result<T> {
    Err(Error::with_detail(code, detail).into())
}

/// Throws the library's error of this code: what Swift and Kotlin refuse before the library sees it has the same form.
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
