use fieldward::Schema;
use serde_json::json;

use super::*;

fn kind(text: &str) -> InputKind {
    parse(text.as_bytes()).unwrap().kind
}

#[test]
fn every_builtin_schema_is_valid() {
    for kind in [InputKind::Sample, InputKind::SyntheaCsv, InputKind::FhirPatients] {
        Schema::from_json(builtin_schema(kind).unwrap()).unwrap();
    }
    assert!(builtin_schema(InputKind::Csv).is_none() && builtin_schema(InputKind::Ndjson).is_none());
}

#[test]
fn csv_cells_are_text_and_empty_ones_null() {
    let input = parse("\u{feff}name,note\nAna,\"a, \"\"b\"\"\nc\"\n,x\n".as_bytes()).unwrap();
    assert_eq!(input.kind, InputKind::Csv);
    let records: Vec<_> = input.records.into_iter().map(Value::Object).collect();
    assert_eq!(records, [json!({"name": "Ana", "note": "a, \"b\"\nc"}), json!({"name": null, "note": "x"})]);
}

#[test]
fn kinds_are_recognised() {
    assert_eq!(kind(&format!("{}\n", crate::sample::HEADERS.join(","))), InputKind::Sample);
    assert_eq!(kind("Id,BIRTHDATE,DEATHDATE,SSN,DRIVERS,PASSPORT,FIRST,LAST,ADDRESS\n"), InputKind::SyntheaCsv);
    assert_eq!(kind(r#"{"resourceType": "Patient", "id": "1"}"#), InputKind::FhirPatients);
    let bundle = r#"{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Encounter"}}, {"resource": {"resourceType": "Patient", "id": "1"}}]}"#;
    let read = parse(bundle.as_bytes()).unwrap();
    assert_eq!((read.kind, read.records.len()), (InputKind::FhirPatients, 1));
    assert_eq!(kind("{\"a\": 1}\n\n{\"a\": 2}\n"), InputKind::Ndjson);
    let patients = "{\"resourceType\": \"Patient\"}\n{\"resourceType\": \"Patient\"}";
    assert_eq!(kind(patients), InputKind::FhirPatients);
}

#[test]
fn what_is_malformed_is_named_by_line_and_never_quoted() {
    for (text, said) in [
        ("", "empty"),
        ("a,a\n1,2\n", "line 1: a header is empty or stands twice"),
        ("a,b\n1,2\ncanary\n", "line 3: not a row of as many cells as there are headers, in UTF-8"),
        ("a,b\r\n1,2\r\ncanary\r\n", "line 3: not a row of as many cells as there are headers, in UTF-8"),
        ("{\"a\": 1}\ncanary\n", "line 2: not a JSON object"),
        ("a,b\n1,\"canary\n2,3\n", "a quote is opened and not closed"),
        ("{\"resourceType\": \"Bundle\", \"entry\": []}", "the Bundle has no Patient"),
        ("{\"resourceType\": \"Bundle\"}", "a Bundle without entries"),
    ] {
        let error = parse(text.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), said);
        assert!(!format!("{error:?}").contains("canary"));
    }
    assert!(matches!(parse(b"{\"a\": 1}\n{\"a\": \"\xff\"}\n"), Err(InputError::Line(2, _))));
    assert!(matches!(parse(b"a,b\n\xff,1\n"), Err(InputError::Line(2, _))));
    assert!(matches!(read(Path::new("no such file")), Err(InputError::Io(_))));
}
