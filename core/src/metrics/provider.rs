//! Calls of providers: few and slow, so each one is timed and counted under a lock.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::histogram::{Histogram, HistogramSnapshot, OF_PROVIDERS};
use crate::error::ErrorCode;

/// Providers counted apart; further ones are counted together as `other`.
pub const MAX_PROVIDERS: usize = 64;

/// What a provider is called for.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderOperation {
    /// A root is wrapped.
    Wrap,
    /// A root is opened.
    Unwrap,
    /// Random bytes are asked for.
    Generate,
    /// A key is made for an epoch.
    MakeKey,
    /// A key is destroyed.
    DestroyKey,
}

impl ProviderOperation {
    /// The label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wrap => "wrap",
            Self::Unwrap => "unwrap",
            Self::Generate => "generate",
            Self::MakeKey => "make_key",
            Self::DestroyKey => "destroy_key",
        }
    }
}

#[derive(Default)]
pub(super) struct ProviderMetrics(Mutex<BTreeMap<String, BTreeMap<ProviderOperation, Calls>>>);

#[derive(Default)]
struct Calls {
    calls: u64,
    failures: BTreeMap<&'static str, u64>,
    latency: Histogram<OF_PROVIDERS>,
}

impl ProviderMetrics {
    pub(super) fn count(
        &self,
        provider: &str,
        operation: ProviderOperation,
        latency: Duration,
        failure: Option<ErrorCode>,
    ) {
        let mut providers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = providers.len() < MAX_PROVIDERS || providers.contains_key(provider);
        let provider = if has_room { provider } else { "other" };
        let calls = providers.entry(provider.to_owned()).or_default().entry(operation).or_default();
        calls.calls += 1;
        calls.latency.record(latency);
        if let Some(code) = failure {
            *calls.failures.entry(code.as_str()).or_default() += 1;
        }
    }

    pub(super) fn snapshot(&self) -> Vec<ProviderSnapshot> {
        let providers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_each = providers.iter().flat_map(|(provider, operations)| {
            operations.iter().map(move |(operation, calls)| ProviderSnapshot {
                provider: provider.clone(),
                operation: *operation,
                calls: calls.calls,
                failures: calls.failures.clone(),
                latency: calls.latency.snapshot(),
            })
        });
        of_each.collect()
    }
}

/// The figures of one operation of one provider.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProviderSnapshot {
    /// The name that the caller gave the provider.
    pub provider: String,
    /// Which operation.
    pub operation: ProviderOperation,
    /// Calls, failures included.
    pub calls: u64,
    /// Failures by the error's code.
    pub failures: BTreeMap<&'static str, u64>,
    /// Latency of every call.
    pub latency: HistogramSnapshot,
}
