//! Arithmetic on blocks of 16 bytes, without a branch on what they hold.

/// Doubling in GF(2^128), SP 800-38B section 6.1.
pub(super) fn double(block: [u8; 16]) -> [u8; 16] {
    let value = u128::from_be_bytes(block);
    ((value << 1) ^ ((value >> 127) * 0x87)).to_be_bytes()
}

pub(super) fn xor(one: [u8; 16], two: [u8; 16]) -> [u8; 16] {
    (u128::from_ne_bytes(one) ^ u128::from_ne_bytes(two)).to_ne_bytes()
}
