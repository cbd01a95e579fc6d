//! XAES-256-GCM (C2SP): AES-256-GCM under a key derived from each nonce's first half by an SP 800-108 CMAC KDF.
//!
//! The nonce has 192 bits. Its first half is kept for a number of messages or a batch, since a key is derived from it; its second half
//! is drawn from the operating system for every message, or counted up within a batch from a random start.

use std::cell::OnceCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use arc_swap::ArcSwapOption;
use zeroize::{Zeroize, Zeroizing};

use super::backend::{Backend, LONG, Long, Randomized};
use super::gcm::Gcm;
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

type Block = [u8; 16];

/// A key of XAES-256-GCM, set up. Wiped on drop by the block cipher and here.
pub(crate) struct Xaes {
    block_cipher: Aes256,
    /// CMAC's subkey K1.
    subkey: Zeroizing<Block>,
    /// Who does long messages, and how many bytes those have.
    backend: (Backend, usize),
    /// The prefix that this handle writes under.
    writing: ArcSwapOption<Derived>,
    /// The prefix that it read last. An attacker chooses prefixes: one is kept, not many.
    reading: ArcSwapOption<Derived>,
}

/// AES-256-GCM under the key of one prefix.
struct Derived {
    prefix: [u8; PREFIX_LEN],
    cipher: Aes256Gcm,
    /// Instead, for long messages, where there is another.
    long: Long,
    used: AtomicU32,
}

/// A batch of messages under one prefix. Counts the last 12 bytes up from a random start; never a handle's prefix.
pub(crate) struct Batch {
    pub(crate) prefix: [u8; PREFIX_LEN],
    counter: u128,
    /// For short messages, many at a time.
    pub(crate) short: Gcm,
    key: Zeroizing<[u8; 32]>,
    /// For long ones, from the first on.
    long: OnceCell<Aes256Gcm>,
    /// Instead, where there is another.
    other: Long,
}

impl std::fmt::Debug for Xaes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Xaes(..)")
    }
}

impl Xaes {
    /// With long messages by `backend`.
    pub(crate) fn with(key: &SecretKey, backend: Backend) -> Self {
        Self::with_long(key, backend, LONG)
    }

    /// [`Self::with`], messages of `from` bytes and more being long.
    pub(super) fn with_long(key: &SecretKey, backend: Backend, from: usize) -> Self {
        let block_cipher = Aes256::new(key.expose().into());
        let mut zero = Zeroizing::new([0; 16]);
        block_cipher.encrypt_block((&mut *zero).into());
        // Doubling in GF(2^128), SP 800-38B section 6.1, without a branch on the secret.
        let value = u128::from_be_bytes(*zero);
        let doubled = (value << 1) ^ ((value >> 127) * 0x87);
        let subkey = Zeroizing::new(doubled.to_be_bytes());
        let backend = (backend, from);
        Self { block_cipher, subkey, backend, writing: ArcSwapOption::empty(), reading: ArcSwapOption::empty() }
    }

