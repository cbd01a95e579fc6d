//! A pin in a small file.

use std::env;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::atomic::{self, Disk};
use super::lock::FileLock;
use super::{GenerationPin, PinnedState, check_keyring_id};
use crate::error::{Error, ErrorCode, Result, fail};
use crate::suite::hash::sha256;

/// The longest pin file, in bytes: 4 KiB.
const MAX_PIN_LEN: usize = 4096;

/// The version of the pin file's form.
const PIN_FORM: u32 = 1;

/// How long a raise waits for another process: 5 seconds.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes of the store's hash in the file's name.
const STORE_HASH_LEN: usize = 8;

/// What the name of a pin file ends with.
const PIN_SUFFIX: &str = ".pin.json";

/// Keeps pins in a directory, one small human-readable file per keyring and store.
///
/// The file is replaced atomically and durably, readable and writable by its owner only, and only ever raised. A file that
/// others may write is refused.
///
/// The default place is the user's state directory: `$XDG_STATE_HOME/fieldward/pins` or `~/.local/state/fieldward/pins`,
/// on macOS `~/Library/Application Support/fieldward/pins`, on Windows `%LOCALAPPDATA%\fieldward\pins`.
///
/// # Security
///
/// A pin protects against whoever can change the store and not the pin. Keep both on different disks or accounts where
/// that matters. A store directory that is moved, or seen under another path, has another default pin: the first open after
/// that counts as first use.
#[derive(Clone, Debug)]
pub struct FilePin {
    directory: PathBuf,
    store: Option<String>,
    pub(super) disk: Disk,
}

impl FilePin {
    /// Pins in `directory`, which the first raise makes if it is missing. Touches no file yet.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), store: None, disk: Disk::default() }
    }

    /// Pins in the user's state directory.
    ///
    /// # Errors
    ///
    /// `PinUnavailable` if the environment does not say where that is.
    pub fn in_state_directory() -> Result<Self> {
        let environment = |name: &str| env::var_os(name).map(PathBuf::from);
        match state_directory(&environment) {
            Some(directory) => Ok(Self::new(directory)),
            None => fail(ErrorCode::PinUnavailable, "the user has no state directory"),
        }
    }

    /// The same pins, told apart from those of another store with the same keyring ids: 16 hexadecimal digits of the
    /// SHA-256 of `store`, an absolute path, stand in the file's name.
    #[must_use]
    pub fn for_store(mut self, store: &Path) -> Self {
        let hash = sha256(store.as_os_str().as_encoded_bytes());
        let (first, _) = hash.as_slice().split_at_checked(STORE_HASH_LEN).unwrap_or((&[], &[]));
        self.store = Some(base16ct::lower::encode_string(first));
        self
    }

    /// Where the pin of `keyring_id` is kept, whether it exists yet or not.
    ///
    /// # Errors
    ///
    /// `InvalidName` for a bad keyring id.
    pub fn path(&self, keyring_id: &str) -> Result<PathBuf> {
        check_keyring_id(keyring_id)?;
        Ok(self.directory.join(self.name(keyring_id)))
    }

    fn name(&self, keyring_id: &str) -> String {
        // A keyring id has no `~`: no two pins share a name.
        match &self.store {
            Some(store) => format!("{keyring_id}~{store}{PIN_SUFFIX}"),
            None => format!("{keyring_id}{PIN_SUFFIX}"),
        }
    }

    fn write_if(&self, state: &PinnedState, due: impl FnOnce(&PinnedState) -> Result<bool>) -> Result<()> {
        check_keyring_id(&state.keyring_id)?;
        let name = self.name(&state.keyring_id);
        atomic::create_directory(&self.directory).map_err(pin_error)?;
        let lock = self.directory.join(format!(".{name}.lock"));
        let _lock = FileLock::acquire(&lock, LOCK_TIMEOUT).map_err(pin_error)?;
        atomic::remove_temporary_files(&self.directory, &name).map_err(pin_error)?;
        if let Some(pinned) = self.read(&state.keyring_id)?
            && !due(&pinned)?
        {
            return Ok(());
        }
        self.disk.replace(&self.directory, &name, &PinFile::write(state)?).map_err(pin_error)
    }
}

