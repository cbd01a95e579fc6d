//! Columns beside a loop over a bare cipher: values of 11 to 48 bytes, as names, numbers and addresses are.

use std::hint::black_box;

use aes_siv::KeyInit;
use aes_siv::siv::Aes256Siv;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fieldward::{
    BinaryColumn, Column, FieldCipher, Keyring, LocalKeyProvider, MemoryStore, Offsets, OnFailure, RecordIds, Schema,
    SecretKey, StoredColumn,
};
use hmac::{Hmac, Mac};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use sha2::Sha256;

const ROWS: usize = 10_000;

/// Rows of lengths `from` to `to`, with their offsets.
fn rows(from: usize, to: usize) -> (Vec<u8>, Vec<i64>) {
    let (mut data, mut offsets) = (Vec::new(), vec![0]);
    for row in 0..ROWS {
        let length = from + row * 7 % (to - from + 1);
        data.extend((0..length).map(|at| b'a' + u8::try_from((row + at) % 26).unwrap_or(0)));
        offsets.push(i64::try_from(data.len()).unwrap_or(0));
    }
    (data, offsets)
}

fn field(mode: &str, binding: &str) -> FieldCipher {
    let keyring = Keyring::builder("bench")
        .provider("primary", LocalKeyProvider::new(SecretKey::generate().expect("random bytes")))
        .store(MemoryStore::new())
        .no_pin("a bench in memory")
        .create()
        .expect("a keyring in memory");
    let text = format!(
        r#"{{"format": "fieldward-schema", "version": 1, "table": "t", "record_id": [{{"path": "id", "type": "uuid"}}],
            "fields": [{{"id": "x", "type": "text", "mode": "{mode}" {binding}}}]}}"#
    );
    keyring.field(&Schema::from_json(&text).expect("a schema"), None, "x").expect("the field")
}

fn randomized(criterion: &mut Criterion) {
    let (data, offsets) = rows(11, 48);
    let input = BinaryColumn::new(&data, Offsets::I64(&offsets), None).expect("a column");
    let column = Column::Binary(input);
    let ids: Vec<[u8; 16]> = (0..ROWS).map(|row| u128::try_from(row).unwrap_or(0).to_be_bytes()).collect();
    let mut group = criterion.benchmark_group("randomized column");
    group.throughput(Throughput::Elements(u64::try_from(ROWS).unwrap_or(0)));

    let mut stored = StoredColumn::new();
    let plain = field("randomized", r#", "record_binding": "none""#);
    plain.encrypt_column(&column, &RecordIds::None, &mut stored).expect("encrypts");
    group.bench_function("fieldward encrypt", |bench| {
        bench.iter(|| plain.encrypt_column(black_box(&column), &RecordIds::None, &mut stored));
    });
    let sealed = stored.as_column().expect("filled");
    group.bench_function("fieldward decrypt", |bench| {
        bench.iter(|| plain.decrypt_column(black_box(&sealed), &RecordIds::None, OnFailure::Refuse));
    });
    let bound = field("randomized", "");
    let mut stored = StoredColumn::new();
    bound.encrypt_column(&column, &RecordIds::Uuid(&ids), &mut stored).expect("encrypts");
    group.bench_function("fieldward encrypt with record ids", |bench| {
        bench.iter(|| bound.encrypt_column(black_box(&column), &RecordIds::Uuid(&ids), &mut stored));
    });
    let sealed = stored.as_column().expect("filled");
    group.bench_function("fieldward decrypt with record ids", |bench| {
        bench.iter(|| bound.decrypt_column(black_box(&sealed), &RecordIds::Uuid(&ids), OnFailure::Refuse));
    });

    // The peer: a cached key, nonces given, the same associated data and output layout.
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).expect("32 bytes"));
    for (name, associated_data) in [("", 11), (" with record ids", 36)] {
        let aad = vec![1_u8; associated_data];
        let mut output = Vec::with_capacity(data.len() + ROWS * 46);
        group.bench_function(format!("peer: ring encrypt{name}"), |bench| {
            bench.iter(|| {
                output.clear();
                for row in 0..ROWS {
                    let mut nonce = [0; 12];
                    nonce[..8].copy_from_slice(&u64::try_from(row).unwrap_or(0).to_le_bytes());
                    output.extend_from_slice(&[0x81, 1, 2, 3, 4]);
                    output.extend_from_slice(&[9; 12]);
                    output.extend_from_slice(&nonce);
                    output.push(2);
                    let start = output.len() - 1;
                    output.extend_from_slice(input.get(row).unwrap_or_default());
                    let nonce = Nonce::assume_unique_for_key(nonce);
                    let tag =
                        key.seal_in_place_separate_tag(nonce, Aad::from(&aad), &mut output[start..]).expect("seals");
                    output.extend_from_slice(tag.as_ref());
                }
                black_box(output.len())
            });
        });
        let sealed = output.clone();
        let mut plain = Vec::with_capacity(data.len() + ROWS * 17);
        group.bench_function(format!("peer: ring decrypt{name}"), |bench| {
            bench.iter(|| {
                plain.clear();
                let mut at = 0;
                for row in 0..ROWS {
                    let end = at + 46 + input.get(row).map_or(0, <[u8]>::len);
                    let nonce = Nonce::try_assume_unique_for_key(&sealed[at + 17..at + 29]).expect("12 bytes");
                    let start = plain.len();
                    plain.extend_from_slice(&sealed[at + 29..end]);
                    let opened = key.open_in_place(nonce, Aad::from(&aad), &mut plain[start..]).expect("opens").len();
                    plain.truncate(start + opened);
                    at = end;
                }
                black_box(plain.len())
            });
        });
    }
    group.finish();
}

