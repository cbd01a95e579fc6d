//! One field: a value in, an envelope out, and back.

use std::sync::Arc;

use fieldward::{FieldCipher, StoredRef, Value};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::calls::{RELEASE_FROM, release, release_above};
use crate::error::{Result, to_py};
use crate::handle::Handle;
use crate::keyring::Keyring;
use crate::name::Name;
use crate::schema::Schema;
use crate::search::{Query, from_index};
use crate::value::{from_stored, from_value, to_record_id, to_value, with_stored};

/// Encrypts and decrypts the values of one field of one tenant. Made by `Keyring.field`, once, and kept; any thread may use it.
///
/// Where an argument is a `record_id` it is a `str`, `bytes`, `int`, `UUID`, or a tuple of them for an id of several parts, as the schema
/// declares it: `record_id_missing` without one where the field is bound to its record, `record_id_unexpected` with one where it is not,
/// `record_id_invalid` for other types or another number of parts.
///
///     >>> ssn = keyring.field(schema, "ssn")
///     >>> stored = ssn.encrypt("999-41-1234", record_id="p-7")
///     >>> ssn.decrypt(stored, record_id="p-7")
///     '999-41-1234'
#[pyclass(frozen, module = "fieldward")]
pub(crate) struct Field {
    pub(crate) cipher: Arc<Handle<FieldCipher>>,
    keyring: Py<Keyring>,
    schema: Py<Schema>,
    name: String,
    tenant: Option<String>,
}

/// A decrypted value and what is known about its key: what `Field.open` gives.
///
///     >>> opened = ssn.open(ssn.encrypt("999-41-1234", record_id="p-7"), record_id="p-7")
///     >>> opened.value, opened.is_trusted
///     ('999-41-1234', True)
#[pyclass(frozen, module = "fieldward", get_all)]
pub(crate) struct Opened {
    /// The value; `None` for null.
    value: Py<PyAny>,
    /// The key that it was encrypted under, eight hexadecimal digits; `None` for null and for legacy plaintext.
    key_id: Option<String>,
    /// False if the key is suspended or compromised, or the value was never encrypted.
    is_trusted: bool,
}

#[pymethods]
impl Opened {
    fn __repr__(&self) -> String {
        format!("Opened(key_id={:?}, is_trusted={})", self.key_id, self.is_trusted)
    }
}

impl Field {
    pub(crate) fn new(
        keyring: &Bound<'_, Keyring>,
        schema: &Bound<'_, Schema>,
        name: String,
        tenant: Option<String>,
    ) -> Result<Self> {
        let cipher = keyring.get().inner()?.part()?.field(&schema.get().inner, tenant.as_deref(), &name)?;
        let cipher = keyring.get().handles.give(cipher);
        Ok(Self { cipher, keyring: keyring.clone().unbind(), schema: schema.clone().unbind(), name, tenant })
    }

    pub(crate) fn schema_of(&self) -> &Schema {
        self.schema.get()
    }

    fn sealed<'py>(
        &self,
        py: Python<'py>,
        value: &Bound<'py, PyAny>,
        record_id: Option<&Bound<'py, PyAny>>,
    ) -> Result<fieldward::Stored> {
        let held = self.cipher.get()?;
        let cipher = held.part()?;
        let value = to_value(value, cipher.spec().value_type())?;
        let record = to_record_id(record_id)?;
        release_above(py, len(value.as_ref()), || cipher.encrypt(value.as_ref(), record.as_ref()))
    }

    fn opened<'py>(
        &self,
        py: Python<'py>,
        stored: &Bound<'py, PyAny>,
        record_id: Option<&Bound<'py, PyAny>>,
    ) -> Result<fieldward::Decrypted> {
        let held = self.cipher.get()?;
        let cipher = held.part()?;
        let record = to_record_id(record_id)?;
        with_stored(stored, |stored| match stored {
            // Copied: Python's buffer is not looked at without the lock.
            StoredRef::Bytes(bytes) if bytes.len() >= RELEASE_FROM => {
                let bytes = bytes.to_vec();
                release(py, || cipher.open(StoredRef::Bytes(&bytes), record.as_ref()))
            }
            stored => cipher.open(stored, record.as_ref()),
        })
    }

    fn value_of(&self, value: &Bound<'_, PyAny>) -> Result<Option<Value>> {
        to_value(value, self.cipher.get()?.part()?.spec().value_type())
    }

    fn given(&self, value: &Bound<'_, PyAny>) -> Result<Value> {
        self.value_of(value)?.ok_or_else(|| fieldward::ErrorCode::QueryEmpty.into())
    }
}

const fn len(value: Option<&Value>) -> usize {
    match value {
        Some(Value::Text(text) | Value::Json(text)) => text.len(),
        Some(Value::Bytes(bytes)) => bytes.len(),
        _ => 0,
    }
}

