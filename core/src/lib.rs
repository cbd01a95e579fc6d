//! Field-level encryption. See the crate's README for a first program.
#![forbid(unsafe_code)]

mod clock;
mod error;
mod random;
mod secret;

pub use clock::{Clock, ManualClock, SystemClock, UnixSeconds};
pub use error::{Error, ErrorCode, ErrorKind, Result};
pub use secret::{SecretBytes, SecretKey};
