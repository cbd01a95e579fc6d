//! Optional padding, so that lengths tell less.

use super::MAX_VALUE_LEN;
use crate::error::{ErrorCode, Result, fail};

/// The longest plaintext: 16 MiB and a type byte, at the next Padmé size.
pub(crate) const MAX_PLAINTEXT_LEN: usize = MAX_VALUE_LEN + (1 << 19);

/// How a field hides the length of its values. The default is not at all.
///
/// Padding is ISO/IEC 7816-4 (`80`, then zeros), inside the encryption, marked in the type byte.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Padding {
    /// No padding: an envelope tells its value's length.
    #[default]
    None,
    /// To a multiple of this many bytes, 2 to 4,096, type byte and marker included.
    Block(u16),
    /// To Padmé sizes ("Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", PETS 2019): at most
    /// 12 % longer, and O(log log n) bits of the length leak.
    Padme,
}

impl Padding {
    /// The largest block.
    pub const MAX_BLOCK: u16 = 4_096;

    /// Refuses a block outside 2 to 4,096.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` for any other block.
    pub fn validate(self) -> Result<Self> {
        match self {
            Self::Block(block) if !(2..=Self::MAX_BLOCK).contains(&block) => {
                fail(ErrorCode::InvalidArgument, "a padding block has 2 to 4,096 bytes")
            }
            other => Ok(other),
        }
    }

    /// The length of the plaintext (type byte, payload, padding) of a payload of `n` bytes.
    pub(crate) fn plaintext_len(self, n: usize) -> Result<usize> {
        if n > MAX_VALUE_LEN {
            return fail(ErrorCode::ValueTooLong, "at most 16 MiB");
        }
        Ok(match self.validate()? {
            Self::None => n + 1,
            Self::Block(block) => (n + 2).next_multiple_of(usize::from(block)),
            Self::Padme => padme(n + 2),
        })
    }
}

/// The Padmé size of a length of at least 2.
fn padme(length: usize) -> usize {
    let exponent = length.ilog2();
    let kept = if exponent == 0 { 1 } else { exponent.ilog2() + 1 };
    let mask = (1usize << exponent.saturating_sub(kept)) - 1;
    (length + mask) & !mask
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn sizes_have_known_values() {
        for (n, padded) in [(0, 2), (6, 8), (7, 10), (8, 10), (15, 18), (98, 104), (998, 1_024), (9998, 10_240)] {
            assert_eq!(Padding::Padme.plaintext_len(n).unwrap(), padded, "{n}");
        }
        for (n, padded) in [(0, 16), (14, 16), (15, 32), (30, 32)] {
            assert_eq!(Padding::Block(16).plaintext_len(n).unwrap(), padded, "{n}");
        }
        assert_eq!(Padding::Padme.plaintext_len(MAX_VALUE_LEN).unwrap(), MAX_PLAINTEXT_LEN);
    }

    #[test]
    fn few_lengths_remain() {
        let distinct: std::collections::HashSet<_> =
            (0..10_000).map(|n| Padding::Padme.plaintext_len(n).unwrap()).collect();
        assert!(distinct.len() < 150, "{}", distinct.len());
    }

    #[test]
    fn blocks_outside_their_range_are_refused() {
        for block in [0, 1, 4_097, u16::MAX] {
            assert_eq!(Padding::Block(block).plaintext_len(1).unwrap_err().code(), ErrorCode::InvalidArgument);
        }
    }
}
