//! Arithmetic on blocks of 16 bytes, without a branch on what they hold.

use aes::Block;
use subtle::ConstantTimeEq;

/// Doubling in GF(2^128), SP 800-38B section 6.1.
pub(super) fn double(block: [u8; 16]) -> [u8; 16] {
    let value = u128::from_be_bytes(block);
    ((value << 1) ^ ((value >> 127) * 0x87)).to_be_bytes()
}

pub(super) fn xor(one: [u8; 16], two: [u8; 16]) -> [u8; 16] {
    (u128::from_ne_bytes(one) ^ u128::from_ne_bytes(two)).to_ne_bytes()
}

/// Whether two blocks are equal, in time that does not depend on where they differ.
pub(super) fn equal(one: [u8; 16], two: [u8; 16]) -> bool {
    u128::from_ne_bytes(one).ct_eq(&u128::from_ne_bytes(two)).into()
}

/// Up to 16 bytes as the leading bytes of a big-endian number, zeros after them.
///
/// In two reads that may overlap: what was just written in pieces is slow to read whole.
#[inline]
pub(super) fn load(bytes: &[u8]) -> u128 {
    if let Some(whole) = bytes.first_chunk::<16>() {
        return u128::from_be_bytes(*whole);
    }
    let bits = 8 * bytes.len();
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        let (first, last) = (u128::from(u64::from_be_bytes(*first)), u128::from(u64::from_be_bytes(*last)));
        // Where they overlap, both have the same bits.
        return first << 64 | last << (128 - bits);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let (first, last) = (u128::from(u32::from_be_bytes(*first)), u128::from(u32::from_be_bytes(*last)));
        return first << 96 | last << (128 - bits);
    }
    bytes.iter().rev().fold(0, |value, byte| value >> 8 | u128::from(*byte) << 120)
}

/// Up to 16 bytes as the low bytes of a little-endian number, zeros above them.
#[inline]
pub(super) fn load_le(bytes: &[u8]) -> u128 {
    if let Some(whole) = bytes.first_chunk::<16>() {
        return u128::from_le_bytes(*whole);
    }
    let bits = 8 * bytes.len();
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        let (first, last) = (u128::from(u64::from_le_bytes(*first)), u128::from(u64::from_le_bytes(*last)));
        return first | last << (bits - 64);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let (first, last) = (u128::from(u32::from_le_bytes(*first)), u128::from(u32::from_le_bytes(*last)));
        return first | last << (bits - 32);
    }
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u128::from(*byte))
}

/// Writes the leading bytes of a big-endian number, as many as there is room for, up to 16.
#[inline]
pub(super) fn store(bytes: &mut [u8], value: u128) {
    if let Some(whole) = bytes.first_chunk_mut::<16>() {
        *whole = value.to_be_bytes();
        return;
    }
    let bits = 8 * bytes.len();
    let [first, second] = [value, value << bits.saturating_sub(64)].map(|value| value.to_be_bytes());
    if bytes.len() >= 8 {
        let (first, second) = (first.first_chunk::<8>(), second.first_chunk::<8>());
        if let (Some(place), Some(second)) = (bytes.last_chunk_mut::<8>(), second) {
            *place = *second;
        }
        if let (Some(place), Some(first)) = (bytes.first_chunk_mut::<8>(), first) {
            *place = *first;
        }
        return;
    }
    for (place, byte) in bytes.iter_mut().zip(first) {
        *place = byte;
    }
}

/// Xors a key stream onto a message.
#[inline]
pub(super) fn mask(message: &mut [u8], stream: &[Block]) {
    for (chunk, block) in message.chunks_mut(16).zip(stream) {
        store(chunk, load(chunk) ^ u128::from_be_bytes((*block).into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_and_stores_every_length() {
        let bytes: [u8; 20] = std::array::from_fn(|at| u8::try_from(at * 11 + 130).unwrap_or(7));
        for length in 0..=20 {
            let mut expected = [0; 16];
            expected[..length.min(16)].copy_from_slice(&bytes[..length.min(16)]);
            assert_eq!(load(&bytes[..length]), u128::from_be_bytes(expected), "{length}");
            assert_eq!(load_le(&bytes[..length]), u128::from_le_bytes(expected), "{length}");
            let mut stored = [0xee; 20];
            store(&mut stored[..length], u128::from_be_bytes([0x5a; 16]));
            let written = length.min(16);
            assert!(stored[..written].iter().all(|byte| *byte == 0x5a), "{length}");
            assert!(stored[written..].iter().all(|byte| *byte == 0xee), "{length}");
            let mut again = [0; 16];
            store(&mut again[..written], load(&bytes[..length]));
            assert_eq!(again[..written], bytes[..written]);
        }
    }
}
