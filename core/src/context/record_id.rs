//! Record ids: typed, possibly composite.

use crate::error::{ErrorCode, Result, fail};
use crate::value::ValueType;

/// One part of a record id. The type is part of the identity: the text `"7"` and the integer 7 are different records.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecordIdPart {
    /// Text, as its UTF-8 bytes, not normalised.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A 64-bit integer.
    I64(i64),
    /// A UUID.
    Uuid([u8; 16]),
}

/// The identity of a record, bound to its randomized fields: one to eight parts, 4,096 bytes at most once encoded.
///
/// An id of one empty text is an id; no id at all is `Option::None` where one is asked for. The two never encode alike.
///
/// ```
/// use fieldward::{RecordId, RecordIdPart};
/// let visit = RecordId::new([RecordIdPart::Text("ward-7".into()), RecordIdPart::I64(42)])?;
/// assert_ne!(visit, RecordId::text("ward-742")?);
/// # Ok::<(), fieldward::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordId {
    parts: Vec<RecordIdPart>,
    canonical: Vec<u8>,
}

impl RecordIdPart {
    pub(crate) const I64_TAG: u8 = 3;
    pub(crate) const UUID_TAG: u8 = 10;

    /// The part's type.
    pub(crate) const fn value_type(&self) -> ValueType {
        match self {
            Self::Text(_) => ValueType::Text,
            Self::Bytes(_) => ValueType::Bytes,
            Self::I64(_) => ValueType::I64,
            Self::Uuid(_) => ValueType::Uuid,
        }
    }
}

impl RecordId {
    /// The largest number of parts.
    pub const MAX_PARTS: usize = 8;
    /// The longest encoding, in bytes.
    pub const MAX_LEN: usize = 4_096;

    /// A record id of the given parts, in order.
    ///
    /// # Errors
    ///
    /// `RecordIdInvalid` for no part, more than [`Self::MAX_PARTS`], or an encoding past [`Self::MAX_LEN`].
    pub fn new(parts: impl IntoIterator<Item = RecordIdPart>) -> Result<Self> {
        let parts: Vec<_> = parts.into_iter().take(Self::MAX_PARTS + 1).collect();
        let mut canonical = Vec::new();
        for part in &parts {
            let (tag, bytes): (u8, &[u8]) = match part {
                RecordIdPart::Text(text) => (2, text.as_bytes()),
                RecordIdPart::Bytes(bytes) => (1, bytes),
                RecordIdPart::I64(number) => (RecordIdPart::I64_TAG, &number.to_be_bytes()),
                RecordIdPart::Uuid(uuid) => (RecordIdPart::UUID_TAG, uuid),
            };
            if bytes.len() > Self::MAX_LEN {
                return fail(ErrorCode::RecordIdInvalid, "a part is longer than 4,096 bytes");
            }
            canonical.push(tag);
            canonical.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
            canonical.extend_from_slice(bytes);
        }
        if parts.is_empty() || parts.len() > Self::MAX_PARTS || canonical.len() > Self::MAX_LEN {
            return fail(ErrorCode::RecordIdInvalid, "1 to 8 parts, 4,096 bytes in all");
        }
        Ok(Self { parts, canonical })
    }

    /// A record id of one text part.
    ///
    /// # Errors
    ///
    /// `RecordIdInvalid` if it is too long.
    pub fn text(text: impl Into<String>) -> Result<Self> {
        Self::new([RecordIdPart::Text(text.into())])
    }

    /// A record id of one integer part.
    ///
    /// # Errors
    ///
    /// None in practice; the signature is that of its siblings.
    pub fn integer(number: i64) -> Result<Self> {
        Self::new([RecordIdPart::I64(number)])
    }

    /// A record id of one UUID part.
    ///
    /// # Errors
    ///
    /// None in practice; the signature is that of its siblings.
    pub fn uuid(uuid: [u8; 16]) -> Result<Self> {
        Self::new([RecordIdPart::Uuid(uuid)])
    }

    /// The parts, in order.
    #[must_use]
    pub fn parts(&self) -> &[RecordIdPart] {
        &self.parts
    }

    /// For each part: its type byte (as in `spec/value.md`), its length as 4 bytes big-endian, its bytes.
    pub(crate) fn canonical(&self) -> &[u8] {
        &self.canonical
    }
}

impl std::fmt::Display for RecordId {
    /// The parts, with slashes between: for logs and people. Bytes and UUIDs are hexadecimal. Not injective: never compare it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, part) in self.parts.iter().enumerate() {
            if at > 0 {
                f.write_str("/")?;
            }
            match part {
                RecordIdPart::Text(text) => f.write_str(text)?,
                RecordIdPart::Bytes(bytes) => f.write_str(&base16ct::lower::encode_string(bytes))?,
                RecordIdPart::I64(number) => write!(f, "{number}")?,
                RecordIdPart::Uuid(uuid) => f.write_str(&base16ct::lower::encode_string(uuid))?,
            }
        }
        Ok(())
    }
}
