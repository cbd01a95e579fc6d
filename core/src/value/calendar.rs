//! Dates and moments: canonical text in, the same text out.

use std::fmt;
use std::str::FromStr;

use time::Month;

use crate::error::{Error, ErrorCode, Result, fail};

/// The Julian day of 1970-01-01.
const UNIX_EPOCH_JULIAN_DAY: i32 = 2_440_588;
const SECONDS_PER_DAY: i64 = 86_400;

/// A day of the proleptic Gregorian calendar, 0001-01-01 to 9999-12-31.
///
/// The text form is `YYYY-MM-DD`, and only that.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date(time::Date);

impl Date {
    /// The day `year`-`month`-`day`.
    ///
    /// # Errors
    ///
    /// `ValueOutOfRange` for a day that does not exist or a year outside 1 to 9999.
    pub fn new(year: i32, month: u8, day: u8) -> Result<Self> {
        let month = Month::try_from(month).map_err(|_| out_of_range())?;
        if !(1..=9_999).contains(&year) {
            return Err(out_of_range());
        }
        time::Date::from_calendar_date(year, month, day).map(Self).map_err(|_| out_of_range())
    }

    /// The day this many days after 1970-01-01, before it if negative.
    ///
    /// # Errors
    ///
    /// `ValueOutOfRange` for a year outside 1 to 9999.
    pub fn from_unix_days(days: i32) -> Result<Self> {
        let julian = days.checked_add(UNIX_EPOCH_JULIAN_DAY).ok_or_else(out_of_range)?;
        let date = time::Date::from_julian_day(julian).map_err(|_| out_of_range())?;
        if (1..=9_999).contains(&date.year()) { Ok(Self(date)) } else { Err(out_of_range()) }
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub const fn unix_days(self) -> i32 {
        self.0.to_julian_day() - UNIX_EPOCH_JULIAN_DAY
    }

    /// The year, 1 to 9999.
    #[must_use]
    pub const fn year(self) -> i32 {
        self.0.year()
    }

    /// The month, 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        self.0.month().into()
    }

    /// The day of the month, 1 to 31.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.0.day()
    }

    pub(super) const fn to_bytes(self) -> [u8; 4] {
        self.unix_days().to_be_bytes()
    }

    pub(super) fn from_bytes(bytes: [u8; 4]) -> Option<Self> {
        Self::from_unix_days(i32::from_be_bytes(bytes)).ok()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year(), self.month(), self.day())
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Date(..)")
    }
}

impl FromStr for Date {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut rest = text;
        let (year, month, day) = (|| {
            let year = digits(&mut rest, 4)?;
            literal(&mut rest, "-")?;
            let month = digits(&mut rest, 2)?;
            literal(&mut rest, "-")?;
            let day = digits(&mut rest, 2)?;
            rest.is_empty().then_some((year, month, day))
        })()
        .ok_or_else(|| Error::with_detail(ErrorCode::ValueNotCanonical, "a date is YYYY-MM-DD"))?;
        Self::new(i32::try_from(year).map_err(|_| out_of_range())?, narrow(month)?, narrow(day)?)
    }
}

/// How a timestamp tells its distance from UTC.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Offset {
    /// No offset: a local time, no certain moment.
    Local,
    /// UTC, written `Z`.
    Utc,
    /// Seconds east of UTC, less than a day, written `+HH:MM` or `+HH:MM:SS`. Zero is written `+00:00` and differs from
    /// [`Offset::Utc`] in text, not in search.
    Seconds(i32),
}

/// A moment, or a local time, to the nanosecond, with the offset and the number of fraction digits it was given with.
///
/// The text form is RFC 3339's, `YYYY-MM-DDTHH:MM:SS[.fraction][Z|±HH:MM[:SS]]`, years 0001 to 9999. `-00:00`, leap
/// seconds and 24:00 are refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timestamp {
    /// Seconds since 1970-01-01T00:00:00: of UTC, or of local time where there is no offset.
    seconds: i64,
    nanoseconds: u32,
    fraction_digits: u8,
    offset: Offset,
}

impl Timestamp {
    /// Bytes of the encoding.
    pub(super) const LEN: usize = 17;

