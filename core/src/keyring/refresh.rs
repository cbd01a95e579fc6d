//! Learning what other processes saved: read again when old, or when an unknown key id turns up.

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::Guard;

use super::document::{Document, head};
use super::environment::Wait;
use super::open::Opened;
use super::snapshot::Snapshot;
use super::{Inner, Keyring, Parent};
use crate::audit::{AuditEvent, EventName};
use crate::clock::UnixSeconds;
use crate::envelope::KeyId;
use crate::error::{Error, ErrorCode, Result, fail};
use crate::metrics::KeyringCounter;
use crate::secret::constant_time_eq;

/// How many re-reads unknown key ids may cause at once; one more each second of real time.
const UNKNOWN_BURST: u32 = 8;
/// The pause between two attempts that fail, in real time.
const PAUSE: Duration = Duration::from_secs(1);

/// One re-read at a time, on a helper thread.
#[derive(Default)]
pub(super) struct Refresh {
    /// The process whose helper thread is reading, or 0. A forked child finds its parent's number and starts its own.
    reading: AtomicU32,
    attempts: Mutex<Attempts>,
    finished: Condvar,
    stale_reported: AtomicBool,
}

#[derive(Default)]
struct Attempts {
    finished: u64,
    failed_at: Option<Instant>,
    unknown: Bucket,
}

/// Tokens for re-reads that whoever writes the database can cause.
struct Bucket {
    tokens: u32,
    filled: Option<Instant>,
}

impl Default for Bucket {
    fn default() -> Self {
        Self { tokens: UNKNOWN_BURST, filled: None }
    }
}

impl Bucket {
    fn take(&mut self, now: Instant) -> bool {
        let filled = *self.filled.get_or_insert(now);
        let earned = u32::try_from(now.saturating_duration_since(filled).as_secs()).unwrap_or(u32::MAX);
        if earned > 0 {
            self.tokens = self.tokens.saturating_add(earned).min(UNKNOWN_BURST);
            self.filled = Some(now);
        }
        let taken = self.tokens > 0;
        self.tokens = self.tokens.saturating_sub(1);
        taken
    }
}

/// A snapshot and the moment at which it was asked for: one reading of the clock for each use of a key.
pub(crate) struct View {
    snapshot: Guard<Arc<Snapshot>>,
    /// Seconds since 1970.
    pub(crate) now: UnixSeconds,
}

impl View {
    /// Seconds since the snapshot was verified. A clock that was set back makes it old as well.
    fn age(&self) -> i64 {
        self.now.saturating_sub(self.snapshot.verified_at()).saturating_abs()
    }
}

impl Deref for View {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl Keyring {
    /// Reads the store now, on this thread; returns whether there was a newer document.
    ///
    /// # Errors
    ///
    /// What the store and, after a new epoch, the provider give; `KeyringNotFound`; `KeyringRolledBack`, `KeyringForeign`,
    /// `AuthenticationFailed` and the like if the document there must not be followed. The one that is open stays in use.
    pub fn refresh(&self) -> Result<bool> {
        self.inner.refresh_now()
    }
}

impl Inner {
    /// The snapshot as it is; a helper thread is sent to read if it is old.
    pub(super) fn at_hand(self: &Arc<Self>) -> View {
        let view = self.view();
        if view.age() > self.environment.refresh_after {
            self.start_reading();
        }
        view
    }

    /// A snapshot that was verified within `max_staleness`.
    pub(super) fn fresh(self: &Arc<Self>) -> Result<View> {
        let view = self.view();
        let age = view.age();
        if age <= self.environment.refresh_after {
            return Ok(view);
        }
        if age <= self.max_staleness(&view) {
            self.start_reading();
            return Ok(view);
        }
        self.read_and_wait();
        let view = self.view();
        if view.age() <= self.max_staleness(&view) {
            return Ok(view);
        }
        self.environment.metrics.count(KeyringCounter::StaleRefusals);
        if !self.refresh.stale_reported.swap(true, Ordering::Relaxed) {
            self.environment.audit(&AuditEvent::new(EventName::KeyringStale).with("age", view.age()));
        }
        Err(Error::new(ErrorCode::KeyringStale))
    }

    /// A snapshot that knows `id`, if the store does.
    pub(super) fn knowing(self: &Arc<Self>, id: KeyId) -> View {
        let view = self.at_hand();
        if view.data_key(id).is_some() {
            return view;
        }
        let may_read = self.attempts().unknown.take(Instant::now());
        if !may_read {
            return view;
        }
        self.read_and_wait();
        self.view()
    }

    fn view(&self) -> View {
        View { snapshot: self.snapshot.load(), now: self.environment.clock.now() }
    }

    fn max_staleness(&self, snapshot: &Snapshot) -> i64 {
        snapshot.max_staleness.min(self.environment.max_staleness.unwrap_or(i64::MAX))
    }

    fn attempts(&self) -> std::sync::MutexGuard<'_, Attempts> {
        self.refresh.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a helper thread to read, unless one is on its way or one has just failed.
    fn start_reading(self: &Arc<Self>) {
        let me = std::process::id();
        let reading = self.refresh.reading.load(Ordering::Acquire);
        if reading == me || self.attempts().failed_at.is_some_and(|at| at.elapsed() < PAUSE) {
            return;
        }
        if self.refresh.reading.compare_exchange(reading, me, Ordering::AcqRel, Ordering::Acquire).is_err() {
            return;
        }
        let keyring: Weak<Self> = Arc::downgrade(self);
        let started = thread::Builder::new().name("fieldward-refresh".into()).spawn(move || {
            if let Some(keyring) = keyring.upgrade() {
                let _done = Done(&keyring);
                let _ = keyring.refresh_now();
            }
        });
        if started.is_err() {
            drop(Done(self));
        }
    }

