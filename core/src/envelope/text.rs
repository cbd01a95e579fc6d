//! The text form: `fw1.` and canonical unpadded base64url (RFC 4648, section 5).

use base64ct::{Base64UrlUnpadded, Encoding};

use super::max_text_len;
use crate::error::{Error, ErrorCode, Result};
use crate::value::MAX_PLAINTEXT_LEN;

/// What every envelope in text form starts with.
pub const TEXT_PREFIX: &str = "fw1.";

/// The text form of an envelope.
pub(crate) fn encode_text(envelope: &[u8]) -> String {
    let mut text = String::with_capacity(max_text_len(envelope.len()));
    text.push_str(TEXT_PREFIX);
    text.push_str(&Base64UrlUnpadded::encode_string(envelope));
    text
}

/// The envelope of a text form. Only the canonical text is taken: no padding, no white space, spare bits zero.
pub(crate) fn decode_text(text: &str) -> Result<Vec<u8>> {
    let body = text.strip_prefix(TEXT_PREFIX).ok_or_else(|| Error::new(ErrorCode::NotAnEnvelope))?;
    if body.len() > max_text_len(MAX_PLAINTEXT_LEN + 64) {
        return Err(Error::new(ErrorCode::EnvelopeTooLong));
    }
    Base64UrlUnpadded::decode_vec(body).map_err(|_| Error::new(ErrorCode::InvalidTextForm))
}
