#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::conformance::provider::check;
use crate::error::Error;
use crate::provider::LocalKeyProvider;

const CONTEXT: WrapContext<'static> = WrapContext::root("clinic", 1);

thread_local! {
    static WAITS: RefCell<Vec<Duration>> = const { RefCell::new(Vec::new()) };
}

fn note(wait: Duration) {
    WAITS.with_borrow_mut(|waits| waits.push(wait));
}

/// Fails with one code a number of times.
#[derive(Debug)]
struct Failing {
    code: ErrorCode,
    times: usize,
    calls: AtomicUsize,
}

impl Failing {
    fn call(&self) -> Result<()> {
        match self.calls.fetch_add(1, Ordering::SeqCst) < self.times {
            true => Err(Error::new(self.code)),
            false => Ok(()),
        }
    }
}

impl KeyProvider for Failing {
    fn kind(&self) -> &str {
        "failing"
    }
    fn key_name(&self) -> String {
        "x".into()
    }
    fn wrap(&self, key_name: &str, _: &SecretKey, _: &WrapContext<'_>) -> Result<WrappedKey> {
        self.call().map(|()| WrappedKey::new(key_name, vec![1]))
    }
    fn unwrap(&self, _: &WrappedKey, _: &WrapContext<'_>) -> Result<SecretKey> {
        self.call().and_then(|()| SecretKey::generate())
    }
    fn generate(&self) -> Result<Option<SecretKey>> {
        self.call().map(|()| None)
    }
    fn can_make_keys(&self) -> bool {
        true
    }
    fn make_key(&self, _: &str) -> Result<()> {
        self.call()
    }
    fn destroy_key(&self, _: &str) -> Result<()> {
        self.call()
    }
}

fn retrying(code: ErrorCode, times: usize) -> RetryingProvider<Failing> {
    RetryingProvider::new(Failing { code, times, calls: AtomicUsize::new(0) }).waiting(note)
}

fn calls(provider: &RetryingProvider<Failing>) -> usize {
    provider.inner.calls.load(Ordering::SeqCst)
}

#[test]
fn a_retrying_provider_conforms() {
    check(&RetryingProvider::new(LocalKeyProvider::new(SecretKey::generate().unwrap()))).unwrap();
}

#[test]
fn only_retryable_errors_are_tried_again() {
    let secret = SecretKey::generate().unwrap();
    for code in ErrorCode::ALL {
        let provider = retrying(*code, 2);
        let outcomes = [
            provider.wrap("x", &secret, &CONTEXT).is_ok(),
            retrying(*code, 2).unwrap(&WrappedKey::new("x", vec![1]), &CONTEXT).is_ok(),
            retrying(*code, 2).generate().is_ok(),
            retrying(*code, 2).destroy_key("x").is_ok(),
        ];
        assert_eq!(outcomes, [code.is_retryable(); 4], "{code:?}");
        assert_eq!(calls(&provider), if code.is_retryable() { 3 } else { 1 });
    }
}

#[test]
fn attempts_and_waiting_are_bounded() {
    for attempts in [1_u32, 4, 10] {
        WAITS.take();
        let provider = retrying(ErrorCode::ProviderUnavailable, usize::MAX).attempts(attempts).unwrap();
        assert_eq!(provider.destroy_key("x").unwrap_err().code(), ErrorCode::ProviderUnavailable);
        assert_eq!(calls(&provider), attempts as usize);
        let waits = WAITS.take();
        assert_eq!(waits.len(), attempts as usize - 1);
        for (at, wait) in waits.iter().enumerate() {
            assert!(*wait <= (FIRST_WAIT * (1 << at)).min(LONGEST_WAIT), "{at}: {wait:?}");
        }
    }
    let provider = retrying(ErrorCode::ProviderUnavailable, usize::MAX).max_wait(Duration::ZERO).unwrap();
    assert!(provider.destroy_key("x").is_err());
    assert!(calls(&provider) <= 2, "a draw of zero alone may wait for nothing");
    let bounded = || retrying(ErrorCode::ProviderUnavailable, 0);
    assert!(bounded().attempts(0).is_err() && bounded().attempts(11).is_err());
    assert!(bounded().max_wait(Duration::from_secs(601)).is_err());
}

#[test]
fn waits_are_drawn() {
    let waits: std::collections::BTreeSet<Duration> = (0..64).map(|_| jitter(LONGEST_WAIT).unwrap()).collect();
    assert!(waits.len() > 60 && *waits.last().unwrap() <= LONGEST_WAIT);
    assert!(waits.iter().any(|wait| *wait < LONGEST_WAIT / 2) && waits.iter().any(|wait| *wait > LONGEST_WAIT / 2));
}

#[test]
fn making_a_key_is_not_tried_again() {
    let provider = retrying(ErrorCode::ProviderUnavailable, 1);
    assert!(provider.make_key("x").is_err());
    assert_eq!(calls(&provider), 1);
}
