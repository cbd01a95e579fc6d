//! What a field takes as the record's id: one where it binds one, of the parts and types that the schema declares.

use crate::column::RecordIds;
use crate::context::RecordId;
use crate::error::{Error, ErrorCode, Result, fail};
use crate::schema::{Mode, RecordBinding, RecordIdField};
use crate::value::ValueType;

use super::{FieldCipher, Reading, RecordRef};

impl FieldCipher {
    /// The record id that enters the associated data of this reading.
    pub(super) fn check_record<'a>(&self, reading: &Reading, record: RecordRef<'a>) -> Result<RecordRef<'a>> {
        match (reading.mode, reading.binding, record) {
            (Mode::Deterministic, _, _) => Ok(None),
            (Mode::Randomized, RecordBinding::Required, Some(record)) => {
                self.check_parts(record).map(|()| Some(record))
            }
            (Mode::Randomized, RecordBinding::Required, None) => Err(Error::new(ErrorCode::RecordIdMissing)),
            (Mode::Randomized, RecordBinding::None, None) => Ok(None),
            (Mode::Randomized, RecordBinding::None, Some(_)) => Err(Error::new(ErrorCode::RecordIdUnexpected)),
        }
    }

    /// There are as many record ids as rows where the reading binds them, and none where it does not.
    pub(super) fn check_records(&self, reading: &Reading, records: &RecordIds<'_>, rows: usize) -> Result<()> {
        match (reading.mode, reading.binding, records.rows()) {
            (Mode::Deterministic, _, _) | (Mode::Randomized, RecordBinding::None, None) => Ok(()),
            (Mode::Randomized, RecordBinding::Required, Some(ids)) if ids == rows => self.check_column_of_ids(records),
            (Mode::Randomized, RecordBinding::Required, Some(_)) => {
                fail(ErrorCode::InvalidArgument, "one record id a row")
            }
            (Mode::Randomized, RecordBinding::Required, None) => Err(Error::new(ErrorCode::RecordIdMissing)),
            (Mode::Randomized, RecordBinding::None, Some(_)) => Err(Error::new(ErrorCode::RecordIdUnexpected)),
        }
    }

    fn check_column_of_ids(&self, records: &RecordIds<'_>) -> Result<()> {
        let only = match records {
            RecordIds::None => return Ok(()),
            RecordIds::Each(ids) => {
                let mut rows = ids.iter().enumerate();
                return rows.try_for_each(|(row, id)| self.check_parts(id).map_err(|error| error.in_row(row)));
            }
            RecordIds::Text(_) => ValueType::Text,
            RecordIds::I64(_) => ValueType::I64,
            RecordIds::Uuid(_) => ValueType::Uuid,
        };
        self.check_types([only])
    }

    fn check_parts(&self, record: &RecordId) -> Result<()> {
        self.check_types(record.parts().iter().map(|part| part.value_type()))
    }

    /// A value bound to the text "7" is not found again under the integer 7: the type is part of the identity.
    fn check_types(&self, given: impl IntoIterator<Item = ValueType>) -> Result<()> {
        let declared: &[RecordIdField] = self.inner.schema.record_id().unwrap_or_default();
        if given.into_iter().eq(declared.iter().map(|part| part.value_type)) {
            return Ok(());
        }
        let declared = declared.iter().map(|part| part.value_type.to_string()).collect::<Vec<_>>().join(", ");
        fail(ErrorCode::RecordIdInvalid, format!("it is declared {declared}"))
    }
}
