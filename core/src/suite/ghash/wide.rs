//! Four blocks in one step, by VPCLMULQDQ on 512 bits.
//!
//! The product of a block and a power of the key is multiplied out to 256 bits; the products of four blocks are added up and reduced once,
//! as Gueron and Kounavis do ("Intel Carry-Less Multiplication Instruction and its Usage for Computing the GCM Mode"), by Montgomery's
//! reduction in POLYVAL's field. The instructions take the same time whatever they multiply.

use std::arch::x86_64::{
    __m128i, __m512i, _mm_clmulepi64_si128, _mm_cvtsi128_si64, _mm_extract_epi64, _mm_set_epi64x, _mm_shuffle_epi32,
    _mm_slli_si128, _mm_srli_si128, _mm_xor_si128, _mm256_castsi256_si128, _mm256_extracti128_si256, _mm256_xor_si256,
    _mm512_castsi512_si256, _mm512_clmulepi64_epi128, _mm512_extracti64x4_epi64, _mm512_set_epi64, _mm512_shuffle_epi8,
    _mm512_xor_si512,
};

use fearless_simd::{Avx512, Level};
use zeroize::Zeroizing;

use super::TOGETHER;
use crate::suite::group::Message;

pub(in crate::suite) struct Wide {
    /// Proof that the processor has the instructions.
    level: Avx512,
    /// The key's powers, the fourth first.
    powers: Zeroizing<[u128; TOGETHER]>,
}

impl Wide {
    /// `None` where the processor lacks the instructions, or the build leaves them out.
    pub(super) fn new(key: &u128) -> Option<Self> {
        if cfg!(polyval_backend = "soft") {
            return None;
        }
        let level = Level::new().as_avx512()?;
        let mut powers = Zeroizing::new([0; TOGETHER]);
        powers_of(level, key, &mut powers);
        Some(Self { level, powers })
    }

    /// The hash of blocks from a state on.
    pub(super) fn of(&self, mut state: u128, blocks: &[u128]) -> u128 {
        if let ([block], [.., key]) = (blocks, &*self.powers) {
            return product(self.level, block.swap_bytes() ^ state, key);
        }
        // The first step takes what is beyond whole ones, with zeros in front.
        let (first, rest) = blocks.split_at_checked(blocks.len() % TOGETHER).unwrap_or_default();
        if !first.is_empty() {
            let fill = TOGETHER - first.len();
            let mut quad = [0; TOGETHER];
            if let Some(place) = quad.get_mut(fill..) {
                place.copy_from_slice(first);
            }
            state = hash_one(self.level, &self.powers, &[quad], fill, state);
        }
        let (quads, _) = rest.as_chunks::<TOGETHER>();
        if quads.is_empty() { state } else { hash_one(self.level, &self.powers, quads, 0, state) }
    }

    pub(super) fn of_each(&self, blocks: &[u128], messages: &[Message], state: u128, hashes: &mut Vec<u128>) {
        hashes.resize(messages.len(), 0);
        let (quads, _) = blocks.as_chunks::<TOGETHER>();
        hash_each(self.level, &self.powers, quads, messages, state, hashes);
    }
}

fearless_simd::kernel!(
    /// The key, its square, cube and fourth power, the last first.
    fn powers_of(_level: Avx512, key: &u128, powers: &mut [u128; 4]) -> () {
        let first = load_one(*key);
        let mut last = first;
        for (at, power) in powers.iter_mut().rev().enumerate() {
            if at > 0 {
                last = multiply_one(last, first);
            }
            *power = store_one(last);
        }
    }
);

fearless_simd::kernel!(
    fn product(_level: Avx512, block: u128, key: &u128) -> u128 {
        store_one(multiply_one(load_one(block), load_one(*key)))
    }
);

fearless_simd::kernel!(
    /// The hash of blocks that are whole steps, so many blocks of zeros in front, from a state on.
    fn hash_one(_level: Avx512, powers: &[u128; 4], quads: &[[u128; 4]], fill: usize, state: u128) -> u128 {
        let (powers, reverse) = (load(*powers), reversal());
        let mut carried = start_of(fill, state);
        let mut hash = 0;
        for quad in quads {
            hash = multiply(_mm512_xor_si512(_mm512_shuffle_epi8(load(*quad), reverse), carried), powers);
            carried = load([hash, 0, 0, 0]);
        }
        hash
    }
);

