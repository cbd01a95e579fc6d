//! Key providers: the library's own, and classes written in Python.

use std::path::PathBuf;
use std::sync::Arc;

use fieldward::{CallbackProvider, Error, ErrorCode, KeyProvider, Pbkdf2Hash, SecretBytes, SecretKey};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple, PyType};
use zeroize::Zeroizing;

use crate::calls::KeyringMark;
use crate::error::{Result, fail, from_py, to_py};
use crate::name::Name;
use crate::value::{bytes_of, text_of};

/// How a provider is made again in another process: a method of its class and its arguments. Never a key.
type Origin = Option<(&'static str, Py<PyTuple>)>;

/// What pickle calls; an error for a provider that is known by its key alone.
fn reduced<'py>(class: &Bound<'py, PyType>, origin: &Origin) -> PyResult<(Bound<'py, PyAny>, Py<PyTuple>)> {
    match origin {
        Some((method, arguments)) => Ok((class.getattr(*method)?, arguments.clone_ref(class.py()))),
        None => Err(to_py(Error::with_detail(
            ErrorCode::InvalidArgument,
            "a key in memory is never pickled: name a file or an environment variable",
        ))),
    }
}

/// Wraps with a 256-bit key of the caller's: from a file, the environment or bytes.
///
/// Made from a file or the environment it pickles as that place; made from bytes it does not pickle (`invalid_argument`).
///
///     >>> provider = fw.LocalKeyProvider.from_file("root.key")
///     >>> fw.LocalKeyProvider.generate().key_name != provider.key_name
///     True
#[pyclass(frozen, module = "fieldward")]
pub(crate) struct LocalKeyProvider {
    inner: Arc<fieldward::LocalKeyProvider>,
    origin: Origin,
}

#[pymethods]
impl LocalKeyProvider {
    /// Uses this key: exactly 32 bytes (`invalid_key_length`), copied and wiped after use. The caller's copy is the caller's to keep safe.
    #[new]
    fn new(key: &Bound<'_, PyAny>) -> PyResult<Self> {
        let key = Zeroizing::new(bytes_of(key).ok_or_else(|| to_py(ErrorCode::InvalidKeyLength.into()))?);
        let key = SecretKey::from_slice(&key).map_err(to_py)?;
        Ok(Self { inner: Arc::new(fieldward::LocalKeyProvider::new(key)), origin: None })
    }

    /// Uses a fresh key of the operating system's generator, known to this process alone: for tests and first steps.
    #[staticmethod]
    fn generate() -> PyResult<Self> {
        let key = SecretKey::generate().map_err(to_py)?;
        Ok(Self { inner: Arc::new(fieldward::LocalKeyProvider::new(key)), origin: None })
    }

    /// Reads a key in its text form: `fwk1.` and unpadded base64url. Errors: `key_file_malformed`.
    #[staticmethod]
    fn from_text(text: &Bound<'_, PyAny>) -> PyResult<Self> {
        let malformed = || to_py(ErrorCode::KeyFileMalformed.into());
        let text = text.cast::<PyString>().map_err(|_| to_py(ErrorCode::WrongType.into()))?;
        let inner = fieldward::LocalKeyProvider::from_text(text_of(text).map_err(|_| malformed())?).map_err(to_py)?;
        Ok(Self { inner: Arc::new(inner), origin: None })
    }

    /// Reads the text form from an environment variable. Errors: `provider_unavailable` where it is not set, `key_file_malformed`.
    #[staticmethod]
    fn from_env(py: Python<'_>, variable: Name) -> PyResult<Self> {
        let inner = fieldward::LocalKeyProvider::from_env(&variable).map_err(to_py)?;
        let origin = Some(("from_env", (&*variable,).into_pyobject(py)?.unbind()));
        Ok(Self { inner: Arc::new(inner), origin })
    }

    /// Reads the text form from a file (a `str` or path) that only its owner can read. Errors: `provider_unavailable`, `key_file_permissions`,
    /// `key_file_malformed`.
    #[staticmethod]
    fn from_file(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let inner = fieldward::LocalKeyProvider::from_file(&path).map_err(to_py)?;
        let origin = Some(("from_file", (path,).into_pyobject(py)?.unbind()));
        Ok(Self { inner: Arc::new(inner), origin })
    }

    /// Makes a key file with a fresh key, readable by its owner only. A file that exists is left alone and refused.
    #[staticmethod]
    fn create_file(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let inner = fieldward::LocalKeyProvider::create_file(&path).map_err(to_py)?;
        let origin = Some(("from_file", (path,).into_pyobject(py)?.unbind()));
        Ok(Self { inner: Arc::new(inner), origin })
    }

