//! The plaintexts of a column's rows.

use zeroize::{Zeroize, Zeroizing};

use crate::column::{BinaryColumn, Column, Validity};
use crate::envelope::inspect;
use crate::error::{Error, ErrorCode, Result};
use crate::keyring::Snapshot;
use crate::schema::{FieldSpec, StoreForm};
use crate::value::{Date, Offset, Padding, Timestamp, Value, ValueType, check_payload, encode_payload};

/// Gives one row's plaintext after another, its first byte apart: most are the caller's bytes behind a type byte, and need no copy.
pub(super) struct Plaintexts<'a> {
    spec: &'a FieldSpec,
    column: &'a Column<'a>,
    snapshot: &'a Snapshot,
    /// Whether all rows are known to be UTF-8.
    is_text: bool,
    /// Where plaintexts are made that are not the caller's bytes. Wiped.
    scratch: Zeroizing<Vec<u8>>,
}

impl<'a> Plaintexts<'a> {
    pub(super) fn new(spec: &'a FieldSpec, column: &'a Column<'a>, snapshot: &'a Snapshot) -> Self {
        let is_text = match column {
            Column::Binary(column) => spec.value_type() == ValueType::Text && column.is_text(),
            _ => false,
        };
        Self { spec, column, snapshot, is_text, scratch: Zeroizing::default() }
    }

    pub(super) const fn rows(&self) -> usize {
        self.column.rows()
    }

    /// Bytes of a row's plaintext. `None` for null.
    #[inline]
    pub(super) fn len_of(&mut self, row: usize) -> Result<Option<usize>> {
        let payload = match self.column {
            Column::Binary(column) if self.spec.store() == &StoreForm::Exact => column.len_of(row),
            Column::I64(_, validity) | Column::F64(_, validity) => is_valid(*validity, row).then_some(8),
            // Made to be measured.
            _ => return Ok(self.of(row)?.map(|(_, rest)| rest.len() + 1)),
        };
        payload.map(|len| self.spec.padding().plaintext_len(len)).transpose()
    }

    /// A row's plaintext: its first byte and the rest. `None` for null.
    #[inline]
    pub(super) fn of(&mut self, row: usize) -> Result<Option<(u8, &[u8])>> {
        match self.column {
            Column::Binary(column) => self.of_bytes(column, row),
            _ => self.of_fixed(row),
        }
    }

    #[inline]
    fn of_bytes(&mut self, column: &BinaryColumn<'a>, row: usize) -> Result<Option<(u8, &[u8])>> {
        let Some(payload) = column.get(row) else { return Ok(None) };
        let kind = self.spec.value_type();
        if !self.is_text {
            check_payload(kind, payload)?;
        }
        let could_be = matches!(payload, [0x81 | 0x82, ..] | [b'f', b'w', ..]);
        if could_be
            && kind != ValueType::Json
            && inspect(payload).is_ok_and(|found| self.snapshot.data_key(found.header.key_id).is_some())
        {
            return Err(Error::new(ErrorCode::AlreadyEncrypted));
        }
        match (self.spec.store(), self.spec.padding()) {
            (StoreForm::Exact, Padding::None) if payload.len() <= crate::value::MAX_VALUE_LEN => {
                Ok(Some((kind.tag(), payload)))
            }
            (StoreForm::Exact, _) => self.made(payload),
            (StoreForm::Normalized(normalizer), _) => {
                let text = std::str::from_utf8(payload).map_err(|_| Error::new(ErrorCode::InvalidText))?;
                self.made(normalizer.normalize(text)?.as_bytes())
            }
        }
    }

    fn of_fixed(&mut self, row: usize) -> Result<Option<(u8, &[u8])>> {
        let (Column::I64(_, validity)
        | Column::F64(_, validity)
        | Column::Bool(_, validity)
        | Column::Date(_, validity)
        | Column::Timestamp(_, _, validity)) = self.column
        else {
            return Err(Error::new(ErrorCode::Internal));
        };
        if !is_valid(*validity, row) {
            return Ok(None);
        }
        match self.column {
            Column::Binary(_) => Err(Error::new(ErrorCode::Internal)),
            Column::I64(values, _) => self.made(&values.get(row).copied().unwrap_or_default().to_be_bytes()),
            Column::F64(values, _) => self.made(&values.get(row).copied().unwrap_or_default().to_bits().to_be_bytes()),
            Column::Bool(values, _) => self.made(&[u8::from(values.get(row).copied().unwrap_or_default())]),
            Column::Date(days, _) => {
                let date = Date::from_unix_days(days.get(row).copied().unwrap_or_default())?;
                self.made(&Value::Date(date).payload())
            }
            Column::Timestamp(times, unit, _) => {
                let digits = unit.digits();
                let a_second = 10_i64.pow(u32::from(digits));
                let time = times.get(row).copied().unwrap_or_default();
                let fraction = time.rem_euclid(a_second) * (1_000_000_000 / a_second);
                let fraction = u32::try_from(fraction).map_err(|_| Error::new(ErrorCode::Internal))?;
                let time = Timestamp::new(time.div_euclid(a_second), fraction, digits, Offset::Utc)?;
                self.made(&Value::Timestamp(time).payload())
            }
        }
    }

    /// A plaintext that is made of its payload.
    fn made(&mut self, payload: &[u8]) -> Result<Option<(u8, &[u8])>> {
        let padding = self.spec.padding();
        let len = padding.plaintext_len(payload.len())?;
        if self.scratch.capacity() < len {
            // Wiped before it grows, which would leave it behind.
            self.scratch.zeroize();
            self.scratch.reserve(len.max(256));
        }
        self.scratch.clear();
        encode_payload(self.spec.value_type(), payload, padding, &mut self.scratch)?;
        Ok(self.scratch.split_first().map(|(head, rest)| (*head, rest)))
    }
}

fn is_valid(validity: Option<Validity<'_>>, row: usize) -> bool {
    validity.is_none_or(|validity| validity.is_valid(row))
}
