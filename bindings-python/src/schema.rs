//! Schemas: which fields are sensitive, and how each is kept.

use fieldward::{Mode, RecordBinding, StoredForm};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::error::to_py;
use crate::name::Name;

/// The declared fields of one table or kind of document: read from JSON, TOML or a dict. Pickles as its text.
///
///     >>> visits = fw.Schema.from_dict({
///     ...     "table": "visits",
///     ...     "record_id": [{"path": "visit", "type": "i64"}],
///     ...     "clear": ["ward"],
///     ...     "fields": [{"id": "glucose", "type": "f64", "mode": "randomized"}],
///     ... })
///     >>> visits.fields, visits.record_id
///     (['glucose'], [('visit', 'i64')])
#[pyclass(frozen, module = "fieldward")]
pub(crate) struct Schema {
    pub(crate) inner: fieldward::Schema,
    source: (&'static str, String),
}

impl Schema {
    fn read_json(text: String) -> PyResult<Self> {
        let inner = fieldward::Schema::from_json(&text).map_err(to_py)?;
        Ok(Self { inner, source: ("from_json", text) })
    }
}

#[pymethods]
impl Schema {
    /// Reads a schema in JSON, a `str` of at most 256 KiB. Errors: `schema_syntax`, `schema_invalid` and other codes of the kind `schema`, with the
    /// place in `detail`.
    ///
    ///     >>> fw.Schema.from_json('{"format": "fieldward-schema", "version": 1, "table": "t", "fields": []}').table
    ///     't'
    #[staticmethod]
    fn from_json(text: Name) -> PyResult<Self> {
        Self::read_json(text.into_string())
    }

    /// Reads a schema in TOML, a `str`: the same model and errors.
    #[staticmethod]
    fn from_toml(text: Name) -> PyResult<Self> {
        let inner = fieldward::Schema::from_toml(&text).map_err(to_py)?;
        Ok(Self { inner, source: ("from_toml", text.into_string()) })
    }

    /// A schema as a `dict` of JSON's types; `format` and `version` may be left out. Errors: those of `from_json`.
    ///
    ///     >>> fw.Schema.from_dict({"table": "t", "fields": [{"id": "x", "type": "text", "mode": "randomized", "record_binding": "none"}]}).fields
    ///     ['x']
    #[staticmethod]
    fn from_dict(schema: &Bound<'_, PyDict>) -> PyResult<Self> {
        let whole = PyDict::new(schema.py());
        whole.set_item("format", "fieldward-schema")?;
        whole.set_item("version", 1)?;
        whole.update(schema.as_mapping())?;
        Self::read_json(crate::json::text(whole.as_any()).map_err(to_py)?)
    }

    /// The built-in preset: `ssn`, `medical_record_number`, `phone_number`, `email`, `address` and `emergency_contact` of the table `patients`, bound
    /// to `patient_id`.
    ///
    ///     >>> fw.Schema.patient().table
    ///     'patients'
    #[staticmethod]
    fn patient() -> PyResult<Self> {
        Ok(Self { inner: fieldward::Schema::patient().map_err(to_py)?, source: ("patient", String::new()) })
    }

    /// The stable id of the table, a `str`: enters keys, and never changes.
    #[getter]
    fn table(&self) -> &str {
        self.inner.table()
    }

    /// The ids of the declared fields, a list of `str`, in order.
    #[getter]
    fn fields(&self) -> Vec<&str> {
        self.inner.fields().iter().map(|field| field.id()).collect()
    }

    /// What is declared of a field, by id, name or alias: a `dict` of `id`, `name`, `path`, `column` (the name, if the field is a member of the record
    /// itself, else `None`), `type`, `mode`, `stored`, `is_bound`, `required` and `indexes` (a list of dicts of `name`, `column`, `is_exact` and
    /// `is_list`). Errors: `unknown_field`.
    ///
    ///     >>> schema.field("ssn")["mode"]
    ///     'randomized'
    fn field<'py>(&self, py: Python<'py>, name: Name) -> PyResult<Bound<'py, PyDict>> {
        let Some(field) = self.inner.field(&name) else {
            return Err(to_py(fieldward::ErrorCode::UnknownField.into()));
        };
        let declared = PyDict::new(py);
        declared.set_item("id", field.id())?;
        declared.set_item("name", field.name())?;
        declared.set_item("path", field.path().to_string())?;
        declared.set_item("column", field.path().as_name())?;
        declared.set_item("type", field.value_type().as_str())?;
        declared.set_item("mode", if field.mode() == Mode::Randomized { "randomized" } else { "deterministic" })?;
        declared.set_item("stored", if field.stored_form() == StoredForm::Text { "text" } else { "bytes" })?;
        let is_bound = field.mode() == Mode::Randomized && self.inner.binding_of(field) == RecordBinding::Required;
        declared.set_item("is_bound", is_bound)?;
        declared.set_item("required", field.is_required())?;
        let indexes = field.indexes().iter().map(|index| {
            let declared = PyDict::new(py);
            declared.set_item("name", index.name())?;
            declared.set_item("column", index.column())?;
            declared.set_item("is_exact", index.is_exact())?;
            declared.set_item("is_list", index.transform().is_list())?;
            Ok(declared)
        });
        declared.set_item("indexes", indexes.collect::<PyResult<Vec<_>>>()?)?;
        Ok(declared)
    }

    /// The parts of the record id, a list of pairs of path and type; `None` if the schema binds none.
    #[getter]
    fn record_id(&self) -> Option<Vec<(String, &'static str)>> {
        let parts = self.inner.record_id()?;
        Some(parts.iter().map(|part| (part.path.to_string(), part.value_type.as_str())).collect())
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let (method, text) = &slf.get().source;
        let arguments = if *method == "patient" { PyTuple::empty(slf.py()) } else { PyTuple::new(slf.py(), [text])? };
        Ok((slf.get_type().getattr(*method)?, arguments))
    }

    fn __repr__(&self) -> String {
        format!("Schema({}, {} fields)", self.inner.table(), self.inner.fields().len())
    }
}
