//! Columns that a caller passes.

use std::fmt;

use crate::context::{RecordId, RecordIdPart};
use crate::error::{Error, ErrorCode, Result, fail};

/// A column of values in the clear.
#[non_exhaustive]
#[derive(Clone, Copy)]
pub enum Column<'a> {
    /// Text or bytes, as the field is declared. Also JSON, UUIDs (16 bytes each) and whatever else is bytes.
    Binary(BinaryColumn<'a>),
    /// 64-bit integers.
    I64(&'a [i64], Option<Validity<'a>>),
    /// 64-bit floats.
    F64(&'a [f64], Option<Validity<'a>>),
    /// Booleans, one byte each.
    Bool(&'a [bool], Option<Validity<'a>>),
    /// Days since 1970-01-01.
    Date(&'a [i32], Option<Validity<'a>>),
    /// Moments since 1970-01-01T00:00:00Z, in a unit.
    Timestamp(&'a [i64], TimeUnit, Option<Validity<'a>>),
}

/// The unit of a column of timestamps, as Arrow has them. It decides how many digits of a second a value keeps: 0, 3, 6 or 9.
#[allow(clippy::exhaustive_enums, reason = "the units of Arrow")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeUnit {
    /// Seconds.
    Second,
    /// Thousandths of a second.
    Millisecond,
    /// Millionths of a second.
    Microsecond,
    /// Thousand-millionths of a second.
    Nanosecond,
}

impl TimeUnit {
    /// Digits of a second.
    #[must_use]
    pub const fn digits(self) -> u8 {
        match self {
            Self::Second => 0,
            Self::Millisecond => 3,
            Self::Microsecond => 6,
            Self::Nanosecond => 9,
        }
    }
}

/// Offsets into a column's bytes: one more than there are rows, never falling.
#[allow(clippy::exhaustive_enums, reason = "the two widths of Arrow")]
#[derive(Clone, Copy, Debug)]
pub enum Offsets<'a> {
    /// Of binary and string arrays.
    I32(&'a [i32]),
    /// Of large binary and large string arrays.
    I64(&'a [i64]),
}

impl Offsets<'_> {
    const fn len(&self) -> usize {
        match self {
            Self::I32(offsets) => offsets.len(),
            Self::I64(offsets) => offsets.len(),
        }
    }

    fn get(&self, at: usize) -> Option<usize> {
        match self {
            Self::I32(offsets) => offsets.get(at).and_then(|offset| usize::try_from(*offset).ok()),
            Self::I64(offsets) => offsets.get(at).and_then(|offset| usize::try_from(*offset).ok()),
        }
    }
}

/// Which rows are not null: a bitmap, least significant bit first, from a bit offset on, as Arrow has it.
#[derive(Clone, Copy, Debug)]
pub struct Validity<'a> {
    bits: &'a [u8],
    offset: usize,
}

impl<'a> Validity<'a> {
    /// A bitmap whose first row is bit `offset`. A set bit is a value, a clear one null.
    #[must_use]
    pub const fn new(bits: &'a [u8], offset: usize) -> Self {
        Self { bits, offset }
    }

    fn covers(&self, rows: usize) -> bool {
        self.offset.checked_add(rows).is_some_and(|end| end <= self.bits.len().saturating_mul(8))
    }

    /// Whether a row has a value.
    #[must_use]
    pub fn is_valid(&self, row: usize) -> bool {
        let bit = self.offset.saturating_add(row);
        self.bits.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
    }
}

/// A column of variable-length bytes.
#[derive(Clone, Copy)]
pub struct BinaryColumn<'a> {
    data: &'a [u8],
    offsets: Offsets<'a>,
    validity: Option<Validity<'a>>,
}

impl<'a> BinaryColumn<'a> {
    /// A column over its buffers; they are checked here, once.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if there are no offsets, if they fall or leave the data, or if the bitmap is shorter than the rows.
    pub fn new(data: &'a [u8], offsets: Offsets<'a>, validity: Option<Validity<'a>>) -> Result<Self> {
        let ascending = match offsets {
            Offsets::I32(offsets) => offsets.is_sorted() && offsets.first().is_some_and(|first| *first >= 0),
            Offsets::I64(offsets) => offsets.is_sorted() && offsets.first().is_some_and(|first| *first >= 0),
        };
        let rows = offsets.len().saturating_sub(1);
        if !ascending || offsets.get(rows).is_none_or(|end| end > data.len()) {
            return fail(ErrorCode::InvalidArgument, "offsets: one more than rows, never falling, inside the data");
        }
        if validity.is_some_and(|validity| !validity.covers(rows)) {
            return fail(ErrorCode::InvalidArgument, "the validity bitmap is shorter than the rows");
        }
        Ok(Self { data, offsets, validity })
    }

