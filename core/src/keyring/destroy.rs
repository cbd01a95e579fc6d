//! Destruction: the key leaves the document, the root changes, and what cannot be reached is said.

use std::fmt;

use serde::Serialize;

use super::Keyring;
use super::document::{Document, Holder};
use super::epoch::Links;
use super::open::made_key_prefix;
use super::state::KeyState;
use crate::audit::{AuditEvent, EventName};
use crate::clock::UnixSeconds;
use crate::envelope::KeyId;
use crate::error::{Error, ErrorCode, Result, fail};

/// How often the outcome is recorded against other writers before the caller hears of it.
const RECORD_ATTEMPTS: usize = 8;

/// What to destroy, and the caller's word for it. Passed to [`Keyring::destroy`].
#[must_use]
pub struct Destroy<'a> {
    target: Target,
    reason: String,
    exports: Exports<'a>,
    dropped: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Version { version: u32, key_id: KeyId },
    IndexKey { number: u32 },
}

/// Keeps an export somewhere.
type Keep<'a> = Box<dyn FnOnce(&[u8]) -> Result<()> + 'a>;

enum Exports<'a> {
    Unsaid,
    Waived(String),
    Replaced(Keep<'a>),
}

impl<'a> Destroy<'a> {
    /// A data key version, confirmed by its key id, and why.
    pub fn version(version: u32, key_id: KeyId, reason: impl Into<String>) -> Self {
        Self::new(Target::Version { version, key_id }, reason.into())
    }

    /// An index key, and why. Its index values are then neither made nor found.
    pub fn index_key(number: u32, reason: impl Into<String>) -> Self {
        Self::new(Target::IndexKey { number }, reason.into())
    }

    fn new(target: Target, reason: String) -> Self {
        Self { target, reason, exports: Exports::Unsaid, dropped: Vec::new() }
    }

    /// Accepts, for this reason, that exports of earlier epochs may become unreadable.
    pub fn waive_exports(mut self, reason: impl Into<String>) -> Self {
        self.exports = Exports::Waived(reason.into());
        self
    }

    /// Takes the new document, to be kept in the place of earlier exports. No provider key is destroyed before it succeeds.
    pub fn replace_exports(mut self, keep: impl FnOnce(&[u8]) -> Result<()> + 'a) -> Self {
        self.exports = Exports::Replaced(Box::new(keep));
        self
    }

    /// Drops a provider's entry that cannot be reached: the new epoch goes on without it.
    pub fn drop_provider(mut self, name: impl Into<String>) -> Self {
        self.dropped.push(name.into());
        self
    }
}

/// What a destruction reached.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Destruction {
    /// What was destroyed: `version 3` or `index key 1`.
    pub target: String,
    /// The destroyed version's key id.
    pub key_id: Option<KeyId>,
    /// When the key left the document, in seconds since 1970.
    pub time: UnixSeconds,
    /// The root epoch that no longer holds it.
    pub epoch: u32,
    /// How far it reached.
    pub reach: Reach,
    /// Earlier epochs of which an export or a backup of the document can no longer be opened by any provider.
    pub unreadable_epochs: Vec<u32>,
    /// Index values made from the erased data remain in the database until they are deleted or made again under a new
    /// index key; they still tell which rows are equal. False for an index key.
    pub index_values_remain: bool,
    /// Why the caller's export failed, if it did: the provider keys were then left alone. Destroy again to go on.
    #[serde(skip)]
    pub export_error: Option<Error>,
}

/// How far a destruction reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum Reach {
    /// Every provider key of every epoch that held the key is destroyed: no copy of any document opens it.
    Erased,
    /// The document no longer holds it; older copies of the document still do, for whoever has one of these provider keys.
    DocumentOnly {
        /// The provider keys that remain.
        remaining: Vec<HeldKey>,
    },
}

/// A provider key under which an older copy of the document still opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HeldKey {
    /// The root epoch.
    pub epoch: u32,
    /// The provider's name.
    pub provider: String,
    /// Its key's name.
    pub key_name: String,
}

