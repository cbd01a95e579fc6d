//! Whole columns, by the Arrow PyCapsule interface: pyarrow, pandas, polars and whatever else speaks it.
//!
//! Buffers come in without a copy and go out without one. Nulls and chunks are kept.

mod ids;
mod input;
mod output;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_schema::{DataType, Field as ArrowField, FieldRef};
use fieldward::{Error, ErrorCode, FieldCipher, IndexValue, OnFailure, RecordIds, StoredForm};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyList, PyTuple};
use pyo3_arrow::ffi::{ArrayIterator, to_array_pycapsules, to_stream_pycapsule};
use pyo3_arrow::input::AnyArray;

use crate::calls::{ROW, release_above};
use crate::error::{Result, exception, fail, to_py};
use crate::field::Field;
use crate::name::Name;

use ids::Ids;
use input::Input;
use output::Output;

/// A column that came out: read it with whatever takes Arrow, such as `pyarrow.chunked_array` or `polars.Series`. Nothing is copied.
///
///     >>> import pyarrow as pa
///     >>> number.encrypt_arrow(pa.array(["a", None]))
///     ArrowColumn(Binary, 2 rows)
#[pyclass(frozen, module = "fieldward")]
pub(crate) struct ArrowColumn {
    chunks: Vec<ArrayRef>,
    field: FieldRef,
}

impl ArrowColumn {
    fn of(chunks: Vec<ArrayRef>, kind: DataType) -> Self {
        Self { chunks, field: Arc::new(ArrowField::new("", kind, true)) }
    }
}

#[pymethods]
impl ArrowColumn {
    /// The Arrow PyCapsule interface: all chunks.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let chunks: Vec<_> = self.chunks.iter().cloned().map(Ok).collect();
        let reader = ArrayIterator::new(chunks, Arc::clone(&self.field));
        Ok(to_stream_pycapsule(py, Box::new(reader), requested_schema)?)
    }

    /// The Arrow PyCapsule interface: the one chunk.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        match self.chunks.as_slice() {
            [chunk] => Ok(to_array_pycapsules(py, Arc::clone(&self.field), chunk, requested_schema)?),
            _ => Err(to_py(Error::with_detail(ErrorCode::InvalidArgument, "a column of several chunks"))),
        }
    }

    /// How many chunks there are, an `int`.
    #[getter]
    fn num_chunks(&self) -> usize {
        self.chunks.len()
    }

    fn __len__(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len()).sum()
    }

    fn __repr__(&self) -> String {
        format!("ArrowColumn({}, {} rows)", self.field.data_type(), self.__len__())
    }
}

/// A decrypted column: what `Field.decrypt_arrow` gives.
///
///     >>> import pyarrow as pa
///     >>> opened = number.decrypt_arrow(number.encrypt_arrow(pa.array(["a", None])), report=True)
///     >>> pa.chunked_array(opened.values).to_pylist(), opened.failures
///     (['a', None], [])
#[pyclass(frozen, module = "fieldward", get_all)]
pub(crate) struct DecryptedColumn {
    /// The values.
    values: Py<ArrowColumn>,
    /// The rows that failed, in order, each with its `fieldward.Error`; their values are null.
    failures: Py<PyList>,
    /// Rows under a suspended or compromised key, or never encrypted.
    untrusted_rows: u64,
}

/// The chunks of whatever speaks Arrow.
fn chunks_of(object: &Bound<'_, PyAny>) -> Result<(Vec<ArrayRef>, FieldRef)> {
    let wrong = |_| Error::with_detail(ErrorCode::WrongType, "a column of Arrow: pyarrow, pandas, polars");
    guarded(|| {
        let column = object.extract::<AnyArray>().map_err(wrong)?;
        let column = column.into_chunked_array().map_err(|_| Error::with_detail(ErrorCode::WrongType, "a column"))?;
        Ok(column.into_inner())
    })
}

/// Arrays of others may break Arrow's own rules, at which Arrow's crates panic.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| fail(ErrorCode::WrongType, "an array that breaks the rules of Arrow"))
}

/// An error of a row of a chunk, naming that of the whole column.
fn moved(error: Error, start: usize) -> Error {
    match error.row().and_then(|row| usize::try_from(row).ok()) {
        Some(row) => Error::with_detail(error.code(), format!("row {}", start + row)).in_row(start + row),
        None => error,
    }
}

