//! Random bytes from the operating system, and nothing else: no user-space generator, no state, nothing to fork.

use crate::error::{Error, ErrorCode, Result};

/// Fills `buffer` from the operating system's generator.
pub(crate) fn fill(buffer: &mut [u8]) -> Result<()> {
    getrandom::fill(buffer).map_err(|_| Error::new(ErrorCode::RandomUnavailable))
}

/// A fresh array from the operating system's generator.
pub(crate) fn array<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}
