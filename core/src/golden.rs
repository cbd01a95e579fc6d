//! The golden vectors, run against this crate. `vectors/README.md` says what they are.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod lower;
mod record;
mod schema;
mod search;

use serde_json::{Map, Value as Json, json};

use crate::error::Result;
use crate::keyring;

/// Runs one case; `None` if the operation belongs to another room.
type Run = fn(op: &str, input: &Json) -> Option<Result<Json>>;

/// The rooms, each with its runner.
const ROOMS: &[(&str, Run)] = &[
    ("value", lower::run),
    ("context", lower::run),
    ("derive", lower::run),
    ("suite", lower::run),
    ("envelope", lower::run),
    ("keyring", keyring::golden::run),
    ("search", search::run),
    ("schema", schema::run),
    ("record", record::run),
];

/// Runs one case: its result, or `{"error": code}`. `None` if the room has no such operation.
#[must_use]
pub fn run(room: &str, op: &str, input: &Json) -> Option<Json> {
    let (_, run) = ROOMS.iter().find(|(name, _)| *name == room)?;
    run(op, input).map(|result| result.unwrap_or_else(|error| json!({ "error": error.code().as_str() })))
}

/// Bytes given as hexadecimal digits, or as a prefix and a filling.
pub(crate) fn bytes(source: &Json) -> Vec<u8> {
    match source {
        Json::String(text) => base16ct::lower::decode_vec(text).unwrap(),
        built => {
            let mut out = bytes(&built["prefix"]);
            out.resize(usize::try_from(built["len"].as_u64().unwrap()).unwrap(), bytes(&built["fill"])[0]);
            out
        }
    }
}

/// Text given as it is, or as a part and how often it stands.
fn text(source: &Json) -> String {
    source.as_str().map_or_else(
        || source["repeat"].as_str().unwrap().repeat(usize::try_from(source["times"].as_u64().unwrap()).unwrap()),
        Into::into,
    )
}

fn optional_bytes(source: &Json) -> Option<Vec<u8>> {
    (!source.is_null()).then(|| bytes(source))
}

pub(crate) fn array<const N: usize>(source: &Json) -> [u8; N] {
    bytes(source).try_into().unwrap()
}

pub(crate) fn hex(name: &str, bytes: &[u8]) -> Json {
    let mut object = Map::new();
    object.insert(name.into(), base16ct::lower::encode_string(bytes).into());
    Json::Object(object)
}

/// The number of cases of each room: a file that shrinks or a runner that skips is noticed.
#[cfg(test)]
const CASES: &[usize] = &[146, 44, 13, 34, 114, 239, 175, 191, 92];

#[test]
fn every_vector() {
    assert_eq!(ROOMS.len(), CASES.len());
    for ((room, _), expected_count) in ROOMS.iter().zip(CASES) {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(format!("{room}.json"));
        let file: Json = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let cases = file["cases"].as_array().unwrap();
        assert_eq!(cases.len(), *expected_count, "{room}");
        for case in cases {
            let name = format!("{room}/{}", case["id"].as_str().unwrap());
            let op = case["op"].as_str().unwrap();
            let Some(actual) = run(room, op, &case["input"]) else { panic!("{name}: no operation {op}") };
            assert_eq!(actual, case["expect"], "{name}");
        }
    }
}
