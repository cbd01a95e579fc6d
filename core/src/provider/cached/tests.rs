#![allow(clippy::unwrap_used)]

use std::cell::Cell;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::conformance::provider::check;
use crate::provider::{LocalKeyDirectory, LocalKeyProvider};

const CONTEXT: WrapContext<'static> = WrapContext::root("clinic", 1);

thread_local! {
    static LATER: Cell<u64> = const { Cell::new(0) };
}

/// Time as this thread moves it.
fn time() -> Instant {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    *START.get_or_init(Instant::now) + Duration::from_secs(LATER.get())
}

#[derive(Debug)]
struct Counted {
    inner: LocalKeyProvider,
    calls: AtomicUsize,
    away: AtomicBool,
    /// Calls wait here, where there is one.
    gate: Option<Barrier>,
}

impl Counted {
    fn new() -> Self {
        let inner = LocalKeyProvider::new(SecretKey::generate().unwrap());
        Self { inner, calls: AtomicUsize::new(0), away: AtomicBool::new(false), gate: None }
    }
}

impl KeyProvider for Counted {
    fn kind(&self) -> &str {
        "counted"
    }
    fn key_name(&self) -> String {
        self.inner.key_name()
    }
    fn wrap(&self, key_name: &str, secret: &SecretKey, context: &WrapContext<'_>) -> Result<WrappedKey> {
        self.inner.wrap(key_name, secret, context)
    }
    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext<'_>) -> Result<SecretKey> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if let Some(gate) = &self.gate {
            gate.wait();
        }
        if self.away.load(Ordering::SeqCst) {
            return fail(ErrorCode::ProviderUnavailable, "away");
        }
        self.inner.unwrap(wrapped, context)
    }
    fn can_make_keys(&self) -> bool {
        true
    }
    fn make_key(&self, _: &str) -> Result<()> {
        Ok(())
    }
    fn destroy_key(&self, _: &str) -> Result<()> {
        Ok(())
    }
}

fn cached() -> CachedProvider<Counted> {
    CachedProvider::new(Counted::new()).with_time(time)
}

fn wrapped(cached: &CachedProvider<Counted>) -> (SecretKey, WrappedKey) {
    let secret = SecretKey::generate().unwrap();
    let wrapped = cached.wrap(&cached.key_name(), &secret, &CONTEXT).unwrap();
    (secret, wrapped)
}

fn calls(cached: &CachedProvider<Counted>) -> usize {
    cached.inner.calls.load(Ordering::SeqCst)
}

#[test]
fn a_cached_provider_conforms() {
    check(&CachedProvider::new(LocalKeyProvider::new(SecretKey::generate().unwrap()))).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let keys = LocalKeyDirectory::new(directory.path(), "default").unwrap();
    keys.make_key("default").unwrap();
    check(&CachedProvider::new(keys)).unwrap();
}

#[test]
fn every_part_of_an_entry_counts() {
    let cached = cached();
    let (secret, whole) = wrapped(&cached);
    for _ in 0..3 {
        assert_eq!(cached.unwrap(&whole, &CONTEXT).unwrap(), secret);
    }
    assert_eq!(calls(&cached), 1);
    let mut others = vec![(whole.clone(), WrapContext::root("clinic", 2)), (whole.clone(), WrapContext::root("x", 1))];
    let mut other = whole.clone();
    other.key_name.push('x');
    others.push((other, CONTEXT));
    let mut other = whole.clone();
    other.ciphertext.push(0);
    others.push((other, CONTEXT));
    let mut other = whole;
    other.params.insert("a".into(), "b".into());
    others.push((other, CONTEXT));
    for (at, (wrapped, context)) in others.iter().enumerate() {
        assert!(cached.unwrap(wrapped, context).is_err());
        assert_eq!(calls(&cached), at + 2);
    }
}

