//! Transforms: which part of a value an index compares.

use std::collections::BTreeSet;

use zeroize::Zeroizing;

use super::phonetic::soundex;
use super::{Normalizer, unicode};
use crate::error::{ErrorCode, Result, fail};
use crate::value::{Value, ValueType};

/// The largest number of distinct words of one value.
pub const MAX_WORDS: usize = 1_024;

/// The part of a date.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DatePart {
    /// `2024`
    Year,
    /// `2024-02`
    YearMonth,
    /// `02`
    Month,
    /// `02-29`
    MonthDay,
}

impl DatePart {
    /// The name used in schemas.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::YearMonth => "year_month",
            Self::Month => "month",
            Self::MonthDay => "month_day",
        }
    }

    /// How many there are.
    const fn outputs(self) -> u64 {
        match self {
            Self::Year => 9_999,
            Self::YearMonth => 9_999 * 12,
            Self::Month => 12,
            Self::MonthDay => 366,
        }
    }
}

/// What an index compares.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transform {
    /// The whole normalised value. 128 bits; the only one whose results need no confirmation and can be unique.
    Exact,
    /// The last n characters (Unicode scalar values), 1 to 64, after normalisation. Shorter values yield nothing.
    Last(u8),
    /// The first n characters, likewise.
    First(u8),
    /// A part of a date.
    Date(DatePart),
    /// Each word; words are what stands between white space and punctuation.
    Words,
    /// American Soundex of each word.
    Phonetic,
}

impl Transform {
    /// The largest n of [`Transform::Last`] and [`Transform::First`].
    pub const MAX_CHARACTERS: u8 = 64;

    /// The transform with its parameter, as it enters an index's purpose.
    #[must_use]
    pub fn purpose(&self) -> String {
        match self {
            Self::Exact => "exact".into(),
            Self::Last(n) => format!("last:{n}"),
            Self::First(n) => format!("first:{n}"),
            Self::Date(part) => format!("date:{}", part.as_str()),
            Self::Words => "words".into(),
            Self::Phonetic => "phonetic:soundex".into(),
        }
    }

    /// Whether one value gives a list of index values.
    #[must_use]
    pub const fn is_list(&self) -> bool {
        matches!(self, Self::Words | Self::Phonetic)
    }

    /// Refuses a transform that the type does not have.
    pub(super) fn check(&self, kind: ValueType) -> Result<()> {
        let fits = match self {
            Self::Exact => kind != ValueType::Json,
            Self::Last(n) | Self::First(n) if *n == 0 || *n > Self::MAX_CHARACTERS => {
                return fail(ErrorCode::SchemaInvalid, "first and last take 1 to 64 characters");
            }
            Self::Last(_) | Self::First(_) | Self::Words | Self::Phonetic => kind == ValueType::Text,
            Self::Date(_) => kind == ValueType::Date,
        };
        if fits {
            Ok(())
        } else {
            fail(ErrorCode::SchemaInvalid, format!("{} does not apply to {kind}", self.purpose()))
        }
    }

    /// An upper bound of the number of possible outputs, where it is known.
    pub(super) fn outputs(&self, kind: ValueType, normalizer: &Normalizer) -> Option<u64> {
        match self {
            Self::Exact if kind == ValueType::Bool => Some(2),
            Self::Last(n) | Self::First(n) => {
                // Text that is not reduced to digits is taken to have 26 likely characters.
                let alphabet: u64 = if normalizer.yields_digits() { 10 } else { 26 };
                Some(alphabet.saturating_pow(u32::from(*n)))
            }
            Self::Date(part) => Some(part.outputs()),
            Self::Phonetic => Some(26 * 7 * 7 * 7),
            Self::Exact | Self::Words => None,
        }
    }

    /// The byte strings that are authenticated, sorted, without duplicates; empty where the value yields nothing.
    pub(super) fn outputs_of(&self, value: &Value, normalizer: &Normalizer) -> Result<Vec<Zeroizing<Vec<u8>>>> {
        let text = match value {
            Value::Text(text) => Some(normalizer.normalize(text)?),
            _ => None,
        };
        let owned = |text: String| Zeroizing::new(text.into_bytes());
        Ok(match (self, text) {
            (Self::Exact, Some(text)) if text.is_empty() => Vec::new(),
            (Self::Exact, Some(text)) => vec![owned(text.into_owned())],
            (Self::Exact, None) => {
                let bytes = value.search_bytes()?;
                let is_empty = bytes.is_empty();
                if is_empty { Vec::new() } else { vec![bytes] }
            }
            (Self::Last(n), Some(text)) => {
                let skip = text.chars().count().checked_sub(usize::from(*n));
                skip.map(|skip| owned(text.chars().skip(skip).collect())).into_iter().collect()
            }
            (Self::First(n), Some(text)) => {
                let start: String = text.chars().take(usize::from(*n)).collect();
                let is_short = start.chars().count() < usize::from(*n);
                if is_short { Vec::new() } else { vec![owned(start)] }
            }
            (Self::Words | Self::Phonetic, Some(text)) => {
                let words: BTreeSet<String> = text
                    .split(unicode::is_separator)
                    .filter(|word| !word.is_empty())
                    .filter_map(|word| if *self == Self::Phonetic { soundex(word) } else { Some(word.to_owned()) })
                    .take(MAX_NORMALIZED_WORDS)
                    .collect();
                if words.len() > MAX_WORDS {
                    return fail(ErrorCode::ValueTooLong, "at most 1,024 distinct words are indexed");
                }
                words.into_iter().map(owned).collect()
            }
            (Self::Date(part), _) => match value {
                Value::Date(date) => vec![owned(match part {
                    DatePart::Year => format!("{:04}", date.year()),
                    DatePart::YearMonth => format!("{:04}-{:02}", date.year(), date.month()),
                    DatePart::Month => format!("{:02}", date.month()),
                    DatePart::MonthDay => format!("{:02}-{:02}", date.month(), date.day()),
                })],
                _ => return fail(ErrorCode::WrongType, "a date part of another type"),
            },
            (_, None) => return fail(ErrorCode::WrongType, "a transform of text on another type"),
        })
    }
}

/// More words than a text of 64 KiB can have: a bound for its own sake.
const MAX_NORMALIZED_WORDS: usize = 64 * 1024;
