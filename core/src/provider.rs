//! Where the key that wraps everything lives.
//!
//! Three doors for whoever brings keys: use a built-in provider; implement [`KeyProvider`]; pass a key of your own to
//! [`LocalKeyProvider`]. Nothing else in the library changes with the choice.
//!
//! | provider | for |
//! |---|---|
//! | [`LocalKeyProvider`] | a 256-bit key from a file, the environment or bytes |
//! | [`LocalKeyDirectory`] | a directory with one key file for each root epoch, so that an epoch's key can be destroyed |
//! | [`PassphraseProvider`] | a passphrase that people type |
//! | [`CallbackProvider`] | two functions: an HSM, a KMS, another language |
//! | `Pkcs11Provider` | a hardware module (feature `pkcs11`) |
//! | `AwsKmsProvider` | AWS KMS (feature `aws-kms`) |
//! | `VaultTransitProvider` | HashiCorp Vault or OpenBao (feature `vault-transit`) |
//! | [`CachedProvider`] | a wrapper that keeps what it opened for a few minutes |
//! | [`RetryingProvider`] | a wrapper that tries again what failed for a moment |
//!
//! `spec/provider.md` says what a provider must do; `conformance::provider::check` tests it.

#[cfg(feature = "aws-kms")]
mod aws_kms;
mod cached;
mod callback;
mod directory;
#[cfg(any(feature = "aws-kms", feature = "vault-transit"))]
mod https;
mod key_file;
mod local;
mod passphrase;
#[cfg(feature = "pkcs11")]
mod pkcs11;
mod retrying;
#[cfg(feature = "vault-transit")]
mod vault_transit;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::context::Parts;
use crate::error::{Error, ErrorCode, Result, fail};
use crate::secret::SecretKey;

#[cfg(feature = "aws-kms")]
pub use aws_kms::{AwsKmsBuilder, AwsKmsProvider};
pub use cached::CachedProvider;
pub use callback::{CallbackProvider, bind_context, unbind_context};
pub use directory::LocalKeyDirectory;
pub use key_file::KEY_TEXT_PREFIX;
pub use local::LocalKeyProvider;
pub use passphrase::{PassphraseProvider, Pbkdf2Hash};
#[cfg(feature = "pkcs11")]
pub use pkcs11::{Pkcs11Builder, Pkcs11Mechanism, Pkcs11Pin, Pkcs11Provider};
pub use retrying::RetryingProvider;
#[cfg(feature = "vault-transit")]
pub use vault_transit::{VaultToken, VaultTransitBuilder, VaultTransitProvider};

/// The longest key name, in bytes.
pub const MAX_KEY_NAME_LEN: usize = 256;
/// The longest wrapped secret, in bytes: what a KMS returns, with room.
pub const MAX_WRAPPED_LEN: usize = 8 * 1024;
/// The largest number of parameters of an entry.
pub const MAX_PARAMS: usize = 16;
/// The longest name or value of a parameter, in bytes.
pub const MAX_PARAM_LEN: usize = 1_024;

/// What a wrapped secret is bound to. Always passed, always bound: opening it with another context must fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrapContext<'a> {
    /// The keyring's id.
    pub keyring_id: &'a str,
    /// The root epoch.
    pub epoch: u32,
    /// What the secret is: `root`.
    pub purpose: &'a str,
}

impl<'a> WrapContext<'a> {
    /// The context of a keyring's root in an epoch.
    #[must_use]
    pub const fn root(keyring_id: &'a str, epoch: u32) -> Self {
        Self { keyring_id, epoch, purpose: "root" }
    }

    /// Canonical bytes, for mechanisms that take associated data: `P("fieldward/1", "wrap-context", keyring id, epoch as 4
    /// bytes big-endian, purpose)`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut parts = Parts::new();
        parts.present(b"fieldward/1").present(b"wrap-context");
        parts.present(self.keyring_id.as_bytes()).present(&self.epoch.to_be_bytes()).present(self.purpose.as_bytes());
        parts.into_bytes()
    }

    /// Names and values, for services that take an encryption context.
    #[must_use]
    pub fn pairs(&self) -> [(&'static str, String); 3] {
        [
            ("fieldward:keyring", self.keyring_id.to_owned()),
            ("fieldward:epoch", self.epoch.to_string()),
            ("fieldward:purpose", self.purpose.to_owned()),
        ]
    }
}

/// A wrapped secret as it stands in the document: what its wrap needs, and never where to find a provider.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "implementors build it")]
pub struct WrappedKey {
    /// The provider's key that wraps it.
    pub key_name: String,
    /// Salt, iterations and the like. Not secret.
    pub params: BTreeMap<String, String>,
    /// The wrapped secret.
    pub ciphertext: Vec<u8>,
}

impl WrappedKey {
    /// A wrapped secret without parameters.
    #[must_use]
    pub fn new(key_name: impl Into<String>, ciphertext: Vec<u8>) -> Self {
        Self { key_name: key_name.into(), params: BTreeMap::new(), ciphertext }
    }

