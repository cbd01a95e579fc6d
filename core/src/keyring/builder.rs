//! Describing a keyring, then creating or opening it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};

use super::document::{Base64, Document, Hex32, IndexKeyEntry, MAX_PROVIDERS};
use super::environment::{Environment, NamedProvider, Wait, Waits};
use super::made::MadeKeys;
use super::open::Opened;
use super::refresh::Refresh;
use super::root::{RootKeys, WrappedAs};
use super::save::record_epoch;
use super::state::KeyState;
use super::{Allowed, DerivedCache, Inner, Keyring};
use crate::audit::{AuditEvent, AuditSink, AuditWriter, EventName};
use crate::clock::{Clock, SystemClock, UnixSeconds};
use crate::error::{Error, ErrorCode, Result, fail};
use crate::metrics::Metrics;
use crate::provider::{KeyProvider, check_key_name};
use crate::store::{GenerationPin, KeyStore, check_keyring_id};
use crate::suite::Backend;

const DEFAULT_REFRESH_AFTER: Duration = Duration::from_secs(60);
const DEFAULT_MAX_STALENESS: Duration = Duration::from_secs(3_600);
const DEFAULT_STORE_TIMEOUT: Duration = Duration::from_secs(5);
const DEFAULT_ROLLBACK_WINDOW: Duration = Duration::from_secs(90 * 86_400);

/// Describes a keyring. Needs at least one provider and a store; then [`create`](Self::create), [`open`](Self::open) or
/// [`recover`](Self::recover).
#[derive(Debug)]
#[must_use]
pub struct KeyringBuilder {
    id: String,
    providers: Vec<NamedProvider>,
    store: Option<Arc<dyn KeyStore>>,
    pin: PinChoice,
    clock: Arc<dyn Clock>,
    sinks: Vec<Arc<dyn AuditSink>>,
    refresh_after: Duration,
    max_staleness: Option<Duration>,
    store_timeout: Duration,
    rollback_window: Option<Duration>,
    cache_capacity: usize,
    accepted_identity: Option<[u8; 32]>,
    waits: Waits,
    backend: Backend,
}

#[derive(Debug)]
enum PinChoice {
    OfTheStore,
    Given(Arc<dyn GenerationPin>),
    None(String),
}

impl KeyringBuilder {
    pub(super) fn new(id: String) -> Self {
        Self {
            id,
            providers: Vec::new(),
            store: None,
            pin: PinChoice::OfTheStore,
            clock: Arc::new(SystemClock),
            sinks: Vec::new(),
            refresh_after: DEFAULT_REFRESH_AFTER,
            max_staleness: None,
            store_timeout: DEFAULT_STORE_TIMEOUT,
            rollback_window: None,
            cache_capacity: DerivedCache::DEFAULT_CAPACITY,
            accepted_identity: None,
            waits: Waits::default(),
            backend: Backend::default(),
        }
    }

    /// Adds a provider under a name of the caller's: `primary`, `second-region`, `escrow`. Up to 8; the first that has an entry in
    /// the document and can be reached opens it, and each wraps the root of a new keyring.
    pub fn provider(mut self, name: impl Into<String>, provider: impl KeyProvider + 'static) -> Self {
        self.providers.push(NamedProvider { name: name.into(), provider: Arc::new(provider) });
        self
    }

