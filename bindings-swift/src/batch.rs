//! Many values or records in one crossing.

use fieldward::{Error, ErrorCode, OnFailure, RecordIds};

use crate::error::{Failure, Result, fail, in_row};
use crate::field::{self, Field};
use crate::node::{Member, Node};
use crate::record::{self, Records};
use crate::search::Query;
use crate::value::{Stored, Value, from_value, record_id, to_value};

/// Rows in one crossing.
const MAX_ROWS: u64 = 1 << 20;
/// Bytes in one crossing: what the boundary makes of them stays below the 2 GiB that its buffers hold.
const MAX_BYTES: u64 = 256 << 20;

/// Refuses what is too much for one crossing. Both languages ask before they copy anything; what comes back is held to it, too.
#[uniffi::export]
pub fn check_crossing(rows: u64, bytes: u64) -> Result<()> {
    match rows <= MAX_ROWS && bytes <= MAX_BYTES {
        true => Ok(()),
        false => fail(ErrorCode::InvalidArgument, "more than 1,048,576 rows or 256 MiB in one call"),
    }
}

/// A row that failed, and why.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct RowFailure {
    /// The row, from 0.
    pub row: u64,
    /// Why.
    pub error: Failure,
}

/// Decrypted values, and what is known about them.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct OpenedMany {
    /// The values; none for null and where a row failed.
    pub values: Vec<Option<Value>>,
    /// The rows that failed.
    pub failures: Vec<RowFailure>,
    /// Rows under a suspended or compromised key, or never encrypted.
    pub untrusted_rows: u64,
}

/// Decrypted records, and what is known about them.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct OpenedRecords {
    /// The records; none where a row failed.
    pub records: Vec<Option<Vec<Member>>>,
    /// The rows that failed.
    pub failures: Vec<RowFailure>,
    /// Records with a value under a suspended or compromised key, or never encrypted.
    pub untrusted_rows: u64,
}

impl RowFailure {
    fn of(row: usize, error: Error) -> Self {
        Self { row: u64::try_from(row).unwrap_or(u64::MAX), error: error.in_row(row).into() }
    }
}

/// One row after another; the first that fails is the error.
fn each<T, U>(rows: Vec<T>, mut call: impl FnMut(T) -> Result<U, Error>) -> Result<Vec<U>> {
    rows.into_iter().enumerate().map(|(row, given)| call(given).map_err(|error| in_row(error, row))).collect()
}

/// [`each`], for answers that can be far longer than what was asked: words have a token each, values one for each version.
fn answers<T, U: Footprint>(rows: Vec<T>, mut call: impl FnMut(T) -> Result<U, Error>) -> Result<Vec<U>> {
    let (mut answers, mut bytes) = (Vec::with_capacity(rows.len()), 0_u64);
    for (row, given) in rows.into_iter().enumerate() {
        let answer = call(given).map_err(|error| in_row(error, row))?;
        bytes = bytes.saturating_add(u64::try_from(answer.footprint()).unwrap_or(u64::MAX));
        check_crossing(0, bytes)?;
        answers.push(answer);
    }
    Ok(answers)
}

/// Bytes at the boundary, about.
trait Footprint {
    fn footprint(&self) -> usize;
}

impl Footprint for Stored {
    fn footprint(&self) -> usize {
        match self {
            Self::Null => 1,
            Self::Bytes(bytes) => 16 + bytes.len(),
            Self::Text(text) => 16 + text.len(),
        }
    }
}

impl Footprint for Query {
    fn footprint(&self) -> usize {
        16 + self.column.len() + self.tokens.footprint()
    }
}

impl Footprint for Member {
    fn footprint(&self) -> usize {
        16 + self.name.len() + self.node.footprint()
    }
}

impl Footprint for Node {
    fn footprint(&self) -> usize {
        match self {
            Self::Null => 1,
            Self::Leaf(Value::Bytes(bytes)) => 16 + bytes.len(),
            Self::Leaf(Value::Text(text) | Value::Json(text)) => 16 + text.len(),
            Self::Leaf(_) => 48,
            Self::Elements(elements) => elements.footprint(),
            Self::Members(members) => members.footprint(),
        }
    }
}

