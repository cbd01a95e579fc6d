//! Schemas: which fields are sensitive, and how each is kept.

use std::sync::Arc;

use fieldward::{Mode, RecordBinding, StoredForm};

use crate::error::Result;

/// The declared fields of one table or kind of document.
#[derive(Debug, uniffi::Object)]
pub struct Schema {
    pub(crate) inner: fieldward::Schema,
}

/// What is declared of a field.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct FieldDeclaration {
    /// The stable id: enters keys, and never changes.
    pub id: String,
    /// The name.
    pub name: String,
    /// Where it stands in a record.
    pub path: String,
    /// The name, if it is a member of the record itself.
    pub column: Option<String>,
    /// The type, such as `text`.
    pub value_type: String,
    /// Whether equal values give equal envelopes.
    pub is_deterministic: bool,
    /// Whether it is stored as text.
    pub is_text: bool,
    /// Whether it binds the record's id.
    pub is_bound: bool,
    /// Whether a record must have it.
    pub is_required: bool,
    /// The indexes, by name.
    pub indexes: Vec<IndexDeclaration>,
}

/// A part of the record id.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct RecordIdPart {
    /// Where it stands in a record.
    pub path: String,
    /// The type.
    pub value_type: String,
}

/// What is declared of an index.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct IndexDeclaration {
    /// The name.
    pub name: String,
    /// The column that its values are stored in.
    pub column: String,
    /// Whether the rows that it finds need no confirmation.
    pub is_exact: bool,
    /// Whether it gives a list for each value.
    pub is_list: bool,
}

#[uniffi::export]
impl Schema {
    /// Reads a schema in JSON, at most 256 KiB.
    #[uniffi::constructor]
    pub fn from_json(text: &str) -> Result<Arc<Self>> {
        Ok(Arc::new(Self { inner: fieldward::Schema::from_json(text)? }))
    }

    /// Reads a schema in TOML: the same model.
    #[uniffi::constructor]
    pub fn from_toml(text: &str) -> Result<Arc<Self>> {
        Ok(Arc::new(Self { inner: fieldward::Schema::from_toml(text)? }))
    }

    /// The built-in preset of the table `patients`.
    #[uniffi::constructor]
    pub fn patient() -> Result<Arc<Self>> {
        Ok(Arc::new(Self { inner: fieldward::Schema::patient()? }))
    }

    /// The stable id of the table.
    pub fn table(&self) -> Result<String> {
        Ok(self.inner.table().to_owned())
    }

    /// The parts of the record id; none if the schema binds none.
    pub fn record_id(&self) -> Result<Option<Vec<RecordIdPart>>> {
        let part = |part: &fieldward::RecordIdField| RecordIdPart {
            path: part.path.to_string(),
            value_type: part.value_type.as_str().to_owned(),
        };
        Ok(self.inner.record_id().map(|parts| parts.iter().map(part).collect()))
    }

    /// Every declared field, in order.
    pub fn fields(&self) -> Result<Vec<FieldDeclaration>> {
        Ok(self.inner.fields().iter().map(|field| self.declared(field)).collect())
    }
}

impl Schema {
    fn declared(&self, field: &fieldward::FieldSpec) -> FieldDeclaration {
        let indexes = field.indexes().iter().map(|index| IndexDeclaration {
            name: index.name().to_owned(),
            column: index.column().to_owned(),
            is_exact: index.is_exact(),
            is_list: index.transform().is_list(),
        });
        let is_deterministic = field.mode() == Mode::Deterministic;
        FieldDeclaration {
            id: field.id().to_owned(),
            name: field.name().to_owned(),
            path: field.path().to_string(),
            column: field.path().as_name().map(str::to_owned),
            value_type: field.value_type().as_str().to_owned(),
            is_deterministic,
            is_text: field.stored_form() == StoredForm::Text,
            is_bound: !is_deterministic && self.inner.binding_of(field) == RecordBinding::Required,
            is_required: field.is_required(),
            indexes: indexes.collect(),
        }
    }
}
