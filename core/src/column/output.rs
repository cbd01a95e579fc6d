//! Columns that come back.

#[cfg(feature = "parallel")]
mod parts;

use std::fmt;

use zeroize::Zeroize;

use super::{BinaryColumn, Offsets, Validity};
use crate::error::{Error, ErrorCode, Result};

/// A variable-length column that the library filled. Pass it again to use its memory again.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StoredColumn {
    pub(crate) data: Vec<u8>,
    pub(crate) offsets: Vec<i64>,
    validity: Vec<u8>,
    nulls: usize,
}

impl StoredColumn {
    /// An empty column.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A column of these rows, copied; `None` is null.
    #[must_use]
    pub fn of<'a>(rows: impl ExactSizeIterator<Item = Option<&'a [u8]>>) -> Self {
        let mut column = Self::new();
        column.clear(rows.len(), 0);
        for row in rows {
            column.data.extend_from_slice(row.unwrap_or_default());
            column.end_row(row.is_some());
        }
        column
    }

    /// Forgets the rows and keeps the memory.
    pub(crate) fn clear(&mut self, rows: usize, bytes: usize) {
        self.data.clear();
        self.data.reserve(bytes);
        self.clear_rows(rows);
    }

    /// Lays out rows of known lengths, null where there is none. Their bytes are of an earlier column or zero until they are written.
    pub(crate) fn lay_out(&mut self, rows: usize, mut len: impl FnMut(usize) -> Result<Option<usize>>) -> Result<()> {
        self.clear_rows(rows);
        let (mut end, mut failure) = (0_i64, None);
        let (validity, nulls) = (&mut self.validity, &mut self.nulls);
        self.offsets.extend((0..rows).map(|row| {
            match len(row) {
                Ok(Some(len)) => end = end.saturating_add(i64::try_from(len).unwrap_or(i64::MAX)),
                Ok(None) => {
                    set_null(validity, row);
                    *nulls += 1;
                }
                Err(error) => failure = failure.take().or(Some(error)),
            }
            end
        }));
        if let Some(error) = failure {
            return Err(error);
        }
        self.room(self.end());
        Ok(())
    }

    /// Has so many bytes of data, which are of an earlier column or zero.
    fn room(&mut self, bytes: usize) {
        if self.data.capacity() < bytes {
            // New pages are first touched by whoever writes them.
            self.data.zeroize();
            self.data = vec![0; bytes];
        }
        self.data.resize(bytes, 0);
    }

    fn clear_rows(&mut self, rows: usize) {
        self.offsets.clear();
        self.offsets.reserve(rows.saturating_add(1));
        self.offsets.push(0);
        self.validity.clear();
        // All rows are valid until one is null.
        self.validity.resize(rows / 8, 0xff);
        if !rows.is_multiple_of(8) {
            self.validity.push((1 << (rows % 8)) - 1);
        }
        self.nulls = 0;
    }

    /// Forgets the rows and wipes their memory: a row that failed may have left plaintext in it.
    pub(crate) fn wipe(&mut self) {
        self.data.zeroize();
        self.clear(0, 0);
    }

    /// Ends a row at the present end of the data.
    pub(crate) fn end_row(&mut self, is_valid: bool) {
        match is_valid {
            true => self.push_row(self.data.len().saturating_sub(self.end())),
            false => self.push_null(),
        }
    }

    /// Adds a row of so many bytes, which are written before the column is let out.
    #[inline]
    pub(crate) fn push_row(&mut self, len: usize) {
        let end = self.offsets.last().copied().unwrap_or(0);
        self.offsets.push(end.saturating_add(i64::try_from(len).unwrap_or(i64::MAX)));
    }

    /// Adds a null row.
    pub(crate) fn push_null(&mut self) {
        self.nulls += 1;
        let row = self.rows();
        set_null(&mut self.validity, row);
        self.offsets.push(self.offsets.last().copied().unwrap_or(0));
    }

    /// Where the data of the rows so far ends.
    #[inline]
    pub(crate) fn end(&self) -> usize {
        self.offsets.last().and_then(|end| usize::try_from(*end).ok()).unwrap_or(0)
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// How many rows are null.
    #[must_use]
    pub const fn nulls(&self) -> usize {
        self.nulls
    }

    /// The bytes of all rows.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Offsets into [`Self::data`]: one more than there are rows.
    #[must_use]
    pub fn offsets(&self) -> &[i64] {
        &self.offsets
    }

    /// The bitmap of rows that are not null, least significant bit first.
    #[must_use]
    pub fn validity(&self) -> &[u8] {
        &self.validity
    }

    /// The offsets as 32-bit numbers, for binary and string arrays.
    ///
    /// # Errors
    ///
    /// `ValueTooLong` past 2 GiB of data.
    pub fn offsets_i32(&self) -> Result<Vec<i32>> {
        let narrow = |offset: &i64| i32::try_from(*offset).map_err(|_| Error::new(ErrorCode::ValueTooLong));
        self.offsets.iter().map(narrow).collect()
    }

    /// The buffers themselves, without a copy: bytes, offsets, and the bitmap of rows that are not null, if any is null.
    #[must_use]
    pub fn into_parts(self) -> (Vec<u8>, Vec<i64>, Option<Vec<u8>>) {
        (self.data, self.offsets, (self.nulls > 0).then_some(self.validity))
    }

    /// The column, borrowed as input.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` for a column that was never filled.
    pub fn as_column(&self) -> Result<BinaryColumn<'_>> {
        BinaryColumn::new(&self.data, Offsets::I64(&self.offsets), Some(Validity::new(&self.validity, 0)))
    }
}

