//! The suites: published constructions, composed carefully, none invented.
//!
//! | id | use | construction |
//! |---|---|---|
//! | 1 | randomized fields, wrapped keys | XAES-256-GCM (C2SP) |
//! | 2 | deterministic fields | AES-SIV with a 512-bit key (RFC 5297), one associated-data component |
//!
//! Nothing here takes a nonce from a caller: `xaes` draws its own from the operating system, the FIPS module inside itself. `backend` is
//! which code does the work.

mod backend;
mod block;
mod gcm;
mod ghash;
mod group;
pub(crate) mod hash;
pub(crate) mod siv;
pub(crate) mod xaes;

pub use backend::Backend;
pub(crate) use backend::Randomized;
pub(crate) use gcm::Beside;
pub(crate) use group::{Group, SHORT, Text};
pub(crate) use siv::Siv;

#[cfg(test)]
mod tests;
