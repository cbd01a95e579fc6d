//! Latencies in powers of two of nanoseconds, in fixed memory.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

/// Bucket i holds latencies below 2^(i + FIRST) ns; the last holds the rest.
const BUCKETS: usize = 24;
/// The first bucket ends at 2^7 = 128 ns.
const FIRST: u32 = 7;

#[derive(Default)]
pub(super) struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    sum: AtomicU64,
}

impl Histogram {
    pub(super) fn record(&self, latency: Duration) {
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        let bits = u64::BITS - nanoseconds.leading_zeros();
        let at = usize::try_from(bits.saturating_sub(FIRST)).unwrap_or(usize::MAX).min(BUCKETS - 1);
        if let Some(bucket) = self.buckets.get(at) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self) -> HistogramSnapshot {
        let counts: Vec<_> = self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect();
        let bounds = (0..BUCKETS - 1).map(|at| 1u64 << (at + FIRST as usize));
        HistogramSnapshot {
            samples: counts.iter().sum(),
            sum_ns: self.sum.load(Ordering::Relaxed),
            buckets: bounds.map(Some).chain([None]).zip(counts).collect(),
        }
    }
}

/// The latencies of sampled calls.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistogramSnapshot {
    /// Sampled calls: one in [`super::SAMPLE_EVERY`].
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
