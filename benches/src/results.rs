//! What a bench leaves for `report.py`: `target/bench/<bench>.json`, in the form that `README.md` describes.

use std::fs;
use std::path::PathBuf;

use serde_json::{Map, Value as Json, json};

/// A median and its quartiles.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// Half of the values are at or below it.
    pub median: f64,
    /// A quarter is at or below it.
    pub low: f64,
    /// Three quarters are at or below it.
    pub high: f64,
}

impl Spread {
    /// The spread of values; `None` without any.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        let at = |quarter: usize| sorted.get(last * quarter / 4).copied();
        Some(Self { median: at(2)?, low: at(1)?, high: at(3)? })
    }

    fn to_json(self) -> Json {
        json!({"median": self.median, "low": self.low, "high": self.high})
    }
}

/// The results of one bench.
#[derive(Debug)]
pub struct Results {
    bench: String,
    figures: Map<String, Json>,
    rows: Map<String, Json>,
}

impl Results {
    /// No results yet, of the bench of this name.
    #[must_use]
    pub fn new(bench: &str) -> Self {
        Self { bench: bench.to_owned(), figures: Map::new(), rows: Map::new() }
    }

    /// A figure in its unit: `ns` for each value, unless it says otherwise.
    pub fn figure(&mut self, name: &str, unit: &str, spread: Spread) {
        let mut figure = spread.to_json();
        figure["unit"] = unit.into();
        self.figures.insert(name.to_owned(), figure);
    }

    /// A row of the table of goals: the library's time divided by the peer's.
    pub fn ratio(&mut self, row: &str, ratio: Spread) {
        self.rows.insert(row.to_owned(), json!({"time_ratio": ratio.to_json()}));
    }

    /// A row of the table of goals that is counted, not timed.
    pub fn count(&mut self, row: &str, count: u64) {
        self.rows.insert(row.to_owned(), json!({"count": count}));
    }

    /// Writes the file.
    ///
    /// # Panics
    ///
    /// If it cannot be written: without it there is no report.
    #[allow(clippy::expect_used, reason = "a bench that cannot tell its result has failed")]
    pub fn write(&self) {
        let directory = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/bench"));
        let text = json!({"bench": self.bench, "figures": self.figures, "rows": self.rows});
        fs::create_dir_all(&directory).expect("target/bench");
        fs::write(directory.join(format!("{}.json", self.bench)), format!("{text:#}\n")).expect("target/bench");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_the_quartiles() {
        let spread = Spread::of([5.0, 1.0, 4.0, 2.0, 3.0]).unwrap();
        assert_eq!((spread.low, spread.median, spread.high), (2.0, 3.0, 4.0));
        let spread = Spread::of([7.0]).unwrap();
        assert_eq!((spread.low, spread.median, spread.high), (7.0, 7.0, 7.0));
        assert!(Spread::of([]).is_none());
    }
}
