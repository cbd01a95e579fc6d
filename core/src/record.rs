//! Whole records: every declared field of a row or document in one call.
//!
//! [`RecordCipher`] takes a `serde_json` object or any serde struct, encrypts what the schema declares, refuses what it does
//! not know, and gives back an [`EncryptedRecord`]: cells for a table, or a document. Decryption gives back exactly what went
//! in, key order and types included. `spec/record.md` has the rules.

mod convert;
mod encrypted;
mod node;
mod typed;
mod walk;

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::context::{RecordId, RecordIdPart};
use crate::envelope::decode_text;
use crate::error::{Error, ErrorCode, Result, fail};
use crate::field::{FieldCipher, RecordRef, StoredRef};
use crate::keyring::Keyring;
use crate::schema::{RecordBinding, Schema};
use crate::search::IndexValue;

use walk::Taken;

pub use encrypted::{Cell, EncryptedRecord};
pub use node::{Change, OpenedNode, RecordNode, SealedNode, Step};

/// The deepest nesting of a record.
pub const MAX_RECORD_DEPTH: usize = 128;

/// Encrypts and decrypts the records of one schema, of one tenant where there are tenants.
///
/// Cheap to clone, `Send + Sync`; make it once and keep it.
///
/// # Examples
///
/// ```
/// use fieldward::{Keyring, LocalKeyProvider, MemoryStore, Schema, SecretKey};
/// use serde_json::json;
///
/// # let keyring = Keyring::builder("clinic")
/// #     .provider("primary", LocalKeyProvider::new(SecretKey::generate()?))
/// #     .store(MemoryStore::new())
/// #     .no_pin("an example in memory")
/// #     .create()?;
/// let patients = keyring.records(&Schema::patient()?, None)?;
/// let record = json!({"patient_id": "p-7", "ssn": "999-41-1234", "email": "Ana@Example.org", "ward": 3});
/// let sealed = patients.encrypt(record.as_object().ok_or("an object")?)?;
/// assert!(sealed.stored("ssn").and_then(|ssn| ssn.bytes()).is_some_and(|bytes| bytes.len() == 46 + 11));
/// assert!(sealed.index_value("ssn_exact").is_some());
/// assert_eq!(serde_json::Value::Object(patients.decrypt(&sealed)?), record);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RecordCipher {
    inner: Arc<Inner>,
}

struct Inner {
    keyring: Keyring,
    schema: Schema,
    fields: Vec<FieldCipher>,
}

/// A decrypted record and whether every key in it can be trusted.
#[derive(Clone)]
#[non_exhaustive]
pub struct OpenedRecord {
    /// The record, as it went in.
    pub record: Map<String, Json>,
    /// False if a value stood under a suspended or compromised key, or was never encrypted.
    pub is_trusted: bool,
}

/// A record that was moved to the current key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReencryptedRecord {
    /// The record with new envelopes and every index value.
    pub record: EncryptedRecord,
    /// False if a value stood under a suspended or compromised key, or was never encrypted.
    pub is_trusted: bool,
}

impl Keyring {
    /// A handle for whole records of a schema, of one tenant where there are tenants. Make it once and keep it.
    ///
    /// # Errors
    ///
    /// `InvalidName` for a tenant past its limits.
    pub fn records(&self, schema: &Schema, tenant: Option<&str>) -> Result<RecordCipher> {
        let fields = schema.fields().iter().map(|spec| FieldCipher::new(self, schema, tenant, spec));
        let fields = fields.collect::<Result<_>>()?;
        Ok(RecordCipher { inner: Arc::new(Inner { keyring: self.clone(), schema: schema.clone(), fields }) })
    }
}

