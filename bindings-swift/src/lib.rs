//! The Rust layer under the Swift package `Fieldward` and the Kotlin package `fieldward`: converts, calls the library, converts back.
//!
//! One file a noun. State, caches, retries and rules live in the library; what is at home in Swift and Kotlin is written there, on the
//! sources that `uniffi-bindgen` makes of this crate. Nobody imports those directly; the modules are public because those sources
//! reach all of them.
//!
//! A panic in a function that gives a [`error::Result`] is the error `internal` there; in any other it ends a Swift program. So all of them
//! give one but those that only put a value into its box.
#![deny(unsafe_code)]
#![allow(clippy::missing_errors_doc, reason = "each function gives what the library's own gives, under the same name")]

pub mod audit;
pub mod batch;
pub mod clock;
#[cfg(feature = "testing")]
pub mod conformance;
pub mod destroy;
pub mod error;
pub mod field;
mod handle;
pub mod host;
pub mod inspect;
pub mod keyring;
pub mod lifecycle;
pub mod node;
pub mod pin;
pub mod provider;
pub mod record;
pub mod schema;
pub mod search;
pub mod status;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
pub mod value;

uniffi::setup_scaffolding!();
