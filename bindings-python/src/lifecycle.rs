//! The life of keys: rotation, states, destruction, providers, exports, reports.

use std::time::Duration;

use fieldward::{Destroy, Error, ErrorCode, KeyId, RotateOptions};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::error::{from_py, to_py};
use crate::json::report;
use crate::keyring::Keyring;
use crate::name::Name;
use crate::provider::provider_of;
use crate::value::bytes_of;

#[pymethods]
impl Keyring {
    /// Publishes a new version that takes over after a delay; returns its number, an `int`.
    ///
    /// `after` is a `timedelta`, 24 hours unless given, so that every process knows the key before it encrypts. `activate_immediately` takes over at
    /// once. Errors: `propagation_too_short`, `keyring_full`, and the kinds `provider` and `store`.
    ///
    ///     >>> keyring.rotate(activate_immediately=True)
    ///     2
    #[pyo3(signature = (*, after = None, activate_immediately = false))]
    fn rotate(&self, py: Python<'_>, after: Option<Duration>, activate_immediately: bool) -> PyResult<u32> {
        let options = match (after, activate_immediately) {
            (None, true) => RotateOptions::activate_immediately(),
            (Some(delay), false) => RotateOptions::after(delay),
            (None, false) => RotateOptions::default(),
            (Some(_), true) => return Err(to_py(Error::with_detail(ErrorCode::InvalidArgument, "after"))),
        };
        self.run(py, |keyring| keyring.rotate(options))
    }

    /// Goes back to the version that was current before, inside the rollback window; returns its number. Errors: `rollback_window_closed`.
    fn rollback(&self, py: Python<'_>) -> PyResult<u32> {
        self.run(py, fieldward::Keyring::rollback)
    }

    /// Suspends a version: it neither encrypts nor decrypts until it is resumed. Errors: `version_unknown`, `transition_not_allowed` (the current one
    /// among them), `reason_required`.
    fn suspend(&self, py: Python<'_>, version: u32, reason: Name) -> PyResult<()> {
        self.run(py, |keyring| keyring.suspend(version, &reason))
    }

    /// Takes up a suspended version again. Errors: as `suspend`.
    fn resume(&self, py: Python<'_>, version: u32, reason: Name) -> PyResult<()> {
        self.run(py, |keyring| keyring.resume(version, &reason))
    }

    /// Marks a version compromised: it is read only through `allow("compromised", ...)`, for re-encryption. Errors: as `suspend`.
    fn mark_compromised(&self, py: Python<'_>, version: u32, reason: Name) -> PyResult<()> {
        self.run(py, |keyring| keyring.mark_compromised(version, &reason))
    }

