//! Index values, beside the bare hash.

use std::hint::black_box;

use fieldward::{Column, Value};
use fieldward_benches::fixture::{Rows, field};
use fieldward_benches::{Bench, Turn};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const ROWS: usize = 10_000;

fn main() {
    let mut bench = Bench::new("search");
    let field = field(
        r#""type": "text", "mode": "randomized", "indexes": [{"name": "exact", "column": "c", "transform": "exact"}]"#,
    );
    let rows = Rows::new(ROWS, 11, 11);
    let column = Column::Binary(rows.column());
    let slices = rows.slices();
    let keyed = Hmac::<Sha256>::new_from_slice(&[7; 32]).expect("any length");
    let mut output = Vec::with_capacity(ROWS * 32);
    bench.pair(
        "index_exact_column",
        "hmac, key set up once",
        Turn::column(ROWS),
        || field.index_column("exact", black_box(&column)),
        || {
            output.clear();
            for value in &slices {
                output.extend_from_slice(&keyed.clone().chain_update(value).finalize().into_bytes());
            }
            output.len()
        },
    );
    let value = Value::from("999-41-1234");
    bench.alone("index_values: fieldward", Turn::VALUES, || field.index_values(Some(black_box(&value))));
    bench.alone("index_query: fieldward", Turn::VALUES, || field.query("exact", black_box(&value)));
    bench.finish();
}
