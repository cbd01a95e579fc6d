//! Schemas in JSON and TOML: one model, no option that is not known.

use serde::Deserialize;

use super::{
    EarlierReading, FieldSpec, LegacyFormat, MAX_SCHEMA_LEN, Mode, RecordBinding, Schema, StoredForm, Undeclared,
};
use crate::error::{Error, ErrorCode, Result, fail};
use crate::search::{DatePart, IndexSpec, NORMALIZER_VERSION, Normalizer, Step, Transform};
use crate::value::{Padding, ValueType};

const FORMAT: &str = "fieldward-schema";
const VERSION: u32 = 1;

impl Schema {
    /// Reads a schema in JSON.
    ///
    /// # Errors
    ///
    /// `SchemaTooLarge` past 256 KiB; `SchemaSyntax` with the line; `SchemaUnknownOption`; `SchemaDuplicate` also for a
    /// member that stands twice; and what [`super::SchemaBuilder::build`] refuses.
    pub fn from_json(text: &str) -> Result<Self> {
        check_len(text)?;
        let raw: RawSchema = serde_json::from_str(text).map_err(|error| {
            classified(&error.to_string(), format!("line {} column {}", error.line(), error.column()))
        })?;
        raw.build()
    }

    /// Reads a schema in TOML: the same model.
    ///
    /// # Errors
    ///
    /// As [`Self::from_json`].
    pub fn from_toml(text: &str) -> Result<Self> {
        check_len(text)?;
        let raw: RawSchema = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or_else(String::new, |span| format!("byte {}", span.start));
            classified(error.message(), at)
        })?;
        raw.build()
    }
}

fn check_len(text: &str) -> Result<()> {
    if text.len() > MAX_SCHEMA_LEN { fail(ErrorCode::SchemaTooLarge, "at most 256 KiB") } else { Ok(()) }
}

