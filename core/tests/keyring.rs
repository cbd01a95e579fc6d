//! The keyring against real parts: what opens, what is refused, what each life-cycle call does and survives.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

#[path = "keyring/doubles.rs"]
mod doubles;

#[path = "keyring/destroy.rs"]
mod destroy;
#[path = "keyring/epoch.rs"]
mod epoch;
#[path = "keyring/lifecycle.rs"]
mod lifecycle;
#[path = "keyring/machine.rs"]
mod machine;
#[path = "keyring/open.rs"]
mod open;
#[path = "keyring/pin.rs"]
mod pin;
#[path = "keyring/providers.rs"]
mod providers;
#[path = "keyring/recover.rs"]
mod recover;
#[path = "keyring/refresh.rs"]
mod refresh;
#[path = "keyring/threads.rs"]
mod threads;
