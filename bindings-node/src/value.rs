//! Values: JavaScript's own types in and out, by the declared type of the field.
//!
//! | field | in | out |
//! |---|---|---|
//! | `text` | `string` | `string` |
//! | `bytes` | `Uint8Array` (a `Buffer` is one) | `Buffer` |
//! | `i64` | `bigint`, or a `number` that is an integer within 2^53 - 1 | `number` within 2^53 - 1, else `bigint` |
//! | `f64` | `number` | `number` |
//! | `bool` | `boolean` | `boolean` |
//! | `date` | `string`, `YYYY-MM-DD` | `string` |
//! | `timestamp` | `Date`, or RFC 3339 text | `Date` where one holds it whole, else text |
//! | `decimal` | `string` | `string` |
//! | `json` | what JSON gives back as it was | the same |
//! | `uuid` | `string`, lowercase with hyphens | `string` |
//!
//! `null` is null and `undefined` is missing: each stays what it is.

use std::str::FromStr;

use fieldward::{
    Date, Decimal, Error, ErrorCode, Offset, RecordId, RecordIdPart, Stored, StoredRef, Timestamp, Value, ValueType,
};
use napi::bindgen_prelude::{
    Array, BigInt, BufferSlice, Env, FromNapiValue, JsValue, Null, Object, ToNapiValue, Uint8ArraySlice, Unknown,
    Utf16String,
};
use napi::{JsDate, ValueType as Kind};

use crate::error::{Result, fail, from_js};
use crate::host;

/// The largest integer that a `number` holds with all smaller ones: 2^53 - 1.
const MAX_SAFE_INTEGER: i64 = 9_007_199_254_740_991;

/// How values come out where JavaScript has a handy type that does not hold all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As the table says.
    Handy,
    /// `i64` as `bigint` and `timestamp` as text: nothing of what another language wrote is lost.
    Exact,
}

pub(crate) fn type_of(js: Unknown<'_>) -> Kind {
    js.get_type().unwrap_or(Kind::Unknown)
}

pub(crate) fn is_missing(js: Unknown<'_>) -> bool {
    type_of(js) == Kind::Undefined
}

/// The object that it is, of any class.
pub(crate) fn object_of<'env>(js: Unknown<'env>) -> Option<Object<'env>> {
    (type_of(js) == Kind::Object).then(|| Object::from_unknown(js).ok()).flatten()
}

/// The value of this type; `None` for null and for what is missing.
#[inline]
pub(crate) fn to_value(env: &Env, js: Unknown<'_>, kind: ValueType) -> Result<Option<Value>> {
    let given = type_of(js);
    if given == Kind::Null || given == Kind::Undefined {
        return Ok(None);
    }
    let value = match (kind, given) {
        (ValueType::Text, Kind::String) => Value::Text(text_of(js)?),
        (ValueType::Bytes, Kind::Object) => Value::Bytes(bytes_of(js).ok_or_else(|| wrong_type(kind))?),
        (ValueType::I64, Kind::Number | Kind::BigInt) => Value::I64(integer_of(js, given)?),
        (ValueType::F64, Kind::Number) => Value::F64(number_of(js)?),
        (ValueType::Bool, Kind::Boolean) => Value::Bool(bool::from_unknown(js).map_err(from_js)?),
        (ValueType::Date, Kind::String) => Value::Date(canonical::<Date>(js)?),
        (ValueType::Timestamp, Kind::String) => Value::Timestamp(canonical::<Timestamp>(js)?),
        (ValueType::Timestamp, Kind::Object) if js.is_date().unwrap_or(false) => Value::Timestamp(moment_of(js)?),
        (ValueType::Decimal, Kind::String) => Value::Decimal(canonical::<Decimal>(js)?),
        (ValueType::Json, _) => Value::Json(host::to_json(env, unbound(js)?)?),
        (ValueType::Uuid, Kind::String) => Value::Uuid(uuid_of(&text_of(js)?)?),
        _ => return Err(wrong_type(kind)),
    };
    Ok(Some(value))
}

fn wrong_type(kind: ValueType) -> Error {
    Error::with_detail(ErrorCode::WrongType, format!("the field is {kind}"))
}

