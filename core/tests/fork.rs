//! A process that forks while it encrypts: parent and child go on with one handle, and no nonce comes twice.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use std::fs;
use std::process;
#[cfg(feature = "parallel")]
use std::time::Duration;

use common::{Clinic, schema};
use fieldward::{BinaryColumn, Column, ErrorCode, FieldCipher, Offsets, RecordIds, StoredColumn, Value};
#[cfg(feature = "parallel")]
use fieldward::{OnFailure, ValueColumn};
use fork::{Fork, WEXITSTATUS, WIFEXITED, fork, waitpid};

type Nonce = [u8; 24];

const ROWS: usize = 1_000;
/// Rounds of each side: one thousand values one by one, then a column of one thousand.
const ROUNDS: usize = 500;

fn nonce(envelope: &[u8]) -> Nonce {
    envelope[5..29].try_into().unwrap()
}

fn singles(field: &FieldCipher, nonces: &mut Vec<Nonce>) {
    let value = Value::from("x");
    for _ in 0..ROWS {
        nonces.push(nonce(field.encrypt(Some(&value), None).unwrap().bytes().unwrap()));
    }
}

fn column(field: &FieldCipher, output: &mut StoredColumn, nonces: &mut Vec<Nonce>) {
    let offsets: Vec<i64> = (0..=i64::try_from(ROWS).unwrap()).collect();
    let rows = BinaryColumn::new(&[b'x'; ROWS], Offsets::I64(&offsets), None).unwrap();
    match field.encrypt_column(&Column::Binary(rows), &RecordIds::None, output) {
        // The FIPS module draws every nonce itself, and so encrypts no columns.
        Err(error) if error.code() == ErrorCode::NotApproved => return singles(field, nonces),
        sealed => sealed.unwrap(),
    }
    let stored = output.as_column().unwrap();
    nonces.extend((0..ROWS).map(|row| nonce(stored.get(row).unwrap())));
}

/// The nonces of one side: a million.
fn encrypted(field: &FieldCipher) -> Vec<Nonce> {
    let (mut nonces, mut output) = (Vec::with_capacity(2 * ROWS * ROUNDS), StoredColumn::new());
    for _ in 0..ROUNDS {
        singles(field, &mut nonces);
        column(field, &mut output, &mut nonces);
    }
    nonces
}

#[test]
fn a_fork_in_the_middle_of_use_repeats_no_nonce() {
    let field = Clinic::new()
        .field(&schema(r#"{"id": "note", "type": "text", "mode": "randomized", "record_binding": "none"}"#), "note");
    let (mut before, mut output) = (Vec::new(), StoredColumn::new());
    column(&field, &mut output, &mut before);
    singles(&field, &mut before);
    let directory = tempfile::tempdir().unwrap();
    let told = directory.path().join("nonces");

    let child = match fork().unwrap() {
        Fork::Child => {
            // A panic would leave the file short, which the parent sees.
            let done = fs::write(&told, encrypted(&field).concat()).is_ok();
            process::exit(i32::from(!done));
        }
        Fork::Parent(child) => child,
    };
    let here = encrypted(&field);
    let status = waitpid(child).unwrap();
    assert!(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child failed: {status}");
    let there: Vec<Nonce> = fs::read(&told).unwrap().as_chunks().0.to_vec();
    assert_eq!((here.len(), there.len()), (2 * ROWS * ROUNDS, 2 * ROWS * ROUNDS));

    // Both went on under the prefix that was in use: what keeps them apart is drawn for each message.
    let prefix = &before.last().unwrap()[..12];
    assert_eq!((&here[0][..12], &there[0][..12]), (prefix, prefix));

    let mut all = [before, here, there].concat();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count, "a nonce came twice");
}

/// The child has the pool of its parent, and none of the threads.
#[test]
#[cfg(feature = "parallel")]
fn a_forked_child_does_long_columns() {
    const LONG: usize = 40_000;
    let field = Clinic::new()
        .field(&schema(r#"{"id": "note", "type": "text", "mode": "randomized", "record_binding": "none"}"#), "note");
    let offsets: Vec<i64> = (0..=i64::try_from(LONG).unwrap()).collect();
    let rows = BinaryColumn::new(&[b'x'; LONG], Offsets::I64(&offsets), None).unwrap();
    let comes_back = || {
        let mut output = StoredColumn::new();
        field.encrypt_column(&Column::Binary(rows), &RecordIds::None, &mut output).unwrap();
        let opened = field.decrypt_column(&output.as_column().unwrap(), &RecordIds::None, OnFailure::Refuse).unwrap();
        matches!(opened.values, ValueColumn::Binary(values) if values.data() == [b'x'; LONG])
    };
    assert!(comes_back());
    match fork().unwrap() {
        Fork::Child => {
            std::thread::spawn(|| {
                std::thread::sleep(Duration::from_secs(60));
                process::exit(2);
            });
            process::exit(i32::from(!comes_back()));
        }
        Fork::Parent(child) => {
            let status = waitpid(child).unwrap();
            assert!(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child failed or waited: {status}");
            assert!(comes_back());
        }
    }
}