    /// How many rows there are.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// A row's bytes; `None` for null and past the end.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&'a [u8]> {
        if self.validity.is_some_and(|validity| !validity.is_valid(row)) {
            return None;
        }
        self.data.get(self.offsets.get(row)?..self.offsets.get(row.checked_add(1)?)?)
    }

    /// How many bytes a row has; `None` for null.
    #[inline]
    pub(crate) fn len_of(&self, row: usize) -> Option<usize> {
        if self.validity.is_some_and(|validity| !validity.is_valid(row)) {
            return None;
        }
        self.offsets.get(row.checked_add(1)?)?.checked_sub(self.offsets.get(row)?)
    }

    /// Whether every row is UTF-8, seen at once: the bytes as a whole are, and no row begins inside a character. False says nothing
    /// of single rows.
    pub(crate) fn is_text(&self) -> bool {
        let start = self.offsets.get(0).unwrap_or(0);
        let text = self.data.get(start..start.saturating_add(self.bytes())).map(std::str::from_utf8);
        let Some(Ok(text)) = text else { return false };
        text.is_ascii()
            || (0..self.rows())
                .all(|row| self.offsets.get(row).is_some_and(|offset| text.is_char_boundary(offset - start)))
    }

    /// Some of the rows.
    pub(crate) fn slice(&self, rows: std::ops::Range<usize>) -> Self {
        let offsets = match self.offsets {
            Offsets::I32(offsets) => Offsets::I32(offsets.get(rows.start..=rows.end).unwrap_or_default()),
            Offsets::I64(offsets) => Offsets::I64(offsets.get(rows.start..=rows.end).unwrap_or_default()),
        };
        Self { data: self.data, offsets, validity: sliced(self.validity, &rows) }
    }

    /// Bytes of all rows.
    pub(crate) fn bytes(&self) -> usize {
        let end = self.offsets.get(self.rows()).unwrap_or(0);
        end.saturating_sub(self.offsets.get(0).unwrap_or(0))
    }
}

/// A bitmap from a later row on.
fn sliced<'a>(validity: Option<Validity<'a>>, rows: &std::ops::Range<usize>) -> Option<Validity<'a>> {
    validity.map(|validity| Validity { bits: validity.bits, offset: validity.offset.saturating_add(rows.start) })
}

impl<'a> Column<'a> {
    /// Some of the rows.
    pub(crate) fn slice(&self, rows: std::ops::Range<usize>) -> Self {
        fn part<T>(values: &[T], rows: std::ops::Range<usize>) -> &[T] {
            values.get(rows).unwrap_or_default()
        }
        match self {
            Self::Binary(column) => Self::Binary(column.slice(rows)),
            Self::I64(values, validity) => Self::I64(part(values, rows.clone()), sliced(*validity, &rows)),
            Self::F64(values, validity) => Self::F64(part(values, rows.clone()), sliced(*validity, &rows)),
            Self::Bool(values, validity) => Self::Bool(part(values, rows.clone()), sliced(*validity, &rows)),
            Self::Date(values, validity) => Self::Date(part(values, rows.clone()), sliced(*validity, &rows)),
            Self::Timestamp(values, unit, validity) => {
                Self::Timestamp(part(values, rows.clone()), *unit, sliced(*validity, &rows))
            }
        }
    }
}

impl RecordIds<'_> {
    /// The ids of some of the rows.
    pub(crate) fn slice(&self, rows: std::ops::Range<usize>) -> Self {
        match self {
            Self::None => Self::None,
            Self::Text(column) => Self::Text(column.slice(rows)),
            Self::I64(ids) => Self::I64(ids.get(rows).unwrap_or_default()),
            Self::Uuid(ids) => Self::Uuid(ids.get(rows).unwrap_or_default()),
            Self::Each(ids) => Self::Each(ids.get(rows).unwrap_or_default()),
        }
    }
}

