//! Canary keys and values, and every text that the library makes: they never meet.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use std::error::Error as _;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use common::{Clinic, START, code, record, schema};
use fieldward::{
    Destroy, EncryptedRecord, Error, KeyState, Keyring, LocalKeyProvider, ManualClock, MemoryPin, MemorySink,
    MemoryStore, PassphraseProvider, RotateOptions, Schema, SecretBytes, SecretKey, StoredRef, Value,
};
use serde_json::json;

const CANARY: &str = "CANARY-5f3a-Zoë";
const KEY: [u8; 32] = *b"canary key: 32 bytes of it, here";

/// Everything that was said, in one text.
#[derive(Default)]
struct Said(String);

impl Said {
    fn debug(&mut self, value: &dyn std::fmt::Debug) {
        writeln!(self.0, "{value:?}\n{value:#?}").unwrap();
    }

    fn error(&mut self, error: &Error) {
        writeln!(self.0, "{error}\n{error:?}\n{error:#?}").unwrap();
        let mut source = error.source();
        while let Some(cause) = source {
            writeln!(self.0, "{cause}\n{cause:?}").unwrap();
            source = cause.source();
        }
    }

    fn failed<T>(&mut self, result: fieldward::Result<T>) {
        let error = result.err().unwrap();
        self.error(&error);
    }

    fn check(&self) {
        let hex: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();
        let decimal = KEY[..6].iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        let spoken = |text: &str| text.as_bytes().iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        let value = spoken("CANARY");
        for secret in ["CANARY", "Zoë", "canary key", "32 bytes of it", &hex, &decimal, &value, "Q0FOQVJZ", "Y2FuYXJ5"]
        {
            let at = self.0.find(secret);
            assert!(at.is_none(), "{secret} near {:?}", at.map(|at| &self.0[at.saturating_sub(80)..at]));
        }
    }
}

