//! An exclusive lock on a file, waited for only so long.

use std::fs::{File, Metadata, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::atomic;

/// The first pause between two attempts; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(1);

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// Holds the lock until it is dropped.
///
/// It excludes other processes and other threads of this one: each holder has its own open file. The lock file stays where
/// it is, for a lock on a file that someone else unlinks excludes nobody.
#[derive(Debug)]
pub(super) struct FileLock(pub(super) File);

impl FileLock {
    /// Waits up to `timeout` for the lock on the file at `path`, which is made if there is none.
    ///
    /// `TimedOut` if another holder keeps it; `InvalidData` if something other than a regular file stands at `path`.
    pub(super) fn acquire(path: &Path, timeout: Duration) -> io::Result<Self> {
        let start = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let file = atomic::open_or_create(path)?;
            match file.try_lock() {
                Ok(()) if still_there(&file.metadata()?, path) => return Ok(Self(file)),
                // The file was removed or replaced between opening and locking: others lock the new one.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
            if start.elapsed() >= timeout {
                return Err(io::ErrorKind::TimedOut.into());
            }
            thread::sleep(pause.min(timeout.saturating_sub(start.elapsed())));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

impl Drop for FileLock {
    /// Unlocks by name: a process forked while the lock was held has the open file too, and closing ours would not do.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

#[cfg(unix)]
pub(super) fn still_there(locked: &Metadata, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    path.symlink_metadata().is_ok_and(|now| (now.dev(), now.ino()) == (locked.dev(), locked.ino()))
}

/// An open file cannot be unlinked here.
#[cfg(not(unix))]
pub(super) fn still_there(_: &Metadata, _: &Path) -> bool {
    true
}