    /// The name that stands in documents: tells the key apart without telling it.
    #[getter]
    fn key_name(&self) -> String {
        self.inner.key_name()
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Py<PyTuple>)> {
        reduced(&slf.get_type(), &slf.get().origin)
    }

    fn __repr__(&self) -> String {
        format!("LocalKeyProvider({})", self.inner.key_name())
    }
}

/// Keeps one key file for each root epoch in a directory, so that the key of an epoch can be destroyed. Pickles as the directory.
///
///     >>> import os
///     >>> os.mkdir("epochs")
///     >>> fw.LocalKeyDirectory("epochs", "local")
///     LocalKeyDirectory(local)
#[pyclass(frozen, module = "fieldward")]
pub(crate) struct LocalKeyDirectory {
    inner: Arc<fieldward::LocalKeyDirectory>,
    directory: PathBuf,
}

#[pymethods]
impl LocalKeyDirectory {
    /// Keeps keys in `directory`, which must exist. `name` stands in documents: 1 to 64 of `a-z 0-9 -`.
    #[new]
    fn new(directory: PathBuf, name: &str) -> PyResult<Self> {
        let inner = Arc::new(fieldward::LocalKeyDirectory::new(&directory, name).map_err(to_py)?);
        Ok(Self { inner, directory })
    }

    /// The name that stands in documents.
    #[getter]
    fn key_name(&self) -> String {
        self.inner.key_name()
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyType>, (PathBuf, String)) {
        (slf.get_type(), (slf.get().directory.clone(), slf.get().inner.key_name()))
    }

    fn __repr__(&self) -> String {
        format!("LocalKeyDirectory({})", self.inner.key_name())
    }
}

/// Wraps under a passphrase with PBKDF2 (RFC 8018): 600,000 iterations of SHA-256 or 220,000 of SHA-512 unless said otherwise, at least
/// 100,000 (`iterations_out_of_range`).
///
/// Made from the environment it pickles as the variable's name; made from a passphrase it does not pickle (`invalid_argument`).
///
///     >>> fw.PassphraseProvider("office", "correct horse battery staple", hash="sha-512")
///     PassphraseProvider(office)
#[pyclass(frozen, module = "fieldward")]
pub(crate) struct PassphraseProvider {
    inner: Arc<fieldward::PassphraseProvider>,
    origin: Origin,
}

fn passphrase(
    name: &str,
    secret: Vec<u8>,
    hash: &str,
    iterations: Option<u32>,
) -> Result<fieldward::PassphraseProvider> {
    let hash = match hash {
        "sha-256" => Pbkdf2Hash::Sha256,
        "sha-512" => Pbkdf2Hash::Sha512,
        _ => return fail(ErrorCode::InvalidArgument, "hash: sha-256 or sha-512"),
    };
    let provider = fieldward::PassphraseProvider::new(name, SecretBytes::new(secret))?.hash(hash);
    match iterations {
        Some(iterations) => provider.iterations(iterations),
        None => Ok(provider),
    }
}

#[pymethods]
impl PassphraseProvider {
    /// Uses this passphrase (8 to 1,024 bytes of UTF-8, or bytes). `name` stands in documents.
    #[new]
    #[pyo3(signature = (name, passphrase, *, hash = "sha-256", iterations = None))]
    fn new(name: &str, passphrase: &Bound<'_, PyAny>, hash: &str, iterations: Option<u32>) -> PyResult<Self> {
        let secret = match passphrase.extract::<String>() {
            Ok(text) => text.into_bytes(),
            Err(_) => bytes_of(passphrase).ok_or_else(|| to_py(ErrorCode::InvalidArgument.into()))?,
        };
        let inner = Arc::new(self::passphrase(name, secret, hash, iterations).map_err(to_py)?);
        Ok(Self { inner, origin: None })
    }

    /// Reads the passphrase from an environment variable.
    #[staticmethod]
    #[pyo3(signature = (name, variable, *, hash = "sha-256", iterations = None))]
    fn from_env(py: Python<'_>, name: &str, variable: &str, hash: &str, iterations: Option<u32>) -> PyResult<Self> {
        let unset = |_| to_py(Error::with_detail(ErrorCode::ProviderUnavailable, "environment variable"));
        let secret = std::env::var(variable).map_err(unset)?;
        let inner = Arc::new(self::passphrase(name, secret.into_bytes(), hash, iterations).map_err(to_py)?);
        let origin = Some(("_from_env", (name, variable, hash, iterations).into_pyobject(py)?.unbind()));
        Ok(Self { inner, origin })
    }

