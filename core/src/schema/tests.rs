#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::error::ErrorCode;

fn with(fields: &str) -> Result<Schema> {
    Schema::from_json(&format!(
        r#"{{"format": "fieldward-schema", "version": 1, "table": "t", "record_id": [{{"path": "id", "type": "text"}}], "fields": [{fields}]}}"#
    ))
}

fn code(fields: &str) -> ErrorCode {
    with(fields).unwrap_err().code()
}

#[test]
fn the_patient_preset() {
    let schema = Schema::patient().unwrap();
    let names: Vec<_> = schema.fields().iter().map(|field| field.id()).collect();
    assert_eq!(names, ["ssn", "medical_record_number", "phone_number", "email", "address", "emergency_contact"]);
    assert_eq!(schema.field("medical_record_number").unwrap().mode(), Mode::Deterministic);
    let columns: Vec<_> =
        schema.fields().iter().flat_map(|field| field.indexes()).map(|index| index.column().to_owned()).collect();
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
}

#[test]
fn json_and_toml_are_one_model() {
    let json = with(
        r#"{"id": "s1", "name": "ssn", "aliases": ["SSN"], "type": "text", "mode": "randomized", "padding": {"block": 16},
            "indexes": [{"name": "last4", "transform": {"last": 4}, "normalizer": ["digits"], "normalizer_version": 1, "bits": 20,
                         "accept_leak": ["low_cardinality"]}]}"#,
    )
    .unwrap();
    let toml = Schema::from_toml(
        r#"
        format = "fieldward-schema"
        version = 1
        table = "t"
        record_id = [{ path = "id", type = "text" }]
        [[fields]]
        id = "s1"
        name = "ssn"
        aliases = ["SSN"]
        type = "text"
        mode = "randomized"
        padding = { block = 16 }
        [[fields.indexes]]
        name = "last4"
        transform = { last = 4 }
        normalizer = ["digits"]
        bits = 20
        accept_leak = ["low_cardinality"]
        "#,
    )
    .unwrap();
    assert_eq!(json.fields(), toml.fields());
    for name in ["s1", "ssn", "SSN"] {
        assert_eq!(toml.field(name).unwrap().id(), "s1");
    }
    assert_eq!(toml.fields()[0].indexes()[0].column(), "ssn_last4");
    assert_eq!(toml.fields()[0].path().as_name(), Some("ssn"));
}

#[test]
fn unknown_options_are_refused() {
    for fields in [
        r#"{"id": "a", "type": "text", "mode": "randomized", "nonce": "00"}"#,
        r#"{"id": "a", "type": "text", "mode": "randomised"}"#,
        r#"{"id": "a", "type": "string", "mode": "randomized"}"#,
        r#"{"id": "a", "type": "text", "mode": "randomized", "accepts": ["anything"]}"#,
        r#"{"id": "a", "type": "text", "mode": "randomized", "accept_leak": ["everything"]}"#,
        r#"{"id": "a", "type": "text", "mode": "randomized", "reads_also": [{"key": "x"}]}"#,
        r#"{"id": "a", "type": "text", "mode": "randomized", "indexes": [{"name": "x", "transform": "order"}]}"#,
        r#"{"id": "a", "type": "text", "mode": "deterministic", "search_domain": "d"}"#,
    ] {
        assert_eq!(code(fields), ErrorCode::SchemaUnknownOption, "{fields}");
    }
}

#[test]
fn duplicates_are_refused() {
    for fields in [
        r#"{"id": "a", "id": "b", "type": "text", "mode": "randomized"}"#,
        r#"{"id": "a", "type": "text", "mode": "randomized"}, {"id": "a", "type": "text", "mode": "randomized"}"#,
        r#"{"id": "a", "type": "text", "mode": "randomized"}, {"id": "b", "name": "a", "type": "text", "mode": "randomized"}"#,
        r#"{"id": "a", "aliases": ["b"], "type": "text", "mode": "randomized"}, {"id": "b", "type": "text", "mode": "randomized"}"#,
        r#"{"id": "a", "path": "x.y", "stored": "text", "type": "text", "mode": "randomized"},
           {"id": "b", "path": "x", "type": "json", "mode": "randomized"}"#,
        r#"{"id": "a", "path": "x[].y", "stored": "text", "type": "text", "mode": "randomized"},
           {"id": "b", "path": "x[k=v].y", "stored": "text", "type": "text", "mode": "randomized"}"#,
        r#"{"id": "a", "type": "text", "mode": "randomized", "indexes": [{"name": "x", "transform": "exact"}, {"name": "x", "column": "y", "transform": "exact"}]}"#,
        r#"{"id": "a", "type": "text", "mode": "randomized", "indexes": [{"name": "x", "column": "a", "transform": "exact"}]}"#,
    ] {
        assert_eq!(code(fields), ErrorCode::SchemaDuplicate, "{fields}");
    }
}

