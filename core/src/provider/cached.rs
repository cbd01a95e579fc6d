//! A wrapper that keeps unwrapped roots for a while.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{KeyProvider, WrapContext, WrappedKey};
use crate::context::Parts;
use crate::error::{Error, ErrorCode, Result, fail};
use crate::secret::SecretKey;
use crate::suite::hash::sha256;

/// Keeps what a provider unwrapped, for as long as is allowed, so that opening a keyring again costs no call.
///
/// Bounded, expiring, wiped, and single-flight: threads that open one entry at once make one call. Failures are not kept. Only
/// [`unwrap`](KeyProvider::unwrap) is answered from memory.
///
/// # Security
///
/// A root in the cache opens its keyring although the provider has since been told to refuse: `max_age` bounds for how long. A root
/// past its age is wiped at the next call, by [`clear`](Self::clear), or when the cache is dropped.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use fieldward::{CachedProvider, LocalKeyProvider, RetryingProvider, SecretKey};
///
/// let provider = RetryingProvider::new(LocalKeyProvider::new(SecretKey::generate()?));
/// let provider = CachedProvider::new(provider).max_age(Duration::from_secs(60))?.capacity(4)?;
/// # Ok::<(), fieldward::Error>(())
/// ```
pub struct CachedProvider<P> {
    inner: P,
    max_age: Duration,
    capacity: usize,
    now: fn() -> Instant,
    state: Mutex<State>,
}

/// SHA-256 of everything that an entry and its context say.
type EntryId = [u8; 32];

#[derive(Default)]
struct State {
    roots: HashMap<EntryId, Root>,
    flights: HashMap<EntryId, Arc<Flight>>,
    uses: u64,
}

struct Root {
    secret: SecretKey,
    key_name: String,
    opened: Instant,
    last_use: u64,
}

/// A call under way, and the threads that wait for it.
#[derive(Default)]
struct Flight {
    outcome: Mutex<Option<Result<SecretKey>>>,
    landed: Condvar,
}

impl<P: KeyProvider> CachedProvider<P> {
    /// The bound of roots by default: 16.
    pub const DEFAULT_CAPACITY: usize = 16;
    /// The age of a root by default: 5 minutes.
    pub const DEFAULT_MAX_AGE: Duration = Duration::from_secs(300);

    /// Wraps a provider, with the default bounds.
    #[must_use]
    pub fn new(inner: P) -> Self {
        Self {
            inner,
            max_age: Self::DEFAULT_MAX_AGE,
            capacity: Self::DEFAULT_CAPACITY,
            now: Instant::now,
            state: Mutex::default(),
        }
    }

    /// How long a root is kept: 1 second to 24 hours.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` outside that range.
    pub fn max_age(mut self, age: Duration) -> Result<Self> {
        if !(Duration::from_secs(1)..=Duration::from_secs(86_400)).contains(&age) {
            return fail(ErrorCode::InvalidArgument, "an age of 1 second to 24 hours");
        }
        self.max_age = age;
        Ok(self)
    }

    /// How many roots are kept: 1 to 1,024. The one used least recently goes first.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` outside that range.
    pub fn capacity(mut self, roots: usize) -> Result<Self> {
        if !(1..=1_024).contains(&roots) {
            return fail(ErrorCode::InvalidArgument, "1 to 1,024 roots");
        }
        self.capacity = roots;
        Ok(self)
    }

    /// Wipes every root.
    pub fn clear(&self) {
        self.state().roots.clear();
    }

    /// For tests: another source of time.
    #[cfg(test)]
    pub(super) fn with_time(mut self, now: fn() -> Instant) -> Self {
        self.now = now;
        self
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.state().roots.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = (self.now)();
        state.roots.retain(|_, root| now.saturating_duration_since(root.opened) < self.max_age);
        state
    }

    /// The call that all who ask for this entry wait for.
    fn fly(
        &self,
        id: EntryId,
        flight: Arc<Flight>,
        wrapped: &WrappedKey,
        context: &WrapContext<'_>,
    ) -> Result<SecretKey> {
        let mut landing = Landing { cached: self, id, flight, outcome: None };
        let opened = (self.now)();
        let outcome = self.inner.unwrap(wrapped, context);
        landing.outcome = Some(match &outcome {
            Ok(secret) => Ok(secret.clone()),
            Err(error) => Err(shared(error)),
        });
        if let Ok(secret) = &outcome {
            let mut state = self.state();
            // A key that was destroyed meanwhile took the flight with it.
            if state.flights.get(&id).is_some_and(|current| Arc::ptr_eq(current, &landing.flight)) {
                state.keep(id, secret.clone(), &wrapped.key_name, opened, self.capacity);
            }
        }
        outcome
    }
}

