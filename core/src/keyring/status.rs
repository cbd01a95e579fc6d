//! What the keyring is like now, for people and dashboards.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Keyring;
use super::destroy::{Reach, reach_of_version};
use super::root::WrappedAs;
use super::state::KeyState;
use crate::audit::{AuditKeys, Checkpoint};
use crate::clock::UnixSeconds;
use crate::envelope::KeyId;
use crate::error::Result;

/// The keyring at one moment. Holds no secret.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct KeyringStatus {
    /// The keyring's id.
    pub keyring_id: String,
    /// The document's generation.
    pub generation: u64,
    /// The root epoch.
    pub epoch: u32,
    /// When this was computed, in seconds since 1970.
    pub time: UnixSeconds,
    /// When the document was last read and verified.
    pub verified_at: UnixSeconds,
    /// The version that encrypts, and since when it has been current.
    pub current_version: u32,
    /// Since when the current version has been current.
    pub current_since: UnixSeconds,
    /// Every data key version, oldest first.
    pub versions: Vec<VersionStatus>,
    /// Every index key.
    pub index_keys: Vec<IndexKeyStatus>,
    /// Which providers can open the document.
    pub providers: Vec<ProviderStatus>,
}

/// A data key version at one moment.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct VersionStatus {
    /// Its number, from 1.
    pub version: u32,
    /// What envelopes name it by.
    pub key_id: KeyId,
    /// Its effective state.
    pub state: KeyState,
    /// Whether it encrypts now.
    pub is_current: bool,
    /// When it was made.
    pub created: UnixSeconds,
    /// When it takes over, if it waits.
    pub active_from: Option<UnixSeconds>,
    /// How far its destruction reached, once it is destroyed.
    pub reach: Option<Reach>,
}

/// An index key at one moment.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct IndexKeyStatus {
    /// The number that schemas name.
    pub number: u32,
    /// When it was made.
    pub created: UnixSeconds,
    /// Whether it is destroyed; else it is active.
    pub is_destroyed: bool,
}

/// A provider entry of the document.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ProviderStatus {
    /// The caller's name for it.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// The key that wraps the root.
    pub key_name: String,
    /// Whether the library had it made for this epoch, so that it can be destroyed with it.
    pub is_made: bool,
}

impl Keyring {
    /// Versions with their effective states, index keys, providers, and how old the knowledge is.
    ///
    /// # Errors
    ///
    /// `Internal` if an invariant does not hold.
    pub fn status(&self) -> Result<KeyringStatus> {
        let now = self.now();
        let opened = self.inner.opened();
        let document = &opened.document;
        let schedule = self.schedule_of(document);
        let (current_version, current_since) = schedule.current_entry(now).ok_or(crate::ErrorCode::Internal)?;
        let mut versions = Vec::with_capacity(document.data_keys.len());
        for entry in &document.data_keys {
            let key_id: KeyId = entry.key_id.parse()?;
            let state = schedule.effective_state(entry.version, entry.state, now);
            versions.push(VersionStatus {
                version: entry.version,
                key_id,
                state,
                is_current: entry.version == current_version,
                created: entry.created,
                active_from: schedule.pending_time(entry.version, now).filter(|_| state == KeyState::PreActive),
                reach: reach_of_version(document, entry.version, key_id),
            });
        }
        let index_keys = document.index_keys.iter().map(|entry| IndexKeyStatus {
            number: entry.number,
            created: entry.created,
            is_destroyed: entry.wrapped.is_none(),
        });
        let providers = document.providers.iter().map(|entry| ProviderStatus {
            name: entry.name.clone(),
            kind: entry.kind.clone(),
            key_name: entry.key_name.clone(),
            is_made: entry.made,
        });
        Ok(KeyringStatus {
            keyring_id: document.keyring_id.clone(),
            generation: document.generation,
            epoch: document.epoch,
            time: now,
            verified_at: self.inner.snapshot.load().verified_at(),
            current_version,
            current_since,
            versions,
            index_keys: index_keys.collect(),
            providers: providers.collect(),
        })
    }

    /// The audit keys of every epoch that the document keeps, for [`verify_audit`](crate::verify_audit).
    ///
    /// # Errors
    ///
    /// `Internal` if an invariant does not hold.
    ///
    /// # Security
    ///
    /// Whoever holds them can forge entries.
    pub fn audit_keys(&self) -> Result<AuditKeys> {
        let opened = self.inner.opened();
        let mut keys = BTreeMap::from([(opened.root.epoch, opened.root.audit.clone())]);
        for entry in &opened.document.audit_keys {
            let key = opened.root.unwrap(WrappedAs::Audit { epoch: entry.epoch }, &entry.wrapped.0)?;
            keys.insert(entry.epoch, key);
        }
        Ok(AuditKeys::new(keys))
    }

    /// The last checkpoint of each writer that saved, and this process's own: what a cut at the end of the log shows against.
    #[must_use]
    pub fn checkpoints(&self) -> Vec<Checkpoint> {
        let own = self.inner.environment.writer.checkpoint();
        let kept = self.inner.opened().document.checkpoints.clone();
        let others = kept.into_iter().filter(|kept| own.as_ref().is_none_or(|own| own.writer != kept.writer));
        others.chain(own.clone()).collect()
    }
}
