//! Changes: prepared in memory, saved by compare-and-swap, then installed.

use std::sync::{MutexGuard, PoisonError};

use super::document::{Base64, DataKeyEntry, Document, EpochEntry, MAX_CHECKPOINTS};
use super::environment::Environment;
use super::open::Opened;
use super::root::{RootKeys, WrappedAs};
use super::schedule::Entry;
use super::state::KeyState;
use super::{Inner, Keyring};
use crate::audit::{AuditEvent, EventName};
use crate::clock::UnixSeconds;
use crate::envelope::KeyId;
use crate::error::{Error, ErrorCode, Result, fail};
use crate::metrics::KeyringCounter;
use crate::random;
use crate::secret::SecretKey;
use crate::store::{DocumentTag, PinnedState, StoredDocument};

impl Keyring {
    /// Applies `change` to a copy of the document, saves it, installs it, and logs what happened.
    ///
    /// If another writer was first, the newer document is adopted and the caller gets `StoreConflict` (retryable): whether the
    /// change still makes sense is the caller's to decide.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut Document, &RootKeys, UnixSeconds) -> Result<(T, AuditEvent)>,
    ) -> Result<T> {
        let inner = &*self.inner;
        let now = inner.environment.check_clock()?;
        let mut opened = inner.opened();
        inner.reload(&mut opened)?;
        let mut document = opened.document.clone();
        let (result, event) = change(&mut document, &opened.root, now)?;
        let root = opened.root.clone();
        inner.save(&mut opened, document, root).map_err(|(error, _)| error)?;
        drop(opened);
        inner.environment.audit(&event);
        Ok(result)
    }
}

impl Inner {
    pub(super) fn opened(&self) -> MutexGuard<'_, Opened> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Saves `document` under `root` in the place of the one that is open, and installs it.
    ///
    /// If it fails after the store was asked to write, the tag tells what may be there all the same.
    pub(super) fn save(
        &self,
        opened: &mut Opened,
        mut document: Document,
        root: RootKeys,
    ) -> Result<(), (Error, Option<DocumentTag>)> {
        let unwritten = |error| (error, None);
        let generation = opened.document.generation.checked_add(1);
        document.generation = generation.ok_or_else(|| unwritten(ErrorCode::KeyringFull.into()))?;
        self.environment.add_checkpoint(&mut document);
        let stored = document.seal(&root.document).map_err(unwritten)?;
        let next = Opened::of(document, stored.clone(), root);
        // Everything that can fail without having been written fails here.
        let before = self.snapshot.load();
        let snapshot = next.snapshot(Some(&before), self.environment.clock.now()).map_err(unwritten)?;
        if let Err(error) = self.environment.write(Some(&opened.tag), &stored, &next.pinned_state()) {
            // Either document may be there: learn which.
            let _ = self.reload(opened);
            return Err((error, Some(stored.tag)));
        }
        *opened = next;
        self.install(opened, snapshot);
        Ok(())
    }
}

impl Environment {
    /// Writes a document in the place of `expected`, and raises the pin once it is durable.
    pub(super) fn write(
        &self,
        expected: Option<&DocumentTag>,
        document: &StoredDocument,
        state: &PinnedState,
    ) -> Result<()> {
        self.write_with(expected, document, &mut || self.pin.as_ref().map_or(Ok(()), |pin| pin.raise(state)))
    }

    /// The same, with what is to be done once the document is durable.
    pub(super) fn write_with(
        &self,
        expected: Option<&DocumentTag>,
        document: &StoredDocument,
        durable: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        self.metrics.count(KeyringCounter::Saves);
        let saved = self.store.save(&self.id, expected, document, durable);
        if let Err(error) = &saved {
            self.audit(
                &AuditEvent::new(EventName::StoreFailed).with("operation", "save").with("code", error.code().as_str()),
            );
        }
        saved
    }

    fn add_checkpoint(&self, document: &mut Document) {
        let Some(checkpoint) = self.writer.checkpoint() else { return };
        document.checkpoints.retain(|other| other.writer != checkpoint.writer);
        document.checkpoints.push(checkpoint);
        let excess = document.checkpoints.len().saturating_sub(MAX_CHECKPOINTS);
        document.checkpoints.drain(..excess);
    }

    /// A fresh data key version: from the first provider that generates keys, else from the operating system.
    pub(super) fn add_version(
        &self,
        document: &mut Document,
        root: &RootKeys,
        now: UnixSeconds,
        state: KeyState,
    ) -> Result<u32> {
        let version = document.data_keys.last().map_or(Some(1), |last| last.version.checked_add(1));
        let version = version.ok_or(ErrorCode::KeyringFull)?;
        let key = self.generate_key()?;
        let id = loop {
            let id = KeyId::from_bytes(random::array()?);
            if !document.data_keys.iter().any(|other| other.key_id == id.to_string()) {
                break id;
            }
        };
        let wrapped = Some(Base64(root.wrap(WrappedAs::Data { version, id }, &key)?));
        document.data_keys.push(DataKeyEntry {
            version,
            key_id: id.to_string(),
            state,
            created: now,
            epoch: root.epoch,
            last_epoch: None,
            changed: now,
            wrapped,
        });
        Ok(version)
    }

    pub(super) fn generate_key(&self) -> Result<SecretKey> {
        for provider in &self.providers() {
            if let Some(key) = self.call_generate(provider)? {
                return Ok(key);
            }
        }
        SecretKey::generate()
    }

    /// A successor that is current at once.
    pub(super) fn add_successor(&self, document: &mut Document, root: &RootKeys, now: UnixSeconds) -> Result<u32> {
        let version = self.add_version(document, root, now, KeyState::Active)?;
        document.schedule.push(Entry { version, time: now, at_once: true });
        Ok(version)
    }
}

/// The entry of a version.
pub(super) fn entry_of(document: &mut Document, version: u32) -> Result<&mut DataKeyEntry> {
    match document.data_keys.iter_mut().find(|entry| entry.version == version) {
        Some(entry) => Ok(entry),
        None => fail(ErrorCode::VersionUnknown, format!("version {version}")),
    }
}

/// Remembers which provider keys hold the root of the document's epoch.
pub(super) fn record_epoch(document: &mut Document) {
    let epoch = document.epoch;
    let holders: Vec<_> = document.providers.iter().map(super::document::ProviderEntry::holder).collect();
    match document.epochs.iter_mut().find(|entry| entry.epoch == epoch) {
        Some(entry) => {
            for holder in holders {
                if !entry.holders.contains(&holder) {
                    entry.holders.push(holder);
                }
            }
        }
        None => document.epochs.push(EpochEntry { epoch, holders }),
    }
}
