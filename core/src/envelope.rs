//! The envelope: one encrypted value, as bytes or as text.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | `80` or-ed with the suite: never a valid start of UTF-8, so no text, JSON or Fernet token parses as one |
//! | 4 | key id |
//! | 24 / 16 | nonce (suite 1) / synthetic initialization vector (suite 2) |
//! | n + 1 | ciphertext of the typed value |
//! | 16 / 0 | tag (suite 1) / none (suite 2) |
//!
//! The header, the first five bytes, is associated data. [`inspect`] reads it without a key. `spec/envelope.md` is the law.

mod text;

use std::fmt;

use crate::error::{Error, ErrorCode, Result, fail};
use crate::suite::{siv, xaes};
use crate::value::{MAX_PLAINTEXT_LEN, MAX_VALUE_LEN, Padding};

pub use text::TEXT_PREFIX;
pub(crate) use text::{decode_text, encode_text};

/// Bytes of the header.
pub const HEADER_LEN: usize = 5;

/// How a value is encrypted.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suite {
    /// Suite 1, XAES-256-GCM: equal values give unrelated envelopes.
    Randomized,
    /// Suite 2, AES-SIV: equal values of one field give equal envelopes under one key.
    Deterministic,
}

impl Suite {
    /// The suite's number in the envelope's first byte.
    #[must_use]
    pub const fn id(self) -> u8 {
        match self {
            Self::Randomized => 1,
            Self::Deterministic => 2,
        }
    }

    /// What an envelope of this suite adds to the plaintext (type byte included in the plaintext).
    const fn overhead(self) -> usize {
        match self {
            Self::Randomized => HEADER_LEN + xaes::OVERHEAD,
            Self::Deterministic => HEADER_LEN + siv::SIV_LEN,
        }
    }

    fn from_first_byte(byte: u8) -> Result<Self> {
        match byte {
            0x81 => Ok(Self::Randomized),
            0x82 => Ok(Self::Deterministic),
            0x83 => fail(ErrorCode::UnknownSuite, "suite 3 is a stream, not a value"),
            0x84 => fail(ErrorCode::UnknownSuite, "suite 4 is reserved"),
            _ => Err(Error::new(ErrorCode::NotAnEnvelope)),
        }
    }
}

/// The public name of one data key version: 4 random bytes, unique in its keyring, destroyed versions included.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; 4]);

impl KeyId {
    /// The key id of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// The bytes, as they stand in an envelope.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0
    }
}

impl fmt::Display for KeyId {
    /// Eight lowercase hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl serde::Serialize for KeyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl std::str::FromStr for KeyId {
    type Err = Error;

    /// Reads eight lowercase hexadecimal digits.
    fn from_str(text: &str) -> Result<Self> {
        let mut bytes = [0; 4];
        match base16ct::lower::decode(text, &mut bytes) {
            Ok(decoded) if decoded.len() == 4 => Ok(Self(bytes)),
            _ => fail(ErrorCode::InvalidArgument, "a key id is eight lowercase hexadecimal digits"),
        }
    }
}

/// The first five bytes of an envelope. Authenticated, not secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Header {
    /// How the value is encrypted.
    pub suite: Suite,
    /// Which key it is encrypted under.
    pub key_id: KeyId,
}

impl Header {
    pub(crate) fn to_bytes(self) -> [u8; HEADER_LEN] {
        let [a, b, c, d] = self.key_id.to_bytes();
        [0x80 | self.suite.id(), a, b, c, d]
    }
}

/// An envelope, split: borrowed, checked for form and length, not authenticated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope<'a> {
    pub(crate) header: Header,
    /// Everything after the header: what the suite opens.
    pub(crate) sealed: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Splits `bytes`. Every byte string has one reading or an error.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self> {
        let Some((first, _)) = bytes.split_first() else {
            return fail(ErrorCode::NotAnEnvelope, "empty");
        };
        let suite = Suite::from_first_byte(*first)?;
        if bytes.len() <= suite.overhead() {
            return Err(Error::new(ErrorCode::EnvelopeTruncated));
        }
        if bytes.len() > suite.overhead() + MAX_PLAINTEXT_LEN {
            return Err(Error::new(ErrorCode::EnvelopeTooLong));
        }
        let (header, sealed) = bytes.split_first_chunk::<HEADER_LEN>().ok_or(ErrorCode::EnvelopeTruncated)?;
        let [_, a, b, c, d] = *header;
        Ok(Self { header: Header { suite, key_id: KeyId([a, b, c, d]) }, sealed })
    }
}

/// What [`inspect`] reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// Suite and key id.
    pub header: Header,
    /// Bytes of the plaintext, its type byte and any padding included.
    pub plaintext_len: usize,
    /// Whether it was given in text form.
    pub is_text: bool,
}

/// Reads an envelope's header without a key: bytes, or the text form as its ASCII bytes.
///
/// # Errors
///
/// `NotAnEnvelope`, `UnknownSuite`, `EnvelopeTruncated`, `EnvelopeTooLong`, `InvalidTextForm`: what is visible from outside.
///
/// # Security
///
/// The header is not authenticated until the value is decrypted.
///
/// ```
/// let refused = fieldward::inspect(b"plain text").unwrap_err();
/// assert_eq!(refused.code().as_str(), "not_an_envelope");
/// ```
pub fn inspect(envelope: &[u8]) -> Result<Inspection> {
    let decoded;
    let (bytes, is_text) = match envelope.starts_with(TEXT_PREFIX.as_bytes()) {
        true => {
            let text = std::str::from_utf8(envelope).map_err(|_| Error::new(ErrorCode::InvalidTextForm))?;
            decoded = decode_text(text)?;
            (decoded.as_slice(), true)
        }
        false => (envelope, false),
    };
    let parsed = Envelope::parse(bytes)?;
    let plaintext_len = bytes.len() - parsed.header.suite.overhead();
    Ok(Inspection { header: parsed.header, plaintext_len, is_text })
}

/// The longest envelope, in bytes, of a value of `n` bytes: exactly `n` plus 46 (randomized) or 22 (deterministic), plus
/// padding where the field declares it. Text takes [`max_text_len`] of that.
///
/// # Errors
///
/// `ValueTooLong` if `n` is past [`MAX_VALUE_LEN`].
pub fn max_ciphertext_len(suite: Suite, n: usize, padding: Padding) -> Result<usize> {
    if n > MAX_VALUE_LEN {
        return fail(ErrorCode::ValueTooLong, "at most 16 MiB");
    }
    Ok(suite.overhead() + padding.plaintext_len(n)?)
}

/// The length of the text form of an envelope of `n` bytes.
#[must_use]
pub const fn max_text_len(n: usize) -> usize {
    TEXT_PREFIX.len()
        + n / 3 * 4
        + match n % 3 {
            0 => 0,
            1 => 2,
            _ => 3,
        }
}

#[cfg(test)]
mod tests;
