//! The life of keys: rotation, states, epochs, providers, exports.

use std::sync::Arc;
use std::time::Duration;

use fieldward::RotateOptions;

use crate::error::Result;
use crate::keyring::Keyring;
use crate::provider::Provider;

/// Numbers of what replaced a compromised root.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct RootReplaced {
    /// The new epoch.
    pub epoch: u32,
    /// The new version.
    pub version: u32,
    /// The new index key.
    pub index_key: u32,
}

#[uniffi::export]
impl Keyring {
    /// Publishes a new version that takes over after so many seconds, 24 hours unless said otherwise, or at once; returns its number.
    pub fn rotate(&self, after: Option<u64>, at_once: bool) -> Result<u32> {
        Ok(self.part()?.rotate(match (after, at_once) {
            (_, true) => RotateOptions::activate_immediately(),
            (Some(seconds), false) => RotateOptions::after(Duration::from_secs(seconds)),
            (None, false) => RotateOptions::default(),
        })?)
    }

    /// Goes back to the version that was current before, inside the rollback window; returns its number.
    pub fn rollback(&self) -> Result<u32> {
        Ok(self.part()?.rollback()?)
    }

    /// Suspends a version: it neither encrypts nor decrypts until it is resumed.
    pub fn suspend(&self, version: u32, reason: &str) -> Result<()> {
        Ok(self.part()?.suspend(version, reason)?)
    }

    /// Takes up a suspended version again.
    pub fn resume(&self, version: u32, reason: &str) -> Result<()> {
        Ok(self.part()?.resume(version, reason)?)
    }

    /// Marks a version compromised: it is read only by name, for re-encryption.
    pub fn mark_compromised(&self, version: u32, reason: &str) -> Result<()> {
        Ok(self.part()?.mark_compromised(version, reason)?)
    }

    /// Marks the root compromised: every version is; a new epoch, version and index key begin.
    pub fn mark_root_compromised(&self, reason: &str, drop_providers: Vec<String>) -> Result<RootReplaced> {
        let dropped: Vec<&str> = drop_providers.iter().map(String::as_str).collect();
        let replaced = self.part()?.mark_root_compromised(reason, &dropped)?;
        Ok(RootReplaced { epoch: replaced.epoch, version: replaced.version, index_key: replaced.index_key })
    }

    /// Starts a new root epoch; returns its number.
    pub fn start_epoch(&self, drop_providers: Vec<String>) -> Result<u32> {
        let dropped: Vec<&str> = drop_providers.iter().map(String::as_str).collect();
        Ok(self.part()?.start_epoch(&dropped)?)
    }

    /// Adds an index key, for a re-index; returns its number.
    pub fn add_index_key(&self) -> Result<u32> {
        Ok(self.part()?.add_index_key()?)
    }

    /// Adds a provider that can open the keyring from now on.
    pub fn add_provider(&self, name: &str, provider: &Provider) -> Result<()> {
        Ok(self.part()?.add_provider(name, Arc::clone(&provider.inner))?)
    }

    /// Puts a provider in the place of the one of this name.
    pub fn replace_provider(&self, name: &str, provider: &Provider) -> Result<()> {
        Ok(self.part()?.replace_provider(name, Arc::clone(&provider.inner))?)
    }

    /// Removes a provider's entry. Older copies of the document still open with it until a new epoch.
    pub fn remove_provider(&self, name: &str) -> Result<()> {
        Ok(self.part()?.remove_provider(name)?)
    }

    /// Reads the store now; returns whether there was a newer document.
    pub fn refresh(&self) -> Result<bool> {
        Ok(self.part()?.refresh()?)
    }

    /// The document as it is now, to be kept elsewhere: wrapped keys only.
    pub fn export(&self) -> Result<Vec<u8>> {
        Ok(self.part()?.export())
    }

    /// What pins compare: 32 bytes, not secret.
    pub fn root_identity(&self) -> Result<Vec<u8>> {
        Ok(self.part()?.root_identity().to_vec())
    }

    /// The key ids of envelopes whose version is in no document, eight hexadecimal digits each.
    pub fn unknown_key_ids(&self, envelopes: Vec<Vec<u8>>) -> Result<Vec<String>> {
        let unknown = self.part()?.unknown_key_ids(envelopes.iter().map(Vec::as_slice));
        Ok(unknown.iter().map(ToString::to_string).collect())
    }
}