#[test]
fn contradictions_are_refused() {
    for fields in [
        r#"{"id": "a", "type": "f64", "mode": "deterministic"}"#,
        r#"{"id": "a", "type": "timestamp", "mode": "deterministic"}"#,
        r#"{"id": "a", "type": "json", "mode": "deterministic"}"#,
        r#"{"id": "a", "type": "text", "mode": "deterministic", "record_binding": "required"}"#,
        r#"{"id": "a", "type": "text", "mode": "randomized", "store": "normalized", "normalizer": "digits"}"#,
        r#"{"id": "a", "type": "text", "mode": "deterministic", "normalizer": "digits"}"#,
        r#"{"id": "a", "type": "text", "mode": "deterministic", "store": "normalized"}"#,
        r#"{"id": "a", "type": "text", "mode": "deterministic", "store": "normalized", "normalizer": "digits", "normalizer_version": 2}"#,
        r#"{"id": "a", "type": "i64", "mode": "randomized", "accepts": ["plaintext"]}"#,
        r#"{"id": "a", "path": "x.y", "type": "text", "mode": "randomized"}"#,
        r#"{"id": "a", "path": "x[k=v]", "stored": "text", "type": "text", "mode": "randomized"}"#,
        r#"{"id": "a", "path": "id", "type": "text", "mode": "randomized"}"#,
        r#"{"id": "a", "path": "x..y", "stored": "text", "type": "text", "mode": "randomized"}"#,
        r#"{"id": "a", "type": "text", "mode": "randomized", "padding": {"block": 1}}"#,
    ] {
        assert_eq!(code(fields), ErrorCode::SchemaInvalid, "{fields}");
    }
    let neither = r#"{"format": "fieldward-schema", "version": 1, "table": "t", "fields": []}"#;
    assert_eq!(Schema::from_json(neither).unwrap_err().code(), ErrorCode::SchemaInvalid);
    let unbound = r#"{"format": "fieldward-schema", "version": 1, "table": "t", "record_binding": "none",
        "fields": [{"id": "a", "type": "text", "mode": "randomized", "record_binding": "required"}]}"#;
    assert_eq!(Schema::from_json(unbound).unwrap_err().code(), ErrorCode::SchemaInvalid);
}

#[test]
fn cycles_are_refused() {
    for fields in [
        r#"{"id": "a", "type": "text", "mode": "randomized", "reads_also": [{}]}"#,
        r#"{"id": "a", "type": "text", "mode": "randomized", "reads_also": [{"mode": "randomized", "field": "a"}]}"#,
        r#"{"id": "a", "type": "text", "mode": "randomized", "reads_also": [{"field": "b"}]},
           {"id": "b", "type": "text", "mode": "randomized", "reads_also": [{"field": "c"}]},
           {"id": "c", "type": "text", "mode": "randomized", "reads_also": [{"field": "a"}]}"#,
    ] {
        assert_eq!(code(fields), ErrorCode::SchemaCycle, "{fields}");
    }
}

#[test]
fn leaks_are_accepted_by_name() {
    assert_eq!(code(r#"{"id": "a", "type": "bool", "mode": "deterministic"}"#), ErrorCode::SchemaLeakNotAccepted);
    with(r#"{"id": "a", "type": "bool", "mode": "deterministic", "accept_leak": ["low_cardinality"]}"#).unwrap();
}

#[test]
fn syntax_size_and_names() {
    for text in ["", "{", "[]", "{\"format\": \"x\"}", &"[".repeat(10_000)] {
        assert_eq!(Schema::from_json(text).unwrap_err().code(), ErrorCode::SchemaSyntax);
        assert!(Schema::from_toml(text).is_err());
    }
    assert_eq!(Schema::from_json(&" ".repeat(MAX_SCHEMA_LEN + 1)).unwrap_err().code(), ErrorCode::SchemaTooLarge);
    for id in ["", "a b", "é", "a/b", &"x".repeat(129)] {
        assert_eq!(code(&format!(r#"{{"id": "{id}", "type": "text", "mode": "randomized"}}"#)), ErrorCode::InvalidName);
    }
    let many: Vec<_> = (0..513).map(|n| format!(r#"{{"id": "f{n}", "type": "text", "mode": "randomized"}}"#)).collect();
    assert_eq!(code(&many.join(",")), ErrorCode::SchemaTooLarge);
}

#[test]
fn paths_have_one_text() {
    for text in [
        "a",
        "a.b-c.$d",
        "items[].value",
        "identifier[type.coding.code=SS].value",
        "\"a b\".c",
        "x[\"k k\".l=\"v]v\"].y",
        "\"q\\\"q\"",
    ] {
        assert_eq!(text.parse::<Path>().unwrap().to_string(), text);
    }
    for text in ["", ".", "a.", ".a", "a[", "a]", "a[=b]", "a[b]", "a[b=]", "a b", "a[]b", "\"", "a[b=c", "é"] {
        assert_eq!(text.parse::<Path>().unwrap_err().code(), ErrorCode::SchemaInvalid, "{text}");
    }
    assert!(vec!["a"; 32].join(".").parse::<Path>().is_ok());
    assert!(vec!["a"; 33].join(".").parse::<Path>().is_err());
}
