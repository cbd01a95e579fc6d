//! A root and what is derived from it.

use std::fmt;

use crate::context::Parts;
use crate::derive::{Label, expand_key, info};
use crate::envelope::KeyId;
use crate::error::{Error, ErrorCode, Result};
use crate::secret::SecretKey;
use crate::suite::hash::sha256;
use crate::suite::xaes;

/// What a wrapped key is, and which.
#[derive(Clone, Copy, Debug)]
pub(super) enum WrappedAs {
    Data { version: u32, id: KeyId },
    Index { number: u32 },
    Audit { epoch: u32 },
    Link { epoch: u32 },
}

/// The root of one epoch with its derived keys.
#[derive(Clone)]
pub(super) struct RootKeys {
    pub(super) epoch: u32,
    keyring_id: String,
    pub(super) root: SecretKey,
    wrap: SecretKey,
    pub(super) document: SecretKey,
    pub(super) audit: SecretKey,
    pub(super) link: SecretKey,
}

impl RootKeys {
    pub(super) fn new(keyring_id: &str, epoch: u32, root: SecretKey) -> Result<Self> {
        let derive = |label| expand_key(&root, &info(label));
        Ok(Self {
            epoch,
            keyring_id: keyring_id.to_owned(),
            wrap: derive(Label::Wrap)?,
            document: derive(Label::Document)?,
            audit: derive(Label::Audit)?,
            link: derive(Label::Link)?,
            root,
        })
    }

    /// The root's identity: it commits to the root and tells nothing else.
    pub(super) fn identity(&self) -> [u8; 32] {
        identity_of(&self.link)
    }

    /// `nonce || ciphertext || tag`, 72 bytes.
    pub(super) fn wrap(&self, what: WrappedAs, key: &SecretKey) -> Result<Vec<u8>> {
        xaes::seal(&self.wrap, &self.associated_data(what), key.expose())
    }

    /// Opens what [`Self::wrap`] gave for the same kind, keyring, epoch, id and number.
    pub(super) fn unwrap(&self, what: WrappedAs, wrapped: &[u8]) -> Result<SecretKey> {
        let key = xaes::open(&self.wrap, &self.associated_data(what), wrapped)?;
        SecretKey::from_slice(&key).map_err(|_| Error::with_detail(ErrorCode::KeyringMalformed, "wrapped key"))
    }

    fn associated_data(&self, what: WrappedAs) -> Vec<u8> {
        let (kind, id, number) = match what {
            WrappedAs::Data { version, id } => ("data", Some(id.to_bytes()), version),
            WrappedAs::Index { number } => ("index", None, number),
            WrappedAs::Audit { epoch } => ("audit", None, epoch),
            WrappedAs::Link { epoch } => ("link", None, epoch),
        };
        let mut parts = Parts::new();
        parts.present(kind.as_bytes()).present(self.keyring_id.as_bytes()).present(&self.epoch.to_be_bytes());
        parts.optional(id.as_ref().map(|id| id.as_slice())).present(&number.to_be_bytes());
        parts.into_bytes()
    }
}

impl fmt::Debug for RootKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootKeys").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

/// SHA-256 of a link key.
pub(super) fn identity_of(link: &SecretKey) -> [u8; 32] {
    sha256(link.expose())
}
