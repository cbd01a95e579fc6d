//! Suite 1 by the keyring's back end.

use super::Backend;
use std::sync::Arc;

use zeroize::Zeroizing;

#[cfg(feature = "fips")]
use super::fips::Approved;
use crate::error::Result;
use crate::secret::SecretKey;
use crate::suite::xaes::{Batch, PREFIX_LEN, Xaes};

/// A key of suite 1, set up. Wiped on drop.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "always behind an Arc")]
pub(crate) enum Randomized {
    /// The portable construction, long messages by AWS-LC where that is the back end.
    Portable(Xaes),
    /// By the FIPS module.
    #[cfg(feature = "fips")]
    Approved(Approved),
}

impl Randomized {
    /// # Errors
    ///
    /// `BackendUnavailable`.
    pub(crate) fn new(backend: Backend, key: &SecretKey) -> Result<Self> {
        match backend.check()? {
            #[cfg(feature = "fips")]
            Backend::AwsLcFips => Approved::new(key).map(Self::Approved),
            _ => Ok(Self::Portable(Xaes::new(key, backend))),
        }
    }

    /// As [`Xaes::seal_in_place`].
    pub(crate) fn seal_in_place(&self, associated_data: &[u8], buffer: &mut Vec<u8>, start: usize) -> Result<()> {
        match self {
            Self::Portable(cipher) => cipher.seal_in_place(associated_data, buffer, start),
            #[cfg(feature = "fips")]
            Self::Approved(cipher) => cipher.seal_in_place(associated_data, buffer, start),
        }
    }

    /// As [`Xaes::open`].
    pub(crate) fn open(&self, associated_data: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        match self {
            Self::Portable(cipher) => cipher.open(associated_data, sealed),
            #[cfg(feature = "fips")]
            Self::Approved(cipher) => cipher.open(associated_data, sealed),
        }
    }

    /// Whether messages are worked on together.
    pub(crate) const fn has_batches(&self) -> bool {
        matches!(self, Self::Portable(_))
    }

    /// A prefix to write a batch under. Short messages share associated data.
    ///
    /// # Errors
    ///
    /// `NotApproved` where the FIPS module must draw every nonce; `RandomUnavailable`.
    pub(crate) fn batch(&self, shared: Arc<[u8]>) -> Result<Batch> {
        match self {
            Self::Portable(cipher) => cipher.batch(shared),
            #[cfg(feature = "fips")]
            Self::Approved(_) => Err(super::not_approved("nonces counted up in a batch")),
        }
    }

    /// What reads messages of one prefix together; `None` where they are read one by one.
    pub(crate) fn batch_of(&self, prefix: [u8; PREFIX_LEN], shared: Arc<[u8]>) -> Option<Batch> {
        match self {
            Self::Portable(cipher) => Some(cipher.batch_of(prefix, shared)),
            #[cfg(feature = "fips")]
            Self::Approved(_) => None,
        }
    }
}
