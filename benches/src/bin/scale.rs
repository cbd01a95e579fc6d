//! One column of so many rows, encrypted and decrypted once by so many threads: `scale ROWS THREADS`.
//!
//! `scale.py` starts one process for each size and reads what it prints: its peak memory is that of this size alone.

use std::env;
use std::fs;
use std::time::Instant;

use fieldward::{Column, DecryptedColumn, OnFailure, RecordIds, StoredColumn};
use fieldward_benches::fixture::{PLAIN, Rows, field};

/// The largest resident size so far, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("VmHWM");
    let kib: u64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number");
    kib * 1024
}

fn main() {
    let arguments: Vec<usize> = env::args().skip(1).map(|argument| argument.parse().expect("a number")).collect();
    let [count, threads] = arguments.as_slice() else {
        eprintln!("usage: scale ROWS THREADS");
        std::process::exit(2);
    };
    let rows = Rows::new(*count, 11, 48);
    let column = Column::Binary(rows.column());
    let field = field(PLAIN);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(*threads).build().expect("threads");
    let before = peak();
    let mut values = DecryptedColumn::default();
    let (mut output, mut encrypt, mut decrypt) = (StoredColumn::new(), f64::MAX, f64::MAX);
    let per_row =
        |start: Instant| start.elapsed().as_secs_f64() * 1e9 / u32::try_from(*count).map_or(f64::NAN, f64::from);
    // The best of three: the first meets memory that the system has yet to give.
    for _ in 0..3 {
        let start = Instant::now();
        pool.install(|| field.encrypt_column(&column, &RecordIds::None, &mut output)).expect("encrypts");
        encrypt = encrypt.min(per_row(start));
        let stored = output.as_column().expect("filled");
        let start = Instant::now();
        let done =
            pool.install(|| field.decrypt_column_into(&stored, &RecordIds::None, OnFailure::Refuse, &mut values));
        done.expect("decrypts");
        decrypt = decrypt.min(per_row(start));
    }
    println!(
        "{{\"encrypt_ns\": {encrypt}, \"decrypt_ns\": {decrypt}, \"input_bytes\": {}, \"stored_bytes\": {}, \
         \"peak_before\": {before}, \"peak\": {}}}",
        rows.bytes(),
        output.data().len(),
        peak()
    );
}
