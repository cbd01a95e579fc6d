//! Files that are replaced whole or not at all, and read only so far.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::random;

/// Random bytes in the name of a temporary file.
const TEMPORARY_RANDOM_LEN: usize = 8;

/// How the name of a temporary file ends.
const TEMPORARY_SUFFIX: &str = ".tmp";

/// The steps of a replacement, in order. A test can let each one fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Create,
    HalfWrite,
    Write,
    Sync,
    Rename,
    SyncDirectory,
}

/// The disk, with a fault that tests set.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    #[cfg(test)]
    pub(super) fault: Option<Fault>,
}

/// What goes wrong once a step is done.
#[cfg(test)]
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// The step reports an error.
    Error(Step, io::ErrorKind),
    /// Nothing runs any more, not even cleaning up.
    Crash(Step),
}

impl Disk {
    /// Replaces `directory/name` by `bytes`: temporary file in the same directory, write, sync, rename, directory sync.
    ///
    /// The caller holds the lock of `name`. Whatever fails, `directory/name` is the old file or the new one.
    pub(super) fn replace(&self, directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
        let random: [u8; TEMPORARY_RANDOM_LEN] = random::array().map_err(io::Error::other)?;
        let suffix = base16ct::lower::encode_string(&random);
        let temporary = directory.join(format!(".{name}.{suffix}{TEMPORARY_SUFFIX}"));
        let written = self.write(&temporary, bytes).and_then(|()| {
            fs::rename(&temporary, directory.join(name))?;
            self.after(Step::Rename)
        });
        if written.is_err() && !self.crashed() {
            let _ = fs::remove_file(&temporary);
        }
        written?;
        sync_directory(directory)?;
        self.after(Step::SyncDirectory)
    }

    fn write(&self, temporary: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        private(&mut options);
        let mut file = options.open(temporary)?;
        self.after(Step::Create)?;
        let (first, second) = bytes.split_at_checked(bytes.len() / 2).unwrap_or((bytes, &[]));
        file.write_all(first)?;
        self.after(Step::HalfWrite)?;
        file.write_all(second)?;
        self.after(Step::Write)?;
        file.sync_all()?;
        self.after(Step::Sync)
    }

    #[cfg(test)]
    fn after(&self, done: Step) -> io::Result<()> {
        match self.fault {
            Some(Fault::Error(step, kind)) if step == done => Err(kind.into()),
            Some(Fault::Crash(step)) if step == done => Err(io::Error::other("crash")),
            _ => Ok(()),
        }
    }

    #[cfg(test)]
    fn crashed(&self) -> bool {
        matches!(self.fault, Some(Fault::Crash(_)))
    }

    #[cfg(not(test))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "the twin for tests fails here")]
    fn after(&self, _: Step) -> io::Result<()> {
        Ok(())
    }

    #[cfg(not(test))]
    #[allow(clippy::unused_self, reason = "the twin for tests looks at its fault")]
    fn crashed(&self) -> bool {
        false
    }
}

/// Removes what a crashed writer of `directory/name` left. The caller holds the lock of `name`, so no writer is at work.
pub(super) fn remove_temporary_files(directory: &Path, name: &str) -> io::Result<()> {
    let prefix = format!(".{name}.");
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let stale = entry.file_name().to_str().is_some_and(|file| {
            file.strip_prefix(&prefix)
                .and_then(|rest| rest.strip_suffix(TEMPORARY_SUFFIX))
                .is_some_and(|hex| hex.len() == 2 * TEMPORARY_RANDOM_LEN && hex.bytes().all(|b| b.is_ascii_hexdigit()))
        });
        if stale {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Reads a regular file of at most `limit` bytes, and makes sure that what was read stays: a rename that a killed writer
/// did not sync is synced here. `None` if there is no file.
///
/// `InvalidData` if something other than a regular file stands there (nothing is opened that could block or be followed);
/// `FileTooLarge` above the limit, of which one byte more is read.
pub(super) fn read(directory: &Path, name: &str, limit: usize) -> io::Result<Option<(Vec<u8>, fs::Metadata)>> {
    let path = directory.join(name);
    let mut options = OpenOptions::new();
    options.read(true);
    let file = match open_regular(&path, &mut options) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let metadata = file.metadata()?;
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    match sync_directory(directory) {
        // May read the file and not list the directory: leave the sync to those who may.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
        synced => synced?,
    }
    Ok(Some((bytes, metadata)))
}

/// Opens the regular file at `path` for locking, or makes an empty one.
pub(super) fn open_or_create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    private(&mut options);
    open_regular(path, &mut options)
}

/// Makes `directory` and what is missing above it, for its owner only, durably.
pub(super) fn create_directory(directory: &Path) -> io::Result<()> {
    if directory.as_os_str().is_empty() || directory.is_dir() {
        return Ok(());
    }
    let parent = directory.parent().unwrap_or(Path::new(""));
    create_directory(parent)?;
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(directory) {
        // Another process was first.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && directory.is_dir() => {}
        created => created?,
    }
    sync_directory(parent)
}

/// Opens `path` if it is a regular file: links are not followed, and a FIFO or device in its place does not block.
fn open_regular(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    match path.symlink_metadata() {
        Ok(metadata) if !metadata.is_file() => return Err(io::ErrorKind::InvalidData.into()),
        _ => {}
    }
    // Someone may put something else there between the look and the opening.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let file = options.open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Readable and writable by the owner only. Elsewhere than on Unix the directory's permissions are inherited.
#[cfg_attr(not(unix), allow(clippy::needless_pass_by_ref_mut, unused_variables, reason = "no modes here"))]
fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    File::open(directory)?.sync_all()
}

/// A directory cannot be opened for syncing here; the file system journals the rename.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
