//! A new root: everything that lives on is wrapped again, and the old root opens nothing newer.

use super::document::{Base64, Document, EpochKeyEntry, Hex32};
use super::made::MadeKeys;
use super::open::check_entry;
use super::root::{RootKeys, WrappedAs};
use super::save::record_epoch;
use super::state::KeyState;
use super::{Keyring, environment::Environment};
use crate::audit::{AuditEvent, EventName};
use crate::clock::UnixSeconds;
use crate::error::{Error, ErrorCode, Result, fail};

/// What [`Keyring::mark_root_compromised`] put in the place of what was known to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RootReplaced {
    /// The new root epoch.
    pub epoch: u32,
    /// The new data key version, current at once.
    pub version: u32,
    /// The new index key: indexes are to be made again under this number.
    pub index_key: u32,
}

/// What a new epoch does with what leads to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Links {
    /// Processes at an earlier epoch may follow.
    Keep,
    /// The old root is in other hands: nobody follows it.
    Cut,
}

impl Keyring {
    /// Starts a new root epoch: a new root, wrapped by every provider, with a provider key of its own where the provider makes
    /// keys. Data keys and index keys stay. Providers in `dropped` lose their entry.
    ///
    /// # Errors
    ///
    /// `EpochIncomplete` if a provider of the document is not configured or cannot be reached: nothing is written then;
    /// `StoreConflict` (retryable); and what the store gives.
    pub fn start_epoch(&self, dropped: &[&str]) -> Result<u32> {
        self.change_epoch(
            dropped,
            Links::Keep,
            |_, _| Ok(()),
            |_, root, _| Ok((root.epoch, AuditEvent::new(EventName::EpochStarted).with("epoch", root.epoch))),
        )
    }

    /// Marks the root compromised: whoever knows it knows every key. Every version becomes compromised, a new epoch starts
    /// that no older process follows by itself, a new version and a new index key are made. Then re-encrypt every value by
    /// [`Keyring::allow`], and index it again under the new index key.
    ///
    /// # Errors
    ///
    /// As [`Self::start_epoch`]; `ReasonRequired`.
    ///
    /// # Security
    ///
    /// A process that was open, or is pinned to the old root, accepts the new document only by name:
    /// [`KeyringBuilder::accept_identity`](super::KeyringBuilder::accept_identity). Until then it can be served documents that whoever
    /// has the old root forged.
    pub fn mark_root_compromised(&self, reason: &str, dropped: &[&str]) -> Result<RootReplaced> {
        super::lifecycle::check_reason(reason)?;
        self.change_epoch(
            dropped,
            Links::Cut,
            |_, _| Ok(()),
            |document, root, now| {
                for entry in &mut document.data_keys {
                    if entry.state != KeyState::Destroyed {
                        entry.state = KeyState::Compromised;
                        entry.changed = now;
                    }
                }
                let environment = &self.inner.environment;
                let version = environment.add_successor(document, root, now)?;
                let index_key = environment.add_index_key(document, root, now)?;
                let replaced = RootReplaced { epoch: root.epoch, version, index_key };
                let event =
                    AuditEvent::new(EventName::RootCompromised).with("epoch", root.epoch).with("successor", version);
                Ok((replaced, event.with("index_key", index_key).with("reason", reason)))
            },
        )
    }

    /// Adds an index key and returns its number: for an index that takes the place of one under an older key.
    ///
    /// # Errors
    ///
    /// `KeyringFull`; `StoreConflict` (retryable); and what the store gives.
    pub fn add_index_key(&self) -> Result<u32> {
        self.change(|document, root, now| {
            let number = self.inner.environment.add_index_key(document, root, now)?;
            Ok((number, AuditEvent::new(EventName::IndexKeyAdded).with("index_key", number)))
        })
    }

