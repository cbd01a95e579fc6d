//! Keys in a hardware module, through PKCS #11. Feature `pkcs11`.

mod key;
mod mechanism;
mod pin;
mod session;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::{KeyProvider, WrapContext, WrappedKey, check_key_name};
use crate::error::{ErrorCode, Result, fail};
use crate::secret::SecretKey;

use session::{Access, Connection, Token};

pub use mechanism::Pkcs11Mechanism;
pub use pin::Pkcs11Pin;

/// The longest name of a token: labels have 32 bytes, serial numbers 16.
const MAX_TOKEN_NAME_LEN: usize = 32;

/// A provider whose keys never leave a PKCS #11 token: an HSM, a smart card, SoftHSM.
///
/// Nothing is contacted before the first call: a token that is away makes a call fail, not the program's start. Sessions are
/// pooled, opened and logged in again when the token loses them, and opened anew in a forked child.
///
/// # Security
///
/// Every key that is used must be an AES-256 key that is resident in the token, sensitive and not extractable; each call looks, and
/// any other key is refused. A token that lies about its keys is not found out. The module is a shared library: it runs inside the
/// process and can do what the process can.
///
/// # Examples
///
/// ```no_run
/// use fieldward::{Keyring, Pkcs11Pin, Pkcs11Provider};
///
/// let hsm = Pkcs11Provider::builder("/usr/lib/softhsm/libsofthsm2.so", "clinic-root")
///     .token_label("clinic")
///     .pin(Pkcs11Pin::file("/etc/clinic/hsm.pin"))
///     .build()?;
/// hsm.find_or_make_key()?; // once, by whoever sets up
/// let keyring = Keyring::builder("clinic").provider("hsm", hsm);
/// # Ok::<(), fieldward::Error>(())
/// ```
pub struct Pkcs11Provider {
    key_label: String,
    mechanism: Option<Pkcs11Mechanism>,
    nonce_by_token: bool,
    generates: bool,
    key_per_epoch: bool,
    connection: Connection,
}

/// Describes a [`Pkcs11Provider`].
#[must_use]
pub struct Pkcs11Builder {
    module: PathBuf,
    key_label: String,
    token: Option<Token>,
    pin: Option<Pkcs11Pin>,
    sessions: usize,
    session_timeout: Duration,
    mechanism: Option<Pkcs11Mechanism>,
    nonce_by_token: bool,
    generates: bool,
    key_per_epoch: bool,
}

impl Pkcs11Provider {
    /// Describes a provider: the module's shared library, by its full path, and the label of the key that wraps.
    pub fn builder(module: impl Into<PathBuf>, key_label: impl Into<String>) -> Pkcs11Builder {
        Pkcs11Builder {
            module: module.into(),
            key_label: key_label.into(),
            token: None,
            pin: None,
            sessions: 8,
            session_timeout: Duration::from_secs(10),
            mechanism: None,
            nonce_by_token: false,
            generates: false,
            key_per_epoch: false,
        }
    }

    /// Finds the key, or has the token generate it: AES-256, resident, sensitive, not extractable, for one mechanism only.
    /// Returns whether it was generated.
    ///
    /// # Errors
    ///
    /// `ProviderWrongKey` if a key of this label has other attributes, or two have the label; `ProviderUnsupported` if the token
    /// offers neither AES-GCM nor AES key wrap; otherwise as [`KeyProvider::wrap`].
    pub fn find_or_make_key(&self) -> Result<bool> {
        self.connection.run(Access::Write, |session| {
            if key::count(session, &self.key_label)? > 0 {
                return key::find(session, &self.key_label, None).map(|_| false);
            }
            let mechanism = mechanism::choose(session, self.mechanism)?;
            key::make(session, &self.key_label, mechanism).map(|()| true)
        })
    }
}

impl Pkcs11Builder {
    /// The token with this label.
    pub fn token_label(mut self, label: impl Into<String>) -> Self {
        self.token = Some(Token::Label(label.into()));
        self
    }

    /// The token with this serial number: the one to take where labels may be shared.
    pub fn token_serial(mut self, serial: impl Into<String>) -> Self {
        self.token = Some(Token::Serial(serial.into()));
        self
    }

    /// Where the user's PIN comes from.
    pub fn pin(mut self, pin: Pkcs11Pin) -> Self {
        self.pin = Some(pin);
        self
    }

    /// How many sessions are open at once, at most: 1 to 1,024; 8 by default. Further calls wait.
    pub fn sessions(mut self, sessions: usize) -> Self {
        self.sessions = sessions;
        self
    }

    /// How long a call waits for a session: up to 10 minutes; 10 seconds by default. The token's own calls have no time limit that
    /// PKCS #11 could set: see the module's configuration.
    pub fn session_timeout(mut self, timeout: Duration) -> Self {
        self.session_timeout = timeout;
        self
    }

    /// The mechanism to wrap with. By default the first that the token offers of AES-GCM, AES-KWP and AES-KW. What was wrapped opens by the
    /// mechanism that it was wrapped with.
    pub fn mechanism(mut self, mechanism: Pkcs11Mechanism) -> Self {
        self.mechanism = Some(mechanism);
        self
    }

