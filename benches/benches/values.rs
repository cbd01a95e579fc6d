//! Single values, tokens, index values and records beside the bare calls that a program would make instead.
//!
//! Ratios of one run are what counts: absolute times drift with the machine.

use std::hint::black_box;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use aes_siv::siv::Aes256Siv;
use criterion::{Criterion, criterion_group, criterion_main};
use fieldward::{Keyring, LocalKeyProvider, MemoryStore, RecordCipher, RecordId, Schema, SecretKey, Value};
use xaes_256_gcm::Xaes256Gcm;

const SSN: &str = "999-41-1234";

fn patients() -> Result<RecordCipher, fieldward::Error> {
    let keyring = Keyring::builder("bench")
        .provider("primary", LocalKeyProvider::new(SecretKey::generate()?))
        .store(MemoryStore::new())
        .no_pin("a bench in memory")
        .create()?;
    keyring.records(&Schema::patient()?, None)
}

fn values(criterion: &mut Criterion) {
    let patients = patients().expect("a keyring in memory");
    let id = RecordId::text("p-7").expect("a short id");
    let value = Value::Text(SSN.to_owned());

    let mut group = criterion.benchmark_group("randomized, 11 bytes");
    let ssn = patients.field("ssn").expect("the preset has it");
    let stored = ssn.encrypt(Some(&value), Some(&id)).expect("encrypts");
    group.bench_function("fieldward encrypt", |bench| bench.iter(|| ssn.encrypt(Some(black_box(&value)), Some(&id))));
    group
        .bench_function("fieldward decrypt", |bench| bench.iter(|| ssn.decrypt(black_box(stored.as_ref()), Some(&id))));
    let key = [7_u8; 32];
    let gcm = Aes256Gcm::new(&Key::<Aes256Gcm>::from(key));
    let aad = [1_u8; 40];
    group.bench_function("peer: aes-gcm, cached key, OS nonce", |bench| {
        bench.iter(|| {
            let mut nonce = [0; 12];
            getrandom::fill(&mut nonce).expect("random bytes");
            gcm.encrypt(&Nonce::from(nonce), Payload { msg: black_box(SSN.as_bytes()), aad: &aad })
        });
    });
    let xaes = Xaes256Gcm::new(&key.into());
    let nonce = [3_u8; 24];
    let sealed = xaes.encrypt(&nonce.into(), Payload { msg: SSN.as_bytes(), aad: &aad }).expect("encrypts");
    group.bench_function("peer: xaes-256-gcm decrypt", |bench| {
        bench.iter(|| xaes.decrypt(&nonce.into(), Payload { msg: black_box(&sealed), aad: &aad }));
    });
    group.finish();

    let mut group = criterion.benchmark_group("deterministic, 9 bytes");
    let number = patients.field("medical_record_number").expect("the preset has it");
    let value = Value::Text("MRN-12345".to_owned());
    group.bench_function("fieldward encrypt", |bench| bench.iter(|| number.encrypt(Some(black_box(&value)), None)));
    group.bench_function("fieldward tokens", |bench| bench.iter(|| number.tokens(black_box(&value))));
    let siv_key = [7_u8; 64];
    group.bench_function("peer: aes-siv, cached key bytes", |bench| {
        bench.iter(|| Aes256Siv::new((&siv_key).into()).encrypt([&aad[..5]], black_box(b"MRN-12345")));
    });
    group.finish();

    let mut group = criterion.benchmark_group("search");
    let value = Value::Text(SSN.to_owned());
    group.bench_function("index values (exact, last 4)", |bench| {
        bench.iter(|| ssn.index_values(Some(black_box(&value))))
    });
    group.bench_function("query", |bench| bench.iter(|| ssn.query("exact", black_box(&value))));
    group.finish();

    let mut group = criterion.benchmark_group("record of 6 fields");
    let record = serde_json::json!({
        "patient_id": "p-7", "ssn": SSN, "medical_record_number": "MRN-12345", "phone_number": "(555) 010-0199",
        "email": "Ana@Example.org", "address": "12 Long Street, Springfield", "emergency_contact": "B., 555-0101"
    });
    let record = record.as_object().expect("an object");
    let sealed = patients.encrypt(record).expect("encrypts");
    group.bench_function("encrypt", |bench| bench.iter(|| patients.encrypt(black_box(record))));
    group.bench_function("decrypt", |bench| bench.iter(|| patients.decrypt(black_box(&sealed))));
    group.finish();
}

criterion_group!(benches, values);
criterion_main!(benches);
