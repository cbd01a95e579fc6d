//! The Rust part of the exchange between languages: `core/vectors/exchange/README.md` says what it writes and checks.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use fieldward::{
    ErrorCode, FieldCipher, FieldSpec, FileStore, Keyring, KeyringBuilder, LocalKeyProvider, Mode, RecordCipher,
    RecordId, RotateOptions, Schema, Stored, StoredRef, Value,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const USAGE: &str = "usage: exchange write DIR | exchange read DIR LANGUAGE...";
const INPUTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/vectors/exchange/inputs.json");

/// What every language is given.
#[derive(Deserialize)]
struct Inputs {
    schema: Json,
    record_id: Typed,
    other_record_id: Typed,
    values: Vec<Item>,
    records: Vec<Map<String, Json>>,
    queries: Vec<Query>,
}

/// A value in the form of the vectors: its type beside one member.
type Typed = BTreeMap<String, Json>;

#[derive(Deserialize)]
struct Item {
    id: String,
    field: String,
    value: Typed,
}

#[derive(Deserialize)]
struct Query {
    id: String,
    field: String,
    index: Option<String>,
    value: Typed,
    column: String,
    finds: Vec<i64>,
}

/// What a language writes.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Corpus {
    values: BTreeMap<String, String>,
    records: Vec<Map<String, Json>>,
    tokens: BTreeMap<String, BTreeSet<String>>,
}

fn main() -> Outcome {
    let inputs: Inputs = serde_json::from_slice(&fs::read(INPUTS)?)?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["write", directory] => write(&inputs, &Path::new(directory).join("rust")),
        ["read", directory, languages @ ..] if !languages.is_empty() => {
            for language in languages {
                read(&inputs, language, &Path::new(directory).join(language))
                    .map_err(|error| format!("rust reads {language}: {error}"))?;
            }
            Ok(())
        }
        _ => Err(USAGE.into()),
    }
}

fn builder(language: &str, directory: &Path, provider: LocalKeyProvider) -> KeyringBuilder {
    Keyring::builder(format!("exchange-{language}"))
        .provider("primary", provider)
        .store(FileStore::new(directory.join("keys")))
        .no_pin("the keyring of another language is read once")
}

fn write(inputs: &Inputs, directory: &Path) -> Outcome {
    fs::create_dir_all(directory)?;
    let keyring = builder("rust", directory, LocalKeyProvider::create_file(directory.join("root.key"))?).create()?;
    let patients = keyring.records(&Schema::from_json(&inputs.schema.to_string())?, None)?;
    let record_id = record_id(&inputs.record_id)?;
    let mut corpus = Corpus::default();

    let (first_values, later_values) = inputs.values.split_at(inputs.values.len() / 2);
    let (first_records, later_records) = inputs.records.split_at(2);
    for (values, records) in [(first_values, first_records), (later_values, later_records)] {
        if !corpus.values.is_empty() {
            keyring.rotate(RotateOptions::activate_immediately())?;
        }
        for item in values {
            let field = patients.field(&item.field)?;
            let stored = field.encrypt(Some(&value(&item.value)?), bound(field, &record_id))?;
            corpus.values.insert(item.id.clone(), stored.text().ok_or("text")?.to_owned());
        }
        for record in records {
            corpus.records.push(patients.encrypt(record)?.to_document()?);
        }
    }
    for query in &inputs.queries {
        corpus.tokens.insert(query.id.clone(), tokens(&patients, query)?);
    }
    fs::write(directory.join("corpus.json"), serde_json::to_string_pretty(&corpus)?)?;
    Ok(())
}

fn read(inputs: &Inputs, language: &str, directory: &Path) -> Outcome {
    let corpus: Corpus = serde_json::from_slice(&fs::read(directory.join("corpus.json"))?)?;
    let keyring = builder(language, directory, LocalKeyProvider::from_file(directory.join("root.key"))?).open()?;
    let patients = keyring.records(&Schema::from_json(&inputs.schema.to_string())?, None)?;

    check(keyring.status()?.versions.len() == 2, "versions")?;
    check(corpus.values.len() == inputs.values.len(), "the number of values")?;
    for item in &inputs.values {
        let stored = corpus.values.get(&item.id).ok_or_else(|| item.id.clone())?;
        read_value(inputs, &patients, item, stored).map_err(|error| format!("{}: {error}", item.id))?;
    }
    check(corpus.records.len() == inputs.records.len(), "the number of records")?;
    for (stored, record) in corpus.records.iter().zip(&inputs.records) {
        check(patients.decrypt(&patients.read_document(stored))? == *record, "a record")?;
    }
    check(corpus.tokens.len() == inputs.queries.len(), "the number of queries")?;
    for query in &inputs.queries {
        let tokens = tokens(&patients, query)?;
        check(corpus.tokens.get(&query.id) == Some(&tokens), &query.id)?;
        let is_found = |record: &&Map<String, Json>| {
            record.get(&query.column).and_then(Json::as_str).is_some_and(|cell| tokens.contains(cell))
        };
        let found: Vec<_> =
            corpus.records.iter().filter(is_found).filter_map(|record| record.get("id")?.as_i64()).collect();
        check(found == query.finds, &query.id)?;
    }
    Ok(())
}

