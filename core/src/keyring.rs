//! Versioned keys with a life cycle, kept in one authenticated document.
//!
//! A [`Keyring`] is made once with [`KeyringBuilder::create`] and opened with [`KeyringBuilder::open`]: one provider call,
//! whatever its age. Handles are cheap to clone, `Send + Sync`, and read an immutable snapshot without a lock.
//!
//! | to | call |
//! |---|---|
//! | encrypt, decrypt, search | [`Keyring::records`], [`Keyring::field`] |
//! | change the key every 90 days | [`Keyring::rotate`], [`Keyring::rollback`] |
//! | set a key aside | [`Keyring::suspend`], [`Keyring::resume`], [`Keyring::mark_compromised`], [`Keyring::mark_root_compromised`] |
//! | erase | [`Keyring::destroy`] |
//! | change providers | [`Keyring::add_provider`], [`Keyring::replace_provider`], [`Keyring::remove_provider`] |
//! | survive the loss of the store | [`Keyring::export`], [`KeyringBuilder::recover`] |
//! | look | [`Keyring::status`], [`Keyring::metrics`], [`Keyring::audit_keys`] |
//!
//! `spec/keyring.md` has the document's form and every rule.

mod builder;
mod cache;
mod calls;
mod destroy;
mod document;
mod environment;
mod epoch;
#[cfg(any(test, feature = "golden"))]
pub(crate) mod golden;
mod lifecycle;
mod made;
mod open;
mod providers;
mod recover;
mod refresh;
mod root;
mod save;
mod schedule;
mod snapshot;
mod state;
mod status;

use std::fmt;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;

use crate::audit::{AuditEvent, EventName};
use crate::clock::UnixSeconds;
use crate::context::RecordId;
use crate::envelope::KeyId;
use crate::error::{ErrorCode, Result, fail};
use crate::metrics::Metrics;
use crate::suite::Backend;

use environment::Environment;
use open::Opened;
use refresh::{Refresh, View};

pub use builder::KeyringBuilder;
pub(crate) use cache::{DerivedCache, DerivedKey, Parent};
pub use destroy::{Destroy, Destruction, HeldKey, Reach};
#[cfg(feature = "fuzzing")]
pub(crate) use document::fuzzed_document;
pub use environment::Wait;
pub use epoch::RootReplaced;
pub use lifecycle::RotateOptions;
pub(crate) use snapshot::{DataKey, Snapshot};
pub use state::KeyState;
pub use status::{IndexKeyStatus, KeyringStatus, ProviderStatus, VersionStatus};

/// How far apart the clocks of two processes may be, in seconds: 5 minutes.
pub const ALLOWED_SKEW: i64 = 300;

/// A handle on a keyring: cheap to clone, `Send + Sync`.
///
/// # Examples
///
/// ```
/// use fieldward::{Keyring, LocalKeyProvider, MemoryStore, Schema, SecretKey, Value};
///
/// let keyring = Keyring::builder("clinic")
///     .provider("primary", LocalKeyProvider::new(SecretKey::generate()?))
///     .store(MemoryStore::new())
///     .no_pin("an example in memory")
///     .create()?;
/// let schema = Schema::from_json(
///     r#"{"format": "fieldward-schema", "version": 1, "table": "patients",
///         "record_id": [{"path": "id", "type": "i64"}],
///         "fields": [{"id": "note", "type": "text", "mode": "randomized"}]}"#,
/// )?;
/// let note = keyring.field(&schema, None, "note")?;
/// let record = fieldward::RecordId::integer(7)?;
/// let stored = note.encrypt(Some(&Value::Text("allergic to penicillin".into())), Some(&record))?;
/// assert_eq!(note.decrypt(stored.as_ref(), Some(&record))?, Some(Value::Text("allergic to penicillin".into())));
/// # Ok::<(), fieldward::Error>(())
/// ```
#[derive(Clone)]
pub struct Keyring {
    inner: Arc<Inner>,
    allowed: Allowed,
    reader: Option<Arc<Reader>>,
}

/// Who reads, and why: for handles that log every read.
struct Reader {
    actor: String,
    reason: String,
}

/// What a handle may read beside keys in good standing.
#[derive(Clone, Copy, Default)]
struct Allowed {
    suspended: bool,
    compromised: bool,
}

