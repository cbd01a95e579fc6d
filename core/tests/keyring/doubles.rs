//! A provider that counts and can be taken away; a store that fails, stalls or is swapped.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fieldward::{
    DocumentTag, Error, ErrorCode, KeyProvider, KeyStore, LocalKeyProvider, MemoryStore, Result, SecretKey,
    StoredDocument, WrapContext, WrappedKey,
};

#[derive(Debug)]
pub(crate) struct Watched {
    inner: LocalKeyProvider,
    pub(crate) calls: AtomicUsize,
    pub(crate) away: AtomicBool,
    /// Names of keys that were made, and whether they were destroyed.
    pub(crate) made: Option<Mutex<Vec<(String, bool)>>>,
}

impl Watched {
    pub(crate) fn new(key: &SecretKey) -> Arc<Self> {
        Arc::new(Self {
            inner: LocalKeyProvider::new(key.clone()),
            calls: AtomicUsize::new(0),
            away: AtomicBool::new(false),
            made: None,
        })
    }

    /// One that makes keys. The test keeps the names; what wraps is the one local key.
    pub(crate) fn making(key: &SecretKey) -> Arc<Self> {
        let made = Some(Mutex::default());
        Arc::new(Self {
            inner: LocalKeyProvider::new(key.clone()),
            calls: AtomicUsize::new(0),
            away: AtomicBool::new(false),
            made,
        })
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn go_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    pub(crate) fn live_keys(&self) -> Vec<String> {
        let made = self.made.as_ref().unwrap().lock().unwrap();
        made.iter().filter(|(_, destroyed)| !destroyed).map(|(name, _)| name.clone()).collect()
    }

    fn call(&self) -> Result<()> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.away.load(Ordering::SeqCst) { Err(Error::new(ErrorCode::ProviderUnavailable)) } else { Ok(()) }
    }

    fn check(&self, name: &str) -> Result<()> {
        match &self.made {
            None => Ok(()),
            Some(_) if self.live_keys().iter().any(|live| live == name) => Ok(()),
            Some(_) => Err(Error::new(ErrorCode::ProviderWrongKey)),
        }
    }
}

impl KeyProvider for Watched {
    fn kind(&self) -> &str {
        "watched"
    }
    fn key_name(&self) -> String {
        self.inner.key_name()
    }
    fn wrap(&self, key_name: &str, secret: &SecretKey, context: &WrapContext<'_>) -> Result<WrappedKey> {
        self.call()?;
        if self.made.is_some() {
            self.check(key_name)?;
        }
        let mut wrapped = self.inner.wrap(&self.inner.key_name(), secret, context)?;
        wrapped.key_name = key_name.to_owned();
        Ok(wrapped)
    }
    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext<'_>) -> Result<SecretKey> {
        self.call()?;
        self.check(&wrapped.key_name)?;
        let mut wrapped = wrapped.clone();
        wrapped.key_name = self.inner.key_name();
        self.inner.unwrap(&wrapped, context)
    }
    fn can_make_keys(&self) -> bool {
        self.made.is_some()
    }
    fn make_key(&self, key_name: &str) -> Result<()> {
        self.call()?;
        self.made.as_ref().unwrap().lock().unwrap().push((key_name.to_owned(), false));
        Ok(())
    }
    fn destroy_key(&self, key_name: &str) -> Result<()> {
        self.call()?;
        for (name, destroyed) in self.made.as_ref().unwrap().lock().unwrap().iter_mut() {
            *destroyed |= name == key_name;
        }
        Ok(())
    }
}

/// A memory store whose loads can fail, stall or give other bytes, and whose saves can fail before or after writing.
#[derive(Debug, Default)]
pub(crate) struct Moody {
    pub(crate) inner: MemoryStore,
    pub(crate) loads: AtomicUsize,
    pub(crate) mood: Mutex<Mood>,
}

#[derive(Clone, Debug, Default)]
pub(crate) enum Mood {
    #[default]
    Good,
    Down,
    Stalled(Duration),
    /// Until another mood is set.
    Held,
    Serving(Vec<u8>),
    FullBeforeWriting,
    LostAfterWriting,
}

impl Moody {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub(crate) fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }
}

impl KeyStore for Moody {
    fn load(&self, keyring_id: &str) -> Result<Option<Vec<u8>>> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        let mood = self.mood.lock().unwrap().clone();
        match mood {
            Mood::Down => return Err(Error::new(ErrorCode::StoreUnavailable)),
            Mood::Stalled(time) => std::thread::sleep(time),
            Mood::Held => {
                while matches!(*self.mood.lock().unwrap(), Mood::Held) {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
            Mood::Serving(bytes) => return Ok(Some(bytes)),
            Mood::Good | Mood::FullBeforeWriting | Mood::LostAfterWriting => {}
        }
        self.inner.load(keyring_id)
    }

    fn save(
        &self,
        keyring_id: &str,
        expected: Option<&DocumentTag>,
        document: &StoredDocument,
        durable: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        match &*self.mood.lock().unwrap() {
            Mood::FullBeforeWriting => return Err(Error::new(ErrorCode::StoreFull)),
            Mood::LostAfterWriting => {
                self.inner.save(keyring_id, expected, document, durable)?;
                return Err(Error::new(ErrorCode::StoreUnavailable));
            }
            Mood::Good | Mood::Down | Mood::Stalled(_) | Mood::Held | Mood::Serving(_) => {}
        }
        self.inner.save(keyring_id, expected, document, durable)
    }
}
