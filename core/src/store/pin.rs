//! What is remembered of a keyring, outside the store.

use crate::error::{ErrorCode, Result, fail};

/// The newest state of a keyring that this machine or process has seen.
///
/// Two states are ordered by epoch, then by generation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "implementors of pins store and rebuild it whole")]
pub struct PinnedState {
    /// The keyring's id.
    pub keyring_id: String,
    /// SHA-256 of the link key of the epoch: names the root without telling anything of it. Not secret.
    pub root_identity: [u8; 32],
    /// The root epoch.
    pub epoch: u32,
    /// The document's generation.
    pub generation: u64,
}

impl PinnedState {
    /// Whether this state lies after `other`: a later epoch, or the same epoch and a greater generation.
    #[must_use]
    pub const fn is_after(&self, other: &Self) -> bool {
        self.epoch > other.epoch || (self.epoch == other.epoch && self.generation > other.generation)
    }

    /// Whether a pin at `pinned` moves when this recovered state is accepted by name; not if it is there already. For implementors of
    /// [`GenerationPin::accept_recovered`].
    ///
    /// # Errors
    ///
    /// `KeyringRolledBack` if the generation is not greater than the pinned one.
    pub fn recovers(&self, pinned: &Self) -> Result<bool> {
        match pinned.generation < self.generation {
            true => Ok(true),
            false if pinned == self => Ok(false),
            false => fail(ErrorCode::KeyringRolledBack, "the recovered generation is not above the pinned one"),
        }
    }
}

/// Remembers a keyring's newest state across restarts, so that an older or a foreign document is refused.
///
/// A pin belongs outside the store: whoever can put an old document back must not be able to put back an old pin too.
/// Its own protection is that of the place where it is kept; it has no key.
pub trait GenerationPin: Send + Sync + std::fmt::Debug {
    /// The pinned state of `keyring_id`; `None` before the first use.
    ///
    /// # Errors
    ///
    /// `InvalidName` for a bad keyring id. `PinUnavailable` if the pin cannot be read, `PinMalformed` if what is there is
    /// not a pin of this keyring. A pin that fails never answers `None`.
    fn read(&self, keyring_id: &str) -> Result<Option<PinnedState>>;

    /// Raises the pin to `state`, durably. A state that does not lie after the pinned one changes nothing and succeeds.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read); `PinUnavailable` also if the pin cannot be written.
    fn raise(&self, state: &PinnedState) -> Result<()>;

    /// Moves the pin to a recovered keyring, whose epoch may be lower: `state`'s generation must still be greater than the
    /// pinned one. Called only when a caller accepts a recovered identity by name.
    ///
    /// # Errors
    ///
    /// As [`raise`](Self::raise). `KeyringRolledBack` if the generation is not greater, unless `state` is pinned already.
    /// A pin that does not offer this answers `PinUnavailable`, as the default body does.
    fn accept_recovered(&self, state: &PinnedState) -> Result<()> {
        let _ = state;
        fail(ErrorCode::PinUnavailable, "this pin cannot follow a recovered keyring")
    }
}

impl<T: GenerationPin + ?Sized> GenerationPin for std::sync::Arc<T> {
    fn read(&self, keyring_id: &str) -> Result<Option<PinnedState>> {
        (**self).read(keyring_id)
    }
    fn raise(&self, state: &PinnedState) -> Result<()> {
        (**self).raise(state)
    }
    fn accept_recovered(&self, state: &PinnedState) -> Result<()> {
        (**self).accept_recovered(state)
    }
}
