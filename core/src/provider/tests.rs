#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::conformance::provider::check;
use crate::secret::SecretBytes;
use crate::suite::xaes;

const CONTEXT: WrapContext<'static> = WrapContext::root("clinic", 3);

fn passphrase(text: &str) -> PassphraseProvider {
    let provider = PassphraseProvider::new("clinic", SecretBytes::new(text.as_bytes().to_vec())).unwrap();
    provider.iterations(PassphraseProvider::FLOOR).unwrap()
}

#[test]
fn contexts_have_the_specified_bytes() {
    let bytes = [
        &[1, 0, 0, 0, 11][..],
        b"fieldward/1",
        &[1, 0, 0, 0, 12],
        b"wrap-context",
        &[1, 0, 0, 0, 6],
        b"clinic",
        &[1, 0, 0, 0, 4, 0, 0, 0, 3],
        &[1, 0, 0, 0, 4],
        b"root",
    ]
    .concat();
    assert_eq!(CONTEXT.to_bytes(), bytes);
    assert_eq!(CONTEXT.pairs()[1], ("fieldward:epoch", "3".to_owned()));
}

#[test]
fn built_in_providers_conform() {
    check(&LocalKeyProvider::new(SecretKey::generate().unwrap())).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let keys = LocalKeyDirectory::new(directory.path(), "default").unwrap();
    keys.make_key("default").unwrap();
    check(&keys).unwrap();
    check(&passphrase("correct horse")).unwrap();
    check(&passphrase("correct horse").hash(Pbkdf2Hash::Sha512).iterations(100_000).unwrap()).unwrap();
    let key = SecretKey::generate().unwrap();
    let other = key.clone();
    check(
        &CallbackProvider::new(
            "kms",
            "arn:aws:kms:eu-central-1:111122223333:key/1",
            move |secret, context| xaes::seal(&key, b"", &bind_context(secret, context)),
            move |wrapped, context| {
                let bound = xaes::open(&other, b"", wrapped).map_err(|_| Error::new(ErrorCode::ProviderWrongKey))?;
                unbind_context(&bound, context).map(|secret| secret.expose().to_vec())
            },
        )
        .unwrap(),
    )
    .unwrap();
}

/// A provider that ignores its context, as some do.
#[derive(Debug)]
struct Careless(LocalKeyProvider);

impl KeyProvider for Careless {
    fn kind(&self) -> &str {
        "careless"
    }
    fn key_name(&self) -> String {
        self.0.key_name()
    }
    fn wrap(&self, key_name: &str, secret: &SecretKey, _: &WrapContext<'_>) -> Result<WrappedKey> {
        self.0.wrap(key_name, secret, &CONTEXT)
    }
    fn unwrap(&self, wrapped: &WrappedKey, _: &WrapContext<'_>) -> Result<SecretKey> {
        self.0.unwrap(wrapped, &CONTEXT)
    }
}

#[test]
fn the_suite_finds_a_careless_provider() {
    let careless = Careless(LocalKeyProvider::new(SecretKey::generate().unwrap()));
    assert_eq!(check(&careless).unwrap_err().rule(), "another context is refused");
}

#[test]
fn text_forms_of_keys() {
    let text = format!("fwk1.{}", "A".repeat(43));
    let provider = LocalKeyProvider::from_text(&text).unwrap();
    assert_eq!(provider.key_name(), LocalKeyProvider::new(SecretKey::from_slice(&[0; 32]).unwrap()).key_name());
    assert_eq!(provider.key_name(), "local-77f2fb4305fe2bf1");
    for wrong in [
        "",
        "fwk1.",
        &"0".repeat(64),
        &format!("{text}A"),
        &format!("{text} "),
        &format!("{text}\n\n"),
        &text[..47],
        &text[5..],
        &format!("fwk1.{}B", "A".repeat(42)),
        &format!("fwk1.{}=", "A".repeat(43)),
    ] {
        assert_eq!(LocalKeyProvider::from_text(wrong).unwrap_err().code(), ErrorCode::KeyFileMalformed, "{wrong}");
    }
}

#[cfg(unix)]
#[test]
fn key_files_are_for_their_owner_only() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    let made = LocalKeyProvider::create_file(&path).unwrap();
    assert_eq!(LocalKeyProvider::from_file(&path).unwrap().key_name(), made.key_name());
    assert!(LocalKeyProvider::create_file(&path).is_err(), "an existing file is not overwritten");
    for mode in [0o640, 0o604, 0o660, 0o777, 0o620, 0o601] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let refused = LocalKeyProvider::from_file(&path).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::KeyFilePermissions, "{mode:o}");
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
    LocalKeyProvider::from_file(&path).unwrap();
    let link = directory.path().join("link");
    symlink(&path, &link).unwrap();
    assert_eq!(LocalKeyProvider::from_file(&link).unwrap_err().code(), ErrorCode::KeyFilePermissions);
    assert_eq!(LocalKeyProvider::from_file(directory.path()).unwrap_err().code(), ErrorCode::KeyFilePermissions);
    let missing = LocalKeyProvider::from_file(directory.path().join("missing")).unwrap_err();
    assert_eq!(missing.code(), ErrorCode::ProviderUnavailable);
}