    /// For tokens that choose the nonce of AES-GCM themselves and take zeros for it (AWS CloudHSM, tokens in FIPS mode). By
    /// default it comes from the operating system.
    pub fn nonce_by_token(mut self) -> Self {
        self.nonce_by_token = true;
        self
    }

    /// Has the token generate the keyring's keys too.
    pub fn generate_keys(mut self) -> Self {
        self.generates = true;
        self
    }

    /// Has the token make a key of its own for each root epoch, so that destroying a version ends in destroying it.
    pub fn key_per_epoch(mut self) -> Self {
        self.key_per_epoch = true;
        self
    }

    /// The provider.
    ///
    /// # Errors
    ///
    /// `InvalidName` for a label that is not 1 to 256 printable ASCII characters, or a token's name past 32 bytes;
    /// `InvalidArgument` without a token or a PIN, or for numbers outside their range.
    pub fn build(self) -> Result<Pkcs11Provider> {
        check_key_name(&self.key_label)?;
        let (Some(token), Some(pin)) = (self.token, self.pin) else {
            return fail(ErrorCode::InvalidArgument, "a token and a PIN");
        };
        if !(1..=MAX_TOKEN_NAME_LEN).contains(&token.name().len()) {
            return fail(ErrorCode::InvalidName, "a token's label or serial number");
        }
        let in_range = (1..=1_024).contains(&self.sessions) && self.session_timeout <= Duration::from_secs(600);
        if !in_range {
            return fail(ErrorCode::InvalidArgument, "1 to 1,024 sessions, a timeout up to 10 minutes");
        }
        Ok(Pkcs11Provider {
            key_label: self.key_label,
            mechanism: self.mechanism,
            nonce_by_token: self.nonce_by_token,
            generates: self.generates,
            key_per_epoch: self.key_per_epoch,
            connection: Connection::new(self.module, token, pin, self.sessions, self.session_timeout),
        })
    }
}

impl KeyProvider for Pkcs11Provider {
    fn kind(&self) -> &str {
        "pkcs11"
    }

    fn key_name(&self) -> String {
        self.key_label.clone()
    }

    fn wrap(&self, key_name: &str, secret: &SecretKey, context: &WrapContext<'_>) -> Result<WrappedKey> {
        check_key_name(key_name)?;
        let wrapped = self.connection.run(Access::Read, |session| {
            let mechanism = mechanism::choose(session, self.mechanism)?;
            let key = key::find(session, key_name, Some(mechanism))?;
            let ciphertext = mechanism::wrap(session, mechanism, key, secret, context, self.nonce_by_token)?;
            let mut wrapped = WrappedKey::new(key_name, ciphertext);
            wrapped.params.insert("mechanism".into(), mechanism.as_str().into());
            Ok(wrapped)
        })?;
        wrapped.check()?;
        Ok(wrapped)
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext<'_>) -> Result<SecretKey> {
        wrapped.check()?;
        let named = wrapped.params.get("mechanism").and_then(|name| Pkcs11Mechanism::named(name));
        let (Some(mechanism), 1) = (named, wrapped.params.len()) else {
            return fail(ErrorCode::ProviderMismatch, "an entry of another form");
        };
        mechanism.check_len(&wrapped.ciphertext)?;
        self.connection.run(Access::Read, |session| {
            let key = key::find(session, &wrapped.key_name, Some(mechanism))?;
            mechanism::unwrap(session, mechanism, key, &wrapped.ciphertext, context)
        })
    }

    fn generate(&self) -> Result<Option<SecretKey>> {
        match self.generates {
            true => self.connection.run(Access::Read, |session| key::random(session)).map(Some),
            false => Ok(None),
        }
    }

    fn can_make_keys(&self) -> bool {
        self.key_per_epoch
    }

    fn make_key(&self, key_name: &str) -> Result<()> {
        if !self.key_per_epoch {
            return Err(ErrorCode::ProviderUnsupported.into());
        }
        check_key_name(key_name)?;
        self.connection.run(Access::Write, |session| {
            if key::count(session, key_name)? > 0 {
                return Err(session::Fault::own(ErrorCode::InvalidArgument, "a key of this name exists"));
            }
            key::make(session, key_name, mechanism::choose(session, self.mechanism)?)
        })
    }

    fn destroy_key(&self, key_name: &str) -> Result<()> {
        if !self.key_per_epoch {
            return Err(ErrorCode::ProviderUnsupported.into());
        }
        check_key_name(key_name)?;
        if key_name == self.key_label {
            return fail(ErrorCode::InvalidArgument, "the configured key is not destroyed here");
        }
        self.connection.run(Access::Write, |session| key::destroy(session, key_name))
    }
}

impl fmt::Debug for Pkcs11Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pkcs11Provider")
            .field("key_label", &self.key_label)
            .field("token", self.connection.token())
            .field("key_per_epoch", &self.key_per_epoch)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Pkcs11Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pkcs11Builder").field("key_label", &self.key_label).finish_non_exhaustive()
    }
}
