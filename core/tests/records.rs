//! Whole records: what goes in comes back, and what does not fit is refused.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Clinic, code, record};
use fieldward::{
    Cell, EncryptedRecord, ErrorCode, IndexValue, KeyState, RecordCipher, RotateOptions, Schema, Stored, Value,
};
use serde_json::{Map, Value as Json, json};

const FHIR: &str = r#"{
  "format": "fieldward-schema", "version": 1, "table": "patients", "undeclared": "clear",
  "record_id": [{"path": "id", "type": "text"}],
  "fields": [
    {"id": "ssn", "path": "identifier[type.coding.code=SS].value", "type": "text", "mode": "randomized", "stored": "text",
     "indexes": [{"name": "exact", "column": "ssn_exact", "transform": "exact", "normalizer": ["digits"]}]},
    {"id": "phone", "path": "telecom[system=phone].value", "type": "text", "mode": "randomized", "stored": "text",
     "indexes": [{"name": "exact", "column": "phone_exact", "transform": "exact", "normalizer": ["digits"]}]},
    {"id": "given", "path": "name[].given[]", "type": "text", "mode": "randomized", "stored": "text"},
    {"id": "born", "path": "birthDate", "type": "date", "mode": "randomized", "stored": "text"},
    {"id": "place", "path": "address[].extension", "type": "json", "mode": "randomized", "stored": "text"}
  ]}"#;

fn patient() -> Map<String, Json> {
    let json = json!({
        "resourceType": "Patient",
        "id": "p-1",
        "identifier": [
            {"system": "urn:x", "value": "in the clear"},
            {"type": {"coding": [{"code": "XX"}, {"code": "SS"}]}, "value": "999-41-1234"},
            {"type": {"coding": [{"code": "MR"}]}, "value": "MRN-1"}
        ],
        "name": [{"family": "Díaz", "given": ["Ana", "Łucja"]}, {"family": "D", "given": ["A"]}],
        "telecom": [
            {"system": "phone", "value": "555-0100", "use": "home"},
            {"system": "email", "value": "a@example.org"},
            {"value": "no system"},
            {"system": "phone", "value": null},
            {"system": "phone", "value": "555-0101"}
        ],
        "birthDate": "2005-07-06",
        "address": [{"line": ["1 Street"], "extension": [{"url": "geo", "valueDecimal": 37.396874604, "b": 1, "a": null}]}],
        "active": true
    });
    json.as_object().unwrap().clone()
}

fn fhir(clinic: &Clinic) -> RecordCipher {
    clinic.keyring.records(&Schema::from_json(FHIR).unwrap(), None).unwrap()
}

fn of(clinic: &Clinic, fields: &str) -> RecordCipher {
    clinic.keyring.records(&common::schema(fields), None).unwrap()
}

fn object(json: Json) -> Map<String, Json> {
    json.as_object().unwrap().clone()
}

#[test]
fn a_fhir_patient_comes_back_exactly() {
    let clinic = Clinic::new();
    let patients = fhir(&clinic);
    let sealed = patients.encrypt(&patient()).unwrap();
    let document = sealed.to_document().unwrap();
    let text = serde_json::to_string(&document).unwrap();
    for secret in ["999-41-1234", "555-0100", "555-0101", "Ana", "Łucja", "2005-07-06", "37.396874604"] {
        assert!(!text.contains(secret), "{secret}");
    }
    for clear in ["in the clear", "MRN-1", "a@example.org", "no system", "Díaz", "1 Street"] {
        assert!(text.contains(clear), "{clear}");
    }
    let stored: Map<String, Json> = serde_json::from_str(&text).unwrap();
    let back = patients.decrypt(&patients.read_document(&stored)).unwrap();
    assert_eq!(serde_json::to_string(&back).unwrap(), serde_json::to_string(&patient()).unwrap(), "key order included");
    let names: Vec<_> = back.keys().cloned().collect();
    assert_eq!(names, patient().keys().cloned().collect::<Vec<_>>());
}

