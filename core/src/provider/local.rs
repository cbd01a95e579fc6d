//! A 256-bit key of the caller's: from bytes, the environment, or a file with checked permissions.

use std::fmt;
use std::path::Path;

use zeroize::Zeroizing;

use super::{KeyProvider, WrapContext, WrappedKey, key_file};
use crate::derive::{Label, expand, info};
use crate::error::{Error, ErrorCode, Result, fail};
use crate::secret::SecretKey;
use crate::suite::xaes;

/// Wraps with XAES-256-GCM under a key that the caller holds.
///
/// ```
/// use fieldward::{LocalKeyProvider, SecretKey};
/// let provider = LocalKeyProvider::new(SecretKey::generate()?);
/// # let _ = provider;
/// # Ok::<(), fieldward::Error>(())
/// ```
pub struct LocalKeyProvider {
    key: SecretKey,
    name: String,
}

impl LocalKeyProvider {
    /// Uses this key.
    #[must_use]
    pub fn new(key: SecretKey) -> Self {
        let name = name_of(&key);
        Self { key, name }
    }

    /// Reads a key in its text form, `fwk1.` and unpadded base64url. Hexadecimal digits are refused: 64 of them are not a key.
    ///
    /// # Errors
    ///
    /// `KeyFileMalformed` for any other text.
    pub fn from_text(text: &str) -> Result<Self> {
        key_file::parse(text).map(Self::new)
    }

    /// Reads the text form from an environment variable.
    ///
    /// # Errors
    ///
    /// `ProviderUnavailable` if it is not set; `KeyFileMalformed` for any other text.
    ///
    /// # Security
    ///
    /// An environment is visible to the process's user and inherited by its children: prefer a file.
    pub fn from_env(variable: &str) -> Result<Self> {
        let text = std::env::var(variable).map(Zeroizing::new);
        let text = text.map_err(|_| Error::with_detail(ErrorCode::ProviderUnavailable, "environment variable"))?;
        Self::from_text(&text)
    }

    /// Reads the text form from a file. On Unix it must be a regular file without access for group and others.
    ///
    /// # Errors
    ///
    /// `KeyFilePermissions`, `KeyFileMalformed`; `ProviderUnavailable` or `ProviderDenied` if it cannot be read.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        key_file::read(path.as_ref()).map(Self::new)
    }

    /// Makes a key file with a fresh key, readable by its owner only, and uses it.
    ///
    /// # Errors
    ///
    /// `ProviderUnavailable` if the file exists or cannot be written; `RandomUnavailable`.
    pub fn create_file(path: impl AsRef<Path>) -> Result<Self> {
        let key = SecretKey::generate()?;
        key_file::create(path.as_ref(), &key)?;
        Ok(Self::new(key))
    }
}

impl KeyProvider for LocalKeyProvider {
    fn kind(&self) -> &str {
        "local"
    }

    fn key_name(&self) -> String {
        self.name.clone()
    }

    fn wrap(&self, key_name: &str, secret: &SecretKey, context: &WrapContext<'_>) -> Result<WrappedKey> {
        if key_name != self.name {
            return fail(ErrorCode::ProviderWrongKey, "another local key");
        }
        wrap_with(&self.key, key_name, secret, context)
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext<'_>) -> Result<SecretKey> {
        if wrapped.key_name != self.name {
            return fail(ErrorCode::ProviderWrongKey, "another local key");
        }
        unwrap_with(&self.key, wrapped, context)
    }
}

impl fmt::Debug for LocalKeyProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKeyProvider").field("name", &self.name).finish_non_exhaustive()
    }
}

/// 64 bits of a key derived for the purpose: names a key without telling it.
pub(super) fn name_of(key: &SecretKey) -> String {
    let derived = expand::<32>(key, &info(Label::LocalName)).unwrap_or_default();
    let (start, _) = derived.split_at(8);
    format!("local-{}", base16ct::lower::encode_string(start))
}

pub(super) fn wrap_with(
    key: &SecretKey,
    name: &str,
    secret: &SecretKey,
    context: &WrapContext<'_>,
) -> Result<WrappedKey> {
    Ok(WrappedKey::new(name, xaes::seal(key, &context.to_bytes(), secret.expose())?))
}

pub(super) fn unwrap_with(key: &SecretKey, wrapped: &WrappedKey, context: &WrapContext<'_>) -> Result<SecretKey> {
    if !wrapped.params.is_empty() {
        return fail(ErrorCode::ProviderMismatch, "a local entry has no parameters");
    }
    let opened = xaes::open(key, &context.to_bytes(), &wrapped.ciphertext);
    let opened = opened.map_err(|_| Error::new(ErrorCode::ProviderWrongKey))?;
    SecretKey::from_slice(&opened).map_err(|_| Error::new(ErrorCode::ProviderBadReply))
}
