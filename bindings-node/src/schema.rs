//! Schemas: which fields are sensitive, and how each is kept.

use fieldward::{ErrorCode, Mode, RecordBinding, StoredForm, ValueType};
use napi::bindgen_prelude::Env;
use napi_derive::napi;

use crate::error::{Result, run};

/// The declared fields of one table or kind of document.
#[napi]
pub struct Schema {
    pub(crate) inner: fieldward::Schema,
}

/// What a schema declares of a field.
#[napi(object)]
pub struct FieldDeclaration {
    /// The stable id: enters keys, and never changes.
    pub id: String,
    /// The name.
    pub name: String,
    /// The path in a record.
    pub path: String,
    /// The name, if the field is a member of the record itself.
    pub column: Option<String>,
    /// `text`, `bytes`, `i64`, `f64`, `bool`, `date`, `timestamp`, `decimal`, `json` or `uuid`.
    pub r#type: String,
    /// `randomized` or `deterministic`.
    pub mode: String,
    /// `bytes` or `text`.
    pub stored: String,
    /// Whether a value is bound to its record's id.
    pub is_bound: bool,
    /// Whether a record must have it.
    pub required: bool,
    /// The indexes, in order.
    pub indexes: Vec<IndexDeclaration>,
}

/// What a schema declares of an index.
#[napi(object)]
pub struct IndexDeclaration {
    /// The name.
    pub name: String,
    /// The column beside the field.
    pub column: String,
    /// False if what it finds are candidates, to be confirmed with `matches`.
    pub is_exact: bool,
    /// Whether the column holds a list.
    pub is_list: bool,
}

/// A part of the record id.
#[napi(object)]
pub struct RecordIdPart {
    /// The path in a record.
    pub path: String,
    /// The type.
    pub r#type: String,
}

impl Schema {
    /// The types of the record id's parts; none where the schema binds none.
    pub(crate) fn record_id_kinds(&self) -> Vec<ValueType> {
        self.inner.record_id().into_iter().flatten().map(|part| part.value_type).collect()
    }

    fn parsed(env: &Env, parse: impl FnOnce() -> Result<fieldward::Schema>) -> napi::Result<Self> {
        run(env, || Ok(Self { inner: parse()? }))
    }
}

#[napi]
impl Schema {
    /// Reads a schema in JSON, at most 256 KiB.
    #[napi(factory)]
    pub fn from_json(env: &Env, text: String) -> napi::Result<Self> {
        Self::parsed(env, || fieldward::Schema::from_json(&text))
    }

    /// Reads a schema in TOML: the same model.
    #[napi(factory)]
    pub fn from_toml(env: &Env, text: String) -> napi::Result<Self> {
        Self::parsed(env, || fieldward::Schema::from_toml(&text))
    }

    /// The built-in preset: `ssn`, `medical_record_number`, `phone_number`, `email`, `address` and `emergency_contact` of the table
    /// `patients`, bound to `patient_id`.
    #[napi(factory)]
    pub fn patient(env: &Env) -> napi::Result<Self> {
        Self::parsed(env, fieldward::Schema::patient)
    }

    /// The stable id of the table: enters keys, and never changes.
    #[napi(getter)]
    pub fn table(&self, env: &Env) -> napi::Result<String> {
        run(env, || Ok(self.inner.table().to_owned()))
    }

    /// The ids of the declared fields, in order.
    #[napi(getter)]
    pub fn fields(&self, env: &Env) -> napi::Result<Vec<String>> {
        run(env, || Ok(self.inner.fields().iter().map(|field| field.id().to_owned()).collect()))
    }

    /// What is declared of a field, by id, name or alias.
    #[napi]
    pub fn field(&self, env: &Env, name: String) -> napi::Result<FieldDeclaration> {
        run(env, || {
            let field = self.inner.field(&name).ok_or(ErrorCode::UnknownField)?;
            let mode = field.mode();
            Ok(FieldDeclaration {
                id: field.id().to_owned(),
                name: field.name().to_owned(),
                path: field.path().to_string(),
                column: field.path().as_name().map(str::to_owned),
                r#type: field.value_type().as_str().to_owned(),
                mode: if mode == Mode::Randomized { "randomized" } else { "deterministic" }.to_owned(),
                stored: if field.stored_form() == StoredForm::Text { "text" } else { "bytes" }.to_owned(),
                is_bound: mode == Mode::Randomized && self.inner.binding_of(field) == RecordBinding::Required,
                required: field.is_required(),
                indexes: field
                    .indexes()
                    .iter()
                    .map(|index| IndexDeclaration {
                        name: index.name().to_owned(),
                        column: index.column().to_owned(),
                        is_exact: index.is_exact(),
                        is_list: index.transform().is_list(),
                    })
                    .collect(),
            })
        })
    }

    /// The parts of the record id; `null` if the schema binds none.
    #[napi(getter)]
    pub fn record_id(&self, env: &Env) -> napi::Result<Option<Vec<RecordIdPart>>> {
        run(env, || {
            let part = |part: &fieldward::RecordIdField| RecordIdPart {
                path: part.path.to_string(),
                r#type: part.value_type.as_str().to_owned(),
            };
            Ok(self.inner.record_id().map(|parts| parts.iter().map(part).collect()))
        })
    }
}