#[pymethods]
impl Field {
    /// Encrypts a value under the current key: `bytes`, or `str` where the field is stored as text. `None` stays `None`.
    ///
    /// `value` is of the field's type: `str` for text, `bytes` and whatever has the buffer protocol, `int` (64 bits), `float`, `bool`, `date`,
    /// `datetime`, `Decimal` (finite), `UUID`, or what JSON gives back as it was. Up to 16 MiB.
    ///
    /// Errors: `wrong_type`, `value_out_of_range`, `value_too_long`, `value_not_canonical`, `invalid_text`, `invalid_json`, `already_encrypted`;
    /// `keyring_stale` where the store could not be read for longer than `max_staleness`; `closed`.
    ///
    ///     >>> stored = ssn.encrypt("999-41-1234", record_id="p-7")
    ///     >>> type(stored), len(stored)
    ///     (<class 'bytes'>, 57)
    #[pyo3(signature = (value, /, *, record_id = None))]
    fn encrypt<'py>(
        &self,
        py: Python<'py>,
        value: &Bound<'py, PyAny>,
        record_id: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        from_stored(py, &self.sealed(py, value, record_id).map_err(to_py)?)
    }

    /// Decrypts what is stored (`bytes`, a buffer, `str` or `None`): the type that went in comes out.
    ///
    /// Errors: `authentication_failed` for another record, field, tenant or keyring, or a byte changed; `not_an_envelope` and the like for what
    /// never was one; `key_unknown`, `key_suspended`, `key_compromised`, `key_destroyed`; `closed`.
    ///
    ///     >>> ssn.decrypt(ssn.encrypt("999-41-1234", record_id="p-7"), record_id="p-7")
    ///     '999-41-1234'
    #[pyo3(signature = (stored, /, *, record_id = None))]
    fn decrypt<'py>(
        &self,
        py: Python<'py>,
        stored: &Bound<'py, PyAny>,
        record_id: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        from_value(py, self.opened(py, stored, record_id).map_err(to_py)?.value.as_ref())
    }

    /// Decrypts as `decrypt` does, and tells which key it was and whether the value can be trusted: an `Opened`.
    ///
    ///     >>> ssn.open(None, record_id="p-7").value is None
    ///     True
    #[pyo3(signature = (stored, /, *, record_id = None))]
    fn open<'py>(
        &self,
        py: Python<'py>,
        stored: &Bound<'py, PyAny>,
        record_id: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Opened> {
        let opened = self.opened(py, stored, record_id).map_err(to_py)?;
        Ok(Opened {
            value: from_value(py, opened.value.as_ref())?.unbind(),
            key_id: opened.key_id.map(|id| id.to_string()),
            is_trusted: opened.is_trusted,
        })
    }

    /// What every index of the field stores for a value of its type: a `dict` by column, of `bytes`, or of hexadecimal `str` where the field is
    /// stored as text, or of lists where the index gives several. Errors: as those of `encrypt` for the value.
    ///
    ///     >>> sorted(ssn.index_values("999-41-1234"))
    ///     ['ssn_exact', 'ssn_last4']
    fn index_values<'py>(&self, py: Python<'py>, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
        let value = self.value_of(value).map_err(to_py)?;
        let held = self.cipher.get().map_err(to_py)?;
        let cipher = held.part().map_err(to_py)?;
        let columns = PyDict::new(py);
        for (column, value) in cipher.index_values(value.as_ref()).map_err(to_py)? {
            columns.set_item(column, from_index(py, &value, cipher.spec().stored_form())?)?;
        }
        Ok(columns)
    }

    /// What an index's column is compared with to find a value: a `Query`. Errors: `unknown_index`, `query_empty`, and those of `encrypt` for the value.
    ///
    ///     >>> query = ssn.query("exact", "999 41 1234")
    ///     >>> query.column, len(query.tokens)
    ///     ('ssn_exact', 1)
    fn query(&self, index: Name, value: &Bound<'_, PyAny>) -> PyResult<Query> {
        let value = self.given(value).map_err(to_py)?;
        let held = self.cipher.get().map_err(to_py)?;
        let cipher = held.part().map_err(to_py)?;
        Ok(Query::of(cipher.query(&index, &value).map_err(to_py)?, cipher.spec().stored_form()))
    }

    /// What the column of a deterministic field is compared with: a list of stored values, one for each key version that is not destroyed.
    ///
    /// Errors: `wrong_field_mode` for a randomized field, which is found by an index; `query_empty` for `None`.
    ///
    ///     >>> number.encrypt("A-7") in number.tokens("A-7")
    ///     True
    fn tokens<'py>(&self, py: Python<'py>, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let value = self.given(value).map_err(to_py)?;
        let held = self.cipher.get().map_err(to_py)?;
        let tokens = held.part().and_then(|cipher| cipher.tokens(&value)).map_err(to_py)?;
        PyList::new(py, tokens.iter().map(|token| from_stored(py, token)).collect::<PyResult<Vec<_>>>()?)
    }

    /// Whether a stored value is what a query asked for, as a `bool`: confirms the candidates of a truncated index. Errors: those of `decrypt`.
    ///
    ///     >>> ssn.matches("last4", "1234", ssn.encrypt("999-41-1234", record_id="p-7"), record_id="p-7")
    ///     True
    #[pyo3(signature = (index, query, stored, /, *, record_id = None))]
    fn matches(
        &self,
        index: Name,
        query: &Bound<'_, PyAny>,
        stored: &Bound<'_, PyAny>,
        record_id: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<bool> {
        let query = self.given(query).map_err(to_py)?;
        let record = to_record_id(record_id).map_err(to_py)?;
        let held = self.cipher.get().map_err(to_py)?;
        let cipher = held.part().map_err(to_py)?;
        with_stored(stored, |stored| cipher.matches(&index, &query, stored, record.as_ref())).map_err(to_py)
    }

    /// Whether a stored value should be re-encrypted, as a `bool`. Reads the header alone: it verifies nothing. Errors: `not_an_envelope` and the
    /// like, `key_unknown`.
    ///
    ///     >>> ssn.needs_rotation(ssn.encrypt("999-41-1234", record_id="p-7"))
    ///     False
    fn needs_rotation(&self, stored: &Bound<'_, PyAny>) -> PyResult<bool> {
        let held = self.cipher.get().map_err(to_py)?;
        let cipher = held.part().map_err(to_py)?;
        with_stored(stored, |stored| cipher.needs_rotation(stored)).map_err(to_py)
    }

    /// Moves a stored value to the current key: a pair of the new stored value and a `dict` of every index value computed anew, by column.
    ///
    /// `to` is a `Field` to move it to, such as the same field of another tenant; `new_record_id` binds it to another record. Errors: those of
    /// `decrypt` and `encrypt`.
    ///
    ///     >>> stored, columns = ssn.reencrypt(ssn.encrypt("1", record_id="p-7"), record_id="p-7", new_record_id="p-8")
    ///     >>> ssn.decrypt(stored, record_id="p-8"), sorted(columns)
    ///     ('1', ['ssn_exact', 'ssn_last4'])
    #[pyo3(signature = (stored, /, *, record_id = None, to = None, new_record_id = None))]
    fn reencrypt<'py>(
        &self,
        py: Python<'py>,
        stored: &Bound<'py, PyAny>,
        record_id: Option<&Bound<'py, PyAny>>,
        to: Option<&Bound<'py, Self>>,
        new_record_id: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyDict>)> {
        let record = to_record_id(record_id).map_err(to_py)?;
        let new_record = to_record_id(new_record_id).map_err(to_py)?;
        let new_record = new_record.as_ref().or(record.as_ref());
        let held = self.cipher.get().map_err(to_py)?;
        let from = held.part().map_err(to_py)?;
        let target = to.map_or(self, |to| to.get()).cipher.get().map_err(to_py)?;
        let target = target.part().map_err(to_py)?;
        let moved = with_stored(stored, |stored| {
            from.reencryption(stored, record.as_ref()).to_record(new_record).to_field(target).run()
        });
        let moved = moved.map_err(to_py)?;
        let columns = PyDict::new(py);
        for (column, value) in &moved.index_values {
            columns.set_item(column, from_index(py, value, target.spec().stored_form())?)?;
        }
        Ok((from_stored(py, &moved.stored)?, columns))
    }

    /// The field's id, a `str`.
    #[getter]
    fn id(&self) -> PyResult<String> {
        self.cipher.get().and_then(|held| Ok(held.part()?.spec().id().to_owned())).map_err(to_py)
    }

    /// The `Schema` that declares it.
    #[getter]
    fn schema(&self, py: Python<'_>) -> Py<Schema> {
        self.schema.clone_ref(py)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, FieldState<'_>)> {
        let keyring = self.keyring.bind(py);
        let arguments = (self.schema.clone_ref(py), self.name.as_str(), self.tenant.as_deref());
        Ok((
            py.import("fieldward._pickle")?.getattr("field")?,
            (keyring.clone().unbind(), arguments.0, arguments.1, arguments.2),
        ))
    }

    fn __repr__(&self) -> String {
        format!("Field({})", self.name)
    }
}

/// A keyring, a schema, a field and a tenant: what pickle keeps.
type FieldState<'a> = (Py<Keyring>, Py<Schema>, &'a str, Option<&'a str>);
