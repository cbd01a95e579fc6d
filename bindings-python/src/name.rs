//! Text that callers give as a name, a reason or a document.

use fieldward::{Error, ErrorCode};
use pyo3::Borrowed;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::error::to_py;

/// Text of an argument. What is none is `wrong_type`, and a lone surrogate `invalid_text`: Python's own exceptions would show it.
pub(crate) struct Name(String);

impl Name {
    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Name {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let text = object.cast::<PyString>();
        let text = text.map_err(|_| to_py(Error::with_detail(ErrorCode::WrongType, "an argument is a str")))?;
        text.to_str().map(|text| Self(text.to_owned())).map_err(|_| to_py(ErrorCode::InvalidText.into()))
    }
}

impl std::ops::Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}
