//! The PKCS #11 provider against SoftHSM2. Run by `core/tests/services.sh`, which makes the tokens.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[cfg(unix)]
#[path = "services/fork.rs"]
mod fork;
#[path = "services/pkcs11.rs"]
mod softhsm;

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use cryptoki::context::Pkcs11;
use cryptoki::object::{Attribute, ObjectClass};
use fieldward::{
    Destroy, ErrorCode, ErrorKind, KeyProvider, Keyring, LocalKeyProvider, MemorySink, MemoryStore, Pkcs11Mechanism,
    Pkcs11Pin, Pkcs11Provider, Reach, Result, RotateOptions, Schema, SecretBytes, SecretKey, Value, WrapContext,
    WrappedKey, conformance, verify_audit,
};

use softhsm::{PIN, builder, directory_of, in_a_child, make_tokens, pin, provider, service, tool};

const CONTEXT: WrapContext<'static> = WrapContext::root("clinic", 3);

fn code<T>(result: Result<T>) -> ErrorCode {
    result.map(|_| ()).unwrap_err().code()
}

fn wrap(provider: &Pkcs11Provider) -> (SecretKey, WrappedKey) {
    let secret = SecretKey::generate().unwrap();
    let wrapped = provider.wrap(&provider.key_name(), &secret, &CONTEXT).unwrap();
    (secret, wrapped)
}

#[test]
fn it_conforms_with_every_mechanism() {
    conformance::provider::check(&provider("main", "conforms-gcm")).unwrap();
    for (label, mechanism) in [("conforms-kwp", Pkcs11Mechanism::AesKwp), ("conforms-kw", Pkcs11Mechanism::AesKw)] {
        let by_key_wrap = builder("main", label).mechanism(mechanism).build().unwrap();
        assert!(by_key_wrap.find_or_make_key().unwrap());
        assert!(!by_key_wrap.find_or_make_key().unwrap(), "the second time it is found");
        conformance::provider::check(&by_key_wrap).unwrap();
    }
    let with_epochs = builder("main", "conforms-epochs").key_per_epoch().generate_keys().build().unwrap();
    with_epochs.find_or_make_key().unwrap();
    conformance::provider::check(&with_epochs).unwrap();
    let (one, two) = (with_epochs.generate().unwrap().unwrap(), with_epochs.generate().unwrap().unwrap());
    assert_ne!(one, two);
}

#[cfg(unix)]
#[test]
fn it_conforms_whatever_becomes_of_the_token() {
    in_a_child("the_child_conforms", &[]);
}

/// In a process of its own, which forks and finalizes the module.
#[cfg(unix)]
#[test]
#[ignore = "run by it_conforms_whatever_becomes_of_the_token"]
fn the_child_conforms() {
    use fieldward::conformance::provider::{Component, Situation};
    let hsm = provider("main", "component");
    let slow = "PKCS #11 has no time limits";
    let wrong = "a module answers inside the process: what it says is not parsed";
    let component = Component::new(hsm)
        .meets(Situation::OtherKey, || Arc::new(provider("main", "component-other")))
        .meets(Situation::Denied, || {
            let pin = Pkcs11Pin::callback(|| Ok(SecretBytes::new(b"0000-wrong".to_vec())));
            Arc::new(builder("pins", "component").pin(pin).build().unwrap())
        })
        .never(Situation::Disabled, "a token's keys are there or not")
        .never(Situation::Slow, slow)
        .never(Situation::Oversized, wrong)
        .never(Situation::Malformed, wrong)
        .never(Situation::Restarted, "by a_session_that_is_lost_is_opened_again, which finalizes the module")
        .forks(|work| fork::holds_in_a_child(work))
        .meets(Situation::Deleted, || {
            tool("main", &["--delete-object", "--type", "secrkey", "--label", "component"]);
            Arc::new(builder("main", "component").build().unwrap())
        });
    let report = component.check().unwrap();
    assert_eq!((report.checked.len(), report.impossible.len()), (4, 5));
}

