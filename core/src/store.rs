//! Where keyring documents live, and what remembers how far they have come.
//!
//! - [`FileStore`]: one file per keyring in a directory, atomic and durable. For services that share a disk.
//! - [`MemoryStore`]: for tests, and for programs that fetch the document themselves.
//! - [`KeyStore`]: implement it for a database or an object store, and run `conformance::store::check` against it.
//! - [`GenerationPin`] with [`FilePin`] and [`MemoryPin`]: refuses an older or a foreign document across restarts.
//!
//! A store sees no key in the clear: every key in a document is wrapped, and the document carries its own MAC.
//! A store is not trusted either; what it may do at worst is withhold a document or hand out an old one, and the pin
//! notices the second.

mod atomic;
mod file;
mod lock;
mod memory;
mod pin;
mod pin_file;

use std::sync::Arc;

use serde::Deserialize;

use crate::error::{Error, ErrorCode, Result, fail};

pub use file::FileStore;
pub use memory::{MemoryPin, MemoryStore};
pub use pin::{GenerationPin, PinnedState};
pub use pin_file::FilePin;

/// The longest keyring document, in bytes: 1 MiB.
pub const MAX_DOCUMENT_LEN: usize = 1 << 20;

/// The longest keyring id, in bytes: 128.
pub const MAX_KEYRING_ID_LEN: usize = 128;

/// How the last line of a document begins; 64 lower-case hexadecimal digits and a line feed follow.
const MAC_LINE: &[u8] = b"hmac-sha256 ";

/// Length of the last line with its line feed, in bytes: 77.
const MAC_LINE_LEN: usize = MAC_LINE.len() + 64 + 1;

/// Which document a store holds: its generation and its MAC. A save compares both.
///
/// The generation alone would not do: two writers can make different documents of the same generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_structs, reason = "the pair is the whole compare-and-swap token; stores build it")]
pub struct DocumentTag {
    /// The document's generation: only grows.
    pub generation: u64,
    /// The document's HMAC-SHA-256, as its last line states it. Not secret, and not verified here.
    pub mac: [u8; 32],
}

impl DocumentTag {
    /// Reads the tag from a document's bytes: the top-level `generation` member and the last line.
    ///
    /// It needs no key, so it *verifies nothing*: a store uses it to tell two documents apart.
    ///
    /// # Errors
    ///
    /// `KeyringTooLarge` above [`MAX_DOCUMENT_LEN`]. `KeyringMalformed` if the bytes are not one JSON object, a line feed
    /// and the MAC line, or if `generation` is missing, stands twice, or is not a whole number from 0 to 2^64 - 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use fieldward::DocumentTag;
    ///
    /// let document = format!("{{\"generation\": 7}}\nhmac-sha256 {}\n", "ab".repeat(32));
    /// let tag = DocumentTag::of(document.as_bytes())?;
    /// assert_eq!((tag.generation, tag.mac), (7, [0xab; 32]));
    /// # Ok::<(), fieldward::Error>(())
    /// ```
    pub fn of(document: &[u8]) -> Result<Self> {
        if document.len() > MAX_DOCUMENT_LEN {
            return fail(ErrorCode::KeyringTooLarge, format!("limit {MAX_DOCUMENT_LEN} bytes"));
        }
        let (body, last) = document
            .len()
            .checked_sub(MAC_LINE_LEN)
            .and_then(|at| document.split_at_checked(at))
            .ok_or_else(|| malformed("length"))?;
        let mac = last
            .strip_prefix(MAC_LINE)
            .and_then(|line| line.strip_suffix(b"\n"))
            .and_then(|digits| {
                let mut mac = [0; 32];
                base16ct::lower::decode(digits, &mut mac).ok()?;
                Some(mac)
            })
            .ok_or_else(|| malformed("last line"))?;
        let json = body.strip_suffix(b"\n").ok_or_else(|| malformed("last line"))?;
        if json.trim_ascii_start().first() != Some(&b'{') {
            return Err(malformed("object"));
        }
        let head: Head = serde_json::from_slice(json).map_err(|_| malformed("generation"))?;
        Ok(Self { generation: head.generation, mac })
    }
}

/// The one member that a store reads. Others are skipped; the same member twice is refused.
#[derive(Deserialize)]
struct Head {
    generation: u64,
}

fn malformed(what: &str) -> Error {
    Error::with_detail(ErrorCode::KeyringMalformed, what)
}

/// A document with its tag, ready to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "stores and keyrings build and take it apart")]
pub struct StoredDocument {
    /// The tag of `bytes`.
    pub tag: DocumentTag,
    /// The exact bytes. They come back as they are.
    pub bytes: Vec<u8>,
}

