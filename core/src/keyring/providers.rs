//! Which providers can open the keyring.

use std::sync::Arc;

use super::Keyring;
use super::document::{Document, MAX_PROVIDERS, ProviderEntry};
use super::environment::NamedProvider;
use super::made::MadeKeys;
use super::save::record_epoch;
use crate::audit::{AuditEvent, EventName};
use crate::error::{ErrorCode, Result, fail};
use crate::provider::{KeyProvider, check_key_name};

impl Keyring {
    /// Lets one more provider open the keyring: a second region, an escrow. Data stays as it is.
    ///
    /// # Errors
    ///
    /// `InvalidName`; `InvalidArgument` if the name is taken; `KeyringFull` past 8; what the provider gives;
    /// `StoreConflict` (retryable) and what the store gives.
    pub fn add_provider(&self, name: &str, provider: impl KeyProvider + 'static) -> Result<()> {
        self.wrap_by(name, Arc::new(provider), |document, entry| {
            if document.providers.iter().any(|other| other.name == entry.name) {
                return fail(ErrorCode::InvalidArgument, format!("provider {} has an entry", entry.name));
            }
            if document.providers.len() >= MAX_PROVIDERS {
                return fail(ErrorCode::KeyringFull, "8 providers");
            }
            document.providers.push(entry);
            Ok(())
        })
    }

    /// Puts another provider, or another key, in the place of the one of this name: the root is wrapped again, data stays as
    /// it is.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if there is no such entry; otherwise as [`Self::add_provider`].
    ///
    /// # Security
    ///
    /// Older copies of the document still open by the old key. To shut it out, start a new epoch afterwards.
    pub fn replace_provider(&self, name: &str, provider: impl KeyProvider + 'static) -> Result<()> {
        self.wrap_by(name, Arc::new(provider), |document, entry| {
            match document.providers.iter_mut().find(|other| other.name == entry.name) {
                Some(other) => *other = entry,
                None => return fail(ErrorCode::InvalidArgument, format!("provider {} has no entry", entry.name)),
            }
            Ok(())
        })
    }

    /// Removes a provider's entry.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if there is no such entry, or it is the last that opens the keyring; `StoreConflict` (retryable) and
    /// what the store gives.
    ///
    /// # Security
    ///
    /// This does not revoke it: older copies of the document still open. To shut it out, start a new epoch.
    pub fn remove_provider(&self, name: &str) -> Result<()> {
        let configured = self.inner.environment.providers();
        let opens = |entry: &ProviderEntry| {
            configured.iter().any(|provider| provider.name == entry.name && !provider.provider.is_recovery_only())
        };
        self.change(|document, _, _| {
            let before = document.providers.len();
            document.providers.retain(|entry| entry.name != name);
            if document.providers.len() == before {
                return fail(ErrorCode::InvalidArgument, format!("provider {name} has no entry"));
            }
            if !document.providers.iter().any(opens) {
                return fail(ErrorCode::InvalidArgument, "no configured provider would be left that opens the keyring");
            }
            Ok(((), AuditEvent::new(EventName::ProviderRemoved).with("provider", name)))
        })
    }

    fn wrap_by(
        &self,
        name: &str,
        provider: Arc<dyn KeyProvider>,
        place: impl FnOnce(&mut Document, ProviderEntry) -> Result<()>,
    ) -> Result<()> {
        check_key_name(name)?;
        let environment = &self.inner.environment;
        let provider = NamedProvider { name: name.to_owned(), provider };
        let mut made = MadeKeys::default();
        let mut opened = self.inner.opened();
        self.inner.reload(&mut opened)?;
        let mut document = opened.document.clone();
        let root = opened.root.clone();
        let placed = environment.wrap_root(&provider, &root, &mut made).and_then(|entry| place(&mut document, entry));
        if let Err(error) = placed {
            made.discard(environment);
            return Err(error);
        }
        record_epoch(&mut document);
        if let Err((error, attempted)) = self.inner.save(&mut opened, document, root) {
            made.settle(environment, attempted.as_ref());
            return Err(error);
        }
        drop(opened);
        environment.set_provider(provider);
        environment.audit(&AuditEvent::new(EventName::ProviderAdded).with("provider", name));
        Ok(())
    }
}