fearless_simd::kernel!(
    /// The hash of each message, all from the same state on.
    fn hash_each(
        _level: Avx512,
        powers: &[u128; 4],
        quads: &[[u128; 4]],
        messages: &[Message],
        state: u128,
        hashes: &mut [u128],
    ) -> () {
        let (powers, reverse) = (load(*powers), reversal());
        let starts = [start_of(0, state), start_of(1, state), start_of(2, state), start_of(3, state)];
        let mut quads = quads.iter();
        for (message, hash) in messages.iter().zip(hashes) {
            let mut carried = starts.get(message.fill).copied().unwrap_or(start_of(4, state));
            for quad in quads.by_ref().take(message.blocks() / 4) {
                *hash = multiply(_mm512_xor_si512(_mm512_shuffle_epi8(load(*quad), reverse), carried), powers);
                carried = load([*hash, 0, 0, 0]);
            }
        }
    }
);

/// The state, xored onto the first block after the fill.
#[target_feature(enable = "avx512f")]
#[inline]
fn start_of(fill: usize, state: u128) -> __m512i {
    load(std::array::from_fn(|at| if at == fill { state } else { 0 }))
}

/// Reverses the bytes of each block.
#[target_feature(enable = "avx512f")]
#[inline]
fn reversal() -> __m512i {
    load([u128::from_be_bytes(std::array::from_fn(|at| at.to_le_bytes()[0])); 4])
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load([first, second, third, fourth]: [u128; 4]) -> __m512i {
    _mm512_set_epi64(
        low(fourth >> 64),
        low(fourth),
        low(third >> 64),
        low(third),
        low(second >> 64),
        low(second),
        low(first >> 64),
        low(first),
    )
}

#[inline]
fn low(number: u128) -> i64 {
    number.to_le_bytes().first_chunk().map_or(0, |half| i64::from_le_bytes(*half))
}

/// The sum of four blocks.
#[target_feature(enable = "avx512f")]
#[inline]
fn sum(blocks: __m512i) -> __m128i {
    let halves = _mm256_xor_si256(_mm512_castsi512_si256(blocks), _mm512_extracti64x4_epi64::<1>(blocks));
    _mm_xor_si128(_mm256_castsi256_si128(halves), _mm256_extracti128_si256::<1>(halves))
}

#[target_feature(enable = "sse2")]
#[inline]
fn load_one(block: u128) -> __m128i {
    _mm_set_epi64x(low(block >> 64), low(block))
}

#[target_feature(enable = "sse4.1")]
#[inline]
fn store_one(block: __m128i) -> u128 {
    let (low, high) = (_mm_cvtsi128_si64(block), _mm_extract_epi64::<1>(block));
    u128::from(high.cast_unsigned()) << 64 | u128::from(low.cast_unsigned())
}

/// The sum of the products of four pairs of blocks.
#[target_feature(enable = "avx512f,vpclmulqdq,pclmulqdq,sse4.1")]
#[inline]
fn multiply(blocks: __m512i, powers: __m512i) -> u128 {
    let bottom = _mm512_clmulepi64_epi128::<0x00>(blocks, powers);
    let top = _mm512_clmulepi64_epi128::<0x11>(blocks, powers);
    let middle = _mm512_xor_si512(
        _mm512_clmulepi64_epi128::<0x01>(blocks, powers),
        _mm512_clmulepi64_epi128::<0x10>(blocks, powers),
    );
    store_one(reduce(sum(bottom), sum(middle), sum(top)))
}

/// The product of two blocks.
#[target_feature(enable = "pclmulqdq,sse4.1")]
#[inline]
fn multiply_one(one: __m128i, two: __m128i) -> __m128i {
    let bottom = _mm_clmulepi64_si128::<0x00>(one, two);
    let top = _mm_clmulepi64_si128::<0x11>(one, two);
    let middle = _mm_xor_si128(_mm_clmulepi64_si128::<0x01>(one, two), _mm_clmulepi64_si128::<0x10>(one, two));
    reduce(bottom, middle, top)
}

/// A product of 256 bits in the field: its low and high halves, and what lies across them.
#[target_feature(enable = "pclmulqdq,sse4.1")]
#[inline]
fn reduce(bottom: __m128i, middle: __m128i, top: __m128i) -> __m128i {
    let bottom = _mm_xor_si128(bottom, _mm_slli_si128::<8>(middle));
    let top = _mm_xor_si128(top, _mm_srli_si128::<8>(middle));
    // The reduction's high half.
    let reduction = load_one(0xc200_0000_0000_0000);
    let step = _mm_clmulepi64_si128::<0x00>(bottom, reduction);
    let bottom = _mm_xor_si128(_mm_shuffle_epi32::<0x4e>(bottom), step);
    let step = _mm_clmulepi64_si128::<0x00>(bottom, reduction);
    let bottom = _mm_xor_si128(_mm_shuffle_epi32::<0x4e>(bottom), step);
    _mm_xor_si128(bottom, top)
}