#[test]
fn the_elements_of_an_array_share_an_index_column() {
    let clinic = Clinic::new();
    let patients = fhir(&clinic);
    let sealed = patients.encrypt(&patient()).unwrap();
    let IndexValue::Many(phones) = sealed.index_value("phone_exact").unwrap() else { panic!("a list") };
    assert_eq!(phones.len(), 2);
    assert!(phones.is_sorted());
    let query = patients.field("phone").unwrap().query("exact", &Value::Text("(555) 0101".into())).unwrap();
    assert!(phones.contains(&query.tokens()[0]));
    let mut none = patient();
    none["telecom"] = json!([{"system": "phone", "value": null}]);
    assert_eq!(patients.encrypt(&none).unwrap().index_value("phone_exact"), Some(&IndexValue::Null));
    none.shift_remove("telecom");
    assert_eq!(patients.encrypt(&none).unwrap().index_value("phone_exact"), None, "missing has none");
}

#[test]
fn rows_of_a_table() {
    let clinic = Clinic::new();
    let patients = clinic.keyring.records(&Schema::patient().unwrap(), Some("north")).unwrap();
    let row = object(json!({
        "patient_id": "p-1", "ssn": "999-41-1234", "medical_record_number": "MRN-1", "phone_number": "555-0100",
        "email": "Ana@Example.org", "address": null, "emergency_contact": "", "ward": 7
    }));
    let sealed = patients.encrypt(&row).unwrap();
    assert_eq!(sealed.stored("address"), Some(&Stored::Null));
    assert_eq!(sealed.stored("emergency_contact").unwrap().bytes().unwrap().len(), 46);
    assert_eq!(sealed.stored("medical_record_number").unwrap().bytes().unwrap().len(), 22 + 5);
    let columns: Vec<_> = sealed.index_values().iter().map(|(column, _)| column.as_str()).collect();
    assert_eq!(
        columns,
        [
            "ssn_exact",
            "ssn_last4",
            "medical_record_number_exact",
            "phone_number_exact",
            "phone_number_last4",
            "email_exact"
        ]
    );
    // What a database returns, column by column.
    let mut read = EncryptedRecord::new();
    for (name, cell) in sealed.cells() {
        read = read.with(name, cell.clone());
    }
    assert_eq!(patients.decrypt(&read).unwrap(), row);
    assert!(matches!(sealed.cell("ward"), Some(Cell::Clear(_))));
    assert_eq!(code(sealed.to_document()), ErrorCode::WrongStoredForm);
    let south = clinic.keyring.records(&Schema::patient().unwrap(), Some("south")).unwrap();
    assert_eq!(code(south.decrypt(&sealed)), ErrorCode::AuthenticationFailed);
    let moved = read.with("patient_id", json!("p-2"));
    assert_eq!(code(patients.decrypt(&moved)), ErrorCode::AuthenticationFailed, "another record's id");
}

