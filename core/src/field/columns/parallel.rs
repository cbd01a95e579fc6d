//! Long columns on several cores: parts of them, each a batch of its own.

use std::ops::Range;
use std::process;
use std::sync::OnceLock;

use rayon::prelude::*;

use crate::column::{BinaryColumn, DecryptedColumn, OnFailure, RecordIds, StoredColumn, ValueColumn};
use crate::error::{Error, ErrorCode, Result};
use crate::field::FieldCipher;
use crate::value::ValueType;

/// Shorter columns are done before another core has begun: about 1 ms of work.
pub(super) const MIN_ROWS: usize = 16_384;
/// Rows of a part; fills whole bytes of a bitmap.
const PART: usize = 8_192;

/// Whether so many rows are shared out. A forked child has its parent's pool without the threads, and would wait for them for ever: it does
/// its columns alone.
fn are_shared(rows: usize) -> bool {
    static STARTED_BY: OnceLock<u32> = OnceLock::new();
    rows >= MIN_ROWS && *STARTED_BY.get_or_init(process::id) == process::id() && rayon::current_num_threads() > 1
}

fn parts(rows: usize) -> Vec<Range<usize>> {
    (0..rows).step_by(PART).map(|start| start..rows.min(start + PART)).collect()
}

/// Encrypts a column that is laid out: each part into its place.
pub(super) fn seal(
    output: &mut StoredColumn,
    seal: impl Fn(Range<usize>, &mut [u8]) -> Result<()> + Sync,
) -> Result<()> {
    let rows = output.rows();
    if !are_shared(rows) {
        return seal(0..rows, &mut output.data);
    }
    let mut places = Vec::with_capacity(rows / PART + 1);
    let (mut rest, offsets) = (output.data.as_mut_slice(), &output.offsets);
    let offset = |row: usize| offsets.get(row).and_then(|offset| usize::try_from(*offset).ok());
    for part in parts(rows) {
        let len = offset(part.end).zip(offset(part.start)).map(|(end, start)| end.saturating_sub(start));
        let place = len.and_then(|len| rest.split_off_mut(..len)).ok_or(ErrorCode::Internal)?;
        places.push((part, place));
    }
    places.into_par_iter().try_for_each(|(part, place)| {
        let start = part.start;
        seal(part, place).map_err(|error| moved(error, start))
    })
}

impl FieldCipher {
    pub(super) fn open_in_parallel(
        &self,
        stored: &BinaryColumn<'_>,
        records: &RecordIds<'_>,
        on_failure: OnFailure,
        memory: ValueColumn,
    ) -> Result<DecryptedColumn> {
        if !are_shared(stored.rows()) || records.rows().is_some_and(|ids| ids != stored.rows()) {
            return self.open_column(stored, records, on_failure, 0, memory);
        }
        let open = |rows: &Range<usize>, memory: ValueColumn| {
            let (stored, records) = (stored.slice(rows.clone()), records.slice(rows.clone()));
            self.open_column(&stored, &records, on_failure, rows.start, memory)
        };
        let parts = parts(stored.rows());
        let kind = self.inner.spec.value_type();
        if !matches!(kind, ValueType::Text | ValueType::Bytes | ValueType::Json | ValueType::Uuid) {
            let opened: Vec<_> =
                parts.par_iter().map(|rows| open(rows, ValueColumn::default())).collect::<Result<_>>()?;
            return joined(opened);
        }
        // Most parts fill the place that the lengths of their envelopes foretell; whatever does not stays apart.
        let beside = self.primary()?.beside() + 1;
        let expected = |rows: &Range<usize>| {
            let part = stored.slice(rows.clone());
            (0..part.rows()).filter_map(|row| part.len_of(row)).map(|len| len.saturating_sub(beside)).sum()
        };
        let lens: Vec<usize> = parts.par_iter().map(expected).collect();
        let mut all = if let ValueColumn::Binary(column) = memory { column } else { StoredColumn::new() };
        let places = all.places(&parts, &lens)?;
        let opened: Result<Vec<(Option<StoredColumn>, DecryptedColumn)>> = parts
            .par_iter()
            .zip(places)
            .map_init(Scratch::default, |Scratch(memory), (rows, mut place)| {
                let mut opened = open(rows, std::mem::take(memory))?;
                let ValueColumn::Binary(column) = std::mem::take(&mut opened.values) else {
                    return Err(Error::new(ErrorCode::Internal));
                };
                let apart = if place.fill(&column) { None } else { Some(column.clone()) };
                *memory = ValueColumn::Binary(column);
                Ok((apart, opened))
            })
            .collect::<Result<_>>();
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) => {
                all.wipe();
                return Err(error);
            }
        };
        let mut whole = DecryptedColumn::default();
        let mut apart = Vec::with_capacity(opened.len());
        for (column, part) in opened {
            apart.push(column);
            whole.failures.extend(part.failures);
            whole.untrusted_rows += part.untrusted_rows;
        }
        whole.values = ValueColumn::Binary(all.with_parts(&parts, &lens, &apart)?);
        Ok(whole)
    }
}

/// Memory of one part after another. Wiped.
#[derive(Default)]
struct Scratch(ValueColumn);

impl Drop for Scratch {
    fn drop(&mut self) {
        if let ValueColumn::Binary(column) = &mut self.0 {
            column.wipe();
        }
    }
}

fn joined(opened: Vec<DecryptedColumn>) -> Result<DecryptedColumn> {
    let mut opened = opened.into_iter();
    let mut all = opened.next().ok_or(ErrorCode::Internal)?;
    for part in opened {
        all.values.append(part.values);
        all.failures.extend(part.failures);
        all.untrusted_rows += part.untrusted_rows;
    }
    Ok(all)
}

/// An error that names a row of a part, naming that of the whole.
fn moved(error: Error, start: usize) -> Error {
    match error.row().and_then(|row| usize::try_from(row).ok()) {
        Some(row) => super::in_row(&error, start + row),
        None => error,
    }
}
