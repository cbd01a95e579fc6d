//! Hooks for the fuzz targets: each takes any bytes, and panics only if an invariant breaks. Not part of the stable API.

#![allow(clippy::panic, reason = "a fuzz target reports by panicking")]

use std::collections::BTreeMap;

use crate::audit::{AuditKeys, verify_audit};
use crate::context::{FieldContext, RecordId, RecordIdPart};
use crate::derive::{Label, field_info};
use crate::envelope::{Envelope, decode_text, encode_text, inspect};
use crate::keyring::fuzzed_document;
use crate::schema::Schema;
use crate::secret::SecretKey;
use crate::value::{Padding, Value};

/// Bytes, or the text form, as an envelope. What is accepted comes back the same.
pub fn envelope(data: &[u8]) {
    if let Ok(envelope) = Envelope::parse(data) {
        let again = [envelope.header.to_bytes().as_slice(), envelope.sealed].concat();
        assert!(again == data, "an accepted envelope is its header and its sealed part");
        assert!(inspect(data).is_ok_and(|found| found.header == envelope.header));
    }
    if let Ok(text) = std::str::from_utf8(data) {
        assert!(Envelope::parse(data).is_err(), "no text is an envelope");
        if let Ok(bytes) = decode_text(text) {
            assert!(encode_text(&bytes) == text, "one text form for each envelope");
        }
    }
}

/// Bytes as an authenticated value. What is accepted encodes to a value that decodes equal.
pub fn value(data: &[u8]) {
    if let Ok(value) = Value::decode(data) {
        let mut encoded = Vec::new();
        assert!(value.encode_into(Padding::None, &mut encoded).is_ok(), "what was decoded encodes");
        let mut again = Vec::new();
        let decoded = Value::decode(&encoded);
        assert!(decoded.is_ok_and(|value| value.encode_into(Padding::None, &mut again).is_ok()));
        assert!(encoded == again, "encoding is stable");
        let _ = value.search_bytes();
    }
}

/// Text as a schema, in JSON and in TOML.
pub fn schema(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for schema in [Schema::from_json(text), Schema::from_toml(text)].into_iter().flatten() {
        for field in schema.fields() {
            let path = field.path().to_string();
            assert!(
                path.parse().is_ok_and(|path: crate::Path| path == *field.path()),
                "a path is read as it is written"
            );
            assert!(schema.field(field.id()).is_some_and(|found| found.id() == field.id()));
        }
    }
}

/// Bytes as a keyring document: as they are, and under a MAC that holds.
pub fn keyring_document(data: &[u8]) {
    fuzzed_document(data);
}

/// Bytes cut into two places. Two that differ never encode alike.
pub fn context(data: &[u8]) {
    let Some((cuts, rest)) = data.split_first_chunk::<8>() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let place = |cuts: &[u8]| {
        let at = |cut: u8| (0..=usize::from(cut).min(text.len())).rev().find(|at| text.is_char_boundary(*at));
        let (one, two) = text.split_at(at(*cuts.first()?)?);
        let (two, three) =
            two.split_at((0..=usize::from(*cuts.get(1)?).min(two.len())).rev().find(|at| two.is_char_boundary(*at))?);
        let tenant = (cuts.get(2)? & 1 == 1).then_some(one);
        let record = match cuts.get(3)? & 1 {
            0 => RecordId::text(three),
            _ => RecordId::new([RecordIdPart::Bytes(two.as_bytes().to_vec()), RecordIdPart::Text(three.to_owned())]),
        };
        let context = FieldContext::new(tenant, two, three).ok()?;
        Some(((tenant, two, three), record.ok()?, context))
    };
    let (first, second) = cuts.split_at(4);
    let (Some((one, one_id, one_context)), Some((two, two_id, two_context))) = (place(first), place(second)) else {
        return;
    };
    let info = |context| field_info(Label::Randomized, context).into_bytes();
    assert!((one == two) == (info(&one_context) == info(&two_context)), "places encode alike only if they are equal");
    assert!((one_id.parts() == two_id.parts()) == (one_id.canonical() == two_id.canonical()), "and record ids");
}

/// Text as an audit log.
pub fn audit(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(key) = SecretKey::from_slice(&[1; SecretKey::LEN]) else { return };
    if let Ok(report) = verify_audit(text.lines(), &AuditKeys::new(BTreeMap::from([(1, key)])), &[]) {
        let lines = u64::try_from(text.lines().count()).unwrap_or(u64::MAX);
        assert!(report.verified + report.unverifiable + report.unauthenticated + report.problem_count >= lines);
    }
}
