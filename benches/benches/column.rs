//! Columns of short values, beside loops over a bare cipher: `cargo bench --package fieldward-benches --bench column`.

use std::hint::black_box;

use aes_siv::siv::Aes256Siv;
use fieldward::{BinaryColumn, Column, DecryptedColumn, FieldCipher, Offsets, OnFailure, RecordIds, StoredColumn};
use fieldward_benches::fixture::{BOUND, DETERMINISTIC, PLAIN, Rows, field, uuids};
use fieldward_benches::{Bench, Turn};
use rayon::ThreadPoolBuilder;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use xaes_256_gcm::Xaes256Gcm;
use xaes_256_gcm::aead::{AeadInOut, KeyInit};

/// Rows of a column on one core: below what `parallel` shares out.
const ROWS: usize = 10_000;
/// Rows of a column on two cores.
const LONG: usize = 131_072;
/// Rows of a column that is never shared out.
const SHORT: usize = 8_192;
/// Header, nonce, type byte, tag.
const OVERHEAD: usize = 46;

fn encrypted(field: &FieldCipher, column: &Column<'_>, ids: &RecordIds<'_>) -> StoredColumn {
    let mut stored = StoredColumn::new();
    field.encrypt_column(column, ids, &mut stored).expect("encrypts");
    stored
}

/// What a program would write without the library: a loop over `ring` that lays its output out in the same way.
struct RingLoop<'a> {
    key: LessSafeKey,
    associated_data: Vec<u8>,
    rows: Vec<&'a [u8]>,
}

impl<'a> RingLoop<'a> {
    /// The associated data is as long as the library's: 11 bytes, or 36 with a record id of 16.
    fn new(rows: &'a Rows, associated_data: usize) -> Self {
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).expect("32 bytes"));
        Self { key, associated_data: vec![1; associated_data], rows: rows.slices() }
    }

    fn encrypt(&mut self, ids: Option<&[[u8; 16]]>, output: &mut Vec<u8>, offsets: &mut Vec<i64>) {
        output.clear();
        offsets.clear();
        offsets.push(0);
        for (row, value) in self.rows.iter().enumerate() {
            let mut nonce = [0; 12];
            nonce[4..].copy_from_slice(&u64::try_from(row).unwrap_or(0).to_be_bytes());
            if let (Some(ids), Some(place)) = (ids, self.associated_data.last_chunk_mut()) {
                *place = ids[row];
            }
            output.extend_from_slice(&[0x81, 1, 2, 3, 4]);
            output.extend_from_slice(&[9; 12]);
            output.extend_from_slice(&nonce);
            let start = output.len();
            output.push(2);
            output.extend_from_slice(value);
            let nonce = Nonce::assume_unique_for_key(nonce);
            let aad = Aad::from(self.associated_data.as_slice());
            let tag = self.key.seal_in_place_separate_tag(nonce, aad, &mut output[start..]).expect("seals");
            output.extend_from_slice(tag.as_ref());
            offsets.push(i64::try_from(output.len()).unwrap_or(0));
        }
    }

    fn decrypt(&mut self, ids: Option<&[[u8; 16]]>, sealed: &[&[u8]], output: &mut Vec<u8>, offsets: &mut Vec<i64>) {
        output.clear();
        offsets.clear();
        offsets.push(0);
        for (row, envelope) in sealed.iter().enumerate() {
            if let (Some(ids), Some(place)) = (ids, self.associated_data.last_chunk_mut()) {
                *place = ids[row];
            }
            let nonce = Nonce::try_assume_unique_for_key(&envelope[17..29]).expect("12 bytes");
            let start = output.len();
            output.extend_from_slice(&envelope[29..]);
            let aad = Aad::from(self.associated_data.as_slice());
            let opened = self.key.open_in_place(nonce, aad, &mut output[start..]).expect("opens").len();
            output.truncate(start + opened);
            offsets.push(i64::try_from(output.len()).unwrap_or(0));
        }
    }
}