/// A key whose bytes are known, and the second opinion of Python's `cryptography` on what was wrapped with it.
#[test]
fn wrapped_bytes_are_those_of_the_specification() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    fs::write(&file, [0x42; 32]).unwrap();
    let mut import = Command::new("softhsm2-util");
    import
        .arg("--import")
        .arg(&file)
        .args(["--aes", "--token", "known", "--label", "known", "--id", "aa", "--pin", PIN]);
    assert!(import.output().unwrap().status.success());
    let of_each = [(Pkcs11Mechanism::AesGcm, 60), (Pkcs11Mechanism::AesKwp, 88), (Pkcs11Mechanism::AesKw, 88)];
    for (mechanism, length) in of_each {
        let (secret, wrapped) = wrap(&builder("known", "known").mechanism(mechanism).build().unwrap());
        assert_eq!((wrapped.key_name.as_str(), wrapped.ciphertext.len()), ("known", length));
        assert_eq!(wrapped.params.iter().next(), Some((&"mechanism".to_owned(), &mechanism.as_str().to_owned())));
        let script = "
import hashlib, sys
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_unwrap_with_padding
mechanism, wrapped, context = sys.argv[1], *map(bytes.fromhex, sys.argv[2:])
if mechanism == 'aes-gcm':
    print(AESGCM(b'B' * 32).decrypt(wrapped[:12], wrapped[12:], context).hex())
else:
    unwrap = {'aes-kwp': aes_key_unwrap_with_padding, 'aes-kw': aes_key_unwrap}[mechanism]
    opened = unwrap(b'B' * 32, wrapped)
    assert opened[32:64] == hashlib.sha256(context).digest() and len(opened) == 80
    print(opened[:32].hex())";
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mut python = Command::new(service("FIELDWARD_SERVICES").join("python3"));
        python.args(["-c", script, mechanism.as_str(), &hex(&wrapped.ciphertext), &hex(&CONTEXT.to_bytes())]);
        let output = python.output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), hex(secret.expose()), "{output:?}");
    }
}

#[test]
fn keys_are_made_to_stay() {
    provider("attributes", "made");
    let shown = tool("attributes", &["--list-objects", "--type", "secrkey"]);
    let made = shown.split("Secret Key Object").find(|object| object.contains("made")).unwrap();
    assert!(made.contains("AES length 32") && made.contains("encrypt, decrypt"), "{made}");
    for never in ["wrap", "sign", "derive"] {
        assert!(!made.contains(never), "{made}");
    }
    for always in ["sensitive", "always sensitive", "never extractable", "local"] {
        assert!(made.contains(always), "{made}");
    }
    let read = tool("attributes", &["--read-object", "--type", "secrkey", "--label", "made"]);
    assert!(read.contains("error") || read.contains("failed"), "{read}");
}

#[test]
fn keys_that_could_leave_are_refused() {
    for (label, arguments) in [
        ("extractable", &["--key-type", "AES:32", "--sensitive", "--extractable"][..]),
        ("plain", &["--key-type", "AES:32", "--extractable"]),
        ("short", &["--key-type", "AES:16", "--sensitive"]),
        ("two", &["--key-type", "AES:32", "--sensitive"]),
        ("two", &["--key-type", "AES:32", "--sensitive"]),
    ] {
        let made = tool("attributes", &[&["--keygen", "--label", label][..], arguments].concat());
        assert!(made.contains("Key generated"), "{made}");
    }
    let refused = |label: &str| builder("attributes", label).build().unwrap();
    for label in ["extractable", "plain", "short", "two", "missing"] {
        let secret = SecretKey::generate().unwrap();
        let error = refused(label).wrap(label, &secret, &CONTEXT).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ProviderWrongKey, "{label}: {error:?}");
        if label != "missing" {
            assert_eq!(code(refused(label).find_or_make_key()), ErrorCode::ProviderWrongKey, "{label}");
        }
    }
}

