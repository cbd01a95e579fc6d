//! Latencies in powers of two of nanoseconds, in fixed memory.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

const BUCKETS: usize = 24;
/// Values: the first bucket ends at 2^7 = 128 ns.
pub(super) const OF_VALUES: usize = 7;
/// Providers: the first bucket ends at 2^14 ns = 16 us, the one before the last at 69 s.
pub(super) const OF_PROVIDERS: usize = 14;

/// Bucket i holds latencies below 2^(i + FIRST) ns; the last holds the rest.
#[derive(Default)]
pub(super) struct Histogram<const FIRST: usize> {
    buckets: [AtomicU64; BUCKETS],
    sum: AtomicU64,
}

impl<const FIRST: usize> Histogram<FIRST> {
    pub(super) fn record(&self, latency: Duration) {
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        let bits = u64::BITS - nanoseconds.leading_zeros();
        let bits = usize::try_from(bits).unwrap_or(usize::MAX);
        let at = bits.saturating_sub(FIRST).min(BUCKETS - 1);
        if let Some(bucket) = self.buckets.get(at) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self) -> HistogramSnapshot {
        let counts: Vec<_> = self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect();
        let bounds = (0..BUCKETS - 1).map(|at| 1u64 << (at + FIRST));
        HistogramSnapshot {
            samples: counts.iter().sum(),
            sum_ns: self.sum.load(Ordering::Relaxed),
            buckets: bounds.map(Some).chain([None]).zip(counts).collect(),
        }
    }
}

/// The latencies of calls: of one in [`super::SAMPLE_EVERY`] for values, of every one for providers.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistogramSnapshot {
    /// Calls that were timed.
    pub samples: u64,
    /// The sum of their latencies in nanoseconds.
    pub sum_ns: u64,
    /// Upper bound in nanoseconds (exclusive, `None` for the last bucket) and number of samples.
    pub buckets: Vec<(Option<u64>, u64)>,
}

impl HistogramSnapshot {
    /// The upper bound, in nanoseconds, of the bucket that holds this share (0 to 1) of the samples. `None` without samples
    /// or in the last bucket.
    #[must_use]
    pub fn quantile_ns(&self, share: f64) -> Option<u64> {
        let mut below = 0;
        for (bound, count) in &self.buckets {
            below += count;
            #[allow(clippy::cast_precision_loss, reason = "counts of samples, a share needs no more than 53 bits")]
            if *count > 0 && below as f64 >= share * self.samples as f64 {
                return *bound;
            }
        }
        None
    }
}
