//! What stands in the database for a value.

use std::fmt;

use crate::envelope::{Envelope, TEXT_PREFIX, encode_text};
use crate::schema::StoredForm;

/// What a field's value is stored as: null, an envelope's bytes, or its text form.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Stored {
    /// Null stays null.
    Null,
    /// An envelope, for a binary column.
    Bytes(Vec<u8>),
    /// An envelope in text form, for a text column or a JSON document.
    Text(String),
}

impl Stored {
    pub(super) fn of(envelope: Vec<u8>, form: StoredForm) -> Self {
        match form {
            StoredForm::Bytes => Self::Bytes(envelope),
            StoredForm::Text => Self::Text(encode_text(&envelope)),
        }
    }

    /// Borrows it, as decryption takes it.
    #[must_use]
    pub fn as_ref(&self) -> StoredRef<'_> {
        match self {
            Self::Null => StoredRef::Null,
            Self::Bytes(bytes) => StoredRef::Bytes(bytes),
            Self::Text(text) => StoredRef::Text(text),
        }
    }

    /// The envelope's bytes, if it is stored as bytes.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// The envelope's text, if it is stored as text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_ref(), f)
    }
}

/// A stored value, borrowed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoredRef<'a> {
    /// Null.
    Null,
    /// Bytes from a binary column.
    Bytes(&'a [u8]),
    /// Text from a text column or a JSON document.
    Text(&'a str),
}

impl StoredRef<'_> {
    /// Bytes as stored; zero for null.
    pub(super) const fn len(self) -> usize {
        match self {
            Self::Null => 0,
            Self::Bytes(bytes) => bytes.len(),
            Self::Text(text) => text.len(),
        }
    }

    /// Whether it could be taken for an envelope, whole or damaged, in either form.
    pub(super) fn is_envelope_like(self) -> bool {
        match self {
            Self::Null => false,
            Self::Bytes(bytes) => bytes.starts_with(TEXT_PREFIX.as_bytes()) || Envelope::parse(bytes).is_ok(),
            Self::Text(text) => text.starts_with(TEXT_PREFIX),
        }
    }
}

impl fmt::Debug for StoredRef<'_> {
    /// Form and length; legacy columns may hold plaintext, so never the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
        }
    }
}

impl<'a> From<Option<&'a [u8]>> for StoredRef<'a> {
    fn from(bytes: Option<&'a [u8]>) -> Self {
        bytes.map_or(Self::Null, Self::Bytes)
    }
}

impl<'a> From<Option<&'a str>> for StoredRef<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}
