//! The golden vectors of this room: it keeps its types to itself, so its runner stands here.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use serde_json::{Map, Value as Json, json};

use super::document::{Document, head};
use super::open::Opened;
use super::root::{RootKeys, WrappedAs};
use super::schedule::{Entry, Schedule};
use super::state::KeyState;
use crate::derive::{Label, expand_key, info};
use crate::error::{ErrorCode, Result};
use crate::golden::{array, bytes, hex};
use crate::secret::SecretKey;
use crate::store::StoredDocument;

pub(crate) fn run(op: &str, input: &Json) -> Option<Result<Json>> {
    let operation: fn(&Json) -> Result<Json> = match op {
        "keyring_root" => root,
        "keyring_wrap_open" => wrap_open,
        "keyring_document_open" => document_open,
        "keyring_schedule" => |i| Ok(schedule(i)),
        "keyring_transition" => |i| match read::<KeyState>(&i["from"]).may_become(read(&i["to"])) {
            true => Ok(json!({ "allowed": true })),
            false => Err(ErrorCode::TransitionNotAllowed.into()),
        },
        _ => return None,
    };
    Some(operation(input))
}

fn read<T: serde::de::DeserializeOwned>(source: &Json) -> T {
    serde_json::from_value(source.clone()).unwrap()
}

fn shown(key: &SecretKey) -> String {
    base16ct::lower::encode_string(key.expose())
}

fn root(input: &Json) -> Result<Json> {
    let secret = SecretKey::from_slice(&bytes(&input["root"]))?;
    let keys = RootKeys::new("clinic", 1, secret.clone())?;
    let mut found = hex("identity", &keys.identity());
    found["document"] = shown(&keys.document).into();
    found["audit"] = shown(&keys.audit).into();
    found["link"] = shown(&keys.link).into();
    // A root keeps its wrap key to itself; `keyring_wrap_open` shows that it is this one.
    found["wrap"] = shown(&expand_key(&secret, &info(Label::Wrap))?).into();
    Ok(found)
}

fn wrap_open(input: &Json) -> Result<Json> {
    let (epoch, number) = (read(&input["epoch"]), read(&input["number"]));
    let root = SecretKey::from_slice(&bytes(&input["root"]))?;
    let root = RootKeys::new(input["keyring_id"].as_str().unwrap(), epoch, root)?;
    let what = match input["kind"].as_str().unwrap() {
        "data" => WrappedAs::Data { version: number, id: crate::KeyId::from_bytes(array(&input["key_id"])) },
        "index" => WrappedAs::Index { number },
        "audit" => WrappedAs::Audit { epoch: number },
        "link" => WrappedAs::Link { epoch: number },
        other => panic!("no kind {other}"),
    };
    Ok(json!({ "key": shown(&root.unwrap(what, &bytes(&input["wrapped"]))?) }))
}

/// What `Environment::open_bytes` does, with the root at hand instead of a provider.
fn document_open(input: &Json) -> Result<Json> {
    let bytes = match &input["document"] {
        Json::String(text) => text.clone().into_bytes(),
        built => bytes(built),
    };
    let id = input["keyring_id"].as_str().unwrap();
    let head = head(&bytes, id)?;
    let root = RootKeys::new(id, head.epoch, SecretKey::from_slice(&super::golden::bytes(&input["root"]))?)?;
    if root.identity() != head.root_identity.0 {
        return Err(ErrorCode::ProviderWrongKey.into());
    }
    let (document, tag) = Document::open(&bytes, &root.document)?;
    let (generation, epoch) = (document.generation, document.epoch);
    assert_eq!(tag.generation, generation);
    let keys = Opened::of(document, StoredDocument { tag, bytes }, root).keys()?;
    let shown = |key: &Option<SecretKey>| key.as_ref().map(shown);
    let data: Map<_, _> = keys.data.iter().map(|(version, .., key)| (version.to_string(), shown(key).into())).collect();
    let index: Map<_, _> = keys.index.iter().map(|(number, key)| (number.to_string(), shown(key).into())).collect();
    Ok(json!({ "generation": generation, "epoch": epoch, "data_keys": data, "index_keys": index }))
}

fn schedule(input: &Json) -> Json {
    let (window, now) = (read(&input["window"]), read(&input["now"]));
    let entries: Vec<Entry> = read(&input["entries"]);
    let schedule = match input.get("before") {
        None => Schedule::new(entries, window),
        Some(before) => {
            let earlier = Schedule::new(read(&before["entries"]), window);
            for moment in read::<Vec<i64>>(&before["used_at"]) {
                earlier.use_current(moment);
            }
            Schedule::following(entries, window, &earlier)
        }
    };
    let mut states = Map::new();
    for (version, stored) in input["stored"].as_object().unwrap() {
        let state = schedule.effective_state(version.parse().unwrap(), read(stored), now);
        states.insert(version.clone(), state.as_str().into());
    }
    let predecessor = schedule.predecessor(now).map(|(version, time)| json!({ "version": version, "time": time }));
    json!({ "current": schedule.current(now), "predecessor": predecessor, "states": states })
}
