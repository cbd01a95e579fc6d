//! What a process knows of a keyring at one moment: unwrapped keys, schedule, and how old the knowledge is.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::schedule::Schedule;
use super::state::KeyState;
use crate::clock::UnixSeconds;
use crate::envelope::KeyId;
use crate::error::{Error, ErrorCode, Result, fail};
use crate::secret::SecretKey;

/// One version of the data key.
pub(crate) struct DataKey {
    pub(super) id: KeyId,
    /// From 1.
    pub(super) version: u32,
    pub(super) stored: KeyState,
    pub(super) key: Option<SecretKey>,
    pub(super) schedule: Arc<Schedule>,
}

impl DataKey {
    /// What envelopes name it by.
    pub(crate) const fn id(&self) -> KeyId {
        self.id
    }

    /// The key; `None` once it is destroyed.
    pub(crate) fn key(&self) -> Option<&SecretKey> {
        self.key.as_ref()
    }

    /// The state at `now`.
    pub(crate) fn state(&self, now: UnixSeconds) -> KeyState {
        self.schedule.effective_state(self.version, self.stored, now)
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataKey")
            .field("id", &self.id)
            .field("version", &self.version)
            .field("stored", &self.stored)
            .finish_non_exhaustive()
    }
}

/// The unwrapped keys of one document.
pub(super) struct Keys {
    /// By version: number, key id, stored state, key unless destroyed.
    pub(super) data: Vec<(u32, KeyId, KeyState, Option<SecretKey>)>,
    /// By number; `None` once destroyed.
    pub(super) index: BTreeMap<u32, Option<SecretKey>>,
}

/// An immutable view of the keyring. Handles hold it for the length of one call.
pub(crate) struct Snapshot {
    serial: u64,
    data: Vec<DataKey>,
    /// Where each key id is in `data`, in the order of ids.
    by_id: Vec<(KeyId, usize)>,
    index: BTreeMap<u32, Option<SecretKey>>,
    pub(super) schedule: Arc<Schedule>,
    /// The document's bound, in seconds.
    pub(super) max_staleness: i64,
    /// When the document was last read from the store and verified.
    verified_at: AtomicI64,
}

impl Snapshot {
    /// `keys.data` in the order of versions, key ids unique.
    pub(super) fn new(
        serial: u64,
        keys: Keys,
        schedule: Schedule,
        max_staleness: i64,
        verified_at: UnixSeconds,
    ) -> Self {
        let schedule = Arc::new(schedule);
        let data: Vec<DataKey> = keys
            .data
            .into_iter()
            .map(|(version, id, stored, key)| DataKey { id, version, stored, key, schedule: Arc::clone(&schedule) })
            .collect();
        let mut by_id: Vec<_> = data.iter().enumerate().map(|(at, key)| (key.id, at)).collect();
        by_id.sort_unstable();
        Self {
            serial,
            data,
            by_id,
            index: keys.index,
            schedule,
            max_staleness,
            verified_at: AtomicI64::new(verified_at),
        }
    }

    /// Changes whenever the content changes.
    pub(crate) fn serial(&self) -> u64 {
        self.serial
    }

    /// The key that encrypts at `now`.
    ///
    /// # Errors
    ///
    /// `KeySuspended`, `KeyDeactivated`, `KeyCompromised` or `KeyDestroyed` if the current version's state may not encrypt.
    pub(crate) fn current(&self, now: UnixSeconds) -> Result<&DataKey> {
        let version = self.schedule.use_current(now).ok_or(ErrorCode::Internal)?;
        let key = self.version(version).ok_or(ErrorCode::Internal)?;
        let state = key.state(now);
        match state.encrypts() {
            true => Ok(key),
            false => fail(state.refusal(), format!("version {version}, key id {}", key.id)),
        }
    }

    /// The key of this id, tombstones included.
    pub(crate) fn data_key(&self, id: KeyId) -> Option<&DataKey> {
        let found = self.by_id.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.by_id.get(found).and_then(|(_, at)| self.data.get(*at))
    }

    /// The key of this version, tombstones included.
    pub(crate) fn version(&self, version: u32) -> Option<&DataKey> {
        self.data.binary_search_by_key(&version, |key| key.version).ok().and_then(|at| self.data.get(at))
    }

    /// All versions, oldest first, tombstones included.
    pub(crate) fn data_keys(&self) -> impl Iterator<Item = &DataKey> {
        self.data.iter()
    }

    /// The index key of this number.
    ///
    /// # Errors
    ///
    /// `IndexKeyUnknown`, `IndexKeyDestroyed`.
    pub(crate) fn index_key(&self, number: u32) -> Result<&SecretKey> {
        match self.index.get(&number) {
            Some(Some(key)) => Ok(key),
            Some(None) => fail(ErrorCode::IndexKeyDestroyed, format!("index key {number}")),
            None => Err(Error::with_detail(ErrorCode::IndexKeyUnknown, format!("index key {number}"))),
        }
    }

    pub(super) fn verified_at(&self) -> UnixSeconds {
        self.verified_at.load(Ordering::Relaxed)
    }

    pub(super) fn mark_verified(&self, now: UnixSeconds) {
        self.verified_at.store(now, Ordering::Relaxed);
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("serial", &self.serial).field("versions", &self.data).finish_non_exhaustive()
    }
}
