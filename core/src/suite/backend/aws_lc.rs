//! AES-256-GCM by AWS-LC, nonce given: for the portable construction around it.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroize;

use crate::error::{Error, ErrorCode, Result};
use crate::suite::xaes::TAG_LEN;

/// A key, set up; AWS-LC wipes it on drop. None if AWS-LC could not.
pub(super) struct Gcm(Option<LessSafeKey>);

impl Gcm {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self(UnboundKey::new(&AES_256_GCM, key).ok().map(LessSafeKey::new))
    }

    /// Encrypts in place; gives the tag.
    pub(super) fn seal(&self, nonce: &[u8; 12], associated_data: &[u8], message: &mut [u8]) -> Result<[u8; TAG_LEN]> {
        let failed = || Error::with_detail(ErrorCode::Internal, "AWS-LC");
        let key = self.0.as_ref().ok_or_else(failed)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let tag = key.seal_in_place_separate_tag(nonce, Aad::from(associated_data), message).map_err(|_| failed())?;
        tag.as_ref().try_into().map_err(|_| failed())
    }

    /// Decrypts in place, if the tag holds; nothing is left of the message where it does not.
    pub(super) fn open(
        &self,
        nonce: &[u8; 12],
        associated_data: &[u8],
        message: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> bool {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self
            .0
            .as_ref()
            .is_some_and(|key| key.open_in_place_separate_tag(nonce, Aad::from(associated_data), tag, message).is_ok());
        if !opened {
            message.zeroize();
        }
        opened
    }
}
