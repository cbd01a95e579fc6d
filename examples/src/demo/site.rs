//! Input, schema, keyring and database of one run.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use fieldward::{
    FilePin, FileStore, JsonLinesSink, Keyring, KeyringBuilder, ManualClock, PassphraseProvider, RecordCipher, Schema,
    SecretBytes, ValueType,
};
use serde_json::{Map, Value as Json};

use super::report::{Report, thousands};
use super::table::Table;
use super::{Failure, Options};
use crate::input::{self, InputKind};
use crate::sample;

/// How many patients the generated sample has.
const SAMPLE_PATIENTS: u32 = 5_000;
/// The keyring's id.
const KEYRING: &str = "demo";

pub(crate) type Record = Map<String, Json>;

/// Everything that the steps share.
pub(crate) struct Site {
    pub(crate) directory: PathBuf,
    pub(crate) schema: Schema,
    pub(crate) records: Vec<Record>,
    pub(crate) keyring: Keyring,
    pub(crate) clock: ManualClock,
    pub(crate) passphrase: String,
    /// The schema as it was read, for the second process.
    pub(crate) schema_text: String,
    /// The keyring document as it was first saved.
    pub(crate) first_document: Vec<u8>,
    pub(crate) cipher: RecordCipher,
    pub(crate) table: Table,
    /// How many records the first load takes; the rest is inserted while the key rotates.
    pub(crate) first_load: usize,
}

impl Site {
    pub(crate) fn set_up(options: &Options, directory: &Path, report: &mut Report) -> Result<Self, Failure> {
        let generated;
        let path = match &options.input {
            Some(path) => path.as_path(),
            None => {
                generated = directory.join("sample.csv");
                sample::write_csv(&generated, options.patients.unwrap_or(SAMPLE_PATIENTS))?;
                generated.as_path()
            }
        };
        let input = input::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let schema_text = schema_text(options.schema.as_deref(), input.kind)?;
        let is_toml = options.schema.as_deref().and_then(Path::extension).is_some_and(|extension| extension == "toml");
        let schema = if is_toml { Schema::from_toml(&schema_text)? } else { Schema::from_json(&schema_text)? };
        let mut records = input.records;
        if records.is_empty() {
            return Err("the input has no records".into());
        }
        let is_table = matches!(input.kind, InputKind::Sample | InputKind::SyntheaCsv | InputKind::Csv);
        if is_table {
            coerce(&mut records, &schema);
        }
        println!("input: {} records ({:?}), table {}", thousands(records.len()), input.kind, schema.table());
        let encrypted: Vec<_> = schema.fields().iter().map(|field| field.name().to_owned()).collect();
        println!("encrypted fields: {}", encrypted.join(", "));
        replace_identifying_ids(&mut records, &schema, report)?;

        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let clock = ManualClock::new(i64::try_from(now)?);
        let passphrase = "a passphrase that people remember".to_owned();
        let keyring = builder(directory, &clock, &passphrase)?
            .audit(JsonLinesSink::open(directory.join("audit.jsonl"))?)
            .create()?;
        let cipher = keyring.records(&schema, None)?;
        let members = match is_table {
            true => Some(records.first().map(|record| record.keys().cloned().collect()).unwrap_or_default()),
            false => None,
        };
        let table = Table::create(&directory.join("encrypted.sqlite"), &schema, members)?;
        let held_back = (records.len() / 10).min(500);
        let first_load = records.len() - held_back;
        let first_document = std::fs::read(document_path(directory))?;
        let directory = directory.to_owned();
        Ok(Self {
            directory,
            schema,
            records,
            keyring,
            clock,
            passphrase,
            schema_text,
            first_document,
            cipher,
            table,
            first_load,
        })
    }

    /// The record's id in the clear, for people.
    pub(crate) fn id_of(&self, row: usize) -> String {
        let first = self.schema.record_id().and_then(|parts| parts.first());
        let member = first.and_then(|part| self.records.get(row)?.get(part.path.segments().first()?.name.as_str()));
        member
            .map_or_else(|| format!("row {row}"), |json| json.as_str().map_or_else(|| json.to_string(), str::to_owned))
    }
}

/// The keyring's configuration, the same in every process.
pub(crate) fn builder(directory: &Path, clock: &ManualClock, passphrase: &str) -> Result<KeyringBuilder, Failure> {
    let provider = PassphraseProvider::new("operator", SecretBytes::new(passphrase.as_bytes().to_vec()))?;
    Ok(Keyring::builder(KEYRING)
        .provider("passphrase", provider)
        .store(FileStore::new(directory.join("keys")))
        .pin(FilePin::new(directory.join("pins")))
        .clock(clock.clone()))
}

/// The keyring document's file.
pub(crate) fn document_path(directory: &Path) -> PathBuf {
    directory.join("keys").join(format!("{KEYRING}.fieldward.json"))
}

fn schema_text(path: Option<&Path>, kind: InputKind) -> Result<String, Failure> {
    match path {
        Some(path) => Ok(std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?),
        None => {
            let text =
                input::builtin_schema(kind).ok_or("no built-in schema knows this input: name one with SCHEMA=path")?;
            Ok(text.to_owned())
        }
    }
}

/// CSV knows only text: cells of fields that are declared as numbers or booleans become such, where they come back the same.
fn coerce(records: &mut [Record], schema: &Schema) {
    for field in schema.fields() {
        let Some(name) = field.path().as_name() else { continue };
        if !matches!(field.value_type(), ValueType::I64 | ValueType::F64 | ValueType::Bool) {
            continue;
        }
        for record in records.iter_mut() {
            let Some(cell) = record.get_mut(name) else { continue };
            let Some(text) = cell.as_str() else { continue };
            let typed: Option<Json> =
                serde_json::from_str(text).ok().filter(|json: &Json| json.to_string().as_str() == text);
            if let Some(typed) = typed {
                *cell = typed;
            }
        }
    }
}

/// A record id stands in the clear. Where it equals a value that is to be encrypted, a surrogate takes its place.
fn replace_identifying_ids(records: &mut [Record], schema: &Schema, report: &mut Report) -> Result<(), Failure> {
    let Some([part]) = schema.record_id() else { return Ok(()) };
    let Some(name) = part.path.as_name() else { return Ok(()) };
    let mut replaced = 0;
    for (row, record) in records.iter_mut().enumerate() {
        let Some(id) = record.get(name).and_then(Json::as_str).map(str::to_owned) else { continue };
        let is_encrypted = super::scan::encrypted_texts(record, schema).iter().any(|(_, text)| *text == id);
        if is_encrypted && part.value_type == ValueType::Text {
            record.insert(name.to_owned(), Json::String(format!("surrogate-{row:06}")));
            replaced += 1;
        }
    }
    if replaced > 0 {
        report.say(format!("{} record ids equal an encrypted identifier: replaced by surrogates", thousands(replaced)));
    }
    Ok(())
}