fn read_value(inputs: &Inputs, patients: &RecordCipher, item: &Item, stored: &str) -> Outcome {
    let stored = StoredRef::Text(stored);
    let field = patients.field(&item.field)?;
    let record_id_of_all = record_id(&inputs.record_id)?;
    let decrypted = field.decrypt(stored, bound(field, &record_id_of_all))?.ok_or("null")?;
    check(is_same(&decrypted, &value(&item.value)?), "another value")?;

    let refused = |result: fieldward::Result<Option<Value>>, what| {
        check(result.is_err_and(|error| error.code() == ErrorCode::AuthenticationFailed), what)
    };
    if field.spec().mode() == Mode::Randomized {
        refused(field.decrypt(stored, Some(&record_id(&inputs.other_record_id)?)), "under another record id")?;
    }
    let is_twin = |other: &&Arc<FieldSpec>| {
        let spec = field.spec();
        other.id() != spec.id() && other.mode() == spec.mode() && other.value_type() == spec.value_type()
    };
    if let Some(other) = patients.schema().fields().iter().find(is_twin) {
        let other = patients.field(other.id())?;
        refused(other.decrypt(stored, bound(other, &record_id_of_all)), "in another field")?;
    }
    Ok(())
}

fn check(holds: bool, what: &str) -> Outcome {
    if holds { Ok(()) } else { Err(what.into()) }
}

/// Randomized values are bound to their record, deterministic ones to none.
fn bound<'a>(field: &FieldCipher, record: &'a RecordId) -> Option<&'a RecordId> {
    (field.spec().mode() == Mode::Randomized).then_some(record)
}

fn tokens(patients: &RecordCipher, query: &Query) -> Outcome<BTreeSet<String>> {
    let field = patients.field(&query.field)?;
    let value = value(&query.value)?;
    Ok(match &query.index {
        Some(index) => field.query(index, &value)?.hex_tokens().into_iter().collect(),
        None => field.tokens(&value)?.iter().filter_map(Stored::text).map(str::to_owned).collect(),
    })
}

fn record_id(typed: &Typed) -> Outcome<RecordId> {
    match value(typed)? {
        Value::I64(number) => Ok(RecordId::integer(number)?),
        _ => Err("record ids are integers here".into()),
    }
}

fn value(typed: &Typed) -> Outcome<Value> {
    let member = |name: &str| typed.get(name).ok_or_else(|| format!("no {name}"));
    let text = |name: &str| Ok::<_, Box<dyn Error>>(member(name)?.as_str().ok_or("not a string")?.to_owned());
    Ok(match text("type")?.as_str() {
        "bytes" => Value::Bytes(hex(&text("hex")?)?),
        "text" => Value::Text(text("text")?),
        "i64" => Value::I64(text("number")?.parse()?),
        "f64" => Value::F64(f64::from_bits(u64::from_str_radix(&text("bits")?, 16)?)),
        "bool" => Value::Bool(member("bool")?.as_bool().ok_or("not a bool")?),
        "date" => Value::Date(text("text")?.parse()?),
        "timestamp" => Value::Timestamp(text("text")?.parse()?),
        "decimal" => Value::Decimal(text("text")?.parse()?),
        "json" => Value::Json(text("text")?),
        "uuid" => Value::Uuid(hex(&text("text")?.replace('-', ""))?.try_into().map_err(|_| "not a UUID")?),
        _ => return Err("an unknown type".into()),
    })
}

/// Floats by their bits: NaN is itself, and the zeros differ.
fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::F64(left), Value::F64(right)) => left.to_bits() == right.to_bits(),
        _ => left == right,
    }
}

fn hex(digits: &str) -> Outcome<Vec<u8>> {
    digits.as_bytes().chunks(2).map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?)).collect()
}