    /// Where the document is kept.
    pub fn store(mut self, store: impl KeyStore + 'static) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Where the newest generation is remembered, out of reach of whoever writes the store. The default is the store's own
    /// choice; [`FileStore`](crate::FileStore) keeps one in the user's state directory.
    pub fn pin(mut self, pin: impl GenerationPin + 'static) -> Self {
        self.pin = PinChoice::Given(Arc::new(pin));
        self
    }

    /// Goes without a pin: an older document is then refused within a process, but not after a restart. The reason is audited.
    pub fn no_pin(mut self, reason: impl Into<String>) -> Self {
        self.pin = PinChoice::None(reason.into());
        self
    }

    /// The clock; the system's by default.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Adds a sink of the audit log. Without one, nothing is logged.
    pub fn audit(mut self, sink: impl AuditSink + 'static) -> Self {
        self.sinks.push(Arc::new(sink));
        self
    }

    /// After how long the store is read again, in whole seconds; 1 s to `max_staleness`, 60 s by default.
    pub fn refresh_after(mut self, age: Duration) -> Self {
        self.refresh_after = age;
        self
    }

    /// For how long a process goes on encrypting without having read the store, in whole seconds; 1 h by default. A new keyring
    /// keeps it in its document; a process that opens one can only shorten it.
    pub fn max_staleness(mut self, age: Duration) -> Self {
        self.max_staleness = Some(age);
        self
    }

    /// How long a caller waits for the store where it must wait; 5 s by default.
    pub fn store_timeout(mut self, timeout: Duration) -> Self {
        self.store_timeout = timeout;
        self
    }

    /// For how long a new keyring lets a rotation be taken back, in whole seconds; 90 days by default. Kept in its document.
    pub fn rollback_window(mut self, window: Duration) -> Self {
        self.rollback_window = Some(window);
        self
    }

    /// How many derived keys the keyring keeps beside those of its handles; 1,024 by default, 0 for none.
    pub fn cache_capacity(mut self, keys: usize) -> Self {
        self.cache_capacity = keys;
        self
    }

    /// Runs `hook` around whatever a use of a key may wait for: a read of the store on the helper thread, the audit log. The hook
    /// calls what it is given once. For hosts with a lock of their own, such as Python's interpreter lock: without it released, a store
    /// or sink that is written in Python and runs on another thread would wait for the thread that waits for it.
    ///
    /// A hook that does not call it ends the wait at once: the event is lost (`audit_failures`); the read goes on, and what it finds is
    /// there for later calls. [`Wait`] tells which it is.
    pub fn around_waits(mut self, hook: impl Fn(Wait, &mut (dyn FnMut() + Send)) + Send + Sync + 'static) -> Self {
        self.waits = Waits::inside(hook);
        self
    }

    /// Which code encrypts and decrypts values; [`Backend::default`] unless named here. Handles of one document may differ in it.
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// Accepts a document whose root has this identity although the pin does not lead to it: after a recovery, or after a root
    /// was compromised. [`Keyring::root_identity`] has it, in a process that trusts the document.
    pub fn accept_identity(mut self, root_identity: [u8; 32]) -> Self {
        self.accepted_identity = Some(root_identity);
        self
    }

    /// Makes a new keyring: a root wrapped by every provider, one data key, one index key.
    ///
    /// # Errors
    ///
    /// - `KeyringExists`: the store has a document, or the pin remembers one, of this id;
    /// - `InvalidName`, `InvalidArgument`: the id, a provider's name, a duration, no provider, no store, or no pin and no
    ///   [`no_pin`](Self::no_pin); `ReasonRequired`; `BackendUnavailable`;
    /// - what a provider, the store or the pin gives. Nothing is left behind then.
    pub fn create(self) -> Result<Keyring> {
        let max_staleness = seconds(self.max_staleness.unwrap_or(DEFAULT_MAX_STALENESS), "max_staleness")?;
        let rollback_window = seconds(self.rollback_window.unwrap_or(DEFAULT_ROLLBACK_WINDOW), "rollback_window")?;
        let (environment, pin) = self.environment()?;
        let now = environment.check_clock()?;
        let remembered = environment.pin.as_ref().map(|pin| pin.read(&environment.id)).transpose()?.flatten();
        if environment.store.load(&environment.id)?.is_some() || remembered.is_some() {
            return fail(ErrorCode::KeyringExists, environment.id);
        }
        let mut made = MadeKeys::default();
        let document = new_document(&environment, max_staleness, rollback_window, now, &mut made);
        let (document, root) = match document {
            Ok(both) => both,
            Err(error) => {
                made.discard(&environment);
                return Err(error);
            }
        };
        let stored = document.seal(&root.document)?;
        let tag = stored.tag;
        let opened = Opened::of(document, stored.clone(), root);
        if let Err(error) = environment.write(None, &stored, &opened.pinned_state()) {
            made.settle(&environment, Some(&tag));
            return match error.code() {
                ErrorCode::StoreConflict => Err(Error::with_detail(ErrorCode::KeyringExists, environment.id.clone())),
                _ => Err(error),
            };
        }
        let keyring = Keyring::of(environment, opened)?;
        keyring.audit(&AuditEvent::new(EventName::KeyringCreated).with("generation", 1).with("pin", pin));
        Ok(keyring)
    }

    /// Opens the keyring that the store holds: one provider call.
    ///
    /// # Errors
    ///
    /// - `KeyringNotFound`; `KeyringWrongId`, `KeyringMalformed`, `KeyringTooLarge`, `KeyringVersion`: seen before any
    ///   provider is called;
    /// - `NoMatchingProvider`, `ProviderMismatch`, and what the provider gives: `ProviderWrongKey` for a wrong passphrase;
    /// - `AuthenticationFailed`: the document was edited;
    /// - `KeyringRolledBack`, `KeyringForeign`: the pin remembers a newer document, or another keyring's;
    /// - `PinUnavailable`, `PinMalformed`, and what the store gives;
    /// - `BackendUnavailable`.
    pub fn open(self) -> Result<Keyring> {
        if self.rollback_window.is_some() {
            return fail(ErrorCode::InvalidArgument, "rollback_window stands in the document");
        }
        let accepted = self.accepted_identity;
        let (environment, pin) = self.environment()?;
        match environment.load_and_open(accepted.as_ref()) {
            Ok(opened) => {
                let keyring = Keyring::of(environment, opened)?;
                let event = AuditEvent::new(EventName::KeyringOpened);
                keyring.audit(&event.with("generation", keyring.inner.opened().document.generation).with("pin", pin));
                Ok(keyring)
            }
            Err(error) => {
                environment.audit(&AuditEvent::new(EventName::KeyringOpenFailed).with("code", error.code().as_str()));
                Err(error)
            }
        }
    }

    /// The environment, and what an event says of the pin.
    pub(super) fn environment(self) -> Result<(Environment, String)> {
        check_keyring_id(&self.id)?;
        let backend = self.backend.check()?;
        let Some(store) = self.store else { return fail(ErrorCode::InvalidArgument, "no store") };
        let names: HashSet<&str> = self.providers.iter().map(|provider| provider.name.as_str()).collect();
        if self.providers.is_empty() || self.providers.len() > MAX_PROVIDERS || names.len() != self.providers.len() {
            return fail(ErrorCode::InvalidArgument, "1 to 8 providers, each with a name of its own");
        }
        for provider in &self.providers {
            check_key_name(&provider.name)?;
        }
        let (pin, said) = match self.pin {
            PinChoice::Given(pin) => (Some(pin), "given".to_owned()),
            PinChoice::None(reason) => {
                super::lifecycle::check_reason(&reason)?;
                (None, format!("none: {reason}"))
            }
            PinChoice::OfTheStore => match store.default_pin()? {
                Some(pin) => (Some(pin), "of the store".to_owned()),
                None => return fail(ErrorCode::InvalidArgument, "this store brings no pin: give one, or name no_pin"),
            },
        };
        let max_staleness = self.max_staleness.map(|age| seconds(age, "max_staleness")).transpose()?.map(i64::from);
        let environment = Environment {
            id: self.id,
            writer: AuditWriter::new(self.sinks, Arc::clone(&self.clock))?,
            clock: self.clock,
            store,
            pin,
            providers: Mutex::new(self.providers),
            audit_key: ArcSwapOption::empty(),
            metrics: Metrics::new(),
            cache: DerivedCache::new(self.cache_capacity),
            refresh_after: i64::from(seconds(self.refresh_after, "refresh_after")?),
            max_staleness,
            store_timeout: self.store_timeout,
            waits: self.waits,
            backend,
        };
        Ok((environment, said))
    }
}

impl Keyring {
    pub(super) fn of(environment: Environment, opened: Opened) -> Result<Self> {
        let now = environment.clock.now();
        let snapshot = opened.snapshot(None, now)?;
        environment.audit_key.store(Some(Arc::new((opened.root.epoch, opened.root.audit.clone()))));
        let inner = Inner {
            environment,
            snapshot: ArcSwap::from_pointee(snapshot),
            opened: Mutex::new(opened),
            refresh: Refresh::default(),
        };
        Ok(Self { inner: Arc::new(inner), allowed: Allowed::default(), reader: None })
    }
}

impl Environment {
    /// The store's document, opened and held against the pin.
    fn load_and_open(&self, accepted: Option<&[u8; 32]>) -> Result<Opened> {
        // The pin first: it is raised after a document is durable, so an honest store is never behind what was read here.
        let pinned = self.pin.as_ref().map(|pin| pin.read(&self.id)).transpose()?.flatten();
        let Some(bytes) = self.store.load(&self.id)? else { return fail(ErrorCode::KeyringNotFound, self.id.clone()) };
        let opened = self.open_bytes(&bytes, false)?;
        let Some(pin) = &self.pin else { return Ok(opened) };
        let state = opened.pinned_state();
        match pinned {
            Some(pinned) => {
                opened.check_pin(&pinned, accepted)?;
                match pinned.root_identity != state.root_identity && accepted == Some(&state.root_identity) {
                    true => pin.accept_recovered(&state)?,
                    false => pin.raise(&state)?,
                }
            }
            None => {
                self.audit(&AuditEvent::new(EventName::PinMissing).with("generation", state.generation));
                pin.raise(&state)?;
            }
        }
        Ok(opened)
    }

