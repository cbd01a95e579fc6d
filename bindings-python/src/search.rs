//! What a query sends, and what stands beside a value so that it is found.

use fieldward::{IndexValue, StoredForm};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

/// What an index's column is compared with: rows whose column holds one of the tokens; of words, all of them.
///
///     >>> query = ssn.query("exact", "999-41-1234")
///     >>> f"SELECT * FROM patients WHERE {query.column} IN ({', '.join('?' * len(query.tokens))})"
///     'SELECT * FROM patients WHERE ssn_exact IN (?)'
#[pyclass(frozen, module = "fieldward")]
pub(crate) struct Query {
    inner: fieldward::IndexQuery,
    form: StoredForm,
}

impl Query {
    pub(crate) const fn of(inner: fieldward::IndexQuery, form: StoredForm) -> Self {
        Self { inner, form }
    }
}

#[pymethods]
impl Query {
    /// The index's column, a `str`.
    #[getter]
    fn column(&self) -> &str {
        self.inner.column()
    }

    /// The tokens, a sorted list of `bytes`, or of hexadecimal `str` where the field is stored as text.
    #[getter]
    fn tokens<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        match self.form {
            StoredForm::Text => PyList::new(py, self.inner.hex_tokens()),
            _ => PyList::new(py, self.inner.tokens().iter().map(|token| PyBytes::new(py, token))),
        }
    }

    /// False if the rows found are candidates, to be confirmed with `matches`.
    #[getter]
    fn is_exact(&self) -> bool {
        self.inner.is_exact()
    }

    fn __repr__(&self) -> String {
        format!("Query({}, {} tokens)", self.inner.column(), self.inner.tokens().len())
    }
}

/// An index value for its column: `bytes`, or hexadecimal where the field is stored as text; a list where the index gives several.
pub(crate) fn from_index<'py>(py: Python<'py>, value: &IndexValue, form: StoredForm) -> PyResult<Bound<'py, PyAny>> {
    let one = |bytes: &Vec<u8>| match form {
        StoredForm::Text => IndexValue::One(bytes.clone()).hex().into_bound_py_any(py),
        _ => Ok(PyBytes::new(py, bytes).into_any()),
    };
    match value {
        IndexValue::Null => Ok(py.None().into_bound(py)),
        IndexValue::One(bytes) => one(bytes),
        IndexValue::Many(many) => Ok(PyList::new(py, many.iter().map(one).collect::<PyResult<Vec<_>>>()?)?.into_any()),
    }
}