#[test]
fn a_refused_pin_is_tried_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let right = Arc::new(AtomicBool::new(false));
    let (counted, is_right) = (Arc::clone(&asked), Arc::clone(&right));
    let pin = Pkcs11Pin::callback(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        let pin = if is_right.load(Ordering::SeqCst) { PIN } else { "0000-canary" };
        Ok(SecretBytes::new(pin.as_bytes().to_vec()))
    });
    let provider = builder("pins", "key").pin(pin).build().unwrap();
    for attempt in 0..3 {
        let error = provider.find_or_make_key().unwrap_err();
        assert_eq!(error.code(), ErrorCode::ProviderDenied);
        assert_eq!(error.detail().unwrap().contains("before"), attempt > 0, "{error:?}");
        assert!(!format!("{error:?} {provider:?}").contains("canary"));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    right.store(true, Ordering::SeqCst);
    provider.find_or_make_key().unwrap();
}

#[cfg(unix)]
#[test]
fn a_pin_comes_from_a_file_or_the_environment() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pin");
    fs::write(&file, format!("{PIN}\n")).unwrap();
    let with = |pin: Pkcs11Pin| builder("main", "pins").pin(pin).build().unwrap().find_or_make_key();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(code(with(Pkcs11Pin::file(&file))), ErrorCode::KeyFilePermissions);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
    with(Pkcs11Pin::file(&file)).unwrap();
    assert_eq!(code(with(Pkcs11Pin::file(directory.path().join("none")))), ErrorCode::ProviderUnavailable);
    assert_eq!(code(with(Pkcs11Pin::environment("FIELDWARD_NO_SUCH_VARIABLE"))), ErrorCode::ProviderUnavailable);
    assert_eq!(code(with(Pkcs11Pin::callback(|| Ok(SecretBytes::new(Vec::new()))))), ErrorCode::ProviderDenied);
    // In a child of its own: the environment of a process with threads is not to be changed.
    in_a_child("the_child_reads_its_environment", &[("FIELDWARD_TEST_PIN", PIN)]);
}

#[test]
#[ignore = "run by a_pin_comes_from_a_file_or_the_environment"]
fn the_child_reads_its_environment() {
    let pin = Pkcs11Pin::environment("FIELDWARD_TEST_PIN");
    assert_eq!(format!("{pin:?}"), "Pkcs11Pin(environment)");
    builder("main", "pins").pin(pin).build().unwrap().find_or_make_key().unwrap();
}

#[test]
fn tokens_are_found_by_label_or_serial() {
    let slots = Command::new("softhsm2-util").arg("--show-slots").output().unwrap();
    let slots = String::from_utf8(slots.stdout).unwrap();
    let main = slots.split("Slot ").find(|slot| slot.contains("Label:            main ")).unwrap();
    let serial = main.lines().find_map(|line| line.trim().strip_prefix("Serial number:")).unwrap().trim();
    let module = || service("FIELDWARD_SOFTHSM");
    let (secret, wrapped) = wrap(&provider("main", "by-label"));
    let by_serial = Pkcs11Provider::builder(module(), "by-label").token_serial(serial).pin(pin()).build().unwrap();
    assert_eq!(by_serial.unwrap(&wrapped, &CONTEXT).unwrap(), secret);
    for (label, expected) in [("nobody", ErrorCode::ProviderUnavailable), ("twin", ErrorCode::ProviderMismatch)] {
        assert_eq!(code(builder(label, "key").build().unwrap().find_or_make_key()), expected);
    }
    let broken = |module: &str| {
        let builder = Pkcs11Provider::builder(module, "key").token_label("main").pin(pin());
        code(builder.build().unwrap().find_or_make_key())
    };
    assert_eq!(broken("/no/such/module.so"), ErrorCode::ProviderUnavailable);
    assert_eq!(broken("libm.so.6"), ErrorCode::ProviderUnsupported);
    assert_eq!(code(Pkcs11Provider::builder(module(), "key").pin(pin()).build()), ErrorCode::InvalidArgument);
    assert_eq!(code(builder("main", "key").sessions(0).build()), ErrorCode::InvalidArgument);
    assert_eq!(code(builder("main", "a key").build()), ErrorCode::InvalidName);
    assert_eq!(code(builder(&"x".repeat(33), "key").build()), ErrorCode::InvalidName);
}

