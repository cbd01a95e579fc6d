//! The library's errors as exceptions of `fieldward._errors`, and back.

use std::error::Error as StdError;

use fieldward::{Error, ErrorCode};
use pyo3::exceptions::{PyException, PyPermissionError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};

/// What every function here that talks to the library returns.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Every code with its kind, whether it is retryable, and its sentence.
pub(crate) fn registry(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let codes = PyDict::new(py);
    for code in ErrorCode::ALL {
        codes.set_item(code.as_str(), (code.kind().as_str(), code.is_retryable(), code.message()))?;
    }
    Ok(codes)
}

fn class(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    CLASS.import(py, "fieldward._errors", "Error")
}

/// The exception for an error of the library. One that came out of a provider, store or sink written in Python is its cause; what is no
/// `Exception`, such as `KeyboardInterrupt`, goes on as it is.
#[allow(clippy::needless_pass_by_value, reason = "made for map_err")]
pub(crate) fn to_py(error: Error) -> PyErr {
    Python::attach(|py| raised(py, &error).unwrap_or_else(|other| other))
}

fn raised(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let cause = cause(py, error);
    if let Some(cause) = &cause
        && (!cause.is_instance_of::<PyException>(py) || code_of(py, cause).is_some_and(|code| code == error.code()))
    {
        return Ok(cause.clone_ref(py));
    }
    let exception = exception(py, error)?;
    exception.set_cause(py, cause);
    Ok(exception)
}

/// The exception without a cause.
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let rows = PyTuple::new(py, error.row())?;
    let made = class(py)?.call_method1("of", (error.code().as_str(), error.detail(), rows))?;
    Ok(PyErr::from_value(made))
}

fn cause(py: Python<'_>, error: &Error) -> Option<PyErr> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(raised) = error.downcast_ref::<PyErr>() {
            return Some(raised.clone_ref(py));
        }
        source = error.source();
    }
    None
}

/// The code of a `fieldward.Error`.
fn code_of(py: Python<'_>, raised: &PyErr) -> Option<ErrorCode> {
    let value = raised.value(py);
    if !value.is_instance(class(py).ok()?).ok()? {
        return None;
    }
    let code: String = value.getattr("code").ok()?.extract().ok()?;
    ErrorCode::ALL.iter().copied().find(|known| known.as_str() == code)
}

/// What a provider, store or sink raised: the code of a `fieldward.Error`, `denied` for a `PermissionError`, else `otherwise`. The
/// exception itself is kept as the source.
pub(crate) fn from_py(py: Python<'_>, raised: PyErr, denied: ErrorCode, otherwise: ErrorCode) -> Error {
    let code = match code_of(py, &raised) {
        Some(code) => code,
        None if raised.is_instance_of::<PyPermissionError>(py) => denied,
        None => otherwise,
    };
    Error::new(code).caused_by(raised)
}

/// An error in one of the library's own terms.
pub(crate) fn fail<T>(code: ErrorCode, detail: &str) -> Result<T> {
    Err(Error::with_detail(code, detail))
}
