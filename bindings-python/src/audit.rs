//! Where the audit log goes.

use std::path::PathBuf;
use std::sync::Arc;

use fieldward::{AuditSink, Error, ErrorCode};
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::calls::KeyringMark;
use crate::error::{Result, fail, from_py, to_py};

/// Appends to a file, one JSON line for each event, synced line by line. Pickles as the path.
///
///     >>> fw.JsonLinesSink("audit.jsonl")
///     JsonLinesSink("audit.jsonl")
#[pyclass(frozen, module = "fieldward")]
pub(crate) struct JsonLinesSink {
    inner: Arc<fieldward::JsonLinesSink>,
    path: PathBuf,
}

#[pymethods]
impl JsonLinesSink {
    /// Opens or makes the file (a `str` or path), readable by its owner only. Errors: `audit_sink_failed`.
    #[new]
    fn new(path: PathBuf) -> PyResult<Self> {
        Ok(Self { inner: Arc::new(fieldward::JsonLinesSink::open(&path).map_err(to_py)?), path })
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyType>, (PathBuf,)) {
        (slf.get_type(), (slf.get().path.clone(),))
    }

    fn __repr__(&self) -> String {
        format!("JsonLinesSink({:?})", self.path)
    }
}

/// Keeps lines in memory: for tests, and for callers who send them on. Does not pickle.
///
///     >>> sink = fw.MemorySink()
///     >>> sink.lines()
///     []
#[pyclass(frozen, module = "fieldward")]
pub(crate) struct MemorySink {
    inner: fieldward::MemorySink,
}

#[pymethods]
impl MemorySink {
    /// An empty sink.
    #[new]
    fn new() -> Self {
        Self { inner: fieldward::MemorySink::new() }
    }

    /// The lines so far, in order: a list of `str`, a JSON object each.
    fn lines(&self) -> Vec<String> {
        self.inner.lines()
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(to_py(Error::with_detail(ErrorCode::InvalidArgument, "a sink in memory is never pickled")))
    }
}

/// The sink that a Python object is: one of the library's, or a callable that takes a line.
pub(crate) fn sink_of(object: &Bound<'_, PyAny>, mark: KeyringMark) -> Result<Arc<dyn AuditSink>> {
    if let Ok(sink) = object.cast::<JsonLinesSink>() {
        return Ok(Arc::<fieldward::JsonLinesSink>::clone(&sink.get().inner));
    }
    if let Ok(sink) = object.cast::<MemorySink>() {
        return Ok(Arc::new(sink.get().inner.clone()));
    }
    match object.is_callable() {
        true => Ok(Arc::new(PythonSink { object: object.clone().unbind(), mark })),
        false => fail(ErrorCode::InvalidArgument, "an audit sink is a sink of fieldward or takes a line"),
    }
}

/// A sink written in Python.
struct PythonSink {
    object: Py<PyAny>,
    mark: KeyringMark,
}

impl AuditSink for PythonSink {
    fn append(&self, line: &str) -> Result<()> {
        let called = self.mark.call(|py| match self.object.bind(py).call1((line,)) {
            Ok(_) => Ok(()),
            Err(raised) => Err(from_py(py, raised, ErrorCode::AuditSinkFailed, ErrorCode::AuditSinkFailed)),
        });
        called.unwrap_or_else(|| Err(ErrorCode::AuditSinkFailed.into()))
    }
}

impl std::fmt::Debug for PythonSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PythonSink").finish_non_exhaustive()
    }
}