fn slices(column: BinaryColumn<'_>) -> Vec<&[u8]> {
    (0..column.rows()).filter_map(|row| column.get(row)).collect()
}

fn randomized(bench: &mut Bench) {
    let rows = Rows::new(ROWS, 11, 48);
    let column = Column::Binary(rows.column());
    let uuids = uuids(ROWS);
    let turn = Turn::column(ROWS);
    for (name, declared, ids, associated_data) in
        [("column_randomized", PLAIN, None, 11), ("column_randomized_record_ids", BOUND, Some(uuids.as_slice()), 36)]
    {
        let field = field(declared);
        let records = ids.map_or(RecordIds::None, RecordIds::Uuid);
        let mut output = encrypted(&field, &column, &records);
        let stored = output.clone();
        let mut ring = RingLoop::new(&rows, associated_data);
        let mut sealed = Vec::with_capacity(rows.bytes() + ROWS * OVERHEAD);
        let mut ends = Vec::with_capacity(ROWS + 1);
        bench.pair(
            &format!("{name}_encrypt"),
            "ring loop",
            turn,
            || field.encrypt_column(black_box(&column), &records, &mut output),
            || ring.encrypt(ids, &mut sealed, &mut ends),
        );
        ring.encrypt(ids, &mut sealed, &mut ends);
        let sealed = BinaryColumn::new(&sealed, Offsets::I64(&ends), None).expect("a column");
        let (stored, sealed) = (stored.as_column().expect("filled"), slices(sealed));
        let mut opened = Vec::with_capacity(rows.bytes() + ROWS * 17);
        let mut ends = Vec::with_capacity(ROWS + 1);
        let mut values = DecryptedColumn::default();
        bench.pair(
            &format!("{name}_decrypt"),
            "ring loop",
            turn,
            || field.decrypt_column_into(black_box(&stored), &records, OnFailure::Refuse, &mut values),
            || ring.decrypt(ids, &sealed, &mut opened, &mut ends),
        );
    }
}

/// Every row was written alone: its own prefix, hence its own key.
fn other_prefixes(bench: &mut Bench) {
    let rows = Rows::new(ROWS, 11, 48);
    let field = field(PLAIN);
    let (mut data, mut offsets) = (Vec::new(), vec![0]);
    for value in rows.slices() {
        let ends = [0, i64::try_from(value.len()).expect("short")];
        let one = BinaryColumn::new(value, Offsets::I64(&ends), None).expect("a column of one");
        data.extend_from_slice(encrypted(&field, &Column::Binary(one), &RecordIds::None).data());
        offsets.push(i64::try_from(data.len()).expect("fits"));
    }
    let stored = BinaryColumn::new(&data, Offsets::I64(&offsets), None).expect("a column");
    let prefixes: std::collections::HashSet<&[u8]> = slices(stored).iter().map(|envelope| &envelope[5..17]).collect();
    assert_eq!(prefixes.len(), ROWS, "a prefix for each row");

    let xaes = Xaes256Gcm::new(&[7; 32].into());
    let associated_data = [1; 11];
    let sealed: Vec<([u8; 24], Vec<u8>)> = slices(stored)
        .iter()
        .zip(rows.slices())
        .map(|(envelope, value)| {
            let nonce: [u8; 24] = envelope[5..29].try_into().expect("24 bytes");
            let mut buffer = [&[2], value].concat();
            xaes.encrypt_in_place(&nonce.into(), &associated_data, &mut buffer).expect("seals");
            (nonce, buffer)
        })
        .collect();
    let mut buffer = Vec::with_capacity(100);
    let mut output = Vec::with_capacity(rows.bytes());
    let mut values = DecryptedColumn::default();
    bench.pair(
        "column_other_prefixes_decrypt",
        "xaes-256-gcm loop",
        Turn::column(ROWS),
        || field.decrypt_column_into(black_box(&stored), &RecordIds::None, OnFailure::Refuse, &mut values),
        || {
            output.clear();
            for (nonce, sealed) in &sealed {
                buffer.clear();
                buffer.extend_from_slice(sealed);
                xaes.decrypt_in_place(nonce.into(), &associated_data, &mut buffer).expect("opens");
                output.extend_from_slice(&buffer[1..]);
            }
            output.len()
        },
    );
}

