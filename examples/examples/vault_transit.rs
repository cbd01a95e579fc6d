//! A keyring whose root is wrapped by Vault or OpenBao: `vault_transit ADDRESS KEY TOKEN_FILE`.

use std::env::args;
use std::error::Error;
use std::sync::Arc;

use fieldward::{
    CachedProvider, KeyProvider, Keyring, MemoryStore, RetryingProvider, Schema, Value, VaultToken,
    VaultTransitProvider,
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = args().skip(1).collect();
    let [address, key, token_file] = &arguments[..] else {
        return Err("usage: vault_transit ADDRESS KEY TOKEN_FILE".into());
    };
    let provider = || -> Result<_, fieldward::Error> {
        let token = VaultToken::file(token_file);
        VaultTransitProvider::builder(address, key).token(token).renew_token().generate_keys().build()
    };
    let store = MemoryStore::new();
    let builder = |provider: Arc<dyn KeyProvider>| {
        Keyring::builder("clinic").provider("vault", provider).store(store.clone()).no_pin("an example in memory")
    };
    let schema = Schema::from_json(
        r#"{"format": "fieldward-schema", "version": 1, "table": "patients", "record_binding": "none",
            "fields": [{"id": "note", "type": "text", "mode": "randomized"}]}"#,
    )?;

    let keyring = builder(Arc::new(provider()?)).create()?;
    let sealed = keyring.field(&schema, None, "note")?.encrypt(Some(&Value::from("allergic to penicillin")), None)?;
    println!("encrypted under a root that the server wraps");

    // The newest version of the transit key, after it was rotated: decrypted and encrypted again.
    keyring.replace_provider("vault", provider()?)?;

    let keyring = builder(Arc::new(CachedProvider::new(RetryingProvider::new(provider()?)))).open()?;
    let note = keyring.field(&schema, None, "note")?;
    assert_eq!(note.decrypt(sealed.as_ref(), None)?, Some(Value::from("allergic to penicillin")));
    println!("opened by the server, and decrypted");
    for calls in keyring.metrics().snapshot().providers {
        let mean = calls.latency.sum_ns / calls.calls.max(1) / 1_000;
        println!("{} {}: {} calls, {mean} us each", calls.provider, calls.operation.as_str(), calls.calls);
    }
    Ok(())
}
