//! Two functions as a provider: for an HSM or KMS client at hand, and for other languages.

use std::fmt;

use zeroize::Zeroizing;

use super::{KeyProvider, WrapContext, WrappedKey};
use crate::error::{Error, ErrorCode, Result, fail};
use crate::secret::{SecretKey, constant_time_eq};
use crate::suite::hash::sha256;

type Callback = Box<dyn Fn(&[u8], &WrapContext<'_>) -> Result<Vec<u8>> + Send + Sync>;

/// A provider made of a function that wraps and one that unwraps.
///
/// Both take bytes and the context. A mechanism that binds associated data passes it `context.to_bytes()`, or
/// `context.pairs()`; one that does not uses [`bind_context`] and [`unbind_context`].
pub struct CallbackProvider {
    kind: String,
    key_name: String,
    wrap: Callback,
    unwrap: Callback,
}

impl CallbackProvider {
    /// A provider of this kind with this key. Both stand in documents.
    ///
    /// # Errors
    ///
    /// `InvalidName` unless both are 1 to 256 printable ASCII characters.
    pub fn new<W, U>(kind: &str, key_name: &str, wrap: W, unwrap: U) -> Result<Self>
    where
        W: Fn(&[u8], &WrapContext<'_>) -> Result<Vec<u8>> + Send + Sync + 'static,
        U: Fn(&[u8], &WrapContext<'_>) -> Result<Vec<u8>> + Send + Sync + 'static,
    {
        super::check_key_name(kind)?;
        super::check_key_name(key_name)?;
        let (kind, key_name) = (kind.to_owned(), key_name.to_owned());
        Ok(Self { kind, key_name, wrap: Box::new(wrap), unwrap: Box::new(unwrap) })
    }
}

impl KeyProvider for CallbackProvider {
    fn kind(&self) -> &str {
        &self.kind
    }

    fn key_name(&self) -> String {
        self.key_name.clone()
    }

    fn wrap(&self, key_name: &str, secret: &SecretKey, context: &WrapContext<'_>) -> Result<WrappedKey> {
        if key_name != self.key_name {
            return fail(ErrorCode::ProviderWrongKey, "another key");
        }
        let wrapped = WrappedKey::new(key_name, (self.wrap)(secret.expose(), context)?);
        wrapped.check()?;
        Ok(wrapped)
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext<'_>) -> Result<SecretKey> {
        if wrapped.key_name != self.key_name || !wrapped.params.is_empty() {
            return fail(ErrorCode::ProviderWrongKey, "another key");
        }
        wrapped.check()?;
        let opened = Zeroizing::new((self.unwrap)(&wrapped.ciphertext, context)?);
        SecretKey::from_slice(&opened).map_err(|_| Error::with_detail(ErrorCode::ProviderBadReply, "not 256 bits"))
    }
}

impl fmt::Debug for CallbackProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackProvider")
            .field("kind", &self.kind)
            .field("key_name", &self.key_name)
            .finish_non_exhaustive()
    }
}

/// For a mechanism without associated data: `secret || SHA-256(context)`, to be wrapped whole.
#[must_use]
pub fn bind_context(secret: &[u8], context: &WrapContext<'_>) -> Zeroizing<Vec<u8>> {
    let mut bound = Zeroizing::new(Vec::with_capacity(secret.len() + 32));
    bound.extend_from_slice(secret);
    bound.extend_from_slice(&sha256(&context.to_bytes()));
    bound
}

/// Takes apart what [`bind_context`] gave, after it was unwrapped, and compares the context.
///
/// # Errors
///
/// `ProviderBadReply` for a wrong length; `ProviderWrongKey` for another context.
pub fn unbind_context(bound: &[u8], context: &WrapContext<'_>) -> Result<SecretKey> {
    let (secret, hash) = match bound.split_at_checked(SecretKey::LEN) {
        Some((secret, hash)) if hash.len() == 32 => (secret, hash),
        _ => return fail(ErrorCode::ProviderBadReply, "not 512 bits"),
    };
    match constant_time_eq(hash, &sha256(&context.to_bytes())) {
        true => SecretKey::from_slice(secret),
        false => fail(ErrorCode::ProviderWrongKey, "another context"),
    }
}
