//! The npm package `fieldward`: converts, calls the library, converts back.
//!
//! One file a noun. State, caches, retries and rules live in the library; here is what Node alone needs: its types, its errors, its one
//! thread.
#![deny(unsafe_code)]
#![allow(
    unreachable_pub,
    missing_debug_implementations,
    reason = "what napi exports is public, of a crate that nothing links"
)]

mod ask;
mod audit;
mod batch;
mod clock;
mod column;
mod error;
mod field;
mod handle;
mod host;
mod inspect;
mod keyring;
mod lifecycle;
mod node;
mod panic;
mod promise;
mod provider;
mod record;
mod schema;
mod search;
mod store;
#[cfg(feature = "testing")]
mod testing;
mod value;
