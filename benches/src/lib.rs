//! Benches with their peers in the same run: `make bench`.
//!
//! [`Bench`] measures on criterion and writes what `report.py` reads; [`fixture`] makes the keyrings, fields and rows.

mod bench;
pub mod fixture;
mod results;

pub use bench::{Bench, Turn};
pub use results::{Results, Spread};
