//! Keys in the transit engine of HashiCorp Vault or OpenBao. Feature `vault-transit`.

mod token;
mod wire;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64ct::{Base64, Encoding};
use serde_json::json;
use ureq::http::Uri;
use zeroize::Zeroizing;

use super::https::{Https, HttpsOptions, check_address};
use super::{KeyProvider, WrapContext, WrappedKey, check_key_name};
use crate::error::{Error, ErrorCode, Result, fail};
use crate::secret::SecretKey;

use token::Tokens;
use wire::{Server, Status};

pub use token::VaultToken;

/// A provider whose keys stay in the transit engine of a Vault or OpenBao server.
///
/// The root is encrypted by an `aes256-gcm96` key, the context as associated data. Only keys that cannot be exported are used: each
/// wrap looks first, which also keeps the server from making a key of a name that it does not have. Nothing is contacted before the
/// first call.
///
/// # Security
///
/// Over HTTPS with TLS 1.3 and the server's certificate verified. Buffers inside the HTTP and TLS libraries are not wiped.
///
/// # Examples
///
/// ```no_run
/// use fieldward::{Keyring, VaultToken, VaultTransitProvider};
///
/// let vault = VaultTransitProvider::builder("https://vault.clinic.example:8200", "clinic-root")
///     .token(VaultToken::file("/run/clinic/vault.token"))
///     .ca_file("/etc/clinic/vault-ca.pem")
///     .renew_token()
///     .build()?;
/// let keyring = Keyring::builder("clinic").provider("vault", vault);
/// # Ok::<(), fieldward::Error>(())
/// ```
pub struct VaultTransitProvider {
    server: Arc<Server>,
    key_name: String,
    generates: bool,
    key_per_epoch: bool,
}

/// Describes a [`VaultTransitProvider`].
#[must_use]
pub struct VaultTransitBuilder {
    address: String,
    key_name: String,
    mount: String,
    namespace: Option<String>,
    token: Option<VaultToken>,
    renews: bool,
    https: HttpsOptions,
    generates: bool,
    key_per_epoch: bool,
}

impl VaultTransitProvider {
    /// Describes a provider: the server's address, `https://host:port`, and the name of the transit key. Plain `http` is taken for
    /// addresses of this machine only.
    pub fn builder(address: impl Into<String>, key_name: impl Into<String>) -> VaultTransitBuilder {
        VaultTransitBuilder {
            address: address.into(),
            key_name: key_name.into(),
            mount: "transit".into(),
            namespace: None,
            token: None,
            renews: false,
            https: HttpsOptions::default(),
            generates: false,
            key_per_epoch: false,
        }
    }

    /// Refuses a key that could leave the server, or that is not there.
    fn check_key(&self, key_name: &str) -> Result<()> {
        let reply = self.server.get(&["keys", key_name])?;
        if reply.status == Status::NotFound {
            return fail(ErrorCode::ProviderWrongKey, "the server has no such key");
        }
        let key = reply.data()?;
        let is = |name: &str, expected: bool| key.get(name).and_then(serde_json::Value::as_bool) == Some(expected);
        let fits = key.get("type").and_then(serde_json::Value::as_str) == Some("aes256-gcm96")
            && is("exportable", false)
            && is("allow_plaintext_backup", false)
            && is("derived", false);
        let detail = "the key is not aes256-gcm96, or can be exported or backed up in the clear, or is derived";
        if fits { Ok(()) } else { fail(ErrorCode::ProviderWrongKey, detail) }
    }
}

impl VaultTransitBuilder {
    /// Where the token comes from.
    pub fn token(mut self, token: VaultToken) -> Self {
        self.token = Some(token);
        self
    }

    /// Renews the token when half of its time is over, on a thread that ends with the provider. For tokens that nobody else renews.
    pub fn renew_token(mut self) -> Self {
        self.renews = true;
        self
    }

    /// Where the transit engine is mounted: `transit` by default.
    pub fn mount(mut self, path: impl Into<String>) -> Self {
        self.mount = path.into();
        self
    }

    /// The namespace of the key.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Certificates to trust, in PEM, instead of Mozilla's roots.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.https.ca_file = Some(path.into());
        self
    }

    /// Also speaks TLS 1.2. By default TLS 1.3 only.
    pub fn allow_tls_1_2(mut self) -> Self {
        self.https.allow_tls_1_2 = true;
        self
    }

    /// How long a call may take: 100 ms to 10 minutes; 10 seconds by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.https.timeout = timeout;
        self
    }

    /// Has the server generate the keyring's keys too.
    pub fn generate_keys(mut self) -> Self {
        self.generates = true;
        self
    }

    /// Has the server make a key of its own for each root epoch, so that destroying a version ends in deleting it.
    pub fn key_per_epoch(mut self) -> Self {
        self.key_per_epoch = true;
        self
    }

    /// The provider.
    ///
    /// # Errors
    ///
    /// `InvalidName` for a key's name, mount or namespace outside `A-Z a-z 0-9 . _ -` (and `/` in the latter two); `InvalidArgument`
    /// for an address that is neither https nor this machine's, without a token, for a timeout out of range, or a CA file without
    /// certificates; `ProviderUnavailable` if that file cannot be read.
    pub fn build(self) -> Result<VaultTransitProvider> {
        check_name(&self.key_name)?;
        check_path(&self.mount)?;
        self.namespace.as_deref().map_or(Ok(()), check_path)?;
        let address = self.address.trim_end_matches('/');
        let uri: Uri = address.parse().map_err(|_| Error::with_detail(ErrorCode::InvalidArgument, "an address"))?;
        check_address(&uri)?;
        let Some(token) = self.token else { return fail(ErrorCode::InvalidArgument, "a token") };
        let https = Https::new(&self.https)?;
        let base = format!("{address}/v1");
        let server = Server {
            base,
            mount: self.mount,
            namespace: self.namespace,
            https,
            tokens: Tokens::new(token, self.renews),
        };
        Ok(VaultTransitProvider {
            server: Arc::new(server),
            key_name: self.key_name,
            generates: self.generates,
            key_per_epoch: self.key_per_epoch,
        })
    }
}

