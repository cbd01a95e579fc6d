//! The declaration of one field.

use serde::Deserialize;

use super::Path;
use crate::error::Result;
use crate::search::{IndexSpec, Normalizer};
use crate::value::{Padding, ValueType};

/// Randomized or deterministic.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Equal values give unrelated envelopes; searched through indexes. The default for what people type.
    Randomized,
    /// Equal values give equal envelopes: the envelope is its own search token, and tells equality.
    Deterministic,
}

/// Whether a randomized field's envelopes are bound to their record.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordBinding {
    /// The record id is associated data: an envelope moved to another record does not open.
    Required,
    /// It is not, by name.
    None,
}

/// What an envelope is stored as.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoredForm {
    /// Bytes, for binary columns.
    #[default]
    Bytes,
    /// Text, for text columns and JSON documents.
    Text,
}

/// What a field encrypts: the value, or its normalised text.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StoreForm {
    /// The value exactly as given.
    #[default]
    Exact,
    /// The normalised text: decrypting gives that, not what was typed. Deterministic text fields only.
    Normalized(Normalizer),
}

/// What a mixed column may hold beside envelopes, by name.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LegacyFormat {
    /// Values that were never encrypted.
    Plaintext,
}

/// An earlier declaration that a field still reads, under the one data key that an envelope names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::exhaustive_structs, reason = "callers build it; a further option would be a further key path")]
pub struct EarlierReading {
    /// The mode it had; the present one unless given.
    #[serde(default)]
    pub mode: Option<Mode>,
    /// The id it had; the present one unless given.
    #[serde(default)]
    pub field: Option<String>,
    /// The record binding it had; the present one unless given.
    #[serde(default)]
    pub record_binding: Option<RecordBinding>,
}

/// One sensitive field, as declared.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldSpec {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) aliases: Vec<String>,
    pub(super) path: Path,
    pub(super) mode: Mode,
    pub(super) value_type: ValueType,
    pub(super) stored: StoredForm,
    pub(super) padding: Padding,
    pub(super) is_required: bool,
    pub(super) record_binding: Option<RecordBinding>,
    pub(super) store: StoreForm,
    pub(super) accepted_leaks: Vec<String>,
    pub(super) accepts: Vec<LegacyFormat>,
    pub(super) reads_also: Vec<EarlierReading>,
    pub(super) indexes: Vec<IndexSpec>,
}

impl FieldSpec {
    /// A randomized field with this stable id, which is its name and path too unless said otherwise.
    ///
    /// # Errors
    ///
    /// `InvalidName` if the id is not a name.
    pub fn randomized(id: &str, value_type: ValueType) -> Result<Self> {
        Self::new(id, Mode::Randomized, value_type)
    }

    /// A deterministic field with this stable id.
    ///
    /// # Errors
    ///
    /// `InvalidName` if the id is not a name.
    pub fn deterministic(id: &str, value_type: ValueType) -> Result<Self> {
        Self::new(id, Mode::Deterministic, value_type)
    }

    fn new(id: &str, mode: Mode, value_type: ValueType) -> Result<Self> {
        super::check_name(id)?;
        Ok(Self {
            id: id.to_owned(),
            name: id.to_owned(),
            aliases: Vec::new(),
            path: Path::name(id),
            mode,
            value_type,
            stored: StoredForm::default(),
            padding: Padding::default(),
            is_required: false,
            record_binding: None,
            store: StoreForm::default(),
            accepted_leaks: Vec::new(),
            accepts: Vec::new(),
            reads_also: Vec::new(),
            indexes: Vec::new(),
        })
    }

    /// Names the field apart from its id; the path follows unless it was set.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        let follows = self.path == Path::name(&self.name);
        self.name = name.into();
        if follows {
            self.path = Path::name(&self.name);
        }
        self
    }

    /// Another name that the field goes by.
    #[must_use]
    pub fn alias(mut self, alias: impl Into<String>) -> Self {
        self.aliases.push(alias.into());
        self
    }

    /// Where the field stands in a record.
    #[must_use]
    pub fn at(mut self, path: Path) -> Self {
        self.path = path;
        self
    }

    /// Stores envelopes as text, for text columns and JSON documents.
    #[must_use]
    pub const fn stored_as(mut self, form: StoredForm) -> Self {
        self.stored = form;
        self
    }

    /// Pads values before they are encrypted.
    #[must_use]
    pub const fn padding_to(mut self, padding: Padding) -> Self {
        self.padding = padding;
        self
    }

    /// Refuses records without the field. Null is not missing.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    /// Does not bind the record id, by name.
    #[must_use]
    pub const fn without_record_binding(mut self) -> Self {
        self.record_binding = Some(RecordBinding::None);
        self
    }

    /// Encrypts the normalised text instead of the text: deterministic text fields only.
    #[must_use]
    pub fn store_normalized(mut self, normalizer: Normalizer) -> Self {
        self.store = StoreForm::Normalized(normalizer);
        self
    }

    /// Accepts a leak by name: `low_cardinality`.
    #[must_use]
    pub fn accept_leak(mut self, leak: impl Into<String>) -> Self {
        self.accepted_leaks.push(leak.into());
        self
    }

    /// Reads a mixed column.
    #[must_use]
    pub fn accepting(mut self, format: LegacyFormat) -> Self {
        self.accepts.push(format);
        self
    }

    /// Reads an earlier declaration too.
    #[must_use]
    pub fn reading_also(mut self, earlier: EarlierReading) -> Self {
        self.reads_also.push(earlier);
        self
    }

    /// Adds an index.
    #[must_use]
    pub fn index(mut self, index: IndexSpec) -> Self {
        self.indexes.push(index);
        self
    }

    /// The stable id: enters keys, and never changes.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The display name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Other names.
    #[must_use]
    pub fn aliases(&self) -> &[String] {
        &self.aliases
    }

    /// Where it stands in a record.
    #[must_use]
    pub const fn path(&self) -> &Path {
        &self.path
    }

    /// Randomized or deterministic.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// The type of its values.
    #[must_use]
    pub const fn value_type(&self) -> ValueType {
        self.value_type
    }

    /// Bytes or text.
    #[must_use]
    pub const fn stored_form(&self) -> StoredForm {
        self.stored
    }

    /// Its padding.
    #[must_use]
    pub const fn padding(&self) -> Padding {
        self.padding
    }

    /// Whether records without it are refused.
    #[must_use]
    pub const fn is_required(&self) -> bool {
        self.is_required
    }

    /// Its own record binding, where it has one.
    #[must_use]
    pub const fn record_binding(&self) -> Option<RecordBinding> {
        self.record_binding
    }

    /// What it encrypts.
    #[must_use]
    pub const fn store(&self) -> &StoreForm {
        &self.store
    }

    /// Leaks accepted by name.
    #[must_use]
    pub fn accepted_leaks(&self) -> &[String] {
        &self.accepted_leaks
    }

    /// Legacy formats it reads.
    #[must_use]
    pub fn accepts(&self) -> &[LegacyFormat] {
        &self.accepts
    }

    /// Earlier declarations it reads.
    #[must_use]
    pub fn reads_also(&self) -> &[EarlierReading] {
        &self.reads_also
    }

    /// Its indexes.
    #[must_use]
    pub fn indexes(&self) -> &[IndexSpec] {
        &self.indexes
    }

    pub(super) fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.aliases.iter().any(|alias| alias == name)
    }
}
