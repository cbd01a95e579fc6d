//! GHASH (SP 800-38D, section 6.4) of many short messages.
//!
//! Computed as POLYVAL by RFC 8452, appendix A, over blocks with their bytes reversed; states and hashes are POLYVAL's. Where the processor
//! multiplies four blocks at a time without carries (AVX-512 with VPCLMULQDQ), four blocks are one step; elsewhere `polyval` is
//! asked, which is also the measure of the other in the tests.

use aes::Block;
use polyval::Polyval;
use polyval::universal_hash::UniversalHash;
use zeroize::Zeroizing;

use super::group::Message;

/// The reduction of POLYVAL's field, RFC 8452, section 3.
const MULX: u128 = 0xc2000000_00000000_00000000_00000001;
/// Blocks that are hashed together; each message of a group fills them.
pub(super) const TOGETHER: usize = 4;

/// A key, set up. Wiped on drop.
#[allow(clippy::large_enum_variant, reason = "one for each key, never many")]
pub(super) enum Ghash {
    #[cfg(target_arch = "x86_64")]
    Wide(wide::Wide),
    Polyval(Polyval),
}

impl Ghash {
    /// Of the block cipher's image of the zero block.
    pub(super) fn new(subkey: &Block) -> Self {
        let key = key_of(subkey);
        #[cfg(target_arch = "x86_64")]
        if let Some(wide) = wide::Wide::new(&key) {
            return Self::Wide(wide);
        }
        Self::Polyval(Polyval::new(&key.to_le_bytes().into()))
    }

    /// The hash of blocks that follow what led to a state.
    pub(super) fn of(&self, state: u128, blocks: &[u128]) -> u128 {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Wide(wide) => wide.of(state, blocks),
            Self::Polyval(polyval) => by_polyval(polyval, state, blocks),
        }
    }

    /// The hashes of messages that follow one another, each from the same state on.
    pub(super) fn of_each(&self, mut blocks: &[u128], messages: &[Message], state: u128, hashes: &mut Vec<u128>) {
        hashes.clear();
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Wide(wide) => wide.of_each(blocks, messages, state, hashes),
            Self::Polyval(polyval) => hashes.extend(messages.iter().map(|message| {
                let (own, rest) = blocks.split_at_checked(message.blocks()).unwrap_or_default();
                blocks = rest;
                by_polyval(polyval, state, own.get(message.fill..).unwrap_or_default())
            })),
        }
    }
}

/// GHASH is POLYVAL under mulX of the reversed key, over reversed blocks, reversed.
fn key_of(subkey: &Block) -> Zeroizing<u128> {
    let reversed = Zeroizing::new(u128::from_be_bytes((*subkey).into()));
    Zeroizing::new((*reversed << 1) ^ ((*reversed >> 127) * MULX))
}

fn by_polyval(polyval: &Polyval, mut state: u128, blocks: &[u128]) -> u128 {
    let mut polyval = polyval.clone();
    for blocks in blocks.chunks(TOGETHER) {
        let mut array = [Block::default(); TOGETHER];
        for (place, block) in array.iter_mut().zip(blocks) {
            // A hash goes on from a state as a fresh one does that has the state xored onto its first block.
            *place = (block.swap_bytes() ^ std::mem::take(&mut state)).to_le_bytes().into();
        }
        polyval.update(array.get(..blocks.len()).unwrap_or_default());
    }
    u128::from_le_bytes(polyval.finalize().into())
}

#[cfg(target_arch = "x86_64")]
mod wide;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    /// RFC 8452, appendix A: the worked conversion of GHASH to POLYVAL.
    #[test]
    fn known_bytes() {
        let block = |hex: &str| {
            let bytes: [u8; 16] = base16ct::lower::decode_vec(hex).unwrap().try_into().unwrap();
            bytes
        };
        let hash = Ghash::new(&block("25629347589242761d31f826ba4b757b").into());
        let blocks = ["4f4f95668c83dfb6401762bb2d01a262", "d1a24ddd2721d006bbe45f20d3c9f362"];
        let got = hash.of(0, &blocks.map(|hex| u128::from_le_bytes(block(hex))));
        assert_eq!(got.swap_bytes().to_le_bytes(), block("bd9b3997046731fb96251b91f9c99d7a"));
    }

    proptest! {
        /// Whatever the processor offers gives what `polyval` gives, for any number of blocks and from any state.
        #[test]
        fn as_polyval_gives(
            subkey in any::<[u8; 16]>(),
            state in any::<u128>(),
            messages in proptest::collection::vec(proptest::collection::vec(any::<u128>(), 1..23), 1..9),
        ) {
            let hash = Ghash::new(&subkey.into());
            let polyval = Polyval::new(&key_of(&subkey.into()).to_le_bytes().into());
            let (mut blocks, mut places) = (Vec::new(), Vec::new());
            let mut expected = Vec::new();
            for message in &messages {
                let fill = message.len().next_multiple_of(TOGETHER) - message.len();
                blocks.extend(std::iter::repeat_n(0, fill));
                blocks.extend_from_slice(message);
                places.push(Message { fill, before: fill, len: 16 * message.len(), after: 0, mark: 0 });
                expected.push(by_polyval(&polyval, state, message));
                prop_assert_eq!(hash.of(state, message), by_polyval(&polyval, state, message));
            }
            let mut hashes = vec![1];
            hash.of_each(&blocks, &places, state, &mut hashes);
            prop_assert_eq!(&hashes, &expected);
            // A message goes on where another ended.
            let (first, second) = messages[0].split_at(messages[0].len() / 2);
            let whole = hash.of(state, &messages[0]);
            prop_assert_eq!(hash.of(if first.is_empty() { state } else { hash.of(state, first) }, second), whole);
        }
    }
}
