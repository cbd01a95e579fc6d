//! AES-256-GCM of messages that are too long for the short engine, by the keyring's back end.

use std::sync::OnceLock;

use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::consts::U12;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce, Tag};
use zeroize::{Zeroize, Zeroizing};

use super::Backend;
#[cfg(any(feature = "aws-lc", feature = "fips"))]
use super::aws_lc;
use crate::error::{Error, ErrorCode, Result};
use crate::suite::xaes::TAG_LEN;

/// A key, set up for the first long message under it. Wiped on drop.
pub(crate) struct Long {
    key: Zeroizing<[u8; 32]>,
    #[cfg(any(feature = "aws-lc", feature = "fips"))]
    backend: Backend,
    cipher: OnceLock<Cipher>,
}

enum Cipher {
    Portable(Box<Aes256Gcm>),
    #[cfg(any(feature = "aws-lc", feature = "fips"))]
    AwsLc(aws_lc::Gcm),
}

impl Long {
    #[cfg_attr(not(any(feature = "aws-lc", feature = "fips")), allow(unused_variables))]
    pub(crate) fn new(key: Zeroizing<[u8; 32]>, backend: Backend) -> Self {
        Self {
            key,
            #[cfg(any(feature = "aws-lc", feature = "fips"))]
            backend,
            cipher: OnceLock::new(),
        }
    }

    fn cipher(&self) -> &Cipher {
        self.cipher.get_or_init(|| {
            #[cfg(any(feature = "aws-lc", feature = "fips"))]
            if self.backend == Backend::AwsLc
                && let Some(cipher) = aws_lc::Gcm::new(&self.key)
            {
                return Cipher::AwsLc(cipher);
            }
            Cipher::Portable(Box::new(Aes256Gcm::new((&*self.key).into())))
        })
    }

    /// Encrypts in place; gives the tag.
    pub(crate) fn seal(&self, counter: u128, associated_data: &[u8], message: &mut [u8]) -> Result<[u8; TAG_LEN]> {
        let nonce = nonce_of(counter);
        let tag = match self.cipher() {
            Cipher::Portable(cipher) => {
                cipher.encrypt_inout_detached(&nonce, associated_data, message.into()).ok().map(Into::into)
            }
            #[cfg(any(feature = "aws-lc", feature = "fips"))]
            Cipher::AwsLc(cipher) => cipher.seal(nonce.into(), associated_data, message),
        };
        tag.ok_or_else(|| Error::new(ErrorCode::Internal))
    }

    /// Decrypts in place, if the tag holds; nothing is left of the message where it does not.
    pub(crate) fn open(&self, counter: u128, associated_data: &[u8], message: &mut [u8], tag: [u8; TAG_LEN]) -> bool {
        let nonce = nonce_of(counter);
        let opened = match self.cipher() {
            Cipher::Portable(cipher) => {
                cipher.decrypt_inout_detached(&nonce, associated_data, message.into(), &Tag::from(tag)).is_ok()
            }
            #[cfg(any(feature = "aws-lc", feature = "fips"))]
            Cipher::AwsLc(cipher) => cipher.open(nonce.into(), associated_data, message, &tag),
        };
        if !opened {
            message.zeroize();
        }
        opened
    }
}

fn nonce_of(counter: u128) -> Nonce<U12> {
    let [_, _, _, _, nonce @ ..] = counter.to_be_bytes();
    nonce.into()
}
