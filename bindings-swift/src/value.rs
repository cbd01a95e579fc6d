//! Values: one enum that both languages have, with text for what Rust does not share with them.

use fieldward::{Error, ErrorCode, Offset, RecordId, RecordIdPart, Timestamp};

use crate::error::Result;

/// A value in the clear. Dates, timestamps and decimals are their canonical texts, which keep every digit.
#[derive(Clone, uniffi::Enum)]
#[allow(clippy::exhaustive_enums, reason = "the other side matches on all")]
pub enum Value {
    /// Bytes.
    Bytes(Vec<u8>),
    /// Text.
    Text(String),
    /// An integer.
    I64(i64),
    /// A float, every bit kept.
    F64(f64),
    /// True or false.
    Bool(bool),
    /// A day, such as `2024-02-29`.
    Date(String),
    /// A moment with its offset, or a local time, such as `2024-02-29T23:59:59.120Z`.
    Timestamp(String),
    /// A decimal number with its scale, such as `-1.10`.
    Decimal(String),
    /// JSON text.
    Json(String),
    /// A UUID, 16 bytes.
    Uuid(Vec<u8>),
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Value(..)")
    }
}

/// What a field's value is stored as.
#[derive(Clone, Debug, uniffi::Enum)]
#[allow(clippy::exhaustive_enums, reason = "the other side matches on all")]
pub enum Stored {
    /// Null stays null.
    Null,
    /// An envelope, for a binary column.
    Bytes(Vec<u8>),
    /// An envelope in text form.
    Text(String),
}

impl TryFrom<Value> for fieldward::Value {
    type Error = Error;

    fn try_from(value: Value) -> Result<Self, Error> {
        Ok(match value {
            Value::Bytes(bytes) => Self::Bytes(bytes),
            Value::Text(text) => Self::Text(text),
            Value::I64(number) => Self::I64(number),
            Value::F64(number) => Self::F64(number),
            Value::Bool(truth) => Self::Bool(truth),
            Value::Date(text) => Self::Date(text.parse()?),
            Value::Timestamp(text) => Self::Timestamp(text.parse()?),
            Value::Decimal(text) => Self::Decimal(text.parse()?),
            Value::Json(text) => Self::Json(text),
            Value::Uuid(uuid) => Self::Uuid(uuid.try_into().map_err(|_| Error::new(ErrorCode::WrongType))?),
        })
    }
}

impl TryFrom<fieldward::Value> for Value {
    type Error = Error;

    fn try_from(value: fieldward::Value) -> Result<Self, Error> {
        Ok(match value {
            fieldward::Value::Bytes(bytes) => Self::Bytes(bytes),
            fieldward::Value::Text(text) => Self::Text(text),
            fieldward::Value::I64(number) => Self::I64(number),
            fieldward::Value::F64(number) => Self::F64(number),
            fieldward::Value::Bool(truth) => Self::Bool(truth),
            fieldward::Value::Date(date) => Self::Date(date.to_string()),
            fieldward::Value::Timestamp(moment) => Self::Timestamp(moment.to_string()),
            fieldward::Value::Decimal(number) => Self::Decimal(number.to_string()),
            fieldward::Value::Json(text) => Self::Json(text),
            fieldward::Value::Uuid(uuid) => Self::Uuid(uuid.to_vec()),
            // A type that this binding does not know yet.
            _ => return Err(Error::new(ErrorCode::Internal)),
        })
    }
}

/// The library's value; `None` for null.
pub(crate) fn to_value(value: Option<Value>) -> Result<Option<fieldward::Value>, Error> {
    value.map(fieldward::Value::try_from).transpose()
}

/// The value that a query asks for.
pub(crate) fn asked(value: Option<Value>) -> Result<fieldward::Value, Error> {
    to_value(value)?.ok_or_else(|| ErrorCode::QueryEmpty.into())
}

pub(crate) fn from_value(value: Option<fieldward::Value>) -> Result<Option<Value>, Error> {
    value.map(Value::try_from).transpose()
}

/// A record id of its parts: text, bytes, integers and UUIDs.
pub(crate) fn to_record_id(parts: Option<Vec<Value>>) -> Result<Option<RecordId>, Error> {
    parts.map(record_id).transpose()
}

pub(crate) fn record_id(parts: Vec<Value>) -> Result<RecordId, Error> {
    let part = |part| fieldward::Value::try_from(part).and_then(RecordIdPart::try_from);
    match parts.into_iter().map(part).collect::<Result<Vec<_>, _>>() {
        Ok(parts) => RecordId::new(parts),
        Err(_) => {
            let takes = "text, bytes, an integer, a UUID, or a list of them";
            Err(Error::with_detail(ErrorCode::RecordIdInvalid, takes))
        }
    }
}

impl From<Stored> for fieldward::Stored {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Null => Self::Null,
            Stored::Bytes(bytes) => Self::Bytes(bytes),
            Stored::Text(text) => Self::Text(text),
        }
    }
}

impl From<fieldward::Stored> for Stored {
    fn from(stored: fieldward::Stored) -> Self {
        match stored {
            fieldward::Stored::Null => Self::Null,
            fieldward::Stored::Bytes(bytes) => Self::Bytes(bytes),
            fieldward::Stored::Text(text) => Self::Text(text),
        }
    }
}

/// A moment as a count of seconds.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct Moment {
    /// Seconds since 1970, as if a local time were UTC.
    pub seconds: i64,
    /// And nanoseconds.
    pub nanoseconds: u32,
    /// Whether it is a local time.
    pub is_local: bool,
}

/// The canonical text of a moment in UTC, with as many digits of the fraction as it has: none, three, six or nine.
#[uniffi::export]
pub fn text_of_moment(seconds: i64, nanoseconds: u32) -> Result<String> {
    let digits = match nanoseconds {
        0 => 0,
        _ if nanoseconds.is_multiple_of(1_000_000) => 3,
        _ if nanoseconds.is_multiple_of(1_000) => 6,
        _ => 9,
    };
    Ok(Timestamp::new(seconds, nanoseconds, digits, Offset::Utc)?.to_string())
}

/// The moment of a canonical text.
#[uniffi::export]
pub fn moment_of_text(text: &str) -> Result<Moment> {
    let moment: Timestamp = text.parse()?;
    Ok(Moment {
        seconds: moment.unix_seconds(),
        nanoseconds: moment.nanoseconds(),
        is_local: moment.offset() == Offset::Local,
    })
}
