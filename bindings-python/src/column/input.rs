//! Arrow arrays as the library takes columns.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ByteArrayType, Date32Type, Decimal256Type, Float64Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, GenericByteArray, PrimitiveArray};
use arrow_buffer::NullBuffer;
use arrow_cast::CastOptions;
use arrow_schema::{DataType, TimeUnit as ArrowUnit};
use fieldward::{
    BinaryColumn, Column, Date, Decimal, DecryptedColumn, Error, ErrorCode, FieldCipher, Offset, Offsets, OnFailure,
    RecordIds, Stored, StoredColumn, StoredForm, TimeUnit, Timestamp, Validity, Value, ValueType,
};

use super::output::column_of;
use crate::error::{Result, fail};

/// One chunk in one of the forms that the library takes.
pub(super) enum Input {
    /// Text, bytes, JSON, UUIDs.
    Bytes(ValueType, ArrayRef),
    I64(PrimitiveArray<Int64Type>),
    F64(PrimitiveArray<Float64Type>),
    Bool(Vec<bool>, Option<NullBuffer>),
    Date(PrimitiveArray<Date32Type>),
    /// Moments since 1970 in UTC.
    Moment(PrimitiveArray<Int64Type>, TimeUnit),
    /// Local times since 1970: the library has no column of them.
    Local(PrimitiveArray<Int64Type>, TimeUnit),
    Decimal(PrimitiveArray<Decimal256Type>, i8),
}

/// Whether arrays of this type have 64-bit offsets, or come out so.
pub(super) const fn is_large(kind: &DataType) -> bool {
    !matches!(kind, DataType::Utf8 | DataType::Binary)
}

/// Refuses what does not fit instead of making it null.
const STRICT: CastOptions<'_> = CastOptions { safe: false, format_options: arrow_cast::display::FormatOptions::new() };

fn cast(array: &ArrayRef, kind: &DataType) -> Result<ArrayRef> {
    arrow_cast::cast_with_options(array, kind, &STRICT)
        .map_err(|_| Error::with_detail(ErrorCode::ValueOutOfRange, format!("a column of {}", array.data_type())))
}

/// Whole numbers in 64 bits; an error names the row that has more.
fn integers(array: &ArrayRef) -> Result<ArrayRef> {
    cast(array, &DataType::Int64).map_err(|error| {
        let fitting = arrow_cast::cast(array, &DataType::Int64);
        let row =
            fitting.ok().and_then(|fitting| (0..array.len()).find(|row| fitting.is_null(*row) && array.is_valid(*row)));
        row.map_or(error, |row| Error::with_detail(ErrorCode::ValueOutOfRange, format!("row {row}")).in_row(row))
    })
}

impl Input {
    /// The form of a chunk for a field of this type.
    ///
    /// # Errors
    ///
    /// `WrongType`, with the name of the Arrow type; `ValueOutOfRange` for numbers past 64 bits.
    pub(super) fn of(array: &ArrayRef, kind: ValueType) -> Result<Self> {
        use DataType as T;
        let array = &match array.data_type() {
            T::Dictionary(_, values) => cast(array, values)?,
            T::RunEndEncoded(_, values) => cast(array, values.data_type())?,
            T::Null => cast(array, &null_as(kind))?,
            _ => Arc::clone(array),
        };
        match (kind, array.data_type()) {
            (ValueType::Text | ValueType::Json, T::Utf8 | T::LargeUtf8)
            | (ValueType::Bytes, T::Binary | T::LargeBinary) => Ok(Self::Bytes(kind, Arc::clone(array))),
            (ValueType::Text | ValueType::Json, T::Utf8View) => Ok(Self::Bytes(kind, cast(array, &T::LargeUtf8)?)),
            (ValueType::Bytes, T::BinaryView | T::FixedSizeBinary(_)) | (ValueType::Uuid, T::FixedSizeBinary(16)) => {
                Ok(Self::Bytes(kind, cast(array, &T::LargeBinary)?))
            }
            (ValueType::I64, kind) if kind.is_integer() => Ok(Self::I64(integers(array)?.as_primitive().clone())),
            (ValueType::F64, T::Float16 | T::Float32 | T::Float64) => {
                Ok(Self::F64(cast(array, &T::Float64)?.as_primitive().clone()))
            }
            (ValueType::Bool, T::Boolean) => {
                let truths = array.as_boolean();
                Ok(Self::Bool(truths.values().iter().collect(), array.nulls().cloned()))
            }
            (ValueType::Date, T::Date32) => Ok(Self::Date(array.as_primitive().clone())),
            (ValueType::Timestamp, T::Timestamp(unit, zone)) => {
                let (times, unit) = (times(array, *unit), unit_of(*unit));
                Ok(if zone.is_some() { Self::Moment(times, unit) } else { Self::Local(times, unit) })
            }
            (
                ValueType::Decimal,
                T::Decimal32(_, scale) | T::Decimal64(_, scale) | T::Decimal128(_, scale) | T::Decimal256(_, scale),
            ) => {
                let scale = *scale;
                Ok(Self::Decimal(cast(array, &T::Decimal256(76, scale))?.as_primitive().clone(), scale))
            }
            (kind, other) => fail(ErrorCode::WrongType, &format!("the field is {kind}, the column {other}")),
        }
    }

