//! Normalisers, index values and the tokens of a query.

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::lower::{place, value};
use super::{bytes, hex, text};
use crate::derive::expand_key;
use crate::error::Result;
use crate::search::{DatePart, IndexKey, IndexSpec, IndexValue, Normalizer, Step, Transform};
use crate::secret::SecretKey;
use crate::value::ValueType;

pub(super) fn run(op: &str, input: &Json) -> Option<Result<Json>> {
    let operation: fn(&Json) -> Result<Json> = match op {
        "search_normalize" => normalize,
        "search_index_info" => |i| {
            let info = declared(i)?.info(kind(i), &place(&i["place"])?);
            Ok(hex("info", &info.into_bytes()))
        },
        "search_index" => index,
        "search_query" => query,
        _ => return None,
    };
    Some(operation(input))
}

fn normalizer(source: &Json) -> Result<Normalizer> {
    Normalizer::new(source.as_array().unwrap().iter().map(|step| Step::deserialize(step).unwrap()))
}

fn normalize(input: &Json) -> Result<Json> {
    let text = text(&input["text"]);
    Ok(json!({ "text": normalizer(&input["steps"])?.normalize(&text)? }))
}

fn kind(input: &Json) -> ValueType {
    ValueType::deserialize(&input["type"]).unwrap()
}

fn transform(source: &Json) -> Transform {
    let characters = |name: &str| source.get(name).map(|count| u8::try_from(count.as_u64().unwrap()).unwrap());
    if let Some(count) = characters("last") {
        return Transform::Last(count);
    }
    if let Some(count) = characters("first") {
        return Transform::First(count);
    }
    if let Some(part) = source.get("date") {
        let parts = [DatePart::Year, DatePart::YearMonth, DatePart::Month, DatePart::MonthDay];
        return Transform::Date(parts.into_iter().find(|known| part == known.as_str()).unwrap());
    }
    match source.as_str().unwrap() {
        "exact" => Transform::Exact,
        "words" => Transform::Words,
        "phonetic" => Transform::Phonetic,
        other => panic!("no transform {other}"),
    }
}

/// The index, checked as a schema checks it.
fn declared(input: &Json) -> Result<IndexSpec> {
    let source = &input["index"];
    let mut spec = IndexSpec::new("index", "column", transform(&source["transform"]));
    if let Some(bits) = source.get("bits") {
        spec = spec.bits(u8::try_from(bits.as_u64().unwrap()).unwrap());
    }
    if let Some(steps) = source.get("normalizer") {
        spec = spec.normalizer(normalizer(steps)?);
    }
    if let Some(domain) = source.get("domain") {
        spec = spec.search_domain(domain.as_str().unwrap());
    }
    for leak in source.get("accept_leak").and_then(Json::as_array).into_iter().flatten() {
        spec = spec.accept_leak(leak.as_str().unwrap());
    }
    spec.validate(kind(input))?;
    Ok(spec)
}

fn key(input: &Json, spec: &IndexSpec) -> Result<IndexKey> {
    let index_key = SecretKey::from_slice(&bytes(&input["index_key"]))?;
    IndexKey::new(&expand_key(&index_key, &spec.info(kind(input), &place(&input["place"])?))?)
}

fn index(input: &Json) -> Result<Json> {
    let spec = declared(input)?;
    let source = &input["value"];
    let value = if source.is_null() { None } else { Some(value(source)?) };
    let lower = |bytes: &Vec<u8>| base16ct::lower::encode_string(bytes);
    Ok(match spec.value(&key(input, &spec)?, value.as_ref())? {
        IndexValue::Null => json!({ "value": null }),
        IndexValue::One(one) => json!({ "value": lower(&one) }),
        IndexValue::Many(many) => json!({ "value": many.iter().map(lower).collect::<Vec<_>>() }),
    })
}

fn query(input: &Json) -> Result<Json> {
    let spec = declared(input)?;
    let query = spec.query(&key(input, &spec)?, &value(&input["value"])?)?;
    Ok(json!({ "tokens": query.hex_tokens(), "is_exact": query.is_exact() }))
}