    /// A moment: seconds since the Unix epoch in UTC (in local time for [`Offset::Local`]), nanoseconds below 10^9, and how
    /// many digits of the fraction the text form shows (0 to 9).
    ///
    /// # Errors
    ///
    /// `ValueOutOfRange` for nanoseconds or an offset outside their range, nanoseconds that need more digits, or a local
    /// date outside the years 1 to 9999.
    pub fn new(seconds: i64, nanoseconds: u32, fraction_digits: u8, offset: Offset) -> Result<Self> {
        let moment = Self { seconds, nanoseconds, fraction_digits, offset };
        let unit = 10u32.pow(u32::from(9 - fraction_digits.min(9)));
        let offset_fits = !matches!(offset, Offset::Seconds(east) if i64::from(east).abs() >= SECONDS_PER_DAY);
        let fits =
            fraction_digits <= 9 && nanoseconds < 1_000_000_000 && nanoseconds.is_multiple_of(unit) && offset_fits;
        if !fits || moment.local().is_none() {
            return Err(out_of_range());
        }
        Ok(moment)
    }

    /// Seconds since the Unix epoch: of UTC, or of local time where the offset is [`Offset::Local`].
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds within the second.
    #[must_use]
    pub const fn nanoseconds(self) -> u32 {
        self.nanoseconds
    }

    /// Digits of the fraction that the text form shows.
    #[must_use]
    pub const fn fraction_digits(self) -> u8 {
        self.fraction_digits
    }

    /// The offset as it was given.
    #[must_use]
    pub const fn offset(self) -> Offset {
        self.offset
    }

    /// The local day and second of the day.
    fn local(self) -> Option<(Date, i64)> {
        let east = if let Offset::Seconds(east) = self.offset { i64::from(east) } else { 0 };
        let local = self.seconds.checked_add(east)?;
        let days = i32::try_from(local.div_euclid(SECONDS_PER_DAY)).ok()?;
        Some((Date::from_unix_days(days).ok()?, local.rem_euclid(SECONDS_PER_DAY)))
    }

    /// Form (kind of offset in the high half, fraction digits in the low), seconds, nanoseconds, offset in seconds.
    pub(super) fn to_bytes(self) -> [u8; Self::LEN] {
        let (kind, east) = match self.offset {
            Offset::Local => (0u8, 0),
            Offset::Utc => (1, 0),
            Offset::Seconds(east) => (2, east),
        };
        let mut bytes = [0; Self::LEN];
        let fields = [(kind << 4) | self.fraction_digits]
            .into_iter()
            .chain(self.seconds.to_be_bytes())
            .chain(self.nanoseconds.to_be_bytes())
            .chain(east.to_be_bytes());
        bytes.iter_mut().zip(fields).for_each(|(place, byte)| *place = byte);
        bytes
    }

    pub(super) fn from_bytes(bytes: [u8; Self::LEN]) -> Option<Self> {
        let (form, rest) = bytes.split_first()?;
        let (seconds, rest) = rest.split_first_chunk::<8>()?;
        let (nanoseconds, rest) = rest.split_first_chunk::<4>()?;
        let east = i32::from_be_bytes(*rest.first_chunk::<4>()?);
        let offset = match (form >> 4, east) {
            (0, 0) => Offset::Local,
            (1, 0) => Offset::Utc,
            (2, east) => Offset::Seconds(east),
            _ => return None,
        };
        Self::new(i64::from_be_bytes(*seconds), u32::from_be_bytes(*nanoseconds), form & 0x0f, offset).ok()
    }

