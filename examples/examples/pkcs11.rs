//! A keyring whose root is in a hardware module: `pkcs11 MODULE TOKEN PIN_FILE`.

use std::env::args;
use std::error::Error;

use fieldward::{Destroy, Keyring, MemoryStore, Pkcs11Pin, Pkcs11Provider, Reach, RotateOptions, Schema, Value};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = args().skip(1).collect();
    let [module, token, pin_file] = &arguments[..] else { return Err("usage: pkcs11 MODULE TOKEN PIN_FILE".into()) };
    let store = MemoryStore::new();
    let builder = || -> Result<_, fieldward::Error> {
        let hsm = Pkcs11Provider::builder(module, "clinic-root")
            .token_label(token)
            .pin(Pkcs11Pin::file(pin_file))
            .key_per_epoch()
            .generate_keys()
            .build()?;
        Ok(Keyring::builder("clinic").provider("hsm", hsm).store(store.clone()).no_pin("an example in memory"))
    };
    let schema = Schema::from_json(
        r#"{"format": "fieldward-schema", "version": 1, "table": "patients",
            "record_binding": "none", "fields": [{"id": "note", "type": "text", "mode": "randomized"}]}"#,
    )?;

    let keyring = builder()?.create()?;
    let sealed = keyring.field(&schema, None, "note")?.encrypt(Some(&Value::from("allergic to penicillin")), None)?;
    println!("encrypted under a root that the token wraps");

    let keyring = builder()?.open()?;
    let note = keyring.field(&schema, None, "note")?;
    assert_eq!(note.decrypt(sealed.as_ref(), None)?, Some(Value::from("allergic to penicillin")));
    println!("opened by the token, and decrypted");

    keyring.rotate(RotateOptions::activate_immediately())?;
    keyring.mark_compromised(1, "an example")?;
    let status = keyring.status()?;
    let key_id = status.versions.first().ok_or("no version")?.key_id;
    let destroyed = keyring.destroy(Destroy::version(1, key_id, "an example").waive_exports("nothing was exported"))?;
    assert_eq!(destroyed.reach, Reach::Erased);
    assert!(note.decrypt(sealed.as_ref(), None).is_err());
    println!("version 1 is erased: the token's key of its epoch is destroyed");

    for calls in keyring.metrics().snapshot().providers {
        let mean = calls.latency.sum_ns / calls.calls.max(1) / 1_000;
        println!("{} {}: {} calls, {mean} us each", calls.provider, calls.operation.as_str(), calls.calls);
    }
    Ok(())
}
