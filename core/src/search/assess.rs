//! What a column's equality would tell: cardinality and skew, measured before a field is made searchable.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use serde::Serialize;

use super::MIN_OUTPUT_BITS;
use crate::error::Result;
use crate::value::Value;

/// How many distinct values are counted one by one; further ones are only counted as such.
const MAX_TRACKED: usize = 1 << 20;

/// Measures a column of values, one at a time, in bounded memory. It keeps hashes under a key of its own, not values.
///
/// ```
/// use fieldward::{ColumnAssessor, Value, Verdict};
/// let mut assessor = ColumnAssessor::new();
/// for sex in ["female", "male"].into_iter().cycle().take(100) {
///     assessor.add(Some(&Value::from(sex)))?;
/// }
/// assert_eq!(assessor.finish().verdict, Verdict::FewValues);
/// # Ok::<(), fieldward::Error>(())
/// ```
pub struct ColumnAssessor {
    hasher: RandomState,
    counts: HashMap<u64, u64>,
    rows: u64,
    nulls: u64,
    untracked: u64,
}

/// What was measured. Holds no value.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Assessment {
    /// Rows seen, nulls included.
    pub rows: u64,
    /// Rows without a value.
    pub nulls: u64,
    /// Distinct values, exact up to 2^20, a lower bound past that.
    pub distinct: u64,
    /// Whether `distinct` is a lower bound.
    pub is_lower_bound: bool,
    /// The share of the most frequent value among the values, 0 to 1.
    pub largest_share: f64,
    /// Bits of min-entropy: minus log2 of `largest_share`. An attacker who knows the distribution guesses the most frequent
    /// value right with this many bits of luck.
    pub min_entropy_bits: f64,
    /// What it means.
    pub verdict: Verdict,
}

/// What an assessment means for deterministic encryption and `exact` indexes.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing to measure.
    Empty,
    /// Most values occur once, no value stands out.
    Suitable,
    /// One value is so frequent that its ciphertext is recognised by counting.
    Skewed,
    /// So few values that their frequencies name them.
    FewValues,
}

impl ColumnAssessor {
    /// An empty measurement.
    #[must_use]
    pub fn new() -> Self {
        Self { hasher: RandomState::new(), counts: HashMap::new(), rows: 0, nulls: 0, untracked: 0 }
    }

    /// Counts one row.
    ///
    /// # Errors
    ///
    /// `WrongType` for JSON, which has no equality.
    pub fn add(&mut self, value: Option<&Value>) -> Result<()> {
        self.rows += 1;
        let Some(value) = value else {
            self.nulls += 1;
            return Ok(());
        };
        let hash = self.hasher.hash_one(value.search_bytes()?.as_slice());
        if self.counts.len() < MAX_TRACKED || self.counts.contains_key(&hash) {
            *self.counts.entry(hash).or_insert(0) += 1;
        } else {
            self.untracked += 1;
        }
        Ok(())
    }

    /// The assessment of the rows so far.
    #[must_use]
    pub fn finish(&self) -> Assessment {
        let values = self.rows - self.nulls;
        let distinct = u64::try_from(self.counts.len()).unwrap_or(u64::MAX);
        let largest = self.counts.values().copied().max().unwrap_or(0);
        let share = if values == 0 { 0.0 } else { ratio(largest, values) };
        let verdict = match () {
            () if values == 0 => Verdict::Empty,
            // Few values for their number of rows: fewer than 2^20, and repeated ten times on average.
            () if distinct < 1 << MIN_OUTPUT_BITS && distinct.saturating_mul(10) < values.max(20) => Verdict::FewValues,
            () if values >= 100 && share > 0.01 => Verdict::Skewed,
            () => Verdict::Suitable,
        };
        Assessment {
            rows: self.rows,
            nulls: self.nulls,
            distinct,
            is_lower_bound: self.untracked > 0,
            largest_share: share,
            min_entropy_bits: if share > 0.0 { -share.log2() } else { 0.0 },
            verdict,
        }
    }
}

/// Both are counts of rows: exact below 2^53.
#[allow(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

impl Default for ColumnAssessor {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ColumnAssessor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ColumnAssessor").field("rows", &self.rows).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn assess(values: impl IntoIterator<Item = Option<i64>>) -> Assessment {
        let mut assessor = ColumnAssessor::new();
        for value in values {
            assessor.add(value.map(Value::I64).as_ref()).unwrap();
        }
        assessor.finish()
    }

    #[test]
    fn verdicts() {
        assert_eq!(assess([None]).verdict, Verdict::Empty);
        assert_eq!(assess((0..1_000).map(Some)).verdict, Verdict::Suitable);
        assert_eq!(assess((0..1_000).map(|n| Some(n % 7))).verdict, Verdict::FewValues);
        assert_eq!(assess((0..1_000).map(|n| Some(if n < 50 { 0 } else { n }))).verdict, Verdict::Skewed);
    }

    #[test]
    fn figures() {
        let found = assess([Some(1), Some(1), Some(2), None]);
        assert_eq!((found.rows, found.nulls, found.distinct), (4, 1, 2));
        assert!((found.largest_share - 2.0 / 3.0).abs() < 1e-12);
        assert!((found.min_entropy_bits - 0.584_962_5).abs() < 1e-6);
    }
}