#[test]
fn many_threads_share_few_sessions() {
    provider("main", "threads");
    let provider = builder("main", "threads").sessions(2).key_per_epoch().build().unwrap();
    let (secret, wrapped) = wrap(&provider);
    thread::scope(|scope| {
        for number in 0..16 {
            let (provider, secret, wrapped) = (&provider, &secret, &wrapped);
            scope.spawn(move || {
                for _ in 0..20 {
                    assert_eq!(provider.unwrap(wrapped, &CONTEXT).unwrap(), *secret);
                }
                let name = format!("thread-{number}");
                provider.make_key(&name).unwrap();
                provider.destroy_key(&name).unwrap();
            });
        }
    });
}

#[test]
fn a_session_that_is_lost_is_opened_again() {
    let provider = provider("lost", "key");
    let (secret, wrapped) = wrap(&provider);
    let module = Pkcs11::new(service("FIELDWARD_SOFTHSM")).unwrap();
    let slot = || {
        let slots = module.get_slots_with_initialized_token().unwrap();
        slots.into_iter().find(|slot| module.get_token_info(*slot).unwrap().label() == "lost").unwrap()
    };
    // Logged out by another part of the program.
    module.open_ro_session(slot()).unwrap().logout().unwrap();
    assert_eq!(provider.unwrap(&wrapped, &CONTEXT).unwrap(), secret);
    in_a_child("the_child_finalizes_its_module", &[]);
    // The key taken away and not given back.
    let session = module.open_rw_session(slot()).unwrap();
    let _ = session.login(cryptoki::session::UserType::User, Some(&PIN.to_owned().into()));
    let class = Attribute::Class(ObjectClass::SECRET_KEY);
    for key in session.find_objects(&[class, Attribute::Label(b"key".to_vec())]).unwrap() {
        session.destroy_object(key).unwrap();
    }
    assert_eq!(code(provider.unwrap(&wrapped, &CONTEXT)), ErrorCode::ProviderWrongKey);
}

#[test]
#[ignore = "run by a_session_that_is_lost_is_opened_again"]
fn the_child_finalizes_its_module() {
    let provider = provider("main", "finalized");
    let (secret, wrapped) = wrap(&provider);
    for _ in 0..3 {
        // As another part of the program does when it thinks that the module is its own.
        Pkcs11::new(service("FIELDWARD_SOFTHSM")).unwrap().finalize().unwrap();
        assert_eq!(provider.unwrap(&wrapped, &CONTEXT).unwrap(), secret);
    }
}

#[cfg(unix)]
#[test]
fn a_forked_child_uses_the_token_too() {
    in_a_child("the_child_forks", &[]);
}

/// In a process where no other thread is inside the module: a child would find the module's own locks taken for ever.
#[cfg(unix)]
#[test]
#[ignore = "run by a_forked_child_uses_the_token_too"]
fn the_child_forks() {
    let provider = provider("main", "forks");
    let (secret, wrapped) = wrap(&provider);
    for _ in 0..4 {
        assert!(fork::holds_in_a_child(|| provider.unwrap(&wrapped, &CONTEXT).is_ok_and(|opened| opened == secret)));
        assert_eq!(provider.unwrap(&wrapped, &CONTEXT).unwrap(), secret, "the parent's sessions live on");
    }
}

#[test]
fn destroying_a_version_destroys_the_tokens_key() {
    let store = MemoryStore::new();
    let hsm = || builder("epochs", "unused").key_per_epoch().generate_keys().build().unwrap();
    let keyring = Keyring::builder("app").provider("hsm", hsm()).store(store).no_pin("test").create().unwrap();
    let listed = || tool("epochs", &["--list-objects", "--type", "secrkey"]);
    assert!(listed().contains("app-1-"));
    keyring.rotate(RotateOptions::activate_immediately()).unwrap();
    keyring.suspend(1, "test").unwrap();
    keyring.mark_compromised(1, "test").unwrap();
    let key_id = keyring.status().unwrap().versions[0].key_id;
    let destroyed = keyring.destroy(Destroy::version(1, key_id, "test").waive_exports("a test")).unwrap();
    assert_eq!(destroyed.reach, Reach::Erased);
    assert!(!listed().contains("app-1-") && listed().contains("app-2-"), "{}", listed());
    let error = hsm().destroy_key("unused").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse, "the configured key is never destroyed here");
}