impl Keyring {
    /// Destroys a data key version or an index key: its wrapped key leaves the document, a new root epoch starts in the same
    /// save, and the provider keys that were made for the earlier epochs that held it are destroyed. Destroying it again goes
    /// on where an earlier attempt stopped.
    ///
    /// An active version is not destroyed: let it be deactivated, or mark it compromised, and move its data first.
    ///
    /// # Errors
    ///
    /// - `ConfirmationRequired`: the key id is not the version's, or nothing was said about exports;
    /// - `ReasonRequired`; `VersionUnknown`, `IndexKeyUnknown`; `TransitionNotAllowed` in an active or suspended state;
    /// - `EpochIncomplete`: a provider cannot be reached; nothing was written;
    /// - `StoreConflict` (retryable), and what the store gives.
    ///
    /// # Security
    ///
    /// By NIST SP 800-88 cryptographic erasure holds only if every copy of the key goes. The result says what remains:
    /// provider keys that the library did not make, exports, and memory of other processes until they refresh.
    pub fn destroy(&self, request: Destroy<'_>) -> Result<Destruction> {
        let Destroy { target, reason, exports, dropped } = request;
        super::lifecycle::check_reason(&reason)?;
        match &exports {
            Exports::Unsaid => return fail(ErrorCode::ConfirmationRequired, "say what becomes of earlier exports"),
            Exports::Waived(waiver) => super::lifecycle::check_reason(waiver)?,
            Exports::Replaced(_) => {}
        }
        let is_gone = |document: &Document| held_until(document, target).is_ok_and(|(_, last)| last.is_some());
        self.inner.reload(&mut self.inner.opened())?;
        if !is_gone(&self.inner.opened().document) {
            self.remove(target, &reason, &dropped)?;
        }
        // Read back what was saved before anything is destroyed that cannot be made again.
        self.inner.reload(&mut self.inner.opened())?;
        if !is_gone(&self.inner.opened().document) {
            return Err(Error::new(ErrorCode::Internal));
        }
        let export_error = match exports {
            Exports::Replaced(keep) => keep(&self.export()).err(),
            Exports::Waived(waiver) => {
                let event = AuditEvent::new(EventName::KeyringExported).with("waived", waiver);
                self.audit(&event.with("target", target));
                None
            }
            Exports::Unsaid => None,
        };
        if export_error.is_none() {
            self.destroy_provider_keys(target)?;
        }
        self.destruction_of(target, export_error)
    }

    /// Takes the key out of the document, under a new root.
    fn remove(&self, target: Target, reason: &str, dropped: &[String]) -> Result<()> {
        let dropped: Vec<&str> = dropped.iter().map(String::as_str).collect();
        let check = |document: &Document, now| self.check_destroyable(document, target, now);
        self.change_epoch(&dropped, Links::Keep, check, |document, root, now| {
            let last_epoch = root.epoch.checked_sub(1);
            let mut event = AuditEvent::new(EventName::KeyDestroyed);
            match target {
                Target::Version { version, key_id } => {
                    let schedule = self.schedule_of(document);
                    let entry = super::save::entry_of(document, version)?;
                    (entry.state, entry.wrapped, entry.changed) = (KeyState::Destroyed, None, now);
                    entry.last_epoch = last_epoch;
                    event = event.with("version", version).with("key_id", key_id);
                    if let Some(successor) = self.replace_if_current(document, root, &schedule, version, now)? {
                        event = event.with("successor", successor);
                    }
                }
                Target::IndexKey { number } => {
                    let entry = document.index_keys.iter_mut().find(|entry| entry.number == number);
                    let entry = entry.ok_or(ErrorCode::IndexKeyUnknown)?;
                    (entry.wrapped, entry.last_epoch) = (None, last_epoch);
                    event = AuditEvent::new(EventName::IndexKeyDestroyed).with("index_key", number);
                }
            }
            Ok(((), event.with("epoch", root.epoch).with("reason", reason)))
        })
    }

    fn check_destroyable(&self, document: &Document, target: Target, now: UnixSeconds) -> Result<()> {
        held_until(document, target)?;
        let Target::Version { version, key_id } = target else { return Ok(()) };
        let entry =
            document.data_keys.iter().find(|entry| entry.version == version).ok_or(ErrorCode::VersionUnknown)?;
        if entry.key_id != key_id.to_string() {
            return fail(ErrorCode::ConfirmationRequired, format!("version {version} has another key id"));
        }
        let state = self.schedule_of(document).effective_state(version, entry.state, now);
        match state.may_become(KeyState::Destroyed) {
            true => Ok(()),
            false => fail(ErrorCode::TransitionNotAllowed, format!("version {version} is {state}")),
        }
    }

