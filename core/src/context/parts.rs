//! The encoding `P`: a list of parts, each absent or present, as bytes that no other list gives.

use tinyvec::TinyVec;

/// Up to so many bytes stand in the list itself: the associated data of a value with a record id of up to 49 bytes.
const INLINE: usize = 64;

/// Writes parts: absent is `00`; present is `01`, the length as 4 bytes big-endian, the bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts(TinyVec<[u8; INLINE]>);

impl Parts {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(TinyVec::with_capacity(capacity))
    }

    /// Appends a present part. Parts are names, headers and ids, each far below 2^32 bytes by its own limit; the length
    /// saturates rather than wraps, so that a part past the limit could never encode as a shorter one.
    pub(crate) fn present(&mut self, part: &[u8]) -> &mut Self {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        self.0.push(1);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(part);
        self
    }

    /// Appends an absent part.
    pub(crate) fn absent(&mut self) -> &mut Self {
        self.0.push(0);
        self
    }

    /// Appends a part that is present or absent.
    pub(crate) fn optional(&mut self, part: Option<&[u8]>) -> &mut Self {
        match part {
            Some(part) => self.present(part),
            None => self.absent(),
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0.into_vec()
    }
}
