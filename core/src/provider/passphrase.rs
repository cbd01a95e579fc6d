//! A passphrase: PBKDF2 (RFC 8018, SP 800-132), a commitment, XAES-256-GCM.

use std::collections::BTreeMap;
use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use super::{KeyProvider, WrapContext, WrappedKey};
use crate::context::Parts;
use crate::derive::{Label, expand_key, info};
use crate::error::{Error, ErrorCode, Result, fail};
use crate::random;
use crate::secret::{SecretBytes, SecretKey, constant_time_eq};
use crate::suite::{hash, xaes};

const SALT_LEN: usize = 32;
/// SP 800-132, section 5.1: at least 128 bits.
const MIN_SALT_LEN: usize = 16;
const MAX_SALT_LEN: usize = 64;
const MIN_PASSPHRASE_LEN: usize = 8;
const MAX_PASSPHRASE_LEN: usize = 1_024;

/// The hash inside PBKDF2-HMAC.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pbkdf2Hash {
    /// SHA-256; 600,000 iterations by default.
    #[default]
    Sha256,
    /// SHA-512; 220,000 iterations by default.
    Sha512,
}

impl Pbkdf2Hash {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha512 => "sha-512",
        }
    }

    /// OWASP, Password Storage Cheat Sheet.
    const fn default_iterations(self) -> u32 {
        match self {
            Self::Sha256 => 600_000,
            Self::Sha512 => 220_000,
        }
    }
}

/// Wraps under a passphrase. Each wrap has its own salt; a wrong passphrase is told by a commitment before anything is opened.
///
/// ```no_run
/// use fieldward::{PassphraseProvider, SecretBytes};
/// let provider = PassphraseProvider::new("clinic", SecretBytes::new(b"correct horse battery staple".to_vec()))?;
/// # let _ = provider;
/// # Ok::<(), fieldward::Error>(())
/// ```
pub struct PassphraseProvider {
    name: String,
    passphrase: SecretBytes,
    hash: Pbkdf2Hash,
    iterations: u32,
    floor: u32,
    ceiling: u32,
}

impl PassphraseProvider {
    /// Iterations below this are refused, on reading and on writing.
    pub const FLOOR: u32 = 100_000;
    /// Iterations above this are refused before any work.
    pub const CEILING: u32 = 10_000_000;

    /// Uses this passphrase, as its bytes: no Unicode normalisation, so that a passphrase typed on another keyboard must be
    /// normalised by the caller. `name` stands in documents.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` for fewer than 8 or more than 1,024 bytes; `InvalidName`.
    pub fn new(name: &str, passphrase: SecretBytes) -> Result<Self> {
        super::check_key_name(name)?;
        if !(MIN_PASSPHRASE_LEN..=MAX_PASSPHRASE_LEN).contains(&passphrase.expose().len()) {
            return fail(ErrorCode::InvalidArgument, "a passphrase has 8 to 1,024 bytes");
        }
        let hash = Pbkdf2Hash::default();
        Ok(Self {
            name: name.to_owned(),
            passphrase,
            hash,
            iterations: hash.default_iterations(),
            floor: Self::FLOOR,
            ceiling: Self::CEILING,
        })
    }

    /// Hash for new wraps, with its default iterations. Wraps with the other hash still open.
    #[must_use]
    pub const fn hash(mut self, hash: Pbkdf2Hash) -> Self {
        self.hash = hash;
        self.iterations = hash.default_iterations();
        self
    }

    /// Iterations for new wraps.
    ///
    /// # Errors
    ///
    /// `IterationsOutOfRange` below the floor or above the ceiling.
    pub fn iterations(mut self, iterations: u32) -> Result<Self> {
        self.check_iterations(iterations)?;
        self.iterations = iterations;
        Ok(self)
    }

    /// Narrows what is accepted: the floor only upwards, the ceiling only downwards.
    ///
    /// # Errors
    ///
    /// `IterationsOutOfRange` for limits wider than [`Self::FLOOR`] to [`Self::CEILING`], or empty ones, or ones that leave out
    /// the iterations for new wraps.
    pub fn limits(mut self, floor: u32, ceiling: u32) -> Result<Self> {
        if floor < Self::FLOOR || ceiling > Self::CEILING || !(floor..=ceiling).contains(&self.iterations) {
            return fail(ErrorCode::IterationsOutOfRange, "100,000 to 10,000,000");
        }
        (self.floor, self.ceiling) = (floor, ceiling);
        Ok(self)
    }

    fn check_iterations(&self, iterations: u32) -> Result<()> {
        match (self.floor..=self.ceiling).contains(&iterations) {
            true => Ok(()),
            false => fail(ErrorCode::IterationsOutOfRange, format!("{} to {}", self.floor, self.ceiling)),
        }
    }

