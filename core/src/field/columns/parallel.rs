//! Long columns on several cores: parts of them, each a batch of its own.

use rayon::prelude::*;

use crate::column::{BinaryColumn, Column, DecryptedColumn, OnFailure, RecordIds, StoredColumn, ValueColumn};
use crate::error::{Error, ErrorCode, Result};
use crate::field::{FieldCipher, Reading};
use crate::keyring::{DataKey, Snapshot};

/// Shorter columns are done before another core has begun: about 1 ms of work.
pub(super) const MIN_ROWS: usize = 16_384;
/// Rows of a part; fills whole bytes of a bitmap.
const PART: usize = 8_192;

fn parts(rows: usize) -> Vec<std::ops::Range<usize>> {
    (0..rows).step_by(PART).map(|start| start..rows.min(start + PART)).collect()
}

impl FieldCipher {
    pub(super) fn seal_in_parallel(
        &self,
        reading: &Reading,
        data_key: &DataKey,
        snapshot: &Snapshot,
        column: &Column<'_>,
        records: &RecordIds<'_>,
        output: &mut StoredColumn,
    ) -> Result<()> {
        let seal = |rows: std::ops::Range<usize>| {
            let mut part = StoredColumn::new();
            let (column, records) = (column.slice(rows.clone()), records.slice(rows.clone()));
            let sealed = self.seal_column(reading, data_key, snapshot, &column, &records, &mut part);
            sealed.map(|()| part).map_err(|error| moved(error, rows.start))
        };
        let sealed: Vec<StoredColumn> = parts(column.rows()).into_par_iter().map(seal).collect::<Result<_>>()?;
        output.clear(column.rows(), sealed.iter().map(|part| part.data().len()).sum());
        for part in &sealed {
            output.append(part);
        }
        Ok(())
    }

    pub(super) fn open_in_parallel(
        &self,
        stored: &BinaryColumn<'_>,
        records: &RecordIds<'_>,
        on_failure: OnFailure,
        memory: ValueColumn,
    ) -> Result<DecryptedColumn> {
        if stored.rows() < MIN_ROWS || records.rows().is_some_and(|ids| ids != stored.rows()) {
            return self.open_column(stored, records, on_failure, 0, memory);
        }
        let open = |rows: std::ops::Range<usize>| {
            let (stored, records) = (stored.slice(rows.clone()), records.slice(rows.clone()));
            self.open_column(&stored, &records, on_failure, rows.start, ValueColumn::default())
        };
        let opened: Vec<DecryptedColumn> = parts(stored.rows()).into_par_iter().map(open).collect::<Result<_>>()?;
        let mut opened = opened.into_iter();
        let mut all = opened.next().ok_or(ErrorCode::Internal)?;
        for part in opened {
            all.values.append(part.values);
            all.failures.extend(part.failures);
            all.untrusted_rows += part.untrusted_rows;
        }
        Ok(all)
    }
}

/// An error that names a row of a part, naming that of the whole.
fn moved(error: Error, start: usize) -> Error {
    match error.row().and_then(|row| usize::try_from(row).ok()) {
        Some(row) => super::in_row(&error, start + row),
        None => error,
    }
}
