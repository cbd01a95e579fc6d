//! Keys in the token: found by label, looked at before use, made and destroyed.

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, SessionState};
use zeroize::Zeroizing;

use super::mechanism::Pkcs11Mechanism;
use super::session::Fault;
use crate::error::ErrorCode;
use crate::secret::SecretKey;

type Result<T> = std::result::Result<T, Fault>;

/// The one key of this label, if it is what it has to be: AES-256, in the token, sensitive, not extractable, and allowed to do
/// what `mechanism` needs.
pub(super) fn find(session: &Session, label: &str, mechanism: Option<Pkcs11Mechanism>) -> Result<ObjectHandle> {
    let found = session.find_objects(&template(label))?;
    let [key] = found[..] else {
        check_logged_in(session)?;
        let detail = if found.is_empty() { "the token has no such key" } else { "two keys have this label" };
        return Err(Fault::own(ErrorCode::ProviderWrongKey, detail));
    };
    check(session, key, mechanism)?;
    Ok(key)
}

/// How many keys have the label.
pub(super) fn count(session: &Session, label: &str) -> Result<usize> {
    let found = session.find_objects(&template(label))?.len();
    if found == 0 {
        check_logged_in(session)?;
    }
    Ok(found)
}

/// Has the token generate a key that does what `mechanism` needs, and nothing else.
pub(super) fn make(session: &Session, label: &str, mechanism: Pkcs11Mechanism) -> Result<()> {
    let is_gcm = mechanism == Pkcs11Mechanism::AesGcm;
    let mut attributes = template(label);
    attributes.extend([
        Attribute::ValueLen(32_u64.into()),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Modifiable(false),
        Attribute::Encrypt(is_gcm),
        Attribute::Decrypt(is_gcm),
        Attribute::Wrap(!is_gcm),
        Attribute::Unwrap(!is_gcm),
        Attribute::Sign(false),
        Attribute::Verify(false),
    ]);
    let key = session.generate_key(&Mechanism::AesKeyGen, &attributes)?;
    check(session, key, Some(mechanism))
}

/// Destroys every key of the label; none is as good.
pub(super) fn destroy(session: &Session, label: &str) -> Result<()> {
    for key in session.find_objects(&template(label))? {
        session.destroy_object(key)?;
    }
    match count(session, label)? {
        0 => Ok(()),
        _ => Err(Fault::own(ErrorCode::ProviderBadReply, "the token kept a key that it was told to destroy")),
    }
}

/// 256 bits from the token.
pub(super) fn random(session: &Session) -> Result<SecretKey> {
    let mut bytes = Zeroizing::new([0; SecretKey::LEN]);
    session.generate_random_slice(&mut *bytes)?;
    if *bytes == [0; SecretKey::LEN] {
        return Err(Fault::own(ErrorCode::ProviderBadReply, "the token's random bytes are zeros"));
    }
    SecretKey::from_slice(&*bytes).map_err(Fault::from)
}

fn template(label: &str) -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Token(true),
        Attribute::Label(label.as_bytes().to_vec()),
    ]
}

fn check(session: &Session, key: ObjectHandle, mechanism: Option<Pkcs11Mechanism>) -> Result<()> {
    let mut needed = vec![
        (AttributeType::ValueLen, Attribute::ValueLen(32_u64.into()), "the key is not AES-256"),
        (AttributeType::Sensitive, Attribute::Sensitive(true), "the key is not sensitive"),
        (AttributeType::Extractable, Attribute::Extractable(false), "the key is extractable"),
    ];
    match mechanism {
        Some(Pkcs11Mechanism::AesGcm) => needed.extend([
            (AttributeType::Encrypt, Attribute::Encrypt(true), "the key is not for encryption"),
            (AttributeType::Decrypt, Attribute::Decrypt(true), "the key is not for decryption"),
        ]),
        Some(Pkcs11Mechanism::AesKwp | Pkcs11Mechanism::AesKw) => needed.extend([
            (AttributeType::Wrap, Attribute::Wrap(true), "the key is not for wrapping"),
            (AttributeType::Unwrap, Attribute::Unwrap(true), "the key is not for unwrapping"),
        ]),
        None => {}
    }
    for (name, value, otherwise) in needed {
        if !session.get_attributes(key, &[name])?.contains(&value) {
            return Err(Fault::own(ErrorCode::ProviderWrongKey, otherwise));
        }
    }
    Ok(())
}

/// A session that somebody logged out sees no private key: that is a lost session, not a lost key.
fn check_logged_in(session: &Session) -> Result<()> {
    match session.get_session_info()?.session_state() {
        SessionState::RoUser | SessionState::RwUser => Ok(()),
        _ => Err(Fault::LoggedOut),
    }
}