#[test]
fn a_keyring_moves_from_one_provider_to_another_while_threads_encrypt() {
    let (sink, store) = (MemorySink::new(), MemoryStore::new());
    let builder = || Keyring::builder("app").store(store.clone()).no_pin("test").audit(sink.clone());
    let local = LocalKeyProvider::new(SecretKey::generate().unwrap());
    let keyring = builder().provider("primary", local).create().unwrap();
    let schema = Schema::from_json(
        r#"{"format": "fieldward-schema", "version": 1, "table": "patients", "record_binding": "none",
            "fields": [{"id": "note", "type": "text", "mode": "randomized"}]}"#,
    )
    .unwrap();
    let stop = AtomicBool::new(false);
    let encrypted: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (note, stop) = (keyring.field(&schema, None, "note").unwrap(), &stop);
                scope.spawn(move || {
                    let mut last = note.encrypt(Some(&Value::from("x")), None).unwrap();
                    while !stop.load(Ordering::SeqCst) {
                        last = note.encrypt(Some(&Value::from("x")), None).unwrap();
                        assert_eq!(note.decrypt(last.as_ref(), None).unwrap(), Some(Value::from("x")));
                    }
                    last
                })
            })
            .collect();
        keyring.add_provider("second", provider("main", "moves-second")).unwrap();
        keyring.replace_provider("primary", provider("main", "moves-first")).unwrap();
        keyring.start_epoch(&[]).unwrap();
        keyring.remove_provider("second").unwrap();
        keyring.start_epoch(&[]).unwrap();
        stop.store(true, Ordering::SeqCst);
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let opened = builder().provider("primary", provider("main", "moves-first")).open().unwrap();
    let note = opened.field(&schema, None, "note").unwrap();
    for sealed in &encrypted {
        assert_eq!(note.decrypt(sealed.as_ref(), None).unwrap(), Some(Value::from("x")));
    }
    let second = builder().provider("second", provider("main", "moves-second")).open();
    assert_eq!(code(second), ErrorCode::NoMatchingProvider);
    let report = verify_audit(sink.lines(), &opened.audit_keys().unwrap(), &opened.checkpoints()).unwrap();
    assert!(report.is_intact(), "{report:?}");
}

#[test]
fn a_token_that_is_taken_away_is_an_error_of_the_provider() {
    let directory = tempfile::tempdir().unwrap();
    let config = make_tokens(directory.path(), &["killed", "other"]);
    let config = [("SOFTHSM2_CONF", config.to_str().unwrap())];
    in_a_child("the_child_loses_its_token", &config);
    in_a_child("the_child_has_its_token_again", &config);
}

#[test]
#[ignore = "run by a_token_that_is_taken_away_is_an_error_of_the_provider"]
fn the_child_loses_its_token() {
    let killed = provider("killed", "key");
    let (_, wrapped) = wrap(&killed);
    let token = directory_of("killed");
    let away = token.with_extension("away");
    let opened = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                // Until every thread has opened, and lost.
                loop {
                    match killed.unwrap(&wrapped, &CONTEXT) {
                        Ok(_) => opened.fetch_add(1, Ordering::SeqCst),
                        Err(error) => break assert_eq!(error.kind(), ErrorKind::Provider, "{error:?}"),
                    };
                }
            });
        }
        while opened.load(Ordering::SeqCst) < 32 {
            thread::yield_now();
        }
        fs::rename(&token, &away).unwrap();
    });
    wrap(&provider("other", "key"));
    fs::rename(&away, &token).unwrap();
}

#[test]
#[ignore = "run by a_token_that_is_taken_away_is_an_error_of_the_provider"]
fn the_child_has_its_token_again() {
    let provider = builder("killed", "key").build().unwrap();
    assert!(!provider.find_or_make_key().unwrap());
    wrap(&provider);
}
