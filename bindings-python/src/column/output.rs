//! What the library gives as Arrow arrays: its buffers, without a copy.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, ListBuilder, StringBuilder};
use arrow_array::types::{
    BinaryType, ByteArrayType, Decimal128Type, Decimal256Type, LargeBinaryType, LargeUtf8Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, Utf8Type,
};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BooleanArray, Date32Array, FixedSizeBinaryArray, Float64Array,
    GenericByteArray, Int64Array, PrimitiveArray,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer, i256};
use arrow_schema::{DataType, TimeUnit};
use fieldward::{
    Decimal, Error, ErrorCode, IndexValue, Offset, Stored, StoredColumn, StoredForm, Timestamp, Value, ValueColumn,
    ValueType,
};

use crate::error::{Result, fail};

/// Chunks of one Arrow type.
type Chunks = (Vec<ArrayRef>, DataType);

/// Makes arrays.
pub(super) struct Output;

fn internal<E>(_: E) -> Error {
    Error::new(ErrorCode::Internal)
}

impl Output {
    /// Stored columns as binary or text, with 64-bit offsets where the input had them or the data needs them.
    pub(super) fn stored(columns: Vec<StoredColumn>, form: StoredForm, is_large: bool) -> Result<Chunks> {
        match form {
            StoredForm::Text => bytes::<Utf8Type, LargeUtf8Type>(columns, is_large),
            _ => bytes::<BinaryType, LargeBinaryType>(columns, is_large),
        }
    }

    /// Decrypted columns in the Arrow type of the field's.
    pub(super) fn values(columns: Vec<ValueColumn>, kind: ValueType, is_large: bool) -> Result<Chunks> {
        match kind {
            ValueType::Text | ValueType::Json => bytes::<Utf8Type, LargeUtf8Type>(stored_columns(columns)?, is_large),
            ValueType::Bytes => bytes::<BinaryType, LargeBinaryType>(stored_columns(columns)?, is_large),
            ValueType::Uuid => {
                let chunks = stored_columns(columns)?.into_iter().map(uuids).collect::<Result<_>>()?;
                Ok((chunks, DataType::FixedSizeBinary(16)))
            }
            ValueType::Timestamp => moments(&value_columns(columns)?),
            ValueType::Decimal => decimals(&value_columns(columns)?),
            _ => {
                let chunks = columns.into_iter().map(fixed).collect::<Result<Vec<_>>>()?;
                Ok((chunks, fixed_type(kind)?))
            }
        }
    }

    /// Index values as binary or hexadecimal text; lists where the index gives several.
    pub(super) fn index_values(columns: &[Vec<IndexValue>], is_text: bool, is_list: bool) -> Result<Chunks> {
        let one = |column: &Vec<IndexValue>| -> ArrayRef {
            match (is_text, is_list) {
                (false, false) => {
                    let mut rows = BinaryBuilder::new();
                    column.iter().for_each(|value| rows.append_option(value.bytes()));
                    Arc::new(rows.finish())
                }
                (true, false) => {
                    let mut rows = StringBuilder::new();
                    column.iter().for_each(|value| rows.append_option(value.hex()));
                    Arc::new(rows.finish())
                }
                (false, true) => {
                    let mut rows = ListBuilder::new(BinaryBuilder::new());
                    for value in column {
                        value.all().iter().for_each(|bytes| rows.values().append_value(bytes));
                        rows.append(*value != IndexValue::Null);
                    }
                    Arc::new(rows.finish())
                }
                (true, true) => {
                    let mut rows = ListBuilder::new(StringBuilder::new());
                    for value in column {
                        for bytes in value.all() {
                            rows.values().append_option(IndexValue::One(bytes.clone()).hex());
                        }
                        rows.append(*value != IndexValue::Null);
                    }
                    Arc::new(rows.finish())
                }
            }
        };
        let kind = one(&Vec::new()).data_type().clone();
        Ok((columns.iter().map(one).collect(), kind))
    }
}

/// A stored column of rows that were encrypted one by one.
pub(super) fn column_of(rows: &[Stored]) -> Result<StoredColumn> {
    Ok(StoredColumn::of(rows.iter().map(|stored| match stored {
        Stored::Null => None,
        Stored::Bytes(bytes) => Some(bytes.as_slice()),
        Stored::Text(text) => Some(text.as_bytes()),
    })))
}