impl GenerationPin for FilePin {
    fn read(&self, keyring_id: &str) -> Result<Option<PinnedState>> {
        check_keyring_id(keyring_id)?;
        let read = atomic::read(&self.directory, &self.name(keyring_id), MAX_PIN_LEN);
        let read = read.map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge => Error::with_detail(ErrorCode::PinMalformed, "length"),
            _ => pin_error(error),
        })?;
        let Some((bytes, metadata)) = read else { return Ok(None) };
        if others_may_write(&metadata) {
            return fail(ErrorCode::PinUnavailable, "the pin file can be written by others");
        }
        PinFile::read(&bytes, keyring_id).map(Some)
    }

    fn raise(&self, state: &PinnedState) -> Result<()> {
        // Most calls have nothing to raise: no lock, no write.
        match self.read(&state.keyring_id)? {
            Some(pinned) if !state.is_after(&pinned) => Ok(()),
            _ => self.write_if(state, |pinned| Ok(state.is_after(pinned))),
        }
    }

    fn accept_recovered(&self, state: &PinnedState) -> Result<()> {
        self.write_if(state, |pinned| state.recovers(pinned))
    }
}

/// The file's members, in the order in which they are written. Unknown and repeated ones are refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PinFile {
    fieldward_pin: u32,
    keyring_id: String,
    root_identity: String,
    epoch: u32,
    generation: u64,
}

impl PinFile {
    fn write(state: &PinnedState) -> Result<Vec<u8>> {
        let file = Self {
            fieldward_pin: PIN_FORM,
            keyring_id: state.keyring_id.clone(),
            root_identity: base16ct::lower::encode_string(&state.root_identity),
            epoch: state.epoch,
            generation: state.generation,
        };
        let mut bytes = serde_json::to_vec_pretty(&file).map_err(|_| Error::new(ErrorCode::Internal))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    fn read(bytes: &[u8], keyring_id: &str) -> Result<PinnedState> {
        let malformed = |what: &str| Error::with_detail(ErrorCode::PinMalformed, what);
        if bytes.first() != Some(&b'{') {
            return Err(malformed("object"));
        }
        let file: Self = serde_json::from_slice(bytes).map_err(|_| malformed("members"))?;
        if file.fieldward_pin != PIN_FORM {
            return Err(malformed("fieldward_pin"));
        }
        if file.keyring_id != keyring_id {
            return Err(malformed("keyring_id"));
        }
        let mut root_identity = [0; 32];
        let digits = base16ct::lower::decode(file.root_identity.as_bytes(), &mut root_identity).map(<[u8]>::len);
        if digits != Ok(root_identity.len()) {
            return Err(malformed("root_identity"));
        }
        Ok(PinnedState { keyring_id: file.keyring_id, root_identity, epoch: file.epoch, generation: file.generation })
    }
}

/// Where pins go by default. A relative path in the environment is ignored, as the XDG specification wants.
fn state_directory(environment: &dyn Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let absolute = |name: &str| environment(name).filter(|path| path.is_absolute());
    let state = if cfg!(windows) {
        absolute("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        absolute("HOME").map(|home| home.join("Library").join("Application Support"))
    } else {
        absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local").join("state")))
    };
    state.map(|state| state.join("fieldward").join("pins"))
}

/// Only its form is malformed; whatever else keeps us from the file makes the pin unavailable.
fn pin_error(error: io::Error) -> Error {
    let code = match error.kind() {
        io::ErrorKind::InvalidData => ErrorCode::PinMalformed,
        _ => ErrorCode::PinUnavailable,
    };
    Error::new(code).caused_by(error)
}

#[cfg(unix)]
fn others_may_write(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o022 != 0
}

#[cfg(not(unix))]
fn others_may_write(_: &Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests;
