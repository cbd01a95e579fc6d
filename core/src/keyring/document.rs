//! The keyring document: JSON, a line feed, and one last line with the MAC of the exact preceding bytes.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::schedule::Entry;
use super::state::KeyState;
use crate::audit::Checkpoint;
use crate::clock::UnixSeconds;
use crate::error::{Error, ErrorCode, Result, fail};
use crate::provider::WrappedKey;
use crate::secret::SecretKey;
use crate::store::{DocumentTag, MAX_DOCUMENT_LEN, StoredDocument};
use crate::suite::hash::Hmac;

const FORMAT: &str = "fieldward-keyring";
const VERSION: u32 = 1;
const MAC_LINE: &str = "hmac-sha256 ";
/// The largest number of data key versions, destroyed ones included.
pub(super) const MAX_VERSIONS: usize = 1_000;
/// The largest number of index keys, destroyed ones included.
pub(super) const MAX_INDEX_KEYS: usize = 128;
/// The largest number of provider entries.
pub(super) const MAX_PROVIDERS: usize = 8;
/// How many checkpoints of audit writers are kept.
pub(super) const MAX_CHECKPOINTS: usize = 64;

/// What is read before the MAC is verified.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Head {
    format: String,
    version: u32,
    pub(super) keyring_id: String,
    pub(super) epoch: u32,
    pub(super) root_identity: Hex32,
    pub(super) providers: Vec<ProviderEntry>,
}

/// The whole document.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) format: String,
    pub(super) version: u32,
    pub(super) keyring_id: String,
    pub(super) generation: u64,
    pub(super) epoch: u32,
    pub(super) root_identity: Hex32,
    /// Seconds.
    pub(super) max_staleness: u32,
    /// Seconds.
    pub(super) rollback_window: u32,
    pub(super) providers: Vec<ProviderEntry>,
    pub(super) data_keys: Vec<DataKeyEntry>,
    pub(super) schedule: Vec<Entry>,
    pub(super) index_keys: Vec<IndexKeyEntry>,
    pub(super) links: Vec<EpochKeyEntry>,
    pub(super) audit_keys: Vec<EpochKeyEntry>,
    pub(super) epochs: Vec<EpochEntry>,
    pub(super) checkpoints: Vec<Checkpoint>,
}

/// The root, wrapped by one provider.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderEntry {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) key_name: String,
    /// Whether the library had the provider make this key for this epoch.
    pub(super) made: bool,
    #[serde(deserialize_with = "unique_params")]
    pub(super) params: BTreeMap<String, String>,
    pub(super) wrapped_root: Base64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DataKeyEntry {
    pub(super) version: u32,
    pub(super) key_id: String,
    pub(super) state: KeyState,
    pub(super) created: UnixSeconds,
    /// The epoch that it was made in.
    pub(super) epoch: u32,
    /// Of a destroyed key: the last epoch whose root could open it.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(super) last_epoch: Option<u32>,
    /// When the stored state last changed.
    pub(super) changed: UnixSeconds,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(super) wrapped: Option<Base64>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IndexKeyEntry {
    pub(super) number: u32,
    pub(super) created: UnixSeconds,
    pub(super) epoch: u32,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(super) last_epoch: Option<u32>,
    /// Absent once destroyed.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(super) wrapped: Option<Base64>,
}

/// A link or audit key of an earlier epoch.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EpochKeyEntry {
    pub(super) epoch: u32,
    pub(super) wrapped: Base64,
}

/// Which provider keys held the root of an epoch: what must be gone before a version counts as erased.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EpochEntry {
    pub(super) epoch: u32,
    pub(super) holders: Vec<Holder>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Holder {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) key_name: String,
    pub(super) made: bool,
    pub(super) destroyed: bool,
}

impl ProviderEntry {
    pub(super) fn wrapped(&self) -> WrappedKey {
        WrappedKey {
            key_name: self.key_name.clone(),
            params: self.params.clone(),
            ciphertext: self.wrapped_root.0.clone(),
        }
    }

    pub(super) fn holder(&self) -> Holder {
        Holder {
            name: self.name.clone(),
            kind: self.kind.clone(),
            key_name: self.key_name.clone(),
            made: self.made,
            destroyed: false,
        }
    }
}

