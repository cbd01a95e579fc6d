//! What stands beside a value so that it is found, and what a query sends.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

use super::{FieldCipher, RecordRef, Stored, StoredRef};
use crate::column::{Column, StoredColumn};
use crate::context::{FieldContext, Parts};
use crate::derive::expand_key;
use crate::error::{Error, ErrorCode, Result, fail};
use crate::keyring::{DerivedKey, Keyring, Parent, Snapshot};
use crate::metrics::Operation;
use crate::schema::{FieldSpec, Mode};
use crate::search::{IndexKey, IndexQuery, IndexSpec, IndexValue};
use crate::value::{Value, ValueType};

/// An index of one field of one tenant, with its derived key once it was used.
pub(super) struct BoundIndex {
    spec: IndexSpec,
    info: Parts,
    key: ArcSwapOption<DerivedKey>,
}

impl BoundIndex {
    pub(super) fn new(index: &IndexSpec, field: &FieldSpec, context: &FieldContext) -> Self {
        Self { spec: index.clone(), info: index.info(field.value_type(), context), key: ArcSwapOption::empty() }
    }

    pub(super) const fn spec(&self) -> &IndexSpec {
        &self.spec
    }

    fn with_key<T>(
        &self,
        keyring: &Keyring,
        snapshot: &Snapshot,
        compute: impl FnOnce(&IndexKey) -> Result<T>,
    ) -> Result<T> {
        // The snapshot is asked each time: a destroyed index key makes no more values.
        let parent = match snapshot.index_key(self.spec.number()) {
            Ok(parent) => parent,
            Err(error) => {
                self.key.store(None);
                return Err(error);
            }
        };
        let kept = self.key.load_full();
        let key = match kept {
            Some(key) => key,
            None => {
                let slot = Parent::Index(self.spec.number());
                let key = keyring.derived_cache().derive(slot, self.info.as_bytes(), || {
                    Ok(DerivedKey::Index(IndexKey::new(&expand_key(parent, &self.info)?)?))
                })?;
                self.key.store(Some(Arc::clone(&key)));
                key
            }
        };
        match &*key {
            DerivedKey::Index(key) => compute(key),
            _ => Err(Error::new(ErrorCode::Internal)),
        }
    }
}

impl FieldCipher {
    pub(super) fn index(&self, name: &str) -> Result<&BoundIndex> {
        match self.inner.indexes.iter().find(|index| index.spec.name() == name) {
            Some(index) => Ok(index),
            None => fail(ErrorCode::UnknownIndex, format!("{} has no index {name}", self.inner.spec.name())),
        }
    }

    pub(super) fn index_value(&self, index: &BoundIndex, value: Option<&Value>) -> Result<IndexValue> {
        let keyring = &self.inner.keyring;
        index.with_key(keyring, &keyring.for_index(), |key| index.spec.value(key, value))
    }

    /// What every index of the field stores for a value, by column. Null gives null in each.
    ///
    /// # Errors
    ///
    /// `WrongType`; `UnassignedCodePoint` and the like from the normaliser; `IndexKeyUnknown`, `IndexKeyDestroyed`.
    pub fn index_values(&self, value: Option<&Value>) -> Result<Vec<(String, IndexValue)>> {
        self.check_type(value).map_err(|error| error.at(self.inner.spec.name()))?;
        self.inner
            .indexes
            .iter()
            .map(|index| Ok((index.spec.column().to_owned(), self.index_value(index, value)?)))
            .collect::<Result<_>>()
            .map_err(|error: Error| error.at(self.inner.spec.name()))
    }