impl State {
    fn find(&mut self, id: &EntryId) -> Option<SecretKey> {
        self.uses += 1;
        let root = self.roots.get_mut(id)?;
        root.last_use = self.uses;
        Some(root.secret.clone())
    }

    fn keep(&mut self, id: EntryId, secret: SecretKey, key_name: &str, opened: Instant, capacity: usize) {
        if self.roots.len() >= capacity
            && let Some(oldest) = self.roots.iter().min_by_key(|(_, root)| root.last_use).map(|(id, _)| *id)
        {
            self.roots.remove(&oldest);
        }
        self.uses += 1;
        self.roots.insert(id, Root { secret, key_name: key_name.to_owned(), opened, last_use: self.uses });
    }
}

impl Flight {
    fn wait(&self) -> Result<SecretKey> {
        let outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = self.landed.wait_while(outcome, |outcome| outcome.is_none());
        match &*outcome.unwrap_or_else(PoisonError::into_inner) {
            Some(Ok(secret)) => Ok(secret.clone()),
            Some(Err(error)) => Err(shared(error)),
            None => Err(Error::new(ErrorCode::Internal)),
        }
    }
}

/// Ends a flight however the call ends, a panic included: nobody waits for ever.
struct Landing<'a, P: KeyProvider> {
    cached: &'a CachedProvider<P>,
    id: EntryId,
    flight: Arc<Flight>,
    outcome: Option<Result<SecretKey>>,
}

impl<P: KeyProvider> Drop for Landing<'_, P> {
    fn drop(&mut self) {
        let mut state = self.cached.state();
        if state.flights.get(&self.id).is_some_and(|current| Arc::ptr_eq(current, &self.flight)) {
            state.flights.remove(&self.id);
        }
        drop(state);
        let outcome = self.outcome.take().unwrap_or_else(|| Err(Error::new(ErrorCode::ProviderUnavailable)));
        *self.flight.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        self.flight.landed.notify_all();
    }
}

/// What waiting threads learn of a failure: all but its source, which cannot be shared.
fn shared(error: &Error) -> Error {
    error.detail().map_or_else(|| Error::new(error.code()), |detail| Error::with_detail(error.code(), detail))
}

fn entry_id(wrapped: &WrappedKey, context: &WrapContext<'_>) -> EntryId {
    let mut parts = Parts::new();
    parts.present(&context.to_bytes()).present(wrapped.key_name.as_bytes()).present(&wrapped.ciphertext);
    for (name, value) in &wrapped.params {
        parts.present(name.as_bytes()).present(value.as_bytes());
    }
    sha256(parts.as_bytes())
}

#[deny(clippy::missing_trait_methods)]
impl<P: KeyProvider> KeyProvider for CachedProvider<P> {
    fn kind(&self) -> &str {
        self.inner.kind()
    }

    fn key_name(&self) -> String {
        self.inner.key_name()
    }

    fn wrap(&self, key_name: &str, secret: &SecretKey, context: &WrapContext<'_>) -> Result<WrappedKey> {
        self.inner.wrap(key_name, secret, context)
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext<'_>) -> Result<SecretKey> {
        let id = entry_id(wrapped, context);
        let mut state = self.state();
        if let Some(secret) = state.find(&id) {
            return Ok(secret);
        }
        if let Some(flight) = state.flights.get(&id) {
            let flight = Arc::clone(flight);
            drop(state);
            return flight.wait();
        }
        let flight = Arc::new(Flight::default());
        state.flights.insert(id, Arc::clone(&flight));
        drop(state);
        self.fly(id, flight, wrapped, context)
    }

    fn generate(&self) -> Result<Option<SecretKey>> {
        self.inner.generate()
    }

    fn can_make_keys(&self) -> bool {
        self.inner.can_make_keys()
    }

    fn make_key(&self, key_name: &str) -> Result<()> {
        self.inner.make_key(key_name)
    }

    fn destroy_key(&self, key_name: &str) -> Result<()> {
        let mut state = self.state();
        state.roots.retain(|_, root| root.key_name != key_name);
        // What is under way is not kept either; those who wait for it still get it.
        state.flights.clear();
        drop(state);
        self.inner.destroy_key(key_name)
    }

    fn is_recovery_only(&self) -> bool {
        self.inner.is_recovery_only()
    }
}

impl<P: fmt::Debug> fmt::Debug for CachedProvider<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedProvider")
            .field("inner", &self.inner)
            .field("max_age", &self.max_age)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
