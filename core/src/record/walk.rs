//! Following paths through a record.

use std::collections::HashSet;

use serde_json::{Map, Value as Json};

use super::MAX_RECORD_DEPTH;
use crate::error::{Error, ErrorCode, Result};
use crate::schema::{Path, Segment, Select};

/// What fields of a record have taken, so that of two filters that choose one element the first declared has it.
#[derive(Default)]
pub(super) struct Taken(HashSet<(Vec<String>, Vec<usize>)>);

/// A walk along one field's path.
pub(super) struct Walk<'a> {
    names: Vec<String>,
    /// The elements of the arrays on the way.
    at: Vec<usize>,
    taken: &'a mut Taken,
    visit: &'a mut dyn FnMut(&mut Json) -> Result<()>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(path: &Path, taken: &'a mut Taken, visit: &'a mut dyn FnMut(&mut Json) -> Result<()>) -> Self {
        let names = path.segments().iter().map(|segment| segment.name.clone()).collect();
        Self { names, at: Vec::new(), taken, visit }
    }

    /// Visits every value that `segments` lead to, in order. What is missing, null on the way, or taken, is passed over.
    fn go(&mut self, json: &mut Json, segments: &[Segment]) -> Result<()> {
        let Some((segment, rest)) = segments.split_first() else {
            return match self.taken.0.insert((self.names.clone(), self.at.clone())) {
                true => (self.visit)(json),
                false => Ok(()),
            };
        };
        match json {
            Json::Null => Ok(()),
            Json::Object(members) => match members.get_mut(&segment.name) {
                Some(member) => self.select(member, &segment.select, rest),
                None => Ok(()),
            },
            _ => Err(Error::new(ErrorCode::RecordShape)),
        }
    }

    /// The same from a member on, whose name was followed already.
    pub(super) fn select(&mut self, member: &mut Json, select: &Select, rest: &[Segment]) -> Result<()> {
        let elements = match (select, member) {
            (Select::Itself, member) => return self.go(member, rest),
            (_, Json::Null) => return Ok(()),
            (_, Json::Array(elements)) => elements,
            _ => return Err(Error::new(ErrorCode::RecordShape)),
        };
        for (at, element) in elements.iter_mut().enumerate() {
            if let Select::Where { path, equals } = select
                && !holds(element, path, equals)
            {
                continue;
            }
            self.at.push(at);
            let gone = self.go(element, rest);
            self.at.pop();
            gone?;
        }
        Ok(())
    }
}

/// Whether a value at `path`, through any array on the way, is the text `equals`.
fn holds(json: &Json, path: &[String], equals: &str) -> bool {
    match (json, path.split_first()) {
        (Json::Array(elements), _) => elements.iter().any(|element| holds(element, path, equals)),
        (Json::Object(members), Some((name, rest))) => {
            members.get(name).is_some_and(|member| holds(member, rest, equals))
        }
        (Json::String(text), None) => text == equals,
        _ => false,
    }
}

/// Refuses a record that is nested too deeply, without recursing into it.
pub(super) fn check_depth(record: &Map<String, Json>) -> Result<()> {
    let mut open: Vec<(&Json, usize)> = record.values().map(|json| (json, 1)).collect();
    while let Some((json, depth)) = open.pop() {
        if depth > MAX_RECORD_DEPTH {
            return Err(Error::new(ErrorCode::RecordTooDeep));
        }
        match json {
            Json::Array(elements) => open.extend(elements.iter().map(|json| (json, depth + 1))),
            Json::Object(members) => open.extend(members.values().map(|json| (json, depth + 1))),
            _ => {}
        }
    }
    Ok(())
}
