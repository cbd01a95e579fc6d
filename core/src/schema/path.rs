//! Paths into records: names, arrays, simple filters.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorCode, Result};

/// Where a field stands in a record.
///
/// `address` is a member; `contact.phone` a member of a member; `telecom[].value` a member of every element of an array;
/// `telecom[system=phone].value` of the elements whose `system` is `phone`. A filter's own path passes through arrays:
/// `identifier[type.coding.code=SS].value` takes the elements with any coding of that code. Names with other characters
/// than `A-Z a-z 0-9 _ - $` stand in double quotes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path(Vec<Segment>);

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Segment {
    /// The member's name.
    pub name: String,
    /// Which of its elements, if it is an array.
    pub select: Select,
}

/// Which elements of a member a path takes.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Select {
    /// The member itself.
    Itself,
    /// Every element of the array.
    All,
    /// The elements in which the value at `path` is this text.
    Where {
        /// Names, passing through arrays.
        path: Vec<String>,
        /// The text to be equal to.
        equals: String,
    },
}

impl Path {
    /// The largest number of segments.
    pub const MAX_SEGMENTS: usize = 32;
    /// The longest text.
    pub const MAX_LEN: usize = 1_024;

    /// A path of one name, whatever its characters.
    #[must_use]
    pub fn name(name: &str) -> Self {
        Self(vec![Segment { name: name.to_owned(), select: Select::Itself }])
    }

    /// The steps, at least one.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The name, if the path is one name.
    #[must_use]
    pub fn as_name(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Segment { name, select: Select::Itself }] => Some(name),
            _ => None,
        }
    }

    /// The name of the first step.
    pub(crate) fn first_name(&self) -> &str {
        self.0.first().map_or("", |segment| segment.name.as_str())
    }

    /// Whether it can give several values.
    pub(crate) fn is_list(&self) -> bool {
        self.0.iter().any(|segment| segment.select != Select::Itself)
    }

    /// Where the path's filters look.
    pub(super) fn filtered(&self) -> Vec<Self> {
        let mut before: Vec<Segment> = Vec::new();
        let mut found = Vec::new();
        for segment in &self.0 {
            before.push(Segment { name: segment.name.clone(), select: Select::All });
            if let Select::Where { path, .. } = &segment.select {
                let names = path.iter().map(|name| Segment { name: name.clone(), select: Select::Itself });
                found.push(Self(before.iter().cloned().chain(names).collect()));
            }
        }
        found
    }

    /// Whether one leads to, or into, what the other, declared later, leads to. Paths of the same names may meet where the earlier one
    /// filters an array and the later one filters it differently, or takes the rest: the one declared first takes what both would.
    pub(super) fn overlaps(&self, later: &Self) -> bool {
        let leaves_some = self.0.iter().zip(&later.0).any(|(one, two)| {
            matches!(one.select, Select::Where { .. }) && one.select != two.select && two.select != Select::Itself
        });
        self.touches(later) && !(leaves_some && self.0.len() == later.0.len())
    }

    /// Whether one's names begin the other's.
    pub(super) fn touches(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(one, two)| one.name == two.name)
    }
}

impl FromStr for Path {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::with_detail(ErrorCode::SchemaInvalid, "a path is names, [] and [name=value], with dots");
        if text.len() > Self::MAX_LEN {
            return Err(wrong());
        }
        let mut rest = text;
        let mut segments = Vec::new();
        loop {
            let name = take_name(&mut rest).ok_or_else(wrong)?;
            let select = match take(&mut rest, "[") {
                true => take_select(&mut rest).ok_or_else(wrong)?,
                false => Select::Itself,
            };
            segments.push(Segment { name, select });
            if rest.is_empty() && segments.len() <= Self::MAX_SEGMENTS {
                return Ok(Self(segments));
            }
            if !take(&mut rest, ".") || segments.len() >= Self::MAX_SEGMENTS {
                return Err(wrong());
            }
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(".")?;
            }
            f.write_str(&quoted(&segment.name))?;
            match &segment.select {
                Select::Itself => {}
                Select::All => f.write_str("[]")?,
                Select::Where { path, equals } => {
                    let path: Vec<_> = path.iter().map(|name| quoted(name)).collect();
                    write!(f, "[{}={}]", path.join("."), quoted(equals))?;
                }
            }
        }
        Ok(())
    }
}

fn is_bare(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '$')
}

fn quoted(name: &str) -> String {
    match !name.is_empty() && name.chars().all(is_bare) {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

fn take(rest: &mut &str, expected: &str) -> bool {
    let after = rest.strip_prefix(expected);
    *rest = after.unwrap_or(rest);
    after.is_some()
}

/// A bare name, or one in double quotes with `\"` and `\\`.
fn take_name(rest: &mut &str) -> Option<String> {
    if !take(rest, "\"") {
        let (name, after) = rest.split_at_checked(rest.find(|character| !is_bare(character)).unwrap_or(rest.len()))?;
        *rest = after;
        return (!name.is_empty()).then(|| name.to_owned());
    }
    let mut name = String::new();
    let mut characters = rest.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                *rest = rest.get(at + 1..)?;
                return Some(name);
            }
            '\\' => name
                .push(characters.next().map(|(_, escaped)| escaped).filter(|escaped| matches!(escaped, '"' | '\\'))?),
            other => name.push(other),
        }
    }
    None
}

/// What stands between the brackets, the closing one included.
fn take_select(rest: &mut &str) -> Option<Select> {
    if take(rest, "]") {
        return Some(Select::All);
    }
    let mut path = vec![take_name(rest)?];
    while take(rest, ".") {
        path.push(take_name(rest)?);
        if path.len() > Path::MAX_SEGMENTS {
            return None;
        }
    }
    let equals = take(rest, "=").then(|| take_name(rest)).flatten()?;
    take(rest, "]").then_some(Select::Where { path, equals })
}
