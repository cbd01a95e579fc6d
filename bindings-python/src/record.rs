//! Whole records: dicts, in Python's own types.

use std::sync::Arc;

use fieldward::{
    Change, Error, ErrorCode, RecordCipher, RecordNode, RecordStep, SealedNode, Stored, StoredForm, Value, ValueType,
};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use crate::error::{Result, to_py};
use crate::handle::{Handle, Held};
use crate::keyring::Keyring;
use crate::name::Name;
use crate::schema::Schema;
use crate::search::{Query, from_index};
use crate::value::{from_stored, from_value, text_of, to_value, with_stored};

/// Encrypts and decrypts the records of one schema, of one tenant: dicts, dataclasses and pydantic models. Made by `Keyring.records`, once, and
/// kept; any thread may use it.
///
///     >>> patients = keyring.records(schema)
///     >>> row = patients.encrypt({"patient_id": "p-7", "ssn": "999-41-1234", "ward": 3})
///     >>> patients.decrypt(row)
///     {'patient_id': 'p-7', 'ssn': '999-41-1234', 'ward': 3}
#[pyclass(frozen, module = "fieldward")]
pub(crate) struct Records {
    cipher: Arc<Handle<RecordCipher>>,
    keyring: Py<Keyring>,
    schema: Py<Schema>,
    tenant: Option<String>,
}

/// A value somewhere in a record.
#[derive(Clone)]
struct Node<'py>(Bound<'py, PyAny>);

impl RecordNode for Node<'_> {
    fn names(&self) -> Option<Vec<String>> {
        let members = self.0.cast::<PyDict>().ok()?;
        Some(members.keys().iter().map(|name| name.extract().unwrap_or_default()).collect())
    }

    fn member(&self, name: &str) -> Option<Self> {
        self.0.cast::<PyDict>().ok()?.get_item(name).ok().flatten().map(Node)
    }

    fn elements(&self) -> Option<Vec<Self>> {
        Some(self.0.cast::<PyList>().ok()?.iter().map(Node).collect())
    }

    fn is_null(&self) -> bool {
        self.0.is_none()
    }

    fn is_text(&self, text: &str) -> bool {
        self.0.cast::<PyString>().is_ok_and(|own| text_of(own).is_ok_and(|own| own == text))
    }

    fn value(&self, kind: ValueType) -> Result<Option<Value>> {
        to_value(&self.0, kind)
    }

    fn stored(&self) -> Result<Stored> {
        with_stored(&self.0, |stored| {
            Ok(match stored {
                fieldward::StoredRef::Null => Stored::Null,
                fieldward::StoredRef::Bytes(bytes) => Stored::Bytes(bytes.to_vec()),
                fieldward::StoredRef::Text(text) => Stored::Text(text.to_owned()),
            })
        })
    }
}

/// Puts what changed into a copy of a record: containers on the way are copied once, everything else is the same object.
fn put<'py, T>(
    record: &Bound<'py, PyDict>,
    changes: &[Change<T>],
    object: impl Fn(&T) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<()> {
    let mut copied: Vec<Vec<RecordStep>> = Vec::new();
    for change in changes {
        let Some((last, way)) = change.steps.split_last() else { continue };
        let mut place: Bound<'py, PyAny> = record.clone().into_any();
        for (depth, step) in way.iter().enumerate() {
            let so_far = change.steps.get(..=depth).unwrap_or_default();
            let inner = member(&place, step)?;
            place = if copied.iter().any(|other| other == so_far) {
                inner
            } else {
                let copy = inner.call_method0("copy")?;
                set(&place, step, &copy)?;
                copied.push(so_far.to_vec());
                copy
            };
        }
        set(&place, last, &object(&change.to)?)?;
    }
    Ok(())
}

fn member<'py>(place: &Bound<'py, PyAny>, step: &RecordStep) -> PyResult<Bound<'py, PyAny>> {
    match step {
        RecordStep::Member(name) => place.get_item(name),
        RecordStep::Element(at) => place.get_item(at),
    }
}

fn set(place: &Bound<'_, PyAny>, step: &RecordStep, object: &Bound<'_, PyAny>) -> PyResult<()> {
    match step {
        RecordStep::Member(name) => place.set_item(name, object),
        RecordStep::Element(at) => place.set_item(at, object),
    }
}

/// The dict that a record is: itself, or the members of a dataclass or pydantic model.
fn members<'py>(record: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    if let Ok(members) = record.cast::<PyDict>() {
        return Ok(members.clone());
    }
    let members = record.py().import("fieldward._models")?.call_method1("members", (record,))?;
    members.cast_into::<PyDict>().map_err(|_| to_py(ErrorCode::RecordShape.into()))
}

