//! The Vault transit provider against OpenBao, and against a server that answers wrongly. Run by `core/tests/services.sh`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "services/bao.rs"]
mod bao;
#[path = "services/faulty.rs"]
mod faulty;
#[cfg(unix)]
#[path = "services/fork.rs"]
mod fork;
#[cfg(unix)]
#[path = "services/relay.rs"]
mod relay;
#[path = "services/server.rs"]
mod server;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use fieldward::{
    Destroy, ErrorCode, KeyProvider, Keyring, MemoryStore, Reach, Result, RotateOptions, SecretBytes, SecretKey,
    VaultToken, VaultTransitProvider, WrapContext, WrappedKey, conformance,
};
use serde_json::{Value, json};

use bao::{Bao, ROOT, token};
use faulty::{Answer, Faulty};
#[cfg(unix)]
use relay::Relay;
use server::{http, tls};

const CONTEXT: WrapContext<'static> = WrapContext::root("clinic", 3);

fn code<T>(result: Result<T>) -> ErrorCode {
    result.map(|_| ()).unwrap_err().code()
}

fn wrap(provider: &VaultTransitProvider) -> (SecretKey, WrappedKey) {
    let secret = SecretKey::generate().unwrap();
    let wrapped = provider.wrap(&provider.key_name(), &secret, &CONTEXT).unwrap();
    (secret, wrapped)
}

#[test]
fn it_conforms() {
    let bao = Bao::start();
    conformance::provider::check(&bao.provider("root")).unwrap();
    let with_epochs = bao.builder("root").key_per_epoch().generate_keys().build().unwrap();
    conformance::provider::check(&with_epochs).unwrap();
    let (one, two) = (with_epochs.generate().unwrap().unwrap(), with_epochs.generate().unwrap().unwrap());
    assert_ne!(one, two);
}

/// A development server forgets its keys when it ends: its restart is a way to it that is cut. Keys of transit are not disabled.
#[cfg(unix)]
#[test]
fn it_conforms_whatever_becomes_of_the_server() {
    use fieldward::conformance::provider::{Component, Situation};
    let bao = Bao::start();
    bao.ask("POST", "transit/keys/other", json!({}));
    let way = Relay::to(bao.server.port);
    let vault =
        |port: u16| VaultTransitProvider::builder(format!("http://127.0.0.1:{port}"), "root").token(token(ROOT));
    let meeting = |answer: Answer| -> Arc<dyn KeyProvider> {
        Arc::new(vault(Faulty::plain(answer).port).timeout(Duration::from_millis(500)).build().unwrap())
    };
    let component = Component::new(vault(way.port).build().unwrap())
        .meets(Situation::OtherKey, || Arc::new(bao.provider("other")))
        .never(Situation::Disabled, "transit does not disable keys")
        .meets(Situation::Denied, || Arc::new(bao.builder("root").token(token("nobody")).build().unwrap()))
        .meets(Situation::Slow, || meeting(Answer::Drip))
        .meets(Situation::Oversized, || meeting(Answer::Say(200, " ".repeat(100_000))))
        .meets(Situation::Malformed, || meeting(Answer::Say(200, "[]".into())))
        .forks(|work| fork::holds_in_a_child(work))
        .restarts(|| way.cut(), || way.mend())
        .meets(Situation::Deleted, || {
            bao.ask("POST", "transit/keys/root/config", json!({"deletion_allowed": true}));
            bao.ask("DELETE", "transit/keys/root", json!({}));
            Arc::new(bao.provider("root"))
        });
    let report = component.check().unwrap();
    assert_eq!((report.checked.len(), report.impossible.len()), (8, 1));
}

#[test]
fn rotated_keys_open_and_are_wrapped_again() {
    let bao = Bao::start();
    let store = MemoryStore::new();
    let builder =
        || Keyring::builder("app").provider("vault", bao.provider("root")).store(store.clone()).no_pin("test");
    let keyring = builder().create().unwrap();
    let wrapped_by = |prefix: &str| {
        let document = String::from_utf8(keyring.export()).unwrap();
        let body = document.rsplit_once('}').unwrap().0;
        let document: Value = serde_json::from_str(&format!("{body}}}")).unwrap();
        let wrapped = document["providers"][0]["wrapped_root"].as_str().unwrap();
        assert!(Base64UrlUnpadded::decode_vec(wrapped).unwrap().starts_with(prefix.as_bytes()), "{prefix}");
    };
    wrapped_by("vault:v1:");
    bao.ask("POST", "transit/keys/root/rotate", json!({}));
    builder().open().unwrap();
    keyring.replace_provider("vault", bao.provider("root")).unwrap();
    wrapped_by("vault:v2:");
    bao.ask("POST", "transit/keys/root/config", json!({"min_decryption_version": 2}));
    builder().open().unwrap();
}