impl<T: Footprint> Footprint for Vec<T> {
    fn footprint(&self) -> usize {
        self.iter().fold(8, |bytes, one| bytes.saturating_add(one.footprint()))
    }
}

fn on_failure(reports: bool) -> OnFailure {
    if reports { OnFailure::Report } else { OnFailure::Refuse }
}

/// Runs `call` with the record ids of rows.
fn with_ids<T>(ids: Option<Vec<Vec<Value>>>, call: impl FnOnce(&RecordIds<'_>) -> Result<T, Error>) -> Result<T> {
    let Some(ids) = ids else { return Ok(call(&RecordIds::None)?) };
    let ids = each(ids, record_id)?;
    Ok(call(&RecordIds::Each(&ids))?)
}

#[uniffi::export]
impl Field {
    /// Encrypts many values, with a record id for each where the field binds one.
    pub fn encrypt_many(&self, values: Vec<Option<Value>>, records: Option<Vec<Vec<Value>>>) -> Result<Vec<Stored>> {
        let cipher = self.cipher.part()?;
        let values = each(values, to_value)?;
        let sealed = with_ids(records, |records| cipher.encrypt_batch(&values, records))?;
        Ok(sealed.into_iter().map(Stored::from).collect())
    }

    /// Decrypts many values. The first row that fails is the error, or each is reported.
    pub fn open_many(
        &self,
        stored: Vec<Stored>,
        records: Option<Vec<Vec<Value>>>,
        reports: bool,
    ) -> Result<OpenedMany> {
        let cipher = self.cipher.part()?;
        let stored: Vec<_> = stored.into_iter().map(fieldward::Stored::from).collect();
        let opened = with_ids(records, |records| cipher.decrypt_batch(&stored, records, on_failure(reports)))?;
        let failures = opened.failures.into_iter();
        Ok(OpenedMany {
            values: each(opened.values, from_value)?,
            failures: failures.map(|failure| RowFailure::of(failure.row, failure.error)).collect(),
            untrusted_rows: opened.untrusted_rows,
        })
    }

    /// The index values of many values.
    pub fn index_values_many(&self, values: Vec<Option<Value>>) -> Result<Vec<Vec<Member>>> {
        let cipher = self.cipher.part()?;
        answers(values, |value| field::index_members(&cipher, value))
    }

    /// The queries of many values.
    pub fn query_many(&self, index: &str, values: Vec<Value>) -> Result<Vec<Query>> {
        let cipher = self.cipher.part()?;
        answers(values, |value| field::query(&cipher, index, Some(value)))
    }

    /// The tokens of many values.
    pub fn tokens_many(&self, values: Vec<Value>) -> Result<Vec<Vec<Stored>>> {
        let cipher = self.cipher.part()?;
        answers(values, |value| field::tokens(&cipher, Some(value)))
    }
}

#[uniffi::export]
impl Records {
    /// Encrypts many records.
    pub fn encrypt_many(&self, records: Vec<Vec<Member>>) -> Result<Vec<Vec<Member>>> {
        let cipher = self.cipher.part()?;
        answers(records, |record| record::encrypt(&cipher, record))
    }

    /// Decrypts many rows. The first that fails is the error, or each is reported.
    pub fn open_many(&self, rows: Vec<Vec<Member>>, reports: bool) -> Result<OpenedRecords> {
        let cipher = self.cipher.part()?;
        let mut opened =
            OpenedRecords { records: Vec::with_capacity(rows.len()), failures: Vec::new(), untrusted_rows: 0 };
        for (row, members) in rows.into_iter().enumerate() {
            opened.records.push(match record::decrypt(&cipher, members) {
                Ok(record) => {
                    opened.untrusted_rows += u64::from(!record.is_trusted);
                    Some(record.members)
                }
                Err(error) if reports => {
                    opened.failures.push(RowFailure::of(row, error));
                    None
                }
                Err(error) => return Err(in_row(error, row)),
            });
        }
        Ok(opened)
    }
}
