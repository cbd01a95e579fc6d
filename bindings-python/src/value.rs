//! Values: Python's own types in and out, by the declared type of the field.
//!
//! | field | Python |
//! |---|---|
//! | `text` | `str` |
//! | `bytes` | `bytes`, and whatever has the buffer protocol; comes back as `bytes` |
//! | `i64` | `int` and what has `__index__`, not `bool` |
//! | `f64` | `float`, not `int` |
//! | `bool` | `bool` |
//! | `date` | `datetime.date`, not `datetime.datetime` |
//! | `timestamp` | `datetime.datetime`: naive is a local time and comes back naive; aware keeps its offset |
//! | `decimal` | `decimal.Decimal`, finite |
//! | `json` | `dict`, `list` and what else `json` gives back as the same |
//! | `uuid` | `uuid.UUID` |

use fieldward::{
    Date, Decimal, Error, ErrorCode, Offset, RecordId, RecordIdPart, Stored, StoredRef, Timestamp, Value, ValueType,
};
use pyo3::IntoPyObjectExt;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDate, PyDateTime, PyFloat, PyInt, PyMemoryView, PyString, PyTuple};

use crate::error::{Result, fail};
use crate::json;

/// The ordinal of 1970-01-01 in Python's calendar.
const UNIX_EPOCH_ORDINAL: i64 = 719_163;

/// The value of this type; `None` for `None`.
#[inline]
pub(crate) fn to_value(object: &Bound<'_, PyAny>, kind: ValueType) -> Result<Option<Value>> {
    if object.is_none() {
        return Ok(None);
    }
    let value = match kind {
        ValueType::Text => {
            object.cast::<PyString>().ok().map(|text| text_of(text).map(|text| Value::Text(text.to_owned())))
        }
        ValueType::Bytes => bytes_of(object).map(|bytes| Ok(Value::Bytes(bytes))),
        ValueType::I64 => integer_of(object).map(|number| number.map(Value::I64)),
        ValueType::F64 => object.cast::<PyFloat>().ok().map(|number| Ok(Value::F64(number.value()))),
        ValueType::Bool => object.cast::<PyBool>().ok().map(|truth| Ok(Value::Bool(truth.is_true()))),
        ValueType::Date => object.cast::<PyDate>().ok().filter(|_| !is_moment(object)).map(|_| date_of(object)),
        ValueType::Timestamp => is_moment(object).then(|| timestamp_of(object)),
        ValueType::Decimal => is_a(object, &DECIMAL, "decimal", "Decimal").then(|| decimal_of(object)),
        ValueType::Json => Some(json::text(object).map(Value::Json)),
        ValueType::Uuid => is_a(object, &UUID, "uuid", "UUID").then(|| uuid_of(object).map(Value::Uuid)),
        _ => None,
    };
    value.unwrap_or_else(|| fail(ErrorCode::WrongType, &format!("the field is {kind}"))).map(Some)
}

/// The Python object of a value.
pub(crate) fn from_value<'py>(py: Python<'py>, value: Option<&Value>) -> PyResult<Bound<'py, PyAny>> {
    let Some(value) = value else { return Ok(py.None().into_bound(py)) };
    match value {
        Value::Text(text) => text.into_bound_py_any(py),
        Value::Bytes(bytes) => Ok(PyBytes::new(py, bytes).into_any()),
        Value::I64(number) => number.into_bound_py_any(py),
        Value::F64(number) => number.into_bound_py_any(py),
        Value::Bool(truth) => truth.into_bound_py_any(py),
        Value::Date(date) => from_date(py, *date),
        Value::Timestamp(moment) => from_timestamp(py, *moment),
        Value::Decimal(number) => from_decimal(py, number),
        Value::Json(text) => json::parsed(py, text),
        Value::Uuid(uuid) => {
            let uuid = UUID.import(py, "uuid", "UUID")?.call1((py.None(), PyBytes::new(py, uuid)))?;
            Ok(uuid)
        }
        _ => Err(crate::error::to_py(ErrorCode::Internal.into())),
    }
}

static DECIMAL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static UUID: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

fn is_a(object: &Bound<'_, PyAny>, class: &PyOnceLock<Py<PyAny>>, module: &str, name: &str) -> bool {
    class.import(object.py(), module, name).and_then(|class| object.is_instance(class)).unwrap_or(false)
}

fn is_moment(object: &Bound<'_, PyAny>) -> bool {
    object.cast::<PyDateTime>().is_ok()
}

fn out_of_range() -> Error {
    Error::new(ErrorCode::ValueOutOfRange)
}

