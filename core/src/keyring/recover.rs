//! Exports, and the way back when the store is lost.

use std::collections::BTreeSet;

use super::builder::KeyringBuilder;
use super::open::Opened;
use super::{Keyring, environment::Environment};
use crate::audit::{AuditEvent, EventName};
use crate::envelope::{Envelope, KeyId};
use crate::error::{ErrorCode, Result, fail};
use crate::store::DocumentTag;

/// A recovered document takes the next multiple of this as its generation: above whatever was lost.
const GENERATION_STEP: u64 = 1 << 32;

impl Keyring {
    /// The document as it is now, to be kept elsewhere. It holds wrapped keys only; a pin is never exported.
    #[must_use]
    pub fn export(&self) -> Vec<u8> {
        let (bytes, generation) = {
            let opened = self.inner.opened();
            (opened.bytes.to_vec(), opened.document.generation)
        };
        self.audit(&AuditEvent::new(EventName::KeyringExported).with("generation", generation));
        bytes
    }

    /// SHA-256 of the link key of this epoch's root: what pins compare, and what
    /// [`KeyringBuilder::accept_identity`] takes. Not secret.
    #[must_use]
    pub fn root_identity(&self) -> [u8; 32] {
        self.inner.opened().root.identity()
    }

    /// The key ids, in order, of envelopes whose version is in no document: written after the export that was recovered.
    /// Bytes that are no envelope are passed over.
    pub fn unknown_key_ids<'a>(&self, envelopes: impl IntoIterator<Item = &'a [u8]>) -> Vec<KeyId> {
        let snapshot = self.for_index();
        let ids = envelopes
            .into_iter()
            .filter_map(|bytes| Envelope::parse(bytes).ok())
            .map(|envelope| envelope.header.key_id);
        let unknown: BTreeSet<KeyId> = ids.filter(|id| snapshot.data_key(*id).is_none()).collect();
        unknown.into_iter().collect()
    }
}

impl KeyringBuilder {
    /// Opens an exported document by name, makes a new version current at once, and saves it as the store's document, above every
    /// generation that the document, the store or the pin knows.
    ///
    /// What was encrypted under versions newer than the export cannot be read: [`Keyring::unknown_key_ids`] lists their ids.
    ///
    /// # Errors
    ///
    /// `KeyringExists` if the store's document opens and is not older; otherwise as [`Self::open`] and [`Self::create`].
    ///
    /// # Security
    ///
    /// States are those of the export: a version that was marked compromised or destroyed after it is neither any more. Mark it
    /// again.
    pub fn recover(self, export: &[u8]) -> Result<Keyring> {
        let (environment, pin) = self.environment()?;
        let recovered = environment.recover(export);
        match recovered {
            Ok(opened) => {
                let keyring = Keyring::of(environment, opened)?;
                let generation = keyring.inner.opened().document.generation;
                let event = AuditEvent::new(EventName::KeyringRecovered).with("generation", generation);
                keyring.audit(&event.with("pin", pin));
                Ok(keyring)
            }
            Err(error) => {
                let event = AuditEvent::new(EventName::KeyringOpenFailed).with("code", error.code().as_str());
                environment.audit(&event.with("operation", "recover"));
                Err(error)
            }
        }
    }
}

impl Environment {
    fn recover(&self, export: &[u8]) -> Result<Opened> {
        let now = self.check_clock()?;
        let opened = self.open_bytes(export, true)?;
        let stored = self.store.load(&self.id)?;
        let expected = stored.as_deref().map(DocumentTag::of).transpose()?;
        if let Some(bytes) = &stored
            && self.open_bytes(bytes, true).is_ok_and(|held| held.document.generation >= opened.document.generation)
        {
            return fail(ErrorCode::KeyringExists, "the store's document opens");
        }
        let pinned = self.pin.as_ref().map(|pin| pin.read(&self.id)).transpose()?.flatten();
        let known = [Some(opened.tag), expected].into_iter().flatten().map(|tag| tag.generation);
        let known = known.chain(pinned.map(|pinned| pinned.generation)).max().unwrap_or(0);
        let generation = (known / GENERATION_STEP).checked_add(1).and_then(|steps| steps.checked_mul(GENERATION_STEP));

        let Opened { mut document, root, .. } = opened;
        document.generation = generation.ok_or(ErrorCode::KeyringFull)?;
        self.add_successor(&mut document, &root, now)?;
        let document_bytes = document.seal(&root.document)?;
        let next = Opened::of(document, document_bytes.clone(), root);
        let state = next.pinned_state();
        self.write_with(expected.as_ref(), &document_bytes, &mut || {
            self.pin.as_ref().map_or(Ok(()), |pin| pin.accept_recovered(&state))
        })?;
        Ok(next)
    }
}
