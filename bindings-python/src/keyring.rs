//! Keyrings: describing one, opening it, closing it, and making handles.

use std::sync::Arc;
use std::time::Duration;

use fieldward::{Backend, Clock, Error, ErrorCode, KeyState, KeyringBuilder};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::audit::sink_of;
use crate::calls::{KeyringMark, release};
use crate::error::{Result, fail, to_py};
use crate::field::Field;
use crate::handle::{Handle, Handles, Held};
use crate::name::Name;
use crate::pin::pin_of;
use crate::provider::provider_of;
use crate::record::Records;
use crate::schema::Schema;
use crate::store::store_of;

/// A clock that stands still until it is moved: for tests and demonstrations. Seconds since 1970.
///
///     >>> clock = fw.ManualClock(1_767_225_600)
///     >>> clock.advance(60)
///     >>> clock.now
///     1767225660
#[pyclass(frozen, module = "fieldward")]
pub(crate) struct ManualClock {
    inner: fieldward::ManualClock,
}

#[pymethods]
impl ManualClock {
    /// A clock that shows `now`, an `int` of seconds since 1970.
    #[new]
    fn new(now: i64) -> Self {
        Self { inner: fieldward::ManualClock::new(now) }
    }

    /// Moves the clock by so many seconds, an `int`.
    fn advance(&self, seconds: i64) {
        self.inner.advance(seconds);
    }

    /// Now, an `int` of seconds since 1970.
    #[getter]
    fn now(&self) -> i64 {
        self.inner.now()
    }
}

/// What `fieldward.KeyringConfig` holds.
#[derive(FromPyObject)]
struct Config<'py> {
    keyring_id: String,
    providers: Bound<'py, PyDict>,
    store: Bound<'py, PyAny>,
    pin: Option<Bound<'py, PyAny>>,
    no_pin: Option<String>,
    clock: Option<Bound<'py, ManualClock>>,
    audit: Vec<Bound<'py, PyAny>>,
    refresh_after: Option<Duration>,
    max_staleness: Option<Duration>,
    store_timeout: Option<Duration>,
    rollback_window: Option<Duration>,
    cache_capacity: Option<usize>,
    accept_identity: Option<Vec<u8>>,
    backend: Option<String>,
}

impl Config<'_> {
    fn builder(&self, mark: KeyringMark) -> Result<KeyringBuilder> {
        let mut builder = fieldward::Keyring::builder(self.keyring_id.as_str()).store(store_of(&self.store, mark)?);
        for (name, provider) in &self.providers {
            let Ok(name) = name.extract::<String>() else {
                return fail(ErrorCode::InvalidArgument, "providers: a dict by name");
            };
            builder = builder.provider(name, provider_of(&provider, mark)?);
        }
        if let Some(pin) = &self.pin {
            builder = builder.pin(pin_of(pin)?);
        }
        if let Some(reason) = &self.no_pin {
            builder = builder.no_pin(reason);
        }
        if let Some(clock) = &self.clock {
            builder = builder.clock(clock.get().inner.clone());
        }
        for sink in &self.audit {
            builder = builder.audit(sink_of(sink, mark)?);
        }
        if let Some(age) = self.refresh_after {
            builder = builder.refresh_after(age);
        }
        if let Some(age) = self.max_staleness {
            builder = builder.max_staleness(age);
        }
        if let Some(timeout) = self.store_timeout {
            builder = builder.store_timeout(timeout);
        }
        if let Some(window) = self.rollback_window {
            builder = builder.rollback_window(window);
        }
        if let Some(keys) = self.cache_capacity {
            builder = builder.cache_capacity(keys);
        }
        if let Some(identity) = &self.accept_identity {
            let identity = <[u8; 32]>::try_from(identity.as_slice());
            builder = builder.accept_identity(identity.map_err(|_| Error::new(ErrorCode::InvalidKeyLength))?);
        }
        if let Some(name) = &self.backend {
            builder = builder.backend(name.parse()?);
        }
        Ok(builder.around_waits(move |_, wait| mark.wait(wait)))
    }
}

/// What a configuration holds; what is of another type is named by its member alone.
fn read<'py>(config: &Bound<'py, PyAny>) -> Result<Config<'py>> {
    config.extract().map_err(|error: PyErr| {
        let message = error.value(config.py()).to_string();
        let member = message.rsplit_once("Config.").map_or("a KeyringConfig", |(_, member)| member.trim());
        Error::with_detail(ErrorCode::InvalidArgument, member)
    })
}

