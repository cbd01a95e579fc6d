//! AES-256-GCM (SP 800-38D) over many short messages under one key: their blocks go through the block cipher together, and the GHASH
//! state of associated data that they share is computed once. `aes-gcm` is the measure in the tests.

use std::sync::Arc;

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes256Enc, Block};
use zeroize::{Zeroize, Zeroizing};

use super::block::{equal, load_le};
use super::ghash::{Ghash, TOGETHER};
use super::group::{Group, Message, Text, apply, few, few_headed, text_blocks};

mod one;

pub(crate) use one::One;

/// Bytes of a tag.
const TAG_LEN: usize = 16;

/// A key and the associated data that its messages share. Wiped on drop by the cipher and the hash.
pub(crate) struct Gcm {
    cipher: Aes256Enc,
    shared: Arc<[u8]>,
    /// The hash and its state after what is shared, filled up to whole blocks; made with the first group.
    hash: Option<(Ghash, Zeroizing<u128>)>,
}

/// What a message brings beside its text.
#[derive(Clone, Copy)]
pub(crate) struct Beside<'a> {
    /// Bytes of associated data that all messages share.
    pub(crate) shared: usize,
    /// Associated data of its own, after what is shared; only where that is whole blocks.
    pub(crate) own: &'a [u8],
    /// 96 bits.
    pub(crate) nonce: u128,
}

impl Gcm {
    #[inline]
    pub(crate) fn new(key: &[u8; 32], shared: Arc<[u8]>) -> Self {
        Self { cipher: Aes256Enc::new(key.into()), shared, hash: None }
    }

    /// Bytes of associated data that all messages share.
    pub(crate) fn shared(&self) -> usize {
        self.shared.len()
    }

    /// Turns counters into key streams; gives the hash and its state after what is shared.
    fn encrypt(&mut self, stream: &mut Vec<Block>) -> &(Ghash, Zeroizing<u128>) {
        let Self { cipher, shared, hash } = self;
        if hash.is_none() {
            // The hash's key goes through the cipher with the first group.
            stream.push(Block::default());
        }
        cipher.encrypt_blocks(stream);
        hash.get_or_insert_with(|| {
            let mut subkey = stream.pop().unwrap_or_default();
            let hash = Ghash::new(&subkey);
            subkey.as_mut_slice().zeroize();
            let absorb = |state, chunk| hash.of(state, &[load_le(chunk)]);
            let state = Zeroizing::new(shared.chunks(16).fold(0, absorb));
            (hash, state)
        })
    }