/// One chunk after another with its ids and its first row.
fn each_chunk<T>(
    chunks: &[ArrayRef],
    ids: Option<&Ids>,
    mut work: impl FnMut(&ArrayRef, &RecordIds<'_>, usize) -> Result<T>,
) -> Result<Vec<T>> {
    let mut start = 0;
    let mut done = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        let result = match ids {
            Some(ids) => {
                let part = ids.slice(start, chunk.len())?;
                part.with(|records| work(chunk, records, start))
            }
            None => work(chunk, &RecordIds::None, start),
        };
        done.push(result.map_err(|error| moved(error, start))?);
        start += chunk.len();
    }
    Ok(done)
}

/// The work that a column is, in bytes of one long value.
fn work(chunks: &[ArrayRef]) -> usize {
    let bytes = |chunk: &ArrayRef| chunk.to_data().get_slice_memory_size().unwrap_or(0);
    chunks.iter().map(|chunk| chunk.len().saturating_mul(ROW).saturating_add(bytes(chunk))).sum()
}

fn encrypted(cipher: &FieldCipher, chunks: &[ArrayRef], ids: Option<&Ids>, is_large: bool) -> Result<ArrowColumn> {
    let kind = cipher.spec().value_type();
    let sealed = each_chunk(chunks, ids, |chunk, records, _| Input::of(chunk, kind)?.encrypt(cipher, records))?;
    Output::stored(sealed, cipher.spec().stored_form(), is_large).map(|(chunks, kind)| ArrowColumn::of(chunks, kind))
}

impl Field {
    /// The parts of the record id, by the schema's types; `None` where the field binds none.
    fn ids(&self, cipher: &FieldCipher, record_ids: Vec<Bound<'_, PyAny>>) -> Result<Option<Ids>> {
        guarded(|| self.checked_ids(cipher, record_ids))
    }

    fn checked_ids(&self, cipher: &FieldCipher, record_ids: Vec<Bound<'_, PyAny>>) -> Result<Option<Ids>> {
        if cipher.record_binding() == fieldward::RecordBinding::None {
            // Deterministic fields take ids and bind none.
            return match record_ids.is_empty() || cipher.spec().mode() == fieldward::Mode::Deterministic {
                true => Ok(None),
                false => Err(ErrorCode::RecordIdUnexpected.into()),
            };
        }
        if record_ids.is_empty() {
            return Err(ErrorCode::RecordIdMissing.into());
        }
        let parts =
            record_ids.iter().map(|ids| chunks_of(ids).map(|(chunks, field)| (chunks, field.data_type().clone())));
        let kinds: Vec<_> = self.record_id_kinds();
        Ids::new(parts.collect::<Result<Vec<_>>>()?, &kinds).map(Some)
    }

    fn record_id_kinds(&self) -> Vec<fieldward::ValueType> {
        let schema = &self.schema_of().inner;
        schema.record_id().into_iter().flatten().map(|part| part.value_type).collect()
    }
}

#[pymethods]
impl Field {
    /// Encrypts a column of Arrow, as an `ArrowColumn` of binary or text. `fieldward.columns.encrypt` does it for every library.
    ///
    /// `record_ids` has one column of ids, or one for each part of the id. Nulls and chunks are kept; the interpreter lock is released for more
    /// than 250 rows or so. Errors: those of `encrypt`, with the row in `rows`.
    ///
    ///     >>> import pyarrow as pa
    ///     >>> len(ssn.encrypt_arrow(pa.array(["1", "2"]), record_ids=[pa.array(["p-7", "p-8"])]))
    ///     2
    #[pyo3(signature = (column, /, *, record_ids = Vec::new()))]
    fn encrypt_arrow(
        &self,
        py: Python<'_>,
        column: &Bound<'_, PyAny>,
        record_ids: Vec<Bound<'_, PyAny>>,
    ) -> PyResult<ArrowColumn> {
        let held = self.cipher.get().map_err(to_py)?;
        let cipher = held.part().map_err(to_py)?;
        let (chunks, field) = chunks_of(column).map_err(to_py)?;
        let ids = self.ids(cipher, record_ids).map_err(to_py)?;
        let is_large = input::is_large(field.data_type());
        release_above(py, work(&chunks), || guarded(|| encrypted(cipher, &chunks, ids.as_ref(), is_large)))
            .map_err(to_py)
    }

