//! Moving a value to the current key, the field's present declaration, another record or another field.

use std::fmt;

use super::{FieldCipher, RecordRef, Stored, StoredRef};
use crate::envelope::{Envelope, decode_text};
use crate::error::{Error, ErrorCode, Result, fail};
use crate::metrics::Operation;
use crate::schema::{RecordBinding, StoredForm};
use crate::search::IndexValue;

/// What to move, and what changes on the way. Made by [`FieldCipher::reencryption`].
#[derive(Clone, Copy)]
#[must_use]
pub struct Reencryption<'a> {
    from: &'a FieldCipher,
    to: &'a FieldCipher,
    stored: StoredRef<'a>,
    record: RecordRef<'a>,
    new_record: RecordRef<'a>,
    beside: Option<(&'a str, &'a IndexValue)>,
}

/// A value that was moved.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reencrypted {
    /// The new envelope.
    pub stored: Stored,
    /// Every index value of the field, by column, computed anew.
    pub index_values: Vec<(String, IndexValue)>,
    /// False if the value stood under a suspended or compromised key, or was never encrypted.
    pub is_trusted: bool,
}

impl FieldCipher {
    /// Whether a stored value should be re-encrypted: its key is not the current version, or its suite not the field's.
    /// Null and values under the current key give false. Reads the header only.
    ///
    /// # Errors
    ///
    /// As [`FieldCipher::decrypt`] for what is visible from outside; `KeySuspended` and the like if no version may encrypt.
    pub fn needs_rotation(&self, stored: StoredRef<'_>) -> Result<bool> {
        let decoded;
        let bytes = match (stored, self.inner.spec.stored_form()) {
            (StoredRef::Null, _) => return Ok(false),
            (StoredRef::Bytes(bytes), StoredForm::Bytes) => bytes,
            (StoredRef::Text(text), StoredForm::Text) => {
                decoded = decode_text(text)?;
                decoded.as_slice()
            }
            _ => return fail(ErrorCode::WrongStoredForm, self.inner.spec.name()),
        };
        let header = Envelope::parse(bytes)?.header;
        let keyring = &self.inner.keyring;
        let snapshot = keyring.for_encrypt()?;
        Ok(header.key_id != snapshot.current(snapshot.now)?.id() || header.suite != self.primary()?.suite())
    }

    /// Describes a re-encryption of `stored`, bound to `record`; nothing happens before [`Reencryption::run`].
    pub const fn reencryption<'a>(&'a self, stored: StoredRef<'a>, record: RecordRef<'a>) -> Reencryption<'a> {
        Reencryption { from: self, to: self, stored, record, new_record: record, beside: None }
    }

    /// Moves a value to the current key, in its place. Short for [`Self::reencryption`] and [`Reencryption::run`].
    ///
    /// # Errors
    ///
    /// As [`Reencryption::run`].
    pub fn reencrypt(&self, stored: StoredRef<'_>, record: RecordRef<'_>) -> Result<Reencrypted> {
        self.reencryption(stored, record).run()
    }

    /// Moves many values, in order. A row that fails leaves the others.
    pub fn reencrypt_batch<'a>(
        &self,
        rows: impl IntoIterator<Item = (StoredRef<'a>, RecordRef<'a>)>,
    ) -> Vec<Result<Reencrypted>> {
        rows.into_iter().map(|(stored, record)| self.reencrypt(stored, record)).collect()
    }
}

impl<'a> Reencryption<'a> {
    /// Binds the value to another record.
    pub const fn to_record(mut self, record: RecordRef<'a>) -> Self {
        self.new_record = record;
        self
    }

    /// Moves the value to another field, or to the same field of another tenant.
    pub const fn to_field(mut self, field: &'a FieldCipher) -> Self {
        self.to = field;
        self
    }

    /// The index value that stands beside in the database, by the name of its `exact` index: compared first.
    ///
    /// # Security
    ///
    /// Index keys are a line of their own. Whoever holds a compromised data key, and not the index key, cannot make a value
    /// whose index agrees.
    pub const fn beside(mut self, index: &'a str, value: &'a IndexValue) -> Self {
        self.beside = Some((index, value));
        self
    }

    /// Decrypts, compares, encrypts under the current key, and computes every index value.
    ///
    /// # Errors
    ///
    /// - as [`FieldCipher::decrypt`] and [`FieldCipher::encrypt`];
    /// - `InvalidArgument`: the value binds its record and the new field does not;
    /// - `AuthenticationFailed`: the index value beside does not agree with the value;
    /// - `UnknownIndex`, `WrongFieldMode`: the index beside is not one of the field's, or not `exact`.
    pub fn run(self) -> Result<Reencrypted> {
        let timer = self.from.inner.metrics.start(Operation::Reencrypt);
        let result = self.run_unmeasured();
        timer.finish(result.as_ref().map(|_| ()).map_err(Error::kind), self.stored.len());
        result.map_err(|error| error.at(self.from.inner.spec.name()))
    }

    fn run_unmeasured(self) -> Result<Reencrypted> {
        let binds = |cipher: &FieldCipher| cipher.record_binding() == RecordBinding::Required;
        if binds(self.from) && !binds(self.to) {
            return fail(ErrorCode::InvalidArgument, "the new field would drop the record binding");
        }
        let opened = self.from.open_unmeasured(self.stored, self.record)?;
        if let Some((name, beside)) = self.beside {
            let index = self.from.index(name)?;
            if !index.spec().is_exact() {
                return fail(ErrorCode::WrongFieldMode, "only an exact index can stand beside");
            }
            if self.from.index_value(index, opened.value.as_ref())? != *beside {
                return Err(Error::new(ErrorCode::AuthenticationFailed));
            }
        }
        let value = opened.value.as_ref();
        Ok(Reencrypted {
            stored: self.to.encrypt_unmeasured(value, self.new_record)?,
            index_values: self.to.index_values(value)?,
            is_trusted: opened.is_trusted,
        })
    }
}

impl fmt::Debug for Reencryption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reencryption").field("from", self.from).field("to", self.to).finish_non_exhaustive()
    }
}
