//! AES-256-GCM of long messages by another back end, where the keyring has one.

#[cfg(any(feature = "aws-lc", feature = "fips"))]
use std::sync::OnceLock;

#[cfg(any(feature = "aws-lc", feature = "fips"))]
use zeroize::Zeroizing;

use super::Backend;
#[cfg(any(feature = "aws-lc", feature = "fips"))]
use super::aws_lc::Gcm;
use crate::error::Result;
use crate::suite::xaes::TAG_LEN;

/// Bytes from which on a message counts as long: measured, see `docs/adr/0015-aws-lc-for-long-values.md`.
pub(crate) const LONG: usize = 1_024;

/// The other back end's cipher under one key, made when the first long message comes; nothing where there is no other.
pub(crate) struct Long {
    #[cfg(any(feature = "aws-lc", feature = "fips"))]
    other: Option<(Zeroizing<[u8; 32]>, OnceLock<Gcm>)>,
    #[cfg(any(feature = "aws-lc", feature = "fips"))]
    from: usize,
}

#[cfg(any(feature = "aws-lc", feature = "fips"))]
impl Long {
    /// For messages of `from` bytes and more.
    pub(crate) fn new(backend: Backend, key: &[u8; 32], from: usize) -> Self {
        let other = (backend == Backend::AwsLc).then(|| (Zeroizing::new(*key), OnceLock::new()));
        Self { other, from }
    }

    fn cipher(&self, len: usize) -> Option<&Gcm> {
        let (key, cipher) = self.other.as_ref().filter(|_| len >= self.from)?;
        Some(cipher.get_or_init(|| Gcm::new(key)))
    }

    /// Encrypts in place and gives the tag; `None` if the message is not for it.
    pub(crate) fn seal(
        &self,
        nonce: &[u8; 12],
        associated_data: &[u8],
        message: &mut [u8],
    ) -> Option<Result<[u8; TAG_LEN]>> {
        self.cipher(message.len()).map(|cipher| cipher.seal(nonce, associated_data, message))
    }

    /// Decrypts in place and says whether the tag holds, wiping what does not; `None` if the message is not for it.
    pub(crate) fn open(
        &self,
        nonce: &[u8; 12],
        associated_data: &[u8],
        message: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Option<bool> {
        self.cipher(message.len()).map(|cipher| cipher.open(nonce, associated_data, message, tag))
    }
}

#[cfg(not(any(feature = "aws-lc", feature = "fips")))]
#[allow(clippy::unused_self, reason = "the other build has a cipher here")]
impl Long {
    pub(crate) const fn new(_: Backend, _: &[u8; 32], _: usize) -> Self {
        Self {}
    }

    pub(crate) const fn seal(&self, _: &[u8; 12], _: &[u8], _: &mut [u8]) -> Option<Result<[u8; TAG_LEN]>> {
        None
    }

    pub(crate) const fn open(&self, _: &[u8; 12], _: &[u8], _: &mut [u8], _: &[u8; TAG_LEN]) -> Option<bool> {
        None
    }
}