struct Inner {
    environment: Environment,
    snapshot: ArcSwap<Snapshot>,
    /// The document that the snapshot came from. Held by whoever changes or refreshes it, never by who uses keys.
    opened: Mutex<Opened>,
    refresh: Refresh,
}

impl Keyring {
    /// Begins to describe a keyring: its id, 1 to 128 characters of `A-Z a-z 0-9 . _ -`, then providers and a store.
    pub fn builder(keyring_id: impl Into<String>) -> KeyringBuilder {
        KeyringBuilder::new(keyring_id.into())
    }

    /// The keyring's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.inner.environment.id
    }

    /// Which code encrypts and decrypts values.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.inner.environment.backend
    }

    /// A handle that also decrypts under suspended or compromised keys, for re-encryption. What it gives is marked untrusted and
    /// counted; this call is audited.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` for any other state; `ReasonRequired` for an empty reason.
    ///
    /// # Security
    ///
    /// Whoever holds a compromised key can have forged what it decrypts.
    pub fn allow(&self, state: KeyState, reason: &str) -> Result<Self> {
        if !state.can_be_allowed() {
            return fail(ErrorCode::InvalidArgument, format!("state {state}"));
        }
        lifecycle::check_reason(reason)?;
        let event = AuditEvent::new(EventName::UseAllowed).with("state", state).with("reason", reason);
        self.inner.environment.audit(&event);
        let mut allowed = self.allowed;
        match state {
            KeyState::Suspended => allowed.suspended = true,
            _ => allowed.compromised = true,
        }
        Ok(Self { inner: Arc::clone(&self.inner), allowed, reader: self.reader.clone() })
    }

    /// A handle whose decryptions are logged, one `values_read` event for each value or record: table, field, record id, actor and
    /// reason. Without it, reads are counted and not logged.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` for an empty actor; `ReasonRequired` for an empty reason.
    ///
    /// # Security
    ///
    /// The record id stands in the log as it does in the database: in the clear. Actor and reason are the caller's word.
    pub fn reading_as(&self, actor: &str, reason: &str) -> Result<Self> {
        if actor.trim().is_empty() {
            return fail(ErrorCode::InvalidArgument, "actor");
        }
        lifecycle::check_reason(reason)?;
        let reader = Reader { actor: actor.to_owned(), reason: reason.to_owned() };
        Ok(Self { inner: Arc::clone(&self.inner), allowed: self.allowed, reader: Some(Arc::new(reader)) })
    }

    /// The counters of this process.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.inner.environment.metrics
    }

    /// The snapshot to encrypt by, or to make deterministic tokens by.
    pub(crate) fn for_encrypt(&self) -> Result<View> {
        self.inner.fresh()
    }

    /// The snapshot to decrypt by; read again first if `id` is unknown.
    pub(crate) fn for_decrypt(&self, id: KeyId) -> View {
        self.inner.knowing(id)
    }

    /// The snapshot to compute index values by: index keys do not go stale.
    pub(crate) fn for_index(&self) -> View {
        self.inner.at_hand()
    }

    pub(crate) fn now(&self) -> UnixSeconds {
        self.inner.environment.clock.now()
    }

    pub(crate) fn allows(&self, state: KeyState) -> bool {
        match state {
            KeyState::Suspended => self.allowed.suspended,
            KeyState::Compromised => self.allowed.compromised,
            _ => false,
        }
    }

    pub(crate) fn audit(&self, event: &AuditEvent) {
        self.inner.environment.audit(event);
    }

    /// Logs a read, if this handle logs reads.
    pub(crate) fn audit_read(&self, table: &str, fields: &str, record: Option<&RecordId>) {
        let Some(reader) = &self.reader else { return };
        let mut event = AuditEvent::new(EventName::ValuesRead).with("table", table).with("fields", fields);
        if let Some(record) = record {
            event = event.with("record", record);
        }
        self.audit(&event.with("actor", &reader.actor).with("reason", &reader.reason));
    }

    pub(crate) fn derived_cache(&self) -> &DerivedCache {
        &self.inner.environment.cache
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("id", &self.id()).finish_non_exhaustive()
    }
}
