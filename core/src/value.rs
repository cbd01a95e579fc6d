//! Typed values: one type byte, then the value's bytes, so that what one language stored another reads as the same type.
//!
//! Null is not a value: it stays null. Empty text and empty bytes are values. `spec/value.md` has the byte tables.

mod calendar;
mod codec;
mod decimal;
mod padding;

use std::borrow::Cow;
use std::fmt;

use zeroize::Zeroizing;

use crate::error::{ErrorCode, Result, fail};

pub use calendar::{Date, Offset, Timestamp};
pub(crate) use codec::{check_payload, decode_payload, encode_payload};
pub use decimal::Decimal;
pub(crate) use padding::MAX_PLAINTEXT_LEN;
pub use padding::Padding;

/// The longest value, in bytes, without its type byte: 16 MiB.
pub const MAX_VALUE_LEN: usize = 16 * 1024 * 1024;
/// The deepest nesting of a JSON value.
pub const MAX_JSON_DEPTH: usize = 100;

/// The type of a field's values.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueType {
    /// Bytes.
    Bytes,
    /// UTF-8 text, not normalised.
    Text,
    /// A signed 64-bit integer.
    I64,
    /// A 64-bit IEEE 754 float, every bit kept.
    F64,
    /// True or false.
    Bool,
    /// A day of the proleptic Gregorian calendar, years 1 to 9999.
    Date,
    /// A moment, or a local time, to the nanosecond.
    Timestamp,
    /// A decimal number with its scale.
    Decimal,
    /// JSON text, exactly as given.
    Json,
    /// A UUID.
    Uuid,
}

impl ValueType {
    /// Every type, in the order of its byte.
    pub const ALL: &'static [Self] = &[
        Self::Bytes,
        Self::Text,
        Self::I64,
        Self::F64,
        Self::Bool,
        Self::Date,
        Self::Timestamp,
        Self::Decimal,
        Self::Json,
        Self::Uuid,
    ];

    /// The type byte: 1 to 10.
    #[must_use]
    pub const fn tag(self) -> u8 {
        match self {
            Self::Bytes => 1,
            Self::Text => 2,
            Self::I64 => 3,
            Self::F64 => 4,
            Self::Bool => 5,
            Self::Date => 6,
            Self::Timestamp => 7,
            Self::Decimal => 8,
            Self::Json => 9,
            Self::Uuid => 10,
        }
    }

    pub(crate) fn from_tag(tag: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.tag() == tag)
    }

    /// The name used in schemas, in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Text => "text",
            Self::I64 => "i64",
            Self::F64 => "f64",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Decimal => "decimal",
            Self::Json => "json",
            Self::Uuid => "uuid",
        }
    }

    /// Whether a deterministic field may hold this type: those with one encoding for each value.
    #[must_use]
    pub const fn is_deterministic(self) -> bool {
        matches!(self, Self::Bytes | Self::Text | Self::I64 | Self::Bool | Self::Date | Self::Uuid)
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One value in the clear.
///
/// `Debug` shows the type only. The value itself is the caller's to keep safe.
#[non_exhaustive]
#[derive(Clone, PartialEq)]
pub enum Value {
    /// See [`ValueType::Bytes`].
    Bytes(Vec<u8>),
    /// See [`ValueType::Text`].
    Text(String),
    /// See [`ValueType::I64`].
    I64(i64),
    /// See [`ValueType::F64`].
    F64(f64),
    /// See [`ValueType::Bool`].
    Bool(bool),
    /// See [`ValueType::Date`].
    Date(Date),
    /// See [`ValueType::Timestamp`].
    Timestamp(Timestamp),
    /// See [`ValueType::Decimal`].
    Decimal(Decimal),
    /// See [`ValueType::Json`]: any valid JSON text, kept byte for byte.
    Json(String),
    /// See [`ValueType::Uuid`].
    Uuid([u8; 16]),
}

impl Value {
    /// The value's type.
    #[must_use]
    pub const fn value_type(&self) -> ValueType {
        match self {
            Self::Bytes(_) => ValueType::Bytes,
            Self::Text(_) => ValueType::Text,
            Self::I64(_) => ValueType::I64,
            Self::F64(_) => ValueType::F64,
            Self::Bool(_) => ValueType::Bool,
            Self::Date(_) => ValueType::Date,
            Self::Timestamp(_) => ValueType::Timestamp,
            Self::Decimal(_) => ValueType::Decimal,
            Self::Json(_) => ValueType::Json,
            Self::Uuid(_) => ValueType::Uuid,
        }
    }

    /// The bytes that equality for search is decided on: a projection in which equal values of one type are equal bytes.
    ///
    /// Floats lose the sign of zero and the payload of NaN, timestamps their offset, decimals their scale.
    ///
    /// # Errors
    ///
    /// `WrongType` for JSON, which has no such projection.
    pub fn search_bytes(&self) -> Result<Zeroizing<Vec<u8>>> {
        Ok(Zeroizing::new(match self {
            Self::F64(number) if number.is_nan() => f64::NAN.to_be_bytes().to_vec(),
            Self::F64(number) => (number + 0.0).to_be_bytes().to_vec(),
            Self::Timestamp(moment) => moment.search_bytes(),
            Self::Decimal(number) => number.search_bytes(),
            Self::Json(_) => return fail(ErrorCode::WrongType, "json has no equality to search by"),
            other => other.payload().into_owned(),
        }))
    }

    /// The value's bytes after the type byte.
    pub(crate) fn payload(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Bytes(bytes) => Cow::Borrowed(bytes),
            Self::Text(text) | Self::Json(text) => Cow::Borrowed(text.as_bytes()),
            Self::I64(number) => Cow::Owned(number.to_be_bytes().to_vec()),
            Self::F64(number) => Cow::Owned(number.to_bits().to_be_bytes().to_vec()),
            Self::Bool(truth) => Cow::Owned(vec![u8::from(*truth)]),
            Self::Date(date) => Cow::Owned(date.to_bytes().to_vec()),
            Self::Timestamp(moment) => Cow::Owned(moment.to_bytes().to_vec()),
            Self::Decimal(number) => Cow::Owned(number.to_bytes()),
            Self::Uuid(uuid) => Cow::Borrowed(uuid),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value::{:?}(..)", self.value_type())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::I64(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::F64(number)
    }
}

#[cfg(test)]
mod tests;