impl StoredDocument {
    /// Takes a document's bytes and reads their tag.
    ///
    /// # Errors
    ///
    /// As [`DocumentTag::of`].
    pub fn of(bytes: Vec<u8>) -> Result<Self> {
        Ok(Self { tag: DocumentTag::of(&bytes)?, bytes })
    }

    /// Whether the tag is the one of the bytes. A store calls this before it writes: a wrong tag would make every later
    /// compare-and-swap fail.
    ///
    /// # Errors
    ///
    /// As [`DocumentTag::of`]; `InvalidArgument` if the tag is another document's.
    pub fn check(&self) -> Result<()> {
        match DocumentTag::of(&self.bytes)? == self.tag {
            true => Ok(()),
            false => fail(ErrorCode::InvalidArgument, "the document's tag is not the tag of its bytes"),
        }
    }
}

/// Holds one document per keyring id, and replaces it by compare-and-swap.
///
/// Calls block. Many threads and processes may call at once. An implementation needs to be durable and to let exactly one of
/// several racing writers win; it need not look into a document beyond [`DocumentTag::of`].
pub trait KeyStore: Send + Sync + std::fmt::Debug {
    /// The document of `keyring_id`, exactly as it was saved; `None` if there is none.
    ///
    /// It reads at most [`MAX_DOCUMENT_LEN`] bytes and one more.
    ///
    /// # Errors
    ///
    /// `InvalidName` if [`check_keyring_id`] refuses the id. `KeyringTooLarge` if the store holds more than
    /// [`MAX_DOCUMENT_LEN`] bytes. `StoreCorrupt` if it holds something that cannot be a document. `StoreDenied`,
    /// `StoreUnavailable` and `StoreTimeout` from the store itself. A store that fails never answers `None`.
    fn load(&self, keyring_id: &str) -> Result<Option<Vec<u8>>>;

    /// Replaces the document tagged `expected` by `document`, atomically and durably. `None` means: there must be none.
    ///
    /// Once the new document is durable, and while other writers are still kept out, `durable` is called exactly once: the
    /// keyring raises its pin there. It may call [`load`](Self::load), which gives the new document. It is not called if nothing was saved. If it fails, its error is returned and the new
    /// document stays.
    ///
    /// # Errors
    ///
    /// `StoreConflict` if the stored document's tag is not `expected` (nothing was written: load, and decide again).
    /// `InvalidName`, `InvalidArgument`, `KeyringTooLarge` and `KeyringMalformed` for wrong arguments. `StoreFull`,
    /// `StoreDenied`, `StoreUnavailable`, `StoreTimeout` and `StoreCorrupt` from the store itself. After `StoreFull`,
    /// `StoreDenied` and `StoreUnavailable` either the old or the new document is there.
    fn save(
        &self,
        keyring_id: &str,
        expected: Option<&DocumentTag>,
        document: &StoredDocument,
        durable: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()>;

    /// The pin that a keyring uses with this store unless it is told otherwise. `None`: this store brings none.
    ///
    /// # Errors
    ///
    /// `PinUnavailable` if the store has one and cannot say where it is.
    fn default_pin(&self) -> Result<Option<Arc<dyn GenerationPin>>> {
        Ok(None)
    }
}

impl<T: KeyStore + ?Sized> KeyStore for Arc<T> {
    fn load(&self, keyring_id: &str) -> Result<Option<Vec<u8>>> {
        (**self).load(keyring_id)
    }
    fn save(
        &self,
        keyring_id: &str,
        expected: Option<&DocumentTag>,
        document: &StoredDocument,
        durable: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        (**self).save(keyring_id, expected, document, durable)
    }
    fn default_pin(&self) -> Result<Option<Arc<dyn GenerationPin>>> {
        (**self).default_pin()
    }
}

/// Refuses a keyring id that is not 1 to [`MAX_KEYRING_ID_LEN`] characters of `A-Z a-z 0-9 . _ -` or begins with a dot.
///
/// Such an id is a file name, an object name and a column value everywhere, and never a path.
///
/// # Errors
///
/// `InvalidName`, without the id.
pub fn check_keyring_id(keyring_id: &str) -> Result<()> {
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let length = (1..=MAX_KEYRING_ID_LEN).contains(&keyring_id.len());
    match length && !keyring_id.starts_with('.') && keyring_id.bytes().all(alphabet) {
        true => Ok(()),
        false => fail(ErrorCode::InvalidName, "keyring id"),
    }
}

#[cfg(test)]
mod tests;