    /// Decrypts a column of Arrow: a `DecryptedColumn`. `fieldward.columns.decrypt` does it for every library.
    ///
    /// With `report` rows that fail are null and listed; without it the first of them is the error, and nothing comes out. Errors: those of
    /// `decrypt`, with the row in `rows`.
    ///
    ///     >>> import pyarrow as pa
    ///     >>> pa.chunked_array(number.decrypt_arrow(number.encrypt_arrow(pa.array(["a"]))).values).to_pylist()
    ///     ['a']
    #[pyo3(signature = (stored, /, *, record_ids = Vec::new(), report = false))]
    fn decrypt_arrow(
        &self,
        py: Python<'_>,
        stored: &Bound<'_, PyAny>,
        record_ids: Vec<Bound<'_, PyAny>>,
        report: bool,
    ) -> PyResult<DecryptedColumn> {
        let held = self.cipher.get().map_err(to_py)?;
        let cipher = held.part().map_err(to_py)?;
        let (chunks, field) = chunks_of(stored).map_err(to_py)?;
        let ids = self.ids(cipher, record_ids).map_err(to_py)?;
        let is_large = input::is_large(field.data_type());
        let on_failure = if report { OnFailure::Report } else { OnFailure::Refuse };
        let decrypt = || {
            let mut failures = Vec::new();
            let opened = each_chunk(&chunks, ids.as_ref(), |chunk, records, start| {
                let mut opened =
                    input::stored(chunk, cipher.spec().stored_form())?.decrypt(cipher, records, on_failure)?;
                failures.extend(opened.failures.drain(..).map(|failure| (start + failure.row, failure.error)));
                Ok(opened)
            })?;
            let untrusted: u64 = opened.iter().map(|opened| opened.untrusted_rows).sum();
            let values = opened.into_iter().map(|opened| opened.values).collect();
            let (chunks, kind) = Output::values(values, cipher.spec().value_type(), is_large)?;
            Ok((ArrowColumn::of(chunks, kind), failures, untrusted))
        };
        let (values, failures, untrusted_rows) =
            release_above(py, work(&chunks), || guarded(decrypt)).map_err(to_py)?;
        let listed = PyList::empty(py);
        for (row, error) in failures {
            let error = Error::with_detail(error.code(), format!("row {row}")).in_row(row);
            listed.append((row, exception(py, &error)?.into_value(py)))?;
        }
        Ok(DecryptedColumn { values: Py::new(py, values)?, failures: listed.unbind(), untrusted_rows })
    }

    /// The index values of a column of Arrow, by an index of the field, as an `ArrowColumn`: binary, or hexadecimal text where the field is stored
    /// as text; lists where the index gives several. Errors: `unknown_index`, and those of `encrypt` for the values, with the row in `rows`.
    ///
    ///     >>> import pyarrow as pa
    ///     >>> ssn.index_arrow("exact", pa.array(["999-41-1234"]))
    ///     ArrowColumn(Binary, 1 rows)
    fn index_arrow(&self, py: Python<'_>, index: Name, column: &Bound<'_, PyAny>) -> PyResult<ArrowColumn> {
        let held = self.cipher.get().map_err(to_py)?;
        let cipher = held.part().map_err(to_py)?;
        let (chunks, field) = chunks_of(column).map_err(to_py)?;
        let is_large = input::is_large(field.data_type());
        release_above(py, work(&chunks), || guarded(|| indexed(cipher, &index, &chunks, is_large))).map_err(to_py)
    }
}

fn indexed(cipher: &FieldCipher, name: &str, chunks: &[ArrayRef], is_large: bool) -> Result<ArrowColumn> {
    let spec = cipher.spec();
    let index = spec.indexes().iter().find(|index| index.name() == name);
    let index = index.ok_or_else(|| Error::with_detail(ErrorCode::UnknownIndex, name))?;
    let is_text = spec.stored_form() == StoredForm::Text;
    let is_list = index.transform().is_list();
    if !is_list && !is_text && spec.value_type() == fieldward::ValueType::Text {
        let columns = each_chunk(chunks, None, |chunk, _, _| Input::of(chunk, spec.value_type())?.index(cipher, name))?;
        return Output::stored(columns, StoredForm::Bytes, is_large)
            .map(|(chunks, kind)| ArrowColumn::of(chunks, kind));
    }
    let columns = each_chunk(chunks, None, |chunk, _, _| {
        let values = Input::of(chunk, spec.value_type())?.values()?;
        let of_row = |(row, value): (usize, &Option<fieldward::Value>)| {
            let all = cipher.index_values(value.as_ref()).map_err(|error| error.in_row(row))?;
            Ok(all
                .into_iter()
                .find(|(column, _)| column == index.column())
                .map_or(IndexValue::Null, |(_, value)| value))
        };
        values.iter().enumerate().map(of_row).collect::<Result<Vec<_>>>()
    })?;
    Output::index_values(&columns, is_text, is_list).map(|(chunks, kind)| ArrowColumn::of(chunks, kind))
}
