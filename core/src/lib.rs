//! Field-level encryption. See the crate's README for a first program.
#![forbid(unsafe_code)]

mod clock;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod error;
mod random;
mod secret;
mod store;

pub use clock::{Clock, ManualClock, SystemClock, UnixSeconds};
pub use error::{Error, ErrorCode, ErrorKind, Result};
pub use secret::{SecretBytes, SecretKey};
pub use store::{
    DocumentTag, FilePin, FileStore, GenerationPin, KeyStore, MAX_DOCUMENT_LEN, MAX_KEYRING_ID_LEN, MemoryPin,
    MemoryStore, PinnedState, StoredDocument, check_keyring_id,
};
