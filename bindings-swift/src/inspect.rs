//! What an envelope says of itself.

use fieldward::{ErrorCode, StoredRef};

use crate::error::Result;
use crate::value::Stored;

/// What an envelope's header says.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct Inspection {
    /// The suite.
    pub suite: u8,
    /// The key, eight hexadecimal digits.
    pub key_id: String,
    /// Bytes of the plaintext, its type byte and any padding included.
    pub plaintext_len: u64,
    /// Whether it is in text form.
    pub is_text: bool,
}

/// Reads an envelope's header. Needs no key, and verifies nothing.
#[uniffi::export]
pub fn inspect(stored: Stored) -> Result<Inspection> {
    let stored = fieldward::Stored::from(stored);
    let found = match stored.as_ref() {
        StoredRef::Bytes(bytes) => fieldward::inspect(bytes),
        StoredRef::Text(text) => fieldward::inspect(text.as_bytes()),
        StoredRef::Null => Err(ErrorCode::NotAnEnvelope.into()),
    }?;
    Ok(Inspection {
        suite: found.header.suite.id(),
        key_id: found.header.key_id.to_string(),
        plaintext_len: u64::try_from(found.plaintext_len).unwrap_or(u64::MAX),
        is_text: found.is_text,
    })
}