    /// Marks the root compromised: every version is; a new epoch, version and index key begin. A `dict` of their numbers.
    ///
    /// `drop_providers` names entries that cannot be reached, which are left out: `epoch_incomplete` without it.
    #[pyo3(signature = (reason, *, drop_providers = Vec::new()))]
    fn mark_root_compromised<'py>(
        &self,
        py: Python<'py>,
        reason: Name,
        drop_providers: Vec<Name>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let dropped: Vec<&str> = drop_providers.iter().map(|name| &**name).collect();
        let replaced = self.run(py, |keyring| keyring.mark_root_compromised(&reason, &dropped))?;
        let numbers = PyDict::new(py);
        numbers.set_item("epoch", replaced.epoch)?;
        numbers.set_item("version", replaced.version)?;
        numbers.set_item("index_key", replaced.index_key)?;
        Ok(numbers)
    }

    /// Starts a new root epoch; returns its number, an `int`. Errors: `epoch_incomplete`.
    #[pyo3(signature = (*, drop_providers = Vec::new()))]
    fn start_epoch(&self, py: Python<'_>, drop_providers: Vec<Name>) -> PyResult<u32> {
        let dropped: Vec<&str> = drop_providers.iter().map(|name| &**name).collect();
        self.run(py, |keyring| keyring.start_epoch(&dropped))
    }

    /// Adds an index key, for a re-index; returns its number, an `int`. Errors: `keyring_full`.
    fn add_index_key(&self, py: Python<'_>) -> PyResult<u32> {
        self.run(py, fieldward::Keyring::add_index_key)
    }

    /// Destroys a version, confirmed by its key id (eight hexadecimal digits), or an index key. What it encrypted can never be read again.
    ///
    /// Say what becomes of earlier exports: `waive_exports` is a reason, `keep_export` a callable that takes the new document. A `dict` that says how
    /// far it reached. Errors: `confirmation_required`, `version_unknown`, `transition_not_allowed`, `reason_required`.
    #[pyo3(signature = (*, reason, version = None, key_id = None, index_key = None, waive_exports = None, keep_export = None,
        drop_providers = Vec::new()))]
    #[allow(clippy::too_many_arguments, reason = "keywords of one call in Python")]
    fn destroy<'py>(
        &self,
        py: Python<'py>,
        reason: Name,
        version: Option<u32>,
        key_id: Option<Name>,
        index_key: Option<u32>,
        waive_exports: Option<Name>,
        keep_export: Option<Py<PyAny>>,
        drop_providers: Vec<Name>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mark = self.mark;
        let reached = self.run(py, |keyring| {
            let mut request = match (version, &key_id, index_key) {
                (Some(version), Some(key_id), None) => Destroy::version(version, key_id.parse::<KeyId>()?, &*reason),
                (None, None, Some(number)) => Destroy::index_key(number, &*reason),
                _ => return Err(Error::with_detail(ErrorCode::InvalidArgument, "version and key_id, or index_key")),
            };
            if let Some(reason) = &waive_exports {
                request = request.waive_exports(&**reason);
            }
            if let Some(keep) = keep_export {
                request = request.replace_exports(move |export| {
                    let kept = mark.call(|py| match keep.bind(py).call1((PyBytes::new(py, export),)) {
                        Ok(_) => Ok(()),
                        Err(raised) => Err(from_py(py, raised, ErrorCode::StoreDenied, ErrorCode::StoreUnavailable)),
                    });
                    kept.unwrap_or_else(|| Err(ErrorCode::StoreUnavailable.into()))
                });
            }
            for name in drop_providers {
                request = request.drop_provider(&*name);
            }
            keyring.destroy(request)
        })?;
        let said = report(py, &reached)?;
        let export_error = match &reached.export_error {
            Some(error) => Some(crate::error::exception(py, error)?.into_value(py)),
            None => None,
        };
        said.set_item("export_error", export_error)?;
        Ok(said)
    }

    /// Adds a provider that can open the keyring from now on. Errors: `keyring_exists` where the name is taken, `invalid_name`, the kind `provider`.
    fn add_provider(&self, py: Python<'_>, name: Name, provider: &Bound<'_, PyAny>) -> PyResult<()> {
        let provider = provider_of(provider, self.mark).map_err(to_py)?;
        self.run(py, |keyring| keyring.add_provider(&name, provider))
    }

    /// Puts a provider in the place of the one of this name.
    fn replace_provider(&self, py: Python<'_>, name: Name, provider: &Bound<'_, PyAny>) -> PyResult<()> {
        let provider = provider_of(provider, self.mark).map_err(to_py)?;
        self.run(py, |keyring| keyring.replace_provider(&name, provider))
    }

    /// Removes a provider's entry. Older copies of the document still open with it until a new epoch.
    fn remove_provider(&self, py: Python<'_>, name: Name) -> PyResult<()> {
        self.run(py, |keyring| keyring.remove_provider(&name))
    }

    /// Reads the store now; returns whether there was a newer document. Errors: the kind `store`, `keyring_rolled_back`, `keyring_foreign`.
    ///
    ///     >>> keyring.refresh()
    ///     False
    fn refresh(&self, py: Python<'_>) -> PyResult<bool> {
        self.run(py, fieldward::Keyring::refresh)
    }

    /// The document as it is now, `bytes` to be kept elsewhere: wrapped keys only. `KeyringConfig.recover` takes it.
    fn export<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let export = self.run(py, |keyring| Ok(keyring.export()))?;
        Ok(PyBytes::new(py, &export))
    }

    /// What pins compare and `accept_identity` takes: 32 `bytes`, not secret.
    #[getter]
    fn root_identity<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let identity = self.run(py, |keyring| Ok(keyring.root_identity()))?;
        Ok(PyBytes::new(py, &identity))
    }

    /// The key ids of stored values whose version is in no document, as eight hexadecimal digits each.
    ///
    ///     >>> keyring.unknown_key_ids([stored])
    ///     []
    fn unknown_key_ids(&self, py: Python<'_>, stored: Vec<Bound<'_, PyAny>>) -> PyResult<Vec<String>> {
        let envelopes: Vec<Vec<u8>> = stored.iter().filter_map(bytes_of).collect();
        let ids = self.run(py, |keyring| Ok(keyring.unknown_key_ids(envelopes.iter().map(Vec::as_slice))))?;
        Ok(ids.iter().map(ToString::to_string).collect())
    }

    /// Versions with their effective states, index keys and providers, as a `dict`. Holds no secret.
    ///
    ///     >>> [version["state"] for version in keyring.status()["versions"]]
    ///     ['active']
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        report(py, &self.run(py, fieldward::Keyring::status)?)
    }

    /// The counters of this process, as a `dict`.
    fn metrics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        report(py, &self.run(py, |keyring| Ok(keyring.metrics().snapshot()))?)
    }

    /// The counters of this process, in the text form that Prometheus reads.
    fn prometheus(&self, py: Python<'_>) -> PyResult<String> {
        self.run(py, |keyring| Ok(keyring.metrics().snapshot().to_prometheus()))
    }

    /// Verifies the lines of an audit log (`str`) against the keyring's audit keys and checkpoints: a `dict` of `is_intact`, `verified`,
    /// `unverifiable`, `unauthenticated`, `writers`, `problem_count` and `problems` (tuples of kind, line and writer).
    ///
    ///     >>> keyring.verify_audit([])["is_intact"]
    ///     True
    fn verify_audit<'py>(&self, py: Python<'py>, lines: Vec<Name>) -> PyResult<Bound<'py, PyDict>> {
        let found = self.run(py, |keyring| {
            let keys = keyring.audit_keys()?;
            fieldward::verify_audit(lines.iter().map(|line| &**line), &keys, &keyring.checkpoints())
        })?;
        let said = PyDict::new(py);
        said.set_item("is_intact", found.is_intact())?;
        said.set_item("verified", found.verified)?;
        said.set_item("unverifiable", found.unverifiable)?;
        said.set_item("unauthenticated", found.unauthenticated)?;
        said.set_item("writers", found.writers)?;
        said.set_item("problem_count", found.problem_count)?;
        let problems =
            found.problems.iter().map(|problem| (format!("{:?}", problem.kind), problem.line, problem.writer.clone()));
        said.set_item("problems", problems.collect::<Vec<_>>())?;
        Ok(said)
    }
}
