//! Bytes that are wiped when dropped and never printed.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::error::{ErrorCode, Result, fail};
use crate::random;

/// A key or root of exactly 256 bits: wiped on drop, compared in constant time, shown as `SecretKey(..)`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretKey(Box<[u8; Self::LEN]>);

impl SecretKey {
    /// Length in bytes: 32.
    pub const LEN: usize = 32;

    /// A fresh key from the operating system's generator; in a build with the feature `fips`, from that of the FIPS module.
    ///
    /// # Errors
    ///
    /// `RandomUnavailable` if no random bytes are given.
    pub fn generate() -> Result<Self> {
        let mut key = Self(Box::new([0; Self::LEN]));
        random::fill_key(key.0.as_mut_slice())?;
        Ok(key)
    }

    /// Takes over `bytes`, which must be exactly 32 long; the given copy is wiped.
    ///
    /// # Errors
    ///
    /// `InvalidKeyLength` for any other length.
    pub fn from_slice(bytes: &[u8]) -> Result<Self> {
        let mut key = Self(Box::new([0; Self::LEN]));
        if bytes.len() != Self::LEN {
            return fail(ErrorCode::InvalidKeyLength, "256 bits");
        }
        key.0.copy_from_slice(bytes);
        Ok(key)
    }

    /// The bytes themselves, for a provider that must wrap them.
    ///
    /// # Security
    ///
    /// Whoever calls this holds the key in the clear: copies are the caller's to wipe.
    #[must_use]
    pub fn expose(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl PartialEq for SecretKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(other.0.as_slice()).into()
    }
}

impl Eq for SecretKey {}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// Bytes of any length that are wiped on drop: passphrases, decrypted plaintexts on their way.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// Takes over `bytes`; they are wiped when this is dropped.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes themselves.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl From<Zeroizing<Vec<u8>>> for SecretBytes {
    fn from(mut bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(std::mem::take(&mut *bytes))
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(..)")
    }
}

/// Compares two byte strings in time that depends on their lengths only.
pub(crate) fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}