/// Text; a lone surrogate is refused, and the exception that would show it is dropped.
pub(crate) fn text_of<'a>(text: &'a Bound<'_, PyString>) -> Result<&'a str> {
    text.to_str().map_err(|_| Error::new(ErrorCode::InvalidText))
}

/// The bytes of whatever has the buffer protocol, in C order. Copied: Python may change them meanwhile.
pub(crate) fn bytes_of(object: &Bound<'_, PyAny>) -> Option<Vec<u8>> {
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Some(bytes.as_bytes().to_vec());
    }
    if let Ok(bytes) = object.cast::<PyByteArray>() {
        return Some(bytes.to_vec());
    }
    let view = PyMemoryView::from(object).ok()?;
    let bytes = view.call_method0(intern!(object.py(), "tobytes")).ok()?;
    bytes.cast::<PyBytes>().ok().map(|bytes| bytes.as_bytes().to_vec())
}

fn integer_of(object: &Bound<'_, PyAny>) -> Option<Result<i64>> {
    if object.cast::<PyBool>().is_ok() {
        return None;
    }
    if object.cast::<PyInt>().is_ok() {
        return Some(object.extract().map_err(|_| out_of_range()));
    }
    let number = object.call_method0(intern!(object.py(), "__index__")).ok()?;
    Some(number.extract().map_err(|_| out_of_range()))
}

/// A number that an attribute or a method without arguments gives.
fn number(object: &Bound<'_, PyAny>, name: &Bound<'_, PyString>) -> Result<i64> {
    object.getattr(name).and_then(|number| number.extract()).map_err(|_| out_of_range())
}

/// Days since 1970-01-01. `NaT` has none.
fn days(object: &Bound<'_, PyAny>) -> Result<i64> {
    let ordinal = object.call_method0(intern!(object.py(), "toordinal")).and_then(|ordinal| ordinal.extract::<i64>());
    Ok(ordinal.map_err(|_| out_of_range())? - UNIX_EPOCH_ORDINAL)
}

fn date_of(object: &Bound<'_, PyAny>) -> Result<Value> {
    let days = i32::try_from(days(object)?).map_err(|_| out_of_range())?;
    Date::from_unix_days(days).map(Value::Date)
}

fn timestamp_of(object: &Bound<'_, PyAny>) -> Result<Value> {
    let py = object.py();
    let days = days(object)?;
    let [hour, minute, second, micro] = [
        number(object, intern!(py, "hour"))?,
        number(object, intern!(py, "minute"))?,
        number(object, intern!(py, "second"))?,
        number(object, intern!(py, "microsecond"))?,
    ];
    // pandas has nanoseconds, which datetime could not give back.
    if !object.is_exact_instance_of::<PyDateTime>() && number(object, intern!(py, "nanosecond")).unwrap_or(0) != 0 {
        return fail(ErrorCode::ValueOutOfRange, "nanoseconds: only columns keep them");
    }
    let east = object.call_method0(intern!(py, "utcoffset")).map_err(|_| out_of_range())?;
    let (east, offset) = if east.is_none() {
        (0, Offset::Local)
    } else {
        let seconds = number(&east, intern!(py, "days"))? * 86_400 + number(&east, intern!(py, "seconds"))?;
        if number(&east, intern!(py, "microseconds"))? != 0 {
            return fail(ErrorCode::ValueOutOfRange, "an offset in whole seconds");
        }
        let east = i32::try_from(seconds).map_err(|_| out_of_range())?;
        (seconds, if east == 0 { Offset::Utc } else { Offset::Seconds(east) })
    };
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - east;
    let nanoseconds = u32::try_from(micro * 1_000).map_err(|_| out_of_range())?;
    Timestamp::new(seconds, nanoseconds, if micro == 0 { 0 } else { 6 }, offset).map(Value::Timestamp)
}

fn decimal_of(object: &Bound<'_, PyAny>) -> Result<Value> {
    let wrong = || Error::with_detail(ErrorCode::ValueOutOfRange, "finite, 1 to 1,000 digits, scale within 6,144");
    let parts = object.call_method0(intern!(object.py(), "as_tuple")).map_err(|_| wrong())?;
    // The exponent of NaN and infinity is text.
    let (sign, digits, exponent): (u8, Vec<u8>, i32) = parts.extract().map_err(|_| wrong())?;
    let digits: String = digits.iter().map(|digit| char::from(b'0' + digit.min(&9))).collect();
    let scale = exponent.checked_neg().ok_or_else(wrong)?;
    Decimal::new(sign == 1, &digits, scale).map(Value::Decimal)
}

fn uuid_of(object: &Bound<'_, PyAny>) -> Result<[u8; 16]> {
    let bytes = object.getattr(intern!(object.py(), "bytes")).and_then(|bytes| bytes.extract());
    bytes.map_err(|_| Error::new(ErrorCode::WrongType))
}

