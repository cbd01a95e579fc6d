//! XAES-256-GCM by the FIPS module of AWS-LC, as the module approves it: its CMAC makes the key of a prefix, and its randomized seal draws
//! the last 12 bytes of every nonce inside.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arc_swap::ArcSwapOption;
use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::cmac;
use aws_lc_rs::error::Unspecified;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorCode, Result};
use crate::random;
use crate::secret::SecretKey;
use crate::suite::xaes::{MESSAGES_PER_PREFIX, NONCE_LEN, PREFIX_LEN, TAG_LEN, split};

/// A key of suite 1 in the module. Wiped by it on drop.
pub(crate) struct Approved {
    mac: cmac::Key,
    /// The prefix that this handle writes under.
    writing: ArcSwapOption<Derived>,
    /// The prefix that it read last.
    reading: ArcSwapOption<Derived>,
}

/// AES-256-GCM under the key of one prefix.
struct Derived {
    prefix: [u8; PREFIX_LEN],
    cipher: RandomizedNonceKey,
    used: AtomicU32,
}

impl fmt::Debug for Approved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Approved(..)")
    }
}

impl Approved {
    pub(crate) fn new(key: &SecretKey) -> Result<Self> {
        let mac = cmac::Key::new(cmac::AES_256, key.expose()).map_err(module)?;
        Ok(Self { mac, writing: ArcSwapOption::empty(), reading: ArcSwapOption::empty() })
    }

    /// The AES-256-GCM key of a prefix: the CMACs of `00 01 'X' 00 prefix` and `00 02 'X' 00 prefix`.
    fn derive(&self, prefix: [u8; PREFIX_LEN]) -> Result<Arc<Derived>> {
        let mut key = Zeroizing::new([0; 32]);
        let (first, second) = key.split_at_mut(16);
        for (half, counter) in [(first, 1), (second, 2)] {
            let mut block = [0; 16];
            let (head, rest) = block.split_at_mut(16 - PREFIX_LEN);
            head.copy_from_slice(&[0, counter, b'X', 0]);
            rest.copy_from_slice(&prefix);
            half.copy_from_slice(cmac::sign(&self.mac, &block).map_err(module)?.as_ref());
        }
        let cipher = RandomizedNonceKey::new(&AES_256_GCM, &*key).map_err(module)?;
        Ok(Arc::new(Derived { prefix, cipher, used: AtomicU32::new(1) }))
    }

    /// The prefix to write under: the one kept, or a new one from the operating system.
    fn writer(&self) -> Result<Arc<Derived>> {
        if let Some(kept) = &*self.writing.load()
            && kept.used.fetch_add(1, Ordering::Relaxed) < MESSAGES_PER_PREFIX
        {
            return Ok(Arc::clone(kept));
        }
        let derived = self.derive(random::array()?)?;
        self.writing.store(Some(Arc::clone(&derived)));
        Ok(derived)
    }

    fn reader(&self, prefix: [u8; PREFIX_LEN]) -> Result<Arc<Derived>> {
        if let Some(kept) = &*self.reading.load()
            && kept.prefix == prefix
        {
            return Ok(Arc::clone(kept));
        }
        let derived = self.derive(prefix)?;
        self.reading.store(Some(Arc::clone(&derived)));
        Ok(derived)
    }

    /// Encrypts `buffer[start..]` in place, writes the nonce to `buffer[start - 24..start]`, appends the tag.
    pub(crate) fn seal_in_place(&self, associated_data: &[u8], buffer: &mut Vec<u8>, start: usize) -> Result<()> {
        let derived = self.writer()?;
        let (head, message) = buffer.split_at_mut_checked(start).ok_or(ErrorCode::Internal)?;
        let sealed = derived.cipher.seal_in_place_separate_tag(Aad::from(associated_data), message);
        let (nonce, tag) = sealed.map_err(module)?;
        let place: &mut [u8; NONCE_LEN] = head.last_chunk_mut().ok_or(ErrorCode::Internal)?;
        let (prefix, rest) = place.split_at_mut(PREFIX_LEN);
        prefix.copy_from_slice(&derived.prefix);
        rest.copy_from_slice(nonce.as_ref());
        buffer.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// Decrypts `nonce || ciphertext || tag`. Nothing is released before the tag is verified.
    pub(crate) fn open(&self, associated_data: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let failed = || Error::new(ErrorCode::AuthenticationFailed);
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(failed)?;
        let len = rest.len().checked_sub(TAG_LEN).ok_or_else(failed)?;
        let (prefix, last) = split(nonce)?;
        let mut message = Zeroizing::new(rest.to_vec());
        self.reader(prefix)?
            .cipher
            .open_in_place(Nonce::assume_unique_for_key(last), Aad::from(associated_data), &mut message)
            .map_err(|_| failed())?;
        message.truncate(len);
        Ok(message)
    }
}

/// The module gives no reasons.
fn module(_: Unspecified) -> Error {
    Error::with_detail(ErrorCode::Internal, "the FIPS module")
}
