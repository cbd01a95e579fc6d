//! Keys in AWS KMS. Feature `aws-kms`.

mod arn;
mod fault;
mod http;
mod service;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::EncryptionAlgorithmSpec;
use ureq::http::Uri;
use zeroize::Zeroizing;

use super::https::{Https, HttpsOptions, check_address};
use super::{KeyProvider, WrapContext, WrappedKey};
use crate::error::{Error, ErrorCode, Result, fail};
use crate::secret::SecretKey;

use arn::KeyArn;
use service::{Bounds, Service};

/// The longest ciphertext that KMS takes, in bytes.
const MAX_CIPHERTEXT_LEN: usize = 6_144;

/// A provider whose keys stay in AWS KMS.
///
/// The root is encrypted by a symmetric key, named by its ARN; keyring, epoch and purpose are the encryption context, which KMS binds
/// and shows in its own log. Credentials come from where AWS's SDK looks for them: environment, profile, container, instance.
///
/// Nothing is contacted before the first call. Calls block, also inside an async runtime, whose threads they do not need: those of the SDK are the
/// provider's own. A forked child starts its own.
///
/// # Security
///
/// Over HTTPS with TLS 1.3 and the service's certificate verified. Only the key of the configuration is used, whatever a document or
/// a ciphertext names, and a reply that names another is refused. Buffers inside the SDK and the HTTP and TLS libraries are not wiped.
///
/// # Examples
///
/// ```no_run
/// use fieldward::{AwsKmsProvider, CachedProvider, Keyring};
///
/// let key = "arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
/// let kms = AwsKmsProvider::builder(key).build()?;
/// let keyring = Keyring::builder("clinic").provider("kms", CachedProvider::new(kms));
/// // elsewhere, by the same key's replica
/// let replica = AwsKmsProvider::builder(key).replica_in("eu-west-1").build()?;
/// # Ok::<(), fieldward::Error>(())
/// ```
pub struct AwsKmsProvider {
    /// What entries name.
    key: KeyArn,
    /// What calls name: the same key, or its replica.
    used: KeyArn,
    generates: bool,
    service: Service,
}

/// Describes an [`AwsKmsProvider`].
#[must_use]
pub struct AwsKmsBuilder {
    key: String,
    replica_region: Option<String>,
    endpoint: Option<String>,
    https: HttpsOptions,
    bounds: Bounds,
    generates: bool,
}

impl AwsKmsProvider {
    /// Describes a provider: the ARN of the key that wraps. Nothing shorter is taken: what an alias or an id stands for depends on the account, the
    /// region and the day.
    pub fn builder(key_arn: impl Into<String>) -> AwsKmsBuilder {
        AwsKmsBuilder {
            key: key_arn.into(),
            replica_region: None,
            endpoint: None,
            https: HttpsOptions::default(),
            bounds: Bounds::default(),
            generates: false,
        }
    }

    /// Refuses a reply of another key than was asked for.
    fn check_reply(&self, key_id: Option<&str>, algorithm: Option<&EncryptionAlgorithmSpec>) -> Result<()> {
        let is_symmetric = algorithm.is_none_or(|algorithm| *algorithm == EncryptionAlgorithmSpec::SymmetricDefault);
        match key_id == Some(self.used.as_str()) && is_symmetric {
            true => Ok(()),
            false => fail(ErrorCode::ProviderBadReply, "a reply of another key"),
        }
    }
}

impl AwsKmsBuilder {
    /// Uses the replica of a multi-Region key in this region. Entries name the ARN that the builder was made with, so that a keyring opens in every
    /// region that has a replica, and is made in any.
    pub fn replica_in(mut self, region: impl Into<String>) -> Self {
        self.replica_region = Some(region.into());
        self
    }