    /// The column as the library takes it; `None` if it is taken value by value.
    fn with_column<T>(&self, work: impl FnOnce(&Column<'_>) -> Result<T>) -> Option<Result<T>> {
        Some(match self {
            Self::Bytes(_, array) => binary(array).and_then(|column| work(&Column::Binary(column))),
            Self::I64(array) => work(&Column::I64(array.values(), validity(array.nulls()))),
            Self::F64(array) => work(&Column::F64(array.values(), validity(array.nulls()))),
            Self::Bool(truths, nulls) => work(&Column::Bool(truths, validity(nulls.as_ref()))),
            Self::Date(array) => work(&Column::Date(array.values(), validity(array.nulls()))),
            Self::Moment(array, unit) => work(&Column::Timestamp(array.values(), *unit, validity(array.nulls()))),
            Self::Local(..) | Self::Decimal(..) => return None,
        })
    }

    pub(super) fn encrypt(&self, cipher: &FieldCipher, records: &RecordIds<'_>) -> Result<StoredColumn> {
        let whole = self.with_column(|column| {
            let mut output = StoredColumn::new();
            cipher.encrypt_column(column, records, &mut output)?;
            Ok(output)
        });
        if let Some(done) = whole {
            return done;
        }
        let values = self.values()?;
        let mut rows: Vec<Stored> = Vec::with_capacity(values.len());
        for (row, value) in values.iter().enumerate() {
            let in_row = |error: Error| error.in_row(row);
            let record = super::ids::one(records, row).map_err(in_row)?;
            rows.push(cipher.encrypt(value.as_ref(), record.as_ref()).map_err(in_row)?);
        }
        column_of(&rows)
    }

    pub(super) fn index(&self, cipher: &FieldCipher, name: &str) -> Result<StoredColumn> {
        let done = self.with_column(|column| cipher.index_column(name, column));
        done.unwrap_or_else(|| Err(ErrorCode::WrongType.into()))
    }

    /// Every value, one by one.
    pub(super) fn values(&self) -> Result<Vec<Option<Value>>> {
        fn each<T: Copy>(
            values: &[T],
            nulls: Option<&NullBuffer>,
            one: impl Fn(T) -> Result<Value>,
        ) -> Result<Vec<Option<Value>>> {
            let of_row = |(row, value): (usize, &T)| match nulls.is_some_and(|nulls| nulls.is_null(row)) {
                true => Ok(None),
                false => one(*value).map(Some).map_err(|error| error.in_row(row)),
            };
            values.iter().enumerate().map(of_row).collect()
        }
        match self {
            Self::Bytes(kind, array) => {
                let column = binary(array)?;
                (0..column.rows())
                    .map(|row| {
                        column
                            .get(row)
                            .map(|bytes| of_bytes(*kind, bytes).map_err(|error| error.in_row(row)))
                            .transpose()
                    })
                    .collect()
            }
            Self::I64(array) => each(array.values(), array.nulls(), |number| Ok(Value::I64(number))),
            Self::F64(array) => each(array.values(), array.nulls(), |number| Ok(Value::F64(number))),
            Self::Bool(truths, nulls) => each(truths, nulls.as_ref(), |truth| Ok(Value::Bool(truth))),
            Self::Date(array) => {
                each(array.values(), array.nulls(), |days| Date::from_unix_days(days).map(Value::Date))
            }
            Self::Moment(array, unit) => each(array.values(), array.nulls(), |time| moment(time, *unit, Offset::Utc)),
            Self::Local(array, unit) => each(array.values(), array.nulls(), |time| moment(time, *unit, Offset::Local)),
            Self::Decimal(array, scale) => each(array.values(), array.nulls(), |number| {
                let text = number.to_string();
                let digits = text.trim_start_matches('-');
                Decimal::new(text.starts_with('-'), digits, i32::from(*scale)).map(Value::Decimal)
            }),
        }
    }
}

/// The type that a column of nulls alone is taken for.
const fn null_as(kind: ValueType) -> DataType {
    match kind {
        ValueType::Bytes | ValueType::Uuid => DataType::FixedSizeBinary(16),
        ValueType::I64 => DataType::Int64,
        ValueType::F64 => DataType::Float64,
        ValueType::Bool => DataType::Boolean,
        ValueType::Date => DataType::Date32,
        ValueType::Timestamp => DataType::Timestamp(ArrowUnit::Microsecond, None),
        ValueType::Decimal => DataType::Decimal128(38, 0),
        _ => DataType::LargeUtf8,
    }
}

fn of_bytes(kind: ValueType, bytes: &[u8]) -> Result<Value> {
    let text = || std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Error::new(ErrorCode::InvalidText));
    Ok(match kind {
        ValueType::Bytes => Value::Bytes(bytes.to_vec()),
        ValueType::Json => Value::Json(text()?),
        ValueType::Uuid => Value::Uuid(bytes.try_into().map_err(|_| Error::new(ErrorCode::WrongType))?),
        _ => Value::Text(text()?),
    })
}