/// The same value, for a call into JavaScript that ends before this one does.
fn unbound(js: Unknown<'_>) -> Result<Unknown<'static>> {
    Unknown::from_unknown(js).map_err(from_js)
}

/// Text; a lone surrogate is refused, which the conversion to UTF-8 would replace.
pub(crate) fn text_of(js: Unknown<'_>) -> Result<String> {
    let text = String::from_unknown(js).map_err(|_| Error::new(ErrorCode::WrongType))?;
    if text.contains(char::REPLACEMENT_CHARACTER) {
        let units = Utf16String::from_unknown(js).map_err(from_js)?;
        if char::decode_utf16(units.iter().copied()).any(|unit| unit.is_err()) {
            return Err(Error::new(ErrorCode::InvalidText));
        }
    }
    Ok(text)
}

/// The bytes of a `Uint8Array`. Copied: JavaScript may change them meanwhile.
pub(crate) fn bytes_of(js: Unknown<'_>) -> Option<Vec<u8>> {
    Uint8ArraySlice::from_unknown(js).ok().map(|bytes| bytes.to_vec())
}

fn number_of(js: Unknown<'_>) -> Result<f64> {
    f64::from_unknown(js).map_err(from_js)
}

/// The integer rule: a `bigint` of 64 bits, or a `number` that is an integer and at most 2^53 - 1 away from zero.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "bounded just before")]
fn integer_of(js: Unknown<'_>, given: Kind) -> Result<i64> {
    if given == Kind::BigInt {
        let (number, is_whole) = BigInt::from_unknown(js).map_err(from_js)?.get_i128();
        return i64::try_from(number).ok().filter(|_| is_whole).ok_or_else(|| Error::new(ErrorCode::ValueOutOfRange));
    }
    let number = number_of(js)?;
    if number.fract() != 0.0 || !number.is_finite() {
        return fail(ErrorCode::WrongType, "an integer");
    }
    if number.abs() > MAX_SAFE_INTEGER as f64 {
        return fail(ErrorCode::ValueOutOfRange, "past 2^53 - 1: a bigint");
    }
    Ok(number as i64)
}

/// What stands in a text, if the text is how it is written.
fn canonical<T: FromStr<Err = Error> + ToString>(js: Unknown<'_>) -> Result<T> {
    let text = text_of(js)?;
    let value: T = text.parse()?;
    if value.to_string() == text { Ok(value) } else { Err(Error::new(ErrorCode::ValueNotCanonical)) }
}

/// A `Date` is a moment in UTC, to the millisecond.
#[allow(clippy::cast_possible_truncation, reason = "a Date is a whole number of at most 8.64e15")]
fn moment_of(js: Unknown<'_>) -> Result<Timestamp> {
    let milliseconds = JsDate::from_unknown(js).and_then(|date| date.value_of()).map_err(from_js)?;
    if !milliseconds.is_finite() {
        return fail(ErrorCode::ValueOutOfRange, "an invalid Date");
    }
    let milliseconds = milliseconds as i64;
    let nanoseconds = u32::try_from(milliseconds.rem_euclid(1_000) * 1_000_000).unwrap_or_default();
    Timestamp::new(milliseconds.div_euclid(1_000), nanoseconds, 3, Offset::Utc)
}

/// Lowercase, hyphenated (RFC 9562).
fn uuid_of(text: &str) -> Result<[u8; 16]> {
    let digits = text.replace('-', "");
    let uuid = u128::from_str_radix(&digits, 16).map(u128::to_be_bytes);
    match uuid {
        Ok(uuid) if uuid_text(uuid) == text => Ok(uuid),
        _ => Err(Error::new(ErrorCode::ValueNotCanonical)),
    }
}

fn uuid_text(uuid: [u8; 16]) -> String {
    let mut text = format!("{:032x}", u128::from_be_bytes(uuid));
    for at in [8, 13, 18, 23] {
        text.insert(at, '-');
    }
    text
}

/// The JavaScript value of a value.
#[inline]
pub(crate) fn from_value<'env>(env: &'env Env, value: Option<Value>, form: Form) -> Result<Unknown<'env>> {
    let Some(value) = value else { return Null.into_unknown(env).map_err(from_js) };
    let made = match value {
        Value::Text(text) => text.into_unknown(env),
        Value::Bytes(bytes) => return from_bytes(env, &bytes),
        Value::I64(number) => from_integer(env, number, form),
        Value::F64(number) => number.into_unknown(env),
        Value::Bool(truth) => truth.into_unknown(env),
        Value::Date(date) => date.to_string().into_unknown(env),
        Value::Timestamp(moment) => from_timestamp(env, moment, form),
        Value::Decimal(number) => number.to_string().into_unknown(env),
        Value::Json(text) => return host::from_json(env, text),
        Value::Uuid(uuid) => uuid_text(uuid).into_unknown(env),
        _ => return Err(Error::new(ErrorCode::Internal)),
    };
    made.map_err(from_js)
}