    /// Destroys what providers made for the epochs that held the key, and records it.
    fn destroy_provider_keys(&self, target: Target) -> Result<()> {
        let environment = &self.inner.environment;
        let document = self.inner.opened().document.clone();
        let in_use = |key: &str| document.providers.iter().any(|entry| entry.key_name == key);
        let mut destroyed = Vec::new();
        for (epoch, holder) in holders_of(&document, target)? {
            let is_ours = holder.made && holder.key_name.starts_with(&made_key_prefix(&environment.id, epoch));
            let provider = environment.providers().into_iter().find(|provider| {
                provider.name == holder.name
                    && provider.provider.kind() == holder.kind
                    && provider.provider.can_make_keys()
            });
            let (Some(provider), true, false) = (provider, is_ours, in_use(&holder.key_name)) else { continue };
            let outcome = environment.call_destroy_key(&provider, &holder.key_name, epoch);
            let code = outcome.as_ref().map_or_else(|error| error.code().as_str(), |()| "ok");
            let event = AuditEvent::new(EventName::ProviderKeyDestroyed).with("provider", &holder.name);
            self.audit(&event.with("key", &holder.key_name).with("epoch", epoch).with("result", code));
            if outcome.is_ok() {
                destroyed.push((epoch, holder.key_name.clone()));
            }
        }
        if destroyed.is_empty() {
            return Ok(());
        }
        let mut recorded = Err(Error::new(ErrorCode::StoreConflict));
        for _ in 0..RECORD_ATTEMPTS {
            recorded = self.change(|document, _, _| {
                let held = document.epochs.iter_mut().flat_map(|entry| {
                    let epoch = entry.epoch;
                    entry.holders.iter_mut().map(move |holder| (epoch, holder))
                });
                for (epoch, holder) in held {
                    holder.destroyed |= destroyed.contains(&(epoch, holder.key_name.clone()));
                }
                let event = AuditEvent::new(EventName::ProviderKeyDestroyed).with("recorded", destroyed.len());
                Ok(((), event))
            });
            match &recorded {
                Err(error) if error.code() == ErrorCode::StoreConflict => {}
                _ => break,
            }
        }
        recorded
    }

    fn destruction_of(&self, target: Target, export_error: Option<Error>) -> Result<Destruction> {
        let opened = self.inner.opened();
        let document = &opened.document;
        let (_, last) = held_until(document, target)?;
        let key_id = if let Target::Version { key_id, .. } = target { Some(key_id) } else { None };
        let time = match target {
            Target::Version { version, .. } => {
                document.data_keys.iter().find(|entry| entry.version == version).map(|entry| entry.changed)
            }
            Target::IndexKey { .. } => None,
        };
        let gone = |epoch: &super::document::EpochEntry| epoch.holders.iter().all(|holder| holder.destroyed);
        Ok(Destruction {
            target: target.to_string(),
            key_id,
            time: time.unwrap_or_else(|| self.now()),
            epoch: last.unwrap_or_default().saturating_add(1),
            reach: reach_of(document, target)?,
            unreadable_epochs: document.epochs.iter().filter(|epoch| gone(epoch)).map(|epoch| epoch.epoch).collect(),
            index_values_remain: key_id.is_some(),
            export_error,
        })
    }
}

fn reach_of(document: &Document, target: Target) -> Result<Reach> {
    let remaining: Vec<HeldKey> = holders_of(document, target)?
        .into_iter()
        .map(|(epoch, holder)| HeldKey { epoch, provider: holder.name.clone(), key_name: holder.key_name.clone() })
        .collect();
    Ok(if remaining.is_empty() { Reach::Erased } else { Reach::DocumentOnly { remaining } })
}

/// How far the destruction of a version reached; `None` while it is not destroyed.
pub(super) fn reach_of_version(document: &Document, version: u32, key_id: KeyId) -> Option<Reach> {
    let target = Target::Version { version, key_id };
    let (_, last) = held_until(document, target).ok()?;
    last.and_then(|_| reach_of(document, target).ok())
}

/// The provider keys that are left of the epochs that held the key.
fn holders_of(document: &Document, target: Target) -> Result<Vec<(u32, &Holder)>> {
    let (first, last) = held_until(document, target)?;
    let last = last.unwrap_or(document.epoch);
    let epochs = document.epochs.iter().filter(|entry| (first..=last).contains(&entry.epoch));
    let holders = epochs.flat_map(|entry| entry.holders.iter().map(|holder| (entry.epoch, holder)));
    Ok(holders.filter(|(_, holder)| !holder.destroyed).collect())
}

/// The first epoch that held the key and, once it is destroyed, the last.
fn held_until(document: &Document, target: Target) -> Result<(u32, Option<u32>)> {
    match target {
        Target::Version { version, .. } => match document.data_keys.iter().find(|entry| entry.version == version) {
            Some(entry) => Ok((entry.epoch, entry.last_epoch)),
            None => fail(ErrorCode::VersionUnknown, format!("version {version}")),
        },
        Target::IndexKey { number } => match document.index_keys.iter().find(|entry| entry.number == number) {
            Some(entry) => Ok((entry.epoch, entry.last_epoch)),
            None => fail(ErrorCode::IndexKeyUnknown, format!("index key {number}")),
        },
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { version, .. } => write!(f, "version {version}"),
            Self::IndexKey { number } => write!(f, "index key {number}"),
        }
    }
}

impl fmt::Debug for Destroy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Destroy").field("target", &self.target).finish_non_exhaustive()
    }
}
