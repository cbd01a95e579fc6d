//! FHIR in JSON, and NDJSON.

use serde_json::{Map, Value};

use super::{Input, InputError, InputKind};

/// One document, or one object a line.
pub(super) fn parse(bytes: &[u8]) -> Result<Input, InputError> {
    if let Ok(Value::Object(document)) = serde_json::from_slice(bytes) {
        return document_of(document);
    }
    let mut records = Vec::new();
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice(line) {
            Ok(Value::Object(record)) => records.push(record),
            _ => return Err(InputError::Line(number, "not a JSON object")),
        }
    }
    let kind = if records.iter().all(is_patient) { InputKind::FhirPatients } else { InputKind::Ndjson };
    Ok(Input { kind, records })
}

fn document_of(document: Map<String, Value>) -> Result<Input, InputError> {
    if is_patient(&document) {
        return Ok(Input { kind: InputKind::FhirPatients, records: vec![document] });
    }
    if document.get("resourceType").and_then(Value::as_str) != Some("Bundle") {
        // One record of an NDJSON file.
        return Ok(Input { kind: InputKind::Ndjson, records: vec![document] });
    }
    let entries =
        document.get("entry").and_then(Value::as_array).ok_or(InputError::Document("a Bundle without entries"))?;
    let resources = entries.iter().filter_map(|entry| entry.get("resource").and_then(Value::as_object));
    let records: Vec<_> = resources.filter(|resource| is_patient(resource)).cloned().collect();
    match records.is_empty() {
        true => Err(InputError::Document("the Bundle has no Patient")),
        false => Ok(Input { kind: InputKind::FhirPatients, records }),
    }
}

fn is_patient(resource: &Map<String, Value>) -> bool {
    resource.get("resourceType").and_then(Value::as_str) == Some("Patient")
}
