//! Where the PIN comes from. It is read for each login, wiped after it, and never shown.

use std::fmt;
use std::path::PathBuf;

use cryptoki::types::RawAuthPin;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorCode, Result, fail};
use crate::provider::key_file;
use crate::secret::SecretBytes;

/// The longest PIN, in bytes.
const MAX_LEN: usize = 255;

type Callback = Box<dyn Fn() -> Result<SecretBytes> + Send + Sync>;

/// Where a token's PIN comes from.
///
/// It is read for each login, so that a PIN that was changed takes effect. A PIN that the token refused is not tried again: tokens lock
/// after a few.
pub struct Pkcs11Pin(Source);

enum Source {
    File(PathBuf),
    Environment(String),
    Callback(Callback),
    ProtectedPath,
}

impl Pkcs11Pin {
    /// From a file that nobody but its owner can read; one line feed at the end is not part of the PIN.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File(path.into()))
    }

    /// From an environment variable.
    ///
    /// # Security
    ///
    /// Child processes inherit the environment, and its owner can read it: a file is better.
    pub fn environment(variable: impl Into<String>) -> Self {
        Self(Source::Environment(variable.into()))
    }

    /// From a function: a secret store, a prompt.
    pub fn callback(pin: impl Fn() -> Result<SecretBytes> + Send + Sync + 'static) -> Self {
        Self(Source::Callback(Box::new(pin)))
    }

    /// From the token's own keypad: CKF_PROTECTED_AUTHENTICATION_PATH.
    #[must_use]
    pub const fn protected_path() -> Self {
        Self(Source::ProtectedPath)
    }

    /// The PIN of this moment; `None` if the token asks for it itself.
    pub(super) fn read(&self) -> Result<Option<SecretBytes>> {
        let pin = match &self.0 {
            Source::File(path) => {
                let text = key_file::read_text(path, MAX_LEN + 1)?;
                SecretBytes::new(text.strip_suffix('\n').unwrap_or(&text).as_bytes().to_vec())
            }
            Source::Environment(variable) => match std::env::var(variable).map(Zeroizing::new) {
                Ok(text) => SecretBytes::new(text.as_bytes().to_vec()),
                Err(_) => return fail(ErrorCode::ProviderUnavailable, format!("no variable {variable}")),
            },
            Source::Callback(callback) => callback()?,
            Source::ProtectedPath => return Ok(None),
        };
        match (1..=MAX_LEN).contains(&pin.expose().len()) {
            true => Ok(Some(pin)),
            false => Err(Error::with_detail(ErrorCode::ProviderDenied, "a PIN has 1 to 255 bytes")),
        }
    }
}

/// The copy that the binding takes; it wipes it.
pub(super) fn for_login(pin: &SecretBytes) -> RawAuthPin {
    RawAuthPin::new(Box::new(pin.expose().to_vec()))
}

impl fmt::Debug for Pkcs11Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Source::File(_) => "Pkcs11Pin(file)",
            Source::Environment(_) => "Pkcs11Pin(environment)",
            Source::Callback(_) => "Pkcs11Pin(callback)",
            Source::ProtectedPath => "Pkcs11Pin(protected path)",
        })
    }
}
