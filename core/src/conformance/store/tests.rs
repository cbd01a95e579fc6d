//! The suite passes for what is built in, and fails for stores that break one rule each.

#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use super::{Arc, GenerationPin, KeyStore, Result, check, check_pin};
use crate::error::Error;
use crate::error::ErrorCode;
use crate::store::{DocumentTag, FilePin, FileStore, MemoryPin, MemoryStore, PinnedState, StoredDocument};

#[test]
fn memory_store_conforms() {
    check(|| Arc::new(MemoryStore::new())).unwrap();
    check_pin(|| Arc::new(MemoryPin::new())).unwrap();
}

#[test]
fn file_store_conforms() {
    let directory = tempfile::tempdir().unwrap();
    let next = Mutex::new(0..);
    let fresh = || directory.path().join(next.lock().unwrap().next().unwrap_or(0).to_string()).join("inner");
    check(|| Arc::new(FileStore::new(fresh()))).unwrap();
    check_pin(|| Arc::new(FilePin::new(fresh()))).unwrap();
    check_pin(|| Arc::new(FilePin::new(fresh()).for_store(directory.path()))).unwrap();
}

/// A store with one fault.
#[derive(Debug)]
struct Faulty(MemoryStore, Fault);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    ForgetsToCompare,
    ComparesGenerationOnly,
    ComparesMacOnly,
    ChangesBytes,
    MixesIds,
    CallsHookTwice,
    CallsHookNever,
    CallsHookOnConflict,
    CallsHookBefore,
    CallsHookUnlocked,
    SwallowsHookError,
    FailsWhenEmpty,
}

impl Faulty {
    /// What the store under it is told to expect, so that it compares less than it must.
    fn pretended(&self, id: &str, expected: Option<&DocumentTag>) -> Result<Option<DocumentTag>> {
        let stored = self.0.load(id)?.map(|bytes| DocumentTag::of(&bytes).unwrap());
        Ok(match (self.1, stored, expected) {
            (Fault::ForgetsToCompare, _, _) => stored,
            (Fault::ComparesGenerationOnly, Some(stored), Some(tag)) => Some(DocumentTag { mac: stored.mac, ..*tag }),
            (Fault::ComparesMacOnly, Some(stored), Some(tag)) => Some(DocumentTag { mac: tag.mac, ..stored }),
            _ => expected.copied(),
        })
    }
}

impl KeyStore for Faulty {
    fn load(&self, id: &str) -> Result<Option<Vec<u8>>> {
        let loaded = self.0.load(if self.1 == Fault::MixesIds && id == "app." { "app" } else { id })?;
        match self.1 {
            Fault::FailsWhenEmpty if loaded.is_none() => Err(Error::new(ErrorCode::StoreUnavailable)),
            Fault::ChangesBytes => Ok(loaded.map(|bytes| String::from_utf8(bytes).unwrap().replace('\r', "").into())),
            _ => Ok(loaded),
        }
    }

    fn save(
        &self,
        id: &str,
        expected: Option<&DocumentTag>,
        document: &StoredDocument,
        durable: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        let expected = self.pretended(id, expected)?;
        let save = |hook: &mut dyn FnMut() -> Result<()>| self.0.save(id, expected.as_ref(), document, hook);
        match self.1 {
            Fault::CallsHookNever => save(&mut || Ok(())),
            Fault::CallsHookTwice => save(&mut || durable().and_then(|()| durable())),
            Fault::CallsHookOnConflict => save(durable).or_else(|error| durable().and(Err(error))),
            Fault::CallsHookBefore => durable().and_then(|()| save(&mut || Ok(()))),
            Fault::CallsHookUnlocked => save(&mut || Ok(())).and_then(|()| durable()),
            Fault::SwallowsHookError => save(&mut || durable().or(Ok(()))),
            _ => save(durable),
        }
    }
}

#[test]
fn suite_finds_each_fault() {
    let faults = [
        (Fault::ForgetsToCompare, "a save that expects no document"),
        (Fault::ComparesGenerationOnly, "only the MAC differs"),
        (Fault::ComparesMacOnly, "only the generation differs"),
        (Fault::ChangesBytes, "exact bytes"),
        (Fault::MixesIds, "its own document"),
        (Fault::CallsHookTwice, "exactly once"),
        (Fault::CallsHookNever, "exactly once"),
        (Fault::CallsHookOnConflict, "exactly once"),
        (Fault::CallsHookBefore, "exactly once"),
        (Fault::CallsHookUnlocked, "no other writer's hook"),
        (Fault::SwallowsHookError, "a failing hook's error"),
        (Fault::FailsWhenEmpty, "an empty store"),
    ];
    for (fault, rule) in faults {
        let failure = check(|| Arc::new(Faulty(MemoryStore::new(), fault))).unwrap_err();
        assert!(failure.rule().contains(rule), "{fault:?}: {failure}");
    }
}

/// A pin that takes whatever comes last.
#[derive(Debug, Default)]
struct LastPin(Mutex<Option<PinnedState>>);

impl GenerationPin for LastPin {
    fn read(&self, _: &str) -> Result<Option<PinnedState>> {
        Ok(self.0.lock().unwrap().clone())
    }

    fn raise(&self, state: &PinnedState) -> Result<()> {
        *self.0.lock().unwrap() = Some(state.clone());
        Ok(())
    }
}

#[test]
fn suite_finds_a_lowered_pin() {
    let failure = check_pin(|| Arc::new(LastPin::default())).unwrap_err();
    assert!(failure.rule().contains("never lowered"), "{failure}");
}
