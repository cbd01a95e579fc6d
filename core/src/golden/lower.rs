//! Operations of the rooms that know nothing of keyrings.

use serde_json::{Value as Json, json};

use super::{array, bytes, hex, optional_bytes};
use crate::context::{FieldContext, Parts, RecordId, RecordIdPart, randomized_associated_data};
use crate::derive::{Label, expand, expand_key, field_info, info};
use crate::envelope::{Envelope, Header, KeyId, Suite, encode_text, inspect};
use crate::error::Result;
use crate::secret::SecretKey;
use crate::suite::{Backend, Randomized, Siv, xaes};
use crate::value::{Padding, Value};

pub(super) fn run(op: &str, input: &Json) -> Option<Result<Json>> {
    let operation: fn(&Json) -> Result<Json> = match op {
        "value_encode" => value_encode,
        "value_decode" => |i| Ok(json!({ "value": shown(&Value::decode(&bytes(&i["plaintext"]))?) })),
        "value_search_bytes" => |i| Ok(hex("search_bytes", &value(&i["value"])?.search_bytes()?)),
        "context_parts" => context_parts,
        "context_field" => |i| {
            let mut parts = Parts::new();
            place(i)?.append_to(&mut parts);
            Ok(hex("bytes", &parts.into_bytes()))
        },
        "context_record_id" => |i| Ok(hex("bytes", record(&i["record"])?.unwrap().canonical())),
        "context_associated_data" => |i| {
            let [_, a, b, c, d] = array(&i["header"]);
            let header = Header { suite: Suite::Randomized, key_id: KeyId::from_bytes([a, b, c, d]) };
            Ok(hex("bytes", randomized_associated_data(header, record(&i["record"])?.as_ref()).as_bytes()))
        },
        "derive_expand" => derive_expand,
        "suite_xaes_open" => |i| {
            Ok(hex("plaintext", &xaes::open(&key(&i["key"])?, &bytes(&i["associated_data"]), &bytes(&i["sealed"]))?))
        },
        "suite_siv_seal" => |i| {
            let mut sealed = [[0; 16].as_slice(), &bytes(&i["plaintext"])].concat();
            siv(&i["key"]).seal_in_place(&bytes(&i["associated_data"]), &mut sealed, 16)?;
            Ok(hex("sealed", &sealed))
        },
        "suite_siv_open" => {
            |i| Ok(hex("plaintext", &siv(&i["key"]).open(&bytes(&i["associated_data"]), &bytes(&i["sealed"]))?))
        }
        "envelope_inspect" => envelope_inspect,
        "envelope_open" => envelope_open,
        "envelope_seal_deterministic" => envelope_seal_deterministic,
        _ => return None,
    };
    Some(operation(input))
}

fn key(source: &Json) -> Result<SecretKey> {
    SecretKey::from_slice(&bytes(source))
}

fn siv(source: &Json) -> Siv {
    Siv::new(array::<64>(source).into())
}

fn padding(source: Option<&Json>) -> Padding {
    match source {
        None => Padding::None,
        Some(Json::String(_)) => Padding::Padme,
        Some(block) => Padding::Block(u16::try_from(block.as_u64().unwrap()).unwrap()),
    }
}

/// A value as the vectors write it.
pub(super) fn value(source: &Json) -> Result<Value> {
    let text = || source["text"].as_str().unwrap().to_owned();
    Ok(match source["type"].as_str().unwrap() {
        "bytes" => Value::Bytes(bytes(&source["hex"])),
        "text" => Value::Text(text()),
        "i64" => Value::I64(source["number"].as_str().unwrap().parse().unwrap()),
        "f64" => Value::F64(f64::from_bits(u64::from_be_bytes(array(&source["bits"])))),
        "bool" => Value::Bool(source["bool"].as_bool().unwrap()),
        "date" => Value::Date(text().parse()?),
        "timestamp" => Value::Timestamp(text().parse()?),
        "decimal" => Value::Decimal(text().parse()?),
        "json" => Value::Json(text()),
        "uuid" => Value::Uuid(base16ct::lower::decode_vec(text().replace('-', "")).unwrap().try_into().unwrap()),
        other => panic!("no type {other}"),
    })
}

