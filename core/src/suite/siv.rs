//! AES-SIV (RFC 5297) with a 512-bit key and exactly one associated-data component.
//!
//! One message or many: the blocks of a group of messages go through the block cipher together, and what depends only on key and
//! associated data is computed once. `aes-siv` is the measure of both in the tests.

use std::ops::Deref;
use std::sync::OnceLock;

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes256Enc, Block};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::block::{double, equal, load, mask, xor};
use crate::error::{Error, ErrorCode, Result};

mod group;

/// Bytes of a key: 256 bits for CMAC, 256 for CTR.
pub(crate) const KEY_LEN: usize = 64;
/// Bytes of the synthetic initialization vector, which is the tag.
pub(crate) const SIV_LEN: usize = 16;

/// A key, set up. Wiped on drop.
pub(crate) struct Siv {
    mac: Aes256Enc,
    counter: Aes256Enc,
    /// CMAC's subkeys K1 and K2.
    subkeys: Zeroizing<[[u8; 16]; 2]>,
    /// CMAC of the zero block.
    zero: Zeroizing<[u8; 16]>,
    /// The associated data of the first call, and S2V after it: a field's key has one header.
    known: OnceLock<(Vec<u8>, Start)>,
}

/// S2V after the associated data.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Start {
    /// Goes onto the last 16 bytes of a message.
    end: [u8; 16],
    /// Goes onto a message shorter than a block, padded: doubled, with CMAC's subkey.
    short: [u8; 16],
}

/// A start that is kept, or one for other associated data.
enum Started<'a> {
    Kept(&'a Start),
    Made(Start),
}

impl Deref for Started<'_> {
    type Target = Start;

    fn deref(&self) -> &Start {
        match self {
            Self::Kept(start) => start,
            Self::Made(start) => start,
        }
    }
}

impl std::fmt::Debug for Siv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Siv(..)")
    }
}

impl Siv {
    pub(crate) fn new(key: Zeroizing<[u8; KEY_LEN]>) -> Self {
        let mut halves = Zeroizing::new([[0; 32]; 2]);
        for (to, byte) in halves.iter_mut().flatten().zip(key.iter()) {
            *to = *byte;
        }
        let [first, second] = &*halves;
        let (mac, counter) = (Aes256Enc::new(first.into()), Aes256Enc::new(second.into()));
        let mut block = Block::default();
        mac.encrypt_block(&mut block);
        let one = double(block.into());
        let two = double(one);
        let mut zero: Block = one.into();
        mac.encrypt_block(&mut zero);
        block.as_mut_slice().zeroize();
        let siv = Self {
            mac,
            counter,
            subkeys: Zeroizing::new([one, two]),
            zero: Zeroizing::new(zero.into()),
            known: OnceLock::new(),
        };
        zero.as_mut_slice().zeroize();
        siv
    }

