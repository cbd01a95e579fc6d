//! One operation many times, for callgrind to count or `perf` to profile: `instructions OPERATION VALUES`.
//!
//! `measure.py` runs it with two numbers of values: the difference is what the operation costs, without the start.

use std::env;
use std::hint::black_box;

use fieldward::{
    BinaryColumn, Column, DecryptedColumn, FieldCipher, Offsets, OnFailure, RecordIds, StoredColumn, Value,
};
use fieldward_benches::fixture::{BOUND, DETERMINISTIC, PLAIN, Rows, field, uuids};

/// Rows of a column. `VALUES` are whole columns, where columns are counted.
const ROWS: usize = 1_000;

fn encrypt(field: &FieldCipher, rows: &Rows, ids: &RecordIds<'_>, columns: usize) {
    let (column, mut output) = (Column::Binary(rows.column()), StoredColumn::new());
    for _ in 0..columns {
        field.encrypt_column(black_box(&column), ids, &mut output).expect("encrypts");
    }
}

fn decrypt(field: &FieldCipher, stored: &BinaryColumn<'_>, ids: &RecordIds<'_>, columns: usize) {
    let mut values = DecryptedColumn::default();
    for _ in 0..columns {
        field.decrypt_column_into(black_box(stored), ids, OnFailure::Refuse, &mut values).expect("decrypts");
    }
}

/// Encrypts the rows once, then decrypts them.
fn back(field: &FieldCipher, rows: &Rows, ids: &RecordIds<'_>, columns: usize) {
    let mut output = StoredColumn::new();
    field.encrypt_column(&Column::Binary(rows.column()), ids, &mut output).expect("encrypts");
    decrypt(field, &output.as_column().expect("filled"), ids, columns);
}

/// Rows that were written alone.
fn other_prefixes(field: &FieldCipher, rows: &Rows, columns: usize) {
    let (mut data, mut offsets, mut one) = (Vec::new(), vec![0], StoredColumn::new());
    for value in rows.slices() {
        let ends = [0, i64::try_from(value.len()).expect("short")];
        let column = BinaryColumn::new(value, Offsets::I64(&ends), None).expect("a column of one");
        field.encrypt_column(&Column::Binary(column), &RecordIds::None, &mut one).expect("encrypts");
        data.extend_from_slice(one.data());
        offsets.push(i64::try_from(data.len()).expect("fits"));
    }
    let stored = BinaryColumn::new(&data, Offsets::I64(&offsets), None).expect("a column");
    decrypt(field, &stored, &RecordIds::None, columns);
}

fn encrypt_value(field: &FieldCipher, value: &Value, values: usize) {
    for _ in 0..values {
        black_box(field.encrypt(Some(black_box(value)), None).expect("encrypts"));
    }
}

fn decrypt_value(field: &FieldCipher, value: &Value, values: usize) {
    let stored = field.encrypt(Some(value), None).expect("encrypts");
    for _ in 0..values {
        black_box(field.decrypt(black_box(stored.as_ref()), None).expect("decrypts"));
    }
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [operation, values] = arguments.as_slice() else {
        eprintln!("usage: instructions OPERATION VALUES");
        std::process::exit(2);
    };
    let values: usize = values.parse().expect("a number of values");
    let columns = values / ROWS;
    let (plain, bound, deterministic) = (field(PLAIN), field(BOUND), field(DETERMINISTIC));
    let (rows, short) = (Rows::new(ROWS, 11, 48), Rows::new(ROWS, 8, 14));
    let uuids = uuids(ROWS);
    let (none, ids) = (RecordIds::None, RecordIds::Uuid(&uuids));
    let value = Value::from("999-41-1234");
    match operation.as_str() {
        "column_randomized_encrypt" => encrypt(&plain, &rows, &none, columns),
        "column_randomized_decrypt" => back(&plain, &rows, &none, columns),
        "column_randomized_record_ids_encrypt" => encrypt(&bound, &rows, &ids, columns),
        "column_randomized_record_ids_decrypt" => back(&bound, &rows, &ids, columns),
        "column_other_prefixes_decrypt" => other_prefixes(&plain, &rows, columns),
        "column_deterministic_encrypt" => encrypt(&deterministic, &short, &none, columns),
        "column_deterministic_decrypt" => back(&deterministic, &short, &none, columns),
        "value_randomized_encrypt" => encrypt_value(&plain, &value, values),
        "value_randomized_decrypt" => decrypt_value(&plain, &value, values),
        "value_deterministic_encrypt" => encrypt_value(&deterministic, &value, values),
        "value_tokens" => {
            for _ in 0..values {
                black_box(deterministic.tokens(black_box(&value)).expect("tokens"));
            }
        }
        "value_long_encrypt" | "value_long_decrypt" => {
            let field = field(&PLAIN.replace("text", "bytes"));
            let long = Value::Bytes(vec![5; 1 << 20]);
            let run = if operation == "value_long_encrypt" { encrypt_value } else { decrypt_value };
            run(&field, &long, values);
        }
        "index_exact_column" => {
            let index = r#", "indexes": [{"name": "exact", "column": "c", "transform": "exact"}]"#;
            let (field, column) = (field(&format!("{BOUND}{index}")), Column::Binary(short.column()));
            for _ in 0..columns {
                black_box(field.index_column("exact", black_box(&column)).expect("index values"));
            }
        }
        _ => panic!("no operation {operation}"),
    }
}
