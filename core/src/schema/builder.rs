//! Schemas in Rust.

use std::sync::Arc;

use super::{FieldSpec, Inner, Path, RecordIdField, Schema, Undeclared, validate};
use crate::error::{ErrorCode, Result, fail};
use crate::value::ValueType;

/// Collects a schema; [`Self::build`] checks it whole.
///
/// ```
/// use fieldward::{FieldSpec, IndexSpec, Normalizer, Schema, Step, Transform, ValueType};
/// let digits = Normalizer::new([Step::Digits])?;
/// let schema = Schema::builder("patients")
///     .record_id("id", ValueType::Text)
///     .field(
///         FieldSpec::randomized("ssn", ValueType::Text)?
///             .index(IndexSpec::new("exact", "ssn_exact", Transform::Exact).normalizer(digits)),
///     )
///     .clear("admitted")
///     .build()?;
/// assert_eq!(schema.fields().len(), 1);
/// # Ok::<(), fieldward::Error>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct SchemaBuilder {
    table: String,
    name: Option<String>,
    aliases: Vec<String>,
    record_id: Vec<(String, ValueType)>,
    without_record_binding: bool,
    undeclared: Undeclared,
    clear: Vec<String>,
    fields: Vec<FieldSpec>,
}

impl SchemaBuilder {
    pub(super) const fn new(table: String) -> Self {
        Self {
            table,
            name: None,
            aliases: Vec::new(),
            record_id: Vec::new(),
            without_record_binding: false,
            undeclared: Undeclared::Refuse,
            clear: Vec::new(),
            fields: Vec::new(),
        }
    }

    /// The display name.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Another name that the table goes by.
    pub fn alias(mut self, alias: impl Into<String>) -> Self {
        self.aliases.push(alias.into());
        self
    }

    /// Adds a part of the record id: where it stands, and its type (text, bytes, i64 or UUID).
    pub fn record_id(mut self, path: impl Into<String>, value_type: ValueType) -> Self {
        self.record_id.push((path.into(), value_type));
        self
    }

    /// Binds no record id, by name.
    pub const fn without_record_binding(mut self) -> Self {
        self.without_record_binding = true;
        self
    }

    /// What happens to fields that are not declared; refused by default.
    pub const fn undeclared(mut self, undeclared: Undeclared) -> Self {
        self.undeclared = undeclared;
        self
    }

    /// Lists a field that stays in the clear.
    pub fn clear(mut self, name: impl Into<String>) -> Self {
        self.clear.push(name.into());
        self
    }

    /// Adds a field.
    pub fn field(mut self, field: FieldSpec) -> Self {
        self.fields.push(field);
        self
    }

    /// The schema, checked whole.
    ///
    /// # Errors
    ///
    /// `InvalidName`, `SchemaDuplicate`, `SchemaInvalid`, `SchemaCycle`, `SchemaLeakNotAccepted`, `SchemaUnknownOption`,
    /// `SchemaTooLarge`: the detail names the field.
    pub fn build(self) -> Result<Schema> {
        let record_id = match (self.record_id.is_empty(), self.without_record_binding) {
            (true, true) => None,
            (false, false) => {
                let parts = self.record_id.into_iter().map(|(path, value_type)| {
                    let path: Path = path.parse()?;
                    Ok(RecordIdField { path, value_type })
                });
                Some(parts.collect::<Result<Vec<_>>>()?)
            }
            _ => {
                return fail(ErrorCode::SchemaInvalid, "declare record_id, or record_binding = \"none\", and not both");
            }
        };
        let inner = Inner {
            name: self.name.unwrap_or_else(|| self.table.clone()),
            table: self.table,
            aliases: self.aliases,
            record_id,
            undeclared: self.undeclared,
            clear: self.clear,
            fields: self.fields.into_iter().map(Arc::new).collect(),
        };
        validate::validate(&inner)?;
        Ok(Schema { inner: Arc::new(inner) })
    }
}
