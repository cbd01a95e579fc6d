//! The AWS KMS provider against an emulator, and against a server that answers wrongly. Run by `core/tests/services.sh`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[allow(dead_code, reason = "KMS has one path")]
#[path = "services/faulty.rs"]
mod faulty;
#[cfg(unix)]
#[path = "services/fork.rs"]
mod fork;
#[path = "services/moto.rs"]
mod moto;
#[cfg(unix)]
#[path = "services/relay.rs"]
mod relay;
#[path = "services/server.rs"]
mod server;

use std::env;
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use base64ct::{Base64, Encoding};
use fieldward::{
    AwsKmsProvider, ErrorCode, KeyProvider, Keyring, MemoryStore, Result, SecretKey, WrapContext, WrappedKey,
    conformance,
};
use serde_json::json;

use faulty::{Answer, Faulty};
use moto::{Moto, REGION};
#[cfg(unix)]
use relay::Relay;
use server::{http, tls};

const CONTEXT: WrapContext<'static> = WrapContext::root("clinic", 3);
const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const REPLICATED: &str = "arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";

fn code<T>(result: Result<T>) -> ErrorCode {
    result.map(|_| ()).unwrap_err().code()
}

fn wrap(provider: &AwsKmsProvider) -> (SecretKey, WrappedKey) {
    let secret = SecretKey::generate().unwrap();
    let wrapped = provider.wrap(&provider.key_name(), &secret, &CONTEXT).unwrap();
    (secret, wrapped)
}

#[test]
fn it_conforms() {
    let moto = Moto::start();
    let kms = moto.builder(&moto.key()).generate_keys().build().unwrap();
    conformance::provider::check(&kms).unwrap();
    let (one, two) = (kms.generate().unwrap().unwrap(), kms.generate().unwrap().unwrap());
    assert_ne!(one, two);
    assert!(moto.provider(&moto.key()).generate().unwrap().is_none());
}

/// The emulator serves disabled keys, and forgets its keys when it ends: those two are met by a server that says what KMS documents, and
/// by a way to the emulator that is cut.
#[cfg(unix)]
#[test]
fn it_conforms_whatever_becomes_of_kms() {
    use fieldward::conformance::provider::{Component, Situation};
    let moto = Moto::start();
    let (key, other) = (moto.key(), moto.key());
    let way = Relay::to(moto.server.port);
    let builder = || AwsKmsProvider::builder(&key).attempts(2).attempt_timeout(Duration::from_secs(5));
    let kms = builder().endpoint(format!("http://127.0.0.1:{}", way.port)).build().unwrap();
    let meeting = |answer: Answer| -> Arc<dyn KeyProvider> {
        let server = Faulty::plain(answer);
        let builder = builder().endpoint(format!("http://127.0.0.1:{}", server.port));
        Arc::new(builder.attempt_timeout(Duration::from_millis(500)).build().unwrap())
    };
    let refusing = |said: &str| meeting(Answer::Say(400, json!({ "__type": said }).to_string()));
    let component = Component::new(kms)
        .meets(Situation::OtherKey, || Arc::new(moto.provider(&other)))
        .meets(Situation::Disabled, || refusing("DisabledException"))
        .meets(Situation::Denied, || refusing("AccessDeniedException"))
        .meets(Situation::Slow, || meeting(Answer::Drip))
        .meets(Situation::Oversized, || meeting(Answer::Say(200, " ".repeat(100_000))))
        .meets(Situation::Malformed, || meeting(Answer::Say(200, "[]".into())))
        .forks(|work| fork::holds_in_a_child(work))
        .restarts(|| way.cut(), || way.mend())
        .meets(Situation::Deleted, || Arc::new(moto.builder(KEY).build().unwrap()));
    let report = component.check().unwrap();
    assert_eq!((report.checked.len(), report.impossible.len()), (9, 0));
}

#[test]
fn the_encryption_context_names_keyring_epoch_and_purpose() {
    let moto = Moto::start();
    let key = moto.key();
    let (secret, wrapped) = wrap(&moto.provider(&key));
    let ask = |context: serde_json::Value| {
        let blob = Base64::encode_string(&wrapped.ciphertext);
        moto.ask(REGION, "Decrypt", &json!({ "CiphertextBlob": blob, "KeyId": key, "EncryptionContext": context }))
    };
    let named = json!({"fieldward:keyring": "clinic", "fieldward:epoch": "3", "fieldward:purpose": "root"});
    assert_eq!(ask(named).1["Plaintext"], json!(Base64::encode_string(secret.expose())));
    let (status, refused) = ask(json!({"fieldward:keyring": "clinic", "fieldward:epoch": "4"}));
    assert_eq!((status, &refused["__type"]), (400, &json!("InvalidCiphertextException")));
}

