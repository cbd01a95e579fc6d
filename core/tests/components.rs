//! Providers that need no service, held to the rules for components.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[cfg(unix)]
#[path = "services/fork.rs"]
mod fork;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fieldward::conformance::provider::{Component, Report, Situation};
use fieldward::{
    CachedProvider, CallbackProvider, Error, ErrorCode, KeyProvider, LocalKeyDirectory, LocalKeyProvider,
    PassphraseProvider, Result, RetryingProvider, SecretBytes, SecretKey, WrapContext, WrappedKey,
};

const NO_COMPONENT: &str = "nothing stands behind it that could";

fn never<'a>(mut component: Component<'a>, situations: &[Situation]) -> Component<'a> {
    for situation in situations {
        component = component.never(*situation, NO_COMPONENT);
    }
    component
}

/// In a forked child, where there are any.
fn forks(component: Component<'_>) -> Component<'_> {
    #[cfg(unix)]
    return component.forks(|work| fork::holds_in_a_child(work));
    #[cfg(not(unix))]
    return component.never(Situation::Forked, "no fork on this system");
}

fn counts(report: &Report) -> (usize, usize) {
    (report.checked.len(), report.impossible.len())
}

const ALL_BUT_OTHER_KEY: [Situation; 7] = [
    Situation::Disabled,
    Situation::Denied,
    Situation::Slow,
    Situation::Oversized,
    Situation::Malformed,
    Situation::Restarted,
    Situation::Deleted,
];

fn local(byte: u8) -> LocalKeyProvider {
    LocalKeyProvider::new(SecretKey::from_slice(&[byte; 32]).unwrap())
}

#[test]
fn a_local_key_and_a_passphrase() {
    let component = Component::new(local(1)).meets(Situation::OtherKey, || Arc::new(local(2)));
    assert_eq!(counts(&forks(never(component, &ALL_BUT_OTHER_KEY)).check().unwrap()), (2, 7));
    let passphrase = |text: &str| {
        let made = PassphraseProvider::new("safe", SecretBytes::new(text.as_bytes().to_vec())).unwrap();
        made.iterations(100_000).unwrap()
    };
    let component = Component::new(passphrase("correct horse battery"))
        .meets(Situation::OtherKey, || Arc::new(passphrase("another horse battery")));
    assert_eq!(counts(&forks(never(component, &ALL_BUT_OTHER_KEY)).check().unwrap()), (2, 7));
}

#[test]
fn a_directory_of_keys() {
    let directory = tempfile::tempdir().unwrap();
    let keys = |name: &str| LocalKeyDirectory::new(directory.path(), name).unwrap();
    keys("root").make_key("root").unwrap();
    keys("other").make_key("other").unwrap();
    let component = Component::new(keys("root")).meets(Situation::OtherKey, || Arc::new(keys("other"))).meets(
        Situation::Deleted,
        || {
            keys("root").destroy_key("root").unwrap();
            Arc::new(keys("root"))
        },
    );
    let report = forks(never(component, &ALL_BUT_OTHER_KEY[..6])).check().unwrap();
    assert_eq!(counts(&report), (3, 6));
}

/// What a program's own client may say, by way of two functions.
fn callback(key: u8, says: impl Fn(Vec<u8>) -> Result<Vec<u8>> + Send + Sync + 'static) -> CallbackProvider {
    let (wraps, unwraps) = (local(key), local(key));
    let name = wraps.key_name();
    let wrap = move |secret: &[u8], context: &WrapContext<'_>| {
        let wrapped = wraps.wrap(&wraps.key_name(), &SecretKey::from_slice(secret)?, context)?;
        Ok(wrapped.ciphertext)
    };
    let unwrap = move |ciphertext: &[u8], context: &WrapContext<'_>| {
        let entry = WrappedKey::new(unwraps.key_name(), ciphertext.to_vec());
        says(unwraps.unwrap(&entry, context)?.expose().to_vec())
    };
    CallbackProvider::new("callback", &name, wrap, unwrap).unwrap()
}

fn failing(code: ErrorCode) -> Arc<dyn KeyProvider> {
    Arc::new(callback(1, move |_| Err(Error::new(code))))
}

/// Every situation, of a provider that is made by `around` of a callback.
fn with_all<'a, P: KeyProvider + 'static>(around: impl Fn(CallbackProvider) -> P + Copy + 'a) -> Component<'a> {
    let away = Arc::new(AtomicBool::new(false));
    let said = Arc::clone(&away);
    let says = move |secret| match said.load(Ordering::SeqCst) {
        false => Ok(secret),
        true => Err(Error::new(ErrorCode::ProviderUnavailable)),
    };
    let (stop, start) = (Arc::clone(&away), away);
    let component = Component::new(around(callback(1, says)))
        .meets(Situation::OtherKey, move || Arc::new(around(callback(2, Ok))))
        .meets(Situation::Disabled, move || {
            Arc::new(around(callback(1, |_| Err(Error::new(ErrorCode::ProviderDenied)))))
        })
        .meets(Situation::Denied, || failing(ErrorCode::ProviderDenied))
        .meets(Situation::Slow, || failing(ErrorCode::ProviderUnavailable))
        .meets(Situation::Oversized, move || Arc::new(around(callback(1, |_| Ok(vec![1; 100_000])))))
        .meets(Situation::Malformed, move || Arc::new(around(callback(1, |_| Ok(Vec::new())))))
        .meets(Situation::Deleted, || failing(ErrorCode::ProviderWrongKey))
        .restarts(move || stop.store(true, Ordering::SeqCst), move || start.store(false, Ordering::SeqCst));
    forks(component)
}

#[test]
fn two_functions_and_what_is_wrapped_around_them() {
    assert_eq!(counts(&with_all(|callback| callback).check().unwrap()), (9, 0));
    assert_eq!(counts(&with_all(CachedProvider::new).check().unwrap()), (9, 0));
    let retrying = |callback| RetryingProvider::new(callback).attempts(2).unwrap();
    assert_eq!(counts(&with_all(retrying).check().unwrap()), (9, 0));
}

#[test]
fn what_is_not_described_fails() {
    let component = Component::new(local(1)).meets(Situation::OtherKey, || Arc::new(local(2)));
    let failure = component.check().unwrap_err();
    assert_eq!(failure.rule(), "every situation is described, or said to be impossible");
    // A provider that opens with any key is found out.
    let careless = Component::new(local(1)).meets(Situation::OtherKey, || Arc::new(local(1)));
    assert_eq!(careless.check().unwrap_err().rule(), "another key opens nothing");
}
