//! Several providers at once, and what is counted and logged of each call.

use std::collections::BTreeMap;
use std::sync::Arc;

use fieldward::{
    ErrorCode, KeyProvider, Keyring, LocalKeyProvider, MemorySink, MemoryStore, ProviderOperation, Result, SecretKey,
    WrapContext, WrappedKey,
};
use serde_json::Value;

use crate::common::code;
use crate::doubles::Watched;

/// The `provider_called` events: provider, operation and result.
fn called(sink: &MemorySink) -> Vec<(String, String, String)> {
    let lines = sink.lines();
    let events = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let called = events.filter(|event| event["event"] == "provider_called");
    let text = |event: &Value, name: &str| event["fields"][name].as_str().unwrap().to_owned();
    called
        .map(|event| {
            text(&event, "milliseconds").parse::<u64>().unwrap();
            if text(&event, "operation") != "generate" {
                assert!(!text(&event, "key").is_empty() && !text(&event, "epoch").is_empty());
            }
            (text(&event, "provider"), text(&event, "operation"), text(&event, "result"))
        })
        .collect()
}

#[test]
fn every_call_is_counted_and_logged() {
    let (sink, store) = (MemorySink::new(), MemoryStore::new());
    let first = Watched::making(&SecretKey::generate().unwrap());
    let second = Watched::new(&SecretKey::generate().unwrap());
    let builder = || {
        let builder = Keyring::builder("app").store(store.clone()).no_pin("test").audit(sink.clone());
        builder.provider("hsm", Arc::clone(&first)).provider("kms", Arc::clone(&second))
    };
    let event = |provider: &str, operation: &str, result: &str| (provider.into(), operation.into(), result.into());
    builder().create().unwrap();
    let of_create = [
        event("hsm", "make_key", "ok"),
        event("hsm", "wrap", "ok"),
        event("hsm", "unwrap", "ok"),
        event("kms", "wrap", "ok"),
        event("kms", "unwrap", "ok"),
    ];
    assert_eq!(called(&sink), of_create);

    first.go_away(true);
    let keyring = builder().open().unwrap();
    let of_open = [event("hsm", "unwrap", "provider_unavailable"), event("kms", "unwrap", "ok")];
    assert_eq!(called(&sink)[of_create.len()..], of_open);
    let snapshot = keyring.metrics().snapshot();
    let hsm = &snapshot.providers[0];
    assert_eq!((hsm.provider.as_str(), hsm.operation, hsm.calls), ("hsm", ProviderOperation::Unwrap, 1));
    assert_eq!(hsm.failures, BTreeMap::from([("provider_unavailable", 1)]));
    assert_eq!((hsm.latency.samples, snapshot.keyring["provider_calls"]), (1, 2));
    assert_eq!(first.calls() + second.calls(), called(&sink).len());

    first.go_away(false);
    keyring.start_epoch(&[]).unwrap();
    assert_eq!(first.calls() + second.calls(), called(&sink).len());
}

/// Refuses whoever asks, in one way.
#[derive(Debug)]
struct Refusing(LocalKeyProvider, ErrorCode);

impl KeyProvider for Refusing {
    fn kind(&self) -> &str {
        self.0.kind()
    }
    fn key_name(&self) -> String {
        self.0.key_name()
    }
    fn wrap(&self, key_name: &str, secret: &SecretKey, context: &WrapContext<'_>) -> Result<WrappedKey> {
        self.0.wrap(key_name, secret, context)
    }
    fn unwrap(&self, _: &WrappedKey, _: &WrapContext<'_>) -> Result<SecretKey> {
        Err(fieldward::Error::new(self.1))
    }
}

#[test]
fn a_refusal_is_not_passed_over() {
    let (one, two) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let store = MemoryStore::new();
    let builder = || Keyring::builder("app").store(store.clone()).no_pin("test");
    let second = || LocalKeyProvider::new(two.clone());
    builder().provider("one", LocalKeyProvider::new(one.clone())).provider("two", second()).create().unwrap();
    for refusal in [ErrorCode::ProviderDenied, ErrorCode::ProviderWrongKey, ErrorCode::ProviderBadReply] {
        let sink = MemorySink::new();
        let first = Refusing(LocalKeyProvider::new(one.clone()), refusal);
        let opened = builder().audit(sink.clone()).provider("one", first).provider("two", second()).open();
        assert_eq!(code(opened), refusal);
        assert_eq!(called(&sink), [("one".into(), "unwrap".into(), refusal.as_str().into())]);
        // Whoever wants the second all the same says so, by leaving the first out.
        assert!(builder().provider("two", second()).open().is_ok());
    }
}

/// Makes the key, and loses the reply.
#[derive(Debug)]
struct Forgetful(Arc<Watched>);

impl KeyProvider for Forgetful {
    fn kind(&self) -> &str {
        self.0.kind()
    }
    fn key_name(&self) -> String {
        self.0.key_name()
    }
    fn wrap(&self, key_name: &str, secret: &SecretKey, context: &WrapContext<'_>) -> Result<WrappedKey> {
        self.0.wrap(key_name, secret, context)
    }
    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext<'_>) -> Result<SecretKey> {
        self.0.unwrap(wrapped, context)
    }
    fn can_make_keys(&self) -> bool {
        true
    }
    fn make_key(&self, key_name: &str) -> Result<()> {
        self.0.make_key(key_name)?;
        Err(fieldward::Error::new(ErrorCode::ProviderUnavailable))
    }
    fn destroy_key(&self, key_name: &str) -> Result<()> {
        self.0.destroy_key(key_name)
    }
}

#[test]
fn a_key_whose_making_failed_is_destroyed() {
    let watched = Watched::making(&SecretKey::generate().unwrap());
    let builder = Keyring::builder("app").store(MemoryStore::new()).no_pin("test");
    let created = builder.provider("hsm", Forgetful(Arc::clone(&watched))).create();
    assert_eq!(code(created), ErrorCode::ProviderUnavailable);
    assert_eq!(watched.live_keys(), Vec::<String>::new());
}