fn shown(value: &Value) -> Json {
    let lower = base16ct::lower::encode_string;
    let kind = value.value_type().as_str();
    match value {
        Value::Bytes(bytes) => json!({ "type": kind, "hex": lower(bytes) }),
        Value::Text(text) | Value::Json(text) => json!({ "type": kind, "text": text }),
        Value::I64(number) => json!({ "type": kind, "number": number.to_string() }),
        Value::F64(number) => json!({ "type": kind, "bits": lower(&number.to_bits().to_be_bytes()) }),
        Value::Bool(truth) => json!({ "type": kind, "bool": truth }),
        Value::Date(date) => json!({ "type": kind, "text": date.to_string() }),
        Value::Timestamp(moment) => json!({ "type": kind, "text": moment.to_string() }),
        Value::Decimal(number) => json!({ "type": kind, "text": number.to_string() }),
        Value::Uuid(uuid) => {
            let digits = lower(uuid);
            let groups = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
            json!({ "type": kind, "text": groups.join("-") })
        }
    }
}

fn value_encode(input: &Json) -> Result<Json> {
    let mut plaintext = Vec::new();
    value(&input["value"])?.encode_into(padding(input.get("padding")), &mut plaintext)?;
    Ok(hex("plaintext", &plaintext))
}

fn context_parts(input: &Json) -> Result<Json> {
    let mut parts = Parts::new();
    for part in input["parts"].as_array().unwrap() {
        parts.optional(optional_bytes(part).as_deref());
    }
    Ok(hex("bytes", &parts.into_bytes()))
}

pub(super) fn place(source: &Json) -> Result<FieldContext> {
    let name = |name: &str| source[name].as_str().unwrap();
    FieldContext::new(source["tenant"].as_str(), name("table"), name("field"))
}

fn record(source: &Json) -> Result<Option<RecordId>> {
    let Some(parts) = source.as_array() else { return Ok(None) };
    let parts = parts.iter().map(|part| match value(part).unwrap() {
        Value::Text(text) => RecordIdPart::Text(text),
        Value::Bytes(bytes) => RecordIdPart::Bytes(bytes),
        Value::I64(number) => RecordIdPart::I64(number),
        Value::Uuid(uuid) => RecordIdPart::Uuid(uuid),
        _ => panic!("not a type of a record id"),
    });
    RecordId::new(parts).map(Some)
}

fn derive_expand(input: &Json) -> Result<Json> {
    let label = Label::ALL.iter().find(|label| input["label"] == label.as_str()).unwrap();
    let mut info = info(*label);
    for part in input["parameters"].as_array().unwrap() {
        info.optional(optional_bytes(part).as_deref());
    }
    let key = key(&input["key"])?;
    Ok(match label {
        Label::Deterministic => hex("derived", expand::<64>(&key, &info)?.as_slice()),
        _ => hex("derived", expand_key(&key, &info)?.expose()),
    })
}

fn envelope_inspect(input: &Json) -> Result<Json> {
    let source = &input["envelope"];
    let found = match source.get("text") {
        Some(text) => inspect(text.as_str().unwrap().as_bytes())?,
        None => inspect(&bytes(source))?,
    };
    let Header { suite, key_id } = found.header;
    Ok(json!({ "suite": suite.id(), "key_id": key_id.to_string(), "plaintext_len": found.plaintext_len }))
}

fn envelope_open(input: &Json) -> Result<Json> {
    let data_key = key(&input["data_key"])?;
    let context = place(&input["place"])?;
    let bytes = bytes(&input["envelope"]);
    let envelope = Envelope::parse(&bytes)?;
    let plaintext = match envelope.header.suite {
        Suite::Randomized => {
            let key = expand_key(&data_key, &field_info(Label::Randomized, &context))?;
            let cipher = Randomized::new(Backend::default(), &key)?;
            let record = record(&input["place"]["record"])?;
            cipher.open(randomized_associated_data(envelope.header, record.as_ref()).as_bytes(), envelope.sealed)?
        }
        Suite::Deterministic => {
            let cipher = Siv::new(expand(&data_key, &field_info(Label::Deterministic, &context))?);
            cipher.open(&envelope.header.to_bytes(), envelope.sealed)?
        }
    };
    Ok(json!({ "value": shown(&Value::decode(&plaintext)?) }))
}

fn envelope_seal_deterministic(input: &Json) -> Result<Json> {
    let header = Header { suite: Suite::Deterministic, key_id: KeyId::from_bytes(array(&input["key_id"])) };
    let info = field_info(Label::Deterministic, &place(&input["place"])?);
    let mut envelope = [header.to_bytes().as_slice(), &[0; 16]].concat();
    let start = envelope.len();
    value(&input["value"])?.encode_into(padding(input.get("padding")), &mut envelope)?;
    Siv::new(expand(&key(&input["data_key"])?, &info)?).seal_in_place(&header.to_bytes(), &mut envelope, start)?;
    Ok(json!({ "envelope": base16ct::lower::encode_string(&envelope), "text": encode_text(&envelope) }))
}