#[test]
fn another_key_or_context_is_refused_by_kms() {
    let moto = Moto::start();
    let (key, other) = (moto.key(), moto.key());
    let (_, wrapped) = wrap(&moto.provider(&key));
    let refused = moto.provider(&key).unwrap(&wrapped, &WrapContext::root("other", 3)).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::ProviderWrongKey);
    assert_eq!(refused.detail(), Some("another context, or a changed ciphertext"));
    // An entry that was rewritten to name the other key: the emulator says "denied" where KMS says "incorrect key".
    let moved = WrappedKey::new(&*other, wrapped.ciphertext.clone());
    assert_eq!(code(moto.provider(&other).unwrap(&moved, &CONTEXT)), ErrorCode::ProviderDenied);
    // A document that names a key of somebody else leads nowhere.
    assert_eq!(code(moto.provider(&key).unwrap(&moved, &CONTEXT)), ErrorCode::ProviderWrongKey);
    let missing = moto.provider(KEY).wrap(KEY, &SecretKey::generate().unwrap(), &CONTEXT);
    assert_eq!(code(missing), ErrorCode::ProviderWrongKey);
}

#[test]
fn only_arns_of_keys_are_taken() {
    for name in [
        "",
        "1234abcd-12ab-34cd-56ef-1234567890ab",
        "mrk-1234abcd12ab34cd56ef1234567890ab",
        "alias/clinic",
        "arn:aws:kms:eu-central-1:111122223333:alias/clinic",
        "arn:aws:kms:eu-central-1:111122223333:key/",
        "arn:aws:kms:eu-central-1:111122223333:key/../x",
        "arn:aws:kms:eu-central-1:111122223333:key/a/b",
        "arn:aws:kms:eu-central-1:1111:key/1234",
        "arn:aws:kms::111122223333:key/1234",
        "arn:aws:kms:evil.example/:111122223333:key/1234",
        "arn:aws:s3:eu-central-1:111122223333:key/1234",
        "arn:other:kms:eu-central-1:111122223333:key/1234",
    ] {
        assert_eq!(code(AwsKmsProvider::builder(name).build()), ErrorCode::InvalidName, "{name}");
    }
    for name in [KEY, REPLICATED, "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1234"] {
        assert_eq!(AwsKmsProvider::builder(name).build().unwrap().key_name(), name);
    }
    let built = |region: &str, key: &str| code(AwsKmsProvider::builder(key).replica_in(region).build());
    assert_eq!(built("eu-west-1", KEY), ErrorCode::InvalidArgument);
    assert_eq!(built("evil.example/", REPLICATED), ErrorCode::InvalidName);
    for endpoint in ["http://kms.example", "ftp://x", "", "kms"] {
        assert_eq!(code(AwsKmsProvider::builder(KEY).endpoint(endpoint).build()), ErrorCode::InvalidArgument);
    }
    for attempts in [0, 11] {
        assert_eq!(code(AwsKmsProvider::builder(KEY).attempts(attempts).build()), ErrorCode::InvalidArgument);
    }
    for timeout in [Duration::ZERO, Duration::from_secs(601)] {
        assert_eq!(code(AwsKmsProvider::builder(KEY).timeout(timeout).build()), ErrorCode::InvalidArgument);
        assert_eq!(code(AwsKmsProvider::builder(KEY).attempt_timeout(timeout).build()), ErrorCode::InvalidArgument);
    }
}

#[test]
fn a_keyring_opens_by_the_replica_of_another_region() {
    let moto = Moto::start();
    let key = moto.make_key(&json!({"MultiRegion": true}));
    assert!(key.contains(":key/mrk-"));
    moto.replicate(&key, "eu-west-1");
    let store = MemoryStore::new();
    let builder =
        |kms: AwsKmsProvider| Keyring::builder("app").provider("kms", kms).store(store.clone()).no_pin("test");
    let replica = || moto.builder(&key).replica_in("eu-west-1").build().unwrap();
    builder(moto.provider(&key)).create().unwrap();
    builder(replica()).open().unwrap().replace_provider("kms", replica()).unwrap();
    builder(moto.provider(&key)).open().unwrap();
    // A region without a replica has no such key.
    let nowhere = moto.builder(&key).replica_in("us-east-2").build().unwrap();
    assert_eq!(code(builder(nowhere).open()), ErrorCode::ProviderWrongKey);
}