fn moment(time: i64, unit: TimeUnit, offset: Offset) -> Result<Value> {
    let digits = unit.digits();
    let a_second = 10_i64.pow(u32::from(digits));
    let fraction = time.rem_euclid(a_second) * (1_000_000_000 / a_second);
    let fraction = u32::try_from(fraction).map_err(|_| Error::new(ErrorCode::Internal))?;
    Timestamp::new(time.div_euclid(a_second), fraction, digits, offset).map(Value::Timestamp)
}

const fn unit_of(unit: ArrowUnit) -> TimeUnit {
    match unit {
        ArrowUnit::Second => TimeUnit::Second,
        ArrowUnit::Millisecond => TimeUnit::Millisecond,
        ArrowUnit::Microsecond => TimeUnit::Microsecond,
        ArrowUnit::Nanosecond => TimeUnit::Nanosecond,
    }
}

/// The numbers of an array of timestamps.
fn times(array: &ArrayRef, unit: ArrowUnit) -> PrimitiveArray<Int64Type> {
    match unit {
        ArrowUnit::Second => array.as_primitive::<TimestampSecondType>().reinterpret_cast(),
        ArrowUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().reinterpret_cast(),
        ArrowUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().reinterpret_cast(),
        ArrowUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().reinterpret_cast(),
    }
}

pub(super) fn validity(nulls: Option<&NullBuffer>) -> Option<Validity<'_>> {
    nulls.map(|nulls| Validity::new(nulls.inner().values(), nulls.offset()))
}

/// A column over the buffers of an array of text or bytes.
pub(super) fn binary(array: &ArrayRef) -> Result<BinaryColumn<'_>> {
    fn narrow<T: ByteArrayType<Offset = i32>>(array: &GenericByteArray<T>) -> Result<BinaryColumn<'_>> {
        BinaryColumn::new(array.value_data(), Offsets::I32(array.value_offsets()), validity(array.nulls()))
    }
    fn wide<T: ByteArrayType<Offset = i64>>(array: &GenericByteArray<T>) -> Result<BinaryColumn<'_>> {
        BinaryColumn::new(array.value_data(), Offsets::I64(array.value_offsets()), validity(array.nulls()))
    }
    match array.data_type() {
        DataType::Utf8 => narrow(array.as_string::<i32>()),
        DataType::LargeUtf8 => wide(array.as_string::<i64>()),
        DataType::Binary => narrow(array.as_binary::<i32>()),
        DataType::LargeBinary => wide(array.as_binary::<i64>()),
        other => fail(ErrorCode::WrongType, &format!("a column of {other}")),
    }
}

/// A chunk of stored values.
pub(super) struct StoredInput(ArrayRef);

/// A chunk of stored values in the field's form; a column that holds the other form is refused.
pub(super) fn stored(array: &ArrayRef, form: StoredForm) -> Result<StoredInput> {
    use DataType as T;
    let array = match array.data_type() {
        T::Dictionary(_, values) => cast(array, values)?,
        T::Null if form == StoredForm::Text => cast(array, &T::LargeUtf8)?,
        T::Null => cast(array, &T::LargeBinary)?,
        T::Utf8View => cast(array, &T::LargeUtf8)?,
        T::BinaryView | T::FixedSizeBinary(_) => cast(array, &T::LargeBinary)?,
        _ => Arc::clone(array),
    };
    match (form, array.data_type()) {
        (StoredForm::Text, T::Utf8 | T::LargeUtf8) | (StoredForm::Bytes, T::Binary | T::LargeBinary) => {
            Ok(StoredInput(array))
        }
        (_, T::Utf8 | T::LargeUtf8 | T::Binary | T::LargeBinary) => Err(ErrorCode::WrongStoredForm.into()),
        (_, other) => fail(ErrorCode::NotAnEnvelope, &format!("a column of {other}")),
    }
}

impl StoredInput {
    pub(super) fn decrypt(
        &self,
        cipher: &FieldCipher,
        records: &RecordIds<'_>,
        on_failure: OnFailure,
    ) -> Result<DecryptedColumn> {
        cipher.decrypt_column(&binary(&self.0)?, records, on_failure)
    }
}
