//! Timing, alone or against a peer, by criterion's samples.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::Criterion;

use crate::results::{Results, Spread};

/// How much one turn does: calls that are timed together, and values that each call works on.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// Calls in a turn: enough that reading the clock does not count.
    pub calls: u32,
    /// Values of one call.
    pub values: u32,
}

impl Turn {
    /// Single values: 200 calls a turn.
    pub const VALUES: Self = Self { calls: 200, values: 1 };

    /// One call for a column of so many rows.
    ///
    /// # Panics
    ///
    /// Past 2^32 rows.
    #[must_use]
    #[allow(clippy::expect_used, reason = "no bench is that long")]
    pub fn column(rows: usize) -> Self {
        Self { calls: 1, values: u32::try_from(rows).expect("fewer rows") }
    }

    fn time<T>(self, call: &mut impl FnMut() -> T) -> Duration {
        let start = Instant::now();
        for _ in 0..self.calls {
            black_box(call());
        }
        start.elapsed()
    }

    /// Nanoseconds for each value.
    fn per_value(self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e9 / (f64::from(self.calls) * f64::from(self.values))
    }
}

/// The benches of one noun.
#[allow(missing_debug_implementations, reason = "criterion has none")]
pub struct Bench {
    criterion: Criterion,
    noun: String,
    /// What they found.
    pub results: Results,
}

impl Bench {
    /// Benches of a noun, with criterion's arguments from the command line.
    #[must_use]
    pub fn new(noun: &str) -> Self {
        Self {
            criterion: Criterion::default().configure_from_args(),
            noun: noun.to_owned(),
            results: Results::new(noun),
        }
    }

    /// A figure without a peer.
    pub fn alone<T>(&mut self, name: &str, turn: Turn, mut own: impl FnMut() -> T) {
        let mut turns = Vec::new();
        self.criterion.bench_function(&format!("{}/{name}", self.noun), |bencher| {
            bencher.iter_custom(|count| {
                let start = turns.len();
                turns.extend((0..count).map(|_| turn.time(&mut own)));
                turns[start..].iter().sum()
            });
        });
        if let Some(spread) = Spread::of(turns.into_iter().map(|time| turn.per_value(time))) {
            self.results.figure(name, "ns", spread);
        }
    }

    /// A row of the table of goals: turns of the library and of its peer one after the other, so that both meet the same
    /// machine. Each pair of turns gives one ratio: a turn that was interrupted spoils its own pair and no other. What criterion
    /// itself prints is the time of both together.
    pub fn pair<T, U>(
        &mut self,
        row: &str,
        peer_name: &str,
        turn: Turn,
        mut own: impl FnMut() -> T,
        mut peer: impl FnMut() -> U,
    ) {
        let mut turns = Vec::new();
        self.criterion.bench_function(&format!("{}/{row} beside {peer_name}", self.noun), |bencher| {
            bencher.iter_custom(|count| {
                let start = turns.len();
                turns.extend((0..count).map(|_| (turn.time(&mut own), turn.time(&mut peer))));
                turns[start..].iter().map(|(ours, theirs)| *ours + *theirs).sum()
            });
        });
        let per_value = turns.iter().map(|(ours, theirs)| (turn.per_value(*ours), turn.per_value(*theirs)));
        let pairs: Vec<(f64, f64)> = per_value.collect();
        let of = |value: fn(&(f64, f64)) -> f64| Spread::of(pairs.iter().map(value));
        if let (Some(ours), Some(theirs), Some(ratio)) =
            (of(|pair| pair.0), of(|pair| pair.1), of(|pair| pair.0 / pair.1))
        {
            self.results.figure(&format!("{row}: fieldward"), "ns", ours);
            self.results.figure(&format!("{row}: {peer_name}"), "ns", theirs);
            self.results.ratio(row, ratio);
        }
    }

    /// Writes the results.
    pub fn finish(self) {
        self.criterion.final_summary();
        self.results.write();
    }
}