/// Runs the end of a builder with the lock released.
fn begun(
    config: &Bound<'_, PyAny>,
    begin: impl FnOnce(KeyringBuilder) -> Result<fieldward::Keyring> + Send,
) -> PyResult<Keyring> {
    let mark = KeyringMark::new();
    let read = read(config).map_err(to_py)?;
    let builder = read.builder(mark).map_err(to_py)?;
    let keyring = release(config.py(), || begin(builder)).map_err(to_py)?;
    let handles = Arc::new(Handles::default());
    Ok(Keyring { inner: handles.give(keyring), handles, mark, config: config.clone().unbind(), is_plain: true })
}

/// Makes a new keyring: what `KeyringConfig.create` calls.
#[pyfunction]
pub(crate) fn create(config: &Bound<'_, PyAny>) -> PyResult<Keyring> {
    begun(config, KeyringBuilder::create)
}

/// Opens the keyring that the store holds: what `KeyringConfig.open` calls.
#[pyfunction]
pub(crate) fn open(config: &Bound<'_, PyAny>) -> PyResult<Keyring> {
    begun(config, KeyringBuilder::open)
}

/// Opens an exported document: what `KeyringConfig.recover` calls.
#[pyfunction]
pub(crate) fn recover(config: &Bound<'_, PyAny>, export: &[u8]) -> PyResult<Keyring> {
    let export = export.to_vec();
    begun(config, move |builder| builder.recover(&export))
}

/// The back ends that this build has: a `dict` of names, each with the version of the code behind it.
///
///     >>> list(fw.backends())
///     ['portable', 'aws-lc']
#[pyfunction]
pub(crate) fn backends(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let found = PyDict::new(py);
    for backend in Backend::ALL {
        if let Some(version) = backend.version() {
            found.set_item(backend.as_str(), version)?;
        }
    }
    Ok(found)
}

/// Reads the header of a stored value (`bytes`, a buffer or `str`) without a key: a `dict` of `suite` (an `int`), `key_id` (eight hexadecimal
/// digits), `plaintext_len` (bytes of the encoded value, padding included) and `is_text`. It verifies nothing. Errors: `not_an_envelope` and others of
/// the kind `envelope`.
///
///     >>> fw.inspect(ssn.encrypt("999-41-1234", record_id="p-7"))["plaintext_len"]
///     12
#[pyfunction]
pub(crate) fn inspect<'py>(stored: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    let bytes = match stored.extract::<String>() {
        Ok(text) => text.into_bytes(),
        Err(_) => crate::value::bytes_of(stored).ok_or_else(|| to_py(ErrorCode::NotAnEnvelope.into()))?,
    };
    let found = fieldward::inspect(&bytes).map_err(to_py)?;
    let header = PyDict::new(stored.py());
    header.set_item("suite", found.header.suite.id())?;
    header.set_item("key_id", found.header.key_id.to_string())?;
    header.set_item("plaintext_len", found.plaintext_len)?;
    header.set_item("is_text", found.is_text)?;
    Ok(header)
}

/// The versioned keys of one tenant or application, open. Any thread may use it; a forked child too.
///
/// Made by `KeyringConfig.create` and `KeyringConfig.open`. Closing it wipes its keys and closes every handle that it gave out. It pickles as its
/// configuration, never as a key: who unpickles it opens the keyring anew. A call from inside its own provider, store or sink is
/// `invalid_argument`, since it would wait for itself.
///
///     >>> with config.open() as again:
///     ...     again.field(schema, "ssn").decrypt(stored, record_id="p-7")
///     '999-41-1234'
#[pyclass(frozen, module = "fieldward", weakref)]
pub(crate) struct Keyring {
    inner: Arc<Handle<fieldward::Keyring>>,
    pub(crate) handles: Arc<Handles>,
    pub(crate) mark: KeyringMark,
    config: Py<PyAny>,
    /// Without rights or duties of its own, such as `allow` and `reading_as` give.
    is_plain: bool,
}

impl Keyring {
    pub(crate) fn inner(&self) -> Result<Held<fieldward::Keyring>> {
        self.inner.get()
    }

