//! Wrapping a root: AES-GCM, or AES key wrap. Never a mechanism without authentication.

use cryptoki::mechanism::aead::GcmParams;
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use zeroize::{Zeroize, Zeroizing};

use super::session::{Fault, Lease};
use crate::error::{Error, ErrorCode};
use crate::provider::{WrapContext, bind_context, unbind_context};
use crate::random;
use crate::secret::SecretKey;

type Result<T> = std::result::Result<T, Fault>;

const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;
const TAG_BITS: u64 = 128;
/// Nonce, root, tag.
const GCM_LEN: usize = NONCE_LEN + SecretKey::LEN + TAG_LEN;
/// Root and hash of the context, as [`bind_context`] lays them out.
const BOUND_LEN: usize = SecretKey::LEN + 32;
/// Makes two wraps of one root differ: key wrap itself draws nothing.
const SALT_LEN: usize = 16;
/// Key wrap adds one block of 8 bytes to a whole number of them, with padding (RFC 5649) or without (RFC 3394).
const KEY_WRAP_LEN: usize = BOUND_LEN + SALT_LEN + 8;

/// In the order of preference.
const ALL: [Pkcs11Mechanism; 3] = [Pkcs11Mechanism::AesGcm, Pkcs11Mechanism::AesKwp, Pkcs11Mechanism::AesKw];

/// How a token's key wraps.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pkcs11Mechanism {
    /// CKM_AES_GCM (SP 800-38D): the context is associated data.
    AesGcm,
    /// CKM_AES_KEY_WRAP_PAD as AES key wrap with padding (RFC 5649, SP 800-38F): the context's hash is wrapped with the root.
    AesKwp,
    /// CKM_AES_KEY_WRAP, AES key wrap without padding (RFC 3394, SP 800-38F): what is wrapped is the same.
    AesKw,
}

impl Pkcs11Mechanism {
    /// The name that stands in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AesGcm => "aes-gcm",
            Self::AesKwp => "aes-kwp",
            Self::AesKw => "aes-kw",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|mechanism| mechanism.as_str() == name)
    }

    /// Refuses what this mechanism cannot have made, before the token sees it.
    pub(super) fn check_len(self, ciphertext: &[u8]) -> std::result::Result<(), Error> {
        let expected = match self {
            Self::AesGcm => GCM_LEN,
            Self::AesKwp | Self::AesKw => KEY_WRAP_LEN,
        };
        match ciphertext.len() == expected {
            true => Ok(()),
            false => Err(Error::with_detail(ErrorCode::ProviderWrongKey, "a ciphertext of another length")),
        }
    }

    fn is_offered(self, token: &Lease<'_>) -> Result<bool> {
        let kind = match self {
            Self::AesGcm => MechanismType::AES_GCM,
            Self::AesKwp => MechanismType::AES_KEY_WRAP_PAD,
            Self::AesKw => MechanismType::AES_KEY_WRAP,
        };
        if !token.client().get_mechanism_list(token.slot())?.contains(&kind) {
            return Ok(false);
        }
        let info = token.client().get_mechanism_info(token.slot(), kind)?;
        Ok(match self {
            Self::AesGcm => info.encrypt() && info.decrypt(),
            Self::AesKwp | Self::AesKw => info.wrap() && info.unwrap(),
        })
    }
}

/// The mechanism that the caller asked for, else the first that the token offers.
pub(super) fn choose(token: &Lease<'_>, wanted: Option<Pkcs11Mechanism>) -> Result<Pkcs11Mechanism> {
    let candidates = wanted.as_ref().map_or(&ALL[..], std::slice::from_ref);
    for &mechanism in candidates {
        if mechanism.is_offered(token)? {
            return Ok(mechanism);
        }
    }
    Err(Fault::own(ErrorCode::ProviderUnsupported, "the token offers no mechanism to wrap with"))
}

/// The mechanism of key wrap; `None` for AES-GCM, whose parameters differ from call to call.
const fn key_wrap(mechanism: Pkcs11Mechanism) -> Option<Mechanism<'static>> {
    match mechanism {
        Pkcs11Mechanism::AesGcm => None,
        Pkcs11Mechanism::AesKwp => Some(Mechanism::AesKeyWrapPad),
        Pkcs11Mechanism::AesKw => Some(Mechanism::AesKeyWrap),
    }
}