/// Why `rewrap` is not used: it drops what the context is bound by.
#[test]
fn rewrap_of_the_server_loses_the_context() {
    let bao = Bao::start();
    let provider = bao.provider("root");
    let (_, wrapped) = wrap(&provider);
    let ciphertext = String::from_utf8(wrapped.ciphertext).unwrap();
    let headers = [("X-Vault-Token", ROOT)];
    let body = json!({"ciphertext": ciphertext, "associated_data": "d3Jvbmc="}).to_string();
    let (status, reply) = http(bao.server.port, "POST", "/v1/transit/rewrap/root", &headers, &body).unwrap();
    let refused = status >= 400;
    let moved = serde_json::from_str::<Value>(&reply)
        .ok()
        .and_then(|reply| Some(reply["data"]["ciphertext"].as_str()?.to_owned()));
    // Either it refuses what is bound, or what it gives no longer opens under the context.
    assert!(
        refused
            || code(provider.unwrap(&WrappedKey::new("root", moved.unwrap().into_bytes()), &CONTEXT))
                == ErrorCode::ProviderWrongKey
    );
}

#[test]
fn keys_that_could_leave_are_refused_and_none_is_made() {
    let bao = Bao::start();
    for (name, options) in [
        ("exportable", json!({"exportable": true})),
        ("backup", json!({"allow_plaintext_backup": true})),
        ("derived", json!({"derived": true})),
        ("short", json!({"type": "aes128-gcm96"})),
        ("rsa", json!({"type": "rsa-2048"})),
    ] {
        bao.ask("POST", &format!("transit/keys/{name}"), options);
        let refused = bao.provider(name).wrap(name, &SecretKey::generate().unwrap(), &CONTEXT);
        assert_eq!(code(refused), ErrorCode::ProviderWrongKey, "{name}");
    }
    let missing = bao.provider("missing").wrap("missing", &SecretKey::generate().unwrap(), &CONTEXT);
    assert_eq!(code(missing), ErrorCode::ProviderWrongKey);
    let (status, _) = http(bao.server.port, "GET", "/v1/transit/keys/missing", &[("X-Vault-Token", ROOT)], "").unwrap();
    assert_eq!(status, 404, "encrypting would have made it");
}

#[test]
fn a_policy_that_denies_is_denied() {
    let bao = Bao::start();
    let policy = "path \"transit/decrypt/root\" { capabilities = [\"update\"] }";
    bao.ask("POST", "sys/policies/acl/opens", json!({ "policy": policy }));
    let made = bao.ask("POST", "auth/token/create", json!({"policies": ["opens"]}));
    let text = made["auth"]["client_token"].as_str().unwrap().to_owned();
    let limited = VaultToken::callback(move || Ok(SecretBytes::new(text.clone().into_bytes())));
    let limited = bao.builder("root").token(limited).build().unwrap();
    let (secret, wrapped) = wrap(&bao.provider("root"));
    assert_eq!(limited.unwrap(&wrapped, &CONTEXT).unwrap(), secret);
    assert_eq!(code(limited.wrap("root", &secret, &CONTEXT)), ErrorCode::ProviderDenied);
    let wrong = bao.builder("root").token(token("no-such-token-canary")).build().unwrap();
    let error = wrong.unwrap(&wrapped, &CONTEXT).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ProviderDenied);
    assert!(!format!("{error:?} {wrong:?}").contains("canary"));
}

