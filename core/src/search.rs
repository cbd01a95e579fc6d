//! Search over encrypted fields: normalisers, transforms, index values and what they leak.
//!
//! An index value is HMAC-SHA-256, under a key derived for the index, of a transform of the normalised value. It stands in a
//! column of its own beside the envelope. [`crate::FieldCipher`] makes them and the queries for them; this room is pure.
//! `spec/search.md` is the law.

mod assess;
mod index;
mod normalize;
mod phonetic;
mod transform;
mod unicode;

pub use assess::{Assessment, ColumnAssessor, Verdict};
pub(crate) use index::{IndexKey, LOW_CARDINALITY};
pub use index::{IndexQuery, IndexSpec, IndexValue, MIN_OUTPUT_BITS, Scope};
pub use normalize::{MAX_NORMALIZED_LEN, NORMALIZER_VERSION, Normalizer, Step};
pub use transform::{DatePart, MAX_WORDS, Transform};
pub use unicode::UNICODE_VERSION;