#[test]
fn calls_inside_async_runtimes_end() {
    let moto = Moto::start();
    let key = moto.key();
    let runtimes = [
        tokio::runtime::Builder::new_current_thread().build().unwrap(),
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap(),
    ];
    for runtime in runtimes {
        // Made, used and dropped inside: on the one thread that the runtime has.
        runtime.block_on(async {
            let kms = moto.provider(&key);
            let (secret, wrapped) = wrap(&kms);
            assert_eq!(kms.unwrap(&wrapped, &CONTEXT).unwrap(), secret);
        });
        let kms = Arc::new(moto.provider(&key));
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                runtime.spawn({
                    let kms = Arc::clone(&kms);
                    async move { wrap(&kms) }
                })
            })
            .collect();
        for task in tasks {
            let (secret, wrapped) = runtime.block_on(task).unwrap();
            assert_eq!(kms.unwrap(&wrapped, &CONTEXT).unwrap(), secret);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_forked_child_asks_for_itself() {
    let moto = Moto::start();
    let kms = moto.provider(&moto.key());
    let (secret, wrapped) = wrap(&kms);
    let opens = || kms.unwrap(&wrapped, &CONTEXT).is_ok_and(|opened| opened == secret);
    // Also while threads of the parent are inside the provider.
    let busy = AtomicBool::new(true);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    while busy.load(Ordering::SeqCst) {
                        assert!(opens())
                    }
                })
            })
            .collect();
        for _ in 0..8 {
            assert!(fork::holds_in_a_child(opens));
        }
        busy.store(false, Ordering::SeqCst);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    assert!(
        fork::holds_in_a_child(|| {
            drop(moto.provider(KEY));
            opens()
        }) && opens()
    );
}

#[test]
fn stopped_and_back() {
    let moto = Moto::start();
    let kms = moto.builder(&moto.key()).attempts(2).attempt_timeout(Duration::from_secs(5)).build().unwrap();
    let (_, wrapped) = wrap(&kms);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    if let Err(error) = kms.unwrap(&wrapped, &CONTEXT) {
                        assert_eq!(error.code(), ErrorCode::ProviderUnavailable, "{error:?}");
                    }
                }
            });
        }
        moto.server.stop();
        assert_eq!(code(kms.unwrap(&wrapped, &CONTEXT)), ErrorCode::ProviderUnavailable);
        stop.store(true, Ordering::SeqCst);
    });
    // A new emulator at the same place knows nothing of the key, and says so.
    let again = Moto::start_at(moto.server.port);
    assert_eq!(code(kms.unwrap(&wrapped, &CONTEXT)), ErrorCode::ProviderWrongKey);
    wrap(&again.provider(&again.key()));
}

/// Runs in a process of its own, started by the test below, whose environment says where credentials are.
#[test]
fn child() {
    let (Ok(endpoint), Ok(key)) = (env::var("CHILD_ENDPOINT"), env::var("CHILD_KEY")) else { return };
    let kms = AwsKmsProvider::builder(&key).endpoint(endpoint).build().unwrap();
    let outcome = kms.wrap(&key, &SecretKey::generate().unwrap(), &CONTEXT);
    println!("outcome: {}", outcome.map_or_else(|error| format!("{error:?}"), |_| "wrapped".into()));
}