    /// Waits, up to `store_timeout`, for the read under way or one started now.
    fn read_and_wait(self: &Arc<Self>) {
        let before = self.attempts().finished;
        self.start_reading();
        if self.refresh.reading.load(Ordering::Acquire) == 0 {
            return;
        }
        let timeout = self.environment.store_timeout;
        self.environment.waits.run(Wait::Read, || {
            let attempts = self.attempts();
            drop(self.refresh.finished.wait_timeout_while(attempts, timeout, |attempts| attempts.finished == before));
        });
    }

    fn refresh_now(&self) -> Result<bool> {
        self.environment.metrics.count(KeyringCounter::Refreshes);
        // The store is asked without the lock: one that stalls holds up nobody else.
        let before = self.opened().tag;
        let loaded = self.environment.store.load(&self.environment.id);
        let mut opened = self.opened();
        let result = match opened.tag == before {
            true => self.follow(&mut opened, loaded),
            // This process saved in the meantime: what was loaded may be older, and honestly so.
            false => self.reload(&mut opened),
        };
        drop(opened);
        self.attempts().failed_at = result.as_ref().err().map(|_| Instant::now());
        if result.is_err() {
            self.environment.metrics.count(KeyringCounter::RefreshFailures);
        }
        result
    }

    /// Reads the store under the lock of `opened`, before or after a change.
    pub(super) fn reload(&self, opened: &mut Opened) -> Result<bool> {
        self.follow(opened, self.environment.store.load(&self.environment.id))
    }

    fn follow(&self, opened: &mut Opened, loaded: Result<Option<Vec<u8>>>) -> Result<bool> {
        let event = |name, code: ErrorCode| AuditEvent::new(name).with("operation", "load").with("code", code.as_str());
        let bytes = match loaded {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                self.environment.audit(&event(EventName::StoreFailed, ErrorCode::KeyringNotFound));
                return fail(ErrorCode::KeyringNotFound, self.environment.id.clone());
            }
            Err(error) => {
                self.environment.audit(&event(EventName::StoreFailed, error.code()));
                return Err(error);
            }
        };
        let adopted = self.adopt(opened, &bytes);
        if let Err(error) = &adopted {
            self.environment.audit(&event(EventName::DocumentRefused, error.code()));
        }
        adopted
    }

    /// Follows a document that was read from the store, if it comes after the one that is open.
    fn adopt(&self, opened: &mut Opened, bytes: &[u8]) -> Result<bool> {
        let now = self.environment.clock.now();
        if *bytes == *opened.bytes {
            self.snapshot.load().mark_verified(now);
            self.refresh.stale_reported.store(false, Ordering::Relaxed);
            return Ok(false);
        }
        let head = head(bytes, &self.environment.id)?;
        let next = match constant_time_eq(&head.root_identity.0, &opened.root.identity()) {
            true => {
                let (document, tag) = Document::open(bytes, &opened.root.document)?;
                Opened { document, tag, bytes: bytes.into(), root: opened.root.clone() }
            }
            // Before the MAC is verified the epoch can only be believed to be too old.
            false if head.epoch <= opened.root.epoch => {
                return fail(ErrorCode::KeyringRolledBack, format!("epoch {}", head.epoch));
            }
            false => {
                let next = self.environment.open_bytes(bytes, false)?;
                match next.descends_from(&opened.root.identity(), opened.root.epoch)? {
                    true => next,
                    false => return fail(ErrorCode::KeyringForeign, format!("epoch {}", head.epoch)),
                }
            }
        };
        let generation = next.document.generation;
        if generation <= opened.document.generation || next.document.epoch < opened.document.epoch {
            return fail(ErrorCode::KeyringRolledBack, format!("generation {generation}"));
        }
        let snapshot = next.snapshot(Some(&self.snapshot.load()), now)?;
        if let Some(pin) = &self.environment.pin {
            pin.raise(&next.pinned_state())?;
        }
        *opened = next;
        self.install(opened, snapshot);
        self.environment.audit(&AuditEvent::new(EventName::KeyringRefreshed).with("generation", generation));
        Ok(true)
    }

    /// Makes `snapshot` the one that every handle sees, and wipes derived keys whose parent is gone.
    pub(super) fn install(&self, opened: &Opened, snapshot: Snapshot) {
        let snapshot = Arc::new(snapshot);
        self.snapshot.store(Arc::clone(&snapshot));
        self.environment.audit_key.store(Some(Arc::new((opened.root.epoch, opened.root.audit.clone()))));
        self.refresh.stale_reported.store(false, Ordering::Relaxed);
        self.environment.cache.retain(|parent| match parent {
            Parent::Data(id) => snapshot.data_key(id).is_some_and(|key| key.key().is_some()),
            Parent::Index(number) => snapshot.index_key(number).is_ok(),
        });
    }
}

/// Tells those who wait that a read has ended, however it ended.
struct Done<'a>(&'a Inner);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.refresh.reading.store(0, Ordering::Release);
        self.0.attempts().finished += 1;
        self.0.refresh.finished.notify_all();
    }
}

impl fmt::Debug for Refresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refresh").finish_non_exhaustive()
    }
}