impl Records {
    pub(crate) fn new(
        keyring: &Bound<'_, Keyring>,
        schema: &Bound<'_, Schema>,
        tenant: Option<String>,
    ) -> Result<Self> {
        let cipher = keyring.get().inner()?.part()?.records(&schema.get().inner, tenant.as_deref())?;
        let cipher = keyring.get().handles.give(cipher);
        Ok(Self { cipher, keyring: keyring.clone().unbind(), schema: schema.clone().unbind(), tenant })
    }

    pub(crate) fn held(&self) -> PyResult<Held<RecordCipher>> {
        self.cipher.get().map_err(to_py)
    }

    /// A row: the record with envelopes in the places of its fields, then the index columns.
    fn row<'py>(
        py: Python<'py>,
        cipher: &RecordCipher,
        record: &Bound<'py, PyDict>,
        sealed: &SealedNode,
    ) -> PyResult<Bound<'py, PyDict>> {
        let row = record.copy()?;
        put(&row, &sealed.changes, |stored| from_stored(py, stored))?;
        for (column, value) in &sealed.index_values {
            let field = cipher
                .schema()
                .fields()
                .iter()
                .find(|field| field.indexes().iter().any(|index| index.column() == column));
            let form = field.map_or(StoredForm::Bytes, |field| field.stored_form());
            row.set_item(column, from_index(py, value, form)?)?;
        }
        Ok(row)
    }

    fn opened<'py>(
        &self,
        py: Python<'py>,
        row: &Bound<'py, PyAny>,
        into: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyAny>, bool)> {
        let held = self.held()?;
        let cipher = held.part().map_err(to_py)?;
        let row = members(row)?;
        let opened = cipher.open_node(&Node(row.clone().into_any())).map_err(to_py)?;
        let record = PyDict::new(py);
        for (name, value) in &row {
            if !name.cast::<PyString>().is_ok_and(|name| text_of(name).is_ok_and(|name| cipher.is_index_column(name))) {
                record.set_item(name, value)?;
            }
        }
        put(&record, &opened.changes, |value| from_value(py, value.as_ref()))?;
        let record = match into {
            Some(class) => py.import("fieldward._models")?.call_method1("made", (class, record))?,
            None => record.into_any(),
        };
        Ok((record, opened.is_trusted))
    }
}