    /// Where KMS answers instead of at its regional address: a VPC endpoint, an emulator. Plain `http` is taken for addresses of this machine only.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// Certificates to trust, in PEM, instead of Mozilla's roots.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.https.ca_file = Some(path.into());
        self
    }

    /// How long one attempt may take: 100 ms to 10 minutes; 5 seconds by default. Connecting gets 5 seconds of it at most.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.https.timeout = timeout;
        self
    }

    /// How long a call may take with its attempts and the waits between them: 100 ms to 10 minutes; 15 seconds by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.bounds.whole = timeout;
        self
    }

    /// How often a call is tried where KMS fails for a moment, the first time included: 1 to 10; 3 by default. The wait before attempt
    /// n + 1 is drawn between zero and 100 ms times 2 to the n - 1, 2 s at most.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.bounds.attempts = attempts;
        self
    }

    /// Has KMS generate the keyring's keys too (`GenerateRandom`).
    pub fn generate_keys(mut self) -> Self {
        self.generates = true;
        self
    }

    /// The provider.
    ///
    /// # Errors
    ///
    /// `InvalidName` for anything that is not the ARN of a key, or a region that is none; `InvalidArgument` for a replica of a key that is not
    /// multi-Region, an endpoint that is neither https nor this machine's, numbers out of range, or a CA file without certificates;
    /// `ProviderUnavailable` if that file cannot be read.
    pub fn build(mut self) -> Result<AwsKmsProvider> {
        let key = KeyArn::parse(&self.key)?;
        let used = self.replica_region.map_or_else(|| Ok(key.clone()), |region| key.replica_in(&region))?;
        if let Some(endpoint) = &self.endpoint {
            let uri: std::result::Result<Uri, _> = endpoint.parse();
            check_address(&uri.map_err(|_| Error::with_detail(ErrorCode::InvalidArgument, "an address"))?)?;
        }
        self.bounds.check()?;
        self.bounds.attempt = self.https.timeout;
        let service = Service::new(used.region().to_owned(), self.endpoint, Https::new(&self.https)?, self.bounds);
        Ok(AwsKmsProvider { key, used, generates: self.generates, service })
    }
}

impl KeyProvider for AwsKmsProvider {
    fn kind(&self) -> &str {
        "aws-kms"
    }

    fn key_name(&self) -> String {
        self.key.as_str().to_owned()
    }

    fn wrap(&self, key_name: &str, secret: &SecretKey, context: &WrapContext<'_>) -> Result<WrappedKey> {
        if key_name != self.key.as_str() {
            return fail(ErrorCode::ProviderWrongKey, "another key");
        }
        let reply = self.service.call(|kms| {
            let request = kms.encrypt().key_id(self.used.as_str()).plaintext(Blob::new(secret.expose().to_vec()));
            request
                .encryption_algorithm(EncryptionAlgorithmSpec::SymmetricDefault)
                .set_encryption_context(Some(pairs(context)))
                .send()
        })?;
        self.check_reply(reply.key_id(), reply.encryption_algorithm())?;
        let ciphertext = reply.ciphertext_blob.map(Blob::into_inner).unwrap_or_default();
        if !(SecretKey::LEN..=MAX_CIPHERTEXT_LEN).contains(&ciphertext.len()) {
            return fail(ErrorCode::ProviderBadReply, "not a ciphertext of KMS");
        }
        let wrapped = WrappedKey::new(key_name, ciphertext);
        wrapped.check()?;
        Ok(wrapped)
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext<'_>) -> Result<SecretKey> {
        wrapped.check()?;
        if !wrapped.params.is_empty() {
            return fail(ErrorCode::ProviderMismatch, "an entry of another form");
        }
        if wrapped.key_name != self.key.as_str() {
            return fail(ErrorCode::ProviderWrongKey, "another key");
        }
        if !(SecretKey::LEN..=MAX_CIPHERTEXT_LEN).contains(&wrapped.ciphertext.len()) {
            return fail(ErrorCode::ProviderWrongKey, "not a ciphertext of KMS");
        }
        let reply = self.service.call(|kms| {
            let request = kms.decrypt().key_id(self.used.as_str()).ciphertext_blob(Blob::new(&*wrapped.ciphertext));
            request
                .encryption_algorithm(EncryptionAlgorithmSpec::SymmetricDefault)
                .set_encryption_context(Some(pairs(context)))
                .send()
        })?;
        self.check_reply(reply.key_id(), reply.encryption_algorithm())?;
        secret_of(reply.plaintext)
    }

    fn generate(&self) -> Result<Option<SecretKey>> {
        if !self.generates {
            return Ok(None);
        }
        let length = i32::try_from(SecretKey::LEN).map_err(|_| Error::new(ErrorCode::Internal))?;
        let reply = self.service.call(|kms| kms.generate_random().number_of_bytes(length).send())?;
        secret_of(reply.plaintext).map(Some)
    }
}

fn pairs(context: &WrapContext<'_>) -> std::collections::HashMap<String, String> {
    context.pairs().into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn secret_of(plaintext: Option<Blob>) -> Result<SecretKey> {
    let bytes = Zeroizing::new(plaintext.map(Blob::into_inner).unwrap_or_default());
    SecretKey::from_slice(&bytes).map_err(|_| Error::with_detail(ErrorCode::ProviderBadReply, "not 256 bits"))
}

impl fmt::Debug for AwsKmsProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsKmsProvider").field("key", &self.used.as_str()).finish_non_exhaustive()
    }
}

impl fmt::Debug for AwsKmsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsKmsBuilder").field("key", &self.key).finish_non_exhaustive()
    }
}