fn deterministic(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("deterministic column");
    group.throughput(Throughput::Elements(u64::try_from(ROWS).unwrap_or(0)));
    for (from, to) in [(8, 14), (11, 48)] {
        let (data, offsets) = rows(from, to);
        let input = BinaryColumn::new(&data, Offsets::I64(&offsets), None).expect("a column");
        let cipher = field("deterministic", "");
        let mut stored = StoredColumn::new();
        cipher.encrypt_column(&Column::Binary(input), &RecordIds::None, &mut stored).expect("encrypts");
        let name = format!("{from} to {to} bytes");
        group.bench_function(BenchmarkId::new("fieldward encrypt", &name), |bench| {
            bench.iter(|| cipher.encrypt_column(black_box(&Column::Binary(input)), &RecordIds::None, &mut stored));
        });
        let sealed = stored.as_column().expect("filled");
        group.bench_function(BenchmarkId::new("fieldward decrypt", &name), |bench| {
            bench.iter(|| cipher.decrypt_column(black_box(&sealed), &RecordIds::None, OnFailure::Refuse));
        });
        let key = [7_u8; 64];
        group.bench_function(BenchmarkId::new("peer: aes-siv encrypt", &name), |bench| {
            bench.iter(|| {
                for row in 0..ROWS {
                    let mut siv = Aes256Siv::new((&key).into());
                    let _ = black_box(siv.encrypt([&[0x82, 1, 2, 3, 4]], input.get(row).unwrap_or_default()));
                }
            });
        });
    }
    group.finish();
}

fn search(criterion: &mut Criterion) {
    let (data, offsets) = rows(11, 11);
    let input = BinaryColumn::new(&data, Offsets::I64(&offsets), None).expect("a column");
    let mut group = criterion.benchmark_group("exact index, 11 bytes");
    group.throughput(Throughput::Elements(u64::try_from(ROWS).unwrap_or(0)));
    let cipher = field("randomized", r#", "indexes": [{"name": "exact", "column": "c", "transform": "exact"}]"#);
    group.bench_function("fieldward index column", |bench| {
        bench.iter(|| cipher.index_column("exact", black_box(&Column::Binary(input))));
    });
    let keyed = Hmac::<Sha256>::new_from_slice(&[7; 32]).expect("any length");
    group.bench_function("peer: hmac, key set up once", |bench| {
        bench.iter(|| {
            for row in 0..ROWS {
                let mut hmac = keyed.clone();
                hmac.update(input.get(row).unwrap_or_default());
                black_box(hmac.finalize());
            }
        });
    });
    group.finish();
}

criterion_group!(benches, randomized, deterministic, search);
criterion_main!(benches);