    /// Whether there is an offset, then seconds and nanoseconds: moments are equal whatever their offset, and never equal a
    /// local time.
    pub(super) fn search_bytes(self) -> Vec<u8> {
        let mut bytes = vec![u8::from(self.offset != Offset::Local)];
        bytes.extend_from_slice(&self.seconds.to_be_bytes());
        bytes.extend_from_slice(&self.nanoseconds.to_be_bytes());
        bytes
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, second) = self.local().ok_or(fmt::Error)?;
        write!(f, "{date}T{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60)?;
        if self.fraction_digits > 0 {
            let unit = 10u32.pow(u32::from(9 - self.fraction_digits.min(9)));
            write!(f, ".{:0width$}", self.nanoseconds / unit, width = usize::from(self.fraction_digits))?;
        }
        match self.offset {
            Offset::Local => Ok(()),
            Offset::Utc => f.write_str("Z"),
            Offset::Seconds(east) => {
                let sign = if east < 0 { '-' } else { '+' };
                let east = east.unsigned_abs();
                write!(f, "{sign}{:02}:{:02}", east / 3_600, east / 60 % 60)?;
                if east % 60 == 0 { Ok(()) } else { write!(f, ":{:02}", east % 60) }
            }
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Timestamp(..)")
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let form = || {
            Error::with_detail(ErrorCode::ValueNotCanonical, "a timestamp is YYYY-MM-DDTHH:MM:SS[.fraction][Z|+HH:MM]")
        };
        let (date, rest) = text.split_at_checked(10).ok_or_else(form)?;
        let date: Date = date.parse()?;
        let mut rest = rest;
        let read = || {
            literal(&mut rest, "T")?;
            let hour = digits(&mut rest, 2)?;
            literal(&mut rest, ":")?;
            let minute = digits(&mut rest, 2)?;
            literal(&mut rest, ":")?;
            let second = digits(&mut rest, 2)?;
            let (nanoseconds, fraction_digits) = match literal(&mut rest, ".") {
                None => (0, 0),
                Some(()) => {
                    let count = rest.bytes().take_while(u8::is_ascii_digit).take(10).count();
                    let fraction = if (1..=9).contains(&count) { digits(&mut rest, count)? } else { return None };
                    let count = u8::try_from(count).ok()?;
                    (fraction * 10u32.pow(u32::from(9 - count)), count)
                }
            };
            let offset = match rest.chars().next() {
                None => Offset::Local,
                Some('Z') => {
                    literal(&mut rest, "Z")?;
                    Offset::Utc
                }
                Some(sign @ ('+' | '-')) => {
                    rest = rest.get(1..)?;
                    let hours = digits(&mut rest, 2)?;
                    literal(&mut rest, ":")?;
                    let minutes = digits(&mut rest, 2)?;
                    let seconds = match literal(&mut rest, ":") {
                        Some(()) => digits(&mut rest, 2).filter(|seconds| *seconds != 0)?,
                        None => 0,
                    };
                    if minutes > 59 || seconds > 59 || hours > 23 {
                        return None;
                    }
                    let east = i32::try_from(hours * 3_600 + minutes * 60 + seconds).ok()?;
                    if sign == '-' && east == 0 {
                        return None;
                    }
                    Offset::Seconds(if sign == '-' { -east } else { east })
                }
                Some(_) => return None,
            };
            rest.is_empty().then_some((hour, minute, second, nanoseconds, fraction_digits, offset))
        };
        let mut read = read;
        let (hour, minute, second, nanoseconds, fraction_digits, offset) = read().ok_or_else(form)?;
        if hour > 23 || minute > 59 || second > 59 {
            return fail(ErrorCode::ValueOutOfRange, "no 24:00 and no leap second");
        }
        let east = if let Offset::Seconds(east) = offset { i64::from(east) } else { 0 };
        let local = i64::from(date.unix_days()) * SECONDS_PER_DAY + i64::from(hour * 3_600 + minute * 60 + second);
        Self::new(local - east, nanoseconds, fraction_digits, offset)
    }
}

fn out_of_range() -> Error {
    Error::new(ErrorCode::ValueOutOfRange)
}

fn narrow(number: u32) -> Result<u8> {
    u8::try_from(number).map_err(|_| out_of_range())
}

/// Takes exactly `count` ASCII digits, at most nine, off the front.
fn digits(rest: &mut &str, count: usize) -> Option<u32> {
    let (number, after) = rest.split_at_checked(count)?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    *rest = after;
    number.parse().ok()
}

fn literal(rest: &mut &str, expected: &str) -> Option<()> {
    *rest = rest.strip_prefix(expected)?;
    Some(())
}
