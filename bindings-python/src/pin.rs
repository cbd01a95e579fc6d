//! Pins: what remembers how far a keyring's document has come, across restarts.

use std::path::PathBuf;
use std::sync::Arc;

use fieldward::{Error, ErrorCode, GenerationPin};
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::error::{Result, fail, to_py};

/// Pins in a directory out of reach of whoever writes the store: an older document is refused from then on. Pickles as the directory.
///
///     >>> fw.FilePin("pins")
///     FilePin("pins")
#[pyclass(frozen, module = "fieldward")]
pub(crate) struct FilePin {
    inner: Arc<fieldward::FilePin>,
    directory: PathBuf,
}

#[pymethods]
impl FilePin {
    /// Pins in `directory`, which the first raise makes if it is missing.
    #[new]
    fn new(directory: PathBuf) -> Self {
        Self { inner: Arc::new(fieldward::FilePin::new(&directory)), directory }
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyType>, (PathBuf,)) {
        (slf.get_type(), (slf.get().directory.clone(),))
    }

    fn __repr__(&self) -> String {
        format!("FilePin({:?})", self.directory)
    }
}

/// A pin in memory: refuses older documents for as long as it lives. Does not pickle.
///
///     >>> pin = fw.MemoryPin()
#[pyclass(frozen, module = "fieldward")]
pub(crate) struct MemoryPin {
    inner: fieldward::MemoryPin,
}

#[pymethods]
impl MemoryPin {
    /// An empty pin.
    #[new]
    fn new() -> Self {
        Self { inner: fieldward::MemoryPin::new() }
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(to_py(Error::with_detail(ErrorCode::InvalidArgument, "a pin in memory is never pickled")))
    }
}

/// The pin that a Python object is.
pub(crate) fn pin_of(object: &Bound<'_, PyAny>) -> Result<Arc<dyn GenerationPin>> {
    if let Ok(pin) = object.cast::<FilePin>() {
        return Ok(Arc::<fieldward::FilePin>::clone(&pin.get().inner));
    }
    match object.cast::<MemoryPin>() {
        Ok(pin) => Ok(Arc::new(pin.get().inner.clone())),
        Err(_) => fail(ErrorCode::InvalidArgument, "a pin is a FilePin or a MemoryPin"),
    }
}
