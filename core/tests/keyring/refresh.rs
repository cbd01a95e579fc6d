//! What other processes saved, learned in time and without waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fieldward::{
    ErrorCode, Keyring, KeyringBuilder, LocalKeyProvider, ManualClock, MemorySink, RotateOptions, SecretKey, Wait,
};

use crate::common::{START, bytes, code, patients, record, text};
use crate::doubles::{Mood, Moody};

struct Site {
    store: Arc<Moody>,
    clock: ManualClock,
    key: SecretKey,
}

impl Site {
    fn new() -> (Self, Keyring) {
        let site = Self { store: Moody::new(), clock: ManualClock::new(START), key: SecretKey::generate().unwrap() };
        let keyring = site.builder().create().unwrap();
        (site, keyring)
    }

    fn builder(&self) -> KeyringBuilder {
        Keyring::builder("app")
            .provider("p", LocalKeyProvider::new(self.key.clone()))
            .store(Arc::clone(&self.store))
            .no_pin("test")
            .clock(self.clock.clone())
            .store_timeout(Duration::from_millis(200))
    }
}

fn seal(keyring: &Keyring) -> fieldward::Result<Vec<u8>> {
    let note = keyring.field(&patients(), None, "note").unwrap();
    note.encrypt(Some(&text("x")), Some(&record("1"))).map(|stored| bytes(&stored))
}

fn open(keyring: &Keyring, sealed: &[u8]) -> fieldward::Result<()> {
    let note = keyring.field(&patients(), None, "note").unwrap();
    note.decrypt(fieldward::StoredRef::Bytes(sealed), Some(&record("1"))).map(drop)
}

/// Waits, in real time, for something that a helper thread does.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_process_that_only_writes_learns_of_a_compromised_key() {
    let (site, keyring) = Site::new();
    let writer = site.builder().open().unwrap();
    let old = fieldward::inspect(&seal(&writer).unwrap()).unwrap().header.key_id;
    keyring.mark_compromised(1, "leaked").unwrap();
    site.clock.advance(60);
    assert_eq!(fieldward::inspect(&seal(&writer).unwrap()).unwrap().header.key_id, old, "not before refresh_after");
    site.clock.advance(1);
    eventually("the writer learns", || fieldward::inspect(&seal(&writer).unwrap()).unwrap().header.key_id != old);
}

#[test]
fn an_unknown_key_id_is_looked_up_at_once() {
    let (site, keyring) = Site::new();
    let reader = site.builder().open().unwrap();
    keyring.rotate(RotateOptions::activate_immediately()).unwrap();
    let sealed = seal(&keyring).unwrap();
    open(&reader, &sealed).unwrap();
    assert_eq!(reader.status().unwrap().versions.len(), 2);
}

#[test]
fn unknown_key_ids_cannot_flood_the_store() {
    let (site, keyring) = Site::new();
    let mut sealed = seal(&keyring).unwrap();
    let before = site.store.loads();
    for id in 0_u8..=200 {
        sealed[1..5].copy_from_slice(&[0xfe, 0xfe, 0xfe, id]);
        assert_eq!(code(open(&keyring, &sealed)), ErrorCode::KeyUnknown);
    }
    let loads = site.store.loads() - before;
    assert!((1..=40).contains(&loads), "{loads} loads for 201 unknown ids");
}

#[test]
fn past_max_staleness_encryption_stops_and_decryption_goes_on() {
    let (site, keyring) = Site::new();
    let sealed = seal(&keyring).unwrap();
    site.store.set(Mood::Down);
    site.clock.advance(3_600);
    seal(&keyring).unwrap();
    site.clock.advance(1);
    let error =
        keyring.field(&patients(), None, "note").unwrap().encrypt(Some(&text("x")), Some(&record("1"))).unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (ErrorCode::KeyringStale, true));
    let number = keyring.field(&patients(), None, "number").unwrap();
    assert_eq!(code(number.tokens(&text("x"))), ErrorCode::KeyringStale);
    open(&keyring, &sealed).unwrap();
    site.store.set(Mood::Good);
    eventually("it recovers", || seal(&keyring).is_ok());
}

#[test]
fn a_process_only_shortens_max_staleness() {
    let (site, _) = Site::new();
    let shorter = site.builder().max_staleness(Duration::from_secs(100)).open().unwrap();
    let longer = site.builder().max_staleness(Duration::from_secs(1_000_000)).open().unwrap();
    site.store.set(Mood::Down);
    site.clock.advance(101);
    assert_eq!(code(seal(&shorter)), ErrorCode::KeyringStale);
    assert!(seal(&longer).is_ok());
    site.clock.advance(3_600);
    assert_eq!(code(seal(&longer)), ErrorCode::KeyringStale);
}

