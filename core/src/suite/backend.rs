//! Which code does the work on values, chosen for each keyring: the portable one, AWS-LC, or the FIPS module of AWS-LC.
//!
//! One format: what one back end writes, every other reads. They differ in speed, and in what they may do: the FIPS module's policy
//! refuses what the module does not cover. `spec/suite.md` has the rules.

#[cfg(any(feature = "aws-lc", feature = "fips"))]
mod aws_lc;
#[cfg(feature = "fips")]
mod fips;
mod long;
mod randomized;

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorCode, Result, fail};

pub(crate) use long::Long;
pub(crate) use randomized::Randomized;

/// The code that encrypts and decrypts a keyring's values. All of them give and read the same format.
///
/// A build has those of its cargo features; [`Backend::default`] is the one that a keyring uses unless
/// [`KeyringBuilder::backend`](crate::KeyringBuilder::backend) names another.
///
/// # Examples
///
/// ```
/// use fieldward::{Backend, Keyring, LocalKeyProvider, MemoryStore, SecretKey};
///
/// assert!(Backend::Portable.is_available());
/// let keyring = Keyring::builder("clinic")
///     .provider("primary", LocalKeyProvider::new(SecretKey::generate()?))
///     .store(MemoryStore::new())
///     .no_pin("an example in memory")
///     .backend(Backend::Portable)
///     .create()?;
/// assert_eq!(keyring.backend(), Backend::Portable);
/// println!("{}: {}", keyring.backend(), keyring.backend().claim());
/// # Ok::<(), fieldward::Error>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backend {
    /// Safe Rust on the `RustCrypto` block ciphers and hashes. In every build.
    Portable,
    /// The portable code, with long values by AWS-LC. With the feature `aws-lc` or `fips`.
    AwsLc,
    /// The FIPS module of AWS-LC, and nothing that it does not cover. With the feature `fips`.
    AwsLcFips,
}

impl Backend {
    /// Every back end, in this build or not.
    pub const ALL: &'static [Self] = &[Self::Portable, Self::AwsLc, Self::AwsLcFips];

    /// Its name: `portable`, `aws-lc` or `aws-lc-fips`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::AwsLc => "aws-lc",
            Self::AwsLcFips => "aws-lc-fips",
        }
    }

    /// Whether this build has it; of the FIPS module also whether it reports that it runs in FIPS mode.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            Self::AwsLc => cfg!(any(feature = "aws-lc", feature = "fips")),
            #[cfg(feature = "fips")]
            Self::AwsLcFips => aws_lc_rs::try_fips_mode().is_ok(),
            #[cfg(not(feature = "fips"))]
            Self::AwsLcFips => false,
        }
    }

    /// Whether it keeps to what the FIPS module covers.
    #[must_use]
    pub const fn is_fips(self) -> bool {
        matches!(self, Self::AwsLcFips)
    }

    /// The version of the code behind it, as that code reports it: of AWS-LC, of the FIPS module, or of this crate. `None` if this build
    /// does not have it.
    #[must_use]
    pub fn version(self) -> Option<&'static str> {
        match self {
            _ if !self.is_available() => None,
            #[cfg(any(feature = "aws-lc", feature = "fips"))]
            Self::AwsLc | Self::AwsLcFips => Some(aws_lc_rs::awslc_version()),
            _ => Some(env!("CARGO_PKG_VERSION")),
        }
    }

    /// What it stands for, in words that claim no more than is so.
    #[must_use]
    pub const fn claim(self) -> &'static str {
        match self {
            Self::Portable => "Safe Rust on RustCrypto. No validated module.",
            Self::AwsLc => {
                "AWS-LC for long values, safe Rust on RustCrypto for the rest. No validated module, whatever AWS-LC is linked."
            }
            Self::AwsLcFips => concat!(
                "The FIPS module of AWS-LC, of the version shown, in FIPS mode: its self-tests passed. In it: AES-256-GCM with nonces ",
                "drawn inside, CMAC, HKDF-Expand, HMAC-SHA-256, SHA-256, PBKDF2, new keys. Outside it: how two CMACs make the key of a ",
                "nonce prefix, random nonce prefixes and ids, normalisation, encodings. Whether this version is validated, and for this ",
                "platform, NIST's list of modules says; this library is not validated."
            ),
        }
    }

    /// Refuses a back end that this build does not have.
    pub(crate) fn check(self) -> Result<Self> {
        match self.is_available() {
            true => Ok(self),
            false => fail(ErrorCode::BackendUnavailable, self.as_str()),
        }
    }

    /// Refuses what the FIPS module does not cover, where that is the back end.
    pub(crate) fn refuse_unapproved(self, what: &str) -> Result<()> {
        match self.is_fips() {
            true => Err(not_approved(what)),
            false => Ok(()),
        }
    }
}

/// The FIPS module where this build has it, else AWS-LC where it has that, else the portable code.
impl Default for Backend {
    fn default() -> Self {
        match (cfg!(feature = "fips"), cfg!(feature = "aws-lc")) {
            (true, _) => Self::AwsLcFips,
            (false, true) => Self::AwsLc,
            (false, false) => Self::Portable,
        }
    }
}

/// Name and version.
impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.as_str(), self.version().unwrap_or("not in this build"))
    }
}

/// From its name.
impl FromStr for Backend {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.iter().find(|backend| backend.as_str() == name);
        found.copied().ok_or_else(|| Error::with_detail(ErrorCode::InvalidArgument, "portable, aws-lc or aws-lc-fips"))
    }
}

fn not_approved(what: &str) -> Error {
    Error::with_detail(ErrorCode::NotApproved, what)
}

#[cfg(test)]
mod tests;