    /// The index values of a column of text, by an index that gives one for each value: `exact`, the last or first characters. Null,
    /// and what yields nothing, gives null.
    ///
    /// # Errors
    ///
    /// As [`Self::index_values`], with the row named; `WrongFieldMode` for an index that gives lists; `WrongType` for a column or field
    /// that is not text.
    pub fn index_column(&self, index: &str, column: &Column<'_>) -> Result<StoredColumn> {
        self.measured(|| {
            let index = self.index(index)?;
            let Column::Binary(column) = column else { return Err(Error::new(ErrorCode::WrongType)) };
            if self.inner.spec.value_type() != ValueType::Text {
                return Err(Error::new(ErrorCode::WrongType));
            }
            if index.spec.transform().is_list() {
                return fail(ErrorCode::WrongFieldMode, format!("index {} gives lists", index.spec.name()));
            }
            let keyring = &self.inner.keyring;
            let mut output = StoredColumn::new();
            output.clear(column.rows(), column.rows().saturating_mul(16));
            index.with_key(keyring, &keyring.for_index(), |key| {
                for row in 0..column.rows() {
                    let text = column.get(row).map(std::str::from_utf8);
                    let appended = match text {
                        None => Ok(false),
                        Some(Ok(text)) => index.spec.append_of_text(key, text, &mut output.data),
                        Some(Err(_)) => Err(Error::new(ErrorCode::InvalidText)),
                    };
                    let in_row = |error: Error| Error::with_detail(error.code(), format!("row {row}")).in_row(row);
                    output.end_row(appended.map_err(in_row)?);
                }
                Ok(())
            })?;
            Ok(output)
        })
    }

    /// What the column of a deterministic field is compared with: one envelope for each version that is not destroyed, oldest
    /// first. A row holds the value if its column equals one of them.
    ///
    /// # Errors
    ///
    /// `WrongFieldMode` for a randomized field: it is found by an index. `WrongType`. `KeyringStale` (retryable), since a newer
    /// version could be missing.
    pub fn tokens(&self, value: &Value) -> Result<Vec<Stored>> {
        self.measured(|| self.tokens_unmeasured(value))
    }

    fn tokens_unmeasured(&self, value: &Value) -> Result<Vec<Stored>> {
        let primary = self.primary()?;
        if primary.mode != Mode::Deterministic {
            return fail(ErrorCode::WrongFieldMode, format!("{} is randomized", self.inner.spec.name()));
        }
        self.check_type(Some(value))?;
        let snapshot = self.inner.keyring.for_encrypt()?;
        let normalized = self.normalized(value)?;
        let value = normalized.as_ref().unwrap_or(value);
        snapshot
            .data_keys()
            .filter(|key| key.key().is_some())
            .map(|key| Ok(Stored::of(self.seal(primary, key, value, None)?, self.inner.spec.stored_form())))
            .collect()
    }

    /// What an index's column is compared with to find `value`.
    ///
    /// # Errors
    ///
    /// `UnknownIndex`; `WrongType`; `QueryEmpty` if nothing is left to search for; `UnassignedCodePoint`; `IndexKeyUnknown`,
    /// `IndexKeyDestroyed`.
    pub fn query(&self, index: &str, value: &Value) -> Result<IndexQuery> {
        self.measured(|| {
            let index = self.index(index)?;
            self.check_type(Some(value))?;
            let keyring = &self.inner.keyring;
            index.with_key(keyring, &keyring.for_index(), |key| index.spec.query(key, value))
        })
    }

    /// Whether a stored value is what the query asked for: a truncated index gives candidates, this confirms them.
    ///
    /// # Errors
    ///
    /// As [`Self::query`] and [`Self::decrypt`].
    pub fn matches(&self, index: &str, query: &Value, stored: StoredRef<'_>, record: RecordRef<'_>) -> Result<bool> {
        let index = self.index(index)?;
        self.check_type(Some(query))?;
        match self.decrypt(stored, record)? {
            Some(value) => index.spec.matches(query, &value).map_err(|error| error.at(self.inner.spec.name())),
            None => Ok(false),
        }
    }

    fn measured<T>(&self, search: impl FnOnce() -> Result<T>) -> Result<T> {
        let timer = self.inner.metrics.start(Operation::Search);
        let result = search();
        timer.finish(result.as_ref().map(|_| ()).map_err(Error::kind), 0);
        result.map_err(|error| error.at(self.inner.spec.name()))
    }

    pub(super) fn check_type(&self, value: Option<&Value>) -> Result<()> {
        let spec = &self.inner.spec;
        match value {
            Some(value) if value.value_type() != spec.value_type() => {
                fail(ErrorCode::WrongType, format!("{} is declared {}", spec.name(), spec.value_type()))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for BoundIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundIndex").field("index", &self.spec.name()).finish_non_exhaustive()
    }
}
