//! What a keyring is connected to: clock, store, pin, providers, audit, metrics.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use super::DerivedCache;
use crate::audit::{AuditEvent, AuditWriter};
use crate::clock::{Clock, UnixSeconds};
use crate::error::{Error, ErrorCode, Result};
use crate::metrics::{KeyringCounter, Metrics};
use crate::provider::KeyProvider;
use crate::secret::SecretKey;
use crate::store::{GenerationPin, KeyStore};
use crate::suite::Backend;

/// A provider under the name that the caller gave it.
#[derive(Clone, Debug)]
pub(super) struct NamedProvider {
    pub(super) name: String,
    pub(super) provider: Arc<dyn KeyProvider>,
}

/// What a use of a key may wait for.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A read of the store on the helper thread, which may ask a provider.
    Read,
    /// The audit log, on this thread.
    Audit,
}

/// What a host does around a wait.
type Hook = dyn Fn(Wait, &mut (dyn FnMut() + Send)) + Send + Sync;

/// Runs waits inside the host's hook, where there is one.
#[derive(Clone, Default)]
pub(super) struct Waits(Option<Arc<Hook>>);

impl Waits {
    pub(super) fn inside(hook: impl Fn(Wait, &mut (dyn FnMut() + Send)) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hook)))
    }

    /// What `wait` gives; `None` if the hook did not run it.
    pub(super) fn run<T: Send>(&self, what: Wait, wait: impl FnOnce() -> T + Send) -> Option<T> {
        let Some(hook) = &self.0 else { return Some(wait()) };
        let (mut wait, mut result) = (Some(wait), None);
        hook(what, &mut || {
            if let Some(wait) = wait.take() {
                result = Some(wait());
            }
        });
        result
    }
}

impl fmt::Debug for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waits").finish_non_exhaustive()
    }
}

pub(super) struct Environment {
    pub(super) id: String,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) store: Arc<dyn KeyStore>,
    pub(super) pin: Option<Arc<dyn GenerationPin>>,
    /// In the caller's order.
    pub(super) providers: Mutex<Vec<NamedProvider>>,
    pub(super) writer: AuditWriter,
    /// The root epoch and its audit key, once a root is open.
    pub(super) audit_key: ArcSwapOption<(u32, SecretKey)>,
    pub(super) metrics: Metrics,
    pub(super) cache: DerivedCache,
    /// Seconds.
    pub(super) refresh_after: i64,
    /// Seconds; the document's bound holds where it is shorter.
    pub(super) max_staleness: Option<i64>,
    pub(super) store_timeout: Duration,
    pub(super) waits: Waits,
    pub(super) backend: Backend,
}

impl Environment {
    /// Logs an event: chained once a root is open, marked unauthenticated before. A sink that fails is counted: what has
    /// happened has happened.
    pub(super) fn audit(&self, event: &AuditEvent) {
        let key = self.audit_key.load();
        let key = key.as_deref().map(|(epoch, key)| (*epoch, key));
        if self.writer.is_idle() {
            return;
        }
        let recorded = self.waits.run(Wait::Audit, || self.writer.record(key, event));
        if !matches!(recorded, Some(Ok(()))) {
            self.metrics.count(KeyringCounter::AuditFailures);
        }
    }

    pub(super) fn providers(&self) -> Vec<NamedProvider> {
        self.providers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts a provider in the place of the one of its name, or after the others.
    pub(super) fn set_provider(&self, provider: NamedProvider) {
        let mut providers = self.providers.lock().unwrap_or_else(PoisonError::into_inner);
        match providers.iter_mut().find(|other| other.name == provider.name) {
            Some(other) => *other = provider,
            None => providers.push(provider),
        }
    }

    /// Now, if the clock is within the years that documents can hold.
    pub(super) fn check_clock(&self) -> Result<UnixSeconds> {
        let now = self.clock.now();
        // 9999-12-31T23:59:59Z
        match (0..=253_402_300_799).contains(&now) {
            true => Ok(now),
            false => Err(Error::new(ErrorCode::ClockInvalid)),
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").field("id", &self.id).finish_non_exhaustive()
    }
}
