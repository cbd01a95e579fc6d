//! AES-SIV (RFC 5297) with a 512-bit key and exactly one associated-data component, always present.

use aes_siv::KeyInit;
use aes_siv::siv::Aes256Siv;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorCode, Result};

/// Bytes of a key: 64. Shorter keys fall to multi-user attacks and are refused by construction.
pub(crate) const KEY_LEN: usize = 64;
/// Bytes of the synthetic initialization vector, which is also the tag.
pub(crate) const SIV_LEN: usize = 16;

/// A key of AES-SIV. Wiped on drop.
pub(crate) struct Siv(Zeroizing<[u8; KEY_LEN]>);

impl std::fmt::Debug for Siv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Siv(..)")
    }
}

impl Siv {
    pub(crate) fn new(key: Zeroizing<[u8; KEY_LEN]>) -> Self {
        Self(key)
    }

    /// Appends `SIV || ciphertext` to `output`.
    pub(crate) fn seal(&self, associated_data: &[u8], plaintext: &[u8], output: &mut Vec<u8>) -> Result<()> {
        let start = output.len() + SIV_LEN;
        output.resize(start, 0);
        output.extend_from_slice(plaintext);
        let message = output.get_mut(start..).ok_or(ErrorCode::Internal)?;
        let siv = Aes256Siv::new((&*self.0).into())
            .encrypt_inout_detached([associated_data], message.into())
            .map_err(|_| Error::new(ErrorCode::Internal))?;
        output.get_mut(start - SIV_LEN..start).ok_or(ErrorCode::Internal)?.copy_from_slice(&siv);
        Ok(())
    }

    /// Decrypts `SIV || ciphertext`. Nothing is released before the SIV is verified.
    pub(crate) fn open(&self, associated_data: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let failed = || Error::new(ErrorCode::AuthenticationFailed);
        let (siv, ciphertext) = sealed.split_first_chunk::<SIV_LEN>().ok_or_else(failed)?;
        let mut message = Zeroizing::new(ciphertext.to_vec());
        Aes256Siv::new((&*self.0).into())
            .decrypt_inout_detached([associated_data], message.as_mut_slice().into(), siv.into())
            .map_err(|_| failed())?;
        Ok(message)
    }
}