#[test]
fn credentials_come_from_where_the_sdk_looks_and_may_be_denied() {
    let moto = Moto::start();
    let key = moto.key();
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let secret = "secret-canary";
    let keys = format!("aws_access_key_id = AKIATESTS\naws_secret_access_key = {secret}\n");
    let file = write("credentials", &format!("[clinic]\n{keys}"));
    let said = json!({"Version": 1, "AccessKeyId": "AKIATESTS", "SecretAccessKey": secret}).to_string();
    let said = write("said", &said);
    let process = write("config", &format!("[default]\ncredential_process = cat {said}\n"));
    let child = |variables: &[(&str, &str)]| {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "child", "--nocapture"]).env("HOME", directory.path());
        for (name, _) in env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
            command.env_remove(name);
        }
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        command.env("CHILD_ENDPOINT", moto.server.url()).env("CHILD_KEY", &key);
        command.envs(variables.iter().copied());
        let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
        assert!(!said.contains("canary"), "{said}");
        said.lines().find_map(|line| line.split_once("outcome: ")).unwrap().1.to_owned()
    };
    let inline = [("AWS_ACCESS_KEY_ID", "AKIATESTS"), ("AWS_SECRET_ACCESS_KEY", secret)];
    assert_eq!(child(&inline), "wrapped");
    assert_eq!(child(&[("AWS_SHARED_CREDENTIALS_FILE", &file), ("AWS_PROFILE", "clinic")]), "wrapped");
    assert_eq!(child(&[("AWS_CONFIG_FILE", &process)]), "wrapped");
    let none = child(&[]);
    assert!(none.contains("provider_denied") && none.contains("no credentials were found"), "{none}");
    // From now on the emulator looks at who asks, and it knows nobody.
    http(moto.server.port, "POST", "/moto-api/reset-auth", &[], "0").unwrap();
    let denied = child(&inline);
    assert!(denied.contains("provider_denied"), "{denied}");
}

fn faulty(answer: Answer) -> (AwsKmsProvider, Faulty) {
    let server = Faulty::plain(answer);
    let builder = AwsKmsProvider::builder(KEY).endpoint(format!("http://127.0.0.1:{}", server.port));
    (builder.attempts(2).attempt_timeout(Duration::from_millis(500)).generate_keys().build().unwrap(), server)
}

fn entry() -> WrappedKey {
    WrappedKey::new(KEY, vec![7; 180])
}

#[test]
fn refusals_are_told_apart() {
    use ErrorCode::{ProviderDenied, ProviderUnavailable, ProviderUnsupported, ProviderWrongKey};
    for (said, status, expected, detail, calls) in [
        ("InvalidCiphertextException", 400, ProviderWrongKey, "another context", 1),
        ("IncorrectKeyException", 400, ProviderWrongKey, "another key", 1),
        ("NotFoundException", 400, ProviderWrongKey, "no such key", 1),
        ("InvalidKeyUsageException", 400, ProviderWrongKey, "not a symmetric key", 1),
        ("DisabledException", 400, ProviderDenied, "disabled", 1),
        ("KMSInvalidStateException", 400, ProviderDenied, "pending deletion", 1),
        ("AccessDeniedException", 400, ProviderDenied, "policy", 1),
        ("ExpiredTokenException", 400, ProviderDenied, "credentials", 1),
        ("UnsupportedOperationException", 400, ProviderUnsupported, "does not do this", 1),
        ("ThrottlingException", 400, ProviderUnavailable, "for the moment", 2),
        ("KeyUnavailableException", 500, ProviderUnavailable, "for the moment", 2),
        ("KMSInternalException", 500, ProviderUnavailable, "for the moment", 2),
        ("SomethingNewException", 503, ProviderUnavailable, "HTTP 503", 2),
        ("SomethingNewException", 400, ErrorCode::ProviderBadReply, "HTTP 400", 1),
    ] {
        let (kms, server) = faulty(Answer::Say(status, json!({"__type": said, "message": "canary"}).to_string()));
        let error = kms.unwrap(&entry(), &CONTEXT).unwrap_err();
        assert_eq!(error.code(), expected, "{said}");
        assert!(error.detail().unwrap().contains(detail), "{said}: {error}");
        assert!(!format!("{error:?} {error}").contains("canary"));
        assert_eq!(server.calls(), calls, "{said}");
    }
}