fn set_null(validity: &mut [u8], row: usize) {
    if let Some(byte) = validity.get_mut(row / 8) {
        *byte &= !(1 << (row % 8));
    }
}

impl fmt::Debug for StoredColumn {
    /// Rows and bytes: decrypted columns are of this type too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredColumn")
            .field("rows", &self.rows())
            .field("bytes", &self.data.len())
            .finish_non_exhaustive()
    }
}

/// Decrypted values, by the field's type. Null rows hold zero in fixed-width columns.
#[non_exhaustive]
#[derive(Clone, PartialEq)]
pub enum ValueColumn {
    /// Text, bytes, JSON text, UUIDs: the payload of each row.
    Binary(StoredColumn),
    /// Integers, with the rows that are not null.
    I64(Vec<i64>, Vec<bool>),
    /// Floats.
    F64(Vec<f64>, Vec<bool>),
    /// Booleans.
    Bool(Vec<bool>, Vec<bool>),
    /// Days since 1970-01-01.
    Date(Vec<i32>, Vec<bool>),
    /// Anything else, value by value: timestamps with their offsets, decimals.
    Values(Vec<Option<crate::Value>>),
}

impl Default for ValueColumn {
    /// An empty column of bytes.
    fn default() -> Self {
        Self::Binary(StoredColumn::new())
    }
}

impl fmt::Debug for ValueColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ValueColumn(..)")
    }
}

/// What happens when a row does not decrypt.
#[allow(clippy::exhaustive_enums, reason = "there is no third way")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// Nothing comes out, and the first failure is the error.
    #[default]
    Refuse,
    /// The row is null and listed; the others come out.
    Report,
}

/// A row that did not decrypt, and why.
#[derive(Debug)]
#[non_exhaustive]
pub struct RowFailure {
    /// The row, from 0.
    pub row: usize,
    /// Why.
    pub error: Error,
}

/// A decrypted column. Pass it again to use its memory again.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct DecryptedColumn {
    /// The values.
    pub values: ValueColumn,
    /// The rows that failed, in order, where failures are reported.
    pub failures: Vec<RowFailure>,
    /// Rows under a suspended or compromised key, or never encrypted.
    pub untrusted_rows: u64,
}
