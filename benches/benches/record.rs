//! A record of six fields, with their index values.

use std::hint::black_box;

use fieldward::Schema;
use fieldward_benches::fixture::keyring;
use fieldward_benches::{Bench, Turn};

fn main() {
    let mut bench = Bench::new("record");
    let patients = keyring().records(&Schema::patient().expect("the preset"), None).expect("a handle");
    let record = serde_json::json!({
        "patient_id": "p-7", "ssn": "999-41-1234", "medical_record_number": "MRN-12345",
        "phone_number": "(555) 010-0199", "email": "Ana@Example.org", "address": "12 Long Street, Springfield",
        "emergency_contact": "B., 555-0101"
    });
    let record = record.as_object().expect("an object");
    let sealed = patients.encrypt(record).expect("encrypts");
    let turn = Turn { calls: 20, values: 1 };
    bench.alone("record_encrypt: fieldward", turn, || patients.encrypt(black_box(record)));
    bench.alone("record_decrypt: fieldward", turn, || patients.decrypt(black_box(&sealed)));
    bench.finish();
}
