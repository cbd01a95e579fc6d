//! Derived keys, kept: bounded, wiped when they go.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use crate::envelope::KeyId;
use crate::error::Result;
use crate::search::IndexKey;
use crate::suite::{Randomized, Siv};

/// A key derived for one purpose, set up for use. Each variant wipes itself on drop.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "always behind an Arc")]
pub(crate) enum DerivedKey {
    /// Of a randomized field.
    Randomized(Randomized),
    /// Of a deterministic field.
    Deterministic(Siv),
    /// Of an index.
    Index(IndexKey),
}

/// The key that another is derived from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Parent {
    /// A data key version.
    Data(KeyId),
    /// An index key's number.
    Index(u32),
}

/// The whole `info` stands in the slot's name, so two contexts never share a slot.
type Slot = (Parent, Vec<u8>);

/// A bounded map from parent and `info` to the derived key. The least recently used entry goes first.
///
/// It is asked only when a handle has no key of its own, and never waited for: a caller who finds it busy derives.
pub(crate) struct DerivedCache {
    capacity: usize,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    clock: u64,
    slots: HashMap<Slot, (u64, Arc<DerivedKey>)>,
}

impl DerivedCache {
    /// How many derived keys a keyring keeps unless told otherwise.
    pub(crate) const DEFAULT_CAPACITY: usize = 1_024;

    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, entries: Mutex::default() }
    }

    /// The key in this slot, derived now if it is not there.
    pub(crate) fn derive(
        &self,
        parent: Parent,
        info: &[u8],
        derive: impl FnOnce() -> Result<DerivedKey>,
    ) -> Result<Arc<DerivedKey>> {
        let mut entries = match self.entries.try_lock() {
            Ok(entries) => entries,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(Arc::new(derive()?)),
        };
        entries.clock += 1;
        let now = entries.clock;
        let slot = (parent, info.to_vec());
        if let Some((used, key)) = entries.slots.get_mut(&slot) {
            *used = now;
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(derive()?);
        if self.capacity == 0 {
            return Ok(key);
        }
        if entries.slots.len() >= self.capacity {
            let oldest = entries.slots.iter().min_by_key(|(_, (used, _))| *used).map(|(slot, _)| slot.clone());
            if let Some(oldest) = oldest {
                entries.slots.remove(&oldest);
            }
        }
        entries.slots.insert(slot, (now, Arc::clone(&key)));
        Ok(key)
    }

    /// Drops every key whose parent is gone.
    pub(crate) fn retain(&self, is_alive: impl Fn(Parent) -> bool) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.slots.retain(|(parent, _), _| is_alive(*parent));
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).slots.len()
    }
}

impl fmt::Debug for DerivedCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DerivedCache").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::cell::Cell;

    use crate::secret::SecretKey;

    use super::*;

    #[test]
    fn bounded_and_least_recently_used_goes_first() {
        let cache = DerivedCache::new(2);
        let derived = Cell::new(0);
        let ask = |info: &[u8]| {
            cache
                .derive(Parent::Index(1), info, || {
                    derived.set(derived.get() + 1);
                    Ok(DerivedKey::Index(IndexKey::new(&SecretKey::generate()?)?))
                })
                .unwrap()
        };
        ask(b"a");
        ask(b"b");
        ask(b"a");
        assert_eq!(derived.get(), 2);
        ask(b"c");
        assert_eq!(cache.len(), 2);
        ask(b"a");
        assert_eq!(derived.get(), 3, "a was used after b, so b went");
        ask(b"b");
        assert_eq!(derived.get(), 4);
    }

    #[test]
    fn parents_and_infos_never_share_a_slot() {
        let cache = DerivedCache::new(8);
        let derived = Cell::new(0);
        let ask = |parent, info: &[u8]| {
            let before = derived.get();
            let derive = || {
                derived.set(before + 1);
                Ok(DerivedKey::Index(IndexKey::new(&SecretKey::generate()?)?))
            };
            let key = cache.derive(parent, info, derive).unwrap();
            (key, derived.get() > before)
        };
        let (one, is_new) = ask(Parent::Index(1), b"a");
        assert!(is_new && ask(Parent::Index(2), b"a").1 && ask(Parent::Index(1), b"b").1);
        let (again, is_new) = ask(Parent::Index(1), b"a");
        assert!(!is_new && Arc::ptr_eq(&one, &again));
        cache.retain(|parent| parent != Parent::Index(1));
        assert_eq!(cache.len(), 1);
        assert!(ask(Parent::Index(1), b"a").1);
    }
}
