//! A keyring whose root is wrapped by AWS KMS: `aws_kms KEY_ARN [REPLICA_REGION]`.

use std::env::args;
use std::error::Error;

use fieldward::{AwsKmsProvider, CachedProvider, Keyring, MemoryStore, Schema, Value};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = args().skip(1).collect();
    let (key, region) = match &arguments[..] {
        [key] => (key, None),
        [key, region] => (key, Some(region)),
        _ => return Err("usage: aws_kms KEY_ARN [REPLICA_REGION]".into()),
    };
    let store = MemoryStore::new();
    let builder = |kms: AwsKmsProvider| {
        let kms = CachedProvider::new(kms);
        Keyring::builder("clinic").provider("kms", kms).store(store.clone()).no_pin("an example in memory")
    };
    let schema = Schema::from_json(
        r#"{"format": "fieldward-schema", "version": 1, "table": "patients", "record_binding": "none",
            "fields": [{"id": "note", "type": "text", "mode": "randomized"}]}"#,
    )?;

    let keyring = builder(AwsKmsProvider::builder(key).generate_keys().build()?).create()?;
    let sealed = keyring.field(&schema, None, "note")?.encrypt(Some(&Value::from("allergic to penicillin")), None)?;
    println!("encrypted under a root that KMS wraps");

    // Where the other region's replica is nearer, or the first region is down.
    let mut kms = AwsKmsProvider::builder(key);
    if let Some(region) = region {
        kms = kms.replica_in(region);
    }
    let keyring = builder(kms.build()?).open()?;
    let note = keyring.field(&schema, None, "note")?;
    assert_eq!(note.decrypt(sealed.as_ref(), None)?, Some(Value::from("allergic to penicillin")));
    println!("opened by {}, and decrypted", region.map_or("the key", String::as_str));
    for calls in keyring.metrics().snapshot().providers {
        let mean = calls.latency.sum_ns / calls.calls.max(1) / 1_000;
        println!("{} {}: {} calls, {mean} us each", calls.provider, calls.operation.as_str(), calls.calls);
    }
    Ok(())
}
