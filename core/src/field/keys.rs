//! The derived keys of one field, one for each key version in use.

use std::fmt;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use crate::context::FieldContext;
use crate::derive::{Label, expand, expand_key, field_info};
use crate::envelope::KeyId;
use crate::error::{ErrorCode, Result, fail};
use crate::keyring::{DataKey, DerivedKey, Keyring, Parent};
use crate::schema::Mode;
use crate::suite::{Randomized, Siv};

/// How many versions a handle keeps keys of; more are asked of the keyring's cache.
const KEPT: usize = 16;

type Kept = Vec<(KeyId, Arc<DerivedKey>)>;

/// Derives on first use, keeps, never waits.
pub(super) struct FieldKeys {
    mode: Mode,
    context: FieldContext,
    kept: ArcSwap<Kept>,
}

/// A key of the field: one that is kept, held without counting, or one derived for this call.
pub(super) enum FieldKey {
    Kept(Guard<Arc<Kept>>, usize),
    Made(Arc<DerivedKey>),
}

impl FieldKey {
    pub(super) fn get(&self) -> Result<&Arc<DerivedKey>> {
        match self {
            Self::Kept(kept, at) => kept.get(*at).map(|(_, key)| key).ok_or_else(|| ErrorCode::Internal.into()),
            Self::Made(key) => Ok(key),
        }
    }
}

impl FieldKeys {
    pub(super) fn new(mode: Mode, context: FieldContext) -> Self {
        Self { mode, context, kept: ArcSwap::default() }
    }

    /// The field's key under `data_key`.
    pub(super) fn of(&self, keyring: &Keyring, data_key: &DataKey) -> Result<FieldKey> {
        let kept = self.kept.load();
        if let Some(at) = kept.iter().position(|(id, _)| *id == data_key.id()) {
            return Ok(FieldKey::Kept(kept, at));
        }
        let Some(secret) = data_key.key() else {
            return fail(ErrorCode::KeyDestroyed, format!("key {}", data_key.id()));
        };
        let label = match self.mode {
            Mode::Randomized => Label::Randomized,
            Mode::Deterministic => Label::Deterministic,
        };
        let info = field_info(label, &self.context);
        let key = keyring.derived_cache().derive(Parent::Data(data_key.id()), info.as_bytes(), || {
            Ok(match self.mode {
                Mode::Randomized => {
                    DerivedKey::Randomized(Randomized::new(keyring.backend(), &expand_key(secret, &info)?)?)
                }
                Mode::Deterministic => DerivedKey::Deterministic(Siv::new(expand(secret, &info)?)),
            })
        })?;
        let mut next: Vec<_> = kept.iter().rev().take(KEPT - 1).rev().cloned().collect();
        next.push((data_key.id(), Arc::clone(&key)));
        self.kept.store(Arc::new(next));
        Ok(FieldKey::Made(key))
    }

    /// Wipes the keys of versions that are gone.
    pub(super) fn retain(&self, is_alive: impl Fn(KeyId) -> bool) {
        let kept = self.kept.load();
        if kept.iter().any(|(id, _)| !is_alive(*id)) {
            self.kept.store(Arc::new(kept.iter().filter(|(id, _)| is_alive(*id)).cloned().collect()));
        }
    }
}

impl fmt::Debug for FieldKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldKeys").field("mode", &self.mode).finish_non_exhaustive()
    }
}
