//! Time that the caller moves.

use fieldward::Clock;
use napi::bindgen_prelude::Env;
use napi_derive::napi;

use crate::error::run;

/// A clock that stands still until it is moved: for tests and demonstrations.
#[napi]
pub struct ManualClock {
    pub(crate) inner: fieldward::ManualClock,
}

#[napi]
impl ManualClock {
    /// A clock that shows `now`, in seconds since 1970.
    #[napi(constructor)]
    pub fn new(env: &Env, now: i64) -> napi::Result<Self> {
        run(env, || Ok(Self { inner: fieldward::ManualClock::new(now) }))
    }

    /// Moves the clock by so many seconds.
    #[napi]
    pub fn advance(&self, env: &Env, seconds: i64) -> napi::Result<()> {
        run(env, || {
            self.inner.advance(seconds);
            Ok(())
        })
    }

    /// Now, in seconds since 1970.
    #[napi(getter)]
    pub fn now(&self, env: &Env) -> napi::Result<i64> {
        run(env, || Ok(self.inner.now()))
    }
}
