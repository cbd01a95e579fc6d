//! Criterion benches with their peers in the same run: `make bench`.
