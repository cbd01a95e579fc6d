//! What a provider must do when what stands behind it refuses, answers wrongly, or goes away.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::{CONTEXT, check, secret, wrapped};
use crate::conformance::{Failure, Outcome, must, succeeds};
use crate::error::ErrorCode;
use crate::provider::{KeyProvider, WrappedKey};
use crate::secret::SecretKey;

/// What can become of a provider, or of what stands behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Situation {
    /// The configuration names another key than the one that wrapped.
    OtherKey,
    /// The key is there and may not be used.
    Disabled,
    /// The caller may not use the key.
    Denied,
    /// The answer takes longer than the provider waits.
    Slow,
    /// The answer is longer than any should be.
    Oversized,
    /// The answer is of another form.
    Malformed,
    /// The process was forked, and the child calls.
    Forked,
    /// The component goes away while threads use it, and comes back.
    Restarted,
    /// The key is gone.
    Deleted,
}

impl Situation {
    /// Every one, in the order in which they are tried.
    pub const ALL: [Self; 9] = [
        Self::OtherKey,
        Self::Disabled,
        Self::Denied,
        Self::Slow,
        Self::Oversized,
        Self::Malformed,
        Self::Forked,
        Self::Restarted,
        Self::Deleted,
    ];

    /// What a call must be told. A service may hide from a caller whether another's key exists.
    const fn expected(self) -> &'static [ErrorCode] {
        match self {
            Self::OtherKey | Self::Disabled | Self::Deleted => {
                &[ErrorCode::ProviderWrongKey, ErrorCode::ProviderDenied]
            }
            Self::Denied => &[ErrorCode::ProviderDenied],
            Self::Slow => &[ErrorCode::ProviderUnavailable],
            Self::Oversized | Self::Malformed => &[ErrorCode::ProviderBadReply],
            Self::Forked | Self::Restarted => &[],
        }
    }

    const fn rule(self) -> &'static str {
        match self {
            Self::OtherKey => "another key opens nothing",
            Self::Disabled => "a disabled key opens nothing, and is not retryable",
            Self::Denied => "a caller that is denied is told so",
            Self::Slow => "an answer that is late is unavailable",
            Self::Oversized => "an oversized answer is refused",
            Self::Malformed => "a malformed answer is refused",
            Self::Forked => "a forked child opens, and so does its parent afterwards",
            Self::Restarted => "a component that restarts is unavailable at most, and opens again",
            Self::Deleted => "a deleted key opens nothing, and is not retryable",
        }
    }
}

type Make<'a> = Box<dyn Fn() -> Arc<dyn KeyProvider> + 'a>;
type Fork<'a> = Box<dyn Fn(&dyn Fn() -> bool) -> bool + 'a>;

