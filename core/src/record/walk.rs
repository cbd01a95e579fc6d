//! Following paths through a record.

use serde_json::{Map, Value as Json};

use super::MAX_RECORD_DEPTH;
use crate::error::{Error, ErrorCode, Result};
use crate::schema::{Segment, Select};

/// Calls `visit` for every value that `segments` lead to, in order. What is missing, or null on the way, is passed over.
pub(super) fn visit(
    json: &mut Json,
    segments: &[Segment],
    visit_one: &mut dyn FnMut(&mut Json) -> Result<()>,
) -> Result<()> {
    let Some((segment, rest)) = segments.split_first() else { return visit_one(json) };
    match json {
        Json::Null => Ok(()),
        Json::Object(members) => match members.get_mut(&segment.name) {
            Some(member) => select(member, &segment.select, rest, visit_one),
            None => Ok(()),
        },
        _ => Err(Error::new(ErrorCode::RecordShape)),
    }
}

/// The same from a member on, whose name was followed already.
pub(super) fn select(
    member: &mut Json,
    select: &Select,
    rest: &[Segment],
    visit_one: &mut dyn FnMut(&mut Json) -> Result<()>,
) -> Result<()> {
    match (select, member) {
        (Select::Itself, member) => visit(member, rest, visit_one),
        (_, Json::Null) => Ok(()),
        (Select::All, Json::Array(elements)) => {
            elements.iter_mut().try_for_each(|element| visit(element, rest, visit_one))
        }
        (Select::Where { path, equals }, Json::Array(elements)) => elements
            .iter_mut()
            .filter(|element| holds(element, path, equals))
            .try_for_each(|element| visit(element, rest, visit_one)),
        _ => Err(Error::new(ErrorCode::RecordShape)),
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