fn deterministic(bench: &mut Bench) {
    let field = field(DETERMINISTIC);
    for (row, shortest, longest) in [("column_deterministic_15", 8, 14), ("column_deterministic_48", 11, 48)] {
        let rows = Rows::new(ROWS, shortest, longest);
        let column = Column::Binary(rows.column());
        let mut output = encrypted(&field, &column, &RecordIds::None);
        let stored = output.clone();
        let slices = rows.slices();
        let key = [7_u8; 64];
        bench.pair(
            row,
            "aes-siv, one message",
            Turn::column(ROWS),
            || field.encrypt_column(black_box(&column), &RecordIds::None, &mut output),
            || {
                for value in &slices {
                    let mut siv = Aes256Siv::new((&key).into());
                    let _ = black_box(siv.encrypt([&[0x82, 1, 2, 3, 4]], value));
                }
            },
        );
        let mut siv = Aes256Siv::new((&key).into());
        bench.alone(&format!("{row}: aes-siv, kept"), Turn::column(ROWS), || {
            for value in &slices {
                let _ = black_box(siv.encrypt([&[0x82, 1, 2, 3, 4]], value));
            }
        });
        let stored = stored.as_column().expect("filled");
        let mut values = DecryptedColumn::default();
        bench.alone(&format!("{row}, decrypt: fieldward"), Turn::column(ROWS), || {
            field.decrypt_column_into(black_box(&stored), &RecordIds::None, OnFailure::Refuse, &mut values)
        });
    }
}

/// The same calls on a pool of two threads and on one of one thread. As figures, as many rows in short columns, which one core
/// does without a pool.
fn two_cores(bench: &mut Bench) {
    let rows = Rows::new(LONG, 11, 48);
    let column = Column::Binary(rows.column());
    let field = field(PLAIN);
    let none = RecordIds::None;
    let pool = |threads| ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let (one, two) = (pool(1), pool(2));
    let mut output = encrypted(&field, &column, &none);
    let mut other = output.clone();
    let stored = output.clone();
    let turn = Turn::column(LONG);
    bench.pair(
        "column_two_cores_encrypt",
        "one core",
        turn,
        || two.install(|| field.encrypt_column(black_box(&column), &none, &mut output)),
        || one.install(|| field.encrypt_column(black_box(&column), &none, &mut other)),
    );
    let stored = stored.as_column().expect("filled");
    let (mut values, mut others) = (DecryptedColumn::default(), DecryptedColumn::default());
    let open = |values: &mut _| field.decrypt_column_into(black_box(&stored), &none, OnFailure::Refuse, values);
    bench.pair(
        "column_two_cores_decrypt",
        "one core",
        turn,
        || two.install(|| open(&mut values)),
        || one.install(|| open(&mut others)),
    );

    let short = Rows::new(SHORT, 11, 48);
    let column = Column::Binary(short.column());
    let mut output = encrypted(&field, &column, &none);
    let stored = output.clone();
    bench.alone("column_two_cores_encrypt: one core, short columns", turn, || {
        for _ in 0..LONG / SHORT {
            field.encrypt_column(black_box(&column), &none, &mut output).expect("encrypts");
        }
    });
    let stored = stored.as_column().expect("filled");
    let mut values = DecryptedColumn::default();
    bench.alone("column_two_cores_decrypt: one core, short columns", turn, || {
        for _ in 0..LONG / SHORT {
            let done = field.decrypt_column_into(black_box(&stored), &none, OnFailure::Refuse, &mut values);
            done.expect("decrypts");
        }
    });
}

fn main() {
    let mut bench = Bench::new("column");
    randomized(&mut bench);
    other_prefixes(&mut bench);
    deterministic(&mut bench);
    two_cores(&mut bench);
    bench.finish();
}
