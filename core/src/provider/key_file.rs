//! Key files: one line of text, readable by nobody else.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorCode, Result, fail};
use crate::secret::SecretKey;

/// What a local key starts with as text; 43 base64url characters follow.
pub const KEY_TEXT_PREFIX: &str = "fwk1.";
/// Longer than any key file.
const MAX_LEN: usize = 256;

/// Reads `fwk1.` and 43 base64url characters, with one line feed at most after them.
pub(super) fn parse(text: &str) -> Result<SecretKey> {
    let malformed = || Error::with_detail(ErrorCode::KeyFileMalformed, "fwk1. and 256 bits in unpadded base64url");
    let text = text.strip_suffix('\n').unwrap_or(text);
    let body = text.strip_prefix(KEY_TEXT_PREFIX).ok_or_else(malformed)?;
    let mut bytes = Zeroizing::new([0; 33]);
    let decoded = Base64UrlUnpadded::decode(body, &mut *bytes).map_err(|_| malformed())?;
    SecretKey::from_slice(decoded).map_err(|_| malformed())
}

/// The text form of a key.
pub(super) fn text(key: &SecretKey) -> Zeroizing<String> {
    Zeroizing::new(format!("{KEY_TEXT_PREFIX}{}\n", &*Zeroizing::new(Base64UrlUnpadded::encode_string(key.expose()))))
}

/// Reads a key file after checking that it is a regular file that nobody else can read or write.
pub(super) fn read(path: &Path) -> Result<SecretKey> {
    parse(&read_text(path, MAX_LEN)?)
}

/// Reads a file that holds one secret, with the same checks. What is past `max_len` is not read.
pub(super) fn read_text(path: &Path, max_len: usize) -> Result<Zeroizing<String>> {
    let found = fs::symlink_metadata(path).map_err(unavailable)?;
    if !found.is_file() {
        return fail(ErrorCode::KeyFilePermissions, "a key file is a regular file, not a link");
    }
    let file = File::open(path).map_err(unavailable)?;
    check_mode(&file)?;
    // All the room at once: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(max_len + 1));
    let read = file.take(u64::try_from(max_len).unwrap_or(u64::MAX)).read_to_string(&mut text);
    read.map_err(|_| Error::with_detail(ErrorCode::KeyFileMalformed, "not text"))?;
    Ok(text)
}

/// The permissions of the file that was opened, not of what a name leads to by now.
#[cfg(unix)]
fn check_mode(file: &File) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let found = file.metadata().map_err(unavailable)?;
    match found.is_file() && found.mode() & 0o077 == 0 {
        true => Ok(()),
        false => fail(ErrorCode::KeyFilePermissions, "group and others must have no access (chmod 600)"),
    }
}

#[cfg(not(unix))]
fn check_mode(_file: &File) -> Result<()> {
    Ok(())
}

/// Makes a key file that only its owner can read. An existing file is an error.
pub(super) fn create(path: &Path, key: &SecretKey) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(unavailable)?;
    file.write_all(text(key).as_bytes()).and_then(|()| file.sync_all()).map_err(unavailable)?;
    sync_directory_of(path)
}

/// Overwrites and removes a key file. A file system with snapshots or wear levelling may keep what it held.
pub(super) fn destroy(path: &Path) -> Result<()> {
    match OpenOptions::new().write(true).open(path) {
        Ok(mut file) => {
            file.write_all(&[b'0'; 49]).and_then(|()| file.sync_all()).map_err(unavailable)?;
            drop(file);
            fs::remove_file(path).map_err(unavailable)?;
            sync_directory_of(path)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unavailable(error)),
    }
}

#[cfg(unix)]
fn sync_directory_of(path: &Path) -> Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|directory| directory.sync_all()).map_err(unavailable)
}

#[cfg(not(unix))]
fn sync_directory_of(_path: &Path) -> Result<()> {
    Ok(())
}

pub(super) fn unavailable(error: std::io::Error) -> Error {
    let code = match error.kind() {
        std::io::ErrorKind::PermissionDenied => ErrorCode::ProviderDenied,
        _ => ErrorCode::ProviderUnavailable,
    };
    Error::with_detail(code, "key file").caused_by(error)
}
