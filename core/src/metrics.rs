//! Counters that are always on and latencies that are sampled, for each field and operation.
//!
//! The hot path is a few relaxed atomic additions: no lock, no allocation, and a clock read on one call in 64. Labels name
//! tables and fields as the schema does; tenants, records and values never appear.

mod histogram;
mod prometheus;
mod provider;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::error::{ErrorCode, ErrorKind};

use histogram::{Histogram, OF_VALUES};
use provider::ProviderMetrics;

pub use histogram::HistogramSnapshot;
pub use provider::{MAX_PROVIDERS, ProviderOperation, ProviderSnapshot};

/// One call in this many is timed.
pub const SAMPLE_EVERY: u64 = 64;
/// Fields counted apart; further ones are counted together as `other`.
pub const MAX_FIELDS: usize = 4_096;

/// What a handle does with values.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Value to envelope.
    Encrypt,
    /// Envelope to value.
    Decrypt,
    /// Index values and tokens, for rows and for queries.
    Search,
    /// Envelope to envelope.
    Reencrypt,
}

impl Operation {
    /// Every operation.
    pub const ALL: &'static [Self] = &[Self::Encrypt, Self::Decrypt, Self::Search, Self::Reencrypt];

    /// The label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Encrypt => "encrypt",
            Self::Decrypt => "decrypt",
            Self::Search => "search",
            Self::Reencrypt => "reencrypt",
        }
    }
}

/// What happens to a keyring, counted.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyringCounter {
    /// Verified reads of the document.
    Refreshes,
    /// Reads that failed.
    RefreshFailures,
    /// Documents saved.
    Saves,
    /// Calls refused because the keyring was stale.
    StaleRefusals,
    /// Calls to a provider.
    ProviderCalls,
    /// Events that no audit sink took.
    AuditFailures,
}

const KEYRING_COUNTERS: [(KeyringCounter, &str); 6] = [
    (KeyringCounter::Refreshes, "refreshes"),
    (KeyringCounter::RefreshFailures, "refresh_failures"),
    (KeyringCounter::Saves, "saves"),
    (KeyringCounter::StaleRefusals, "stale_refusals"),
    (KeyringCounter::ProviderCalls, "provider_calls"),
    (KeyringCounter::AuditFailures, "audit_failures"),
];

/// The metrics of one keyring in this process.
#[derive(Default)]
pub struct Metrics {
    fields: Mutex<BTreeMap<(String, String), Arc<FieldMetrics>>>,
    keyring: [AtomicU64; KEYRING_COUNTERS.len()],
    providers: ProviderMetrics,
}

/// The counters of one field. A handle keeps one.
pub struct FieldMetrics {
    operations: [OperationMetrics; Operation::ALL.len()],
    untrusted: AtomicU64,
}

#[derive(Default)]
struct OperationMetrics {
    calls: AtomicU64,
    bytes: AtomicU64,
    failures: [AtomicU64; ErrorKind::ALL.len()],
    latency: Histogram<OF_VALUES>,
}

