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
pub(super) struct Ghash {
    polyval: Polyval,
    #[cfg(target_arch = "x86_64")]
    wide: Option<wide::Wide>,
}

impl Ghash {
    /// Of the block cipher's image of the zero block.
    pub(super) fn new(subkey: &Block) -> Self {
        // GHASH is POLYVAL under mulX of the reversed key, over reversed blocks, reversed.
        let reversed = Zeroizing::new(u128::from_be_bytes((*subkey).into()));
        let key = Zeroizing::new((*reversed << 1) ^ ((*reversed >> 127) * MULX));
        let polyval = Polyval::new(&key.to_le_bytes().into());
        Self {
            #[cfg(target_arch = "x86_64")]
            wide: wide::Wide::new(&polyval, &key),
            polyval,
        }
    }

    /// The hash of blocks that are all there is.
    pub(super) fn of(&self, blocks: &[u128]) -> u128 {
        let mut polyval = self.polyval.clone();
        for blocks in blocks.chunks(TOGETHER) {
            let mut array = [Block::default(); TOGETHER];
            for (place, block) in array.iter_mut().zip(blocks) {
                *place = block.to_be_bytes().into();
            }
            polyval.update(array.get(..blocks.len()).unwrap_or_default());
        }
        u128::from_le_bytes(polyval.finalize().into())
    }

    /// The hashes of messages that follow one another, each from the same state on, in place of their marks.
    pub(super) fn of_each(&self, blocks: &mut [u128], messages: &[Message], state: u128, hashes: &mut Vec<u128>) {
        #[cfg(target_arch = "x86_64")]
        if let Some(wide) = &self.wide {
            return wide.of_each(blocks, messages, state, hashes);
        }
        self.of_each_by_polyval(blocks, messages, state, hashes);
    }

    fn of_each_by_polyval(&self, mut blocks: &mut [u128], messages: &[Message], state: u128, hashes: &mut Vec<u128>) {
        hashes.clear();
        for message in messages {
            let (own, rest) = std::mem::take(&mut blocks).split_at_mut_checked(message.blocks()).unwrap_or_default();
            blocks = rest;
            // A hash goes on from a state as a fresh one does that has the state xored onto its next block; blocks of zeros before that
            // leave a fresh hash as it is.
            let state = state.swap_bytes();
            xor_onto(own, message.fill, state);
            hashes.push(self.of(own));
            xor_onto(own, message.fill, state);
        }
    }
}

fn xor_onto(blocks: &mut [u128], at: usize, value: u128) {
    if let Some(block) = blocks.get_mut(at) {
        *block ^= value;
    }
}

#[cfg(target_arch = "x86_64")]
mod wide;
