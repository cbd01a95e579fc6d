//! Looking for plaintext in the database's files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use base64ct::{Base64UrlUnpadded, Encoding};
use fieldward::{Path as FieldPath, Schema, Select};
use serde_json::Value as Json;

use super::Failure;
use super::report::{Report, megabytes, thousands};
use super::site::{Record, Site};

/// Shorter values are not looked for: chance finds them.
const SHORTEST: usize = 6;
/// Longer values are looked for by so many bytes.
const LONGEST: usize = 64;

pub(crate) fn scan(site: &mut Site, report: &mut Report) -> Result<(), Failure> {
    // What is encrypted, by field, and what stands in the clear anyway.
    let mut wanted: BTreeMap<Vec<u8>, BTreeSet<String>> = BTreeMap::new();
    let mut short = 0_usize;
    let mut in_clear = Vec::new();
    for record in &site.records[..site.first_load] {
        for (field, text) in encrypted_texts(record, &site.schema) {
            match pattern(&text) {
                Some(pattern) => {
                    wanted.entry(pattern).or_default().insert(field);
                }
                None => short += 1,
            }
        }
        in_clear.extend_from_slice(clear_text(record, &site.schema)?.as_bytes());
        in_clear.push(0);
    }
    let all: Vec<Vec<u8>> = wanted.keys().cloned().collect();
    let also_clear: BTreeSet<usize> =
        automaton(&all)?.find_overlapping_iter(&in_clear).map(|found| found.pattern().as_usize()).collect();
    let mut left_out: BTreeMap<&str, usize> = BTreeMap::new();
    for pattern in &also_clear {
        for field in all.get(*pattern).and_then(|bytes| wanted.get(bytes)).into_iter().flatten() {
            *left_out.entry(field).or_default() += 1;
        }
    }
    let sought: Vec<Vec<u8>> =
        all.iter().enumerate().filter(|(at, _)| !also_clear.contains(at)).map(|(_, bytes)| bytes.clone()).collect();
    report.say(format!(
        "{} distinct values of {SHORTEST} bytes or more are looked for; {} shorter ones are not",
        thousands(sought.len()),
        thousands(short)
    ));
    for (field, count) in left_out {
        report.say(format!("left out: {} values of {field} also stand in a clear column", thousands(count)));
    }
    if sought.is_empty() {
        report.not_applicable("the scan", "no encrypted value is long enough");
        return Ok(());
    }
    let automaton = automaton(&sought)?;
    let (bytes, found) = found_in(&site.directory, "encrypted.sqlite", &automaton)?;
    report.check(
        found.is_empty(),
        format!("encrypted: {} of files, journal and log included, {} values found", megabytes(bytes), found.len()),
    );
    let (bytes, found) = found_in(&site.directory, "plain.sqlite", &automaton)?;
    report.check(
        found.len() == sought.len(),
        format!(
            "the plaintext copy: {} of files, {} of {} values found",
            megabytes(bytes),
            thousands(found.len()),
            thousands(sought.len())
        ),
    );
    Ok(())
}

/// Which values stand in a database's files.
fn found_in(directory: &Path, name: &str, automaton: &AhoCorasick) -> Result<(u64, BTreeSet<usize>), Failure> {
    let mut found = BTreeSet::new();
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if !path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(name)) {
            continue;
        }
        let content = fs::read(&path)?;
        bytes += u64::try_from(content.len())?;
        let (masked, decoded) = take_out_envelopes(&content);
        for text in [masked, decoded] {
            found.extend(automaton.find_overlapping_iter(&text).map(|hit| hit.pattern().as_usize()));
        }
    }
    Ok((bytes, found))
}

/// Envelopes in text form, decoded: base64 text holds any six letters by chance, the bytes behind it do not.
fn take_out_envelopes(content: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut masked = content.to_vec();
    let mut decoded = Vec::new();
    let prefix = fieldward::TEXT_PREFIX.as_bytes();
    let mut at = 0;
    while let Some(start) =
        content.get(at..).and_then(|rest| rest.windows(prefix.len()).position(|window| window == prefix))
    {
        let start = at + start + prefix.len();
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let end = start + content.get(start..).map_or(0, |rest| rest.iter().take_while(|byte| is_base64(byte)).count());
        let bytes = content
            .get(start..end)
            .and_then(|text| std::str::from_utf8(text).ok())
            .and_then(|text| Base64UrlUnpadded::decode_vec(text).ok());
        if let Some(bytes) = bytes.filter(|bytes| fieldward::inspect(bytes).is_ok()) {
            decoded.extend_from_slice(&bytes);
            decoded.push(0);
            if let Some(run) = masked.get_mut(start..end) {
                run.fill(0);
            }
        }
        at = end.max(start);
    }
    (masked, decoded)
}