/// Wraps a root. AES-GCM: nonce, ciphertext, tag. Key wrap: `root || SHA-256(context) || 16 random bytes`, wrapped.
pub(super) fn wrap(
    session: &Session,
    mechanism: Pkcs11Mechanism,
    key: ObjectHandle,
    secret: &SecretKey,
    context: &WrapContext<'_>,
    nonce_by_token: bool,
) -> Result<Vec<u8>> {
    let wrapped = match key_wrap(mechanism) {
        None => {
            let mut nonce = if nonce_by_token { [0; NONCE_LEN] } else { random::array()? };
            let associated_data = context.to_bytes();
            let parameters = GcmParams::new(&mut nonce, &associated_data, TAG_BITS.into())?;
            let ciphertext = session.encrypt(&Mechanism::AesGcm(parameters), key, secret.expose())?;
            // A token may have put its own nonce in the place of ours; zeros are nobody's.
            if nonce == [0; NONCE_LEN] {
                return Err(Fault::own(ErrorCode::ProviderBadReply, "the token chose no nonce"));
            }
            [&nonce[..], &ciphertext].concat()
        }
        Some(mechanism) => {
            let mut bound = bind_context(secret.expose(), context).to_vec();
            bound.extend_from_slice(&random::array::<SALT_LEN>()?);
            let object = import(session, bound)?;
            let wrapped = session.wrap_key(&mechanism, key, object);
            session.destroy_object(object)?;
            wrapped?
        }
    };
    let fits = mechanism.check_len(&wrapped);
    fits.map_err(|_| Fault::own(ErrorCode::ProviderBadReply, "the token's ciphertext has another length"))?;
    Ok(wrapped)
}

/// Opens what [`wrap`] gave.
pub(super) fn unwrap(
    session: &Session,
    mechanism: Pkcs11Mechanism,
    key: ObjectHandle,
    wrapped: &[u8],
    context: &WrapContext<'_>,
) -> Result<SecretKey> {
    match open(session, mechanism, key, wrapped, context) {
        Err(Fault::Token(error)) if is_vague(&error) && works(session, mechanism, key) => {
            Err(Fault::own(ErrorCode::ProviderWrongKey, "the token refuses this ciphertext"))
        }
        outcome => outcome,
    }
}

fn open(
    session: &Session,
    mechanism: Pkcs11Mechanism,
    key: ObjectHandle,
    wrapped: &[u8],
    context: &WrapContext<'_>,
) -> Result<SecretKey> {
    match key_wrap(mechanism) {
        None => {
            let Some((nonce, ciphertext)) = wrapped.split_first_chunk::<NONCE_LEN>() else {
                return Err(Fault::own(ErrorCode::ProviderWrongKey, "a ciphertext of another length"));
            };
            let mut nonce = *nonce;
            let associated_data = context.to_bytes();
            let parameters = GcmParams::new(&mut nonce, &associated_data, TAG_BITS.into())?;
            let opened = Zeroizing::new(session.decrypt(&Mechanism::AesGcm(parameters), key, ciphertext)?);
            let opened = SecretKey::from_slice(&opened);
            opened.map_err(|_| Fault::own(ErrorCode::ProviderBadReply, "the token's root is not 256 bits"))
        }
        Some(mechanism) => {
            let object = session.unwrap_key(&mechanism, key, wrapped, &of_session())?;
            let bound = export(session, object);
            session.destroy_object(object)?;
            let bound = bound?;
            match bound.split_at_checked(BOUND_LEN) {
                Some((bound, salt)) if salt.len() == SALT_LEN => Ok(unbind_context(bound, context)?),
                _ => Err(Fault::own(ErrorCode::ProviderWrongKey, "a wrap of another form")),
            }
        }
    }
}

/// Some tokens say no more than "general error" of a tag that does not fit.
fn is_vague(error: &cryptoki::error::Error) -> bool {
    use cryptoki::error::{Error, RvError};
    matches!(error, Error::Pkcs11(RvError::GeneralError | RvError::FunctionFailed | RvError::DataInvalid, _))
}

/// Whether the token, with the same key, opens what it wraps now.
fn works(session: &Session, mechanism: Pkcs11Mechanism, key: ObjectHandle) -> bool {
    let context = WrapContext { keyring_id: "probe", epoch: 0, purpose: "probe" };
    let probe = || {
        let secret = SecretKey::generate()?;
        let wrapped = wrap(session, mechanism, key, &secret, &context, false)?;
        Ok::<_, Fault>(open(session, mechanism, key, &wrapped, &context)? == secret)
    };
    probe().unwrap_or(false)
}

/// A secret as an object of this session: key wrap takes objects only. `bytes` are wiped.
fn import(session: &Session, bytes: Vec<u8>) -> Result<ObjectHandle> {
    let mut attributes = of_session();
    attributes.push(Attribute::Value(bytes));
    let made = session.create_object(&attributes);
    attributes.iter_mut().for_each(wipe);
    Ok(made?)
}

fn export(session: &Session, object: ObjectHandle) -> Result<Zeroizing<Vec<u8>>> {
    match session.get_attributes(object, &[AttributeType::Value])?.pop() {
        Some(Attribute::Value(bytes)) => Ok(Zeroizing::new(bytes)),
        _ => Err(Fault::own(ErrorCode::ProviderBadReply, "the token gave no value")),
    }
}

fn of_session() -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Token(false),
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
    ]
}

fn wipe(attribute: &mut Attribute) {
    if let Attribute::Value(bytes) = attribute {
        bytes.zeroize();
    }
}