    /// Encrypts a group and empties it; each message leaves in order, with its nonce and its tag.
    pub(crate) fn seal<E>(
        &mut self,
        group: &mut Group,
        mut each: impl FnMut(u128, Text<'_>, [u8; TAG_LEN]) -> Result<(), E>,
    ) -> Result<(), E> {
        let Group { blocks, stream, messages, hashes } = group;
        let (hash, state) = self.encrypt(stream);
        let (mut rest, mut keys) = (blocks.as_mut_slice(), stream.as_slice());
        for message in &*messages {
            let Some((_, key, parts)) = next(message, &mut rest, &mut keys) else { break };
            apply(message.text_of(parts), key, message.len);
        }
        hash.of_each(blocks, messages, **state, hashes);
        let (mut rest, mut keys) = (blocks.as_mut_slice(), stream.as_slice());
        for (message, hash) in messages.iter().zip(hashes) {
            let Some((mask, _, parts)) = next(message, &mut rest, &mut keys) else { break };
            let tag = hash.swap_bytes() ^ u128::from_le_bytes((*mask).into());
            each(message.mark, Text::new(message.text_of(parts), message.len), tag.to_le_bytes())?;
        }
        group.clear();
        Ok(())
    }

    /// Decrypts a group and empties it; each message leaves in order, nothing of it where its tag does not hold.
    pub(crate) fn open<E>(
        &mut self,
        group: &mut Group,
        mut each: impl FnMut(Option<Text<'_>>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Group { blocks, stream, messages, hashes } = group;
        let (hash, state) = self.encrypt(stream);
        hash.of_each(blocks, messages, **state, hashes);
        let (mut rest, mut keys) = (blocks.as_mut_slice(), stream.as_slice());
        for (message, hash) in messages.iter().zip(hashes) {
            let Some((mask, key, parts)) = next(message, &mut rest, &mut keys) else { break };
            let tag = hash.swap_bytes() ^ u128::from_le_bytes((*mask).into());
            let holds = equal(tag.to_le_bytes(), message.mark.to_le_bytes());
            if holds {
                apply(message.text_of(parts), key, message.len);
            }
            each(holds.then(|| Text::new(message.text_of(parts), message.len)))?;
        }
        group.clear();
        Ok(())
    }
}

/// The block that masks the next message's tag, its key stream, and its blocks.
#[inline]
fn next<'a, 'b>(
    message: &Message,
    blocks: &mut &'a mut [u128],
    stream: &mut &'b [Block],
) -> Option<(&'b Block, &'b [Block], &'a mut [u128])> {
    let (mask, rest) = stream.split_first()?;
    let (key, rest) = rest.split_at_checked(text_blocks(message.len))?;
    *stream = rest;
    let (own, rest) = std::mem::take(blocks).split_at_mut_checked(message.blocks())?;
    *blocks = rest;
    Some((mask, key, own))
}

impl Group {
    /// Adds a plaintext: a byte and the bytes after it.
    #[inline]
    pub(crate) fn push_gcm_plain(&mut self, beside: &Beside<'_>, head: u8, rest: &[u8]) {
        match few_headed(head, rest) {
            Some(text) => self.push_few(beside, text, rest.len() + 1, beside.nonce),
            None => self.push_many(beside, rest.len() + 1, beside.nonce, |group| group.push_headed(head, rest)),
        }
    }

    /// Adds a ciphertext and its tag.
    #[inline(always)]
    pub(crate) fn push_gcm_sealed(&mut self, beside: &Beside<'_>, text: &[u8], tag: [u8; TAG_LEN]) {
        let mark = u128::from_le_bytes(tag);
        match few(text) {
            Some(few) => self.push_few(beside, few, text.len(), mark),
            None => self.push_many(beside, text.len(), mark, |group| group.push_bytes(text)),
        }
    }

    /// Adds a message of few blocks, laid out at once.
    #[inline(always)]
    fn push_few(&mut self, beside: &Beside<'_>, text: [u128; 3], len: usize, mark: u128) {
        let Beside { shared, own, nonce } = *beside;
        let blocks = text_blocks(len);
        let [first, second, third] = text;
        let quad = [first, second, third, lengths(shared + own.len(), len)];
        let (fill, before) = match own.is_empty() {
            true => {
                self.blocks.extend_from_slice(&quad);
                (3 - blocks, 3 - blocks)
            }
            false => self.push_own_and(own, blocks, quad),
        };
        let start = self.stream.len();
        let nonce = (nonce << 32).swap_bytes();
        let counter = |counter: u128| Block::from((nonce | counter << 120).to_le_bytes());
        self.stream.extend_from_slice(&[counter(1), counter(2), counter(3), counter(4)]);
        self.stream.truncate(start + 1 + blocks);
        self.messages.push(Message { fill, before, len, after: 1, mark });
    }

    /// Lays out associated data in front of a text of 0 to 3 blocks and its lengths; gives how many blocks of zeros are in front of both,
    /// and how many blocks are in front of the text.
    fn push_own_and(&mut self, own: &[u8], blocks: usize, quad: [u128; TOGETHER]) -> (usize, usize) {
        let own_blocks = text_blocks(own.len());
        let fill = (own_blocks + blocks + 1).next_multiple_of(TOGETHER) - (own_blocks + blocks + 1);
        match few(own) {
            Some(own) => {
                let [first, second, third, fourth] = quad;
                let mut all = [0, 0, 0, 0, first, second, third, fourth];
                // Over the zeros in front of the text.
                if let Some(place) = all.get_mut(4 - blocks..7 - blocks) {
                    place.copy_from_slice(&own);
                }
                let from = if own_blocks + blocks < TOGETHER { TOGETHER } else { 0 };
                self.blocks.extend_from_slice(all.get(from..).unwrap_or_default());
            }
            None => {
                self.blocks.resize(self.blocks.len() + fill, 0);
                self.push_bytes(own);
                self.blocks.extend_from_slice(quad.get(3 - blocks..).unwrap_or_default());
            }
        }
        (fill, fill + own_blocks)
    }

    fn push_many(&mut self, beside: &Beside<'_>, len: usize, mark: u128, lay: impl FnOnce(&mut Self)) {
        let Beside { shared, own, nonce } = *beside;
        let blocks = text_blocks(own.len()) + text_blocks(len) + 1;
        let fill = blocks.next_multiple_of(TOGETHER) - blocks;
        for _ in 0..fill {
            self.push(0);
        }
        self.push_bytes(own);
        lay(self);
        self.push(lengths(shared + own.len(), len));
        // Short messages: the 32-bit counter never wraps.
        let first = nonce << 32 | 1;
        let counters = (0_u16..).take(text_blocks(len) + 1);
        self.stream.extend(counters.map(|counter| Block::from((first + u128::from(counter)).to_be_bytes())));
        let before = fill + text_blocks(own.len());
        self.messages.push(Message { fill, before, len, after: 1, mark });
    }
}

/// The last block: lengths of associated data and text, in bits.
#[inline]
fn lengths(associated_data: usize, text: usize) -> u128 {
    let bits = |bytes: usize| u128::try_from(bytes).unwrap_or(0) * 8;
    (bits(associated_data) << 64 | bits(text)).swap_bytes()
}

#[cfg(test)]
mod tests;
