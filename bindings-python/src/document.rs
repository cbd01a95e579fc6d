//! Records as JSON documents: values in the text forms that every language shares.

use fieldward::{Error, ErrorCode};
use pyo3::prelude::*;
use serde_json::{Map, Value as Json};

use crate::error::{Result, to_py};
use crate::json::{report, text};
use crate::record::Records;

/// A dict of JSON's types as an object of JSON.
fn object(document: &Bound<'_, PyAny>) -> Result<Map<String, Json>> {
    match serde_json::from_str(&text(document)?) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(_) => Err(Error::with_detail(ErrorCode::WrongType, "a document is a dict")),
        Err(_) => Err(ErrorCode::InvalidJson.into()),
    }
}

#[pymethods]
impl Records {
    /// Encrypts a document: a `dict` of JSON's types alone, in which a date, a moment, a decimal or a UUID stands as its text, and bytes as base64.
    /// Moments keep nine digits and their offset. Every field must be stored as text (`wrong_stored_form`); what comes out is JSON again, with
    /// index columns after the document's own members. Errors: those of `encrypt`.
    ///
    ///     >>> note = fw.Schema.from_dict({"table": "notes", "record_binding": "none", "fields": [
    ///     ...     {"id": "at", "type": "timestamp", "mode": "randomized", "stored": "text"}]})
    ///     >>> notes = keyring.records(note)
    ///     >>> notes.decrypt_document(notes.encrypt_document({"at": "2026-01-02T03:04:05.123456789+05:45"}))
    ///     {'at': '2026-01-02T03:04:05.123456789+05:45'}
    fn encrypt_document<'py>(&self, py: Python<'py>, document: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let held = self.held()?;
        let cipher = held.part().map_err(to_py)?;
        let sealed = object(document).and_then(|record| cipher.encrypt(&record)?.to_document()).map_err(to_py)?;
        report(py, &sealed)
    }

    /// Decrypts what `encrypt_document` gave, here or in another language: the document that went in. Errors: those of `decrypt`.
    fn decrypt_document<'py>(&self, py: Python<'py>, document: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let held = self.held()?;
        let cipher = held.part().map_err(to_py)?;
        let record = object(document).and_then(|stored| cipher.decrypt(&cipher.read_document(&stored)));
        report(py, &record.map_err(to_py)?)
    }
}
