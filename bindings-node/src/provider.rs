//! Key providers: the library's own, and objects written in JavaScript.

use std::collections::HashMap;
use std::sync::Arc;

use fieldward::{CallbackProvider, Error, ErrorCode, KeyProvider, Pbkdf2Hash, SecretBytes, SecretKey};
use napi::ValueType as Kind;
use napi::bindgen_prelude::{Buffer, ClassInstance, Env, FnArgs, FromNapiValue, JsObjectValue, Unknown};
use napi_derive::napi;
use zeroize::Zeroizing;

use crate::ask::{Asked, Host};
use crate::error::{Result, fail, run};
use crate::value::{bytes_of, object_of, text_of, type_of};

/// Wraps with a 256-bit key of the caller's: from a file, the environment or bytes.
#[napi]
pub struct LocalKeyProvider {
    inner: Arc<fieldward::LocalKeyProvider>,
}

impl LocalKeyProvider {
    fn of(env: &Env, make: impl FnOnce() -> Result<fieldward::LocalKeyProvider>) -> napi::Result<Self> {
        run(env, || Ok(Self { inner: Arc::new(make()?) }))
    }
}

#[napi]
impl LocalKeyProvider {
    /// Uses this key: exactly 32 bytes, copied and wiped after use. The caller's copy is the caller's to keep safe.
    #[napi(constructor)]
    pub fn new(env: &Env, #[napi(ts_arg_type = "Uint8Array")] key: Unknown<'_>) -> napi::Result<Self> {
        Self::of(env, || {
            let key = Zeroizing::new(bytes_of(key).ok_or(ErrorCode::InvalidKeyLength)?);
            SecretKey::from_slice(&key).map(fieldward::LocalKeyProvider::new)
        })
    }

    /// Uses a fresh key of the operating system's generator, known to this process alone: for tests and first steps.
    #[napi(factory)]
    pub fn generate(env: &Env) -> napi::Result<Self> {
        Self::of(env, || SecretKey::generate().map(fieldward::LocalKeyProvider::new))
    }

    /// Reads a key in its text form: `fwk1.` and unpadded base64url.
    #[napi(factory)]
    pub fn from_text(env: &Env, text: String) -> napi::Result<Self> {
        let text = Zeroizing::new(text);
        Self::of(env, || fieldward::LocalKeyProvider::from_text(&text))
    }

    /// Reads the text form from an environment variable.
    #[napi(factory)]
    pub fn from_env(env: &Env, variable: String) -> napi::Result<Self> {
        Self::of(env, || fieldward::LocalKeyProvider::from_env(&variable))
    }

    /// Reads the text form from a file that only its owner can read.
    #[napi(factory)]
    pub fn from_file(env: &Env, path: String) -> napi::Result<Self> {
        Self::of(env, || fieldward::LocalKeyProvider::from_file(&path))
    }

    /// Makes a key file with a fresh key, readable by its owner only. A file that exists is left alone and refused.
    #[napi(factory)]
    pub fn create_file(env: &Env, path: String) -> napi::Result<Self> {
        Self::of(env, || fieldward::LocalKeyProvider::create_file(&path))
    }

    /// The name that stands in documents: tells the key apart without telling it.
    #[napi(getter)]
    pub fn key_name(&self, env: &Env) -> napi::Result<String> {
        run(env, || Ok(self.inner.key_name()))
    }
}

/// Keeps one key file for each root epoch in a directory, so that the key of an epoch can be destroyed.
#[napi]
pub struct LocalKeyDirectory {
    inner: Arc<fieldward::LocalKeyDirectory>,
}

#[napi]
impl LocalKeyDirectory {
    /// Keeps keys in `directory`, which must exist. `name` stands in documents: 1 to 64 of `a-z 0-9 -`.
    #[napi(constructor)]
    pub fn new(env: &Env, directory: String, name: String) -> napi::Result<Self> {
        run(env, || Ok(Self { inner: Arc::new(fieldward::LocalKeyDirectory::new(&directory, &name)?) }))
    }

    /// The name that stands in documents.
    #[napi(getter)]
    pub fn key_name(&self, env: &Env) -> napi::Result<String> {
        run(env, || Ok(self.inner.key_name()))
    }
}

/// Wraps under a passphrase with PBKDF2 (RFC 8018).
#[napi]
pub struct PassphraseProvider {
    inner: Arc<fieldward::PassphraseProvider>,
}

/// How a passphrase becomes a key.
#[napi(object)]
pub struct PassphraseOptions {
    /// `sha-256` unless it is `sha-512`.
    pub hash: Option<String>,
    /// 600,000 with SHA-256 and 220,000 with SHA-512 unless said otherwise; at least 100,000.
    pub iterations: Option<u32>,
}

