//! The keyring at one moment.

use fieldward::Reach;

use crate::destroy::HeldKey;
use crate::error::Result;
use crate::keyring::Keyring;

/// The keyring at one moment. Holds no secret.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct Status {
    /// The keyring's id.
    pub keyring_id: String,
    /// The document's generation.
    pub generation: u64,
    /// The root epoch.
    pub epoch: u32,
    /// When this was computed, in seconds since 1970.
    pub time: i64,
    /// When the document was last read and verified, in seconds since 1970.
    pub verified_at: i64,
    /// The version that encrypts.
    pub current_version: u32,
    /// Since when, in seconds since 1970.
    pub current_since: i64,
    /// Every data key version, oldest first.
    pub versions: Vec<VersionStatus>,
    /// Every index key, oldest first.
    pub index_keys: Vec<IndexKeyStatus>,
    /// The providers that can open the document.
    pub providers: Vec<ProviderStatus>,
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
    /// Once it is destroyed: the provider keys under which older copies of the document still open. None of them: erased.
    pub remaining: Option<Vec<HeldKey>>,
}

/// An index key at one moment.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct IndexKeyStatus {
    /// Its number, from 1.
    pub number: u32,
    /// When it was made, in seconds since 1970.
    pub created: i64,
    /// Whether it is destroyed.
    pub is_destroyed: bool,
}

/// A provider's entry.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct ProviderStatus {
    /// The caller's name for it.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// The key that wraps the root.
    pub key_name: String,
    /// Whether the library had it made for this epoch, so that it can be destroyed with it.
    pub is_made: bool,
}

/// What is left of a destroyed key.
pub(crate) fn remaining(reach: &Reach) -> Vec<HeldKey> {
    match reach {
        Reach::DocumentOnly { remaining } => remaining.iter().map(HeldKey::from).collect(),
        _ => Vec::new(),
    }
}

impl From<fieldward::KeyringStatus> for Status {
    fn from(status: fieldward::KeyringStatus) -> Self {
        let versions = status.versions.into_iter().map(|version| VersionStatus {
            version: version.version,
            key_id: version.key_id.to_string(),
            state: version.state.as_str().to_owned(),
            is_current: version.is_current,
            created: version.created,
            active_from: version.active_from,
            remaining: version.reach.as_ref().map(remaining),
        });
        let index_keys = status.index_keys.into_iter().map(|key| IndexKeyStatus {
            number: key.number,
            created: key.created,
            is_destroyed: key.is_destroyed,
        });
        let providers = status.providers.into_iter().map(|provider| ProviderStatus {
            name: provider.name,
            kind: provider.kind,
            key_name: provider.key_name,
            is_made: provider.is_made,
        });
        Self {
            keyring_id: status.keyring_id,
            generation: status.generation,
            epoch: status.epoch,
            time: status.time,
            verified_at: status.verified_at,
            current_version: status.current_version,
            current_since: status.current_since,
            versions: versions.collect(),
            index_keys: index_keys.collect(),
            providers: providers.collect(),
        }
    }
}

#[uniffi::export]
impl Keyring {
    /// Versions with their effective states, index keys and providers.
    pub fn status(&self) -> Result<Status> {
        Ok(self.part()?.status()?.into())
    }
}
