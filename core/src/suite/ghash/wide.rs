//! Four blocks in one step, by VPCLMULQDQ on 512 bits.
//!
//! The product of a block and a power of the key is multiplied out to 256 bits; the products of four blocks are added up and reduced once,
//! as Gueron and Kounavis do ("Intel Carry-Less Multiplication Instruction and its Usage for Computing the GCM Mode"), by Montgomery's
//! reduction in POLYVAL's field. The instructions take the same time whatever they multiply.

use std::arch::x86_64::{
    __m512i, _mm_clmulepi64_si128, _mm_cvtsi128_si64, _mm_extract_epi64, _mm_set_epi64x, _mm_shuffle_epi32,
    _mm_slli_si128, _mm_srli_si128, _mm_xor_si128, _mm256_castsi256_si128, _mm256_extracti128_si256, _mm256_xor_si256,
    _mm512_castsi512_si256, _mm512_clmulepi64_epi128, _mm512_extracti64x4_epi64, _mm512_set_epi64, _mm512_shuffle_epi8,
    _mm512_xor_si512,
};

use fearless_simd::{Avx512, Level};
use polyval::Polyval;
use polyval::universal_hash::UniversalHash;
use zeroize::Zeroizing;

use super::TOGETHER;
use crate::suite::group::Message;

pub(super) struct Wide {
    /// Proof that the processor has the instructions.
    level: Avx512,
    /// The key's powers, the fourth first.
    powers: Zeroizing<[u128; TOGETHER]>,
}

impl Wide {
    /// `None` where the processor lacks the instructions.
    pub(super) fn new(polyval: &Polyval, key: &u128) -> Option<Self> {
        let level = Level::new().as_avx512()?;
        let mut powers = Zeroizing::new([*key; TOGETHER]);
        let mut last = None;
        for power in powers.iter_mut().rev() {
            if let Some(last) = last {
                let mut polyval = polyval.clone();
                polyval.update(&[u128::to_le_bytes(last).into()]);
                *power = u128::from_le_bytes(polyval.finalize().into());
            }
            last = Some(*power);
        }
        Some(Self { level, powers })
    }

    pub(super) fn of_each(&self, blocks: &[u128], messages: &[Message], state: u128, hashes: &mut Vec<u128>) {
        hashes.clear();
        hashes.resize(messages.len(), 0);
        let (quads, _) = blocks.as_chunks::<TOGETHER>();
        hash_each(self.level, &self.powers, quads, messages, state, hashes);
    }
}

fearless_simd::kernel!(
    fn hash_each(
        _level: Avx512,
        powers: &[u128; 4],
        quads: &[[u128; 4]],
        messages: &[Message],
        state: u128,
        hashes: &mut [u128],
    ) -> () {
        let low = |number: u128| number.to_le_bytes().first_chunk().map_or(0, |half| i64::from_le_bytes(*half));
        let load = |[first, second, third, fourth]: [u128; 4]| -> __m512i {
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
        };
        let fold = |product: __m512i| {
            let halves = _mm256_xor_si256(_mm512_castsi512_si256(product), _mm512_extracti64x4_epi64::<1>(product));
            _mm_xor_si128(_mm256_castsi256_si128(halves), _mm256_extracti128_si256::<1>(halves))
        };
        let powers = load(*powers);
        let zero = load([0; 4]);
        // Reverses the bytes of each block.
        let reverse = load([u128::from_be_bytes(std::array::from_fn(|at| at.to_le_bytes()[0])); 4]);
        // The state, xored onto the first block after the fill.
        let starts = [[state, 0, 0, 0], [0, state, 0, 0], [0, 0, state, 0], [0, 0, 0, state]].map(load);
        // The reduction's high half.
        let reduction = _mm_set_epi64x(0, low(0xc200_0000_0000_0000));
        let mut quads = quads.iter();
        for (message, hash) in messages.iter().zip(hashes) {
            let mut carried = starts.get(message.fill).copied().unwrap_or(zero);
            for quad in quads.by_ref().take(message.blocks() / 4) {
                let blocks = _mm512_xor_si512(_mm512_shuffle_epi8(load(*quad), reverse), carried);
                let bottom = _mm512_clmulepi64_epi128::<0x00>(blocks, powers);
                let top = _mm512_clmulepi64_epi128::<0x11>(blocks, powers);
                let middle = _mm512_xor_si512(
                    _mm512_clmulepi64_epi128::<0x01>(blocks, powers),
                    _mm512_clmulepi64_epi128::<0x10>(blocks, powers),
                );
                let (bottom, middle, top) = (fold(bottom), fold(middle), fold(top));
                let bottom = _mm_xor_si128(bottom, _mm_slli_si128::<8>(middle));
                let top = _mm_xor_si128(top, _mm_srli_si128::<8>(middle));
                let step = _mm_clmulepi64_si128::<0x00>(bottom, reduction);
                let bottom = _mm_xor_si128(_mm_shuffle_epi32::<0x4e>(bottom), step);
                let step = _mm_clmulepi64_si128::<0x00>(bottom, reduction);
                let bottom = _mm_xor_si128(_mm_shuffle_epi32::<0x4e>(bottom), step);
                let sum = _mm_xor_si128(bottom, top);
                let halves = [_mm_cvtsi128_si64(sum), _mm_extract_epi64::<1>(sum)];
                let [low, high] = halves.map(|half| u128::from(half.cast_unsigned()));
                *hash = high << 64 | low;
                carried = load([*hash, 0, 0, 0]);
            }
        }
    }
);
