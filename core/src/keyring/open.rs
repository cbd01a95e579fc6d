//! From bytes in a store to an open keyring: one provider call, one MAC, one identity, one pin.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::document::{Document, Head, ProviderEntry, head};
use super::environment::{Environment, NamedProvider};
use super::made::MadeKeys;
use super::root::{RootKeys, WrappedAs, identity_of};
use super::schedule::Schedule;
use super::snapshot::{Keys, Snapshot};
use crate::audit::{AuditEvent, EventName};
use crate::clock::UnixSeconds;
use crate::error::{Error, ErrorCode, Result, fail};
use crate::provider::WrapContext;
use crate::secret::{SecretKey, constant_time_eq};
use crate::store::{DocumentTag, PinnedState, StoredDocument};

/// A verified document with the root that authenticates it.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    pub(super) document: Document,
    pub(super) tag: DocumentTag,
    pub(super) bytes: Arc<[u8]>,
    pub(super) root: RootKeys,
}

impl Opened {
    pub(super) fn of(document: Document, stored: StoredDocument, root: RootKeys) -> Self {
        Self { document, tag: stored.tag, bytes: stored.bytes.into(), root }
    }

    /// What a pin remembers of this document.
    pub(super) fn pinned_state(&self) -> PinnedState {
        PinnedState {
            keyring_id: self.document.keyring_id.clone(),
            root_identity: self.root.identity(),
            epoch: self.document.epoch,
            generation: self.document.generation,
        }
    }

    /// Unwraps every key that is left.
    pub(super) fn keys(&self) -> Result<Keys> {
        let mut data = Vec::with_capacity(self.document.data_keys.len());
        for entry in &self.document.data_keys {
            let id = entry.key_id.parse()?;
            let what = WrappedAs::Data { version: entry.version, id };
            let key = entry.wrapped.as_ref().map(|wrapped| self.root.unwrap(what, &wrapped.0)).transpose()?;
            data.push((entry.version, id, entry.state, key));
        }
        let mut index = BTreeMap::new();
        for entry in &self.document.index_keys {
            let what = WrappedAs::Index { number: entry.number };
            let key = entry.wrapped.as_ref().map(|wrapped| self.root.unwrap(what, &wrapped.0)).transpose()?;
            index.insert(entry.number, key);
        }
        Ok(Keys { data, index })
    }

    /// A view of the document, going on from the one before.
    pub(super) fn snapshot(&self, before: Option<&Snapshot>, now: UnixSeconds) -> Result<Snapshot> {
        let window = i64::from(self.document.rollback_window);
        let entries = self.document.schedule.clone();
        let schedule = match before {
            Some(before) => Schedule::following(entries, window, &before.schedule),
            None => Schedule::new(entries, window),
        };
        let serial = before.map_or(1, |before| before.serial() + 1);
        Ok(Snapshot::new(serial, self.keys()?, schedule, i64::from(self.document.max_staleness), now))
    }

    /// The link key of an earlier epoch, where it was kept.
    fn link_of(&self, epoch: u32) -> Result<Option<SecretKey>> {
        let entry = self.document.links.iter().find(|entry| entry.epoch == epoch);
        entry.map(|entry| self.root.unwrap(WrappedAs::Link { epoch }, &entry.wrapped.0)).transpose()
    }

    /// Whether this document descends from a root of that identity and epoch.
    pub(super) fn descends_from(&self, identity: &[u8; 32], epoch: u32) -> Result<bool> {
        Ok(self.link_of(epoch)?.is_some_and(|link| constant_time_eq(&identity_of(&link), identity)))
    }

    /// Refuses a document that is older than, or foreign to, what the pin remembers.
    pub(super) fn check_pin(&self, pinned: &PinnedState, accepted: Option<&[u8; 32]>) -> Result<()> {
        let identity = self.root.identity();
        let document = &self.document;
        if constant_time_eq(&identity, &pinned.root_identity) {
            return match document.generation >= pinned.generation && document.epoch == pinned.epoch {
                true => Ok(()),
                false => fail(ErrorCode::KeyringRolledBack, format!("generation {}", document.generation)),
            };
        }
        let is_later = document.epoch > pinned.epoch && document.generation > pinned.generation;
        if is_later && self.descends_from(&pinned.root_identity, pinned.epoch)? {
            return Ok(());
        }
        if accepted.is_some_and(|accepted| constant_time_eq(accepted, &identity))
            && document.generation > pinned.generation
        {
            return Ok(());
        }
        if document.epoch < pinned.epoch || document.generation <= pinned.generation {
            return fail(ErrorCode::KeyringRolledBack, format!("epoch {}", document.epoch));
        }
        fail(ErrorCode::KeyringForeign, format!("epoch {}", document.epoch))
    }
}

