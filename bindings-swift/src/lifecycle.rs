//! The life of keys: rotation, states, destruction, providers, exports, status.

use std::sync::Arc;
use std::time::Duration;

use fieldward::{Destroy, KeyId, Reach, RotateOptions};

use crate::error::Result;
use crate::keyring::Keyring;
use crate::provider::Provider;

/// The keyring at one moment. Holds no secret.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct Status {
    /// The document's generation.
    pub generation: u64,
    /// The root epoch.
    pub epoch: u32,
    /// When the document was last read and verified, in seconds since 1970.
    pub verified_at: i64,
    /// The version that encrypts.
    pub current_version: u32,
    /// Every data key version, oldest first.
    pub versions: Vec<VersionStatus>,
    /// The names of the providers that can open the document.
    pub providers: Vec<String>,
}

/// A data key version at one moment.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct VersionStatus {
    /// Its number, from 1.
    pub version: u32,
    /// What envelopes name it by, eight hexadecimal digits.
    pub key_id: String,
    /// Its state: `pre-active`, `active`, `suspended`, `deactivated`, `compromised` or `destroyed`.
    pub state: String,
    /// Whether it encrypts now.
    pub is_current: bool,
    /// When it was made, in seconds since 1970.
    pub created: i64,
    /// When it takes over, if it waits.
    pub active_from: Option<i64>,
}

/// How far a destruction reached.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct Destruction {
    /// What was destroyed, such as `version 3`.
    pub target: String,
    /// The root epoch that no longer holds it.
    pub epoch: u32,
    /// Whether no copy of any document opens it any more.
    pub is_erased: bool,
    /// Names of the provider keys under which older copies of the document still open.
    pub remaining: Vec<String>,
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

    /// Marks the root compromised: every version is; a new epoch, version and index key begin. Returns the version's number.
    pub fn mark_root_compromised(&self, reason: &str, drop_providers: Vec<String>) -> Result<u32> {
        let dropped: Vec<&str> = drop_providers.iter().map(String::as_str).collect();
        Ok(self.part()?.mark_root_compromised(reason, &dropped)?.version)
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

    /// Destroys a version, confirmed by its key id. `waive_exports` says why earlier exports need not be replaced.
    pub fn destroy(&self, version: u32, key_id: &str, reason: &str, waive_exports: &str) -> Result<Destruction> {
        let request = Destroy::version(version, key_id.parse::<KeyId>()?, reason).waive_exports(waive_exports);
        let reached = self.part()?.destroy(request)?;
        let remaining = match &reached.reach {
            Reach::DocumentOnly { remaining } => remaining.iter().map(|held| held.key_name.clone()).collect(),
            _ => Vec::new(),
        };
        let is_erased = reached.reach == Reach::Erased;
        Ok(Destruction { target: reached.target, epoch: reached.epoch, is_erased, remaining })
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

    /// Versions with their effective states, and providers.
    pub fn status(&self) -> Result<Status> {
        let status = self.part()?.status()?;
        let versions = status.versions.into_iter().map(|version| VersionStatus {
            version: version.version,
            key_id: version.key_id.to_string(),
            state: version.state.as_str().to_owned(),
            is_current: version.is_current,
            created: version.created,
            active_from: version.active_from,
        });
        Ok(Status {
            generation: status.generation,
            epoch: status.epoch,
            verified_at: status.verified_at,
            current_version: status.current_version,
            versions: versions.collect(),
            providers: status.providers.into_iter().map(|provider| provider.name).collect(),
        })
    }
}
