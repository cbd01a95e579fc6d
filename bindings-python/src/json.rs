//! JSON values and reports as Python's dicts and lists, by Python's own `json`.

use fieldward::{Error, ErrorCode};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;
use serde_json::Value as Json;

use crate::error::{Result, from_py};

/// The text of a Python value, if it comes back as the same value.
///
/// # Errors
///
/// `ValueNotCanonical`, `InvalidJson`, `InvalidText`.
pub(crate) fn text(value: &Bound<'_, PyAny>) -> Result<String> {
    static TO_TEXT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = value.py();
    let text = TO_TEXT.import(py, "fieldward._json", "to_text").and_then(|to_text| to_text.call1((value,)));
    let text = text.map_err(|raised| from_py(py, raised, ErrorCode::InvalidJson, ErrorCode::InvalidJson))?;
    let text = text.cast::<PyString>().map_err(|_| Error::new(ErrorCode::InvalidJson))?;
    text.to_str().map(str::to_owned).map_err(|_| Error::new(ErrorCode::InvalidText))
}

/// The Python value of a text.
pub(crate) fn parsed<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    static LOADS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    LOADS.import(py, "json", "loads")?.call1((text,))
}

/// A report of the library's.
pub(crate) fn report<'py>(py: Python<'py>, report: &impl serde::Serialize) -> PyResult<Bound<'py, PyAny>> {
    let report: Json = serde_json::to_value(report).map_err(|_| crate::error::to_py(ErrorCode::Internal.into()))?;
    parsed(py, &report.to_string())
}