impl Environment {
    /// Opens a document through the first provider that can be reached.
    pub(super) fn open_bytes(&self, bytes: &[u8], recovering: bool) -> Result<Opened> {
        let head = head(bytes, &self.id)?;
        let root = self.unwrap_root(&head, recovering)?;
        let (document, tag) = Document::open(bytes, &root.document)?;
        Ok(Opened { document, tag, bytes: bytes.into(), root })
    }

    fn unwrap_root(&self, head: &Head, recovering: bool) -> Result<RootKeys> {
        let mut unavailable = None;
        for provider in &self.providers() {
            let Some(entry) = head.providers.iter().find(|entry| entry.name == provider.name) else { continue };
            if provider.provider.is_recovery_only() && !recovering {
                continue;
            }
            check_entry(provider, entry, &self.id, head.epoch)?;
            let context = WrapContext::root(&self.id, head.epoch);
            match self.call_unwrap(provider, &entry.wrapped(), &context) {
                Ok(root) => {
                    let root = RootKeys::new(&self.id, head.epoch, root)?;
                    return match constant_time_eq(&root.identity(), &head.root_identity.0) {
                        true => Ok(root),
                        false => fail(ErrorCode::ProviderWrongKey, format!("provider {}: another root", provider.name)),
                    };
                }
                Err(error) if error.code() == ErrorCode::ProviderUnavailable => unavailable = Some(error),
                Err(error) => return Err(error.at(&format!("provider {}", provider.name))),
            }
        }
        Err(unavailable.unwrap_or_else(|| Error::new(ErrorCode::NoMatchingProvider)))
    }

    /// Wraps a root by one provider, under the configured key or one made for the epoch, and opens it again to compare.
    pub(super) fn wrap_root(
        &self,
        provider: &NamedProvider,
        root: &RootKeys,
        made: &mut MadeKeys,
    ) -> Result<ProviderEntry> {
        let context = WrapContext::root(&self.id, root.epoch);
        let service = &provider.provider;
        let makes = service.can_make_keys();
        let key_name = match makes {
            true => {
                let name = format!("{}{}", made_key_prefix(&self.id, root.epoch), random_hex()?);
                // A call that failed may have made the key all the same.
                made.push(provider, &name, root.epoch);
                self.call_make_key(provider, &name, root.epoch)?;
                self.audit(
                    &AuditEvent::new(EventName::ProviderKeyMade).with("provider", &provider.name).with("key", &name),
                );
                name
            }
            false => service.key_name(),
        };
        let wrapped = self.call_wrap(provider, &key_name, &root.root, &context)?;
        wrapped.check()?;
        if wrapped.key_name != key_name {
            return fail(ErrorCode::ProviderBadReply, format!("provider {}: another key", provider.name));
        }
        // An escrow under a public key cannot open what it wraps here; its configuration names it so.
        if !service.is_recovery_only() && self.call_unwrap(provider, &wrapped, &context)? != root.root {
            return fail(ErrorCode::ProviderBadReply, format!("provider {}: another root", provider.name));
        }
        Ok(ProviderEntry {
            name: provider.name.clone(),
            kind: service.kind().to_owned(),
            key_name,
            made: makes,
            params: wrapped.params,
            wrapped_root: super::document::Base64(wrapped.ciphertext),
        })
    }
}

/// The entry's kind and key must be those of the caller's configuration: an entry is never followed as an address.
pub(super) fn check_entry(provider: &NamedProvider, entry: &ProviderEntry, keyring_id: &str, epoch: u32) -> Result<()> {
    let service = &provider.provider;
    let is_made =
        entry.made && service.can_make_keys() && entry.key_name.starts_with(&made_key_prefix(keyring_id, epoch));
    let is_configured = !entry.made && entry.key_name == service.key_name();
    entry.wrapped().check().map_err(|_| Error::with_detail(ErrorCode::KeyringMalformed, "provider entry"))?;
    match entry.kind == service.kind() && (is_made || is_configured) {
        true => Ok(()),
        false => fail(ErrorCode::ProviderMismatch, format!("provider {}", provider.name)),
    }
}

/// How the names of the keys that providers make for an epoch begin; 16 random hexadecimal digits follow.
pub(super) fn made_key_prefix(keyring_id: &str, epoch: u32) -> String {
    format!("{keyring_id}-{epoch}-")
}

fn random_hex() -> Result<String> {
    Ok(base16ct::lower::encode_string(&crate::random::array::<8>()?))
}