    /// Applies `change` to a copy of the document that is wrapped under a new root, and saves it. `check` sees the document
    /// before any provider is called.
    pub(super) fn change_epoch<T>(
        &self,
        dropped: &[&str],
        links: Links,
        check: impl FnOnce(&Document, UnixSeconds) -> Result<()>,
        change: impl FnOnce(&mut Document, &RootKeys, UnixSeconds) -> Result<(T, AuditEvent)>,
    ) -> Result<T> {
        let inner = &*self.inner;
        let environment = &inner.environment;
        let now = environment.check_clock()?;
        let mut opened = inner.opened();
        inner.reload(&mut opened)?;
        check(&opened.document, now)?;
        let mut document = opened.document.clone();
        let mut made = MadeKeys::default();
        let prepared = environment
            .new_epoch(&mut document, &opened.root, dropped, links, &mut made)
            .and_then(|root| Ok((change(&mut document, &root, now)?, root)));
        let ((result, event), root) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                made.discard(environment);
                return Err(error);
            }
        };
        if let Err((error, attempted)) = inner.save(&mut opened, document, root) {
            made.settle(environment, attempted.as_ref());
            return Err(error);
        }
        drop(opened);
        environment.audit(&event);
        Ok(result)
    }
}

impl Environment {
    /// Wraps everything in `document` under a fresh root.
    fn new_epoch(
        &self,
        document: &mut Document,
        old: &RootKeys,
        dropped: &[&str],
        links: Links,
        made: &mut MadeKeys,
    ) -> Result<RootKeys> {
        for name in dropped {
            if !document.providers.iter().any(|entry| entry.name == *name) {
                return fail(ErrorCode::InvalidArgument, format!("provider {name} has no entry"));
            }
        }
        let epoch = old.epoch.checked_add(1).ok_or(ErrorCode::KeyringFull)?;
        let root = self.new_root(epoch)?;
        let configured = self.providers();
        let mut entries = Vec::new();
        let mut opens = false;
        for entry in document.providers.iter().filter(|entry| !dropped.contains(&entry.name.as_str())) {
            let incomplete = || Error::with_detail(ErrorCode::EpochIncomplete, format!("provider {}", entry.name));
            let provider = configured.iter().find(|provider| provider.name == entry.name).ok_or_else(incomplete)?;
            check_entry(provider, entry, &self.id, old.epoch)?;
            entries.push(self.wrap_root(provider, &root, made).map_err(|error| incomplete().caused_by(error))?);
            opens |= !provider.provider.is_recovery_only();
        }
        if !opens {
            return fail(ErrorCode::EpochIncomplete, "no provider would be left that opens the keyring");
        }
        document.providers = entries;
        document.epoch = epoch;
        document.root_identity = Hex32(root.identity());
        rewrap(document, old, &root, links)?;
        record_epoch(document);
        Ok(root)
    }
}

fn rewrap(document: &mut Document, old: &RootKeys, new: &RootKeys, links: Links) -> Result<()> {
    let again = |what: WrappedAs, wrapped: &mut Base64| {
        wrapped.0 = new.wrap(what, &old.unwrap(what, &wrapped.0)?)?;
        Ok::<_, Error>(())
    };
    for entry in &mut document.data_keys {
        let what = WrappedAs::Data { version: entry.version, id: entry.key_id.parse()? };
        entry.wrapped.as_mut().map_or(Ok(()), |wrapped| again(what, wrapped))?;
    }
    for entry in &mut document.index_keys {
        let what = WrappedAs::Index { number: entry.number };
        entry.wrapped.as_mut().map_or(Ok(()), |wrapped| again(what, wrapped))?;
    }
    for entry in &mut document.audit_keys {
        again(WrappedAs::Audit { epoch: entry.epoch }, &mut entry.wrapped)?;
    }
    let kept =
        |what, key| new.wrap(what, key).map(|wrapped| EpochKeyEntry { epoch: old.epoch, wrapped: Base64(wrapped) });
    document.audit_keys.push(kept(WrappedAs::Audit { epoch: old.epoch }, &old.audit)?);
    match links {
        Links::Cut => document.links.clear(),
        Links::Keep => {
            for entry in &mut document.links {
                again(WrappedAs::Link { epoch: entry.epoch }, &mut entry.wrapped)?;
            }
            document.links.push(kept(WrappedAs::Link { epoch: old.epoch }, &old.link)?);
        }
    }
    Ok(())
}