    /// A fresh root for `epoch`, from the first provider that generates keys, else from the operating system.
    pub(super) fn new_root(&self, epoch: u32) -> Result<RootKeys> {
        RootKeys::new(&self.id, epoch, self.generate_key()?)
    }

    /// Adds an index key; returns its number.
    pub(super) fn add_index_key(&self, document: &mut Document, root: &RootKeys, now: UnixSeconds) -> Result<u32> {
        let number = document.index_keys.last().map_or(Some(1), |last| last.number.checked_add(1));
        let number = number.ok_or(ErrorCode::KeyringFull)?;
        let wrapped = Base64(root.wrap(WrappedAs::Index { number }, &self.generate_key()?)?);
        document.index_keys.push(IndexKeyEntry {
            number,
            created: now,
            epoch: root.epoch,
            last_epoch: None,
            wrapped: Some(wrapped),
        });
        Ok(number)
    }
}

fn new_document(
    environment: &Environment,
    max_staleness: u32,
    rollback_window: u32,
    now: UnixSeconds,
    made: &mut MadeKeys,
) -> Result<(Document, RootKeys)> {
    let providers = environment.providers();
    if providers.iter().all(|provider| provider.provider.is_recovery_only()) {
        return fail(ErrorCode::InvalidArgument, "every provider is for recovery only");
    }
    let root = environment.new_root(1)?;
    let mut document = Document::new(&environment.id, max_staleness, rollback_window);
    document.generation = 1;
    document.root_identity = Hex32(root.identity());
    for provider in &providers {
        document.providers.push(environment.wrap_root(provider, &root, made)?);
    }
    environment.add_index_key(&mut document, &root, now)?;
    let version = environment.add_version(&mut document, &root, now, KeyState::Active)?;
    document.schedule.push(super::schedule::Entry { version, time: now, at_once: true });
    record_epoch(&mut document);
    Ok((document, root))
}

/// Whole seconds, 1 to 2^32 - 1.
fn seconds(duration: Duration, what: &str) -> Result<u32> {
    match u32::try_from(duration.as_secs()) {
        Ok(seconds) if seconds > 0 => Ok(seconds),
        _ => fail(ErrorCode::InvalidArgument, format!("{what}: 1 to 4,294,967,295 seconds")),
    }
}
