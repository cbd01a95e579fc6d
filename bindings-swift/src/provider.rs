//! Key providers: the library's own, and those written in Swift or Kotlin.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use fieldward::{ErrorCode, KeyProvider, LocalKeyProvider, Pbkdf2Hash, SecretBytes, SecretKey};
use zeroize::Zeroizing;

use crate::error::Result;
use crate::host::Refusal;

/// What a wrapped secret is bound to: another context must not open it.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct WrapContext {
    /// The keyring's id.
    pub keyring_id: String,
    /// The root epoch.
    pub epoch: u32,
    /// What the secret is: `root`.
    pub purpose: String,
    /// Names and values, for services that take an encryption context.
    pub pairs: HashMap<String, String>,
    /// Canonical bytes, for mechanisms that take associated data.
    pub data: Vec<u8>,
}

impl From<&fieldward::WrapContext<'_>> for WrapContext {
    fn from(context: &fieldward::WrapContext<'_>) -> Self {
        Self {
            keyring_id: context.keyring_id.to_owned(),
            epoch: context.epoch,
            purpose: context.purpose.to_owned(),
            pairs: context.pairs().into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            data: context.to_bytes(),
        }
    }
}

/// A provider written in Swift or Kotlin. Calls come on a thread that may wait.
#[uniffi::export(with_foreign)]
pub trait HostProvider: Send + Sync {
    /// Wraps 32 bytes.
    fn wrap(&self, secret: Vec<u8>, context: WrapContext) -> Result<Vec<u8>, Refusal>;
    /// Gives back what `wrap` got.
    fn unwrap(&self, wrapped: Vec<u8>, context: WrapContext) -> Result<Vec<u8>, Refusal>;
}

/// What wraps the root of a keyring.
#[derive(Clone, uniffi::Object)]
pub struct Provider {
    pub(crate) inner: Arc<dyn KeyProvider>,
}

impl Provider {
    fn new(provider: impl KeyProvider + 'static) -> Arc<Self> {
        Arc::new(Self { inner: Arc::new(provider) })
    }
}

#[uniffi::export]
impl Provider {
    /// Uses this key: exactly 32 bytes.
    #[uniffi::constructor]
    pub fn local(key: Vec<u8>) -> Result<Arc<Self>> {
        let key = Zeroizing::new(key);
        Ok(Self::new(LocalKeyProvider::new(SecretKey::from_slice(&key)?)))
    }

    /// Uses a fresh key that this process alone knows: for tests and first steps.
    #[uniffi::constructor]
    pub fn generated() -> Result<Arc<Self>> {
        Ok(Self::new(LocalKeyProvider::new(SecretKey::generate()?)))
    }

    /// Reads the text form of a key: `fwk1.` and unpadded base64url.
    #[uniffi::constructor]
    pub fn key_text(text: &str) -> Result<Arc<Self>> {
        Ok(Self::new(LocalKeyProvider::from_text(text)?))
    }

    /// Reads the text form of a key from a file that only its owner can read.
    #[uniffi::constructor]
    pub fn key_file(path: &str) -> Result<Arc<Self>> {
        Ok(Self::new(LocalKeyProvider::from_file(path)?))
    }

    /// Makes a key file with a fresh key. A file that exists is left alone and refused.
    #[uniffi::constructor]
    pub fn new_key_file(path: &str) -> Result<Arc<Self>> {
        Ok(Self::new(LocalKeyProvider::create_file(path)?))
    }

    /// One key file for each root epoch in a directory that exists.
    #[uniffi::constructor]
    pub fn key_directory(directory: &str, name: &str) -> Result<Arc<Self>> {
        Ok(Self::new(fieldward::LocalKeyDirectory::new(directory, name)?))
    }

    /// Wraps under a passphrase of 8 to 1,024 bytes: PBKDF2 with SHA-256, or SHA-512; as many iterations as the library's default
    /// unless said otherwise.
    #[uniffi::constructor]
    pub fn passphrase(name: &str, passphrase: Vec<u8>, is_sha512: bool, iterations: Option<u32>) -> Result<Arc<Self>> {
        let hash = if is_sha512 { Pbkdf2Hash::Sha512 } else { Pbkdf2Hash::Sha256 };
        let provider = fieldward::PassphraseProvider::new(name, SecretBytes::new(passphrase))?.hash(hash);
        Ok(match iterations {
            Some(iterations) => Self::new(provider.iterations(iterations)?),
            None => Self::new(provider),
        })
    }

    /// A provider written in Swift or Kotlin. Its kind and the name of its key stand in documents.
    #[uniffi::constructor]
    pub fn host(kind: &str, key_name: &str, provider: Arc<dyn HostProvider>) -> Result<Arc<Self>> {
        let wraps = Arc::clone(&provider);
        let failed = |refusal: Refusal| refusal.or(ErrorCode::ProviderUnavailable);
        Ok(Self::new(fieldward::CallbackProvider::new(
            kind,
            key_name,
            move |secret, context| wraps.wrap(secret.to_vec(), context.into()).map_err(failed),
            move |wrapped, context| provider.unwrap(wrapped.to_vec(), context.into()).map_err(failed),
        )?))
    }

    /// The kind that stands in documents.
    pub fn kind(&self) -> Result<String> {
        Ok(self.inner.kind().to_owned())
    }

    /// The name that stands in documents: tells the key apart without telling it.
    pub fn key_name(&self) -> Result<String> {
        Ok(self.inner.key_name())
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Provider").field(&self.inner.kind()).finish()
    }
}
