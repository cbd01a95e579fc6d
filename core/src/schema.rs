//! Which fields are sensitive, and how each is kept: declared once, in Rust, JSON or TOML, usable from every language.
//!
//! [`Schema::patient`] is the built-in patient preset. `spec/record.md` has the language, option by option.

mod builder;
mod field;
mod parse;
mod path;
mod preset;
mod validate;

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, ErrorCode, Result};
use crate::value::ValueType;

pub use builder::SchemaBuilder;
pub use field::{EarlierReading, FieldSpec, LegacyFormat, Mode, RecordBinding, StoreForm, StoredForm};
pub use path::{Path, Segment, Select};

/// The longest schema text, in bytes: 256 KiB.
pub const MAX_SCHEMA_LEN: usize = 256 * 1024;
/// The largest number of fields.
pub const MAX_SCHEMA_FIELDS: usize = 512;
/// The largest number of indexes of a field.
pub const MAX_FIELD_INDEXES: usize = 16;
/// The largest number of earlier readings of a field.
pub const MAX_EARLIER_READINGS: usize = 8;

/// One part of the record id: where it stands in a record, and its type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordIdField {
    /// Where it stands: names only, no arrays.
    pub path: Path,
    /// Text, bytes, i64 or UUID.
    pub value_type: ValueType,
}

/// What happens to fields of a record that the schema does not declare.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Undeclared {
    /// They are refused: strict, the default. Fields that stay in the clear are listed by name.
    #[default]
    Refuse,
    /// They stay in the clear.
    Clear,
}

/// The declared fields of one table or kind of document. Cheap to clone.
#[derive(Clone)]
pub struct Schema {
    inner: Arc<Inner>,
}

struct Inner {
    table: String,
    name: String,
    aliases: Vec<String>,
    record_id: Option<Vec<RecordIdField>>,
    undeclared: Undeclared,
    clear: Vec<String>,
    fields: Vec<Arc<FieldSpec>>,
}

impl Schema {
    /// Begins a schema for the table of this stable id.
    pub fn builder(table: impl Into<String>) -> SchemaBuilder {
        SchemaBuilder::new(table.into())
    }

    /// The stable id of the table: enters keys, and never changes.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.inner.table
    }

    /// The display name; the table's id unless declared.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Other names that the table goes by.
    #[must_use]
    pub fn aliases(&self) -> &[String] {
        &self.inner.aliases
    }

    /// The declared fields, in order.
    #[must_use]
    pub fn fields(&self) -> &[Arc<FieldSpec>] {
        &self.inner.fields
    }

    /// The field of this id, name or alias.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Arc<FieldSpec>> {
        let fields = &self.inner.fields;
        let by_id = fields.iter().find(|field| field.id() == name);
        by_id.or_else(|| fields.iter().find(|field| field.answers_to(name)))
    }

    /// [`Self::field`], or `UnknownField`.
    pub(crate) fn require_field(&self, name: &str) -> Result<&Arc<FieldSpec>> {
        self.field(name).ok_or_else(|| Error::with_detail(ErrorCode::UnknownField, format!("table {}", self.table())))
    }

    /// The parts of the record id; `None` if the schema binds none, by name.
    #[must_use]
    pub fn record_id(&self) -> Option<&[RecordIdField]> {
        self.inner.record_id.as_deref()
    }

    /// Whether a randomized field binds the record's id.
    #[must_use]
    pub fn binding_of(&self, field: &FieldSpec) -> RecordBinding {
        match self.inner.record_id {
            Some(_) => field.record_binding().unwrap_or(RecordBinding::Required),
            None => RecordBinding::None,
        }
    }

    /// What happens to undeclared fields.
    #[must_use]
    pub fn undeclared(&self) -> Undeclared {
        self.inner.undeclared
    }

    /// Names of the fields that stay in the clear.
    #[must_use]
    pub fn clear(&self) -> &[String] {
        &self.inner.clear
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema")
            .field("table", &self.inner.table)
            .field("fields", &self.inner.fields)
            .finish_non_exhaustive()
    }
}

/// Names of tables, fields, indexes and columns: 1 to 128 of `A-Z a-z 0-9 _ - .`.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    match (1..=crate::context::MAX_NAME_LEN).contains(&name.len()) && name.bytes().all(alphabet) {
        true => Ok(()),
        false => Err(Error::with_detail(ErrorCode::InvalidName, "schema names: 1 to 128 of A-Z a-z 0-9 _ - .")),
    }
}

#[cfg(test)]
mod tests;
