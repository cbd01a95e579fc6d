//! What remembers how far a keyring's document has come.

use std::fmt;
use std::sync::Arc;

use fieldward::{Error, ErrorCode, FilePin, GenerationPin, MemoryPin, check_keyring_id};

use crate::error::Result;
use crate::host::Refusal;

/// How often a raise is tried again where other writers come first: each time a pin has risen.
const ATTEMPTS: usize = 64;

/// The newest state of a keyring that was seen.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "both sides build it")]
pub struct PinnedState {
    /// The keyring's id.
    pub keyring_id: String,
    /// What names the root: 32 bytes, not secret.
    pub root_identity: Vec<u8>,
    /// The root epoch.
    pub epoch: u32,
    /// The document's generation.
    pub generation: u64,
}

impl From<&fieldward::PinnedState> for PinnedState {
    fn from(state: &fieldward::PinnedState) -> Self {
        Self {
            keyring_id: state.keyring_id.clone(),
            root_identity: state.root_identity.to_vec(),
            epoch: state.epoch,
            generation: state.generation,
        }
    }
}

/// A pin written in Swift or Kotlin. Calls come on a thread that may wait.
#[uniffi::export(with_foreign)]
pub trait HostPin: Send + Sync {
    /// What is remembered of a keyring; none before the first use.
    fn read(&self, keyring_id: String) -> Result<Option<PinnedState>, Refusal>;
    /// Puts the state in the place of `expected`: true once it is durable, false if another one stands there.
    fn write(&self, expected: Option<PinnedState>, state: PinnedState) -> Result<bool, Refusal>;
}

/// A pin: one of the library's, or one written in Swift or Kotlin.
#[derive(Debug, uniffi::Object)]
pub struct Pin {
    pub(crate) inner: Arc<dyn GenerationPin>,
}

#[uniffi::export]
impl Pin {
    /// Pins in `directory`, out of reach of whoever writes the store; the first raise makes it.
    #[uniffi::constructor]
    pub fn file(directory: &str) -> Arc<Self> {
        Arc::new(Self { inner: Arc::new(FilePin::new(directory)) })
    }

    /// A pin in memory: refuses older documents for as long as it lives.
    #[uniffi::constructor]
    pub fn memory() -> Arc<Self> {
        Arc::new(Self { inner: Arc::new(MemoryPin::new()) })
    }

    /// A pin written in Swift or Kotlin.
    #[uniffi::constructor]
    pub fn host(pin: Arc<dyn HostPin>) -> Arc<Self> {
        Arc::new(Self { inner: Arc::new(Asked(pin)) })
    }
}

/// Asks a pin of Swift or Kotlin.
struct Asked(Arc<dyn HostPin>);

fn failed(refusal: Refusal) -> Error {
    refusal.or(ErrorCode::PinUnavailable)
}

impl Asked {
    /// Moves the pin to `state` where that is due from where it stands.
    fn move_if(
        &self,
        state: &fieldward::PinnedState,
        due: impl Fn(&fieldward::PinnedState) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            let pinned = self.read(&state.keyring_id)?;
            if !pinned.as_ref().map_or(Ok(true), &due)? {
                return Ok(());
            }
            if self.0.write(pinned.as_ref().map(PinnedState::from), state.into()).map_err(failed)? {
                return Ok(());
            }
        }
        Err(Error::with_detail(ErrorCode::PinUnavailable, "other writers came first each time"))
    }
}

impl GenerationPin for Asked {
    fn read(&self, keyring_id: &str) -> Result<Option<fieldward::PinnedState>, Error> {
        check_keyring_id(keyring_id)?;
        let Some(pinned) = self.0.read(keyring_id.to_owned()).map_err(failed)? else { return Ok(None) };
        match pinned.root_identity.try_into() {
            Ok(root_identity) if pinned.keyring_id == keyring_id => Ok(Some(fieldward::PinnedState {
                keyring_id: pinned.keyring_id,
                root_identity,
                epoch: pinned.epoch,
                generation: pinned.generation,
            })),
            _ => Err(Error::with_detail(ErrorCode::PinMalformed, "another keyring's, or no root identity")),
        }
    }

    fn raise(&self, state: &fieldward::PinnedState) -> Result<(), Error> {
        self.move_if(state, |pinned| Ok(state.is_after(pinned)))
    }

    fn accept_recovered(&self, state: &fieldward::PinnedState) -> Result<(), Error> {
        self.move_if(state, |pinned| state.recovers(pinned))
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostPin").finish_non_exhaustive()
    }
}