#[test]
fn names_of_key_files_are_from_a_small_alphabet() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["", ".", "..", "../x", "a/b", "a\\b", "a\0", ".hidden", "a b", &"x".repeat(201), "é"] {
        assert_eq!(
            LocalKeyDirectory::new(directory.path(), name).unwrap_err().code(),
            ErrorCode::InvalidName,
            "{name}"
        );
    }
    let keys = LocalKeyDirectory::new(directory.path(), "a").unwrap();
    assert_eq!(keys.make_key("../x").unwrap_err().code(), ErrorCode::InvalidName);
    assert_eq!(keys.destroy_key("../x").unwrap_err().code(), ErrorCode::InvalidName);
}

#[test]
fn a_wrong_passphrase_is_told_by_the_commitment() {
    let secret = SecretKey::generate().unwrap();
    let mut wrapped = passphrase("correct horse").wrap("clinic", &secret, &CONTEXT).unwrap();
    let refused = passphrase("wrong horse!").unwrap(&wrapped, &CONTEXT).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::ProviderWrongKey);
    // A commitment to another key is refused although the ciphertext would open.
    let other = passphrase("correct horse").wrap("clinic", &secret, &CONTEXT).unwrap();
    wrapped.params.insert("commitment".into(), other.params["commitment"].clone());
    let refused = passphrase("correct horse").unwrap(&wrapped, &CONTEXT).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::ProviderWrongKey);
}

#[test]
fn iterations_are_bounded_before_any_work() {
    let secret = SecretKey::generate().unwrap();
    let wrapped = passphrase("correct horse").wrap("clinic", &secret, &CONTEXT).unwrap();
    for (iterations, code) in [
        ("99999", ErrorCode::IterationsOutOfRange),
        ("0", ErrorCode::IterationsOutOfRange),
        ("10000001", ErrorCode::IterationsOutOfRange),
        ("2147483648", ErrorCode::IterationsOutOfRange),
        ("18446744073709551615", ErrorCode::IterationsOutOfRange),
        ("18446744073709551616", ErrorCode::ProviderMismatch),
        ("0100000", ErrorCode::ProviderMismatch),
        ("-1", ErrorCode::ProviderMismatch),
    ] {
        let mut wrapped = wrapped.clone();
        wrapped.params.insert("iterations".into(), iterations.into());
        assert_eq!(passphrase("correct horse").unwrap(&wrapped, &CONTEXT).unwrap_err().code(), code, "{iterations}");
    }
    let make = || PassphraseProvider::new("x", SecretBytes::new(vec![b'x'; 8])).unwrap();
    assert!(make().iterations(99_999).is_err() && make().iterations(10_000_001).is_err());
    assert!(make().limits(99_999, 1_000_000).is_err() && make().limits(100_000, 10_000_001).is_err());
    let narrow = make().limits(500_000, 700_000).unwrap();
    assert!(narrow.iterations(499_999).is_err());
    for short in [0, 7, 1_025] {
        assert!(PassphraseProvider::new("x", SecretBytes::new(vec![b'x'; short])).is_err());
    }
}

/// PBKDF2, HKDF and the commitment, computed with Python's `hashlib` and `hmac`.
#[test]
fn passphrase_commitments_have_known_bytes() {
    let secret = SecretKey::generate().unwrap();
    let wrapped = passphrase("correct horse").wrap_with_salt(&[7; 16], &secret, &CONTEXT).unwrap();
    assert_eq!(wrapped.params["commitment"], "rBmwQfBvtFcMH4MNPDDRTID6Ln2vC-y3L4aGtYpfV7E");
    let sha_512 = passphrase("correct horse").hash(Pbkdf2Hash::Sha512).iterations(100_000).unwrap();
    let wrapped = sha_512.wrap_with_salt(&[7; 16], &secret, &CONTEXT).unwrap();
    assert_eq!(wrapped.params["commitment"], "RBr0RS5e6eiK-HZh7xgO93jRMXrT3ZXvyQFU76YKZYI");
}

#[test]
fn replies_of_other_lengths_are_refused() {
    for length in [0, 16, 31, 33, 64] {
        let provider =
            CallbackProvider::new("k", "n", |_, _| Ok(vec![1; 60]), move |_, _| Ok(vec![0; length])).unwrap();
        let wrapped = provider.wrap("n", &SecretKey::generate().unwrap(), &CONTEXT).unwrap();
        assert_eq!(provider.unwrap(&wrapped, &CONTEXT).unwrap_err().code(), ErrorCode::ProviderBadReply, "{length}");
    }
    let calls = std::sync::Arc::new(AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&calls);
    let provider = CallbackProvider::new(
        "k",
        "n",
        |_, _| Ok(vec![0; MAX_WRAPPED_LEN + 1]),
        move |_, _| {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(vec![0; 32])
        },
    )
    .unwrap();
    let refused = provider.wrap("n", &SecretKey::generate().unwrap(), &CONTEXT).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::ProviderBadReply);
    let foreign = WrappedKey::new("another-account", vec![1; 60]);
    assert_eq!(provider.unwrap(&foreign, &CONTEXT).unwrap_err().code(), ErrorCode::ProviderWrongKey);
    assert_eq!(calls.load(Ordering::SeqCst), 0, "another key's entry never reaches the provider");
}

#[test]
fn debug_shows_no_secret() {
    let text = "canary horse battery";
    assert!(!format!("{:?}", passphrase(text)).contains("canary"));
    let local = LocalKeyProvider::new(SecretKey::from_slice(&[0x77; 32]).unwrap());
    assert!(!format!("{local:?}").contains("119"));
}
