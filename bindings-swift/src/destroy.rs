//! Destruction: what to destroy, and how far it reached.

use std::sync::Arc;

use fieldward::{Destroy, ErrorCode, KeyId, Reach};

use crate::error::{Failure, Result, fail};
use crate::host::Refusal;
use crate::keyring::Keyring;
use crate::status::remaining;

/// What to destroy, and what becomes of earlier exports.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side builds it")]
pub struct DestroyRequest {
    /// Why.
    pub reason: String,
    /// The version, with `key_id` to confirm it.
    pub version: Option<u32>,
    /// The version's key id, eight hexadecimal digits.
    pub key_id: Option<String>,
    /// The index key, in place of a version.
    pub index_key: Option<u32>,
    /// Why earlier exports may stay as they are.
    pub waive_exports: Option<String>,
    /// Providers that are out of reach and dropped.
    pub drop_providers: Vec<String>,
}

/// Keeps the new document in the place of earlier exports; written in Swift or Kotlin.
#[uniffi::export(with_foreign)]
pub trait HostExport: Send + Sync {
    /// Takes the document.
    fn keep(&self, document: Vec<u8>) -> Result<(), Refusal>;
}

/// How far a destruction reached.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct Destruction {
    /// What was destroyed: `version 3` or `index key 1`.
    pub target: String,
    /// The destroyed version's key id.
    pub key_id: Option<String>,
    /// When the key left the document, in seconds since 1970.
    pub time: i64,
    /// The root epoch that no longer holds it.
    pub epoch: u32,
    /// Whether no copy of any document opens it any more.
    pub is_erased: bool,
    /// The provider keys under which older copies of the document still open.
    pub remaining: Vec<HeldKey>,
    /// Earlier epochs whose exports no provider opens any more.
    pub unreadable_epochs: Vec<u32>,
    /// Whether index values made from the erased data remain in the database.
    pub index_values_remain: bool,
    /// Why the export was not kept, if it was not: the provider keys were then left alone.
    pub export_error: Option<Failure>,
}

/// A provider key under which an older copy of the document still opens.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct HeldKey {
    /// The root epoch.
    pub epoch: u32,
    /// The provider's name.
    pub provider: String,
    /// Its key's name.
    pub key_name: String,
}

impl From<&fieldward::HeldKey> for HeldKey {
    fn from(held: &fieldward::HeldKey) -> Self {
        Self { epoch: held.epoch, provider: held.provider.clone(), key_name: held.key_name.clone() }
    }
}

impl From<fieldward::Destruction> for Destruction {
    fn from(reached: fieldward::Destruction) -> Self {
        Self {
            key_id: reached.key_id.map(|id| id.to_string()),
            time: reached.time,
            epoch: reached.epoch,
            is_erased: reached.reach == Reach::Erased,
            remaining: remaining(&reached.reach),
            unreadable_epochs: reached.unreadable_epochs,
            index_values_remain: reached.index_values_remain,
            export_error: reached.export_error.map(Failure::from),
            target: reached.target,
        }
    }
}

#[uniffi::export]
impl Keyring {
    /// Destroys a version, confirmed by its key id, or an index key. Something must be said of earlier exports: a reason to waive them, or
    /// what keeps the new document.
    pub fn destroy(&self, request: DestroyRequest, keep_export: Option<Arc<dyn HostExport>>) -> Result<Destruction> {
        let DestroyRequest { reason, version, key_id, index_key, waive_exports, drop_providers } = request;
        let mut destroy = match (version, key_id, index_key) {
            (Some(version), Some(key_id), None) => Destroy::version(version, key_id.parse::<KeyId>()?, reason),
            (None, None, Some(number)) => Destroy::index_key(number, reason),
            _ => return fail(ErrorCode::InvalidArgument, "a version and its key id, or an index key"),
        };
        if let Some(reason) = waive_exports {
            destroy = destroy.waive_exports(reason);
        }
        if let Some(export) = keep_export {
            let failed = |refusal: Refusal| refusal.or(ErrorCode::StoreUnavailable);
            destroy = destroy.replace_exports(move |document| export.keep(document.to_vec()).map_err(failed));
        }
        for name in drop_providers {
            destroy = destroy.drop_provider(name);
        }
        Ok(self.part()?.destroy(destroy)?.into())
    }
}
