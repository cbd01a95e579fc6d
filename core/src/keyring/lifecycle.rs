//! Rotate, roll back, suspend, resume, mark compromised.

use std::time::Duration;

use super::document::Document;
use super::root::RootKeys;
use super::save::entry_of;
use super::schedule::{Entry, Schedule};
use super::state::KeyState;
use super::{ALLOWED_SKEW, Keyring};
use crate::audit::{AuditEvent, EventName};
use crate::clock::UnixSeconds;
use crate::error::{Error, ErrorCode, Result, fail};

/// When a new version takes over. The default is 24 hours after it is published.
#[derive(Clone, Copy, Debug)]
pub struct RotateOptions {
    delay: Duration,
    at_once: bool,
}

impl Default for RotateOptions {
    fn default() -> Self {
        Self { delay: Duration::from_secs(86_400), at_once: false }
    }
}

impl RotateOptions {
    /// Takes over after `delay`, in whole seconds: at least the keyring's `max_staleness` and 5 minutes of clock skew.
    #[must_use]
    pub const fn after(delay: Duration) -> Self {
        Self { delay, at_once: false }
    }

    /// Takes over at once, before other processes can know the key: their decryptions read the store again, and may wait.
    #[must_use]
    pub const fn activate_immediately() -> Self {
        Self { delay: Duration::ZERO, at_once: true }
    }
}

impl Keyring {
    /// Publishes a new version that takes over after the propagation delay; returns its number. The one before stays
    /// active for the rollback window, then is deactivated; it decrypts either way.
    ///
    /// # Errors
    ///
    /// `PropagationTooShort`; `TransitionNotAllowed` while another version waits to take over; `KeyringFull`;
    /// `StoreConflict` (retryable) if another process was first; and what the store gives.
    pub fn rotate(&self, options: RotateOptions) -> Result<u32> {
        self.change(|document, root, now| {
            let delay = i64::try_from(options.delay.as_secs()).map_err(|_| Error::new(ErrorCode::InvalidArgument))?;
            if !options.at_once && delay < i64::from(document.max_staleness) + ALLOWED_SKEW {
                return fail(ErrorCode::PropagationTooShort, format!("{} seconds", document.max_staleness));
            }
            let schedule = self.schedule_of(document);
            if document.schedule.iter().any(|entry| schedule.is_pending(entry.version, now)) {
                return fail(ErrorCode::TransitionNotAllowed, "another version waits to take over");
            }
            let version = self.inner.environment.add_version(document, root, now, KeyState::PreActive)?;
            let time = now.saturating_add(delay);
            document.schedule.push(Entry { version, time, at_once: options.at_once });
            Ok((version, AuditEvent::new(EventName::KeyRotated).with("version", version).with("active_from", time)))
        })
    }

    /// Goes back to the version that was current before, inside the rollback window; returns its number.
    ///
    /// # Errors
    ///
    /// `RollbackWindowClosed`; `TransitionNotAllowed` if that version is suspended, compromised or destroyed;
    /// `StoreConflict` (retryable); and what the store gives.
    pub fn rollback(&self) -> Result<u32> {
        self.change(|document, _, now| {
            let schedule = self.schedule_of(document);
            let window = i64::from(document.rollback_window);
            let Some((version, _)) = schedule.predecessor(now).filter(|(_, since)| now < since.saturating_add(window))
            else {
                return Err(Error::new(ErrorCode::RollbackWindowClosed));
            };
            let stored = entry_of(document, version)?.state;
            let state = schedule.effective_state(version, stored, now);
            if state != KeyState::Active {
                return fail(ErrorCode::TransitionNotAllowed, format!("version {version} is {state}"));
            }
            document.schedule.push(Entry { version, time: now, at_once: true });
            Ok((version, AuditEvent::new(EventName::KeyRolledBack).with("version", version)))
        })
    }

    /// Suspends a version: it neither encrypts nor decrypts until it is resumed. If it is current, a successor takes over in
    /// the same save.
    ///
    /// # Errors
    ///
    /// `VersionUnknown`, `TransitionNotAllowed`, `ReasonRequired`, `StoreConflict` (retryable); and what the store gives.
    pub fn suspend(&self, version: u32, reason: &str) -> Result<()> {
        self.set_state(version, KeyState::Suspended, EventName::KeySuspended, reason)
    }

    /// Takes up a suspended version again: its state is what the schedule says.
    ///
    /// # Errors
    ///
    /// As [`Self::suspend`].
    pub fn resume(&self, version: u32, reason: &str) -> Result<()> {
        self.set_state(version, KeyState::Active, EventName::KeyResumed, reason)
    }

    /// Marks a version compromised: it neither encrypts nor decrypts again, except by name for re-encryption. If it is current,
    /// a successor takes over in the same save.
    ///
    /// # Errors
    ///
    /// As [`Self::suspend`].
    pub fn mark_compromised(&self, version: u32, reason: &str) -> Result<()> {
        self.set_state(version, KeyState::Compromised, EventName::KeyCompromised, reason)
    }

    fn set_state(&self, version: u32, next: KeyState, event: EventName, reason: &str) -> Result<()> {
        check_reason(reason)?;
        self.change(|document, root, now| {
            let schedule = self.schedule_of(document);
            let entry = entry_of(document, version)?;
            let state = schedule.effective_state(version, entry.state, now);
            if !state.may_become(next) || (next == KeyState::Active && state != KeyState::Suspended) {
                return fail(ErrorCode::TransitionNotAllowed, format!("version {version} is {state}, not {next}"));
            }
            entry.state = next;
            entry.changed = now;
            let key_id = entry.key_id.clone();
            let successor = self.replace_if_current(document, root, &schedule, version, now)?;
            let mut event =
                AuditEvent::new(event).with("version", version).with("key_id", key_id).with("reason", reason);
            if let Some(successor) = successor {
                event = event.with("successor", successor);
            }
            Ok(((), event))
        })
    }

    /// A version that can no longer encrypt is replaced at once, whether it is current or waits to be.
    pub(super) fn replace_if_current(
        &self,
        document: &mut Document,
        root: &RootKeys,
        schedule: &Schedule,
        version: u32,
        now: UnixSeconds,
    ) -> Result<Option<u32>> {
        let encrypts = document
            .data_keys
            .iter()
            .any(|entry| entry.version == version && matches!(entry.state, KeyState::PreActive | KeyState::Active));
        if encrypts {
            return Ok(None);
        }
        if schedule.current(now) == Some(version) || schedule.is_pending(version, now) {
            return self.inner.environment.add_successor(document, root, now).map(Some);
        }
        Ok(None)
    }

    /// The schedule of a document that is being changed, with what this process has come to.
    pub(super) fn schedule_of(&self, document: &Document) -> Schedule {
        let window = i64::from(document.rollback_window);
        Schedule::following(document.schedule.clone(), window, &self.inner.snapshot.load().schedule)
    }
}

pub(super) fn check_reason(reason: &str) -> Result<()> {
    if reason.trim().is_empty() { Err(Error::new(ErrorCode::ReasonRequired)) } else { Ok(()) }
}
