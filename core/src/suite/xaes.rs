//! XAES-256-GCM (C2SP): AES-256-GCM under a key derived from each nonce's first half by an SP 800-108 CMAC KDF.
//!
//! The nonce has 192 bits. Its first half is kept for a number of messages or a batch, since a key is derived from it; its second half
//! is drawn from the operating system for every message, or counted up within a batch from a random start.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes256Enc, Block};
use arc_swap::ArcSwapOption;
use zeroize::{Zeroize, Zeroizing};

use super::backend::{Backend, Long, Randomized};
use super::block::{double, xor};
use super::gcm::{Gcm, One};
use crate::error::{Error, ErrorCode, Result};
use crate::random;
use crate::secret::SecretKey;

/// Bytes of a nonce: a 12-byte prefix that selects the derived key, then GCM's own 12 bytes.
pub(crate) const NONCE_LEN: usize = 24;
/// Bytes of a prefix.
pub(crate) const PREFIX_LEN: usize = 12;
/// Bytes of a tag; shorter ones are refused everywhere.
pub(crate) const TAG_LEN: usize = 16;
/// What a message grows by: nonce and tag.
pub(crate) const OVERHEAD: usize = NONCE_LEN + TAG_LEN;

/// How many messages a handle writes under one prefix, each with 12 fresh bytes: `spec/suite.md` has the bound.
pub(super) const MESSAGES_PER_PREFIX: u32 = 1 << 16;

/// A key of XAES-256-GCM, set up. Wiped on drop by the block cipher and here.
pub(crate) struct Xaes {
    block_cipher: Aes256Enc,
    /// CMAC's subkey K1.
    subkey: Zeroizing<[u8; 16]>,
    /// Who does long messages.
    backend: Backend,
    /// The prefix that this handle writes under.
    writing: ArcSwapOption<Derived>,
    /// The prefix that it read last. An attacker chooses prefixes: one is kept, not many.
    reading: ArcSwapOption<Derived>,
}

/// AES-256-GCM under the key of one prefix.
struct Derived {
    prefix: [u8; PREFIX_LEN],
    short: One,
    long: Long,
    used: AtomicU32,
}

/// A batch of messages under one prefix. Counts the last 12 bytes up from a random start; never a handle's prefix.
pub(crate) struct Batch {
    pub(crate) prefix: [u8; PREFIX_LEN],
    counter: u128,
    /// For short messages, many at a time.
    pub(crate) short: Gcm,
    long: Long,
}

impl std::fmt::Debug for Xaes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Xaes(..)")
    }
}

impl Xaes {
    pub(crate) fn new(key: &SecretKey, backend: Backend) -> Self {
        let block_cipher = Aes256Enc::new(key.expose().into());
        let mut zero = Zeroizing::new([0; 16]);
        block_cipher.encrypt_block((&mut *zero).into());
        let subkey = Zeroizing::new(double(*zero));
        Self { block_cipher, subkey, backend, writing: ArcSwapOption::empty(), reading: ArcSwapOption::empty() }
    }

    #[cfg(test)]
    pub(super) fn long_of(&self, prefix: &[u8; PREFIX_LEN]) -> Long {
        Long::new(self.key_of(prefix), self.backend)
    }

    /// The AES-256-GCM key of a prefix: two CMAC blocks over `00 counter 'X' 00 prefix`.
    fn key_of(&self, prefix: &[u8; PREFIX_LEN]) -> Zeroizing<[u8; 32]> {
        let mut blocks = [1, 2].map(|counter| {
            let mut block = [0, counter, b'X', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            if let Some(place) = block.last_chunk_mut() {
                *place = *prefix;
            }
            Block::from(xor(block, *self.subkey))
        });
        self.block_cipher.encrypt_blocks(&mut blocks);
        let mut key = Zeroizing::new([0; 32]);
        for (half, block) in key.as_chunks_mut::<16>().0.iter_mut().zip(&mut blocks) {
            *half = (*block).into();
            block.as_mut_slice().zeroize();
        }
        key
    }

    fn derive(&self, prefix: [u8; PREFIX_LEN]) -> Arc<Derived> {
        let key = self.key_of(&prefix);
        Arc::new(Derived { prefix, short: One::new(&key), long: Long::new(key, self.backend), used: AtomicU32::new(1) })
    }

    /// A prefix to write a batch under, with a random start of its counter. Short messages share associated data.
    pub(crate) fn batch(&self, shared: Arc<[u8]>) -> Result<Batch> {
        let (prefix, start) = split(&random::array::<NONCE_LEN>()?)?;
        Ok(self.batch_at(prefix, start, shared))
    }

    /// What reads messages of one prefix.
    pub(crate) fn batch_of(&self, prefix: [u8; PREFIX_LEN], shared: Arc<[u8]>) -> Batch {
        self.batch_at(prefix, [0; 12], shared)
    }

    fn batch_at(&self, prefix: [u8; PREFIX_LEN], start: [u8; 12], shared: Arc<[u8]>) -> Batch {
        let key = self.key_of(&prefix);
        let counter = number(start);
        Batch { prefix, counter, short: Gcm::new(&key, shared), long: Long::new(key, self.backend) }
    }

    /// Encrypts `buffer[start..]` in place under a fresh nonce that is written to `buffer[start - 24..start]`; appends the tag.
    pub(crate) fn seal_in_place(&self, associated_data: &[u8], buffer: &mut Vec<u8>, start: usize) -> Result<()> {
        if let Some(kept) = &*self.writing.load()
            && kept.used.fetch_add(1, Ordering::Relaxed) < MESSAGES_PER_PREFIX
        {
            return kept.seal(random::array()?, associated_data, buffer, start);
        }
        let (prefix, counter) = split(&random::array::<NONCE_LEN>()?)?;
        let derived = self.derive(prefix);
        self.writing.store(Some(Arc::clone(&derived)));
        derived.seal(counter, associated_data, buffer, start)
    }

    /// [`Self::seal_in_place`] with the nonce given: for vectors.
    #[cfg(test)]
    pub(super) fn seal_with(
        &self,
        nonce: &[u8; 24],
        associated_data: &[u8],
        buffer: &mut Vec<u8>,
        start: usize,
    ) -> Result<()> {
        let (prefix, counter) = split(nonce)?;
        self.derive(prefix).seal(counter, associated_data, buffer, start)
    }

    /// Decrypts `nonce || ciphertext || tag`. Nothing is released before the tag is verified.
    pub(crate) fn open(&self, associated_data: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let failed = || Error::new(ErrorCode::AuthenticationFailed);
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(failed)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or_else(failed)?;
        let (prefix, counter) = split(nonce)?;
        let mut message = Zeroizing::new(ciphertext.to_vec());
        let opened = match &*self.reading.load() {
            Some(kept) if kept.prefix == prefix => kept.open(counter, associated_data, &mut message, *tag),
            _ => {
                let derived = self.derive(prefix);
                self.reading.store(Some(Arc::clone(&derived)));
                derived.open(counter, associated_data, &mut message, *tag)
            }
        };
        if opened { Ok(message) } else { Err(failed()) }
    }
}

impl Derived {
    /// Encrypts `buffer[start..]` in place, with the nonce in the 24 bytes before it; appends the tag.
    fn seal(&self, counter: [u8; 12], associated_data: &[u8], buffer: &mut Vec<u8>, start: usize) -> Result<()> {
        let (before, message) = buffer.split_at_mut_checked(start).ok_or(ErrorCode::Internal)?;
        let place = before.last_chunk_mut::<NONCE_LEN>().ok_or(ErrorCode::Internal)?;
        let (prefix, rest) = place.split_at_mut(PREFIX_LEN);
        prefix.copy_from_slice(&self.prefix);
        rest.copy_from_slice(&counter);
        let tag = match One::takes(message.len(), associated_data.len()) {
            true => self.short.seal(number(counter), associated_data, message).ok_or(ErrorCode::Internal)?,
            false => self.long.seal(number(counter), associated_data, message)?,
        };
        buffer.extend_from_slice(&tag);
        Ok(())
    }

