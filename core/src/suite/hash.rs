//! HMAC, HKDF, SHA-256 and PBKDF2: by the FIPS module in a build that has it, else by `RustCrypto`. The same bytes.

#[cfg(feature = "fips")]
mod module;
#[cfg(not(feature = "fips"))]
mod portable;

use crate::error::Result;
use crate::secret::{SecretKey, constant_time_eq};

#[cfg(feature = "fips")]
use module as by;
#[cfg(not(feature = "fips"))]
use portable as by;

pub(crate) use by::{expand, pbkdf2_sha256, pbkdf2_sha512, sha256};

/// A key of HMAC-SHA-256 (RFC 2104), set up once. Wiped on drop.
#[derive(Clone)]
pub(crate) struct Hmac(by::Hmac);

impl Hmac {
    pub(crate) fn new(key: &SecretKey) -> Result<Self> {
        by::hmac(key).map(Self)
    }

    #[inline]
    pub(crate) fn tag(&self, message: &[u8]) -> [u8; 32] {
        by::tag(&self.0, message)
    }

    /// Whether `tag` is the message's, in constant time.
    pub(crate) fn holds(&self, message: &[u8], tag: &[u8]) -> bool {
        constant_time_eq(&self.tag(message), tag)
    }
}
