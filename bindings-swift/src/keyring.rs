//! Keyrings: describing one, opening it, closing it, and making handles.

use std::sync::Arc;
use std::time::Duration;

use fieldward::{Error, ErrorCode, KeyState, KeyringBuilder};

use crate::audit::Sink;
use crate::clock::ManualClock;
use crate::error::{Result, fail};
use crate::field::Field;
use crate::handle::{Handle, Handles};
use crate::pin::Pin;
use crate::provider::Provider;
use crate::record::Records;
use crate::schema::Schema;
use crate::store::Store;

/// What opens a keyring.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side builds it")]
pub struct Config {
    /// The keyring's id.
    pub keyring_id: String,
    /// The providers that can open it, by name.
    pub providers: Vec<NamedProvider>,
    /// Where its document is kept.
    pub store: Arc<Store>,
    /// What remembers how far the document has come; a file store brings one.
    pub pin: Option<Arc<Pin>>,
    /// Why there is no pin.
    pub no_pin: Option<String>,
    /// Seconds after which the store is read again.
    pub refresh_after: Option<u64>,
    /// Seconds after which what was read no longer encrypts.
    pub max_staleness: Option<u64>,
    /// Seconds in which a rotation can be rolled back; for a new keyring only.
    pub rollback_window: Option<u64>,
    /// The identity of a root that another process set in the place of this one's.
    pub accept_identity: Option<Vec<u8>>,
    /// Where the audit log goes.
    pub audit: Vec<Arc<Sink>>,
    /// Seconds that a caller waits for the store where it must.
    pub store_timeout: Option<u64>,
    /// How many derived keys are kept beside those of handles.
    pub cache_capacity: Option<u32>,
    /// A clock in place of the system's.
    pub clock: Option<Arc<ManualClock>>,
}

/// A provider under the caller's name for it.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side builds it")]
pub struct NamedProvider {
    /// The name.
    pub name: String,
    /// The provider.
    pub provider: Arc<Provider>,
}

impl Config {
    fn builder(self) -> Result<KeyringBuilder> {
        let mut builder = fieldward::Keyring::builder(self.keyring_id).store(Arc::clone(&self.store.inner));
        for NamedProvider { name, provider } in self.providers {
            builder = builder.provider(name, Arc::clone(&provider.inner));
        }
        if let Some(pin) = self.pin {
            builder = builder.pin(Arc::clone(&pin.inner));
        }
        if let Some(reason) = self.no_pin {
            builder = builder.no_pin(reason);
        }
        if let Some(seconds) = self.refresh_after {
            builder = builder.refresh_after(Duration::from_secs(seconds));
        }
        if let Some(seconds) = self.max_staleness {
            builder = builder.max_staleness(Duration::from_secs(seconds));
        }
        if let Some(seconds) = self.rollback_window {
            builder = builder.rollback_window(Duration::from_secs(seconds));
        }
        if let Some(identity) = self.accept_identity {
            let identity = <[u8; 32]>::try_from(identity).map_err(|_| Error::new(ErrorCode::InvalidKeyLength))?;
            builder = builder.accept_identity(identity);
        }
        for sink in self.audit {
            builder = builder.audit(Arc::clone(&sink.inner));
        }
        if let Some(seconds) = self.store_timeout {
            builder = builder.store_timeout(Duration::from_secs(seconds));
        }
        if let Some(keys) = self.cache_capacity {
            builder = builder.cache_capacity(usize::try_from(keys).unwrap_or(usize::MAX));
        }
        if let Some(clock) = self.clock {
            builder = builder.clock(clock.inner.clone());
        }
        Ok(builder)
    }
}

/// The versioned keys of one user, device, tenant or application, open. Any thread may use it.
#[derive(uniffi::Object)]
pub struct Keyring {
    inner: Arc<Handle<fieldward::Keyring>>,
    handles: Arc<Handles>,
}

impl Keyring {
    fn begun(keyring: fieldward::Keyring) -> Arc<Self> {
        let handles = Arc::new(Handles::default());
        Arc::new(Self { inner: handles.give(keyring), handles })
    }

    /// The same keyring with a right or a duty.
    pub(crate) fn with(&self, keyring: fieldward::Keyring) -> Arc<Self> {
        Arc::new(Self { inner: self.handles.give(keyring), handles: Arc::clone(&self.handles) })
    }

    pub(crate) fn part(&self) -> Result<Arc<fieldward::Keyring>> {
        self.inner.part()
    }
}

#[uniffi::export]
impl Keyring {
    /// Makes a new keyring.
    #[uniffi::constructor]
    pub fn create(config: Config) -> Result<Arc<Self>> {
        Ok(Self::begun(config.builder()?.create()?))
    }

    /// Opens the keyring that the store holds.
    #[uniffi::constructor]
    pub fn open(config: Config) -> Result<Arc<Self>> {
        Ok(Self::begun(config.builder()?.open()?))
    }

    /// Opens an exported document and saves it.
    #[uniffi::constructor]
    pub fn recover(config: Config, export: Vec<u8>) -> Result<Arc<Self>> {
        Ok(Self::begun(config.builder()?.recover(&export)?))
    }

    /// The keyring's id.
    pub fn id(&self) -> Result<String> {
        Ok(self.part()?.id().to_owned())
    }

    /// A handle for one field of a schema, of one tenant where there are tenants.
    pub fn field(&self, schema: &Schema, name: &str, tenant: Option<String>) -> Result<Arc<Field>> {
        let cipher = self.part()?.field(&schema.inner, tenant.as_deref(), name)?;
        Ok(Arc::new(Field { cipher: self.handles.give(cipher) }))
    }

    /// A handle for whole records of a schema, of one tenant where there are tenants.
    pub fn records(&self, schema: &Schema, tenant: Option<String>) -> Result<Arc<Records>> {
        let cipher = self.part()?.records(&schema.inner, tenant.as_deref())?;
        Ok(Arc::new(Records { cipher: self.handles.give(cipher) }))
    }

    /// A handle that also decrypts under `suspended` or `compromised` keys, for re-encryption.
    pub fn allow(&self, state: &str, reason: &str) -> Result<Arc<Self>> {
        let Some(state) = KeyState::ALL.into_iter().find(|known| known.as_str() == state) else {
            return fail(ErrorCode::InvalidArgument, "state");
        };
        Ok(self.with(self.part()?.allow(state, reason)?))
    }

    /// Wipes the keys and closes every handle that the keyring gave out. Calls under way end first. Closing again does nothing.
    pub fn close_all(&self) -> Result<()> {
        self.handles.close();
        Ok(())
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring").finish_non_exhaustive()
    }
}
