//! The states of a data key and the changes between them: one `match`, one table.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::ErrorCode;

/// The state of a key version, by NIST SP 800-57 part 1, section 7.
///
/// | state | encrypt | decrypt | search |
/// |---|---|---|---|
/// | pre-active | no | yes | yes |
/// | active | if current | yes | yes |
/// | suspended | no | by name, with a reason | yes |
/// | deactivated | no | yes | yes |
/// | compromised | no | by name, with a reason | yes |
/// | destroyed | no | no | no |
#[allow(clippy::exhaustive_enums, reason = "the states are those of SP 800-57; a program handles each")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyState {
    /// Made and published, not yet used to encrypt.
    PreActive,
    /// Encrypts if it is the current version; processes what it encrypted.
    Active,
    /// Set aside, possibly for a while: neither encrypts nor decrypts unless allowed by name.
    Suspended,
    /// Decrypts only.
    Deactivated,
    /// Known, or feared to be known, to others: neither encrypts nor decrypts unless allowed by name.
    Compromised,
    /// Its key is gone; a tombstone remains.
    Destroyed,
}

impl KeyState {
    /// Every state, in the order of its life.
    pub const ALL: [KeyState; 6] =
        [Self::PreActive, Self::Active, Self::Suspended, Self::Deactivated, Self::Compromised, Self::Destroyed];

    /// The name in documents and events, such as `pre-active`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PreActive => "pre-active",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Deactivated => "deactivated",
            Self::Compromised => "compromised",
            Self::Destroyed => "destroyed",
        }
    }

    /// Whether a key in this state may become one in `next`. Staying is no change, and not allowed.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::PreActive, Self::Active | Self::Compromised | Self::Destroyed) => true,
            (Self::Active, Self::Suspended | Self::Deactivated | Self::Compromised) => true,
            (Self::Suspended, Self::Active | Self::Deactivated | Self::Compromised) => true,
            (Self::Deactivated, Self::Compromised | Self::Destroyed) => true,
            (Self::Compromised, Self::Destroyed) => true,
            (
                Self::PreActive
                | Self::Active
                | Self::Suspended
                | Self::Deactivated
                | Self::Compromised
                | Self::Destroyed,
                _,
            ) => false,
        }
    }

    /// Whether the current version in this state may encrypt.
    #[must_use]
    pub const fn encrypts(self) -> bool {
        matches!(self, Self::Active)
    }

    /// Whether a key in this state decrypts on any handle.
    #[must_use]
    pub const fn decrypts(self) -> bool {
        matches!(self, Self::PreActive | Self::Active | Self::Deactivated)
    }

    /// Whether a handle can be allowed, by name, to decrypt in this state.
    #[must_use]
    pub const fn can_be_allowed(self) -> bool {
        matches!(self, Self::Suspended | Self::Compromised)
    }

    /// Whether tokens under a key in this state belong in a search.
    #[must_use]
    pub const fn searches(self) -> bool {
        !matches!(self, Self::Destroyed)
    }

    /// The error of a use that this state forbids.
    #[must_use]
    pub const fn refusal(self) -> ErrorCode {
        match self {
            Self::PreActive => ErrorCode::KeyPreActive,
            // Active keys are refused nothing but encryption under an older version, as deactivated ones are.
            Self::Active | Self::Deactivated => ErrorCode::KeyDeactivated,
            Self::Suspended => ErrorCode::KeySuspended,
            Self::Compromised => ErrorCode::KeyCompromised,
            Self::Destroyed => ErrorCode::KeyDestroyed,
        }
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: from; columns: to; in the order of `ALL`.
    const TABLE: [[u8; 6]; 6] = [
        //P  A  S  D  C  X
        [0, 1, 0, 0, 1, 1], // pre-active
        [0, 0, 1, 1, 1, 0], // active
        [0, 1, 0, 1, 1, 0], // suspended
        [0, 0, 0, 0, 1, 1], // deactivated
        [0, 0, 0, 0, 0, 1], // compromised
        [0, 0, 0, 0, 0, 0], // destroyed
    ];

    #[test]
    fn all_pairs() {
        for (row, from) in TABLE.iter().zip(KeyState::ALL) {
            for (allowed, to) in row.iter().zip(KeyState::ALL) {
                assert_eq!(from.may_become(to), *allowed == 1, "{from} to {to}");
            }
        }
    }

    #[test]
    fn uses_of_every_state() {
        let uses = KeyState::ALL.map(|s| (s.encrypts(), s.decrypts(), s.can_be_allowed(), s.searches()));
        assert_eq!(
            uses,
            [
                (false, true, false, true),
                (true, true, false, true),
                (false, false, true, true),
                (false, true, false, true),
                (false, false, true, true),
                (false, false, false, false),
            ]
        );
    }
}