impl Document {
    pub(super) fn new(keyring_id: &str, max_staleness: u32, rollback_window: u32) -> Self {
        Self {
            format: FORMAT.into(),
            version: VERSION,
            keyring_id: keyring_id.into(),
            generation: 0,
            epoch: 1,
            root_identity: Hex32([0; 32]),
            max_staleness,
            rollback_window,
            providers: Vec::new(),
            data_keys: Vec::new(),
            schedule: Vec::new(),
            index_keys: Vec::new(),
            links: Vec::new(),
            audit_keys: Vec::new(),
            epochs: Vec::new(),
            checkpoints: Vec::new(),
        }
    }

    /// The bytes, with their MAC.
    pub(super) fn seal(&self, key: &SecretKey) -> Result<StoredDocument> {
        self.check()?;
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|_| Error::new(ErrorCode::Internal))?;
        bytes.push(b'\n');
        let mac = base16ct::lower::encode_string(&Hmac::new(key)?.tag(&bytes));
        bytes.extend_from_slice(format!("{MAC_LINE}{mac}\n").as_bytes());
        if bytes.len() > MAX_DOCUMENT_LEN {
            return fail(ErrorCode::KeyringFull, "the document would pass 1 MiB");
        }
        StoredDocument::of(bytes)
    }

    /// Reads a document whose MAC holds under `key`.
    pub(super) fn open(bytes: &[u8], key: &SecretKey) -> Result<(Self, DocumentTag)> {
        let tag = DocumentTag::of(bytes)?;
        let covered = bytes.len().checked_sub(MAC_LINE.len() + 65).and_then(|at| bytes.get(..at));
        let covered = covered.ok_or(ErrorCode::KeyringMalformed)?;
        if !Hmac::new(key)?.holds(covered, &tag.mac) {
            return Err(Error::new(ErrorCode::AuthenticationFailed));
        }
        let document: Self = serde_json::from_slice(covered).map_err(|error| malformed(&error))?;
        document.check()?;
        Ok((document, tag))
    }

    /// What the form alone does not say: unique ids, ascending numbers, states with their keys, a schedule that names versions.
    fn check(&self) -> Result<()> {
        let wrong = |what: &str| fail(ErrorCode::KeyringMalformed, what);
        let full = self.data_keys.len() > MAX_VERSIONS
            || self.index_keys.len() > MAX_INDEX_KEYS
            || self.providers.len() > MAX_PROVIDERS
            || self.schedule.len() > 2 * MAX_VERSIONS
            || self.checkpoints.len() > MAX_CHECKPOINTS;
        if full {
            return fail(ErrorCode::KeyringFull, "versions, index keys, providers or schedule");
        }
        let ids: HashSet<&str> = self.data_keys.iter().map(|key| key.key_id.as_str()).collect();
        if ids.len() != self.data_keys.len()
            || self.data_keys.iter().any(|key| key.key_id.parse::<crate::KeyId>().is_err())
        {
            return wrong("key ids");
        }
        if !self.data_keys.is_sorted_by(|one, two| one.version < two.version)
            || !self.index_keys.is_sorted_by(|one, two| one.number < two.number)
            || self.data_keys.is_empty()
            || self.data_keys.iter().any(|key| (key.state == KeyState::Destroyed) != key.wrapped.is_none())
            || self.data_keys.iter().any(|key| key.wrapped.is_none() != key.last_epoch.is_some())
            || self.index_keys.iter().any(|key| key.wrapped.is_none() != key.last_epoch.is_some())
        {
            return wrong("data or index keys");
        }
        let knows = |version: u32| self.data_keys.iter().any(|key| key.version == version);
        if !self.schedule.first().is_some_and(|entry| entry.at_once)
            || !self.schedule.iter().all(|entry| knows(entry.version))
        {
            return wrong("schedule");
        }
        let is_hex =
            |text: &str, len| text.len() == len && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !self.checkpoints.iter().all(|point| is_hex(&point.writer, 16) && is_hex(&point.mac, 64)) {
            return wrong("checkpoints");
        }
        let names: HashSet<&str> = self.providers.iter().map(|entry| entry.name.as_str()).collect();
        if names.len() != self.providers.len() || names.is_empty() {
            return wrong("providers");
        }
        Ok(())
    }
}