fn from_date(py: Python<'_>, date: Date) -> PyResult<Bound<'_, PyAny>> {
    static DATE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    DATE.import(py, "datetime", "date")?.call1((date.year(), date.month(), date.day()))
}

fn from_timestamp(py: Python<'_>, moment: Timestamp) -> PyResult<Bound<'_, PyAny>> {
    static MOMENT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static ZONE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static DELTA: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let refused = |detail: &str| crate::error::to_py(Error::with_detail(ErrorCode::ValueOutOfRange, detail));
    if !moment.nanoseconds().is_multiple_of(1_000) {
        return Err(refused("nanoseconds: read it as a column"));
    }
    let zone = ZONE.import(py, "datetime", "timezone")?;
    let (east, zone) = match moment.offset() {
        Offset::Local => (0, None),
        Offset::Utc => (0, Some(zone.getattr("utc")?)),
        Offset::Seconds(east) => {
            let delta = DELTA.import(py, "datetime", "timedelta")?.call1((0, east))?;
            (i64::from(east), Some(zone.call1((delta,))?))
        }
        _ => return Err(refused("an offset of another kind")),
    };
    let local = moment.unix_seconds() + east;
    let day = i32::try_from(local.div_euclid(86_400)).map_err(|_| refused("a year of 1 to 9999"))?;
    let day = Date::from_unix_days(day).map_err(crate::error::to_py)?;
    let second = local.rem_euclid(86_400);
    MOMENT.import(py, "datetime", "datetime")?.call1((
        day.year(),
        day.month(),
        day.day(),
        second / 3_600,
        second / 60 % 60,
        second % 60,
        moment.nanoseconds() / 1_000,
        zone,
    ))
}

fn from_decimal<'py>(py: Python<'py>, number: &Decimal) -> PyResult<Bound<'py, PyAny>> {
    let sign = if number.is_negative() { "-" } else { "" };
    let text = format!("{sign}{}E{}", number.digits(), -number.scale());
    DECIMAL.import(py, "decimal", "Decimal")?.call1((text,))
}

/// A record id: one `str`, `bytes`, `int` or `UUID`, or a tuple of them.
pub(crate) fn to_record_id(object: Option<&Bound<'_, PyAny>>) -> Result<Option<RecordId>> {
    let Some(object) = object.filter(|object| !object.is_none()) else { return Ok(None) };
    match object.cast::<PyTuple>() {
        Ok(parts) => {
            RecordId::new(parts.iter().map(|part| record_id_part(&part)).collect::<Result<Vec<_>>>()?).map(Some)
        }
        Err(_) => RecordId::new([record_id_part(object)?]).map(Some),
    }
}

fn record_id_part(object: &Bound<'_, PyAny>) -> Result<RecordIdPart> {
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(RecordIdPart::Text(text_of(text)?.to_owned()));
    }
    if let Some(number) = integer_of(object) {
        return number.map(RecordIdPart::I64).map_err(|_| Error::new(ErrorCode::RecordIdInvalid));
    }
    if is_a(object, &UUID, "uuid", "UUID") {
        return uuid_of(object).map(RecordIdPart::Uuid);
    }
    match bytes_of(object) {
        Some(bytes) => Ok(RecordIdPart::Bytes(bytes)),
        None => fail(ErrorCode::RecordIdInvalid, "str, bytes, int, UUID, or a tuple of them"),
    }
}

/// What is stored, as a driver gives it back: `None`, `bytes`, `bytearray`, `memoryview` or `str`.
pub(crate) fn with_stored<T>(object: &Bound<'_, PyAny>, see: impl FnOnce(StoredRef<'_>) -> Result<T>) -> Result<T> {
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return see(StoredRef::Bytes(bytes.as_bytes()));
    }
    if let Ok(text) = object.cast::<PyString>() {
        return see(StoredRef::Text(text_of(text)?));
    }
    if object.is_none() {
        return see(StoredRef::Null);
    }
    match bytes_of(object) {
        Some(bytes) => see(StoredRef::Bytes(&bytes)),
        None => fail(ErrorCode::NotAnEnvelope, "bytes, str or None"),
    }
}

/// What is stored, as a driver takes it.
pub(crate) fn from_stored<'py>(py: Python<'py>, stored: &Stored) -> PyResult<Bound<'py, PyAny>> {
    match stored {
        Stored::Null => Ok(py.None().into_bound(py)),
        Stored::Bytes(bytes) => Ok(PyBytes::new(py, bytes).into_any()),
        Stored::Text(text) => text.into_bound_py_any(py),
    }
}
