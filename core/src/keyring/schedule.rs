//! The schedule: which version is current when. It only grows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use super::state::KeyState;
use crate::clock::UnixSeconds;

/// One entry of the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// The version that becomes current.
    pub(crate) version: u32,
    /// When; for an entry at once, when it was appended.
    pub(crate) time: UnixSeconds,
    /// Whether the entry holds whatever the clock shows.
    pub(crate) at_once: bool,
}

/// The schedule of a snapshot, with the entry that this process has come to.
///
/// The mark is shared by all snapshots of one process that extend each other: a clock that jumps back never makes an earlier
/// entry current again.
#[derive(Debug)]
pub(crate) struct Schedule {
    entries: Vec<Entry>,
    rollback_window: i64,
    reached: Arc<AtomicUsize>,
}

impl Schedule {
    /// A schedule that nobody has used yet.
    pub(crate) fn new(entries: Vec<Entry>, rollback_window: i64) -> Self {
        Self { entries, rollback_window, reached: Arc::default() }
    }

    /// The same, going on from `earlier` if it extends it; a recovered document need not.
    pub(crate) fn following(entries: Vec<Entry>, rollback_window: i64, earlier: &Self) -> Self {
        let reached = match entries.starts_with(&earlier.entries) {
            true => Arc::clone(&earlier.reached),
            false => Arc::default(),
        };
        Self { entries, rollback_window, reached }
    }

    /// The index of the current entry: the last that is at once or whose time has come, never before one reached earlier.
    pub(crate) fn current_index(&self, now: UnixSeconds) -> usize {
        let due = self.entries.iter().rposition(|entry| entry.at_once || entry.time <= now).unwrap_or(0);
        let reached = self.reached.load(Ordering::Relaxed);
        due.max(reached.min(self.entries.len().saturating_sub(1)))
    }

    /// The current version, and remembers that this process has come so far.
    pub(crate) fn use_current(&self, now: UnixSeconds) -> Option<u32> {
        let index = self.current_index(now);
        if self.reached.load(Ordering::Relaxed) < index {
            self.reached.fetch_max(index, Ordering::Relaxed);
        }
        self.entries.get(index).map(|entry| entry.version)
    }

    /// The current version, without using it.
    pub(crate) fn current(&self, now: UnixSeconds) -> Option<u32> {
        self.entries.get(self.current_index(now)).map(|entry| entry.version)
    }

    /// The current version and the time of its entry, without using it.
    pub(crate) fn current_entry(&self, now: UnixSeconds) -> Option<(u32, UnixSeconds)> {
        self.entries.get(self.current_index(now)).map(|entry| (entry.version, entry.time))
    }

    /// When the current version took over, and from which: the way of a rollback.
    pub(crate) fn predecessor(&self, now: UnixSeconds) -> Option<(u32, UnixSeconds)> {
        let current = self.current_index(now);
        let version = self.entries.get(current)?.version;
        let before = (0..current).rev().find(|index| {
            self.entries.get(*index).is_some_and(|entry| entry.version != version) && self.was_current(*index, current)
        })?;
        Some((self.entries.get(before)?.version, self.end_of(before, current)?))
    }

    /// Whether an entry after the current one names `version`.
    pub(crate) fn is_pending(&self, version: u32, now: UnixSeconds) -> bool {
        self.pending_time(version, now).is_some()
    }

    /// When a version that waits takes over.
    pub(crate) fn pending_time(&self, version: u32, now: UnixSeconds) -> Option<UnixSeconds> {
        let after = self.current_index(now).saturating_add(1);
        self.entries.iter().skip(after).find(|entry| entry.version == version).map(|entry| entry.time)
    }

    /// The state that the schedule gives to a version whose stored state leaves it to the schedule.
    pub(crate) fn effective_state(&self, version: u32, stored: KeyState, now: UnixSeconds) -> KeyState {
        match stored {
            KeyState::Suspended | KeyState::Deactivated | KeyState::Compromised | KeyState::Destroyed => stored,
            KeyState::PreActive | KeyState::Active => self.scheduled_state(version, now),
        }
    }

    fn scheduled_state(&self, version: u32, now: UnixSeconds) -> KeyState {
        let current = self.current_index(now);
        if self.entries.get(current).is_some_and(|entry| entry.version == version) {
            return KeyState::Active;
        }
        let last = (0..current).rev().find(|index| {
            self.entries.get(*index).is_some_and(|entry| entry.version == version) && self.was_current(*index, current)
        });
        match last.and_then(|index| self.end_of(index, current)) {
            None => KeyState::PreActive,
            Some(end) if now < end.saturating_add(self.rollback_window) => KeyState::Active,
            Some(_) => KeyState::Deactivated,
        }
    }

    /// Whether entry `index` was in effect for any time before `current` took over: an entry at once was, a timed one unless
    /// a later entry came first.
    fn was_current(&self, index: usize, current: usize) -> bool {
        let Some(entry) = self.entries.get(index) else { return false };
        entry.at_once || self.end_of(index, current).is_none_or(|end| entry.time <= end)
    }

    /// When entry `index` was overtaken: the earliest time of a later entry, up to `current`.
    fn end_of(&self, index: usize, current: usize) -> Option<UnixSeconds> {
        self.entries.get(index.checked_add(1)?..=current)?.iter().map(|entry| entry.time).min()
    }
}
#[cfg(test)]
mod tests;