    /// The wrapping key and the commitment.
    fn derive(&self, hash: Pbkdf2Hash, iterations: u32, salt: &[u8]) -> Result<(SecretKey, SecretKey)> {
        self.check_iterations(iterations)?;
        let mut output = Zeroizing::new([0; 32]);
        let passphrase = self.passphrase.expose();
        match hash {
            Pbkdf2Hash::Sha256 => hash::pbkdf2_sha256(passphrase, salt, iterations, &mut *output),
            Pbkdf2Hash::Sha512 => hash::pbkdf2_sha512(passphrase, salt, iterations, &mut *output),
        }
        let root = SecretKey::from_slice(&*output)?;
        Ok((expand_key(&root, &info(Label::PassphraseWrap))?, expand_key(&root, &info(Label::PassphraseCommitment))?))
    }

    /// Wraps with a given salt: private to the crate, for known answers.
    pub(super) fn wrap_with_salt(
        &self,
        salt: &[u8],
        secret: &SecretKey,
        context: &WrapContext<'_>,
    ) -> Result<WrappedKey> {
        let (key, commitment) = self.derive(self.hash, self.iterations, salt)?;
        let associated_data = associated_data(self.hash, self.iterations, salt, context);
        let mut wrapped = WrappedKey::new(&self.name, xaes::seal(&key, &associated_data, secret.expose())?);
        wrapped.params = BTreeMap::from([
            ("hash".into(), self.hash.as_str().into()),
            ("iterations".into(), self.iterations.to_string()),
            ("salt".into(), Base64UrlUnpadded::encode_string(salt)),
            ("commitment".into(), Base64UrlUnpadded::encode_string(commitment.expose())),
        ]);
        Ok(wrapped)
    }
}

impl KeyProvider for PassphraseProvider {
    fn kind(&self) -> &str {
        "passphrase"
    }

    fn key_name(&self) -> String {
        self.name.clone()
    }

    fn wrap(&self, key_name: &str, secret: &SecretKey, context: &WrapContext<'_>) -> Result<WrappedKey> {
        if key_name != self.name {
            return fail(ErrorCode::ProviderWrongKey, "another passphrase");
        }
        self.wrap_with_salt(&random::array::<SALT_LEN>()?, secret, context)
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext<'_>) -> Result<SecretKey> {
        if wrapped.key_name != self.name {
            return fail(ErrorCode::ProviderWrongKey, "another passphrase");
        }
        let entry = Entry::parse(wrapped)?;
        let (key, commitment) = self.derive(entry.hash, entry.iterations, &entry.salt)?;
        if !constant_time_eq(commitment.expose(), &entry.commitment) {
            return Err(Error::new(ErrorCode::ProviderWrongKey));
        }
        let associated_data = associated_data(entry.hash, entry.iterations, &entry.salt, context);
        let opened = xaes::open(&key, &associated_data, &wrapped.ciphertext);
        let opened = opened.map_err(|_| Error::new(ErrorCode::ProviderWrongKey))?;
        SecretKey::from_slice(&opened).map_err(|_| Error::new(ErrorCode::ProviderBadReply))
    }
}

impl fmt::Debug for PassphraseProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PassphraseProvider")
            .field("name", &self.name)
            .field("hash", &self.hash)
            .field("iterations", &self.iterations)
            .finish_non_exhaustive()
    }
}

/// The parameters of an entry: read and bounded before any work.
struct Entry {
    hash: Pbkdf2Hash,
    iterations: u32,
    salt: Vec<u8>,
    commitment: Vec<u8>,
}

impl Entry {
    fn parse(wrapped: &WrappedKey) -> Result<Self> {
        let mismatch = || Error::with_detail(ErrorCode::ProviderMismatch, "hash, iterations, salt and commitment");
        wrapped.check()?;
        let param = |name: &str| wrapped.params.get(name).map(String::as_str).ok_or_else(mismatch);
        let bytes = |name: &str| Base64UrlUnpadded::decode_vec(param(name)?).map_err(|_| mismatch());
        let hash = match param("hash")? {
            "sha-256" => Pbkdf2Hash::Sha256,
            "sha-512" => Pbkdf2Hash::Sha512,
            _ => return Err(mismatch()),
        };
        let iterations = param("iterations")?;
        let number: u64 = iterations.parse().map_err(|_| mismatch())?;
        if number.to_string() != iterations || wrapped.params.len() != 4 {
            return Err(mismatch());
        }
        let number = u32::try_from(number).map_err(|_| Error::new(ErrorCode::IterationsOutOfRange))?;
        let entry = Self { hash, iterations: number, salt: bytes("salt")?, commitment: bytes("commitment")? };
        let fits =
            (MIN_SALT_LEN..=MAX_SALT_LEN).contains(&entry.salt.len()) && entry.commitment.len() == SecretKey::LEN;
        if fits { Ok(entry) } else { Err(mismatch()) }
    }
}

/// `P(context, hash, iterations as 4 bytes big-endian, salt)`.
fn associated_data(hash: Pbkdf2Hash, iterations: u32, salt: &[u8], context: &WrapContext<'_>) -> Vec<u8> {
    let mut parts = Parts::new();
    parts.present(&context.to_bytes()).present(hash.as_str().as_bytes());
    parts.present(&iterations.to_be_bytes()).present(salt);
    parts.into_bytes()
}