#[test]
fn roots_expire_and_are_bounded() {
    let cached = cached().max_age(Duration::from_secs(10)).unwrap().capacity(2).unwrap();
    let entries: Vec<_> = (0..3).map(|_| wrapped(&cached).1).collect();
    let [one, two, three] = &entries[..] else { unreachable!() };
    let open = |wrapped: &WrappedKey| {
        let before = calls(&cached);
        cached.unwrap(wrapped, &CONTEXT).unwrap();
        calls(&cached) - before
    };
    assert_eq!((open(one), open(two), open(one), open(three)), (1, 1, 0, 1));
    assert_eq!((cached.len(), open(one), open(two)), (2, 0, 1), "the one used least recently went");
    LATER.set(9);
    assert_eq!(open(two), 0);
    LATER.set(10);
    assert_eq!((cached.len(), open(two)), (0, 1), "use does not prolong");
    cached.clear();
    assert_eq!(cached.len(), 0);
    for age in [Duration::ZERO, Duration::from_millis(999), Duration::from_secs(86_401)] {
        assert!(CachedProvider::new(Counted::new()).max_age(age).is_err());
    }
    assert!(CachedProvider::new(Counted::new()).capacity(0).is_err());
    assert!(CachedProvider::new(Counted::new()).capacity(1_025).is_err());
}

#[test]
fn threads_share_one_call() {
    for away in [false, true] {
        let mut counted = Counted::new();
        counted.gate = Some(Barrier::new(2));
        counted.away = AtomicBool::new(away);
        let cached = CachedProvider::new(counted);
        let (secret, wrapped) = wrapped(&cached);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| cached.unwrap(&wrapped, &CONTEXT))).collect();
            // Seven wait for the flight of the eighth.
            let waiting = || {
                let state = cached.state.lock().unwrap();
                state.flights.values().next().map_or(0, Arc::strong_count)
            };
            while waiting() != 2 + 7 {
                std::thread::yield_now();
            }
            cached.inner.gate.as_ref().unwrap().wait();
            for thread in threads {
                match thread.join().unwrap() {
                    Ok(opened) => assert!(!away && opened == secret),
                    Err(error) => assert!(away && error.code() == ErrorCode::ProviderUnavailable),
                }
            }
        });
        assert_eq!(calls(&cached), 1);
    }
}

#[test]
fn failures_are_not_kept() {
    let cached = cached();
    let (secret, wrapped) = wrapped(&cached);
    cached.inner.away.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        assert_eq!(cached.unwrap(&wrapped, &CONTEXT).unwrap_err().code(), ErrorCode::ProviderUnavailable);
    }
    cached.inner.away.store(false, Ordering::SeqCst);
    assert_eq!(cached.unwrap(&wrapped, &CONTEXT).unwrap(), secret);
    assert_eq!(calls(&cached), 3);
}

#[test]
fn destroying_a_key_wipes_what_it_opened() {
    let cached = cached();
    let (_, wrapped) = wrapped(&cached);
    cached.unwrap(&wrapped, &CONTEXT).unwrap();
    cached.destroy_key("another").unwrap();
    assert_eq!(cached.len(), 1);
    cached.destroy_key(&wrapped.key_name).unwrap();
    assert_eq!(cached.len(), 0);
}

#[test]
fn a_call_that_panics_keeps_nobody_waiting() {
    #[derive(Debug)]
    struct Panics;
    impl KeyProvider for Panics {
        fn kind(&self) -> &str {
            "panics"
        }
        fn key_name(&self) -> String {
            "x".into()
        }
        fn wrap(&self, _: &str, _: &SecretKey, _: &WrapContext<'_>) -> Result<WrappedKey> {
            Ok(WrappedKey::new("x", vec![1]))
        }
        fn unwrap(&self, _: &WrappedKey, _: &WrapContext<'_>) -> Result<SecretKey> {
            std::panic::resume_unwind(Box::new("the provider's own fault"))
        }
    }
    let cached = CachedProvider::new(Panics);
    for _ in 0..2 {
        let call = || cached.unwrap(&WrappedKey::new("x", vec![1]), &CONTEXT);
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).is_err());
    }
    assert!(cached.state.lock().unwrap().flights.is_empty());
}