    /// What pickle calls.
    #[staticmethod]
    fn _from_env(py: Python<'_>, name: &str, variable: &str, hash: &str, iterations: Option<u32>) -> PyResult<Self> {
        Self::from_env(py, name, variable, hash, iterations)
    }

    /// The name that stands in documents.
    #[getter]
    fn key_name(&self) -> String {
        self.inner.key_name()
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Py<PyTuple>)> {
        reduced(&slf.get_type(), &slf.get().origin)
    }

    fn __repr__(&self) -> String {
        format!("PassphraseProvider({})", self.inner.key_name())
    }
}

/// What a wrapped secret is bound to: a provider written in Python passes `pairs` or `data` on, so that another context does not open it.
///
///     >>> class Provider:
///     ...     kind, key_name = "own", "key-1"
///     ...
///     ...     def wrap(self, secret, context):
///     ...         return service.encrypt(secret, context.pairs)  # of a client of your key service
///     ...
///     ...     def unwrap(self, wrapped, context):
///     ...         return service.decrypt(wrapped, context.pairs)
#[pyclass(frozen, module = "fieldward", get_all)]
pub(crate) struct WrapContext {
    /// The keyring's id.
    keyring_id: String,
    /// The root epoch.
    epoch: u32,
    /// What the secret is: `root`.
    purpose: String,
    /// Names and values, for services that take an encryption context.
    pairs: Py<PyDict>,
    /// Canonical bytes, for mechanisms that take associated data.
    data: Py<PyBytes>,
}

impl WrapContext {
    fn of(py: Python<'_>, context: &fieldward::WrapContext<'_>) -> PyResult<Self> {
        let pairs = PyDict::new(py);
        for (name, value) in context.pairs() {
            pairs.set_item(name, value)?;
        }
        Ok(Self {
            keyring_id: context.keyring_id.to_owned(),
            epoch: context.epoch,
            purpose: context.purpose.to_owned(),
            pairs: pairs.unbind(),
            data: PyBytes::new(py, &context.to_bytes()).unbind(),
        })
    }
}

#[pymethods]
impl WrapContext {
    fn __repr__(&self) -> String {
        format!("WrapContext({}, epoch {})", self.keyring_id, self.epoch)
    }
}

/// The provider that a Python object is: one of the library's, or anything with `kind`, `key_name`, `wrap` and `unwrap`.
pub(crate) fn provider_of(object: &Bound<'_, PyAny>, mark: KeyringMark) -> Result<Arc<dyn KeyProvider>> {
    if let Ok(provider) = object.cast::<LocalKeyProvider>() {
        return Ok(Arc::<fieldward::LocalKeyProvider>::clone(&provider.get().inner));
    }
    if let Ok(provider) = object.cast::<LocalKeyDirectory>() {
        return Ok(Arc::<fieldward::LocalKeyDirectory>::clone(&provider.get().inner));
    }
    if let Ok(provider) = object.cast::<PassphraseProvider>() {
        return Ok(Arc::<fieldward::PassphraseProvider>::clone(&provider.get().inner));
    }
    let text = |name: &str| object.getattr(name).and_then(|text| text.extract::<String>());
    let (Ok(kind), Ok(key_name), true) = (
        text("kind"),
        text("key_name"),
        object.hasattr("wrap").unwrap_or(false) && object.hasattr("unwrap").unwrap_or(false),
    ) else {
        return fail(ErrorCode::InvalidArgument, "a provider has kind, key_name, wrap and unwrap");
    };
    let (wrap, unwrap) = (object.clone().unbind(), object.clone().unbind());
    let provider = CallbackProvider::new(
        &kind,
        &key_name,
        move |secret, context| call(mark, &wrap, "wrap", secret, context),
        move |wrapped, context| call(mark, &unwrap, "unwrap", wrapped, context),
    )?;
    Ok(Arc::new(provider))
}

/// Calls a method with bytes and the context; bytes come back.
fn call(
    mark: KeyringMark,
    provider: &Py<PyAny>,
    method: &str,
    bytes: &[u8],
    context: &fieldward::WrapContext<'_>,
) -> Result<Vec<u8>> {
    let called = mark.call(|py| {
        let reply = WrapContext::of(py, context)
            .and_then(|context| provider.bind(py).call_method1(method, (PyBytes::new(py, bytes), context)));
        let reply =
            reply.map_err(|raised| from_py(py, raised, ErrorCode::ProviderDenied, ErrorCode::ProviderUnavailable))?;
        bytes_of(&reply).ok_or_else(|| Error::with_detail(ErrorCode::ProviderBadReply, "bytes"))
    });
    called.unwrap_or_else(|| Err(ErrorCode::ProviderUnavailable.into()))
}
