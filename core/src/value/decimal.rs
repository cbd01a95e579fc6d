//! Decimal numbers that keep their scale: `1.10` stays `1.10`.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorCode, Result, fail};

/// A decimal number: sign, digits, scale. `1.10` is 110 at scale 2; `1E+5` is 1 at scale -5; `-0` keeps its sign.
///
/// The text form is `[-]digits[.digits]` without needless leading zeros, or `[-]digitsE+n` for a negative scale.
/// No NaN and no infinity.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Decimal {
    negative: bool,
    scale: i32,
    /// ASCII digits, no leading zero unless it is the only one.
    digits: String,
}

impl Decimal {
    /// The largest number of digits.
    pub const MAX_DIGITS: usize = 1_000;
    /// The largest scale; the smallest is its negative.
    pub const MAX_SCALE: i32 = 6_144;

    /// The number `digits` times 10 to the power of minus `scale`.
    ///
    /// # Errors
    ///
    /// `ValueOutOfRange` for no digits, more than [`Self::MAX_DIGITS`], a needless leading zero, or a scale past
    /// [`Self::MAX_SCALE`] either way.
    pub fn new(negative: bool, digits: &str, scale: i32) -> Result<Self> {
        let decimal = Self { negative, scale, digits: digits.to_owned() };
        let canonical = digits == "0" || (!digits.is_empty() && !digits.starts_with('0'));
        let fits = canonical
            && digits.len() <= Self::MAX_DIGITS
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && scale.abs_diff(0) <= Self::MAX_SCALE.unsigned_abs();
        if fits { Ok(decimal) } else { fail(ErrorCode::ValueOutOfRange, "1 to 1,000 digits, scale within 6,144") }
    }

    /// Whether there is a minus sign; zero may have one.
    #[must_use]
    pub const fn is_negative(&self) -> bool {
        self.negative
    }

    /// The digits, without sign and point.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// How many of the digits stand after the point; negative for trailing zeros that are not written.
    #[must_use]
    pub const fn scale(&self) -> i32 {
        self.scale
    }

    /// Sign, scale as 4 bytes big-endian, digits in ASCII.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![u8::from(self.negative)];
        bytes.extend_from_slice(&self.scale.to_be_bytes());
        bytes.extend_from_slice(self.digits.as_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (sign, rest) = bytes.split_first()?;
        let (scale, digits) = rest.split_first_chunk::<4>()?;
        let negative = match sign {
            0 => false,
            1 => true,
            _ => return None,
        };
        Self::new(negative, std::str::from_utf8(digits).ok()?, i32::from_be_bytes(*scale)).ok()
    }

    /// Equal numbers, equal bytes: trailing zeros and the sign of zero are dropped.
    pub(super) fn search_bytes(&self) -> Vec<u8> {
        let trimmed = self.digits.trim_end_matches('0');
        if trimmed.is_empty() {
            return Self { negative: false, scale: 0, digits: "0".into() }.to_bytes();
        }
        let dropped = i32::try_from(self.digits.len() - trimmed.len()).unwrap_or(i32::MAX);
        let scale = self.scale.saturating_sub(dropped);
        Self { negative: self.negative, scale, digits: trimmed.into() }.to_bytes()
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        let Ok(scale) = usize::try_from(self.scale) else {
            return write!(f, "{}E+{}", self.digits, self.scale.unsigned_abs());
        };
        if scale == 0 {
            return f.write_str(&self.digits);
        }
        let padded = format!("{:0>width$}", self.digits, width = scale + 1);
        let (whole, fraction) = padded.split_at_checked(padded.len() - scale).ok_or(fmt::Error)?;
        write!(f, "{whole}.{fraction}")
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decimal(..)")
    }
}

impl FromStr for Decimal {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let form =
            || Error::with_detail(ErrorCode::ValueNotCanonical, "a decimal is [-]digits[.digits] or [-]digitsE+n");
        if text.len() > Self::MAX_DIGITS + usize::try_from(Self::MAX_SCALE).unwrap_or(0) + 3 {
            return fail(ErrorCode::ValueOutOfRange, "1 to 1,000 digits, scale within 6,144");
        }
        let (negative, body) = text.strip_prefix('-').map_or((false, text), |body| (true, body));
        let (mantissa, exponent) = match body.split_once("E+") {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<u16>().map_err(|_| form())?),
            None => (body, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return Err(form()),
            Some((whole, fraction)) => (whole, fraction),
            None => (mantissa, ""),
        };
        let all = format!("{whole}{fraction}");
        if whole.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(form());
        }
        let significant = all.trim_start_matches('0');
        let scale = i32::try_from(fraction.len()).map_err(|_| form())? - i32::from(exponent);
        let decimal = Self::new(negative, if significant.is_empty() { "0" } else { significant }, scale)?;
        if decimal.to_string() == text { Ok(decimal) } else { Err(form()) }
    }
}