#[test]
fn values_of_every_type_come_back_as_they_were() {
    let clinic = Clinic::new();
    for (kind, values) in [
        ("bytes", vec![json!(""), json!("AP8="), json!("AAECAw==")]),
        ("text", vec![json!(""), json!("1"), json!("Ünïcödé 東京\u{0}")]),
        ("i64", vec![json!(0), json!(i64::MIN), json!(i64::MAX)]),
        ("f64", vec![json!(0.5), json!(-0.0), json!(1e300), json!(0.1), json!(100.0)]),
        ("bool", vec![json!(true), json!(false)]),
        ("date", vec![json!("0001-01-01"), json!("9999-12-31")]),
        (
            "timestamp",
            vec![json!("2024-02-29T01:02:03Z"), json!("2024-02-29T01:02:03.100+05:30"), json!("2024-02-29T01:02:03")],
        ),
        ("decimal", vec![json!("1.10"), json!("-0.5"), json!("100")]),
        ("json", vec![json!({"b": 1, "a": [null, 1.0, "x"]}), json!([]), json!("text"), json!(7)]),
        ("uuid", vec![json!("00112233-4455-6677-8899-aabbccddeeff")]),
    ] {
        let records = of(&clinic, &format!(r#"{{"id": "x", "type": "{kind}", "mode": "randomized"}}"#));
        for value in values.into_iter().chain([Json::Null]) {
            let row = object(json!({"id": "1", "x": value}));
            let back = records.decrypt(&records.encrypt(&row).unwrap()).unwrap();
            assert_eq!(serde_json::to_string(&back).unwrap(), serde_json::to_string(&row).unwrap(), "{kind}");
        }
    }
}

#[test]
fn what_would_not_come_back_is_refused() {
    let clinic = Clinic::new();
    for (kind, value, expected) in [
        ("bytes", json!("AP8"), ErrorCode::ValueNotCanonical),
        ("bytes", json!("not base64!"), ErrorCode::ValueNotCanonical),
        ("text", json!(1), ErrorCode::WrongType),
        ("i64", json!("1"), ErrorCode::WrongType),
        ("i64", json!(1.5), ErrorCode::WrongType),
        ("i64", json!(u64::MAX), ErrorCode::ValueOutOfRange),
        ("f64", json!(1), ErrorCode::ValueNotCanonical),
        ("f64", json!("1.0"), ErrorCode::WrongType),
        ("bool", json!(0), ErrorCode::WrongType),
        ("date", json!("2023-02-29"), ErrorCode::ValueOutOfRange),
        ("date", json!(20230228), ErrorCode::WrongType),
        ("timestamp", json!("2024-02-29 01:02:03Z"), ErrorCode::ValueNotCanonical),
        ("decimal", json!(1.1), ErrorCode::WrongType),
        ("uuid", json!("00112233445566778899aabbccddeeff"), ErrorCode::ValueNotCanonical),
        ("uuid", json!("00112233-4455-6677-8899-AABBCCDDEEFF"), ErrorCode::ValueNotCanonical),
    ] {
        let records = of(&clinic, &format!(r#"{{"id": "x", "type": "{kind}", "mode": "randomized"}}"#));
        let error = records.encrypt(&object(json!({"id": "1", "x": value}))).unwrap_err();
        assert_eq!(error.code(), expected, "{kind} {value}");
        let said = format!("{error} {error:?}");
        assert!(!said.contains("2023") && !said.contains("base64!"), "{said}");
    }
}

#[test]
fn strict_by_default() {
    let clinic = Clinic::new();
    let records = of(&clinic, r#"{"id": "note", "type": "text", "mode": "randomized", "required": true}"#);
    let refused = records.encrypt(&object(json!({"id": "1", "note": "x", "canary-name": "canary"}))).unwrap_err();
    assert_eq!((refused.code(), refused.detail()), (ErrorCode::UndeclaredField, Some("member 3")));
    assert_eq!(code(records.encrypt(&object(json!({"id": "1"})))), ErrorCode::MissingField);
    assert_eq!(code(records.encrypt(&object(json!({"id": "1", "note": null})))), ErrorCode::MissingField);
    let sealed = records.encrypt(&object(json!({"id": "1", "note": "x"}))).unwrap();
    let plain = sealed.clone().with("note", json!("x"));
    assert_eq!(code(records.decrypt(&plain)), ErrorCode::WrongStoredForm);
    let number = sealed.with("note", json!(7));
    assert_eq!(code(records.decrypt(&number)), ErrorCode::NotAnEnvelope);
}

#[test]
fn record_ids_are_taken_from_the_record() {
    let clinic = Clinic::new();
    let records = of(&clinic, r#"{"id": "note", "type": "text", "mode": "randomized"}"#);
    for wrong in [
        json!({"note": "x"}),
        json!({"id": null, "note": "x"}),
        json!({"id": 7, "note": "x"}),
        json!({"id": ["1"], "note": "x"}),
    ] {
        assert_eq!(code(records.encrypt(&object(wrong))), ErrorCode::RecordIdInvalid);
    }
    let composite = Schema::from_json(
        r#"{"format": "fieldward-schema", "version": 1, "table": "t",
            "record_id": [{"path": "site.code", "type": "text"}, {"path": "number", "type": "i64"}],
            "clear": ["site"], "fields": [{"id": "note", "type": "text", "mode": "randomized"}]}"#,
    );
    let records = clinic.keyring.records(&composite.unwrap(), None).unwrap();
    let row = object(json!({"site": {"code": "a"}, "number": 12, "note": "x"}));
    let sealed = records.encrypt(&row).unwrap();
    assert_eq!(records.decrypt(&sealed).unwrap(), row);
    assert_eq!(code(records.decrypt(&sealed.with("number", json!(1)))), ErrorCode::AuthenticationFailed);
}

#[test]
fn shapes_that_do_not_fit() {
    let clinic = Clinic::new();
    let patients = fhir(&clinic);
    for (member, shape) in [
        ("identifier", json!("text")),
        ("identifier", json!({"type": {"coding": []}})),
        ("telecom", json!(7)),
        ("name", json!([["Ana"]])),
        ("name", json!([{"given": "Ana"}])),
        ("address", json!([1])),
    ] {
        let mut wrong = patient();
        wrong[member] = shape.clone();
        assert_eq!(code(patients.encrypt(&wrong)), ErrorCode::RecordShape, "{member} {shape}");
    }
    for (member, shape) in
        [("identifier", json!(null)), ("name", json!([null, {"given": null}])), ("telecom", json!([]))]
    {
        let mut fine = patient();
        fine[member] = shape.clone();
        let sealed = patients.encrypt(&fine).unwrap();
        assert_eq!(patients.decrypt(&sealed).unwrap(), fine, "{member} {shape}");
    }
    let mut deep = json!(1);
    for _ in 0..200 {
        deep = json!([deep]);
    }
    let mut wrong = patient();
    wrong.insert("other".into(), deep);
    assert_eq!(code(patients.encrypt(&wrong)), ErrorCode::RecordTooDeep);
    let mut taken = patient();
    taken.insert("ssn_exact".into(), json!("x"));
    assert_eq!(code(patients.encrypt(&taken)), ErrorCode::RecordShape, "an index's column");
}

#[test]
fn a_filter_never_looks_at_what_is_encrypted() {
    for (paths, expected) in [
        (["telecom[system=phone].value", "telecom[system=email].system"], ErrorCode::SchemaInvalid),
        (["telecom[value=1].use", "telecom[].value"], ErrorCode::SchemaInvalid),
        (["identifier[type.coding.code=SS].value", "identifier[use=x].type.coding[].code"], ErrorCode::SchemaInvalid),
    ] {
        let fields = paths.iter().enumerate().map(|(at, path)| {
            format!(r#"{{"id": "f{at}", "path": "{path}", "type": "text", "mode": "randomized", "stored": "text"}}"#)
        });
        let text = format!(
            r#"{{"format": "fieldward-schema", "version": 1, "table": "t", "undeclared": "clear", "fields": [{}]}}"#,
            fields.collect::<Vec<_>>().join(",")
        );
        assert_eq!(code(Schema::from_json(&text)), expected, "{paths:?}");
    }
}

#[test]
fn structs_go_in_and_out() {
    #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
    struct Row {
        id: String,
        note: Option<String>,
    }
    let clinic = Clinic::new();
    let records = of(&clinic, r#"{"id": "note", "type": "text", "mode": "randomized"}"#);
    let row = Row { id: "1".into(), note: Some("x".into()) };
    let sealed = records.encrypt_from(&row).unwrap();
    assert_eq!(records.decrypt_into::<Row>(&sealed).unwrap(), row);
    assert_eq!(code(records.encrypt_from(&7)), ErrorCode::SerializationFailed);
    let error = records.decrypt_into::<Vec<u8>>(&sealed).unwrap_err();
    assert_eq!(error.code(), ErrorCode::SerializationFailed);
    assert!(std::error::Error::source(&error).is_none());
}

#[test]
fn records_move_to_the_current_key() {
    let clinic = Clinic::new();
    let patients = fhir(&clinic);
    let sealed = patients.encrypt(&patient()).unwrap();
    assert!(!patients.needs_rotation(&sealed).unwrap());
    clinic.keyring.rotate(RotateOptions::activate_immediately()).unwrap();
    assert!(patients.needs_rotation(&sealed).unwrap());
    let moved = patients.reencrypt(&sealed).unwrap();
    assert!(moved.is_trusted && !patients.needs_rotation(&moved.record).unwrap());
    assert_eq!(moved.record.index_values(), sealed.index_values(), "index keys stay");
    assert_eq!(patients.reindex(&sealed).unwrap(), sealed.index_values());
    assert_eq!(patients.decrypt(&moved.record).unwrap(), patient());
    let forged = sealed.clone().with_index_value("ssn_exact", IndexValue::Many(vec![vec![0; 16]]));
    assert_eq!(code(patients.reencrypt(&forged)), ErrorCode::AuthenticationFailed);
    let batch = patients.reencrypt_batch([&sealed, &forged, &sealed]);
    assert_eq!(batch.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);

    clinic.keyring.mark_compromised(1, "leaked").unwrap();
    assert_eq!(code(patients.reencrypt(&sealed)), ErrorCode::KeyCompromised);
    let allowed = clinic.keyring.allow(KeyState::Compromised, "moving").unwrap();
    let moved = allowed.records(patients.schema(), None).unwrap().reencrypt(&sealed).unwrap();
    assert!(!moved.is_trusted);
    assert_eq!(patients.decrypt(&moved.record).unwrap(), patient());
}

#[test]
fn nothing_of_a_record_shows_in_debug() {
    let clinic = Clinic::new();
    let patients = fhir(&clinic);
    let sealed = patients.encrypt(&patient()).unwrap();
    let opened = patients.open(&sealed).unwrap();
    let said = format!("{sealed:?} {opened:?} {:?} {patients:?}", sealed.cell("id"));
    for word in ["p-1", "Ana", "999", "in the clear"] {
        assert!(!said.contains(word), "{word}");
    }
    let _ = record("1");
}

/// Two filters that choose one element, and the rest of an array: the field declared first takes it, in both directions.
#[test]
fn the_first_declared_takes_what_two_would() {
    let clinic = Clinic::new();
    let schema = Schema::from_json(
        r#"{"format": "fieldward-schema", "version": 1, "table": "patients", "undeclared": "clear",
            "record_id": [{"path": "id", "type": "text"}], "fields": [
            {"id": "ssn", "path": "identifier[system=us-ssn].value", "type": "text", "mode": "randomized", "stored": "text",
             "indexes": [{"name": "exact", "column": "ssn_exact", "transform": "exact"}]},
            {"id": "number", "path": "identifier[type.coding.code=MR].value", "type": "text", "mode": "randomized", "stored": "text",
             "indexes": [{"name": "exact", "column": "number_exact", "transform": "exact"}]},
            {"id": "others", "path": "identifier[].value", "type": "text", "mode": "randomized", "stored": "text"}]}"#,
    );
    let patients = clinic.keyring.records(&schema.unwrap(), None).unwrap();
    let row = object(json!({"id": "1", "identifier": [
        {"system": "us-ssn", "type": {"coding": [{"code": "MR"}]}, "value": "both"},
        {"type": {"coding": [{"code": "MR"}]}, "value": "MRN-1"},
        {"value": "neither"}
    ]}));
    let sealed = patients.encrypt(&row).unwrap();
    let text = serde_json::to_string(&sealed.to_document().unwrap()).unwrap();
    for secret in ["both", "MRN-1", "neither"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let count = |column: &str| sealed.index_value(column).unwrap().all().len();
    assert_eq!((count("ssn_exact"), count("number_exact")), (1, 1));
    assert_eq!(patients.decrypt(&sealed).unwrap(), row);
    assert!(patients.matches("ssn", "exact", &Value::from("both"), &sealed).unwrap());
    assert!(!patients.matches("number", "exact", &Value::from("both"), &sealed).unwrap());
    let moved = patients.reencrypt(&sealed).unwrap().record;
    assert_eq!(patients.decrypt(&moved).unwrap(), row);
    assert_eq!(patients.envelopes(&moved).unwrap().len(), 3);
}
