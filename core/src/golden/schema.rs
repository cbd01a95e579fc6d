//! Schema texts: the ids of the fields that they declare, or the refusal.

use serde_json::{Value as Json, json};

use super::text;
use crate::error::Result;
use crate::schema::Schema;

pub(super) fn run(op: &str, input: &Json) -> Option<Result<Json>> {
    (op == "schema_parse").then(|| parse(input))
}

fn parse(input: &Json) -> Result<Json> {
    let schema = match input.get("toml") {
        Some(toml) => Schema::from_toml(&text(toml))?,
        None => Schema::from_json(&text(&input["json"]))?,
    };
    let ids: Vec<_> = schema.fields().iter().map(|field| field.id()).collect();
    Ok(json!({ "fields": ids }))
}
