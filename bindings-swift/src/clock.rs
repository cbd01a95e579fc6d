//! A clock for tests and demonstrations.

use std::sync::Arc;

/// Stands still until it is moved. Seconds since 1970.
#[derive(Debug, uniffi::Object)]
pub struct ManualClock {
    pub(crate) inner: fieldward::ManualClock,
}

#[uniffi::export]
impl ManualClock {
    /// A clock that shows `now`.
    #[uniffi::constructor]
    pub fn new(now: i64) -> Arc<Self> {
        Arc::new(Self { inner: fieldward::ManualClock::new(now) })
    }

    /// Moves the clock by so many seconds.
    pub fn advance(&self, seconds: i64) {
        self.inner.advance(seconds);
    }

    /// Now.
    pub fn now(&self) -> i64 {
        fieldward::Clock::now(&self.inner)
    }
}
