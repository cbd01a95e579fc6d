//! A record as it is stored: cells by column, index values beside them.

use std::fmt;

use serde_json::{Map, Value as Json};

use super::walk::{Taken, Walk};
use crate::error::{Error, ErrorCode, Result, fail};
use crate::field::{Stored, StoredRef};
use crate::schema::{FieldSpec, Segment, Select};
use crate::search::IndexValue;

/// What stands in one column, or member, of a stored record.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Cell {
    /// In the clear; where fields are nested inside, their envelopes stand in it as text.
    Clear(Json),
    /// An encrypted field.
    Stored(Stored),
}

/// A record as it is stored. The order of its cells is the order of the record's members.
#[derive(Clone, Default, PartialEq)]
pub struct EncryptedRecord {
    cells: Vec<(String, Cell)>,
    index_values: Vec<(String, IndexValue)>,
}

impl EncryptedRecord {
    /// A record without cells: add what a database returned with [`Self::with`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn in_the_clear(record: &Map<String, Json>) -> Self {
        let cells = record.iter().map(|(name, json)| (name.clone(), Cell::Clear(json.clone())));
        Self { cells: cells.collect(), index_values: Vec::new() }
    }

    /// The same record with a cell under this name, in the place of one that had it.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, cell: impl Into<Cell>) -> Self {
        self.set(&name.into(), cell.into());
        self
    }

    /// The same record with an index value that stands beside, so that re-encryption compares it.
    #[must_use]
    pub fn with_index_value(mut self, column: impl Into<String>, value: IndexValue) -> Self {
        let column = column.into();
        self.index_values.retain(|(other, _)| *other != column);
        self.index_values.push((column, value));
        self
    }

    /// Every cell, in order.
    #[must_use]
    pub fn cells(&self) -> &[(String, Cell)] {
        &self.cells
    }

    /// The cell of this name.
    #[must_use]
    pub fn cell(&self, name: &str) -> Option<&Cell> {
        self.cells.iter().find(|(other, _)| other == name).map(|(_, cell)| cell)
    }

    /// What an encrypted field stores; `None` if the cell is missing or in the clear.
    #[must_use]
    pub fn stored(&self, name: &str) -> Option<&Stored> {
        if let Some(Cell::Stored(stored)) = self.cell(name) { Some(stored) } else { None }
    }

    /// Every index value, by column, in the order of the schema. Columns of fields that are missing are missing too.
    #[must_use]
    pub fn index_values(&self) -> &[(String, IndexValue)] {
        &self.index_values
    }

    /// The index value of this column.
    #[must_use]
    pub fn index_value(&self, column: &str) -> Option<&IndexValue> {
        self.index_values.iter().find(|(other, _)| other == column).map(|(_, value)| value)
    }

    /// One JSON document, for document databases: envelopes as text, index values as lowercase hexadecimal digits in members of
    /// their columns' names, lists where an index gives several.
    ///
    /// # Errors
    ///
    /// `WrongStoredForm` if a field is stored as bytes: declare `stored = "text"`.
    pub fn to_document(&self) -> Result<Map<String, Json>> {
        let mut document = Map::new();
        for (name, cell) in &self.cells {
            let json = match cell {
                Cell::Clear(json) => json.clone(),
                Cell::Stored(Stored::Null) => Json::Null,
                Cell::Stored(Stored::Text(text)) => Json::String(text.clone()),
                Cell::Stored(Stored::Bytes(_)) => return fail(ErrorCode::WrongStoredForm, "a field stored as bytes"),
            };
            document.insert(name.clone(), json);
        }
        for (column, value) in &self.index_values {
            let hex = |bytes: &Vec<u8>| Json::String(base16ct::lower::encode_string(bytes));
            let json = match value {
                IndexValue::Null => Json::Null,
                IndexValue::One(bytes) => hex(bytes),
                IndexValue::Many(many) => Json::Array(many.iter().map(hex).collect()),
            };
            document.insert(column.clone(), json);
        }
        Ok(document)
    }

    /// A stored document, as [`Self::to_document`] gave it. Its index columns must be taken out by name, which
    /// [`RecordCipher::read_document`](super::RecordCipher::read_document) does.
    pub(super) fn of_document(document: &Map<String, Json>, is_column: impl Fn(&str) -> bool) -> Self {
        let cells = document.iter().filter(|(name, _)| !is_column(name));
        let cells = cells.map(|(name, json)| (name.clone(), Cell::Clear(json.clone())));
        Self { cells: cells.collect(), index_values: Vec::new() }
    }

    pub(super) fn clear_index_values(&mut self) {
        self.index_values.clear();
    }

    /// The index values of a field's values: joined where its path can give several.
    pub(super) fn set_index_values(&mut self, spec: &FieldSpec, of_each: Vec<Vec<(String, IndexValue)>>) {
        self.index_values.extend(joined_index_values(spec, of_each));
    }

    /// Puts what `seal` gives in the place of every value of the field.
    pub(super) fn replace(
        &mut self,
        spec: &FieldSpec,
        taken: &mut Taken,
        seal: &mut dyn FnMut(&Json) -> Result<Stored>,
    ) -> Result<()> {
        self.at(spec, taken, &mut |place| match place {
            Place::Cell(Cell::Stored(_)) => Err(Error::with_detail(ErrorCode::RecordShape, spec.name())),
            Place::Cell(cell @ Cell::Clear(_)) => {
                let Cell::Clear(json) = &*cell else { return Ok(()) };
                *cell = Cell::Stored(seal(json)?);
                Ok(())
            }
            Place::Nested(json) => {
                *json = nested(seal(json)?)?;
                Ok(())
            }
        })
    }

    /// Puts what `open` gives in the place of every stored value of the field.
    pub(super) fn restore(
        &mut self,
        spec: &FieldSpec,
        taken: &mut Taken,
        open: &mut dyn FnMut(StoredRef<'_>) -> Result<Json>,
    ) -> Result<()> {
        self.at(spec, taken, &mut |place| match place {
            Place::Cell(cell) => {
                let json = open(stored_in(cell)?)?;
                *cell = Cell::Clear(json);
                Ok(())
            }
            Place::Nested(json) => {
                *json = open(stored_in_json(json)?)?;
                Ok(())
            }
        })
    }

    /// Puts another stored value in the place of every stored value of the field.
    pub(super) fn exchange(
        &mut self,
        spec: &FieldSpec,
        taken: &mut Taken,
        exchange: &mut dyn FnMut(StoredRef<'_>) -> Result<Stored>,
    ) -> Result<()> {
        self.at(spec, taken, &mut |place| match place {
            Place::Cell(cell) => {
                let stored = exchange(stored_in(cell)?)?;
                *cell = Cell::Stored(stored);
                Ok(())
            }
            Place::Nested(json) => {
                *json = nested(exchange(stored_in_json(json)?)?)?;
                Ok(())
            }
        })
    }

    /// Shows every stored value of the field.
    pub(super) fn each(
        &self,
        spec: &FieldSpec,
        taken: &mut Taken,
        see: &mut dyn FnMut(StoredRef<'_>) -> Result<()>,
    ) -> Result<()> {
        let first = spec.path().first_name();
        let Some(cell) = self.cell(first) else { return Ok(()) };
        let mut alone = Self { cells: vec![(first.to_owned(), cell.clone())], index_values: Vec::new() };
        alone.at(spec, taken, &mut |place| match place {
            Place::Cell(cell) => see(stored_in(cell)?),
            Place::Nested(json) => see(stored_in_json(json)?),
        })
    }

    pub(super) fn into_clear(self) -> Result<Map<String, Json>> {
        let clear = |(name, cell)| match cell {
            Cell::Clear(json) => Ok((name, json)),
            Cell::Stored(Stored::Null) => Ok((name, Json::Null)),
            Cell::Stored(_) => fail(ErrorCode::UnknownField, "a stored cell that the schema does not declare"),
        };
        self.cells.into_iter().map(clear).collect()
    }

    fn set(&mut self, name: &str, cell: Cell) {
        match self.cells.iter_mut().find(|(other, _)| other == name) {
            Some((_, other)) => *other = cell,
            None => self.cells.push((name.to_owned(), cell)),
        }
    }

    /// Every place that the field's path leads to.
    fn at(
        &mut self,
        spec: &FieldSpec,
        taken: &mut Taken,
        visit: &mut dyn FnMut(Place<'_>) -> Result<()>,
    ) -> Result<()> {
        let at = |error: Error| error.at(spec.name());
        let Some((Segment { name, select, .. }, rest)) = spec.path().segments().split_first() else { return Ok(()) };
        let Some((_, cell)) = self.cells.iter_mut().find(|(other, _)| other == name) else { return Ok(()) };
        match (cell, select, rest) {
            (cell, Select::Itself, []) => visit(Place::Cell(cell)).map_err(at),
            (Cell::Clear(json), select, rest) => {
                let mut visit = |json: &mut Json| visit(Place::Nested(json));
                Walk::new(spec.path(), taken, &mut visit).select(json, select, rest).map_err(at)
            }
            (Cell::Stored(Stored::Null), _, _) => Ok(()),
            (Cell::Stored(_), _, _) => fail(ErrorCode::RecordShape, spec.name()),
        }
    }
}

/// The index values of a field's values, by column: joined where its path can give several.
pub(super) fn joined_index_values(
    spec: &FieldSpec,
    mut of_each: Vec<Vec<(String, IndexValue)>>,
) -> Vec<(String, IndexValue)> {
    if of_each.is_empty() {
        return Vec::new();
    }
    if !spec.path().is_list() {
        return of_each.pop().unwrap_or_default();
    }
    let joined = |column: &str| {
        let values = of_each.iter().flatten().filter(|(other, _)| other == column);
        IndexValue::merge(values.map(|(_, value)| value.clone()))
    };
    spec.indexes().iter().map(|index| (index.column().to_owned(), joined(index.column()))).collect()
}

/// Where a field's value stands.
enum Place<'a> {
    Cell(&'a mut Cell),
    Nested(&'a mut Json),
}

fn stored_in(cell: &Cell) -> Result<StoredRef<'_>> {
    match cell {
        Cell::Stored(stored) => Ok(stored.as_ref()),
        Cell::Clear(json) => stored_in_json(json),
    }
}

/// JSON holds envelopes as text; anything else in an encrypted field's place is not one.
fn stored_in_json(json: &Json) -> Result<StoredRef<'_>> {
    match json {
        Json::Null => Ok(StoredRef::Null),
        Json::String(text) => Ok(StoredRef::Text(text)),
        _ => Err(Error::new(ErrorCode::NotAnEnvelope)),
    }
}

fn nested(stored: Stored) -> Result<Json> {
    match stored {
        Stored::Null => Ok(Json::Null),
        Stored::Text(text) => Ok(Json::String(text)),
        Stored::Bytes(_) => Err(Error::new(ErrorCode::Internal)),
    }
}

impl From<Json> for Cell {
    fn from(json: Json) -> Self {
        Self::Clear(json)
    }
}

impl From<Stored> for Cell {
    fn from(stored: Stored) -> Self {
        Self::Stored(stored)
    }
}

impl fmt::Debug for Cell {
    /// What is in the clear may be data too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clear(_) => f.write_str("Clear(..)"),
            Self::Stored(stored) => fmt::Debug::fmt(stored, f),
        }
    }
}

impl fmt::Debug for EncryptedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptedRecord").field("cells", &self.cells.len()).finish_non_exhaustive()
    }
}
