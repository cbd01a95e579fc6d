//! What becomes of a panic: an error of the code `internal`. Past here it would meet C++, and end the process.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fieldward::ErrorCode;

use crate::error::Result;

/// Runs what JavaScript or a worker calls.
///
/// # Errors
///
/// `Internal` for a panic; otherwise what `call` gives.
#[inline]
pub(crate) fn guarded<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    let call = || {
        #[cfg(feature = "testing")]
        crate::testing::count();
        call()
    };
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(ErrorCode::Internal.into()))
}

/// Drops what a finalizer drops.
pub(crate) fn drop_guarded<T>(value: T) {
    drop(catch_unwind(AssertUnwindSafe(|| drop(value))));
}

/// Has panics of this module say where they were, and not what: a message may hold values.
pub(crate) fn say_where_only() {
    std::panic::set_hook(Box::new(|panic| {
        if let Some(place) = panic.location() {
            drop(writeln!(std::io::stderr(), "fieldward: an internal error at {place}"));
        }
    }));
}