impl RecordCipher {
    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.inner.schema
    }

    /// The handle of one field, for queries and single values.
    ///
    /// # Errors
    ///
    /// `UnknownField`.
    pub fn field(&self, name: &str) -> Result<&FieldCipher> {
        let id = self.inner.schema.require_field(name)?.id();
        let field = self.inner.fields.iter().find(|field| field.spec().id() == id);
        field.ok_or_else(|| Error::new(ErrorCode::Internal))
    }

    /// Encrypts every declared field of a record. Null stays null, missing stays missing.
    ///
    /// # Errors
    ///
    /// - `UndeclaredField`: a member that the schema neither declares nor leaves in the clear, by its position;
    /// - `MissingField`: a required field is missing or null;
    /// - `RecordShape`: a path meets something else than it declares; `RecordTooDeep`;
    /// - `RecordIdInvalid`: a part of the record id is missing, null or of another type;
    /// - `WrongType`, `ValueOutOfRange`, `ValueNotCanonical`: a value that does not fit, or would not come back exactly;
    /// - and what [`FieldCipher::encrypt`] and [`FieldCipher::index_values`] give.
    pub fn encrypt(&self, record: &Map<String, Json>) -> Result<EncryptedRecord> {
        self.check_members(record)?;
        let id = self.record_id(record)?;
        let mut sealed = EncryptedRecord::in_the_clear(record);
        let mut taken = Taken::default();
        for field in &self.inner.fields {
            let spec = field.spec();
            let mut found = 0_usize;
            let mut indexed: Vec<Vec<(String, IndexValue)>> = Vec::new();
            let mut seal = |json: &Json| {
                let value = convert::to_value(json, spec.value_type()).map_err(|error| error.at(spec.name()))?;
                found += usize::from(value.is_some());
                indexed.push(field.index_values(value.as_ref())?);
                field.encrypt(value.as_ref(), bound(field, &id))
            };
            sealed.replace(spec, &mut taken, &mut seal)?;
            if spec.is_required() && found == 0 {
                return fail(ErrorCode::MissingField, spec.name());
            }
            sealed.set_index_values(spec, indexed);
        }
        Ok(sealed)
    }

    /// Decrypts every declared field. Index values are left out: what comes back is what went in.
    ///
    /// # Errors
    ///
    /// As [`FieldCipher::decrypt`]; `RecordShape`, `RecordTooDeep`, `RecordIdInvalid`.
    pub fn decrypt(&self, record: &EncryptedRecord) -> Result<Map<String, Json>> {
        self.open(record).map(|opened| opened.record)
    }

    /// [`Self::decrypt`], telling also whether every value can be trusted.
    ///
    /// # Errors
    ///
    /// As [`Self::decrypt`].
    pub fn open(&self, record: &EncryptedRecord) -> Result<OpenedRecord> {
        let id = self.record_id_of(record)?;
        let mut is_trusted = true;
        let mut cells = record.clone();
        let mut taken = Taken::default();
        for field in &self.inner.fields {
            cells.restore(field.spec(), &mut taken, &mut |stored| {
                let opened = field.open_unlogged(stored, bound(field, &id))?;
                is_trusted &= opened.is_trusted;
                convert::to_json(opened.value).map_err(|error| error.at(field.spec().name()))
            })?;
        }
        let record = cells.into_clear()?;
        self.inner.keyring.audit_read(self.inner.schema.table(), "all", id.as_ref());
        Ok(OpenedRecord { record, is_trusted })
    }

    /// Whether a value of the record should be re-encrypted.
    ///
    /// # Errors
    ///
    /// As [`FieldCipher::needs_rotation`]; `RecordShape`.
    pub fn needs_rotation(&self, record: &EncryptedRecord) -> Result<bool> {
        let mut taken = Taken::default();
        for field in &self.inner.fields {
            let mut due = false;
            record.each(field.spec(), &mut taken, &mut |stored| {
                due |= field.needs_rotation(stored)?;
                Ok(())
            })?;
            if due {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Moves every value of a record to the current key and computes every index value anew. Where the record comes with
    /// its stored index values, those of `exact` indexes are compared first.
    ///
    /// # Errors
    ///
    /// As [`Self::decrypt`] and [`Self::encrypt`]; `AuthenticationFailed` if an index value disagrees.
    pub fn reencrypt(&self, record: &EncryptedRecord) -> Result<ReencryptedRecord> {
        let id = self.record_id_of(record)?;
        let mut is_trusted = true;
        let mut moved = record.clone();
        moved.clear_index_values();
        let mut taken = Taken::default();
        for field in &self.inner.fields {
            let mut indexed = Vec::new();
            moved.exchange(field.spec(), &mut taken, &mut |stored| {
                let done = field.reencrypt(stored, bound(field, &id))?;
                is_trusted &= done.is_trusted;
                indexed.push(done.index_values);
                Ok(done.stored)
            })?;
            moved.set_index_values(field.spec(), indexed);
            for index in field.spec().indexes().iter().filter(|index| index.is_exact()) {
                let before = record.index_value(index.column());
                if before.is_some() && before != moved.index_value(index.column()) {
                    return Err(Error::new(ErrorCode::AuthenticationFailed));
                }
            }
        }
        Ok(ReencryptedRecord { record: moved, is_trusted })
    }

    /// [`Self::reencrypt`] for many records, in order. A record that fails leaves the others.
    pub fn reencrypt_batch<'a>(
        &self,
        records: impl IntoIterator<Item = &'a EncryptedRecord>,
    ) -> Vec<Result<ReencryptedRecord>> {
        records.into_iter().map(|record| self.reencrypt(record)).collect()
    }

    /// Every index value of a stored record, computed anew: for an index that was added, or takes the place of another.
    ///
    /// # Errors
    ///
    /// As [`Self::decrypt`].
    pub fn reindex(&self, record: &EncryptedRecord) -> Result<Vec<(String, IndexValue)>> {
        let id = self.record_id_of(record)?;
        let mut columns = EncryptedRecord::new();
        let mut taken = Taken::default();
        for field in &self.inner.fields {
            let mut indexed = Vec::new();
            record.each(field.spec(), &mut taken, &mut |stored| {
                let value = field.decrypt(stored, bound(field, &id))?;
                indexed.push(field.index_values(value.as_ref())?);
                Ok(())
            })?;
            columns.set_index_values(field.spec(), indexed);
        }
        Ok(columns.index_values().to_vec())
    }

    /// Whether a stored record is what a query of a field's index asked for, in any of its values.
    ///
    /// # Errors
    ///
    /// As [`FieldCipher::matches`]; `UnknownField`, `RecordShape`.
    pub fn matches(&self, field: &str, index: &str, query: &crate::Value, record: &EncryptedRecord) -> Result<bool> {
        let field = self.field(field)?;
        let id = self.record_id_of(record)?;
        let mut is_match = false;
        let mut taken = Taken::default();
        for other in &self.inner.fields {
            let is_asked = other.spec().id() == field.spec().id();
            record.each(other.spec(), &mut taken, &mut |stored| {
                is_match |= is_asked && field.matches(index, query, stored, bound(field, &id))?;
                Ok(())
            })?;
        }
        Ok(is_match)
    }

    /// Every envelope of a stored record, as bytes: for [`inspect`](crate::inspect) and
    /// [`Keyring::unknown_key_ids`].
    ///
    /// # Errors
    ///
    /// `InvalidTextForm`, `RecordShape`.
    pub fn envelopes(&self, record: &EncryptedRecord) -> Result<Vec<Vec<u8>>> {
        let mut envelopes = Vec::new();
        let mut taken = Taken::default();
        for field in &self.inner.fields {
            record.each(field.spec(), &mut taken, &mut |stored| {
                match stored {
                    StoredRef::Null => {}
                    StoredRef::Bytes(bytes) => envelopes.push(bytes.to_vec()),
                    StoredRef::Text(text) => envelopes.push(decode_text(text)?),
                }
                Ok(())
            })?;
        }
        Ok(envelopes)
    }

    /// The record's id, as the schema takes it from the clear members; `None` if the schema binds none.
    ///
    /// # Errors
    ///
    /// `RecordIdInvalid`.
    pub fn record_id(&self, record: &Map<String, Json>) -> Result<Option<RecordId>> {
        record_id(&self.inner.schema, |name| record.get(name))
    }

    fn record_id_of(&self, record: &EncryptedRecord) -> Result<Option<RecordId>> {
        record_id(&self.inner.schema, |name| match record.cell(name) {
            Some(Cell::Clear(json)) => Some(json),
            _ => None,
        })
    }

    fn check_members(&self, record: &Map<String, Json>) -> Result<()> {
        walk::check_depth(record)?;
        self.check_names(record.keys().map(String::as_str))
    }
}

/// The record id where the field binds one.
fn bound<'a>(field: &FieldCipher, id: &'a Option<RecordId>) -> RecordRef<'a> {
    match field.record_binding() {
        RecordBinding::Required => id.as_ref(),
        RecordBinding::None => None,
    }
}

fn record_id<'a>(schema: &Schema, member: impl Fn(&str) -> Option<&'a Json>) -> Result<Option<RecordId>> {
    let Some(parts) = schema.record_id() else { return Ok(None) };
    let part = |part: &crate::schema::RecordIdField| {
        let wrong = || Error::with_detail(ErrorCode::RecordIdInvalid, part.path.to_string());
        let mut names = part.path.segments().iter().map(|segment| segment.name.as_str());
        let first = names.next().and_then(&member).ok_or_else(wrong)?;
        let json = names.try_fold(first, |json, name| json.get(name)).ok_or_else(wrong)?;
        let value = convert::to_value(json, part.value_type).map_err(|_| wrong())?;
        RecordIdPart::try_from(value.ok_or_else(wrong)?).map_err(|_| wrong())
    };
    RecordId::new(parts.iter().map(part).collect::<Result<Vec<_>>>()?).map(Some)
}

impl fmt::Debug for RecordCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordCipher").field("table", &self.inner.schema.table()).finish_non_exhaustive()
    }
}

impl fmt::Debug for OpenedRecord {
    /// How many members, never what they hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedRecord").field("members", &self.record.len()).finish_non_exhaustive()
    }
}