    /// The AES-256-GCM key of a prefix: two CMAC blocks over `00 counter 'X' 00 prefix`.
    fn key_of(&self, prefix: &[u8; PREFIX_LEN]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0u8; 32]);
        let (first, second) = key.split_at_mut(16);
        for (half, counter) in [(first, 1u8), (second, 2u8)] {
            let mut block: Block = [0; 16];
            let [b0, b1, b2, b3, rest @ ..] = &mut block;
            (*b0, *b1, *b2, *b3) = (0, counter, b'X', 0);
            rest.copy_from_slice(prefix);
            for (byte, mask) in block.iter_mut().zip(self.subkey.iter()) {
                *byte ^= mask;
            }
            self.block_cipher.encrypt_block((&mut block).into());
            half.copy_from_slice(&block);
            block.zeroize();
        }
        key
    }

    fn derive(&self, prefix: [u8; PREFIX_LEN]) -> Arc<Derived> {
        let key = self.key_of(&prefix);
        let cipher = Aes256Gcm::new((&*key).into());
        Arc::new(Derived { prefix, cipher, long: self.long(&key), used: AtomicU32::new(1) })
    }

    fn long(&self, key: &[u8; 32]) -> Long {
        let (backend, from) = self.backend;
        Long::new(backend, key, from)
    }

    /// The cipher to read a prefix with: the one kept, or derived now.
    fn reader(&self, prefix: [u8; PREFIX_LEN]) -> Arc<Derived> {
        match &*self.reading.load() {
            Some(kept) if kept.prefix == prefix => Arc::clone(kept),
            _ => {
                let derived = self.derive(prefix);
                self.reading.store(Some(Arc::clone(&derived)));
                derived
            }
        }
    }

    /// A prefix to write a batch under, with a random start of its counter.
    pub(crate) fn batch(&self) -> Result<Batch> {
        let (prefix, start) = split(&random::array::<NONCE_LEN>()?)?;
        Ok(self.batch_at(prefix, start))
    }

    /// What reads messages of one prefix.
    pub(crate) fn batch_of(&self, prefix: [u8; PREFIX_LEN]) -> Batch {
        self.batch_at(prefix, [0; 12])
    }

    fn batch_at(&self, prefix: [u8; PREFIX_LEN], start: [u8; 12]) -> Batch {
        let key = self.key_of(&prefix);
        let counter = start.iter().fold(0_u128, |counter, byte| counter << 8 | u128::from(*byte));
        Batch { prefix, counter, short: Gcm::new(&key), other: self.long(&key), key, long: OnceCell::new() }
    }

    /// Encrypts `buffer[start..]` in place under a fresh nonce that is written to `buffer[start - 24..start]`; appends the tag.
    pub(crate) fn seal_in_place(&self, associated_data: &[u8], buffer: &mut Vec<u8>, start: usize) -> Result<()> {
        if let Some(kept) = &*self.writing.load()
            && kept.used.fetch_add(1, Ordering::Relaxed) < MESSAGES_PER_PREFIX
        {
            return seal_under(kept, &random::array::<12>()?, associated_data, buffer, start);
        }
        let (prefix, counter) = split(&random::array::<NONCE_LEN>()?)?;
        let derived = self.derive(prefix);
        self.writing.store(Some(Arc::clone(&derived)));
        seal_under(&derived, &counter, associated_data, buffer, start)
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
        seal_under(&self.derive(prefix), &counter, associated_data, buffer, start)
    }

    /// Decrypts `nonce || ciphertext || tag`. Nothing is released before the tag is verified.
    pub(crate) fn open(&self, associated_data: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let failed = || Error::new(ErrorCode::AuthenticationFailed);
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(failed)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or_else(failed)?;
        let (prefix, counter) = split(nonce)?;
        let mut message = Zeroizing::new(ciphertext.to_vec());
        let derived = self.reader(prefix);
        if let Some(opened) = derived.long.open(&counter, associated_data, &mut message, tag) {
            return if opened { Ok(message) } else { Err(failed()) };
        }
        derived
            .cipher
            .decrypt_inout_detached(
                &Nonce::from(counter),
                associated_data,
                message.as_mut_slice().into(),
                &Tag::from(*tag),
            )
            .map_err(|_| failed())?;
        Ok(message)
    }
}

fn seal_under(
    derived: &Derived,
    counter: &[u8; 12],
    associated_data: &[u8],
    buffer: &mut Vec<u8>,
    start: usize,
) -> Result<()> {
    let place = start.checked_sub(NONCE_LEN).and_then(|from| buffer.get_mut(from..start)).ok_or(ErrorCode::Internal)?;
    let (prefix, rest) = place.split_at_mut_checked(PREFIX_LEN).ok_or(ErrorCode::Internal)?;
    prefix.copy_from_slice(&derived.prefix);
    rest.copy_from_slice(counter);
    let message = buffer.get_mut(start..).ok_or(ErrorCode::Internal)?;
    let tag = match derived.long.seal(counter, associated_data, message) {
        Some(tag) => tag?,
        None => derived
            .cipher
            .encrypt_inout_detached(&Nonce::from(*counter), associated_data, message.into())
            .map_err(|_| Error::new(ErrorCode::Internal))?
            .into(),
    };
    buffer.extend_from_slice(&tag);
    Ok(())
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

    fn long(&self) -> &Aes256Gcm {
        self.long.get_or_init(|| Aes256Gcm::new((&*self.key).into()))
    }

    /// Encrypts a long message in place; gives the tag.
    pub(crate) fn seal_long(&self, counter: u128, associated_data: &[u8], message: &mut [u8]) -> Result<[u8; TAG_LEN]> {
        let nonce = *counter.to_be_bytes().last_chunk::<12>().ok_or(ErrorCode::Internal)?;
        if let Some(sealed) = self.other.seal(&nonce, associated_data, message) {
            return sealed;
        }
        let sealed = self.long().encrypt_inout_detached(&Nonce::from(nonce), associated_data, message.into());
        sealed.map(Into::into).map_err(|_| Error::new(ErrorCode::Internal))
    }

    /// Decrypts a long message in place, if its tag holds.
    pub(crate) fn open_long(
        &self,
        counter: u128,
        associated_data: &[u8],
        message: &mut [u8],
        tag: [u8; TAG_LEN],
    ) -> bool {
        let nonce = counter.to_be_bytes().last_chunk::<12>().copied().unwrap_or_default();
        if let Some(opened) = self.other.open(&nonce, associated_data, message, &tag) {
            return opened;
        }
        let opened =
            self.long().decrypt_inout_detached(&Nonce::from(nonce), associated_data, message.into(), &Tag::from(tag));
        if opened.is_err() {
            message.zeroize();
        }
        opened.is_ok()
    }
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
    Xaes::with(key, Backend::Portable).seal_with(nonce, associated_data, &mut buffer, NONCE_LEN).unwrap();
    buffer
}
