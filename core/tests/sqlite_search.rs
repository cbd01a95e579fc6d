//! Unique constraints and joins in a real SQLite, through a rotation: where they keep working, and where they do not.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Clinic, DAY, bytes, record, schema_of, stored, text};
use fieldward::{FieldCipher, RotateOptions, Schema, Value};
use rusqlite::{Connection, ErrorCode as SqliteCode, params};

fn patients() -> Schema {
    schema_of(
        "patients",
        r#"{"id": "ssn", "type": "text", "mode": "randomized",
             "indexes": [{"name": "exact", "column": "ssn_exact", "transform": "exact", "normalizer": "digits"}]},
           {"id": "mrn", "type": "text", "mode": "deterministic",
             "indexes": [{"name": "exact", "column": "mrn_exact", "transform": "exact",
                          "search_domain": "mrn", "accept_leak": ["joins"]}]}"#,
    )
}

fn visits() -> Schema {
    schema_of(
        "visits",
        r#"{"id": "patient_mrn", "type": "text", "mode": "randomized",
             "indexes": [{"name": "exact", "column": "mrn_exact", "transform": "exact",
                          "search_domain": "mrn", "accept_leak": ["joins"]}]}"#,
    )
}

fn index(field: &FieldCipher, value: &Value) -> Vec<u8> {
    field.index_values(Some(value)).unwrap()[0].1.bytes().unwrap().to_vec()
}

/// The next version becomes current.
fn rotate(clinic: &Clinic) {
    clinic.keyring.rotate(RotateOptions::default()).unwrap();
    clinic.clock.advance(2 * DAY);
}

#[test]
fn unique_exact_index_through_a_rotation() {
    let clinic = Clinic::new();
    let ssn = clinic.field(&patients(), "ssn");
    let db = Connection::open_in_memory().unwrap();
    db.execute("create table patients (id text primary key, ssn blob not null, ssn_exact blob unique)", []).unwrap();
    let insert = |id: &str, typed: &str| {
        let value = text(typed);
        let sealed = bytes(&ssn.encrypt(Some(&value), Some(&record(id))).unwrap());
        db.execute("insert into patients values (?1, ?2, ?3)", params![id, sealed, index(&ssn, &value)])
    };
    insert("1", "999-41-1234").unwrap();
    rotate(&clinic);
    insert("2", "999-41-9999").unwrap();
    let refused = insert("3", "999 41 1234").unwrap_err();
    assert_eq!(refused.sqlite_error_code(), Some(SqliteCode::ConstraintViolation));
    let query = ssn.query("exact", &text("999411234")).unwrap();
    let (id, sealed): (String, Vec<u8>) = db
        .query_row("select id, ssn from patients where ssn_exact = ?1", [&query.tokens()[0]], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(id, "1");
    assert!(ssn.matches("exact", &text("999411234"), stored(&sealed), Some(&record(&id))).unwrap());
    assert_eq!(ssn.decrypt(stored(&sealed), Some(&record(&id))).unwrap(), Some(text("999-41-1234")));
}

#[test]
fn joins_over_a_search_domain_through_a_rotation() {
    let clinic = Clinic::new();
    let mrn = clinic.field(&patients(), "mrn");
    let visit = clinic.field(&visits(), "patient_mrn");
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch("create table patients (mrn blob, mrn_exact blob unique); create table visits (id text, mrn blob, mrn_exact blob);")
        .unwrap();
    for number in ["MRN-1", "MRN-2"] {
        let value = text(number);
        let sealed = bytes(&mrn.encrypt(Some(&value), None).unwrap());
        db.execute("insert into patients values (?1, ?2)", params![sealed, index(&mrn, &value)]).unwrap();
    }
    for (id, number) in [("a", "MRN-1"), ("b", "MRN-2"), ("c", "MRN-1"), ("d", "MRN-3")] {
        rotate(&clinic);
        let value = text(number);
        let sealed = bytes(&visit.encrypt(Some(&value), Some(&record(id))).unwrap());
        db.execute("insert into visits values (?1, ?2, ?3)", params![id, sealed, index(&visit, &value)]).unwrap();
    }
    let mut statement =
        db.prepare("select visits.id from visits join patients using (mrn_exact) order by visits.id").unwrap();
    let joined: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(joined, ["a", "b", "c"]);
}

/// The case where it does not work: a deterministic column rotates with the data keys, so one value has two envelopes.
#[test]
fn unique_deterministic_through_a_rotation() {
    let clinic = Clinic::new();
    let mrn = clinic.field(&patients(), "mrn");
    let db = Connection::open_in_memory().unwrap();
    db.execute("create table patients (id text primary key, mrn blob unique)", []).unwrap();
    let insert = |id: &str| {
        let sealed = bytes(&mrn.encrypt(Some(&text("MRN-1")), None).unwrap());
        db.execute("insert into patients values (?1, ?2)", params![id, sealed])
    };
    insert("1").unwrap();
    assert_eq!(insert("2").unwrap_err().sqlite_error_code(), Some(SqliteCode::ConstraintViolation));
    rotate(&clinic);
    assert_eq!(insert("2").unwrap(), 1, "the constraint does not hold while two versions are in the column");

    // Both rows are found all the same: one token for each version.
    let tokens: Vec<Vec<u8>> = mrn.tokens(&text("MRN-1")).unwrap().iter().map(bytes).collect();
    assert_eq!(tokens.len(), 2);
    let found: i64 = db
        .query_row("select count(*) from patients where mrn in (?1, ?2)", params![tokens[0], tokens[1]], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(found, 2);

    // Re-encrypting the older row meets the constraint again: the duplicate shows.
    let old: Vec<u8> = db.query_row("select mrn from patients where id = '1'", [], |row| row.get(0)).unwrap();
    assert!(mrn.needs_rotation(stored(&old)).unwrap());
    let moved = bytes(&mrn.reencrypt(stored(&old), None).unwrap().stored);
    let refused = db.execute("update patients set mrn = ?1 where id = '1'", [moved]).unwrap_err();
    assert_eq!(refused.sqlite_error_code(), Some(SqliteCode::ConstraintViolation));
}
