//! Between JSON and typed values: exactly, or not at all.

use base64ct::{Base64, Encoding};
use serde_json::{Number, Value as Json};

use crate::context::RecordIdPart;
use crate::error::{Error, ErrorCode, Result, fail};
use crate::value::{Value, ValueType};

/// The value of declared type that stands in JSON. `None` for null.
///
/// Text, dates, timestamps, decimals and UUIDs are strings in their canonical form, bytes are padded base64, integers, floats and
/// booleans are themselves, and the type JSON takes any JSON.
pub(super) fn to_value(json: &Json, kind: ValueType) -> Result<Option<Value>> {
    if json.is_null() && kind != ValueType::Json {
        return Ok(None);
    }
    let value = match (kind, json) {
        (ValueType::Json, Json::Null) => return Ok(None),
        (ValueType::Json, json) => Value::Json(json.to_string()),
        (ValueType::Text, Json::String(text)) => Value::Text(text.clone()),
        (ValueType::Bytes, Json::String(text)) => {
            Value::Bytes(Base64::decode_vec(text).map_err(|_| Error::new(ErrorCode::ValueNotCanonical))?)
        }
        (ValueType::I64, Json::Number(number)) => match (number.as_i64(), number.is_f64()) {
            (Some(number), _) => Value::I64(number),
            (None, true) => return Err(Error::new(ErrorCode::WrongType)),
            (None, false) => return Err(Error::new(ErrorCode::ValueOutOfRange)),
        },
        (ValueType::F64, Json::Number(number)) => Value::F64(number.as_f64().ok_or(ErrorCode::ValueOutOfRange)?),
        (ValueType::Bool, Json::Bool(flag)) => Value::Bool(*flag),
        (ValueType::Date, Json::String(text)) => Value::Date(text.parse()?),
        (ValueType::Timestamp, Json::String(text)) => Value::Timestamp(text.parse()?),
        (ValueType::Decimal, Json::String(text)) => Value::Decimal(text.parse()?),
        (ValueType::Uuid, Json::String(text)) => Value::Uuid(uuid(text)?),
        _ => return Err(Error::new(ErrorCode::WrongType)),
    };
    // JSON is rendered from the very tree; everything else must come back as it was.
    if kind != ValueType::Json && kind != ValueType::Text && to_json(Some(value.clone()))? != *json {
        return fail(ErrorCode::ValueNotCanonical, format!("{kind}"));
    }
    Ok(Some(value))
}

impl TryFrom<Value> for RecordIdPart {
    type Error = Error;

    /// # Errors
    ///
    /// `RecordIdInvalid` unless it is text, bytes, an integer or a UUID.
    fn try_from(value: Value) -> Result<Self> {
        Ok(match value {
            Value::Text(text) => Self::Text(text),
            Value::Bytes(bytes) => Self::Bytes(bytes),
            Value::I64(number) => Self::I64(number),
            Value::Uuid(uuid) => Self::Uuid(uuid),
            _ => return Err(Error::new(ErrorCode::RecordIdInvalid)),
        })
    }
}

/// The JSON of a value.
pub(super) fn to_json(value: Option<Value>) -> Result<Json> {
    Ok(match value {
        None => Json::Null,
        Some(Value::Text(text)) => Json::String(text),
        Some(Value::Bytes(bytes)) => Json::String(Base64::encode_string(&bytes)),
        Some(Value::I64(number)) => Json::Number(number.into()),
        Some(Value::F64(number)) => {
            Json::Number(Number::from_f64(number).ok_or_else(|| Error::new(ErrorCode::ValueOutOfRange))?)
        }
        Some(Value::Bool(flag)) => Json::Bool(flag),
        Some(Value::Date(date)) => Json::String(date.to_string()),
        Some(Value::Timestamp(time)) => Json::String(time.to_string()),
        Some(Value::Decimal(number)) => Json::String(number.to_string()),
        Some(Value::Json(text)) => serde_json::from_str(&text).map_err(|_| Error::new(ErrorCode::ValueMalformed))?,
        Some(Value::Uuid(uuid)) => Json::String(uuid_text(uuid)),
    })
}

/// Lowercase, hyphenated (RFC 9562).
fn uuid(text: &str) -> Result<[u8; 16]> {
    let mut uuid = [0; 16];
    let digits: String = text.chars().filter(|character| *character != '-').collect();
    let is_whole = base16ct::lower::decode(&digits, &mut uuid).is_ok_and(|decoded| decoded.len() == 16);
    match is_whole && uuid_text(uuid) == text {
        true => Ok(uuid),
        false => Err(Error::new(ErrorCode::ValueNotCanonical)),
    }
}

fn uuid_text(uuid: [u8; 16]) -> String {
    let digits = base16ct::lower::encode_string(&uuid);
    let mut text = String::with_capacity(36);
    for (at, digit) in digits.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}