    /// Decrypts in place, if the tag holds.
    fn open(&self, counter: [u8; 12], associated_data: &[u8], message: &mut [u8], tag: [u8; TAG_LEN]) -> bool {
        match One::takes(message.len(), associated_data.len()) {
            true => self.short.open(number(counter), associated_data, message, tag).is_some(),
            false => self.long.open(number(counter), associated_data, message, tag),
        }
    }
}

impl Batch {
    #[cfg(test)]
    pub(crate) fn set_counter(&mut self, counter: u128) {
        self.counter = counter;
    }

    /// The last 96 bits of the next message's nonce: counted up modulo 2^96, without carry into the prefix.
    pub(crate) fn next_counter(&mut self) -> u128 {
        let counter = self.counter;
        self.counter = (counter + 1) & ((1 << 96) - 1);
        counter
    }

    /// Encrypts a long message in place; gives the tag.
    pub(crate) fn seal_long(&self, counter: u128, associated_data: &[u8], message: &mut [u8]) -> Result<[u8; TAG_LEN]> {
        self.long.seal(counter, associated_data, message)
    }

    /// Decrypts a long message in place, if its tag holds.
    pub(crate) fn open_long(
        &self,
        counter: u128,
        associated_data: &[u8],
        message: &mut [u8],
        tag: [u8; TAG_LEN],
    ) -> bool {
        self.long.open(counter, associated_data, message, tag)
    }
}

/// The last 96 bits of a nonce as a number.
fn number(counter: [u8; 12]) -> u128 {
    counter.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

pub(crate) fn split(nonce: &[u8; NONCE_LEN]) -> Result<([u8; PREFIX_LEN], [u8; 12])> {
    let (prefix, counter) = nonce.split_at(PREFIX_LEN);
    match (prefix.try_into(), counter.try_into()) {
        (Ok(prefix), Ok(counter)) => Ok((prefix, counter)),
        _ => Err(Error::new(ErrorCode::Internal)),
    }
}

/// Encrypts a small secret, such as a key: `nonce || ciphertext || tag`.
pub(crate) fn seal(key: &SecretKey, associated_data: &[u8], plaintext: &[u8]) -> Result<Vec<u8>> {
    let mut buffer = Vec::with_capacity(plaintext.len() + OVERHEAD);
    buffer.resize(NONCE_LEN, 0);
    buffer.extend_from_slice(plaintext);
    of_secrets(key)?.seal_in_place(associated_data, &mut buffer, NONCE_LEN)?;
    Ok(buffer)
}

/// Opens what [`seal`] gave.
pub(crate) fn open(key: &SecretKey, associated_data: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    of_secrets(key)?.open(associated_data, sealed)
}

/// Small secrets are wrapped by whatever this build has: bytes and refusals are the same.
fn of_secrets(key: &SecretKey) -> Result<Randomized> {
    Randomized::new(Backend::default(), key)
}

#[cfg(test)]
pub(crate) fn seal_with_nonce(key: &SecretKey, nonce: &[u8; 24], associated_data: &[u8], plaintext: &[u8]) -> Vec<u8> {
    #![allow(clippy::unwrap_used)]
    let mut buffer = vec![0; NONCE_LEN];
    buffer.extend_from_slice(plaintext);
    Xaes::new(key, Backend::Portable).seal_with(nonce, associated_data, &mut buffer, NONCE_LEN).unwrap();
    buffer
}
