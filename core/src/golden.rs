//! The golden vectors, run against this crate. `vectors/README.md` says what they are.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod lower;
mod record;
mod schema;
mod search;

use std::fs;
use std::path::Path;

use serde_json::{Map, Value as Json, json};

use crate::error::Result;
use crate::keyring;

/// Runs one case; `None` if the operation belongs to another room.
type Run = fn(op: &str, input: &Json) -> Option<Result<Json>>;

/// Every room with the number of its cases: a file that shrinks or a runner that skips is noticed.
const ROOMS: &[(&str, Run, usize)] = &[
    ("value", lower::run, 146),
    ("context", lower::run, 44),
    ("derive", lower::run, 13),
    ("suite", lower::run, 34),
    ("envelope", lower::run, 114),
    ("keyring", keyring::golden::run, 239),
    ("search", search::run, 175),
    ("schema", schema::run, 191),
    ("record", record::run, 92),
];

#[test]
fn every_vector() {
    for (room, run, expected_count) in ROOMS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(format!("{room}.json"));
        let file: Json = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let cases = file["cases"].as_array().unwrap();
        assert_eq!(cases.len(), *expected_count, "{room}");
        for case in cases {
            let name = format!("{room}/{}", case["id"].as_str().unwrap());
            let op = case["op"].as_str().unwrap();
            let Some(result) = run(op, &case["input"]) else { panic!("{name}: no operation {op}") };
            let actual = result.unwrap_or_else(|error| json!({ "error": error.code().as_str() }));
            assert_eq!(actual, case["expect"], "{name}");
        }
    }
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
