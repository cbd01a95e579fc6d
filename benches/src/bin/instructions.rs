//! One operation many times, for callgrind to count: `instructions OPERATION VALUES`.
//!
//! `instructions.py` runs it with two numbers of values: the difference is what the operation costs, without the start.

use std::env;
use std::hint::black_box;

use fieldward::{Column, OnFailure, RecordIds, StoredColumn, Value};
use fieldward_benches::fixture::{DETERMINISTIC, PLAIN, Rows, field};

/// Rows of a column. `VALUES` are whole columns, where columns are counted.
const ROWS: usize = 1_000;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [operation, values] = arguments.as_slice() else {
        eprintln!("usage: instructions OPERATION VALUES");
        std::process::exit(2);
    };
    let values: usize = values.parse().expect("a number of values");
    let columns = values / ROWS;
    let (randomized, deterministic) = (field(PLAIN), field(DETERMINISTIC));
    let rows = Rows::new(ROWS, 11, 48);
    let column = Column::Binary(rows.column());
    let value = Value::from("999-41-1234");
    let mut output = StoredColumn::new();
    match operation.as_str() {
        "column_randomized_encrypt" => {
            for _ in 0..columns {
                randomized.encrypt_column(black_box(&column), &RecordIds::None, &mut output).expect("encrypts");
            }
        }
        "column_randomized_decrypt" => {
            randomized.encrypt_column(&column, &RecordIds::None, &mut output).expect("encrypts");
            let stored = output.as_column().expect("filled");
            for _ in 0..columns {
                let opened = randomized.decrypt_column(black_box(&stored), &RecordIds::None, OnFailure::Refuse);
                black_box(opened.expect("decrypts"));
            }
        }
        "column_deterministic_encrypt" => {
            for _ in 0..columns {
                deterministic.encrypt_column(black_box(&column), &RecordIds::None, &mut output).expect("encrypts");
            }
        }
        "value_randomized_encrypt" => {
            for _ in 0..values {
                black_box(randomized.encrypt(Some(black_box(&value)), None).expect("encrypts"));
            }
        }
        "value_randomized_decrypt" => {
            let stored = randomized.encrypt(Some(&value), None).expect("encrypts");
            for _ in 0..values {
                black_box(randomized.decrypt(black_box(stored.as_ref()), None).expect("decrypts"));
            }
        }
        "value_deterministic_encrypt" => {
            for _ in 0..values {
                black_box(deterministic.encrypt(Some(black_box(&value)), None).expect("encrypts"));
            }
        }
        "value_tokens" => {
            for _ in 0..values {
                black_box(deterministic.tokens(black_box(&value)).expect("tokens"));
            }
        }
        _ => panic!("no operation {operation}"),
    }
}