fn automaton(patterns: &[Vec<u8>]) -> Result<AhoCorasick, Failure> {
    let mut builder = AhoCorasickBuilder::new();
    Ok(builder.match_kind(MatchKind::Standard).kind(Some(AhoCorasickKind::ContiguousNFA)).build(patterns)?)
}

/// What to look for: the longest run that is written the same in a JSON document, up to 64 bytes.
fn pattern(text: &str) -> Option<Vec<u8>> {
    let plain = text.split(|character: char| character == '"' || character == '\\' || character.is_control());
    let longest = plain.max_by_key(|part| part.len())?;
    let end = longest.floor_char_boundary(LONGEST);
    let run = longest.get(..end)?.trim();
    (run.len() >= SHORTEST).then(|| run.as_bytes().to_vec())
}

/// Every encrypted value of a record as text, with its field.
pub(crate) fn encrypted_texts(record: &Record, schema: &Schema) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for field in schema.fields() {
        let mut places = Vec::new();
        follow(&Json::Null, Some(record), field.path(), 0, &mut places);
        for json in places {
            leaves(json, &mut |text| texts.push((field.name().to_owned(), text)));
        }
    }
    texts
}

/// The values that a path leads to.
fn follow<'a>(json: &'a Json, record: Option<&'a Record>, path: &FieldPath, at: usize, places: &mut Vec<&'a Json>) {
    let Some(segment) = path.segments().get(at) else { return places.push(json) };
    let member = match record {
        Some(record) => record.get(&segment.name),
        None => json.get(&segment.name),
    };
    let Some(member) = member else { return };
    match &segment.select {
        Select::Itself => follow(member, None, path, at + 1, places),
        Select::All => {
            member.as_array().into_iter().flatten().for_each(|element| follow(element, None, path, at + 1, places))
        }
        Select::Where { path: names, equals } => member
            .as_array()
            .into_iter()
            .flatten()
            .filter(|element| holds(element, names, equals))
            .for_each(|element| follow(element, None, path, at + 1, places)),
        _ => {}
    }
}

fn holds(json: &Json, names: &[String], equals: &str) -> bool {
    match (json, names.split_first()) {
        (Json::Array(elements), _) => elements.iter().any(|element| holds(element, names, equals)),
        (Json::Object(members), Some((name, rest))) => {
            members.get(name).is_some_and(|member| holds(member, rest, equals))
        }
        (Json::String(text), None) => text == equals,
        _ => false,
    }
}

fn leaves(json: &Json, see: &mut dyn FnMut(String)) {
    match json {
        Json::Null => {}
        Json::String(text) if text.is_empty() => {}
        Json::String(text) => see(text.clone()),
        Json::Array(elements) => elements.iter().for_each(|element| leaves(element, see)),
        Json::Object(members) => members.values().for_each(|member| leaves(member, see)),
        Json::Bool(_) => {}
        Json::Number(number) => see(number.to_string()),
    }
}

/// What stays in the clear: the record without its encrypted values.
fn clear_text(record: &Record, schema: &Schema) -> Result<String, Failure> {
    let mut clear = record.clone();
    for field in schema.fields() {
        if let Some(name) = field.path().as_name() {
            clear.insert(name.to_owned(), Json::Null);
            continue;
        }
        let Some((first, rest)) = field.path().segments().split_first() else { continue };
        if let Some(member) = clear.get_mut(&first.name) {
            blank(member, &first.select, rest);
        }
    }
    Ok(serde_json::to_string(&clear)?)
}

fn blank(member: &mut Json, select: &Select, rest: &[fieldward::Segment]) {
    let inside = |json: &mut Json| match rest.split_first() {
        None => *json = Json::Null,
        Some((segment, rest)) => {
            if let Some(inner) = json.get_mut(&segment.name) {
                blank(inner, &segment.select, rest);
            }
        }
    };
    match (select, member) {
        (Select::Itself, member) => inside(member),
        (Select::All, Json::Array(elements)) => elements.iter_mut().for_each(inside),
        (Select::Where { path, equals }, Json::Array(elements)) => {
            elements.iter_mut().filter(|element| holds(element, path, equals)).for_each(inside);
        }
        _ => {}
    }
}
