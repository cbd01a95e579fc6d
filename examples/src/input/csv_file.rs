//! CSV with a header row.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{Input, InputError, InputKind};

/// Every cell is a string, an empty one null.
pub(super) fn parse(bytes: &[u8]) -> Result<Input, InputError> {
    // In CSV every quote has its pair; the reader would take one that has none to the end of the file.
    if bytes.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
        return Err(InputError::Document("a quote is opened and not closed"));
    }
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
    let headers = reader.headers().map_err(|error| line_of(bytes, &error, "the header row"))?.clone();
    if headers.iter().collect::<HashSet<_>>().len() != headers.len() || headers.iter().any(str::is_empty) {
        return Err(InputError::Line(1, "a header is empty or stands twice"));
    }
    let mut records = Vec::new();
    for row in reader.records() {
        let row =
            row.map_err(|error| line_of(bytes, &error, "not a row of as many cells as there are headers, in UTF-8"))?;
        let cell = |text: &str| if text.is_empty() { Value::Null } else { Value::String(text.to_owned()) };
        records.push(headers.iter().zip(&row).map(|(name, text)| (name.to_owned(), cell(text))).collect::<Map<_, _>>());
    }
    let has = |names: &[&str]| names.iter().all(|name| headers.iter().any(|header| header == *name));
    let kind = if headers.iter().eq(crate::sample::HEADERS) {
        InputKind::Sample
    } else if has(&["Id", "BIRTHDATE", "SSN", "DRIVERS", "PASSPORT", "FIRST", "LAST", "ADDRESS"]) {
        InputKind::SyntheaCsv
    } else {
        InputKind::Csv
    };
    Ok(Input { kind, records })
}

/// The reader ends a row at the carriage return of a CRLF, and begins the next with the line feed: on the line before it.
fn line_of(bytes: &[u8], error: &csv::Error, what: &'static str) -> InputError {
    let line = error.position().map_or(1, |position| {
        let at = usize::try_from(position.byte()).ok().and_then(|at| bytes.get(at));
        position.line() + u64::from(at == Some(&b'\n'))
    });
    InputError::Line(line, what)
}