#[cfg(unix)]
#[test]
fn tokens_are_read_again_and_renewed() {
    use std::os::unix::fs::PermissionsExt;
    let bao = Bao::start();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    let make = |options: Value| {
        bao.ask("POST", "auth/token/create", options)["auth"]["client_token"].as_str().unwrap().to_owned()
    };
    let write = |token: &str| {
        let _ = fs::remove_file(&file);
        fs::write(&file, format!("{token}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    };
    let (secret, wrapped) = wrap(&bao.provider("root"));
    let by_file = bao.builder("root").token(VaultToken::file(&file)).renew_token().build().unwrap();
    let first = make(json!({"ttl": "4s"}));
    write(&first);
    assert_eq!(by_file.unwrap(&wrapped, &CONTEXT).unwrap(), secret);
    // Renewed past its first end: its last renewal is set, and it still opens.
    let lookup =
        |token: &str| http(bao.server.port, "GET", "/v1/auth/token/lookup-self", &[("X-Vault-Token", token)], "");
    while !lookup(&first).unwrap().1.contains("last_renewal_time") {
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(by_file.unwrap(&wrapped, &CONTEXT).unwrap(), secret);
    // Revoked, and replaced in the file.
    bao.ask("POST", "auth/token/revoke", json!({ "token": first }));
    assert_eq!(code(by_file.unwrap(&wrapped, &CONTEXT)), ErrorCode::ProviderDenied);
    write(&make(json!({})));
    assert_eq!(by_file.unwrap(&wrapped, &CONTEXT).unwrap(), secret);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(code(by_file.unwrap(&wrapped, &CONTEXT)), ErrorCode::KeyFilePermissions);
}

#[test]
fn sealed_stopped_and_back() {
    let bao = Bao::start();
    let provider = Arc::new(bao.builder("root").timeout(Duration::from_secs(5)).build().unwrap());
    let (_, wrapped) = wrap(&provider);
    let stop = Arc::new(AtomicBool::new(false));
    let openers: Vec<_> = (0..16)
        .map(|_| {
            let (provider, wrapped, stop) = (Arc::clone(&provider), wrapped.clone(), Arc::clone(&stop));
            thread::spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    match provider.unwrap(&wrapped, &CONTEXT) {
                        Ok(_) => {}
                        Err(error) => assert_eq!(error.code(), ErrorCode::ProviderUnavailable, "{error:?}"),
                    }
                }
            })
        })
        .collect();
    bao.ask("PUT", "sys/seal", json!({}));
    assert_eq!(code(provider.unwrap(&wrapped, &CONTEXT)), ErrorCode::ProviderUnavailable);
    bao.server.stop();
    assert_eq!(code(provider.unwrap(&wrapped, &CONTEXT)), ErrorCode::ProviderUnavailable);
    stop.store(true, Ordering::SeqCst);
    openers.into_iter().for_each(|opener| opener.join().unwrap());
    // A new server at the same place, with a key of its own: what was wrapped does not open, and says so.
    let again = Bao::start_at(bao.server.port);
    assert_eq!(code(provider.unwrap(&wrapped, &CONTEXT)), ErrorCode::ProviderWrongKey);
    let (secret, wrapped) = wrap(&provider);
    assert_eq!(again.provider("root").unwrap(&wrapped, &CONTEXT).unwrap(), secret);
}

#[test]
fn destroying_a_version_deletes_the_servers_key() {
    let bao = Bao::start();
    let vault = bao.builder("unused").key_per_epoch().build().unwrap();
    let keyring =
        Keyring::builder("app").provider("vault", vault).store(MemoryStore::new()).no_pin("test").create().unwrap();
    let listed = || bao.ask("LIST", "transit/keys", json!({})).to_string();
    assert!(listed().contains("app-1-"));
    keyring.rotate(RotateOptions::activate_immediately()).unwrap();
    keyring.mark_compromised(1, "test").unwrap();
    let key_id = keyring.status().unwrap().versions[0].key_id;
    let destroyed = keyring.destroy(Destroy::version(1, key_id, "test").waive_exports("a test")).unwrap();
    assert_eq!(destroyed.reach, Reach::Erased);
    assert!(!listed().contains("app-1-") && listed().contains("app-2-"), "{}", listed());
}

#[test]
fn tls_1_3_and_the_certificate_are_asked_for() {
    let bao = Bao::start();
    let address = format!("https://localhost:{}", bao.server.port + 3);
    let over = |address: &str| VaultTransitProvider::builder(address, "root").token(token(ROOT)).ca_file(tls("ca.pem"));
    conformance::provider::check(&over(&address).build().unwrap()).unwrap();
    let untrusted = VaultTransitProvider::builder(&address, "root").token(token(ROOT)).build().unwrap();
    let secret = SecretKey::generate().unwrap();
    assert_eq!(code(untrusted.wrap("root", &secret, &CONTEXT)), ErrorCode::ProviderBadReply);
    for certificate in ["expired", "elsewhere", "stranger"] {
        let server = Faulty::with_tls(Answer::Say(200, "{}".into()), certificate, rustls::ALL_VERSIONS);
        let provider = over(&format!("https://localhost:{}", server.port)).build().unwrap();
        assert_eq!(code(provider.wrap("root", &secret, &CONTEXT)), ErrorCode::ProviderBadReply, "{certificate}");
        assert_eq!(server.calls(), 0, "{certificate}");
    }
    let old = Faulty::with_tls(Answer::Say(503, "{}".into()), "server", &[&rustls::version::TLS12]);
    let address = format!("https://localhost:{}", old.port);
    assert_eq!(code(over(&address).build().unwrap().wrap("root", &secret, &CONTEXT)), ErrorCode::ProviderBadReply);
    assert_eq!(old.calls(), 0);
    let lenient = over(&address).allow_tls_1_2().build().unwrap();
    assert_eq!(code(lenient.wrap("root", &secret, &CONTEXT)), ErrorCode::ProviderUnavailable, "503, over TLS 1.2");
    assert_eq!(old.calls(), 1);
}

#[test]
fn wrong_replies_are_refused() {
    let secret = SecretKey::generate().unwrap();
    let good_key = json!({"data": {"type": "aes256-gcm96", "exportable": false, "allow_plaintext_backup": false, "derived": false}});
    let with = |answer: Answer| {
        let server = Faulty::plain(answer);
        let builder =
            VaultTransitProvider::builder(format!("http://127.0.0.1:{}", server.port), "root").token(token(ROOT));
        (builder.timeout(Duration::from_millis(500)).build().unwrap(), server)
    };
    let wrapped = WrappedKey::new("root", b"vault:v1:AAAA".to_vec());
    for (status, body, expected) in [
        (200, String::new(), ErrorCode::ProviderBadReply),
        (200, "[]".into(), ErrorCode::ProviderBadReply),
        (200, "{\"data\": {}}".into(), ErrorCode::ProviderBadReply),
        (200, "{\"data\": {\"plaintext\": \"AAAA\"}}".into(), ErrorCode::ProviderBadReply),
        (200, "{\"data\": {\"plaintext\": \"not base64\"}}".into(), ErrorCode::ProviderBadReply),
        (200, format!("{{\"data\": {{\"plaintext\": \"{}\"}}}}", "A".repeat(100_000)), ErrorCode::ProviderBadReply),
        (200, format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000)), ErrorCode::ProviderBadReply),
        (301, String::new(), ErrorCode::ProviderBadReply),
        (400, "{}".into(), ErrorCode::ProviderWrongKey),
        (403, "{}".into(), ErrorCode::ProviderDenied),
        (429, "{}".into(), ErrorCode::ProviderUnavailable),
        (500, "{}".into(), ErrorCode::ProviderUnavailable),
        (503, "{}".into(), ErrorCode::ProviderUnavailable),
    ] {
        let (provider, _server) = with(Answer::Say(status, body.clone()));
        assert_eq!(code(provider.unwrap(&wrapped, &CONTEXT)), expected, "{status} {}", &body[..body.len().min(60)]);
    }
    for (answer, expected) in [
        (Answer::Stall, ErrorCode::ProviderUnavailable),
        (Answer::Drip, ErrorCode::ProviderUnavailable),
        (Answer::Hang, ErrorCode::ProviderUnavailable),
        (Answer::Noise, ErrorCode::ProviderBadReply),
    ] {
        assert_eq!(code(with(answer).0.unwrap(&wrapped, &CONTEXT)), expected);
    }
    for ciphertext in ["", "secret", "vault:v1:\\u0000", &format!("vault:v1:{}", "A".repeat(9_000))] {
        let reply = format!("{{\"data\": {{\"ciphertext\": \"{ciphertext}\"}}}}");
        let answers = vec![("/keys/root", 200, good_key.to_string()), ("/encrypt/root", 200, reply)];
        let (provider, _server) = with(Answer::SayTo(answers));
        assert_eq!(code(provider.wrap("root", &secret, &CONTEXT)), ErrorCode::ProviderBadReply);
    }
}