#[pymethods]
impl Records {
    /// Encrypts every declared field of a record: a new `dict`, with index columns after the record's own members. Null stays null, missing stays
    /// missing, and what the schema leaves in the clear is the same object.
    ///
    /// Errors: `undeclared_field`, `missing_field`, `record_shape`, `record_id_missing`, `record_id_invalid`, and those of `Field.encrypt`.
    ///
    ///     >>> sorted(patients.encrypt({"patient_id": "p-7", "ssn": "999-41-1234", "ward": 3}))
    ///     ['patient_id', 'ssn', 'ssn_exact', 'ssn_last4', 'ward']
    fn encrypt<'py>(&self, py: Python<'py>, record: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
        let held = self.held()?;
        let cipher = held.part().map_err(to_py)?;
        let record = members(record)?;
        if record.keys().iter().any(|name| name.cast::<PyString>().is_err()) {
            return Err(to_py(Error::with_detail(ErrorCode::RecordShape, "a name that is not a str")));
        }
        let sealed = cipher.encrypt_node(&Node(record.clone().into_any())).map_err(to_py)?;
        Self::row(py, cipher, &record, &sealed)
    }

    /// Decrypts every declared field of a row, a mapping: the `dict` that went in, without index columns; or an instance of the dataclass or pydantic
    /// model `into`.
    ///
    /// Errors: those of `Field.decrypt`; `record_shape` for a model that refuses the record.
    ///
    ///     >>> patients.decrypt(row)["ssn"]
    ///     '999-41-1234'
    #[pyo3(signature = (row, /, *, into = None))]
    fn decrypt<'py>(
        &self,
        py: Python<'py>,
        row: &Bound<'py, PyAny>,
        into: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.opened(py, row, into).map(|(record, _)| record)
    }

    /// Decrypts as `decrypt` does: a pair of the record and whether every value can be trusted, false if one stood under a suspended or compromised
    /// key, or was never encrypted.
    ///
    ///     >>> record, is_trusted = patients.open(row)
    ///     >>> is_trusted
    ///     True
    #[pyo3(signature = (row, /, *, into = None))]
    fn open<'py>(
        &self,
        py: Python<'py>,
        row: &Bound<'py, PyAny>,
        into: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyAny>, bool)> {
        self.opened(py, row, into)
    }

    /// Whether a value of the row should be re-encrypted, as a `bool`. Reads headers alone.
    ///
    ///     >>> patients.needs_rotation(row)
    ///     False
    fn needs_rotation(&self, row: &Bound<'_, PyAny>) -> PyResult<bool> {
        let held = self.held()?;
        let row = Node(members(row)?.into_any());
        held.part().and_then(|cipher| cipher.node_needs_rotation(&row)).map_err(to_py)
    }

    /// Moves every value of a row to the current key and computes every index value anew: a new row. Index columns that the row has are compared
    /// first, where their index is exact. Errors: those of `decrypt`.
    ///
    ///     >>> patients.decrypt(patients.reencrypt(row)) == patients.decrypt(row)
    ///     True
    fn reencrypt<'py>(&self, py: Python<'py>, row: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
        let held = self.held()?;
        let cipher = held.part().map_err(to_py)?;
        let row = members(row)?;
        let moved = cipher.reencrypt_node(&Node(row.clone().into_any())).map_err(to_py)?;
        Self::row(py, cipher, &row, &moved)
    }

    /// What an index's column is compared with to find a value of a field: a `Query`. Errors: `unknown_field`, `unknown_index`, `query_empty`, and those
    /// of `Field.encrypt` for the value.
    ///
    ///     >>> query = patients.query("ssn", "exact", "999 41 1234")
    ///     >>> row[query.column] in query.tokens
    ///     True
    fn query(&self, field: Name, index: Name, value: &Bound<'_, PyAny>) -> PyResult<Query> {
        let held = self.held()?;
        let cipher = held.part().and_then(|cipher| cipher.field(&field)).map_err(to_py)?;
        let value = to_value(value, cipher.spec().value_type()).map_err(to_py)?;
        let value = value.ok_or_else(|| to_py(ErrorCode::QueryEmpty.into()))?;
        Ok(Query::of(cipher.query(&index, &value).map_err(to_py)?, cipher.spec().stored_form()))
    }

    /// Whether a row is what a query asked for, in any of the field's values, as a `bool`: confirms the candidates of a truncated index.
    ///
    ///     >>> patients.matches("ssn", "last4", "1234", row)
    ///     True
    fn matches(&self, field: Name, index: Name, query: &Bound<'_, PyAny>, row: &Bound<'_, PyAny>) -> PyResult<bool> {
        let held = self.held()?;
        let cipher = held.part().map_err(to_py)?;
        let kind = cipher.field(&field).map_err(to_py)?.spec().value_type();
        let query = to_value(query, kind).map_err(to_py)?.ok_or_else(|| to_py(ErrorCode::QueryEmpty.into()))?;
        cipher.node_matches(&field, &index, &query, &Node(members(row)?.into_any())).map_err(to_py)
    }

    /// Refuses the names of members, or columns, as `encrypt` refuses them: `undeclared_field`, `record_shape`.
    ///
    ///     >>> patients.check_names(["patient_id", "ssn"])
    fn check_names(&self, names: Vec<Name>) -> PyResult<()> {
        let held = self.held()?;
        held.part().and_then(|cipher| cipher.check_names(names.iter().map(|name| &**name))).map_err(to_py)
    }

    /// Whether a member of this name is the column of an index.
    ///
    ///     >>> patients.is_index_column("ssn_exact")
    ///     True
    fn is_index_column(&self, name: Name) -> PyResult<bool> {
        self.held()?.part().map(|cipher| cipher.is_index_column(&name)).map_err(to_py)
    }

    /// The `Schema`.
    #[getter]
    fn schema(&self, py: Python<'_>) -> Py<Schema> {
        self.schema.clone_ref(py)
    }

    /// The `Keyring`.
    #[getter]
    fn keyring(&self, py: Python<'_>) -> Py<Keyring> {
        self.keyring.clone_ref(py)
    }

    /// The tenant, a `str`; `None` where there are none.
    #[getter]
    fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, RecordsState<'_>)> {
        let state = (self.keyring.clone_ref(py), self.schema.clone_ref(py), self.tenant.as_deref());
        Ok((py.import("fieldward._pickle")?.getattr("records")?, state))
    }

    fn __repr__(&self) -> String {
        format!("Records({})", self.schema.get().inner.table())
    }
}

/// A keyring, a schema and a tenant: what pickle keeps.
type RecordsState<'a> = (Py<Keyring>, Py<Schema>, Option<&'a str>);
