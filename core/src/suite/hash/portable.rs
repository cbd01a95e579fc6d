//! By `RustCrypto`.

use hkdf::Hkdf;
use hmac::{KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};

use crate::error::{Error, ErrorCode, Result};
use crate::secret::SecretKey;

pub(super) type Hmac = hmac::Hmac<Sha256>;

pub(super) fn hmac(key: &SecretKey) -> Result<Hmac> {
    Hmac::new_from_slice(key.expose()).map_err(|_| Error::new(ErrorCode::Internal))
}

#[inline]
pub(super) fn tag(key: &Hmac, message: &[u8]) -> [u8; 32] {
    let mut hmac = key.clone();
    hmac.update(message);
    hmac.finalize().into_bytes().into()
}

/// HKDF-Expand-SHA-256 (RFC 5869, section 2.3).
pub(crate) fn expand(key: &SecretKey, info: &[u8], output: &mut [u8]) -> Result<()> {
    let hkdf = Hkdf::<Sha256>::from_prk(key.expose()).map_err(|_| Error::new(ErrorCode::Internal))?;
    hkdf.expand(info, output).map_err(|_| Error::new(ErrorCode::Internal))
}

/// FIPS 180-4.
pub(crate) fn sha256(message: &[u8]) -> [u8; 32] {
    Sha256::digest(message).into()
}

/// PBKDF2-HMAC-SHA-256 (RFC 8018).
pub(crate) fn pbkdf2_sha256(passphrase: &[u8], salt: &[u8], iterations: u32, output: &mut [u8]) {
    pbkdf2::pbkdf2_hmac::<Sha256>(passphrase, salt, iterations, output);
}

/// PBKDF2-HMAC-SHA-512 (RFC 8018).
pub(crate) fn pbkdf2_sha512(passphrase: &[u8], salt: &[u8], iterations: u32, output: &mut [u8]) {
    pbkdf2::pbkdf2_hmac::<Sha512>(passphrase, salt, iterations, output);
}
