//! Normalisers: named steps, in order, the same in every language.

use std::borrow::Cow;
use std::fmt;

use caseless::Caseless;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::unicode;
use crate::error::{Error, ErrorCode, Result, fail};

/// The version of the steps' definitions. A schema names the one that it was written for.
pub const NORMALIZER_VERSION: u32 = 1;
/// The longest text that is normalised, in bytes, before and after each step: 64 KiB.
pub const MAX_NORMALIZED_LEN: usize = 64 * 1024;

/// One step of a normaliser.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Keeps decimal digits of any script, as ASCII digits; drops the rest. For numbers that people type with dashes.
    Digits,
    /// Drops white space at both ends.
    Trim,
    /// Makes one space of every run of white space.
    CollapseSpaces,
    /// Drops white space and punctuation (Pattern_Syntax) everywhere.
    Compact,
    /// Folds case and compatibility forms: NFD, full case folding, NFKC, folding, NFKC.
    Casefold,
    /// Unicode Normalization Form C.
    Nfc,
    /// Unicode Normalization Form KC.
    Nfkc,
}

impl Step {
    /// The name used in schemas.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Trim => "trim",
            Self::CollapseSpaces => "collapse_spaces",
            Self::Compact => "compact",
            Self::Casefold => "casefold",
            Self::Nfc => "nfc",
            Self::Nfkc => "nfkc",
        }
    }

    fn apply(self, text: &str) -> String {
        match self {
            Self::Digits => text
                .chars()
                .filter_map(unicode::decimal_digit)
                .filter_map(|value| char::from_digit(value, 10))
                .collect(),
            Self::Trim => text.trim().to_owned(),
            Self::CollapseSpaces => collapse(text),
            Self::Compact => text.chars().filter(|character| !unicode::is_separator(*character)).collect(),
            Self::Casefold => text.nfd().default_case_fold().nfkc().default_case_fold().nfkc().collect(),
            Self::Nfc => text.nfc().collect(),
            Self::Nfkc => text.nfkc().collect(),
        }
    }
}

/// Steps applied in order. Without steps, text stays as it is, unassigned code points and all.
///
/// ```
/// use fieldward::{Normalizer, Step};
/// let email = Normalizer::new([Step::Trim, Step::Casefold])?;
/// assert_eq!(email.normalize(" Ada@Example.ORG ")?, "ada@example.org");
/// # Ok::<(), fieldward::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Normalizer {
    steps: Vec<Step>,
}

impl Normalizer {
    /// The largest number of steps.
    pub const MAX_STEPS: usize = 8;

    /// A normaliser of these steps, of version [`NORMALIZER_VERSION`].
    ///
    /// # Errors
    ///
    /// `SchemaInvalid` for more than [`Self::MAX_STEPS`].
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Result<Self> {
        let steps: Vec<_> = steps.into_iter().take(Self::MAX_STEPS + 1).collect();
        if steps.len() > Self::MAX_STEPS {
            return fail(ErrorCode::SchemaInvalid, "a normaliser has at most 8 steps");
        }
        Ok(Self { steps })
    }

    /// The steps, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether it leaves text as it is.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether its output has ASCII digits only.
    pub(super) fn yields_digits(&self) -> bool {
        self.steps.contains(&Step::Digits)
    }

    /// The normalised text.
    ///
    /// # Errors
    ///
    /// - `UnassignedCodePoint`: the text has a code point that [`super::UNICODE_VERSION`] does not assign; a later version
    ///   may fold it, and the value would no longer be found.
    /// - `ValueTooLong`: past [`MAX_NORMALIZED_LEN`] before or after a step.
    pub fn normalize<'a>(&self, text: &'a str) -> Result<Cow<'a, str>> {
        if self.is_identity() {
            return Ok(Cow::Borrowed(text));
        }
        let check = |text: &str| match text.len() > MAX_NORMALIZED_LEN {
            true => fail(ErrorCode::ValueTooLong, "a normalised field takes at most 64 KiB"),
            false => Ok(()),
        };
        check(text)?;
        if text.chars().any(|character| !unicode::is_assigned(character)) {
            return Err(Error::new(ErrorCode::UnassignedCodePoint));
        }
        let mut text = Cow::Borrowed(text);
        for step in &self.steps {
            let mut next = step.apply(&text);
            check(&next)?;
            if text == next {
                zeroize::Zeroize::zeroize(&mut next);
            } else {
                text = Cow::Owned(next);
            }
        }
        Ok(text)
    }
}

impl fmt::Display for Normalizer {
    /// The steps' names with commas, and the version: what enters an index's purpose.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.steps.iter().map(|step| step.as_str()).collect();
        write!(f, "{}/{NORMALIZER_VERSION}", names.join(","))
    }
}

fn collapse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_space = false;
    for character in text.chars() {
        let is_space = character.is_whitespace();
        if !is_space {
            out.push(character);
        } else if !in_space {
            out.push(' ');
        }
        in_space = is_space;
    }
    out
}

#[cfg(test)]
mod tests;
