//! AES-256-GCM by AWS-LC, nonce given: for the portable construction around it.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::suite::xaes::TAG_LEN;

/// A key, set up; AWS-LC wipes it on drop.
pub(super) struct Gcm(LessSafeKey);

impl Gcm {
    pub(super) fn new(key: &[u8; 32]) -> Option<Self> {
        UnboundKey::new(&AES_256_GCM, key).ok().map(LessSafeKey::new).map(Self)
    }

    /// Encrypts in place; gives the tag.
    pub(super) fn seal(&self, nonce: [u8; 12], associated_data: &[u8], message: &mut [u8]) -> Option<[u8; TAG_LEN]> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(associated_data), message).ok()?;
        tag.as_ref().try_into().ok()
    }

    /// Decrypts in place, if the tag holds; the message is then anything where it does not.
    pub(super) fn open(
        &self,
        nonce: [u8; 12],
        associated_data: &[u8],
        message: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> bool {
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.0.open_in_place_separate_tag(nonce, Aad::from(associated_data), tag, message).is_ok()
    }
}
