//! Where decrypted rows go.

use zeroize::{Zeroize, Zeroizing};

use crate::column::{StoredColumn, ValueColumn};
use crate::error::{Error, ErrorCode, Result};
use crate::suite::Text;
use crate::value::{Value, ValueType, check_payload, decode_payload};

pub(super) struct Sink {
    kind: ValueType,
    values: ValueColumn,
    /// A plaintext that is looked at whole. Wiped.
    scratch: Zeroizing<Vec<u8>>,
}

impl Sink {
    /// For a column of so many rows, whose envelopes have so many bytes, in memory that is used again where it fits.
    pub(super) fn new(kind: ValueType, rows: usize, bytes: usize, memory: ValueColumn) -> Self {
        let values = match (kind, memory) {
            (ValueType::Text | ValueType::Bytes | ValueType::Json | ValueType::Uuid, memory) => {
                let mut column = if let ValueColumn::Binary(column) = memory { column } else { StoredColumn::new() };
                column.clear(rows, 0);
                // A value is shorter than its envelope, whose whole blocks are written with it.
                column.data.resize(bytes, 0);
                ValueColumn::Binary(column)
            }
            (ValueType::I64, ValueColumn::I64(values, valid)) => {
                ValueColumn::I64(again(values, rows), again(valid, rows))
            }
            (ValueType::F64, ValueColumn::F64(values, valid)) => {
                ValueColumn::F64(again(values, rows), again(valid, rows))
            }
            (ValueType::Bool, ValueColumn::Bool(values, valid)) => {
                ValueColumn::Bool(again(values, rows), again(valid, rows))
            }
            (ValueType::Date, ValueColumn::Date(values, valid)) => {
                ValueColumn::Date(again(values, rows), again(valid, rows))
            }
            (ValueType::Timestamp | ValueType::Decimal, ValueColumn::Values(values)) => {
                ValueColumn::Values(again(values, rows))
            }
            (ValueType::I64, _) => ValueColumn::I64(Vec::with_capacity(rows), Vec::with_capacity(rows)),
            (ValueType::F64, _) => ValueColumn::F64(Vec::with_capacity(rows), Vec::with_capacity(rows)),
            (ValueType::Bool, _) => ValueColumn::Bool(Vec::with_capacity(rows), Vec::with_capacity(rows)),
            (ValueType::Date, _) => ValueColumn::Date(Vec::with_capacity(rows), Vec::with_capacity(rows)),
            (ValueType::Timestamp | ValueType::Decimal, _) => ValueColumn::Values(Vec::with_capacity(rows)),
        };
        Self { kind, values, scratch: Zeroizing::default() }
    }

    pub(super) fn rows(&self) -> usize {
        match &self.values {
            ValueColumn::Binary(column) => column.rows(),
            ValueColumn::I64(_, valid)
            | ValueColumn::F64(_, valid)
            | ValueColumn::Bool(_, valid)
            | ValueColumn::Date(_, valid) => valid.len(),
            ValueColumn::Values(values) => values.len(),
        }
    }

    pub(super) fn into_values(mut self) -> ValueColumn {
        if let ValueColumn::Binary(column) = &mut self.values {
            column.data.truncate(column.end());
        }
        self.values
    }

    pub(super) fn null(&mut self) -> Result<()> {
        self.value(None)
    }

    /// An authenticated plaintext from a group.
    #[inline]
    pub(super) fn text(&mut self, text: Text<'_>) -> Result<()> {
        if let ValueColumn::Binary(column) = &mut self.values
            && text.head() == Some(self.kind.tag())
            && (self.kind == ValueType::Bytes || self.kind == ValueType::Text && text.is_ascii_after_head())
        {
            let end = column.end();
            text.write_after_head(&mut column.data, end).ok_or(ErrorCode::Internal)?;
            column.push_row(text.len() - 1);
            return Ok(());
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        if scratch.capacity() < text.len() {
            scratch.zeroize();
            scratch.reserve(text.len().max(256));
        }
        scratch.clear();
        text.append_to(&mut scratch);
        let taken = self.plaintext(&scratch);
        self.scratch = scratch;
        taken
    }

    /// An authenticated plaintext.
    pub(super) fn plaintext(&mut self, plaintext: &[u8]) -> Result<()> {
        let (kind, payload) = decode_payload(plaintext)?;
        if kind != self.kind {
            return Err(Error::new(ErrorCode::WrongType));
        }
        if let ValueColumn::Binary(column) = &mut self.values {
            check_payload(kind, payload).map_err(|_| Error::new(ErrorCode::ValueMalformed))?;
            return put(column, payload);
        }
        self.value(Some(Value::decode(plaintext)?))
    }

    pub(super) fn value(&mut self, value: Option<Value>) -> Result<()> {
        match (&mut self.values, value) {
            (ValueColumn::Values(values), value) => values.push(value),
            (ValueColumn::Binary(column), None) => column.push_null(),
            (ValueColumn::Binary(column), Some(value)) => {
                put(column, &value.payload())?;
            }
            (ValueColumn::I64(values, valid), value) => {
                valid.push(value.is_some());
                values.push(if let Some(Value::I64(number)) = value { number } else { 0 });
            }
            (ValueColumn::F64(values, valid), value) => {
                valid.push(value.is_some());
                values.push(if let Some(Value::F64(number)) = value { number } else { 0.0 });
            }
            (ValueColumn::Bool(values, valid), value) => {
                valid.push(value.is_some());
                values.push(matches!(value, Some(Value::Bool(true))));
            }
            (ValueColumn::Date(values, valid), value) => {
                valid.push(value.is_some());
                values.push(if let Some(Value::Date(date)) = value { date.unix_days() } else { 0 });
            }
        }
        Ok(())
    }
}

/// Memory of an earlier column.
fn again<T>(mut memory: Vec<T>, rows: usize) -> Vec<T> {
    memory.clear();
    memory.reserve(rows);
    memory
}

/// Adds a row.
fn put(column: &mut StoredColumn, payload: &[u8]) -> Result<()> {
    let start = column.end();
    let end = start + payload.len();
    if column.data.len() < end {
        column.data.resize(end, 0);
    }
    column.data.get_mut(start..end).ok_or(ErrorCode::Internal)?.copy_from_slice(payload);
    column.push_row(payload.len());
    Ok(())
}