/// A call under way. Sampled calls know when they started.
#[derive(Debug)]
#[must_use]
pub(crate) struct Timer<'a> {
    metrics: Option<&'a OperationMetrics>,
    started: Option<Instant>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The counters of a field, made on first use.
    pub(crate) fn field(&self, table: &str, field: &str) -> Arc<FieldMetrics> {
        let mut fields = self.fields.lock().unwrap_or_else(PoisonError::into_inner);
        let mut name = (table.to_owned(), field.to_owned());
        if fields.len() >= MAX_FIELDS && !fields.contains_key(&name) {
            name = ("other".into(), "other".into());
        }
        Arc::clone(fields.entry(name).or_default())
    }

    pub(crate) fn count(&self, counter: KeyringCounter) {
        let at = KEYRING_COUNTERS.iter().position(|(other, _)| *other == counter);
        if let Some(counter) = at.and_then(|at| self.keyring.get(at)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a call of a provider, with the code of its failure.
    pub(crate) fn count_provider(
        &self,
        provider: &str,
        operation: ProviderOperation,
        latency: Duration,
        failure: Option<ErrorCode>,
    ) {
        self.count(KeyringCounter::ProviderCalls);
        self.providers.count(provider, operation, latency, failure);
    }

    /// All figures of this moment. Counters are read one after the other, not at one instant.
    #[must_use]
    pub fn snapshot(&self) -> MetricsSnapshot {
        let fields = self.fields.lock().unwrap_or_else(PoisonError::into_inner);
        let fields = fields.iter().map(|((table, field), metrics)| metrics.snapshot(table, field)).collect();
        let keyring = KEYRING_COUNTERS
            .iter()
            .zip(&self.keyring)
            .map(|((_, name), counter)| (*name, counter.load(Ordering::Relaxed)))
            .collect();
        MetricsSnapshot { fields, keyring, providers: self.providers.snapshot() }
    }
}

impl FieldMetrics {
    /// Counts a call; the result is counted by [`Timer::finish`].
    #[inline]
    pub(crate) fn start(&self, operation: Operation) -> Timer<'_> {
        let metrics = self.operation(operation);
        let call = metrics.map_or(1, |metrics| metrics.calls.fetch_add(1, Ordering::Relaxed));
        Timer { metrics, started: call.is_multiple_of(SAMPLE_EVERY).then(Instant::now) }
    }

    /// Counts a value that was read under a suspended or compromised key.
    pub(crate) fn count_untrusted(&self) {
        self.untrusted.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts the calls of a column beyond the first, which its timer counted.
    pub(crate) fn count_more(&self, operation: Operation, rows: usize) {
        if let Some(metrics) = self.operation(operation) {
            metrics.calls.fetch_add(u64::try_from(rows.saturating_sub(1)).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    fn operation(&self, operation: Operation) -> Option<&OperationMetrics> {
        let [encrypt, decrypt, search, reencrypt] = &self.operations;
        Some(match operation {
            Operation::Encrypt => encrypt,
            Operation::Decrypt => decrypt,
            Operation::Search => search,
            Operation::Reencrypt => reencrypt,
        })
    }

    fn snapshot(&self, table: &str, field: &str) -> FieldSnapshot {
        let operations = Operation::ALL.iter().zip(&self.operations).map(|(operation, metrics)| OperationSnapshot {
            operation: *operation,
            calls: metrics.calls.load(Ordering::Relaxed),
            bytes: metrics.bytes.load(Ordering::Relaxed),
            failures: ErrorKind::ALL
                .iter()
                .zip(&metrics.failures)
                .map(|(kind, count)| (kind.as_str(), count.load(Ordering::Relaxed)))
                .filter(|(_, count)| *count > 0)
                .collect(),
            latency: metrics.latency.snapshot(),
        });
        FieldSnapshot {
            table: table.to_owned(),
            field: field.to_owned(),
            operations: operations.filter(|operation| operation.calls > 0).collect(),
            untrusted: self.untrusted.load(Ordering::Relaxed),
        }
    }
}

impl Default for FieldMetrics {
    fn default() -> Self {
        Self { operations: Default::default(), untrusted: AtomicU64::new(0) }
    }
}

impl Timer<'_> {
    /// Counts the bytes of a success, or the kind of a failure, and the latency of a sampled call.
    #[inline]
    pub(crate) fn finish(self, result: Result<(), ErrorKind>, bytes: usize) {
        let Some(metrics) = self.metrics else { return };
        match result {
            Ok(()) => {
                metrics.bytes.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
            }
            Err(kind) => {
                let at = ErrorKind::ALL.iter().position(|other| *other == kind);
                if let Some(count) = at.and_then(|at| metrics.failures.get(at)) {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        if let Some(started) = self.started {
            metrics.latency.record(started.elapsed());
        }
    }
}

/// All figures of a keyring at one moment.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MetricsSnapshot {
    /// One entry for each field that a handle was made for, by table and field.
    pub fields: Vec<FieldSnapshot>,
    /// Counters of the keyring itself.
    pub keyring: BTreeMap<&'static str, u64>,
    /// One entry for each provider and operation that was called.
    pub providers: Vec<ProviderSnapshot>,
}

/// The figures of one field.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldSnapshot {
    /// Stable id of the table.
    pub table: String,
    /// Stable id of the field.
    pub field: String,
    /// Operations that were called.
    pub operations: Vec<OperationSnapshot>,
    /// Values read under a suspended or compromised key.
    pub untrusted: u64,
}

/// The figures of one operation of one field.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OperationSnapshot {
    /// Which.
    pub operation: Operation,
    /// Calls, failures included.
    pub calls: u64,
    /// Bytes of successful calls: of the value when encrypting, as stored otherwise.
    pub bytes: u64,
    /// Failures by kind.
    pub failures: BTreeMap<&'static str, u64>,
    /// Latency of the sampled calls.
    pub latency: HistogramSnapshot,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl fmt::Debug for FieldMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldMetrics").finish_non_exhaustive()
    }
}

impl fmt::Debug for OperationMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationMetrics").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
