//! A wrapper that tries again what failed for a moment.

use std::fmt;
use std::thread;
use std::time::Duration;

use super::{KeyProvider, WrapContext, WrappedKey};
use crate::error::{ErrorCode, Result, fail};
use crate::random;
use crate::secret::SecretKey;

/// The longest wait after the first attempt.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest wait after any.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Tries again, a bounded number of times and with random waits between them, what a provider could not do for the moment.
///
/// Only retryable errors are tried again: a refusal stays a refusal. [`make_key`](KeyProvider::make_key) is never tried again: a
/// reply that was lost would make the second attempt find the name taken.
pub struct RetryingProvider<P> {
    inner: P,
    attempts: u32,
    max_wait: Duration,
    wait: fn(Duration),
}

impl<P: KeyProvider> RetryingProvider<P> {
    /// Attempts by default: 4.
    pub const DEFAULT_ATTEMPTS: u32 = 4;
    /// The sum of all waits by default: 10 seconds.
    pub const DEFAULT_MAX_WAIT: Duration = Duration::from_secs(10);

    /// Wraps a provider, with the default bounds.
    #[must_use]
    pub fn new(inner: P) -> Self {
        Self { inner, attempts: Self::DEFAULT_ATTEMPTS, max_wait: Self::DEFAULT_MAX_WAIT, wait: thread::sleep }
    }

    /// How often a call is made, the first time included: 1 to 10.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` outside that range.
    pub fn attempts(mut self, attempts: u32) -> Result<Self> {
        if !(1..=10).contains(&attempts) {
            return fail(ErrorCode::InvalidArgument, "1 to 10 attempts");
        }
        self.attempts = attempts;
        Ok(self)
    }

    /// How long a call may wait between its attempts, in all: up to 10 minutes. The provider's own timeout comes on top.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` past that.
    pub fn max_wait(mut self, wait: Duration) -> Result<Self> {
        if wait > Duration::from_secs(600) {
            return fail(ErrorCode::InvalidArgument, "a wait of up to 10 minutes");
        }
        self.max_wait = wait;
        Ok(self)
    }

    /// For tests: waiting without a clock.
    #[cfg(test)]
    pub(super) fn waiting(mut self, wait: fn(Duration)) -> Self {
        self.wait = wait;
        self
    }

    fn retry<T>(&self, call: impl Fn() -> Result<T>) -> Result<T> {
        let mut left = self.max_wait;
        let mut bound = FIRST_WAIT;
        for _ in 1..self.attempts {
            let error = match call() {
                Err(error) if error.is_retryable() => error,
                outcome => return outcome,
            };
            let wait = jitter(bound)?;
            let Some(rest) = left.checked_sub(wait) else { return Err(error) };
            left = rest;
            (self.wait)(wait);
            bound = bound.saturating_mul(2).min(LONGEST_WAIT);
        }
        call()
    }
}

/// A wait between nothing and `bound`, every one as likely: so that callers who failed together do not come back together.
fn jitter(bound: Duration) -> Result<Duration> {
    let draw = f64::from(u32::from_be_bytes(random::array()?)) / f64::from(u32::MAX);
    Ok(bound.mul_f64(draw))
}

#[deny(clippy::missing_trait_methods)]
impl<P: KeyProvider> KeyProvider for RetryingProvider<P> {
    fn kind(&self) -> &str {
        self.inner.kind()
    }

    fn key_name(&self) -> String {
        self.inner.key_name()
    }

    fn wrap(&self, key_name: &str, secret: &SecretKey, context: &WrapContext<'_>) -> Result<WrappedKey> {
        self.retry(|| self.inner.wrap(key_name, secret, context))
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext<'_>) -> Result<SecretKey> {
        self.retry(|| self.inner.unwrap(wrapped, context))
    }

    fn generate(&self) -> Result<Option<SecretKey>> {
        self.retry(|| self.inner.generate())
    }

    fn can_make_keys(&self) -> bool {
        self.inner.can_make_keys()
    }

    fn make_key(&self, key_name: &str) -> Result<()> {
        self.inner.make_key(key_name)
    }

    fn destroy_key(&self, key_name: &str) -> Result<()> {
        self.retry(|| self.inner.destroy_key(key_name))
    }

    fn is_recovery_only(&self) -> bool {
        self.inner.is_recovery_only()
    }
}

impl<P: fmt::Debug> fmt::Debug for RetryingProvider<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryingProvider")
            .field("inner", &self.inner)
            .field("attempts", &self.attempts)
            .field("max_wait", &self.max_wait)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
