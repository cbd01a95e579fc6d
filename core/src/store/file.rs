//! One file per keyring in a directory.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::atomic::{self, Disk};
use super::lock::FileLock;
use super::{DocumentTag, FilePin, GenerationPin, KeyStore, MAX_DOCUMENT_LEN, StoredDocument, check_keyring_id};
use crate::error::{Error, ErrorCode, Result, fail};

/// How long a save waits for another writer unless told otherwise: 5 seconds.
const DEFAULT_LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// What follows the keyring id in a document's file name.
const DOCUMENT_SUFFIX: &str = ".fieldward.json";

/// What follows the keyring id in a lock's file name, which begins with a dot.
const LOCK_SUFFIX: &str = ".lock";

/// Keeps each keyring's document in `<directory>/<keyring id>.fieldward.json`.
///
/// A save is atomic and durable: a temporary file in the same directory is written and synced, renamed over the document,
/// and the directory is synced. Writers exclude each other by an exclusive lock on `.<keyring id>.lock` beside it, which
/// stays. Whatever happens in between, the old document or the new one is there. The next save clears away what a killed
/// writer left. A load takes no lock and never sees half a document.
///
/// Files are made readable and writable by their owner only. A symbolic link, directory, FIFO or device in a document's
/// place is refused and not followed.
///
/// On a case-insensitive file system two keyring ids that differ in case only are one file: the second `create` meets a
/// document of another keyring and is refused. Choose ids that differ otherwise. The directory must be on a file system
/// with working locks, renames and syncs; a local one is.
///
/// # Examples
///
/// ```
/// use fieldward::{FileStore, KeyStore, StoredDocument};
///
/// let directory = tempfile::tempdir()?;
/// let store = FileStore::new(directory.path());
/// let document = StoredDocument::of(format!("{{\"generation\": 1}}\nhmac-sha256 {}\n", "00".repeat(32)).into_bytes())?;
/// store.save("app", None, &document, &mut || Ok(()))?;
/// assert_eq!(store.load("app")?, Some(document.bytes));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FileStore {
    directory: PathBuf,
    lock_timeout: Duration,
    pub(super) disk: Disk,
}

impl FileStore {
    /// A store in `directory`, which the first save makes if it is missing. Touches no file yet.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), lock_timeout: DEFAULT_LOCK_TIMEOUT, disk: Disk::default() }
    }

    /// The same store, whose saves wait up to `timeout` for another writer. Default 5 seconds; zero does not wait.
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    fn stored(&self, keyring_id: &str) -> Result<Option<(DocumentTag, Vec<u8>)>> {
        let read = atomic::read(&self.directory, &document_name(keyring_id), MAX_DOCUMENT_LEN);
        let bytes = match read {
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                return fail(ErrorCode::KeyringTooLarge, keyring_id);
            }
            read => read.map_err(store_error)?,
        };
        let Some((bytes, _)) = bytes else { return Ok(None) };
        match DocumentTag::of(&bytes) {
            Ok(tag) => Ok(Some((tag, bytes))),
            Err(error) => Err(Error::with_detail(ErrorCode::StoreCorrupt, keyring_id).caused_by(error)),
        }
    }
}

impl KeyStore for FileStore {
    fn load(&self, keyring_id: &str) -> Result<Option<Vec<u8>>> {
        check_keyring_id(keyring_id)?;
        Ok(self.stored(keyring_id)?.map(|(_, bytes)| bytes))
    }

    fn save(
        &self,
        keyring_id: &str,
        expected: Option<&DocumentTag>,
        document: &StoredDocument,
        durable: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        check_keyring_id(keyring_id)?;
        document.check()?;
        let name = document_name(keyring_id);
        atomic::create_directory(&self.directory).map_err(store_error)?;
        let lock = self.directory.join(format!(".{keyring_id}{LOCK_SUFFIX}"));
        let _lock = FileLock::acquire(&lock, self.lock_timeout).map_err(store_error)?;
        atomic::remove_temporary_files(&self.directory, &name).map_err(store_error)?;
        if self.stored(keyring_id)?.map(|(tag, _)| tag).as_ref() != expected {
            return fail(ErrorCode::StoreConflict, keyring_id);
        }
        self.disk.replace(&self.directory, &name, &document.bytes).map_err(store_error)?;
        durable()
    }

    /// A [`FilePin`] in the user's state directory, told apart from those of other directories.
    fn default_pin(&self) -> Result<Option<Arc<dyn GenerationPin>>> {
        let unavailable = |error| Error::new(ErrorCode::PinUnavailable).caused_by(error);
        let store = canonical(&self.directory).map_err(unavailable)?;
        Ok(Some(Arc::new(FilePin::in_state_directory()?.for_store(&store))))
    }
}

fn document_name(keyring_id: &str) -> String {
    format!("{keyring_id}{DOCUMENT_SUFFIX}")
}

/// The directory's one path, links resolved, whether it exists yet or not.
fn canonical(directory: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(directory)?;
    let mut path = PathBuf::new();
    for component in absolute.components() {
        match component {
            // What went before has no links left in it.
            Component::ParentDir => {
                path.pop();
            }
            component => path.push(component),
        }
        match path.canonicalize() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            canonical => path = canonical?,
        }
    }
    Ok(path)
}

/// What the operating system said, as one of the store's codes.
pub(super) fn store_error(error: io::Error) -> Error {
    use io::ErrorKind::{
        FileTooLarge, InvalidData, IsADirectory, NotADirectory, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem,
        StorageFull, TimedOut,
    };
    let code = match error.kind() {
        StorageFull | QuotaExceeded | FileTooLarge => ErrorCode::StoreFull,
        PermissionDenied | ReadOnlyFilesystem => ErrorCode::StoreDenied,
        InvalidData | IsADirectory | NotADirectory => ErrorCode::StoreCorrupt,
        TimedOut => ErrorCode::StoreTimeout,
        _ => ErrorCode::StoreUnavailable,
    };
    Error::new(code).caused_by(error)
}

#[cfg(test)]
mod tests;
