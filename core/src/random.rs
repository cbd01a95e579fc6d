//! Random bytes from the operating system: no user-space generator, no state, nothing to fork. Only a build with the FIPS module draws
//! new keys from that, as its policy asks.

use getrandom::SysRng;
use rand_core::TryCryptoRng;

use crate::error::{Error, ErrorCode, Result};

/// Fills `buffer` from the operating system's generator.
pub(crate) fn fill(buffer: &mut [u8]) -> Result<()> {
    fill_from(&mut SysRng, buffer)
}

/// Fills a new key.
pub(crate) fn fill_key(key: &mut [u8]) -> Result<()> {
    #[cfg(feature = "fips")]
    return aws_lc_rs::rand::fill(key).map_err(|_| Error::new(ErrorCode::RandomUnavailable));
    #[cfg(not(feature = "fips"))]
    fill(key)
}

/// A fresh array from the operating system's generator.
pub(crate) fn array<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

fn fill_from(generator: &mut impl TryCryptoRng, buffer: &mut [u8]) -> Result<()> {
    generator.try_fill_bytes(buffer).map_err(|_| Error::new(ErrorCode::RandomUnavailable))
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use rand_core::TryRng;

    use super::*;

    struct Broken;

    #[derive(Debug)]
    struct Failure;

    impl fmt::Display for Failure {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("no entropy")
        }
    }

    impl std::error::Error for Failure {}

    impl TryRng for Broken {
        type Error = Failure;
        fn try_next_u32(&mut self) -> Result<u32, Failure> {
            Err(Failure)
        }
        fn try_next_u64(&mut self) -> Result<u64, Failure> {
            Err(Failure)
        }
        fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Failure> {
            Err(Failure)
        }
    }

    impl TryCryptoRng for Broken {}

    #[test]
    fn a_generator_that_fails_is_an_error() {
        let mut buffer = [7; 16];
        let error = fill_from(&mut Broken, &mut buffer).unwrap_err();
        assert_eq!((error.code(), buffer), (ErrorCode::RandomUnavailable, [7; 16]));
    }

    #[test]
    fn the_system_generator_fills() {
        let arrays: [[u8; 24]; 2] = [array().unwrap(), array().unwrap()];
        assert_ne!(arrays[0], arrays[1]);
    }
}
