//! Key stores: the library's own, and classes written in Python.

use std::path::PathBuf;
use std::sync::Arc;

use fieldward::{Error, ErrorCode, GenerationPin, KeyStore, StoredDocument};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use crate::calls::KeyringMark;
use crate::error::{Result, fail, from_py, to_py};
use crate::value::bytes_of;

/// One file per keyring in a directory, atomic and durable. Pickles as the directory.
///
///     >>> fw.FileStore("keys")
///     FileStore("keys")
#[pyclass(frozen, module = "fieldward")]
pub(crate) struct FileStore {
    inner: Arc<fieldward::FileStore>,
    directory: PathBuf,
}

#[pymethods]
impl FileStore {
    /// A store in `directory` (a `str` or path), which the first save makes. It brings a pin of its own, in the user's state directory.
    #[new]
    fn new(directory: PathBuf) -> Self {
        Self { inner: Arc::new(fieldward::FileStore::new(&directory)), directory }
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyType>, (PathBuf,)) {
        (slf.get_type(), (slf.get().directory.clone(),))
    }

    fn __repr__(&self) -> String {
        format!("FileStore({:?})", self.directory)
    }
}

/// Keeps documents in memory, for tests and demonstrations. Does not pickle: another process would have another one.
///
///     >>> in_memory = fw.KeyringConfig(
///     ...     "test", providers={"p": fw.LocalKeyProvider.generate()}, store=fw.MemoryStore(), no_pin="a test"
///     ... )
///     >>> in_memory.create()
///     Keyring(test)
#[pyclass(frozen, module = "fieldward")]
pub(crate) struct MemoryStore {
    inner: fieldward::MemoryStore,
}

#[pymethods]
impl MemoryStore {
    /// An empty store.
    #[new]
    fn new() -> Self {
        Self { inner: fieldward::MemoryStore::new() }
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(to_py(Error::with_detail(ErrorCode::InvalidArgument, "a store in memory is never pickled")))
    }
}

/// Which document a store holds: its generation and its MAC. A save compares both.
///
///     >>> fw.DocumentTag.of(keyring.export())
///     DocumentTag(generation 1)
#[pyclass(frozen, eq, hash, module = "fieldward")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct DocumentTag {
    /// The document's generation: only grows.
    #[pyo3(get)]
    generation: u64,
    mac: [u8; 32],
}

#[pymethods]
impl DocumentTag {
    /// Reads the tag from a document's `bytes`. It needs no key, and verifies nothing. Errors: `store_corrupt`, `keyring_malformed`.
    #[staticmethod]
    fn of(document: &[u8]) -> PyResult<Self> {
        fieldward::DocumentTag::of(document).map(Self::from).map_err(to_py)
    }

    /// The document's MAC, 32 `bytes`. Not secret.
    #[getter]
    fn mac<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.mac)
    }

    fn __repr__(&self) -> String {
        format!("DocumentTag(generation {})", self.generation)
    }
}

impl From<fieldward::DocumentTag> for DocumentTag {
    fn from(tag: fieldward::DocumentTag) -> Self {
        Self { generation: tag.generation, mac: tag.mac }
    }
}

/// The store that a Python object is: one of the library's, or anything with `load` and `save`.
pub(crate) fn store_of(object: &Bound<'_, PyAny>, mark: KeyringMark) -> Result<Arc<dyn KeyStore>> {
    if let Ok(store) = object.cast::<FileStore>() {
        return Ok(Arc::<fieldward::FileStore>::clone(&store.get().inner));
    }
    if let Ok(store) = object.cast::<MemoryStore>() {
        return Ok(Arc::new(store.get().inner.clone()));
    }
    match object.hasattr("load").unwrap_or(false) && object.hasattr("save").unwrap_or(false) {
        true => Ok(Arc::new(PythonStore { object: object.clone().unbind(), mark })),
        false => fail(ErrorCode::InvalidArgument, "a store has load and save"),
    }
}

/// A store written in Python.
struct PythonStore {
    object: Py<PyAny>,
    mark: KeyringMark,
}

impl PythonStore {
    fn call<T>(&self, call: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<Result<T>>) -> Result<T> {
        let called = self.mark.call(|py| {
            let raised = |raised| from_py(py, raised, ErrorCode::StoreDenied, ErrorCode::StoreUnavailable);
            call(self.object.bind(py)).map_err(raised).and_then(|result| result)
        });
        called.unwrap_or_else(|| Err(ErrorCode::StoreUnavailable.into()))
    }
}

impl KeyStore for PythonStore {
    fn load(&self, keyring_id: &str) -> Result<Option<Vec<u8>>> {
        fieldward::check_keyring_id(keyring_id)?;
        self.call(|store| {
            let document = store.call_method1("load", (keyring_id,))?;
            if document.is_none() {
                return Ok(Ok(None));
            }
            Ok(match bytes_of(&document) {
                Some(document) if document.len() > fieldward::MAX_DOCUMENT_LEN => {
                    Err(ErrorCode::KeyringTooLarge.into())
                }
                Some(document) => Ok(Some(document)),
                None => fail(ErrorCode::StoreCorrupt, "load gives bytes or None"),
            })
        })
    }

    /// Python's `save` returns once the document is durable: the pin is raised then. Pins only rise, so that the order of two
    /// writers does not matter.
    fn save(
        &self,
        keyring_id: &str,
        expected: Option<&fieldward::DocumentTag>,
        document: &StoredDocument,
        durable: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        fieldward::check_keyring_id(keyring_id)?;
        document.check()?;
        self.call(|store| {
            let bytes = PyBytes::new(store.py(), &document.bytes);
            let (expected, tag) = (expected.copied().map(DocumentTag::from), DocumentTag::from(document.tag));
            let saved = store.call_method1("save", (keyring_id, expected, bytes, tag))?;
            Ok(match saved.extract::<bool>() {
                Ok(true) => Ok(()),
                Ok(false) => fail(ErrorCode::StoreConflict, keyring_id),
                Err(_) => fail(ErrorCode::StoreUnavailable, "save gives True, or False for a conflict"),
            })
        })?;
        durable()
    }

    fn default_pin(&self) -> Result<Option<Arc<dyn GenerationPin>>> {
        Ok(None)
    }
}

impl std::fmt::Debug for PythonStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PythonStore").finish_non_exhaustive()
    }
}