    /// A call that may wait, or call providers, stores and sinks: with the lock released.
    pub(crate) fn run<T: Send>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(&fieldward::Keyring) -> Result<T> + Send,
    ) -> PyResult<T> {
        self.mark.check().map_err(to_py)?;
        let keyring = self.inner.get().and_then(|held| held.part().cloned()).map_err(to_py)?;
        release(py, || call(&keyring)).map_err(to_py)
    }

    /// The same keyring with what `change` gives it.
    fn changed(
        &self,
        py: Python<'_>,
        change: impl FnOnce(&fieldward::Keyring) -> Result<fieldward::Keyring> + Send,
    ) -> PyResult<Self> {
        let keyring = self.run(py, change)?;
        Ok(Self {
            inner: self.handles.give(keyring),
            handles: Arc::clone(&self.handles),
            mark: self.mark,
            config: self.config.clone_ref(py),
            is_plain: false,
        })
    }
}

#[pymethods]
impl Keyring {
    /// The keyring's id, a `str`.
    #[getter]
    fn id(&self) -> PyResult<String> {
        self.inner.get().and_then(|held| Ok(held.part()?.id().to_owned())).map_err(to_py)
    }

    /// The back end that encrypts and decrypts its values: `portable`, `aws-lc` or `aws-lc-fips`. `KeyringConfig` chooses it.
    #[getter]
    fn backend(&self) -> PyResult<&'static str> {
        self.inner.get().and_then(|held| Ok(held.part()?.backend().as_str())).map_err(to_py)
    }

    /// A `Field`: the handle for one field of a schema, by id, name or alias, of one tenant where there are tenants. Make it once and keep it.
    ///
    /// Errors: `unknown_field`, `invalid_name` for a tenant outside its alphabet, `closed`.
    ///
    ///     >>> keyring.field(schema, "ssn")
    ///     Field(ssn)
    #[pyo3(signature = (schema, field, /, *, tenant = None))]
    fn field(slf: &Bound<'_, Self>, schema: &Bound<'_, Schema>, field: Name, tenant: Option<Name>) -> PyResult<Field> {
        Field::new(slf, schema, field.into_string(), tenant.map(Name::into_string)).map_err(to_py)
    }

    /// A `Records`: the handle for whole records of a schema, of one tenant where there are tenants. Make it once and keep it.
    ///
    ///     >>> keyring.records(schema)
    ///     Records(patients)
    #[pyo3(signature = (schema, /, *, tenant = None))]
    fn records(slf: &Bound<'_, Self>, schema: &Bound<'_, Schema>, tenant: Option<Name>) -> PyResult<Records> {
        Records::new(slf, schema, tenant.map(Name::into_string)).map_err(to_py)
    }

    /// The keyring with a right: it also decrypts under `suspended` or `compromised` keys, for re-encryption. What it gives is marked untrusted.
    ///
    /// Errors: `invalid_argument` for another state, `reason_required` for an empty reason.
    ///
    ///     >>> keyring.allow("suspended", "moving rows off version 1")
    ///     Keyring(clinic)
    fn allow(&self, py: Python<'_>, state: Name, reason: Name) -> PyResult<Self> {
        let state = KeyState::ALL.into_iter().find(|known| known.as_str() == &*state);
        let state = state.ok_or_else(|| to_py(Error::with_detail(ErrorCode::InvalidArgument, "state")))?;
        self.changed(py, |keyring| keyring.allow(state, &reason))
    }

    /// The keyring with a duty: its decryptions are logged, with actor and reason.
    ///
    ///     >>> keyring.reading_as("ana", "care")
    ///     Keyring(clinic)
    fn reading_as(&self, py: Python<'_>, actor: Name, reason: Name) -> PyResult<Self> {
        self.changed(py, |keyring| keyring.reading_as(&actor, &reason))
    }

    /// Wipes the keys and closes every handle that the keyring gave out: they raise the code `closed` from then on. Calls under way end first.
    /// Closing again does nothing.
    fn close(&self, py: Python<'_>) {
        release(py, || self.handles.close());
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) {
        self.close(py);
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Py<PyAny>,))> {
        if !self.is_plain {
            return Err(to_py(Error::with_detail(
                ErrorCode::InvalidArgument,
                "a handle of allow or reading_as is not pickled: pickle the keyring",
            )));
        }
        Ok((py.import("fieldward._pickle")?.getattr("keyring")?, (self.config.clone_ref(py),)))
    }

    fn __repr__(&self) -> String {
        match self.id() {
            Ok(id) => format!("Keyring({id})"),
            Err(_) => "Keyring(closed)".to_owned(),
        }
    }
}