/// A `Buffer` with these bytes.
pub(crate) fn from_bytes<'env>(env: &'env Env, bytes: &[u8]) -> Result<Unknown<'env>> {
    BufferSlice::copy_from(env, bytes).map(|bytes| bytes.to_unknown()).map_err(from_js)
}

fn from_integer(env: &Env, number: i64, form: Form) -> napi::Result<Unknown<'_>> {
    match form {
        Form::Handy if (-MAX_SAFE_INTEGER..=MAX_SAFE_INTEGER).contains(&number) => number.into_unknown(env),
        _ => BigInt::from(number).into_unknown(env),
    }
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds of the years 1 to 9999")]
fn from_timestamp(env: &Env, moment: Timestamp, form: Form) -> napi::Result<Unknown<'_>> {
    let is_date = moment.offset() == Offset::Utc && moment.nanoseconds().is_multiple_of(1_000_000);
    match form {
        Form::Handy if is_date => {
            let milliseconds = moment.unix_seconds() * 1_000 + i64::from(moment.nanoseconds() / 1_000_000);
            env.create_date(milliseconds as f64).map(|date| date.to_unknown())
        }
        _ => moment.to_string().into_unknown(env),
    }
}

/// A record id: one value, or an array with one for each part that the schema declares.
pub(crate) fn to_record_id(env: &Env, js: Option<Unknown<'_>>, kinds: &[ValueType]) -> Result<Option<RecordId>> {
    let Some(js) = js.filter(|js| !matches!(type_of(*js), Kind::Undefined | Kind::Null)) else { return Ok(None) };
    let parts = match js.is_array() {
        Ok(true) => {
            let parts = Array::from_unknown(js).map_err(from_js)?;
            let part = |at| parts.get::<Unknown<'_>>(at).map_err(from_js)?.ok_or_else(|| invalid_id("a part"));
            (0..parts.len()).map(part).collect::<Result<Vec<_>>>()?
        }
        _ => vec![js],
    };
    let part = |(at, js)| record_id_part(env, js, kinds.get(at).copied());
    RecordId::new(parts.into_iter().enumerate().map(part).collect::<Result<Vec<_>>>()?).map(Some)
}

fn invalid_id(detail: &str) -> Error {
    Error::with_detail(ErrorCode::RecordIdInvalid, detail)
}

fn record_id_part(env: &Env, js: Unknown<'_>, kind: Option<ValueType>) -> Result<RecordIdPart> {
    let of_itself = match type_of(js) {
        Kind::String => ValueType::Text,
        Kind::Number | Kind::BigInt => ValueType::I64,
        _ => ValueType::Bytes,
    };
    let value = to_value(env, js, kind.unwrap_or(of_itself)).map_err(|_| invalid_id("a part of another type"))?;
    value.ok_or_else(|| invalid_id("null")).and_then(RecordIdPart::try_from)
}

/// What is stored, as a driver gives it back: `null`, a `Uint8Array` or a `string`.
#[inline]
pub(crate) fn with_stored<T>(js: Unknown<'_>, see: impl FnOnce(StoredRef<'_>) -> Result<T>) -> Result<T> {
    match type_of(js) {
        Kind::Object => match Uint8ArraySlice::from_unknown(js) {
            Ok(bytes) => see(StoredRef::Bytes(&bytes)),
            Err(_) => fail(ErrorCode::NotAnEnvelope, "a Uint8Array, string or null"),
        },
        Kind::String => see(StoredRef::Text(&text_of(js)?)),
        Kind::Null | Kind::Undefined => see(StoredRef::Null),
        _ => fail(ErrorCode::NotAnEnvelope, "a Uint8Array, string or null"),
    }
}

/// What is stored, of one's own.
pub(crate) fn to_stored(js: Unknown<'_>) -> Result<Stored> {
    with_stored(js, |stored| {
        Ok(match stored {
            StoredRef::Null => Stored::Null,
            StoredRef::Bytes(bytes) => Stored::Bytes(bytes.to_vec()),
            StoredRef::Text(text) => Stored::Text(text.to_owned()),
        })
    })
}

/// What is stored, as a driver takes it.
pub(crate) fn from_stored<'env>(env: &'env Env, stored: &Stored) -> Result<Unknown<'env>> {
    match stored {
        Stored::Null => Null.into_unknown(env).map_err(from_js),
        Stored::Bytes(bytes) => from_bytes(env, bytes),
        Stored::Text(text) => text.as_str().into_unknown(env).map_err(from_js),
    }
}