fn stored_columns(columns: Vec<ValueColumn>) -> Result<Vec<StoredColumn>> {
    let stored =
        |column| if let ValueColumn::Binary(column) = column { Ok(column) } else { Err(ErrorCode::Internal.into()) };
    columns.into_iter().map(stored).collect()
}

fn value_columns(columns: Vec<ValueColumn>) -> Result<Vec<Vec<Option<Value>>>> {
    let values =
        |column| if let ValueColumn::Values(values) = column { Ok(values) } else { Err(ErrorCode::Internal.into()) };
    columns.into_iter().map(values).collect()
}

fn bytes<N: ByteArrayType<Offset = i32>, W: ByteArrayType<Offset = i64>>(
    columns: Vec<StoredColumn>,
    is_large: bool,
) -> Result<Chunks> {
    let is_large = is_large || columns.iter().any(|column| i32::try_from(column.data().len()).is_err());
    let array = |column: StoredColumn| -> Result<ArrayRef> {
        let rows = column.rows();
        let narrow = if is_large { None } else { Some(column.offsets_i32()?) };
        let (data, offsets, validity) = column.into_parts();
        let nulls = nulls(validity, rows);
        let data = Buffer::from_vec(data);
        Ok(match narrow {
            Some(offsets) => Arc::new(array_of::<N>(offsets, data, nulls)?),
            None => Arc::new(array_of::<W>(offsets, data, nulls)?),
        })
    };
    let chunks = columns.into_iter().map(array).collect::<Result<_>>()?;
    Ok((chunks, if is_large { W::DATA_TYPE } else { N::DATA_TYPE }))
}

fn array_of<T: ByteArrayType>(
    offsets: Vec<T::Offset>,
    data: Buffer,
    nulls: Option<NullBuffer>,
) -> Result<GenericByteArray<T>> {
    let offsets =
        if offsets.is_empty() { OffsetBuffer::new_empty() } else { OffsetBuffer::new(ScalarBuffer::from(offsets)) };
    GenericByteArray::try_new(offsets, data, nulls).map_err(internal)
}

fn nulls(validity: Option<Vec<u8>>, rows: usize) -> Option<NullBuffer> {
    validity.map(|bits| NullBuffer::new(BooleanBuffer::new(Buffer::from_vec(bits), 0, rows)))
}

fn uuids(column: StoredColumn) -> Result<ArrayRef> {
    let borrowed = column.as_column()?;
    let rows = (0..column.rows()).map(|row| borrowed.get(row));
    let array = FixedSizeBinaryArray::try_from_sparse_iter_with_size(rows, 16).map_err(internal)?;
    Ok(Arc::new(array))
}

fn fixed(column: ValueColumn) -> Result<ArrayRef> {
    Ok(match column {
        ValueColumn::I64(values, valid) => Arc::new(Int64Array::new(values.into(), valid_rows(valid))),
        ValueColumn::F64(values, valid) => Arc::new(Float64Array::new(values.into(), valid_rows(valid))),
        ValueColumn::Bool(values, valid) => Arc::new(BooleanArray::new(values.into(), valid_rows(valid))),
        ValueColumn::Date(values, valid) => Arc::new(Date32Array::new(values.into(), valid_rows(valid))),
        _ => return Err(ErrorCode::Internal.into()),
    })
}

fn valid_rows(valid: Vec<bool>) -> Option<NullBuffer> {
    Some(NullBuffer::from(valid)).filter(|nulls| nulls.null_count() > 0)
}

fn fixed_type(kind: ValueType) -> Result<DataType> {
    match kind {
        ValueType::I64 => Ok(DataType::Int64),
        ValueType::F64 => Ok(DataType::Float64),
        ValueType::Bool => Ok(DataType::Boolean),
        ValueType::Date => Ok(DataType::Date32),
        _ => Err(ErrorCode::Internal.into()),
    }
}

