//! Key derivation: HKDF-Expand-SHA-256 (RFC 5869, section 2.3), every label in one table.
//!
//! The input key is uniform (256 random bits), so the extract step is left out. `info` is the encoding `P` of
//! `"fieldward/1"`, the label and the label's parameters; no two can encode alike (`spec/derive.md`).

use zeroize::Zeroizing;

use crate::context::{FieldContext, Parts};
use crate::error::Result;
use crate::secret::SecretKey;
use crate::suite::hash;

/// The first part of every `info`: the format's name and version.
const FORMAT: &str = "fieldward/1";

macro_rules! labels {
    ($($(#[$doc:meta])* $variant:ident = $text:literal;)*) => {
        /// Every purpose that a key can be derived for. Purposes never share a key.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Label {
            $($(#[$doc])* $variant,)*
        }

        impl Label {
            #[cfg(any(test, feature = "golden"))]
            pub(crate) const ALL: &'static [Label] = &[$(Label::$variant,)*];

            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Label::$variant => $text,)* }
            }
        }
    };
}

labels! {
    // from a root
    /// Authenticates the keyring document.
    Document = "document";
    /// Wraps data keys, index keys, audit keys and link keys.
    Wrap = "wrap";
    /// Authenticates audit entries of the root's epoch.
    Audit = "audit";
    /// Identifies the root; lets later documents prove their descent.
    Link = "link";
    // from a data key; parameters: tenant, table, field
    /// Randomized values, suite 1.
    Randomized = "randomized";
    /// Deterministic values, suite 2.
    Deterministic = "deterministic";
    // from an index key; parameters: the index's purpose and its scope
    /// Index values.
    Index = "index";
    // from a provider's own secret
    /// Names a local key without telling it.
    LocalName = "local-name";
    /// Wraps under a passphrase.
    PassphraseWrap = "passphrase-wrap";
    /// Commits a passphrase's wrap to its key.
    PassphraseCommitment = "passphrase-commitment";
}

/// `P("fieldward/1", label, ...)`, open for the label's parameters.
pub(crate) fn info(label: Label) -> Parts {
    let mut parts = Parts::with_capacity(128);
    parts.present(FORMAT.as_bytes()).present(label.as_str().as_bytes());
    parts
}

/// The `info` of a field's key.
pub(crate) fn field_info(label: Label, context: &FieldContext) -> Parts {
    let mut parts = info(label);
    context.append_to(&mut parts);
    parts
}

/// HKDF-Expand-SHA-256 of `key` and `info`, `N` bytes long.
pub(crate) fn expand<const N: usize>(key: &SecretKey, info: &Parts) -> Result<Zeroizing<[u8; N]>> {
    let mut output = Zeroizing::new([0; N]);
    hash::expand(key, info.as_bytes(), output.as_mut_slice())?;
    Ok(output)
}

/// [`expand`] to another 256-bit key.
pub(crate) fn expand_key(key: &SecretKey, info: &Parts) -> Result<SecretKey> {
    SecretKey::from_slice(expand::<{ SecretKey::LEN }>(key, info)?.as_slice())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::HashSet;

    use super::*;

    /// HMAC-SHA-256(key = 32 bytes of 0x0b, info || 0x01), computed with Python's `hmac` over the bytes of `spec/derive.md`.
    #[test]
    fn expands_to_known_bytes() {
        let key = SecretKey::from_slice(&[0x0b; 32]).unwrap();
        let derived = expand_key(&key, &info(Label::Document)).unwrap();
        assert_eq!(base16ct::lower::encode_string(derived.expose()), DOCUMENT);
        let context = FieldContext::new(None, "patients", "ssn").unwrap();
        let derived = expand::<64>(&key, &field_info(Label::Deterministic, &context)).unwrap();
        assert_eq!(base16ct::lower::encode_string(derived.as_slice()), DETERMINISTIC);
    }
    const DOCUMENT: &str = "8010b0b11c83124a0a7358aad348bf6676ece5a7a283209ce5311fbbf3c8c4ec";
    const DETERMINISTIC: &str = "51c49634ef7e5267b4a89da78a5bcc596b143b068937fbaa2841a35318eaddd42930e4cf6853dad7cc060ae585c733a9d3ab6bfe50d8d0df06b9eecdad8b334d";

    #[test]
    fn no_two_labels_encode_alike() {
        let context = FieldContext::new(Some("t"), "patients", "ssn").unwrap();
        let all: HashSet<_> = Label::ALL.iter().map(|label| info(*label).into_bytes()).collect();
        assert_eq!(all.len(), Label::ALL.len());
        let fields: HashSet<_> = Label::ALL.iter().map(|label| field_info(*label, &context).into_bytes()).collect();
        assert_eq!(fields.len(), Label::ALL.len());
        assert!(all.is_disjoint(&fields));
    }

    #[test]
    fn only_declared_inputs_affect_a_field_key() {
        let key = SecretKey::from_slice(&[7; 32]).unwrap();
        let derive = |tenant, table, field| {
            let context = FieldContext::new(tenant, table, field).unwrap();
            *expand::<32>(&key, &field_info(Label::Randomized, &context)).unwrap()
        };
        assert_eq!(derive(None, "a", "b"), derive(None, "a", "b"));
        let all: HashSet<_> =
            [(None, "a", "b"), (Some(""), "a", "b"), (Some("a"), "a", "b"), (None, "b", "a"), (None, "ab", "b")]
                .into_iter()
                .map(|(tenant, table, field)| derive(tenant, table, field))
                .collect();
        assert_eq!(all.len(), 5);
    }
}
