//! The interpreter lock: released around work and waits, taken for calls into Python; and no way back into a keyring from them.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering};

use fieldward::{Error, ErrorCode};
use pyo3::prelude::*;

use crate::error::Result;

/// Work on fewer bytes than this, some 13 us, is done sooner than another thread has taken the lock and given it back. Measured: ADR 0019.
pub(crate) const RELEASE_FROM: usize = 64 * 1024;
/// What a row of a column takes, in bytes of one long value.
pub(crate) const ROW: usize = 256;

thread_local! {
    /// Whether this thread has released the lock.
    static RELEASED: Cell<bool> = const { Cell::new(false) };
    /// The keyrings whose providers, stores and sinks are being called on this thread.
    static CALLING: RefCell<Vec<KeyringMark>> = const { RefCell::new(Vec::new()) };
}

/// Tells the keyrings of a process apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyringMark(u64);

impl KeyringMark {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Refuses a call from inside a provider, store or sink of the same keyring: it would wait for itself.
    pub(crate) fn check(self) -> Result<()> {
        match self.is_calling() {
            false => Ok(()),
            true => Err(Error::with_detail(
                ErrorCode::InvalidArgument,
                "called from inside a provider, store or sink of the same keyring",
            )),
        }
    }

    fn is_calling(self) -> bool {
        CALLING.with_borrow(|calling| calling.contains(&self))
    }

    /// Runs a wait with the lock released. Not from inside a call: what is waited for may be that call.
    pub(crate) fn wait(self, wait: &mut (dyn FnMut() + Send)) {
        if self.is_calling() {
            return;
        }
        if RELEASED.get() {
            return wait();
        }
        Python::try_attach(|py| release(py, wait));
    }

    /// Calls into Python, for a provider, store or sink of this keyring. `None` if the interpreter is gone.
    pub(crate) fn call<T>(self, call: impl FnOnce(Python<'_>) -> T) -> Option<T> {
        let _end = Calling::begin(self);
        Python::try_attach(call)
    }
}

/// A call under way; ends however it ends.
struct Calling {
    was_released: bool,
}

impl Calling {
    fn begin(mark: KeyringMark) -> Self {
        CALLING.with_borrow_mut(|calling| calling.push(mark));
        Self { was_released: RELEASED.replace(false) }
    }
}

impl Drop for Calling {
    fn drop(&mut self) {
        RELEASED.set(self.was_released);
        CALLING.with_borrow_mut(Vec::pop);
    }
}

/// Sets the mark of a released lock back, however the work ends.
struct Released;

impl Drop for Released {
    fn drop(&mut self) {
        RELEASED.set(false);
    }
}

/// Runs `work` with the lock released.
pub(crate) fn release<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> T {
    py.detach(|| {
        RELEASED.set(true);
        let _back = Released;
        work()
    })
}

/// Runs `work` on so many bytes, with the lock released where that pays.
pub(crate) fn release_above<T: Send>(py: Python<'_>, bytes: usize, work: impl FnOnce() -> T + Send) -> T {
    if bytes >= RELEASE_FROM { release(py, work) } else { work() }
}