/// The parsers tell what is wrong in their message only.
fn classified(message: &str, at: String) -> Error {
    let code = match message {
        text if text.starts_with("unknown field") || text.starts_with("unknown variant") => {
            ErrorCode::SchemaUnknownOption
        }
        text if text.starts_with("duplicate") => ErrorCode::SchemaDuplicate,
        _ => ErrorCode::SchemaSyntax,
    };
    Error::with_detail(code, at)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSchema {
    format: String,
    version: u32,
    table: String,
    name: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    record_id: Option<Vec<RawRecordId>>,
    record_binding: Option<RecordBinding>,
    #[serde(default)]
    undeclared: RawUndeclared,
    #[serde(default)]
    clear: Vec<String>,
    fields: Vec<RawField>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRecordId {
    path: String,
    #[serde(rename = "type")]
    value_type: ValueType,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawUndeclared {
    #[default]
    Refuse,
    Clear,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawField {
    id: String,
    name: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    path: Option<String>,
    mode: Mode,
    #[serde(rename = "type")]
    value_type: ValueType,
    #[serde(default)]
    stored: StoredForm,
    #[serde(default)]
    padding: RawPadding,
    #[serde(default)]
    required: bool,
    record_binding: Option<RecordBinding>,
    #[serde(default)]
    store: RawStore,
    normalizer: Option<RawNormalizer>,
    normalizer_version: Option<u32>,
    #[serde(default)]
    accept_leak: Vec<String>,
    #[serde(default)]
    accepts: Vec<LegacyFormat>,
    #[serde(default)]
    reads_also: Vec<EarlierReading>,
    #[serde(default)]
    indexes: Vec<RawIndex>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum RawPadding {
    #[default]
    None,
    Padme,
    Block(u16),
}

#[derive(Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawStore {
    #[default]
    Exact,
    Normalized,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawNormalizer {
    One(Step),
    Many(Vec<Step>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIndex {
    name: String,
    column: Option<String>,
    transform: RawTransform,
    bits: Option<u8>,
    normalizer: Option<RawNormalizer>,
    normalizer_version: Option<u32>,
    key: Option<u32>,
    search_domain: Option<String>,
    #[serde(default)]
    accept_leak: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum RawTransform {
    Exact,
    Words,
    Phonetic,
    Last(u8),
    First(u8),
    Date(RawDatePart),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawDatePart {
    Year,
    YearMonth,
    Month,
    MonthDay,
}

impl RawSchema {
    fn build(self) -> Result<Schema> {
        if self.format != FORMAT || self.version != VERSION {
            return fail(ErrorCode::SchemaSyntax, "format is \"fieldward-schema\" and version is 1");
        }
        let mut schema = Schema::builder(self.table);
        if let Some(name) = self.name {
            schema = schema.named(name);
        }
        for alias in self.aliases {
            schema = schema.alias(alias);
        }
        for part in self.record_id.unwrap_or_default() {
            schema = schema.record_id(part.path, part.value_type);
        }
        if self.record_binding == Some(RecordBinding::None) {
            schema = schema.without_record_binding();
        }
        schema = schema.undeclared(match self.undeclared {
            RawUndeclared::Refuse => Undeclared::Refuse,
            RawUndeclared::Clear => Undeclared::Clear,
        });
        for name in self.clear {
            schema = schema.clear(name);
        }
        for field in self.fields {
            let id = field.id.clone();
            schema = schema.field(field.build().map_err(|error| error.at(&id))?);
        }
        schema.build()
    }
}

impl RawField {
    fn build(self) -> Result<FieldSpec> {
        let mut field = match self.mode {
            Mode::Randomized => FieldSpec::randomized(&self.id, self.value_type)?,
            Mode::Deterministic => FieldSpec::deterministic(&self.id, self.value_type)?,
        };
        if let Some(name) = self.name {
            field = field.named(name);
        }
        if let Some(path) = self.path {
            field = field.at(path.parse()?);
        }
        field.aliases = self.aliases;
        field.stored = self.stored;
        field.padding = match self.padding {
            RawPadding::None => Padding::None,
            RawPadding::Padme => Padding::Padme,
            RawPadding::Block(block) => Padding::Block(block),
        };
        field.is_required = self.required;
        field.record_binding = self.record_binding;
        let normalizer = normalizer(self.normalizer, self.normalizer_version)?;
        field = match (self.store, normalizer) {
            (RawStore::Normalized, Some(normalizer)) => field.store_normalized(normalizer),
            (RawStore::Exact, None) => field,
            _ => {
                return fail(ErrorCode::SchemaInvalid, format!("{}: store = \"normalized\" and a normalizer", self.id));
            }
        };
        field.accepted_leaks = self.accept_leak;
        field.accepts = self.accepts;
        field.reads_also = self.reads_also;
        for index in self.indexes {
            let spec = index.build(&field.name)?;
            field = field.index(spec);
        }
        Ok(field)
    }
}

impl RawIndex {
    fn build(self, field: &str) -> Result<IndexSpec> {
        let transform = match self.transform {
            RawTransform::Exact => Transform::Exact,
            RawTransform::Words => Transform::Words,
            RawTransform::Phonetic => Transform::Phonetic,
            RawTransform::Last(n) => Transform::Last(n),
            RawTransform::First(n) => Transform::First(n),
            RawTransform::Date(part) => Transform::Date(match part {
                RawDatePart::Year => DatePart::Year,
                RawDatePart::YearMonth => DatePart::YearMonth,
                RawDatePart::Month => DatePart::Month,
                RawDatePart::MonthDay => DatePart::MonthDay,
            }),
        };
        let column = self.column.unwrap_or_else(|| format!("{field}_{}", self.name));
        let mut index = IndexSpec::new(self.name, column, transform);
        if let Some(bits) = self.bits {
            index = index.bits(bits);
        }
        if let Some(normalizer) = normalizer(self.normalizer, self.normalizer_version)? {
            index = index.normalizer(normalizer);
        }
        if let Some(number) = self.key {
            index = index.key_number(number);
        }
        if let Some(domain) = self.search_domain {
            index = index.search_domain(domain);
        }
        Ok(self.accept_leak.into_iter().fold(index, IndexSpec::accept_leak))
    }
}

/// A normaliser names the version that it was declared for; only version 1 exists.
fn normalizer(raw: Option<RawNormalizer>, version: Option<u32>) -> Result<Option<Normalizer>> {
    if version.is_some_and(|version| version != NORMALIZER_VERSION) {
        return fail(ErrorCode::SchemaInvalid, "normalizer_version is 1");
    }
    raw.map(|raw| match raw {
        RawNormalizer::One(step) => Normalizer::new([step]),
        RawNormalizer::Many(steps) => Normalizer::new(steps),
    })
    .transpose()
}
