//! By the FIPS module of AWS-LC.

use std::num::NonZeroU32;

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::{digest, pbkdf2};

use crate::error::{Error, ErrorCode, Result};
use crate::secret::SecretKey;

pub(super) type Hmac = hmac::Key;

#[allow(clippy::unnecessary_wraps, reason = "as the other")]
pub(super) fn hmac(key: &SecretKey) -> Result<Hmac> {
    Ok(hmac::Key::new(HMAC_SHA256, key.expose()))
}

pub(super) fn tag(key: &Hmac, message: &[u8]) -> [u8; 32] {
    first_32(hmac::sign(key, message).as_ref())
}

/// HKDF-Expand-SHA-256 (RFC 5869, section 2.3): to the module a KDF of SP 800-108 in feedback mode.
pub(crate) fn expand(key: &SecretKey, info: &[u8], output: &mut [u8]) -> Result<()> {
    struct Len(usize);
    impl KeyType for Len {
        fn len(&self) -> usize {
            self.0
        }
    }
    let key = Prk::new_less_safe(HKDF_SHA256, key.expose());
    let filled = key.expand(&[info], Len(output.len())).and_then(|expanded| expanded.fill(output));
    filled.map_err(|_| Error::with_detail(ErrorCode::Internal, "the FIPS module"))
}

/// FIPS 180-4.
pub(crate) fn sha256(message: &[u8]) -> [u8; 32] {
    first_32(digest::digest(&digest::SHA256, message).as_ref())
}

/// PBKDF2-HMAC-SHA-256 (RFC 8018).
pub(crate) fn pbkdf2_sha256(passphrase: &[u8], salt: &[u8], iterations: u32, output: &mut [u8]) {
    let iterations = NonZeroU32::new(iterations).unwrap_or(NonZeroU32::MIN);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt, passphrase, output);
}

/// PBKDF2-HMAC-SHA-512 (RFC 8018).
pub(crate) fn pbkdf2_sha512(passphrase: &[u8], salt: &[u8], iterations: u32, output: &mut [u8]) {
    let iterations = NonZeroU32::new(iterations).unwrap_or(NonZeroU32::MIN);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA512, iterations, salt, passphrase, output);
}

/// Of 32 bytes all.
fn first_32(bytes: &[u8]) -> [u8; 32] {
    bytes.first_chunk().copied().unwrap_or_default()
}