#[test]
fn configurations_are_checked() {
    let builder = |address: &str, key: &str| VaultTransitProvider::builder(address, key).token(token(ROOT)).build();
    for address in ["http://vault.example:8200", "ftp://x", "", "vault"] {
        assert_eq!(code(builder(address, "root")), ErrorCode::InvalidArgument, "{address}");
    }
    for key in ["", "a/b", "a?b", "..", "a b", "ä"] {
        assert_eq!(code(builder("https://vault.example", key)), ErrorCode::InvalidName, "{key}");
    }
    assert_eq!(code(VaultTransitProvider::builder("https://x", "root").build()), ErrorCode::InvalidArgument);
    let mount =
        |mount: &str| VaultTransitProvider::builder("https://x", "root").token(token(ROOT)).mount(mount).build();
    assert!(mount("teams/clinic/transit").is_ok() && mount("a//b").is_err() && mount("../sys").is_err());
}

#[cfg(unix)]
#[test]
fn a_forked_child_asks_for_itself() {
    let bao = Bao::start();
    // Over TLS too: a child that went on with its parent's connection would break it for both.
    let address = format!("https://localhost:{}", bao.server.port + 3);
    let over_tls = VaultTransitProvider::builder(address, "root").token(token(ROOT)).ca_file(tls("ca.pem"));
    for provider in [bao.builder("root").renew_token().build().unwrap(), over_tls.build().unwrap()] {
        let (secret, wrapped) = wrap(&provider);
        let opens = || provider.unwrap(&wrapped, &CONTEXT).is_ok_and(|opened| opened == secret);
        for _ in 0..3 {
            assert!(fork::holds_in_a_child(opens) && opens());
        }
    }
}