#[test]
fn a_stalled_store_holds_nobody_below_max_staleness() {
    let (site, keyring) = Site::new();
    let sealed = seal(&keyring).unwrap();
    site.store.set(Mood::Stalled(Duration::from_secs(3)));
    site.clock.advance(100);
    let start = Instant::now();
    for _ in 0..100 {
        seal(&keyring).unwrap();
        open(&keyring, &sealed).unwrap();
    }
    // Past it, the wait is bounded by store_timeout (0.2 s here), not by the store's 3 s.
    site.clock.advance(3_600);
    assert_eq!(code(seal(&keyring)), ErrorCode::KeyringStale);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[test]
fn many_threads_cause_one_read() {
    let (site, keyring) = Site::new();
    let before = site.store.loads();
    site.store.set(Mood::Stalled(Duration::from_millis(50)));
    site.clock.advance(61);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| seal(&keyring).unwrap());
        }
    });
    eventually("the read ends", || site.store.loads() > before);
    thread::sleep(Duration::from_millis(100));
    assert_eq!(site.store.loads() - before, 1);
}

#[test]
fn a_document_rolled_back_underneath_is_not_followed() {
    let (site, keyring) = Site::new();
    let other = site.builder().open().unwrap();
    let old = fieldward::KeyStore::load(&*site.store, "app").unwrap().unwrap();
    keyring.rotate(RotateOptions::activate_immediately()).unwrap();
    other.refresh().unwrap();
    site.store.set(Mood::Serving(old));
    assert_eq!(code(other.refresh()), ErrorCode::KeyringRolledBack);
    assert_eq!(other.status().unwrap().versions.len(), 2, "what was verified stays in use");
    site.clock.advance(3_601);
    assert_eq!(code(seal(&other)), ErrorCode::KeyringStale, "a refused document is no refresh");
}

#[test]
fn a_clock_set_far_back_makes_the_knowledge_old() {
    let (site, keyring) = Site::new();
    site.clock.advance(-1_000_000);
    let before = site.store.loads();
    seal(&keyring).unwrap();
    assert!(site.store.loads() > before, "it was read again before it was used");
}

#[test]
fn another_writer_first_is_a_conflict_or_followed() {
    let (site, keyring) = Site::new();
    let other = site.builder().open().unwrap();
    keyring.rotate(RotateOptions::activate_immediately()).unwrap();
    // A life-cycle call reads first, so it builds on what is there.
    assert_eq!(other.rotate(RotateOptions::activate_immediately()).unwrap(), 3);
    site.store.set(Mood::FullBeforeWriting);
    assert_eq!(code(other.rotate(RotateOptions::activate_immediately())), ErrorCode::StoreFull);
    site.store.set(Mood::Good);
    assert_eq!(other.status().unwrap().versions.len(), 3, "nothing half done");
    site.store.set(Mood::LostAfterWriting);
    assert_eq!(code(other.rotate(RotateOptions::activate_immediately())), ErrorCode::StoreUnavailable);
    site.store.set(Mood::Good);
    assert_eq!(other.status().unwrap().versions.len(), 4, "what was written after all is what is in use");
}

#[test]
fn waits_run_inside_the_hosts_hook() {
    let (site, keyring) = Site::new();
    let waits = Arc::new(AtomicUsize::new(0));
    let (counted, store) = (Arc::clone(&waits), Arc::clone(&site.store));
    let hosted = site.builder().around_waits(move |what, wait| {
        assert_eq!(what, Wait::Read);
        counted.fetch_add(1, Ordering::SeqCst);
        store.set(Mood::Good);
        wait();
    });
    let hosted = hosted.store_timeout(Duration::from_secs(60)).open().unwrap();
    seal(&hosted).unwrap();
    assert_eq!(waits.load(Ordering::SeqCst), 0, "nothing to wait for");
    keyring.rotate(RotateOptions::activate_immediately()).unwrap();
    let sealed = seal(&keyring).unwrap();
    // the read cannot have ended before there is a wait
    site.store.set(Mood::Held);
    open(&hosted, &sealed).unwrap();
    assert_eq!(waits.load(Ordering::SeqCst), 1);
}

#[test]
fn a_hook_that_does_not_wait_ends_the_wait() {
    let (site, _) = Site::new();
    let sink = MemorySink::new();
    let hosted = site.builder().audit(sink.clone()).around_waits(|_, _| ()).open().unwrap();
    site.clock.advance(3_601);
    site.store.set(Mood::Down);
    assert_eq!(code(seal(&hosted)), ErrorCode::KeyringStale);
    assert_eq!(sink.lines(), Vec::<String>::new());
    assert!(hosted.metrics().snapshot().keyring["audit_failures"] >= 2, "lost events are counted");
}