impl Column<'_> {
    /// How many rows there are.
    #[must_use]
    pub const fn rows(&self) -> usize {
        match self {
            Self::Binary(column) => column.rows(),
            Self::I64(values, _) | Self::Timestamp(values, _, _) => values.len(),
            Self::F64(values, _) => values.len(),
            Self::Bool(values, _) => values.len(),
            Self::Date(values, _) => values.len(),
        }
    }

    /// Refuses a bitmap that is shorter than the rows.
    pub(crate) fn check(&self) -> Result<()> {
        let validity = match self {
            Self::Binary(_) => return Ok(()),
            Self::I64(_, validity)
            | Self::F64(_, validity)
            | Self::Bool(_, validity)
            | Self::Date(_, validity)
            | Self::Timestamp(_, _, validity) => validity,
        };
        match validity.is_none_or(|validity| validity.covers(self.rows())) {
            true => Ok(()),
            false => fail(ErrorCode::InvalidArgument, "the validity bitmap is shorter than the rows"),
        }
    }
}

/// The record ids of a column's rows, where the field binds them.
#[non_exhaustive]
#[derive(Clone, Copy)]
pub enum RecordIds<'a> {
    /// The field binds none.
    None,
    /// Text ids.
    Text(BinaryColumn<'a>),
    /// Integer ids.
    I64(&'a [i64]),
    /// UUIDs.
    Uuid(&'a [[u8; 16]]),
    /// Ids of any form, composite ones too.
    Each(&'a [RecordId]),
}

impl RecordIds<'_> {
    /// How many there are; `None` without ids.
    pub(crate) const fn rows(&self) -> Option<usize> {
        match self {
            Self::None => None,
            Self::Text(column) => Some(column.rows()),
            Self::I64(ids) => Some(ids.len()),
            Self::Uuid(ids) => Some(ids.len()),
            Self::Each(ids) => Some(ids.len()),
        }
    }

    /// The id of a row; `None` if there is none.
    pub(crate) fn get(&self, row: usize) -> Result<Option<RecordId>> {
        let part = match self {
            Self::None => return Ok(None),
            Self::Each(ids) => return Ok(ids.get(row).cloned()),
            Self::Text(column) => {
                let Some(bytes) = column.get(row) else {
                    return in_row(ErrorCode::RecordIdInvalid, row);
                };
                match std::str::from_utf8(bytes) {
                    Ok(text) => RecordIdPart::Text(text.to_owned()),
                    Err(_) => return in_row(ErrorCode::InvalidText, row),
                }
            }
            Self::I64(ids) => RecordIdPart::I64(ids.get(row).copied().unwrap_or_default()),
            Self::Uuid(ids) => RecordIdPart::Uuid(ids.get(row).copied().unwrap_or_default()),
        };
        RecordId::new([part]).map(Some)
    }

    /// Appends a row's canonical record id, without making one.
    pub(crate) fn append(&self, row: usize, output: &mut Vec<u8>) -> Result<()> {
        let mut one = |tag: u8, bytes: &[u8]| {
            output.push(tag);
            output.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
            output.extend_from_slice(bytes);
        };
        match self {
            Self::None => {}
            Self::I64(ids) => one(RecordIdPart::I64_TAG, &ids.get(row).copied().unwrap_or_default().to_be_bytes()),
            Self::Uuid(ids) => one(RecordIdPart::UUID_TAG, &ids.get(row).copied().unwrap_or_default()),
            Self::Text(column) => match column.get(row).map(std::str::from_utf8) {
                Some(Ok(text)) if text.len() + 5 <= RecordId::MAX_LEN => one(2, text.as_bytes()),
                Some(Ok(_)) | None => return in_row(ErrorCode::RecordIdInvalid, row),
                Some(Err(_)) => return in_row(ErrorCode::InvalidText, row),
            },
            Self::Each(ids) => match ids.get(row) {
                Some(id) => output.extend_from_slice(id.canonical()),
                None => return in_row(ErrorCode::RecordIdInvalid, row),
            },
        }
        Ok(())
    }
}

/// A record id that is refused.
fn in_row<T>(code: ErrorCode, row: usize) -> Result<T> {
    Err(Error::with_detail(code, format!("record id of row {row}")).in_row(row))
}

impl fmt::Debug for BinaryColumn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BinaryColumn").field("rows", &self.rows()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Column<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Column").field("rows", &self.rows()).finish_non_exhaustive()
    }
}

impl fmt::Debug for RecordIds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordIds").field("rows", &self.rows()).finish_non_exhaustive()
    }
}
