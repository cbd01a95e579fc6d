//! XAES-256-GCM (C2SP): AES-256-GCM under a key derived from each nonce's first half by an SP 800-108 CMAC KDF.
//!
//! The nonce has 192 bits and is drawn here, from the operating system, for every message.

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use zeroize::{Zeroize, Zeroizing};

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

type Block = [u8; 16];

/// A key of XAES-256-GCM, set up. Wiped on drop by the block cipher and here.
pub(crate) struct Xaes {
    block_cipher: Aes256,
    /// CMAC's subkey K1.
    subkey: Zeroizing<Block>,
}

impl std::fmt::Debug for Xaes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Xaes(..)")
    }
}

impl Xaes {
    pub(crate) fn new(key: &SecretKey) -> Self {
        let block_cipher = Aes256::new(key.expose().into());
        let mut zero = Zeroizing::new([0; 16]);
        block_cipher.encrypt_block((&mut *zero).into());
        // Doubling in GF(2^128), SP 800-38B section 6.1, without a branch on the secret.
        let value = u128::from_be_bytes(*zero);
        let doubled = (value << 1) ^ ((value >> 127) * 0x87);
        Self { block_cipher, subkey: Zeroizing::new(doubled.to_be_bytes()) }
    }

    /// The AES-256-GCM key of a prefix: two CMAC blocks over `00 counter 'X' 00 prefix`.
    fn derive(&self, prefix: &[u8; PREFIX_LEN]) -> Aes256Gcm {
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
        Aes256Gcm::new((&*key).into())
    }

    /// Encrypts `buffer[start..]` in place under a fresh nonce that is written to `buffer[start - 24..start]`; appends the tag.
    pub(crate) fn seal_in_place(&self, associated_data: &[u8], buffer: &mut Vec<u8>, start: usize) -> Result<()> {
        let nonce = random::array::<NONCE_LEN>()?;
        self.seal_with(&nonce, associated_data, buffer, start)
    }

    /// [`Self::seal_in_place`] with the nonce given: private to the crate, for the batch that counts and for vectors.
    fn seal_with(
        &self,
        nonce: &[u8; NONCE_LEN],
        associated_data: &[u8],
        buffer: &mut Vec<u8>,
        start: usize,
    ) -> Result<()> {
        let (prefix, counter) = split(nonce)?;
        let place = start.checked_sub(NONCE_LEN).and_then(|from| buffer.get_mut(from..start));
        place.ok_or(ErrorCode::Internal)?.copy_from_slice(nonce);
        let message = buffer.get_mut(start..).ok_or(ErrorCode::Internal)?;
        let tag = self
            .derive(&prefix)
            .encrypt_inout_detached(&Nonce::from(counter), associated_data, message.into())
            .map_err(|_| Error::new(ErrorCode::Internal))?;
        buffer.extend_from_slice(&tag);
        Ok(())
    }

    /// Decrypts `nonce || ciphertext || tag`. Nothing is released before the tag is verified.
    pub(crate) fn open(&self, associated_data: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let failed = || Error::new(ErrorCode::AuthenticationFailed);
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(failed)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or_else(failed)?;
        let (prefix, counter) = split(nonce)?;
        let mut message = Zeroizing::new(ciphertext.to_vec());
        self.derive(&prefix)
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

fn split(nonce: &[u8; NONCE_LEN]) -> Result<([u8; PREFIX_LEN], [u8; 12])> {
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
    Xaes::new(key).seal_in_place(associated_data, &mut buffer, NONCE_LEN)?;
    Ok(buffer)
}

/// Opens what [`seal`] gave.
pub(crate) fn open(key: &SecretKey, associated_data: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    Xaes::new(key).open(associated_data, sealed)
}

#[cfg(test)]
pub(crate) fn seal_with_nonce(key: &SecretKey, nonce: &[u8; 24], associated_data: &[u8], plaintext: &[u8]) -> Vec<u8> {
    #![allow(clippy::unwrap_used)]
    let mut buffer = vec![0; NONCE_LEN];
    buffer.extend_from_slice(plaintext);
    Xaes::new(key).seal_with(nonce, associated_data, &mut buffer, NONCE_LEN).unwrap();
    buffer
}