    /// Refuses what is past its limits, before a provider sees it.
    ///
    /// # Errors
    ///
    /// `ProviderBadReply` past [`MAX_KEY_NAME_LEN`], [`MAX_WRAPPED_LEN`], [`MAX_PARAMS`] or [`MAX_PARAM_LEN`].
    pub fn check(&self) -> Result<()> {
        let long = |text: &String| text.len() > MAX_PARAM_LEN;
        let fits = check_key_name(&self.key_name).is_ok()
            && (1..=MAX_WRAPPED_LEN).contains(&self.ciphertext.len())
            && self.params.len() <= MAX_PARAMS
            && !self.params.iter().any(|(name, value)| long(name) || long(value));
        if fits { Ok(()) } else { fail(ErrorCode::ProviderBadReply, "a wrapped key past its limits") }
    }
}

impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WrappedKey").field("key_name", &self.key_name).finish_non_exhaustive()
    }
}

/// Wraps and unwraps one small secret with a key that it never gives out.
///
/// Calls block and may come from any thread. One call opens a keyring, whatever its age.
pub trait KeyProvider: Send + Sync + fmt::Debug {
    /// What kind of provider it is, such as `local`: stands in the document, and must be the same when it is opened.
    fn kind(&self) -> &str;

    /// The name of the configured key: not secret, stands in the document, and must be the same when it is opened.
    fn key_name(&self) -> String;

    /// Wraps `secret` with the key `key_name` (the configured one, or one that [`Self::make_key`] made), bound to `context`.
    /// Wrapping must need the provider's secret: with a public key anyone could build a whole document.
    ///
    /// # Errors
    ///
    /// `ProviderUnavailable` (retryable), `ProviderDenied`, `ProviderWrongKey` for a key it does not have,
    /// `ProviderBadReply`.
    fn wrap(&self, key_name: &str, secret: &SecretKey, context: &WrapContext<'_>) -> Result<WrappedKey>;

    /// Opens what [`Self::wrap`] gave.
    ///
    /// # Errors
    ///
    /// As [`Self::wrap`]; `ProviderWrongKey` also for another key, another context, or a ciphertext that was tampered with.
    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext<'_>) -> Result<SecretKey>;

    /// 256 bits from hardware, where there is some. The default has none.
    ///
    /// # Errors
    ///
    /// As [`Self::wrap`].
    fn generate(&self) -> Result<Option<SecretKey>> {
        Ok(None)
    }

    /// Whether [`Self::make_key`] and [`Self::destroy_key`] work: then each root epoch gets a key of its own, and destroying a
    /// version ends in erasure.
    fn can_make_keys(&self) -> bool {
        false
    }

    /// Makes a key of this name; a name that exists is an error.
    ///
    /// # Errors
    ///
    /// `ProviderUnsupported` unless [`Self::can_make_keys`]; else as [`Self::wrap`].
    fn make_key(&self, key_name: &str) -> Result<()> {
        let _ = key_name;
        Err(Error::new(ErrorCode::ProviderUnsupported))
    }

    /// Destroys a key that [`Self::make_key`] made, for good. Destroying it again succeeds.
    ///
    /// # Errors
    ///
    /// `ProviderUnsupported` unless [`Self::can_make_keys`]; else as [`Self::wrap`].
    fn destroy_key(&self, key_name: &str) -> Result<()> {
        let _ = key_name;
        Err(Error::new(ErrorCode::ProviderUnsupported))
    }

    /// Whether its entry opens a keyring only in `recover`: escrow under a public key.
    fn is_recovery_only(&self) -> bool {
        false
    }
}

impl<T: KeyProvider + ?Sized> KeyProvider for Arc<T> {
    fn kind(&self) -> &str {
        (**self).kind()
    }
    fn key_name(&self) -> String {
        (**self).key_name()
    }
    fn wrap(&self, key_name: &str, secret: &SecretKey, context: &WrapContext<'_>) -> Result<WrappedKey> {
        (**self).wrap(key_name, secret, context)
    }
    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext<'_>) -> Result<SecretKey> {
        (**self).unwrap(wrapped, context)
    }
    fn generate(&self) -> Result<Option<SecretKey>> {
        (**self).generate()
    }
    fn can_make_keys(&self) -> bool {
        (**self).can_make_keys()
    }
    fn make_key(&self, key_name: &str) -> Result<()> {
        (**self).make_key(key_name)
    }
    fn destroy_key(&self, key_name: &str) -> Result<()> {
        (**self).destroy_key(key_name)
    }
    fn is_recovery_only(&self) -> bool {
        (**self).is_recovery_only()
    }
}

/// Refuses key names outside 1 to 256 printable ASCII characters: they stand in documents and logs.
pub(crate) fn check_key_name(name: &str) -> Result<()> {
    let fits = (1..=MAX_KEY_NAME_LEN).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(()) } else { fail(ErrorCode::InvalidName, "a key name has 1 to 256 printable ASCII characters") }
}

#[cfg(test)]
mod tests;