/// Reads what may be read before the MAC is verified, and refuses what is not a document of this format.
pub(super) fn head(bytes: &[u8], keyring_id: &str) -> Result<Head> {
    let tag = DocumentTag::of(bytes);
    let end = bytes.len().checked_sub(MAC_LINE.len() + 65).and_then(|at| bytes.get(..at));
    let (Ok(_), Some(json)) = (&tag, end) else { return Err(tag.err().unwrap_or(ErrorCode::KeyringMalformed.into())) };
    #[derive(Deserialize)]
    struct Form {
        format: String,
        version: u32,
    }
    let form: Form = serde_json::from_slice(json).map_err(|error| malformed(&error))?;
    if form.format != FORMAT {
        return fail(ErrorCode::KeyringMalformed, "format");
    }
    if form.version != VERSION {
        return fail(ErrorCode::KeyringVersion, format!("version {}", form.version));
    }
    let head: Head = serde_json::from_slice(json).map_err(|error| malformed(&error))?;
    if head.keyring_id != keyring_id {
        return Err(Error::new(ErrorCode::KeyringWrongId));
    }
    if head.providers.len() > MAX_PROVIDERS || head.format != FORMAT || head.version != VERSION {
        return fail(ErrorCode::KeyringMalformed, "providers");
    }
    Ok(head)
}

/// The line and column only: a parser's message may quote the document.
fn malformed(error: &serde_json::Error) -> Error {
    Error::with_detail(ErrorCode::KeyringMalformed, format!("line {} column {}", error.line(), error.column()))
}

/// 32 bytes as 64 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Hex32(pub(super) [u8; 32]);

/// Bytes as unpadded base64url.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Base64(pub(super) Vec<u8>);

impl Serialize for Hex32 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base16ct::lower::encode_string(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hex32 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        match base16ct::lower::decode(&text, &mut bytes) {
            Ok(decoded) if decoded.len() == 32 => Ok(Self(bytes)),
            _ => Err(serde::de::Error::custom("64 lowercase hexadecimal digits")),
        }
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Base64UrlUnpadded::encode_string(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Base64UrlUnpadded::decode_vec(&text).map(Self).map_err(|_| serde::de::Error::custom("unpadded base64url"))
    }
}

impl fmt::Debug for Hex32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base16ct::lower::encode_string(&self.0))
    }
}

impl fmt::Debug for Base64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// A map in which no member stands twice.
fn unique_params<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    struct Params;
    impl<'de> Visitor<'de> for Params {
        type Value = BTreeMap<String, String>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("parameters")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut params = BTreeMap::new();
            while let Some((name, value)) = map.next_entry()? {
                if params.len() >= crate::provider::MAX_PARAMS || params.insert(name, value).is_some() {
                    return Err(serde::de::Error::custom("a parameter stands twice, or there are too many"));
                }
            }
            Ok(params)
        }
    }
    deserializer.deserialize_map(Params)
}
/// Reads any bytes as a document: as they are, and under a MAC that holds, so that what lies behind it is reached too.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzzed_document(data: &[u8]) {
    let Ok(key) = SecretKey::from_slice(&[7; SecretKey::LEN]) else { return };
    let _ = head(data, "clinic");
    let _ = Document::open(data, &key);
    let mut bytes = [data, b"\n"].concat();
    let Ok(mac) = Hmac::new(&key).map(|key| key.tag(&bytes)) else { return };
    let line = format!("{MAC_LINE}{}\n", base16ct::lower::encode_string(&mac));
    bytes.extend_from_slice(line.as_bytes());
    let _ = head(&bytes, "clinic");
    if let Ok((document, _)) = Document::open(&bytes, &key) {
        let again = document.seal(&key).and_then(|stored| Document::open(&stored.bytes, &key));
        assert!(again.is_ok(), "an accepted document is written and read again");
    }
}

#[cfg(test)]
mod tests;
