//! Reading patient records: CSV, NDJSON, FHIR R4.

mod csv_file;
mod json;

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

/// The largest file, in bytes: 2 GiB.
pub const MAX_FILE_LEN: u64 = 2 << 30;

const SAMPLE_SCHEMA: &str = include_str!("../schemas/sample.json");
const SYNTHEA_SCHEMA: &str = include_str!("../schemas/synthea-csv.json");
const FHIR_SCHEMA: &str = include_str!("../schemas/fhir-patient.json");

/// A table's records, in the order of the file; each with its members in the order of the file.
#[derive(Debug)]
pub struct Input {
    /// What was recognised.
    pub kind: InputKind,
    /// The records.
    pub records: Vec<Map<String, Value>>,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// The generated sample.
    Sample,
    /// The patients table that Synthea exports as CSV.
    SyntheaCsv,
    /// FHIR R4 Patients.
    FhirPatients,
    /// Another CSV file: needs a schema.
    Csv,
    /// Another NDJSON file: needs a schema.
    Ndjson,
}

/// Why a file cannot be read. Names lines, never what stands in them.
#[derive(Debug)]
pub enum InputError {
    /// The file cannot be opened or read.
    Io(std::io::Error),
    /// The file is longer than [`MAX_FILE_LEN`].
    TooLong,
    /// The file has nothing in it.
    Empty,
    /// A line of a CSV or NDJSON file is not well-formed; from 1.
    Line(u64, &'static str),
    /// The JSON document is neither a FHIR Bundle nor a Patient, or not well-formed.
    Document(&'static str),
}

/// Reads a file; its content tells what it is.
///
/// # Errors
///
/// See [`InputError`].
pub fn read(path: &Path) -> Result<Input, InputError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_FILE_LEN + 1).read_to_end(&mut bytes));
    if read.map_err(InputError::Io)? as u64 > MAX_FILE_LEN {
        return Err(InputError::TooLong);
    }
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Result<Input, InputError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match bytes.trim_ascii_start().first() {
        None => Err(InputError::Empty),
        Some(b'{') => json::parse(bytes),
        Some(_) => csv_file::parse(bytes),
    }
}

/// The schema that comes with a kind of input; none for files that only their owner knows.
#[must_use]
pub fn builtin_schema(kind: InputKind) -> Option<&'static str> {
    match kind {
        InputKind::Sample => Some(SAMPLE_SCHEMA),
        InputKind::SyntheaCsv => Some(SYNTHEA_SCHEMA),
        InputKind::FhirPatients => Some(FHIR_SCHEMA),
        InputKind::Csv | InputKind::Ndjson => None,
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot be read: {error}"),
            Self::TooLong => f.write_str("longer than 2 GiB"),
            Self::Empty => f.write_str("empty"),
            Self::Line(line, what) => write!(f, "line {line}: {what}"),
            Self::Document(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for InputError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::Io(error) = self { Some(error) } else { None }
    }
}

#[cfg(test)]
mod tests;