fn passphrase(
    name: &str,
    secret: Vec<u8>,
    options: Option<PassphraseOptions>,
) -> Result<fieldward::PassphraseProvider> {
    let (hash, iterations) = options.map_or((None, None), |options| (options.hash, options.iterations));
    let hash = match hash.as_deref() {
        None | Some("sha-256") => Pbkdf2Hash::Sha256,
        Some("sha-512") => Pbkdf2Hash::Sha512,
        Some(_) => return fail(ErrorCode::InvalidArgument, "hash: sha-256 or sha-512"),
    };
    let provider = fieldward::PassphraseProvider::new(name, SecretBytes::new(secret))?.hash(hash);
    match iterations {
        Some(iterations) => provider.iterations(iterations),
        None => Ok(provider),
    }
}

#[napi]
impl PassphraseProvider {
    /// Uses this passphrase: 8 to 1,024 bytes of UTF-8, or bytes. `name` stands in documents.
    #[napi(constructor)]
    pub fn new(
        env: &Env,
        name: String,
        #[napi(ts_arg_type = "string | Uint8Array")] secret: Unknown<'_>,
        options: Option<PassphraseOptions>,
    ) -> napi::Result<Self> {
        run(env, || {
            let secret = match type_of(secret) {
                Kind::String => text_of(secret)?.into_bytes(),
                _ => bytes_of(secret).ok_or_else(|| Error::with_detail(ErrorCode::InvalidArgument, "passphrase"))?,
            };
            Ok(Self { inner: Arc::new(passphrase(&name, secret, options)?) })
        })
    }

    /// Reads the passphrase from an environment variable.
    #[napi(factory)]
    pub fn from_env(
        env: &Env,
        name: String,
        variable: String,
        options: Option<PassphraseOptions>,
    ) -> napi::Result<Self> {
        run(env, || {
            let unset = |_| Error::with_detail(ErrorCode::ProviderUnavailable, "environment variable");
            let secret = std::env::var(&variable).map_err(unset)?;
            Ok(Self { inner: Arc::new(passphrase(&name, secret.into_bytes(), options)?) })
        })
    }

    /// The name that stands in documents.
    #[napi(getter)]
    pub fn key_name(&self, env: &Env) -> napi::Result<String> {
        run(env, || Ok(self.inner.key_name()))
    }
}

/// What a wrapped secret is bound to: a provider passes it on, so that another context does not open it.
#[napi(object)]
pub struct WrapContext {
    /// The keyring's id.
    pub keyring_id: String,
    /// The root epoch.
    pub epoch: u32,
    /// What the secret is: `root`.
    pub purpose: String,
    /// Names and values, for services that take an encryption context.
    pub pairs: HashMap<String, String>,
    /// Canonical bytes, for mechanisms that take associated data.
    pub data: Buffer,
}

impl From<&fieldward::WrapContext<'_>> for WrapContext {
    fn from(context: &fieldward::WrapContext<'_>) -> Self {
        Self {
            keyring_id: context.keyring_id.to_owned(),
            epoch: context.epoch,
            purpose: context.purpose.to_owned(),
            pairs: context.pairs().into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            data: context.to_bytes().into(),
        }
    }
}

/// The provider that a JavaScript object is: one of the library's, or anything with `kind`, `keyName`, `wrap` and `unwrap`.
pub(crate) fn provider_of(object: Unknown<'_>, host: &Host) -> Result<Arc<dyn KeyProvider>> {
    if let Ok(provider) = ClassInstance::<LocalKeyProvider>::from_unknown(object) {
        return Ok(Arc::<fieldward::LocalKeyProvider>::clone(&provider.inner));
    }
    if let Ok(provider) = ClassInstance::<LocalKeyDirectory>::from_unknown(object) {
        return Ok(Arc::<fieldward::LocalKeyDirectory>::clone(&provider.inner));
    }
    if let Ok(provider) = ClassInstance::<PassphraseProvider>::from_unknown(object) {
        return Ok(Arc::<fieldward::PassphraseProvider>::clone(&provider.inner));
    }
    let refused = || Error::with_detail(ErrorCode::InvalidArgument, "a provider has kind, keyName, wrap and unwrap");
    let object = object_of(object).ok_or_else(refused)?;
    let kind: String = object.get_named_property("kind").map_err(|_| refused())?;
    let key_name: String = object.get_named_property("keyName").map_err(|_| refused())?;
    let method = |name| Asked::method(host, &object, name, ErrorCode::ProviderUnavailable).map_err(|_| refused());
    let (wrap, unwrap) = (method("wrap")?, method("unwrap")?);
    let provider = CallbackProvider::new(
        &kind,
        &key_name,
        move |secret, context| ask(&wrap, secret, context),
        move |wrapped, context| ask(&unwrap, wrapped, context),
    )?;
    Ok(Arc::new(provider))
}

type WrapArguments = FnArgs<(Buffer, WrapContext)>;

/// Asks a method with bytes and the context; bytes come back.
fn ask(method: &Asked<WrapArguments>, bytes: &[u8], context: &fieldward::WrapContext<'_>) -> Result<Vec<u8>> {
    let bad_reply = || Error::with_detail(ErrorCode::ProviderBadReply, "a Uint8Array");
    method.ask((bytes.into(), context.into()).into(), move |reply| bytes_of(reply).ok_or_else(bad_reply))
}