impl KeyProvider for VaultTransitProvider {
    fn kind(&self) -> &str {
        "vault-transit"
    }

    fn key_name(&self) -> String {
        self.key_name.clone()
    }

    fn wrap(&self, key_name: &str, secret: &SecretKey, context: &WrapContext<'_>) -> Result<WrappedKey> {
        check_name(key_name)?;
        self.check_key(key_name)?;
        let plaintext = Zeroizing::new(Base64::encode_string(secret.expose()));
        let body = json!({
            "plaintext": plaintext.as_str(),
            "associated_data": Base64::encode_string(&context.to_bytes()),
        });
        let reply = self.server.post(&["encrypt", key_name], body)?;
        let ciphertext = reply.text("ciphertext")?;
        if !is_ciphertext(ciphertext.as_bytes()) {
            return fail(ErrorCode::ProviderBadReply, "not a ciphertext of transit");
        }
        let wrapped = WrappedKey::new(key_name, ciphertext.as_bytes().to_vec());
        wrapped.check()?;
        Ok(wrapped)
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext<'_>) -> Result<SecretKey> {
        wrapped.check()?;
        if !wrapped.params.is_empty() {
            return fail(ErrorCode::ProviderMismatch, "an entry of another form");
        }
        check_name(&wrapped.key_name).map_err(|_| Error::new(ErrorCode::ProviderWrongKey))?;
        let Some(ciphertext) =
            std::str::from_utf8(&wrapped.ciphertext).ok().filter(|_| is_ciphertext(&wrapped.ciphertext))
        else {
            return fail(ErrorCode::ProviderWrongKey, "not a ciphertext of transit");
        };
        let body = json!({
            "ciphertext": ciphertext,
            "associated_data": Base64::encode_string(&context.to_bytes()),
        });
        self.server.post(&["decrypt", &wrapped.key_name], body)?.key("plaintext")
    }

    fn generate(&self) -> Result<Option<SecretKey>> {
        if !self.generates {
            return Ok(None);
        }
        let reply = self.server.post(&["datakey", "plaintext", &self.key_name], json!({ "bits": 256 }))?;
        reply.key("plaintext").map(Some)
    }

    fn can_make_keys(&self) -> bool {
        self.key_per_epoch
    }

    fn make_key(&self, key_name: &str) -> Result<()> {
        if !self.key_per_epoch {
            return Err(ErrorCode::ProviderUnsupported.into());
        }
        check_name(key_name)?;
        // Making a key that exists succeeds and changes nothing: looking comes first.
        if self.server.get(&["keys", key_name])?.status != Status::NotFound {
            return fail(ErrorCode::InvalidArgument, "a key of this name exists");
        }
        self.server.post(&["keys", key_name], json!({ "type": "aes256-gcm96" }))?.done()
    }

    fn destroy_key(&self, key_name: &str) -> Result<()> {
        if !self.key_per_epoch {
            return Err(ErrorCode::ProviderUnsupported.into());
        }
        check_name(key_name)?;
        if key_name == self.key_name {
            return fail(ErrorCode::InvalidArgument, "the configured key is not destroyed here");
        }
        if self.server.get(&["keys", key_name])?.status == Status::NotFound {
            return Ok(());
        }
        self.server.post(&["keys", key_name, "config"], json!({ "deletion_allowed": true }))?.done()?;
        self.server.delete(&["keys", key_name])?.done()?;
        match self.server.get(&["keys", key_name])?.status {
            Status::NotFound => Ok(()),
            _ => fail(ErrorCode::ProviderBadReply, "the server kept a key that it was told to delete"),
        }
    }
}

/// `vault:v`, a version, and base64: printable, so that it can stand in JSON.
fn is_ciphertext(bytes: &[u8]) -> bool {
    bytes.starts_with(b"vault:v") && bytes.len() <= 1_024 && bytes.iter().all(u8::is_ascii_graphic)
}

fn check_name(name: &str) -> Result<()> {
    check_key_name(name)?;
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let fits = name.bytes().all(alphabet) && !name.starts_with('.');
    if fits { Ok(()) } else { fail(ErrorCode::InvalidName, "a transit key's name") }
}

fn check_path(path: &str) -> Result<()> {
    path.split('/').try_for_each(check_name)
}

impl fmt::Debug for VaultTransitProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultTransitProvider")
            .field("address", &self.server.base)
            .field("key_name", &self.key_name)
            .field("key_per_epoch", &self.key_per_epoch)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for VaultTransitBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultTransitBuilder").field("key_name", &self.key_name).finish_non_exhaustive()
    }
}
