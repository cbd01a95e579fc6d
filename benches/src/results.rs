//! What a bench leaves for `report.py`: `target/bench/<bench>.json`, in the form that `README.md` describes.

use std::fs;
use std::path::PathBuf;

use serde_json::{Map, Value as Json, json};

/// A median and its quartiles.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// Half of the weight is at or below it.
    pub median: f64,
    /// A quarter is at or below it.
    pub low: f64,
    /// Three quarters are at or below it.
    pub high: f64,
}

impl Spread {
    /// The spread of values with weights: long samples count for more than short ones. `None` without any.
    #[must_use]
    pub fn of(mut weighted: Vec<(f64, f64)>) -> Option<Self> {
        weighted.sort_by(|one, other| one.0.total_cmp(&other.0));
        let all: f64 = weighted.iter().map(|(_, weight)| weight).sum();
        let at = |part: f64| {
            let mut seen = 0.0;
            let found = weighted.iter().find(|(_, weight)| {
                seen += weight;
                seen >= part * all
            });
            found.or(weighted.last()).map(|(value, _)| *value)
        };
        Some(Self { median: at(0.5)?, low: at(0.25)?, high: at(0.75)? })
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
    fn the_median_goes_by_weight() {
        let spread = Spread::of(vec![(9.0, 1.0), (1.0, 1.0), (2.0, 6.0)]).unwrap();
        assert!((spread.median - 2.0).abs() < f64::EPSILON && (spread.low - 2.0).abs() < f64::EPSILON);
        let spread = Spread::of(vec![(3.0, 1.0), (1.0, 1.0), (2.0, 1.0), (4.0, 1.0)]).unwrap();
        assert!((spread.low - 1.0).abs() < f64::EPSILON && (spread.high - 3.0).abs() < f64::EPSILON);
        assert!(Spread::of(Vec::new()).is_none());
    }
}