enum Means<'a> {
    Meets(Make<'a>),
    Forks(Fork<'a>),
    Restarts { stop: Box<dyn Fn() + 'a>, start: Box<dyn Fn() + 'a> },
    Never(&'static str),
}

/// A provider with its component, and how each [`Situation`] is brought about. One that cannot happen is said to, with a reason: none is
/// left out in silence.
///
/// ```
/// # #[cfg(feature = "conformance")] {
/// use std::sync::Arc;
///
/// use fieldward::conformance::provider::{Component, Situation};
/// use fieldward::{LocalKeyProvider, SecretKey};
///
/// let key = || LocalKeyProvider::new(SecretKey::generate().unwrap());
/// let mut component = Component::new(key()).meets(Situation::OtherKey, move || Arc::new(key()));
/// for situation in Situation::ALL {
///     if situation != Situation::OtherKey {
///         component = component.never(situation, "a key in memory has no component");
///     }
/// }
/// let report = component.check()?;
/// assert_eq!((report.checked.len(), report.impossible.len()), (1, 8));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct Component<'a> {
    provider: Arc<dyn KeyProvider>,
    means: BTreeMap<Situation, Means<'a>>,
}

/// What was checked, and what cannot happen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The situations whose rule held.
    pub checked: Vec<Situation>,
    /// Those that were said to be impossible, and why.
    pub impossible: Vec<(Situation, &'static str)>,
}

impl<'a> Component<'a> {
    /// A provider that is configured and reachable.
    pub fn new(provider: impl KeyProvider + 'static) -> Self {
        Self { provider: Arc::new(provider), means: BTreeMap::new() }
    }

    /// Brings the component into a situation, and gives a provider of the same key in it ([`Situation::OtherKey`]: of another key). Called after
    /// something was wrapped.
    pub fn meets(mut self, situation: Situation, make: impl Fn() -> Arc<dyn KeyProvider> + 'a) -> Self {
        self.means.insert(situation, Means::Meets(Box::new(make)));
        self
    }

    /// Runs what it is given in a forked child, and says whether it held there.
    pub fn forks(mut self, fork: impl Fn(&dyn Fn() -> bool) -> bool + 'a) -> Self {
        self.means.insert(Situation::Forked, Means::Forks(Box::new(fork)));
        self
    }

    /// Takes the component away, and brings it back with the same keys.
    pub fn restarts(mut self, stop: impl Fn() + 'a, start: impl Fn() + 'a) -> Self {
        self.means.insert(Situation::Restarted, Means::Restarts { stop: Box::new(stop), start: Box::new(start) });
        self
    }

    /// Says that a situation cannot happen, and why.
    pub fn never(mut self, situation: Situation, why: &'static str) -> Self {
        self.means.insert(situation, Means::Never(why));
        self
    }

    /// Runs [`check`](super::check), and then every situation.
    ///
    /// # Errors
    ///
    /// The first rule that does not hold; a situation that was not described.
    pub fn check(self) -> Result<Report, Failure> {
        check(&*self.provider)?;
        let mut report = Report { checked: Vec::new(), impossible: Vec::new() };
        for situation in Situation::ALL {
            let secret = secret()?;
            let entry = wrapped(&*self.provider, &secret)?;
            match self.means.get(&situation) {
                None => return Err(Failure::new("every situation is described, or said to be impossible", None)),
                Some(Means::Never(why)) => {
                    report.impossible.push((situation, why));
                    continue;
                }
                Some(Means::Meets(make)) => meets(situation, &*make(), entry)?,
                Some(Means::Forks(fork)) => {
                    let opens = || self.provider.unwrap(&entry, &CONTEXT).is_ok_and(|opened| opened == secret);
                    must(situation.rule(), fork(&opens) && opens())?;
                }
                Some(Means::Restarts { stop, start }) => restarts(&*self.provider, &secret, &entry, stop, start)?,
            }
            report.checked.push(situation);
        }
        Ok(report)
    }
}

fn meets(situation: Situation, provider: &dyn KeyProvider, mut entry: WrappedKey) -> Outcome {
    // Also where the entry was rewritten to name the other key.
    entry.key_name = provider.key_name();
    match provider.unwrap(&entry, &CONTEXT) {
        Err(error) if situation.expected().contains(&error.code()) => Ok(()),
        Err(cause) => Err(Failure::new(situation.rule(), Some(cause))),
        Ok(_) => Err(Failure::new(situation.rule(), None)),
    }
}

fn restarts(
    provider: &dyn KeyProvider,
    secret: &SecretKey,
    entry: &WrappedKey,
    stop: &dyn Fn(),
    start: &dyn Fn(),
) -> Outcome {
    let rule = Situation::Restarted.rule();
    let (ends, wrong, turns) = (AtomicBool::new(false), AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !ends.load(Ordering::SeqCst) {
                    let holds = match provider.unwrap(entry, &CONTEXT) {
                        Ok(opened) => opened == *secret,
                        Err(error) => error.code() == ErrorCode::ProviderUnavailable,
                    };
                    wrong.fetch_or(!holds, Ordering::SeqCst);
                    turns.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let go_on = || {
            let target = turns.load(Ordering::SeqCst) + 16;
            while turns.load(Ordering::SeqCst) < target {
                thread::yield_now();
            }
        };
        go_on();
        stop();
        go_on();
        start();
        go_on();
        ends.store(true, Ordering::SeqCst);
    });
    must(rule, !wrong.load(Ordering::SeqCst))?;
    must(rule, succeeds(rule, provider.unwrap(entry, &CONTEXT))? == *secret)
}

impl fmt::Debug for Component<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Component").field("provider", &self.provider).finish_non_exhaustive()
    }
}
