//! Key stores, the library's own and objects written in JavaScript; and pins: what remembers how far a keyring's document has come, across restarts.

use std::sync::Arc;

use fieldward::{Error, ErrorCode, GenerationPin, KeyStore, StoredDocument};
use napi::ValueType as Kind;
use napi::bindgen_prelude::{Buffer, ClassInstance, Env, FnArgs, FromNapiValue, Unknown};
use napi_derive::napi;

use crate::ask::{Asked, Host};
use crate::error::{Result, fail, from_js, run};
use crate::value::{bytes_of, object_of, type_of};

/// One file per keyring in a directory, atomic and durable.
#[napi]
pub struct FileStore {
    inner: Arc<fieldward::FileStore>,
}

#[napi]
impl FileStore {
    /// A store in `directory`, which the first save makes. It brings a pin of its own, in the user's state directory.
    #[napi(constructor)]
    pub fn new(env: &Env, directory: String) -> napi::Result<Self> {
        run(env, || Ok(Self { inner: Arc::new(fieldward::FileStore::new(directory)) }))
    }
}

/// Keeps documents in memory, for tests and demonstrations.
#[napi]
pub struct MemoryStore {
    inner: fieldward::MemoryStore,
}

#[napi]
impl MemoryStore {
    /// An empty store.
    #[napi(constructor)]
    pub fn new(env: &Env) -> napi::Result<Self> {
        run(env, || Ok(Self { inner: fieldward::MemoryStore::new() }))
    }
}

/// Pins in a directory out of reach of whoever writes the store.
#[napi]
pub struct FilePin {
    inner: Arc<fieldward::FilePin>,
}

#[napi]
impl FilePin {
    /// Pins in `directory`, which the first raise makes if it is missing.
    #[napi(constructor)]
    pub fn new(env: &Env, directory: String) -> napi::Result<Self> {
        run(env, || Ok(Self { inner: Arc::new(fieldward::FilePin::new(directory)) }))
    }
}

/// A pin in memory: refuses older documents for as long as it lives.
#[napi]
pub struct MemoryPin {
    inner: fieldward::MemoryPin,
}

#[napi]
impl MemoryPin {
    /// An empty pin.
    #[napi(constructor)]
    pub fn new(env: &Env) -> napi::Result<Self> {
        run(env, || Ok(Self { inner: fieldward::MemoryPin::new() }))
    }
}

/// Which document a store holds: its generation and its MAC. A save compares both.
#[napi(object)]
pub struct DocumentTag {
    /// The document's generation: only grows.
    pub generation: i64,
    /// The document's MAC, 32 bytes. Not secret.
    pub mac: Buffer,
}

impl From<&fieldward::DocumentTag> for DocumentTag {
    fn from(tag: &fieldward::DocumentTag) -> Self {
        Self { generation: i64::try_from(tag.generation).unwrap_or(i64::MAX), mac: tag.mac.as_slice().into() }
    }
}

/// Reads the tag from a document's bytes. It needs no key, and verifies nothing.
#[napi]
pub fn document_tag(env: &Env, #[napi(ts_arg_type = "Uint8Array")] document: Unknown<'_>) -> napi::Result<DocumentTag> {
    run(env, || {
        let document = bytes_of(document).ok_or(ErrorCode::StoreCorrupt)?;
        Ok(DocumentTag::from(&fieldward::DocumentTag::of(&document)?))
    })
}

/// The store that a JavaScript object is: one of the library's, or anything with `load` and `save`.
pub(crate) fn store_of(object: Unknown<'_>, host: &Host) -> Result<Arc<dyn KeyStore>> {
    if let Ok(store) = ClassInstance::<FileStore>::from_unknown(object) {
        return Ok(Arc::<fieldward::FileStore>::clone(&store.inner));
    }
    if let Ok(store) = ClassInstance::<MemoryStore>::from_unknown(object) {
        return Ok(Arc::new(store.inner.clone()));
    }
    let refused = || Error::with_detail(ErrorCode::InvalidArgument, "a store has load and save");
    let object = object_of(object).ok_or_else(refused)?;
    let load = Asked::method(host, &object, "load", ErrorCode::StoreUnavailable).map_err(|_| refused())?;
    let save = Asked::method(host, &object, "save", ErrorCode::StoreUnavailable).map_err(|_| refused())?;
    Ok(Arc::new(JsStore { load, save }))
}

type SaveArguments = FnArgs<(String, Option<DocumentTag>, Buffer, DocumentTag)>;

/// A store written in JavaScript.
#[derive(Debug)]
struct JsStore {
    load: Asked<FnArgs<(String,)>>,
    save: Asked<SaveArguments>,
}

impl KeyStore for JsStore {
    fn load(&self, keyring_id: &str) -> Result<Option<Vec<u8>>> {
        fieldward::check_keyring_id(keyring_id)?;
        self.load.ask((keyring_id.to_owned(),).into(), |document| match bytes_of(document) {
            Some(document) if document.len() > fieldward::MAX_DOCUMENT_LEN => Err(ErrorCode::KeyringTooLarge.into()),
            Some(document) => Ok(Some(document)),
            None if matches!(type_of(document), Kind::Null | Kind::Undefined) => Ok(None),
            None => fail(ErrorCode::StoreCorrupt, "load gives a Uint8Array or null"),
        })
    }

    /// JavaScript's `save` is settled once the document is durable: the pin is raised then. Pins only rise, so that the order of two
    /// writers does not matter.
    fn save(
        &self,
        keyring_id: &str,
        expected: Option<&fieldward::DocumentTag>,
        document: &StoredDocument,
        durable: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        fieldward::check_keyring_id(keyring_id)?;
        document.check()?;
        let (expected, tag) = (expected.map(DocumentTag::from), DocumentTag::from(&document.tag));
        let arguments = (keyring_id.to_owned(), expected, document.bytes.as_slice().into(), tag);
        let is_saved = self.save.ask(arguments.into(), |saved| match type_of(saved) {
            Kind::Boolean => bool::from_unknown(saved).map_err(from_js),
            _ => fail(ErrorCode::StoreUnavailable, "save gives true, or false for a conflict"),
        })?;
        match is_saved {
            true => durable(),
            false => fail(ErrorCode::StoreConflict, keyring_id),
        }
    }

    fn default_pin(&self) -> Result<Option<Arc<dyn GenerationPin>>> {
        Ok(None)
    }
}

/// The pin that a JavaScript object is.
pub(crate) fn pin_of(object: Unknown<'_>) -> Result<Arc<dyn GenerationPin>> {
    if let Ok(pin) = ClassInstance::<FilePin>::from_unknown(object) {
        return Ok(Arc::<fieldward::FilePin>::clone(&pin.inner));
    }
    match ClassInstance::<MemoryPin>::from_unknown(object) {
        Ok(pin) => Ok(Arc::new(pin.inner.clone())),
        Err(_) => fail(ErrorCode::InvalidArgument, "a pin is a FilePin or a MemoryPin"),
    }
}