#[test]
fn no_canary_in_any_text() {
    let mut said = Said::default();
    let (sink, store, clock) = (MemorySink::new(), MemoryStore::new(), ManualClock::new(START));
    let key = SecretKey::from_slice(&KEY).unwrap();
    let passphrase = SecretBytes::new(CANARY.as_bytes().to_vec());
    said.debug(&key);
    said.debug(&passphrase);
    let provider = LocalKeyProvider::new(key.clone());
    said.debug(&provider);
    let by_passphrase = PassphraseProvider::new("p", passphrase).unwrap().iterations(100_000).unwrap();
    said.debug(&by_passphrase);
    let builder = || {
        let builder =
            Keyring::builder("app").store(store.clone()).pin(MemoryPin::new()).clock(clock.clone()).audit(sink.clone());
        builder.provider("local", LocalKeyProvider::new(key.clone()))
    };
    said.debug(&builder());
    let keyring = builder().provider("typed", by_passphrase).create().unwrap();
    said.debug(&keyring);

    let schema = schema(
        r#"{"id": "note", "type": "text", "mode": "randomized",
            "indexes": [{"name": "words", "column": "note_words", "transform": "words", "bits": 64, "normalizer": ["casefold"]}]},
           {"id": "number", "type": "text", "mode": "deterministic"},
           {"id": "born", "type": "date", "mode": "randomized"},
           {"id": "extra", "type": "json", "mode": "randomized"}"#,
    );
    said.debug(&schema);
    let records = keyring.records(&schema, Some("north")).unwrap();
    said.debug(&records);
    let row = json!({"id": CANARY, "note": CANARY, "number": CANARY, "born": "2001-02-03", "extra": {CANARY: CANARY}});
    let sealed = records.encrypt(row.as_object().unwrap()).unwrap();
    said.debug(&sealed);
    said.debug(&sealed.cells());
    said.debug(&sealed.index_values());
    said.debug(&records.open(&sealed).unwrap());
    let value = Value::from(CANARY);
    said.debug(&value);
    let note = records.field("note").unwrap();
    said.debug(note);
    let id = record(CANARY);
    said.debug(&note.open(sealed.stored("note").unwrap().as_ref(), Some(&id)).unwrap());
    said.debug(&note.query("words", &value).unwrap());
    said.debug(&note.reencryption(sealed.stored("note").unwrap().as_ref(), Some(&id)));
    said.debug(&StoredRef::Text(CANARY));
    said.debug(&StoredRef::Bytes(CANARY.as_bytes()));

    // Every refusal that has the canary in its hands.
    said.failed(note.decrypt(StoredRef::Bytes(CANARY.as_bytes()), Some(&id)));
    said.failed(note.decrypt(StoredRef::Text(CANARY), Some(&id)));
    said.failed(note.decrypt(sealed.stored("note").unwrap().as_ref(), Some(&record("other"))));
    said.failed(note.decrypt(sealed.stored("number").unwrap().as_ref(), Some(&id)));
    said.failed(note.encrypt(Some(&Value::Bytes(KEY.to_vec())), Some(&id)));
    said.failed(note.encrypt(Some(&value), None));
    said.failed(note.tokens(&value));
    said.failed(note.query("nothing", &value));
    said.failed(note.query("words", &Value::from("")));
    said.failed(records.field("number").unwrap().query("exact", &value));
    for wrong in [
        json!({"id": CANARY, "note": 7}),
        json!({"id": CANARY, "born": CANARY}),
        json!({"id": {CANARY: 1}, "note": CANARY}),
        json!({"id": CANARY, CANARY: CANARY}),
        json!({"note": CANARY}),
        json!({"id": CANARY, "number": [CANARY]}),
    ] {
        said.failed(records.encrypt(wrong.as_object().unwrap()));
    }
    said.failed(records.encrypt_from(&CANARY));
    said.failed(records.decrypt_into::<u8>(&sealed));
    said.failed(records.decrypt(&EncryptedRecord::new().with("id", json!(CANARY)).with("note", json!(CANARY))));
    said.failed(Schema::from_json(&format!(r#"{{"format": "{CANARY}"}}"#)));
    said.failed(Schema::from_toml(&format!("format = \"{CANARY}\" x")));
    said.failed(CANARY.parse::<fieldward::Date>());
    said.failed(CANARY.parse::<fieldward::Timestamp>());
    said.failed(CANARY.parse::<fieldward::Decimal>());
    said.failed(CANARY.parse::<fieldward::KeyId>());
    said.failed(SecretKey::from_slice(CANARY.as_bytes()));
    said.failed(LocalKeyProvider::from_text(CANARY));
    said.failed(
        Keyring::builder(CANARY)
            .provider("p", LocalKeyProvider::new(key.clone()))
            .store(MemoryStore::new())
            .no_pin("x")
            .open(),
    );
    said.failed(keyring.allow(KeyState::Active, "x"));

    // Life cycle, status, metrics, log, document.
    keyring.rotate(RotateOptions::activate_immediately()).unwrap();
    keyring.mark_compromised(1, "leaked").unwrap();
    let key_id = keyring.status().unwrap().versions[0].key_id;
    let allowed = keyring.allow(KeyState::Compromised, "moving").unwrap();
    said.failed(records.decrypt(&sealed));
    said.debug(&allowed.records(&schema, Some("north")).unwrap().reencrypt(&sealed).unwrap());
    said.debug(&keyring.destroy(Destroy::version(1, key_id, "leaked").waive_exports("none")).unwrap());
    said.failed(records.decrypt(&sealed));
    said.debug(&keyring.status().unwrap());
    said.0.push_str(&serde_json::to_string(&keyring.status().unwrap()).unwrap());
    said.0.push_str(&serde_json::to_string(&keyring.metrics().snapshot()).unwrap());
    said.0.push_str(&keyring.metrics().snapshot().to_prometheus());
    said.debug(&keyring.audit_keys().unwrap());
    said.0.push_str(&sink.lines().join("\n"));
    said.0.push_str(&String::from_utf8(keyring.export()).unwrap());
    said.check();
}

#[test]
fn the_check_finds_a_leak() {
    for leak in [CANARY.to_owned(), format!("{KEY:?}"), format!("{:?}", CANARY.as_bytes())] {
        let said = Said(format!("before {leak} after"));
        assert!(std::panic::catch_unwind(|| said.check()).is_err());
    }
}

/// Sixty-four handles and threads draw envelopes at once: no prefix of a nonce comes twice.
#[test]
fn no_nonce_comes_twice() {
    let clinic = Clinic::new();
    let schema = schema(r#"{"id": "note", "type": "text", "mode": "randomized", "record_binding": "none"}"#);
    let seen = Arc::new(Mutex::new(std::collections::HashSet::new()));
    std::thread::scope(|scope| {
        for _ in 0..16 {
            let (field, seen) = (clinic.field(&schema, "note"), Arc::clone(&seen));
            scope.spawn(move || {
                let value = Value::from("x");
                let nonces: Vec<[u8; 24]> = (0..4_000)
                    .map(|_| {
                        let sealed = field.clone().encrypt(Some(&value), None).unwrap();
                        sealed.bytes().unwrap()[5..29].try_into().unwrap()
                    })
                    .collect();
                let mut seen = seen.lock().unwrap();
                for nonce in nonces {
                    assert!(seen.insert(nonce));
                }
            });
        }
    });
    assert_eq!(seen.lock().unwrap().len(), 64_000);
    assert_eq!(
        code(clinic.field(&schema, "note").decrypt(StoredRef::Bytes(&[]), None)),
        fieldward::ErrorCode::NotAnEnvelope
    );
}
