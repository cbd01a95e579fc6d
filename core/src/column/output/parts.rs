//! Columns that are filled part by part.

use std::ops::Range;

use super::{StoredColumn, ValueColumn};
use crate::error::{ErrorCode, Result};

/// Where a part of a column goes: its rows fill whole bytes of the bitmap.
pub(crate) struct Place<'a> {
    data: &'a mut [u8],
    /// Where each row ends, in the whole column.
    ends: &'a mut [i64],
    validity: &'a mut [u8],
    /// Where the data begins in the whole column.
    start: usize,
}

impl Place<'_> {
    /// Copies a part into its place, if it is as long as that.
    pub(crate) fn fill(&mut self, part: &StoredColumn) -> bool {
        let Some((_, ends)) = part.offsets.split_first() else { return false };
        let fits = part.end() == self.data.len()
            && ends.len() == self.ends.len()
            && part.validity.len() == self.validity.len();
        if let Some(data) = part.data.get(..part.end())
            && fits
        {
            self.data.copy_from_slice(data);
            self.validity.copy_from_slice(&part.validity);
            let start = i64::try_from(self.start).unwrap_or(i64::MAX);
            self.ends.iter_mut().zip(ends).for_each(|(place, end)| *place = end.saturating_add(start));
        }
        fits
    }
}

impl StoredColumn {
    /// Places for parts, with so many bytes of data each, one after another.
    pub(crate) fn places(&mut self, parts: &[Range<usize>], lens: &[usize]) -> Result<Vec<Place<'_>>> {
        let rows = parts.last().map_or(0, |part| part.end);
        self.clear_rows(rows);
        self.offsets.resize(rows.saturating_add(1), 0);
        self.room(lens.iter().fold(0, |sum: usize, len| sum.saturating_add(*len)));
        let (mut data, mut validity) = (self.data.as_mut_slice(), self.validity.as_mut_slice());
        let mut ends = self.offsets.get_mut(1..).unwrap_or_default();
        let mut start = 0;
        let mut places = Vec::with_capacity(parts.len());
        for (part, len) in parts.iter().zip(lens) {
            places.push(Place {
                data: data.split_off_mut(..*len).ok_or(ErrorCode::Internal)?,
                ends: ends.split_off_mut(..part.len()).ok_or(ErrorCode::Internal)?,
                validity: validity.split_off_mut(..part.len().div_ceil(8)).ok_or(ErrorCode::Internal)?,
                start,
            });
            start += len;
        }
        Ok(places)
    }

    /// The column, once its places are filled; with the parts that did not fill theirs.
    pub(crate) fn with_parts(mut self, parts: &[Range<usize>], lens: &[usize], apart: &[Option<Self>]) -> Result<Self> {
        self.count_nulls();
        if apart.iter().all(Option::is_none) {
            return Ok(self);
        }
        let mut all = Self::new();
        all.offsets.push(0);
        let mut start = 0;
        for ((rows, len), apart) in parts.iter().zip(lens).zip(apart) {
            let appended = match apart {
                Some(part) => {
                    let data = part.data.get(..part.end());
                    all.append(data, 0, part.offsets.get(1..), Some(&part.validity))
                }
                None => {
                    let ends = self.offsets.get(rows.start + 1..=rows.end);
                    let validity = self.validity.get(rows.start / 8..rows.end.div_ceil(8));
                    all.append(self.data.get(start..start + len), start, ends, validity)
                }
            };
            appended.ok_or(ErrorCode::Internal)?;
            start += len;
        }
        all.count_nulls();
        self.wipe();
        Ok(all)
    }

    /// Appends rows whose data begins at a place of another column.
    fn append(
        &mut self,
        data: Option<&[u8]>,
        start: usize,
        ends: Option<&[i64]>,
        validity: Option<&[u8]>,
    ) -> Option<()> {
        let shift = i64::try_from(self.data.len()).ok()?.checked_sub(i64::try_from(start).ok()?)?;
        self.data.extend_from_slice(data?);
        self.offsets.extend(ends?.iter().map(|end| end.saturating_add(shift)));
        self.validity.extend_from_slice(validity?);
        Some(())
    }

    fn count_nulls(&mut self) {
        let valid: u32 = self.validity.iter().map(|byte| byte.count_ones()).sum();
        self.nulls = self.rows().saturating_sub(usize::try_from(valid).unwrap_or(usize::MAX));
    }
}

impl ValueColumn {
    /// Appends the rows of another column of the same form, which is not binary.
    pub(crate) fn append(&mut self, other: Self) {
        match (self, other) {
            (Self::I64(all, valid), Self::I64(more, more_valid)) => {
                all.extend(more);
                valid.extend(more_valid);
            }
            (Self::F64(all, valid), Self::F64(more, more_valid)) => {
                all.extend(more);
                valid.extend(more_valid);
            }
            (Self::Bool(all, valid), Self::Bool(more, more_valid)) => {
                all.extend(more);
                valid.extend(more_valid);
            }
            (Self::Date(all, valid), Self::Date(more, more_valid)) => {
                all.extend(more);
                valid.extend(more_valid);
            }
            (Self::Values(all), Self::Values(more)) => all.extend(more),
            _ => {}
        }
    }
}
