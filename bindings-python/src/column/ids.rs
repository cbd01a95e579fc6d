//! Record ids of a column's rows, by the types that the schema declares.

use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use fieldward::{Error, ErrorCode, RecordId, RecordIdPart, RecordIds, Value, ValueType};

use super::input::{Input, binary};
use crate::error::{Result, fail};

/// The ids of all rows.
pub(super) enum Ids {
    /// One part, in one array.
    One(ArrayRef, ValueType),
    /// Composite ids.
    Each(Vec<RecordId>),
}

impl Ids {
    /// Ids of one column for each part of the schema's record id.
    ///
    /// # Errors
    ///
    /// `RecordIdInvalid`, with the row, for a null; for other parts than the schema declares; for columns of other types or lengths.
    pub(super) fn new(parts: Vec<(Vec<ArrayRef>, DataType)>, kinds: &[ValueType]) -> Result<Self> {
        if parts.len() != kinds.len() {
            return fail(ErrorCode::RecordIdInvalid, "one column for each part of the record id");
        }
        let joined = parts.iter().zip(kinds).map(|((chunks, kind), wanted)| joined(chunks, kind, *wanted));
        let joined = joined.collect::<Result<Vec<_>>>()?;
        match (joined.as_slice(), kinds) {
            ([ids], [kind @ (ValueType::Text | ValueType::I64 | ValueType::Uuid)]) => Ok(Self::One(ids.clone(), *kind)),
            _ => composite(&joined, kinds).map(Self::Each),
        }
    }

    /// The ids of some of the rows.
    pub(super) fn slice(&self, start: usize, rows: usize) -> Result<Self> {
        let short = || Error::with_detail(ErrorCode::InvalidArgument, "one record id a row");
        match self {
            Self::One(ids, kind) if start + rows <= ids.len() => Ok(Self::One(ids.slice(start, rows), *kind)),
            Self::Each(ids) => Ok(Self::Each(ids.get(start..start + rows).ok_or_else(short)?.to_vec())),
            Self::One(..) => Err(short()),
        }
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&RecordIds<'_>) -> Result<T>) -> Result<T> {
        match self {
            Self::Each(ids) => work(&RecordIds::Each(ids)),
            Self::One(ids, ValueType::Text) => work(&RecordIds::Text(binary(ids)?)),
            Self::One(ids, ValueType::Uuid) => {
                let column = binary(ids)?;
                let id = |row| column.get(row).and_then(|id| id.try_into().ok()).unwrap_or_default();
                let ids: Vec<[u8; 16]> = (0..column.rows()).map(id).collect();
                work(&RecordIds::Uuid(&ids))
            }
            Self::One(ids, _) => match Input::of(ids, ValueType::I64)? {
                Input::I64(ids) => work(&RecordIds::I64(ids.values())),
                _ => Err(ErrorCode::Internal.into()),
            },
        }
    }
}

/// One array of ids in the form of their type, without nulls.
fn joined(chunks: &[ArrayRef], kind: &DataType, wanted: ValueType) -> Result<ArrayRef> {
    let wrong = |_| Error::with_detail(ErrorCode::RecordIdInvalid, format!("the part is {wanted}, the column {kind}"));
    let arrays: Vec<&dyn Array> = chunks.iter().map(AsRef::as_ref).collect();
    let all = match arrays.as_slice() {
        [] => arrow_array::new_empty_array(kind),
        _ => arrow_select::concat::concat(&arrays).map_err(|_| Error::new(ErrorCode::RecordIdInvalid))?,
    };
    if let Some(row) = (0..all.len()).find(|row| all.is_null(*row)).filter(|_| all.null_count() > 0) {
        return Err(Error::with_detail(ErrorCode::RecordIdInvalid, format!("row {row}")).in_row(row));
    }
    match Input::of(&all, wanted).map_err(wrong)? {
        Input::Bytes(_, ids) => Ok(ids),
        Input::I64(ids) => Ok(std::sync::Arc::new(ids)),
        _ => fail(ErrorCode::RecordIdInvalid, "text, bytes, i64 or UUID"),
    }
}

fn composite(parts: &[ArrayRef], kinds: &[ValueType]) -> Result<Vec<RecordId>> {
    let mut columns = Vec::with_capacity(parts.len());
    for (part, kind) in parts.iter().zip(kinds) {
        let input = match kind {
            ValueType::I64 => Input::of(part, *kind)?,
            _ => Input::Bytes(*kind, part.clone()),
        };
        columns.push(input.values()?);
    }
    let rows = columns.first().map_or(0, Vec::len);
    if columns.iter().any(|column| column.len() != rows) {
        return fail(ErrorCode::InvalidArgument, "one record id a row");
    }
    let part = |value: Option<&Option<Value>>| match value {
        Some(Some(value)) => RecordIdPart::try_from(value.clone()),
        _ => Err(ErrorCode::RecordIdInvalid.into()),
    };
    let id = |row: usize| {
        let parts = columns.iter().map(|column| part(column.get(row))).collect::<Result<Vec<_>>>();
        parts.and_then(RecordId::new).map_err(|error| error.in_row(row))
    };
    (0..rows).map(id).collect()
}

/// The id of one row.
pub(super) fn one(records: &RecordIds<'_>, row: usize) -> Result<Option<RecordId>> {
    let part = match records {
        RecordIds::None => return Ok(None),
        RecordIds::Each(ids) => return Ok(ids.get(row).cloned()),
        RecordIds::I64(ids) => ids.get(row).map(|id| RecordIdPart::I64(*id)),
        RecordIds::Uuid(ids) => ids.get(row).map(|id| RecordIdPart::Uuid(*id)),
        RecordIds::Text(ids) => {
            ids.get(row).and_then(|id| std::str::from_utf8(id).ok()).map(|id| RecordIdPart::Text(id.to_owned()))
        }
        _ => None,
    };
    RecordId::new([part.ok_or_else(|| Error::new(ErrorCode::RecordIdInvalid))?]).map(Some)
}