    /// S2V after the associated data: dbl(CMAC(zero)) xor CMAC(associated data).
    #[inline]
    fn start(&self, associated_data: &[u8]) -> Started<'_> {
        let (known, start) = self.known.get_or_init(|| (associated_data.to_vec(), self.start_of(&[associated_data])));
        if known == associated_data { Started::Kept(start) } else { Started::Made(self.start_of(&[associated_data])) }
    }

    /// S2V after any number of components. Fields have one; others' vectors have more.
    fn start_of(&self, components: &[&[u8]]) -> Start {
        let mut end = *self.zero;
        for component in components {
            let mut state = [0; 16];
            let blocks = component.len().div_ceil(16).max(1);
            for step in 0..blocks {
                let mut block: Block = xor(state, self.mac_block(component, None, step, blocks)).into();
                self.mac.encrypt_block(&mut block);
                state = block.into();
            }
            end = xor(double(end), state);
        }
        let [one, _] = *self.subkeys;
        Start { end, short: xor(double(end), one) }
    }

    /// Block `step` of CMAC's input, subkey included. `end` is xored onto the last 16 bytes (RFC 5297's xorend).
    fn mac_block(&self, message: &[u8], end: Option<&[u8; 16]>, step: usize, blocks: usize) -> [u8; 16] {
        let from = step * 16;
        let rest = message.get(from..).unwrap_or_default();
        let taken = rest.len().min(16);
        let mut block = load(rest);
        if let Some(end) = end {
            // Where the last 16 bytes of the message begin, seen from this block: inside it, or in the one before.
            let begins = message.len().saturating_sub(16);
            let end = u128::from_be_bytes(*end);
            block ^= match (begins.checked_sub(from), from.checked_sub(begins)) {
                (Some(0), _) => end,
                (Some(after), _) if after < 16 => end >> (8 * after),
                (_, Some(before)) if before < 16 => end << (8 * before),
                _ => 0,
            };
        }
        let block = block.to_be_bytes();
        if step + 1 < blocks {
            return block;
        }
        let [one, two] = *self.subkeys;
        match taken {
            16 => xor(block, one),
            _ => xor(xor(block, (0x80_u128 << (120 - 8 * taken)).to_be_bytes()), two),
        }
    }

    /// Encrypts `buffer[start..]` in place, with its synthetic vector in the 16 bytes before it.
    pub(crate) fn seal_in_place(&self, associated_data: &[u8], buffer: &mut [u8], start: usize) -> Result<()> {
        let (before, message) = buffer.split_at_mut_checked(start).ok_or(ErrorCode::Internal)?;
        let place = before.last_chunk_mut::<SIV_LEN>().ok_or(ErrorCode::Internal)?;
        *place = self.iv(&self.start(associated_data), message);
        self.apply_one(*place, message);
        Ok(())
    }

    /// Decrypts `siv || ciphertext`. Nothing is released before it is verified.
    pub(crate) fn open(&self, associated_data: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let failed = || Error::new(ErrorCode::AuthenticationFailed);
        let (siv, ciphertext) = sealed.split_first_chunk::<SIV_LEN>().ok_or_else(failed)?;
        let mut message = Zeroizing::new(ciphertext.to_vec());
        self.apply_one(*siv, &mut message);
        // Of a message that someone made up, its vector is a secret.
        let again = Zeroizing::new(self.iv(&self.start(associated_data), &message));
        if equal(*again, *siv) { Ok(message) } else { Err(failed()) }
    }

    /// The synthetic initialization vector of one message.
    #[inline]
    fn iv(&self, start: &Start, message: &[u8]) -> [u8; 16] {
        if message.len() < 16 {
            let mut block: Block = xor(padded(message), start.short).into();
            self.mac.encrypt_block(&mut block);
            return block.into();
        }
        let blocks = message.len().div_ceil(16);
        let mut state = [0; 16];
        for step in 0..blocks {
            let mut block: Block = xor(state, self.mac_block(message, Some(&start.end), step, blocks)).into();
            self.mac.encrypt_block(&mut block);
            state = block.into();
        }
        state
    }

    /// Xors the key stream of one message onto it, eight blocks at a time.
    #[inline]
    fn apply_one(&self, iv: [u8; 16], message: &mut [u8]) {
        let mut counter = counter_of(iv);
        if message.len() <= 16 {
            let mut block: Block = counter.to_be_bytes().into();
            self.counter.encrypt_block(&mut block);
            mask(message, &[block]);
            block.as_mut_slice().zeroize();
            return;
        }
        let mut blocks = [Block::default(); 8];
        for part in message.chunks_mut(128) {
            let Some(used) = blocks.get_mut(..part.len().div_ceil(16)) else { return };
            for block in used.iter_mut() {
                *block = counter.to_be_bytes().into();
                counter = counter.wrapping_add(1);
            }
            self.counter.encrypt_blocks(used);
            mask(part, used);
            used.iter_mut().for_each(|block| block.as_mut_slice().zeroize());
        }
    }
}

/// RFC 5297, section 2.5: the counter is V with bits 63 and 31 cleared.
fn counter_of(iv: [u8; 16]) -> u128 {
    u128::from_be_bytes(iv) & !((1 << 63) | (1 << 31))
}

/// A message shorter than a block, then a bit, then zeros.
fn padded(message: &[u8]) -> [u8; 16] {
    let bit = 0x80_u128 << (120_usize.saturating_sub(8 * message.len()));
    (load(message) | bit).to_be_bytes()
}

#[cfg(test)]
mod tests;