/// Moments in UTC, or local times, in the coarsest unit that keeps every digit; microseconds where there is no value.
fn moments(columns: &[Vec<Option<Value>>]) -> Result<Chunks> {
    let all = || {
        columns
            .iter()
            .flatten()
            .filter_map(|value| if let Some(Value::Timestamp(time)) = value { Some(*time) } else { None })
    };
    let is_local = all().any(|time| time.offset() == Offset::Local);
    if is_local && all().any(|time| time.offset() != Offset::Local) {
        return fail(ErrorCode::ValueOutOfRange, "local times and moments in one column");
    }
    let zone = (!is_local && all().next().is_some()).then(|| Arc::from("UTC"));
    match all().map(Timestamp::fraction_digits).max() {
        Some(0) => moments_in::<TimestampSecondType>(columns, TimeUnit::Second, zone, 1),
        Some(1..=3) => moments_in::<TimestampMillisecondType>(columns, TimeUnit::Millisecond, zone, 1_000),
        None | Some(4..=6) => moments_in::<TimestampMicrosecondType>(columns, TimeUnit::Microsecond, zone, 1_000_000),
        Some(_) => moments_in::<TimestampNanosecondType>(columns, TimeUnit::Nanosecond, zone, 1_000_000_000),
    }
}

fn moments_in<T: ArrowPrimitiveType<Native = i64>>(
    columns: &[Vec<Option<Value>>],
    unit: TimeUnit,
    zone: Option<Arc<str>>,
    a_second: i64,
) -> Result<Chunks> {
    let number = |time: &Timestamp| {
        let fraction = i64::from(time.nanoseconds()) / (1_000_000_000 / a_second);
        time.unix_seconds().checked_mul(a_second).and_then(|whole| whole.checked_add(fraction))
    };
    let kind = DataType::Timestamp(unit, zone);
    let array = |(start, column): (usize, &Vec<Option<Value>>)| -> Result<ArrayRef> {
        let numbers = column.iter().enumerate().map(|(row, value)| match value {
            Some(Value::Timestamp(time)) => {
                number(time).map(Some).ok_or_else(|| Error::new(ErrorCode::ValueOutOfRange).in_row(start + row))
            }
            _ => Ok(None),
        });
        let numbers: PrimitiveArray<T> = numbers.collect::<Result<Vec<_>>>()?.into_iter().collect();
        Ok(Arc::new(numbers.with_data_type(kind.clone())))
    };
    let chunks = starts(columns).map(array).collect::<Result<_>>()?;
    Ok((chunks, kind))
}

/// Each chunk with its first row.
fn starts(columns: &[Vec<Option<Value>>]) -> impl Iterator<Item = (usize, &Vec<Option<Value>>)> {
    columns.iter().scan(0, |start, column| {
        let this = *start;
        *start += column.len();
        Some((this, column))
    })
}

/// Decimals at the largest scale among them, in 128 or 256 bits.
fn decimals(columns: &[Vec<Option<Value>>]) -> Result<Chunks> {
    let all = || {
        columns
            .iter()
            .flatten()
            .filter_map(|value| if let Some(Value::Decimal(number)) = value { Some(number) } else { None })
    };
    let scale = all().map(Decimal::scale).max().unwrap_or(0);
    let digits =
        |number: &Decimal| i64::try_from(number.digits().len()).unwrap_or(i64::MAX) + i64::from(scale - number.scale());
    let precision = all().map(digits).max().unwrap_or(1).max(i64::from(scale)).max(1);
    let past =
        || Error::with_detail(ErrorCode::ValueOutOfRange, "more digits than an Arrow decimal has: read it by value");
    let (Ok(precision), Ok(scale)) = (u8::try_from(precision), i8::try_from(scale)) else { return Err(past()) };
    let text = |number: &Decimal| {
        let zeros = usize::try_from(i32::from(scale) - number.scale()).unwrap_or(0);
        format!("{}{}{}", if number.is_negative() { "-" } else { "" }, number.digits(), "0".repeat(zeros))
    };
    let whole = |value: &Option<Value>| {
        if let Some(Value::Decimal(number)) = value { i256::from_string(&text(number)) } else { None }
    };
    let (kind, is_wide) = match precision {
        0..=38 => (DataType::Decimal128(precision.max(38), scale), false),
        39..=76 => (DataType::Decimal256(76, scale), true),
        _ => return Err(past()),
    };
    let chunks = columns.iter().map(|column| -> ArrayRef {
        let numbers = column.iter().map(whole);
        match is_wide {
            true => Arc::new(numbers.collect::<PrimitiveArray<Decimal256Type>>().with_data_type(kind.clone())),
            false => {
                let narrow = numbers.map(|number| number.and_then(i256::to_i128));
                Arc::new(narrow.collect::<PrimitiveArray<Decimal128Type>>().with_data_type(kind.clone()))
            }
        }
    });
    Ok((chunks.collect(), kind))
}