#[test]
fn wrong_replies_are_refused() {
    let secret = SecretKey::generate().unwrap();
    let plaintext = |length: usize| Base64::encode_string(&vec![1; length]);
    let reply = |length: usize, key: &str| json!({"Plaintext": plaintext(length), "KeyId": key}).to_string();
    let (opens, _server) = faulty(Answer::Say(200, reply(32, KEY)));
    opens.unwrap(&entry(), &CONTEXT).unwrap();
    for body in [
        reply(0, KEY),
        reply(16, KEY),
        reply(31, KEY),
        reply(33, KEY),
        reply(64, KEY),
        reply(32, REPLICATED),
        reply(32, ""),
        json!({"Plaintext": plaintext(32)}).to_string(),
        json!({"KeyId": KEY}).to_string(),
        json!({"Plaintext": plaintext(32), "KeyId": KEY, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}).to_string(),
        json!({"Plaintext": "not base64", "KeyId": KEY}).to_string(),
        json!({"Plaintext": plaintext(60_000), "KeyId": KEY}).to_string(),
        String::new(),
        "[]".into(),
        "{".into(),
        format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000)),
    ] {
        let (kms, _server) = faulty(Answer::Say(200, body.clone()));
        let refused = kms.unwrap(&entry(), &CONTEXT);
        assert_eq!(code(refused), ErrorCode::ProviderBadReply, "{}", &body[..body.len().min(80)]);
    }
    for (status, expected) in [
        (301, ErrorCode::ProviderBadReply),
        (403, ErrorCode::ProviderDenied),
        (404, ErrorCode::ProviderBadReply),
        (429, ErrorCode::ProviderUnavailable),
        (500, ErrorCode::ProviderUnavailable),
    ] {
        assert_eq!(code(faulty(Answer::Say(status, "{}".into())).0.unwrap(&entry(), &CONTEXT)), expected, "{status}");
    }
    for (answer, expected) in [
        (Answer::Stall, ErrorCode::ProviderUnavailable),
        (Answer::Drip, ErrorCode::ProviderUnavailable),
        (Answer::Hang, ErrorCode::ProviderUnavailable),
        (Answer::Noise, ErrorCode::ProviderBadReply),
    ] {
        let (kms, _server) = faulty(answer);
        assert_eq!(code(kms.unwrap(&entry(), &CONTEXT)), expected);
        assert_eq!(code(kms.generate()), expected);
    }
    for (ciphertext, key) in [(0, KEY), (31, KEY), (6_145, KEY), (180, REPLICATED)] {
        let body = json!({"CiphertextBlob": plaintext(ciphertext), "KeyId": key}).to_string();
        let (kms, _server) = faulty(Answer::Say(200, body));
        assert_eq!(code(kms.wrap(KEY, &secret, &CONTEXT)), ErrorCode::ProviderBadReply, "{ciphertext} {key}");
    }
    for length in [16, 31, 33] {
        let (kms, _server) = faulty(Answer::Say(200, json!({"Plaintext": plaintext(length)}).to_string()));
        assert_eq!(code(kms.generate()), ErrorCode::ProviderBadReply);
    }
}

#[test]
fn the_whole_call_is_bounded() {
    let server = Faulty::plain(Answer::Say(503, "{}".into()));
    let builder = AwsKmsProvider::builder(KEY).endpoint(format!("http://127.0.0.1:{}", server.port));
    let kms = builder.attempts(10).timeout(Duration::from_millis(100)).build().unwrap();
    assert_eq!(code(kms.unwrap(&entry(), &CONTEXT)), ErrorCode::ProviderUnavailable);
    assert!(server.calls() < 10);
}

#[test]
fn tls_1_3_and_the_certificate_are_asked_for() {
    let over = |port: u16| AwsKmsProvider::builder(KEY).endpoint(format!("https://localhost:{port}")).attempts(2);
    let denied = || Answer::Say(400, json!({"__type": "AccessDeniedException"}).to_string());
    let asked = |server: &Faulty, trusts: bool| {
        let builder = over(server.port);
        let builder = if trusts { builder.ca_file(tls("ca.pem")) } else { builder };
        code(builder.build().unwrap().unwrap(&entry(), &CONTEXT))
    };
    let good = Faulty::with_tls(denied(), "server", &[&rustls::version::TLS13]);
    assert_eq!(asked(&good, false), ErrorCode::ProviderBadReply);
    assert_eq!(good.calls(), 0);
    assert_eq!(asked(&good, true), ErrorCode::ProviderDenied);
    assert_eq!(good.calls(), 1);
    for certificate in ["expired", "elsewhere", "stranger"] {
        let server = Faulty::with_tls(denied(), certificate, rustls::ALL_VERSIONS);
        assert_eq!(asked(&server, true), ErrorCode::ProviderBadReply, "{certificate}");
        assert_eq!(server.calls(), 0, "{certificate}");
    }
    let old = Faulty::with_tls(denied(), "server", &[&rustls::version::TLS12]);
    assert_eq!(asked(&old, true), ErrorCode::ProviderBadReply);
    assert_eq!(old.calls(), 0);
}
