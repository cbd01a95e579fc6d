//! For this package's tests alone, and in no module that is shipped: panics where they are asked for, and the golden vectors.

use std::sync::atomic::{AtomicU32, Ordering};

use fieldward::{Error, ErrorCode};
use napi::bindgen_prelude::{Env, External};
use napi_derive::napi;

use crate::error::run;
use crate::handle::Handle;

/// How many guarded calls there are until one panics; 0 if none will.
static UNTIL_PANIC: AtomicU32 = AtomicU32::new(0);

/// What a guarded call does first.
#[allow(clippy::panic, reason = "that is what it is for")]
pub(crate) fn count() {
    let one_less = |until: u32| until.checked_sub(1);
    if UNTIL_PANIC.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less) == Ok(1) {
        panic!("a value that nobody may see");
    }
}

/// The `calls`th guarded call from now panics, on whatever thread it is; the next is the first. Gives how many were left of the time before.
#[napi(skip_typescript)]
pub fn testing_panic_in(calls: u32) -> u32 {
    UNTIL_PANIC.swap(calls, Ordering::SeqCst)
}

/// Panics when it is dropped.
pub struct Bomb;

impl Drop for Bomb {
    #[allow(clippy::panic, reason = "that is what it is for")]
    fn drop(&mut self) {
        panic!("a value that nobody may see");
    }
}

/// What panics when it is collected: it holds what a keyring's handles hold.
#[napi(skip_typescript)]
pub fn testing_bomb() -> External<Handle<Bomb>> {
    External::new(Handle::new(Bomb))
}

/// Runs one case of a room of `core/vectors`: the result as JSON, or `{"error": code}`; none if the room has no such operation.
#[napi(skip_typescript)]
pub fn testing_run_vector(env: &Env, room: String, op: String, input: String) -> napi::Result<Option<String>> {
    run(env, || {
        let input = serde_json::from_str(&input).map_err(|_| Error::new(ErrorCode::InvalidArgument))?;
        Ok(fieldward::golden::run(&room, &op, &input).map(|result| result.to_string()))
    })
}
