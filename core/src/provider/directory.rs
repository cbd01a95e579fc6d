//! One key file for each root epoch, in a directory: a local provider whose keys can be destroyed.

use std::path::{Path, PathBuf};

use super::local::{unwrap_with, wrap_with};
use super::{KeyProvider, WrapContext, WrappedKey, key_file};
use crate::error::{ErrorCode, Result, fail};
use crate::secret::SecretKey;

/// Makes, uses and destroys key files in a directory of its own.
///
/// Destroying overwrites the file and removes it. A file system with snapshots, a journal of data, wear levelling or backups may
/// keep what it held: keep the directory on storage that forgets, or use an HSM or a KMS.
#[derive(Debug)]
pub struct LocalKeyDirectory {
    directory: PathBuf,
    name: String,
}

impl LocalKeyDirectory {
    /// Keeps keys in `directory`, which must exist. `name` stands in documents: 1 to 64 of `a-z 0-9 -`.
    ///
    /// # Errors
    ///
    /// `InvalidName`; `ProviderUnavailable` if the directory does not exist.
    pub fn new(directory: impl AsRef<Path>, name: &str) -> Result<Self> {
        check_file_name(name)?;
        if !directory.as_ref().is_dir() {
            return fail(ErrorCode::ProviderUnavailable, "the key directory does not exist");
        }
        Ok(Self { directory: directory.as_ref().to_owned(), name: name.to_owned() })
    }

    fn path(&self, key_name: &str) -> Result<PathBuf> {
        check_file_name(key_name)?;
        Ok(self.directory.join(format!("{key_name}.key")))
    }

    fn key(&self, key_name: &str) -> Result<SecretKey> {
        let path = self.path(key_name)?;
        if !path.exists() {
            return fail(ErrorCode::ProviderWrongKey, "no such key file");
        }
        key_file::read(&path)
    }
}

impl KeyProvider for LocalKeyDirectory {
    fn kind(&self) -> &str {
        "local-directory"
    }

    fn key_name(&self) -> String {
        self.name.clone()
    }

    fn wrap(&self, key_name: &str, secret: &SecretKey, context: &WrapContext<'_>) -> Result<WrappedKey> {
        wrap_with(&self.key(key_name)?, key_name, secret, context)
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext<'_>) -> Result<SecretKey> {
        unwrap_with(&self.key(&wrapped.key_name)?, wrapped, context)
    }

    fn can_make_keys(&self) -> bool {
        true
    }

    fn make_key(&self, key_name: &str) -> Result<()> {
        key_file::create(&self.path(key_name)?, &SecretKey::generate()?)
    }

    fn destroy_key(&self, key_name: &str) -> Result<()> {
        key_file::destroy(&self.path(key_name)?)
    }
}

/// File names from a small alphabet: no separators, no dots at the start, nothing that a shell or a log would read twice.
fn check_file_name(name: &str) -> Result<()> {
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let fits = (1..=200).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(alphabet);
    if fits { Ok(()) } else { fail(ErrorCode::InvalidName, "a key file's name") }
}
