//! One field: a value in, an envelope out, and back.
//!
//! [`FieldCipher`] is the handle: cheap to clone, `Send + Sync`, made once and kept. It reads the keyring's snapshot without
//! a lock, derives its keys once for each key version, and checks a key's state at every use.

mod batch;
mod binding;
mod columns;
mod keys;
mod reencrypt;
mod search;
mod stored;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use zeroize::Zeroize;

use crate::audit::{AuditEvent, EventName};
use crate::context::{FieldContext, RecordId, randomized_associated_data};
use crate::envelope::{Envelope, HEADER_LEN, Header, KeyId, Suite, TEXT_PREFIX, decode_text, inspect};
use crate::error::{Error, ErrorCode, Result, fail};
use crate::keyring::{DataKey, DerivedKey, KeyState, Keyring, Snapshot};
use crate::metrics::{FieldMetrics, Operation};
use crate::schema::{FieldSpec, LegacyFormat, Mode, RecordBinding, Schema, StoreForm, StoredForm};
use crate::suite::{siv, xaes};
use crate::value::Value;

use keys::FieldKeys;
use search::BoundIndex;

pub use batch::DecryptedBatch;
pub use reencrypt::{Reencrypted, Reencryption};
pub use stored::{Stored, StoredRef};

/// The record that a value belongs to, where the schema binds one.
pub type RecordRef<'a> = Option<&'a RecordId>;

/// Encrypts and decrypts the values of one field of one tenant.
///
/// Clones share everything. After the keyring is open, no call does I/O of its own or takes a lock that a writer can hold.
#[derive(Clone)]
pub struct FieldCipher {
    inner: Arc<Inner>,
}

struct Inner {
    keyring: Keyring,
    schema: Schema,
    spec: Arc<FieldSpec>,
    /// The field as it is written, first; then each earlier reading of `reads_also`, in declared order.
    readings: Vec<Reading>,
    indexes: Vec<BoundIndex>,
    metrics: Arc<FieldMetrics>,
    /// The snapshot that the kept keys were last held against.
    seen: AtomicU64,
}

/// One way to read an envelope of this field.
struct Reading {
    mode: Mode,
    binding: RecordBinding,
    keys: FieldKeys,
}

/// A decrypted value and what is known about its key.
#[derive(Debug)]
#[non_exhaustive]
pub struct Decrypted {
    /// The value; `None` for null.
    pub value: Option<Value>,
    /// The key that it was encrypted under; `None` for null and for legacy plaintext.
    pub key_id: Option<KeyId>,
    /// False if the key is suspended or compromised, or the value was never encrypted: whoever has that key, or the
    /// database, may have forged it.
    pub is_trusted: bool,
}

impl Keyring {
    /// A handle for one field of a schema, of one tenant where there are tenants. Make it once and keep it.
    ///
    /// # Errors
    ///
    /// `UnknownField`; `InvalidName` for a tenant past its limits; `NotApproved` for a field that is, or was, deterministic where the
    /// back end is the FIPS module.
    pub fn field(&self, schema: &Schema, tenant: Option<&str>, field: &str) -> Result<FieldCipher> {
        FieldCipher::new(self, schema, tenant, schema.require_field(field)?)
    }
}

impl FieldCipher {
    pub(crate) fn new(keyring: &Keyring, schema: &Schema, tenant: Option<&str>, spec: &Arc<FieldSpec>) -> Result<Self> {
        let table = schema.table();
        let place = |field: &str| FieldContext::new(tenant, table, field);
        let binding = schema.binding_of(spec);
        let mut readings =
            vec![Reading { mode: spec.mode(), binding, keys: FieldKeys::new(spec.mode(), place(spec.id())?) }];
        for earlier in spec.reads_also() {
            let mode = earlier.mode.unwrap_or(spec.mode());
            readings.push(Reading {
                mode,
                binding: earlier.record_binding.unwrap_or(binding),
                keys: FieldKeys::new(mode, place(earlier.field.as_deref().unwrap_or(spec.id()))?),
            });
        }
        if readings.iter().any(|reading| reading.mode == Mode::Deterministic) {
            keyring.backend().refuse_unapproved(&format!("{}: AES-SIV", spec.name()))?;
        }
        let context = place(spec.id())?;
        let indexes = spec.indexes().iter().map(|index| BoundIndex::new(index, spec, &context)).collect();
        let metrics = keyring.metrics().field(table, spec.id());
        Ok(Self {
            inner: Arc::new(Inner {
                keyring: keyring.clone(),
                schema: schema.clone(),
                spec: Arc::clone(spec),
                readings,
                indexes,
                metrics,
                seen: AtomicU64::new(0),
            }),
        })
    }

    /// The field's declaration.
    #[must_use]
    pub fn spec(&self) -> &FieldSpec {
        &self.inner.spec
    }

    /// Whether the field binds the record's id.
    #[must_use]
    pub fn record_binding(&self) -> RecordBinding {
        match self.inner.readings.first() {
            Some(Reading { mode: Mode::Randomized, binding, .. }) => *binding,
            _ => RecordBinding::None,
        }
    }

    /// Encrypts a value under the current key. Null stays null; empty text and empty bytes are encrypted.
    ///
    /// `record` is the record's id where the schema binds one; deterministic fields do not bind it and take either.
    ///
    /// # Errors
    ///
    /// - `WrongType`: the value is not of the declared type; `ValueTooLong`: past 16 MiB.
    /// - `AlreadyEncrypted`: the text or bytes are an envelope of this keyring.
    /// - `RecordIdMissing`, `RecordIdUnexpected`, `RecordIdInvalid`: the record id does not fit the schema's binding, or has other parts.
    /// - `KeyringStale` (retryable): the keyring could not be refreshed within `max_staleness`.
    /// - `KeySuspended`, `KeyCompromised`, `KeyDestroyed`: the current version may not encrypt.
    /// - `RandomUnavailable` (retryable): the operating system gave no random bytes.
    pub fn encrypt(&self, value: Option<&Value>, record: RecordRef<'_>) -> Result<Stored> {
        let timer = self.inner.metrics.start(Operation::Encrypt);
        let result = self.encrypt_unmeasured(value, record);
        timer.finish(result.as_ref().map(|_| ()).map_err(Error::kind), value_len(value));
        result.map_err(|error| error.at(self.inner.spec.name()))
    }

    fn encrypt_unmeasured(&self, value: Option<&Value>, record: RecordRef<'_>) -> Result<Stored> {
        let Inner { keyring, spec, .. } = &*self.inner;
        let primary = self.primary()?;
        let record = self.check_record(primary, record)?;
        let Some(value) = value else { return Ok(Stored::Null) };
        if value.value_type() != spec.value_type() {
            return fail(ErrorCode::WrongType, format!("{} is declared {}", spec.name(), spec.value_type()));
        }
        let snapshot = keyring.for_encrypt()?;
        self.wipe_destroyed(&snapshot);
        refuse_envelope(value, &snapshot)?;
        let normalized;
        let value = match self.normalized(value)? {
            Some(text) => {
                normalized = text;
                &normalized
            }
            None => value,
        };
        let envelope = self.seal(primary, snapshot.current(snapshot.now)?, value, record)?;
        Ok(Stored::of(envelope, spec.stored_form()))
    }

    /// The envelope of `value` under `data_key`.
    fn seal(&self, reading: &Reading, data_key: &DataKey, value: &Value, record: RecordRef<'_>) -> Result<Vec<u8>> {
        let padding = self.inner.spec.padding();
        let header = Header { suite: reading.suite(), key_id: data_key.id() };
        let plaintext_len = value.encoded_len(padding)?;
        let key = reading.keys.of(&self.inner.keyring, data_key)?;
        let head = HEADER_LEN + if reading.mode == Mode::Randomized { xaes::NONCE_LEN } else { siv::SIV_LEN };
        let tail = if reading.mode == Mode::Randomized { xaes::TAG_LEN } else { 0 };
        let mut envelope = Vec::with_capacity(head + plaintext_len + tail);
        envelope.extend_from_slice(&header.to_bytes());
        envelope.resize(head, 0);
        let key = key.get()?;
        let sealed = value.encode_into(padding, &mut envelope).and_then(|()| match &**key {
            DerivedKey::Randomized(cipher) => {
                cipher.seal_in_place(randomized_associated_data(header, record).as_bytes(), &mut envelope, head)
            }
            DerivedKey::Deterministic(cipher) => cipher.seal_in_place(&header.to_bytes(), &mut envelope, head),
            DerivedKey::Index(_) => Err(Error::new(ErrorCode::Internal)),
        });
        if sealed.is_err() {
            // It may hold the plaintext.
            envelope.zeroize();
        }
        sealed.map(|()| envelope)
    }

    /// Decrypts a stored value. Null gives `None`.
    ///
    /// # Errors
    ///
    /// - `NotAnEnvelope`, `UnknownSuite`, `EnvelopeTruncated`, `EnvelopeTooLong`, `InvalidTextForm`: visible from outside.
    /// - `WrongStoredForm`: text where the field stores bytes, or the reverse. `SuiteNotAllowed`: another mode's envelope.
    /// - `KeyUnknown`: no such key, even after the keyring was read again. `KeySuspended`, `KeyCompromised`: use a keyring
    ///   handle opened with `allow`. `KeyDestroyed`: it cannot be read again.
    /// - `AuthenticationFailed`: tampered with, or moved here from another place. One opaque case.
    /// - `ValueMalformed`, `PaddingMalformed`, `WrongType`: authentic, but not a value of this field.
    /// - `RecordIdMissing`, `RecordIdUnexpected`, `RecordIdInvalid`: the record id does not fit the schema's binding, or has other parts.
    pub fn decrypt(&self, stored: StoredRef<'_>, record: RecordRef<'_>) -> Result<Option<Value>> {
        self.open(stored, record).map(|decrypted| decrypted.value)
    }

    /// [`Self::decrypt`], telling also which key it was and whether the value can be trusted.
    ///
    /// # Errors
    ///
    /// As [`Self::decrypt`].
    pub fn open(&self, stored: StoredRef<'_>, record: RecordRef<'_>) -> Result<Decrypted> {
        let opened = self.open_unlogged(stored, record)?;
        self.inner.keyring.audit_read(self.inner.schema.table(), self.inner.spec.name(), record);
        Ok(opened)
    }

    /// [`Self::open`] for records, which log themselves.
    pub(crate) fn open_unlogged(&self, stored: StoredRef<'_>, record: RecordRef<'_>) -> Result<Decrypted> {
        let timer = self.inner.metrics.start(Operation::Decrypt);
        let result = self.open_unmeasured(stored, record);
        timer.finish(result.as_ref().map(|_| ()).map_err(Error::kind), stored.len());
        result.map_err(|error| error.at(self.inner.spec.name()))
    }

    fn open_unmeasured(&self, stored: StoredRef<'_>, record: RecordRef<'_>) -> Result<Decrypted> {
        let Inner { keyring, spec, readings, .. } = &*self.inner;
        let decoded;
        let bytes = match (stored, spec.stored_form()) {
            (StoredRef::Null, _) => return Ok(Decrypted { value: None, key_id: None, is_trusted: true }),
            (StoredRef::Bytes(bytes), StoredForm::Bytes) => bytes,
            (StoredRef::Text(text), StoredForm::Text) => match decode_text(text) {
                Ok(envelope) => {
                    decoded = envelope;
                    decoded.as_slice()
                }
                Err(error) => return self.legacy(stored, error),
            },
            (StoredRef::Bytes(_) | StoredRef::Text(_), _) => {
                return self.legacy(stored, ErrorCode::WrongStoredForm.into());
            }
        };
        let envelope = match Envelope::parse(bytes) {
            Ok(envelope) => envelope,
            Err(error) => return self.legacy(stored, error),
        };
        let key_id = envelope.header.key_id;
        let primary = self.primary()?;
        let mut allowed = readings.iter().filter(|reading| reading.suite() == envelope.header.suite).peekable();
        if allowed.peek().is_none() {
            return Err(Error::new(ErrorCode::SuiteNotAllowed));
        }
        let snapshot = keyring.for_decrypt(key_id);
        self.wipe_destroyed(&snapshot);
        let data_key = snapshot.data_key(key_id).ok_or_else(|| unknown_key(key_id))?;
        let is_trusted = self.check_readable(data_key, snapshot.now)?;
        let mut refused = Error::new(ErrorCode::AuthenticationFailed);
        for reading in allowed {
            let is_primary = std::ptr::eq(reading, primary);
            let record = match self.check_record(reading, record) {
                Ok(record) => record,
                // The caller passes what the field binds today; an earlier reading takes what it bound.
                Err(error) if !is_primary && error.code() == ErrorCode::RecordIdUnexpected => None,
                Err(error) if is_primary => {
                    refused = error;
                    continue;
                }
                Err(_) => continue,
            };
            let key = reading.keys.of(keyring, data_key)?;
            let opened = match &**key.get()? {
                DerivedKey::Randomized(cipher) => {
                    cipher.open(randomized_associated_data(envelope.header, record).as_bytes(), envelope.sealed)
                }
                DerivedKey::Deterministic(cipher) => cipher.open(&envelope.header.to_bytes(), envelope.sealed),
                DerivedKey::Index(_) => return Err(Error::new(ErrorCode::Internal)),
            };
            let Ok(plaintext) = opened else { continue };
            let value = Value::decode_owned(plaintext)?;
            if value.value_type() != spec.value_type() {
                return fail(ErrorCode::WrongType, format!("{} is declared {}", spec.name(), spec.value_type()));
            }
            return Ok(Decrypted { value: Some(value), key_id: Some(key_id), is_trusted });
        }
        Err(refused)
    }

    /// A value of a legacy format that the field reads by name, or the refusal. Never after a failed authentication.
    fn legacy(&self, stored: StoredRef<'_>, refusal: Error) -> Result<Decrypted> {
        let spec = &self.inner.spec;
        let reads_plaintext = spec.accepts().contains(&LegacyFormat::Plaintext);
        let is_plaintext = refusal.code() == ErrorCode::NotAnEnvelope || refusal.code() == ErrorCode::WrongStoredForm;
        if !reads_plaintext || !is_plaintext || stored.is_envelope_like() {
            return Err(refusal);
        }
        let value = match (stored, spec.value_type()) {
            (StoredRef::Text(text), crate::ValueType::Text) => Value::Text(text.to_owned()),
            (StoredRef::Bytes(bytes), crate::ValueType::Bytes) => Value::Bytes(bytes.to_owned()),
            _ => return Err(refusal),
        };
        Ok(Decrypted { value: Some(value), key_id: None, is_trusted: false })
    }

    /// Whether the key's state lets it be read, and whether what it reads can be trusted.
    fn check_readable(&self, data_key: &DataKey, now: i64) -> Result<bool> {
        let keyring = &self.inner.keyring;
        let state = data_key.state(now);
        let code = match state {
            KeyState::PreActive | KeyState::Active | KeyState::Deactivated => return Ok(true),
            KeyState::Suspended | KeyState::Compromised if keyring.allows(state) => {
                self.inner.metrics.count_untrusted();
                return Ok(false);
            }
            KeyState::Suspended => ErrorCode::KeySuspended,
            KeyState::Compromised => ErrorCode::KeyCompromised,
            KeyState::Destroyed => ErrorCode::KeyDestroyed,
        };
        let refused = AuditEvent::new(EventName::UseRefused)
            .with("operation", "decrypt")
            .with("field", self.inner.spec.name())
            .with("key_id", data_key.id())
            .with("reason", code.as_str());
        keyring.audit(&refused);
        fail(code, format!("key {}", data_key.id()))
    }

    /// Wipes the handle's keys of versions that were destroyed since the last call.
    fn wipe_destroyed(&self, snapshot: &Snapshot) {
        if self.inner.seen.load(Ordering::Relaxed) != snapshot.serial() {
            for reading in &self.inner.readings {
                reading.keys.retain(|id| snapshot.data_key(id).is_some_and(|key| key.key().is_some()));
            }
            self.inner.seen.store(snapshot.serial(), Ordering::Relaxed);
        }
    }

    fn primary(&self) -> Result<&Reading> {
        self.inner.readings.first().ok_or_else(|| Error::new(ErrorCode::Internal))
    }

    /// What a field with `store = "normalized"` encrypts instead of `value`.
    fn normalized(&self, value: &Value) -> Result<Option<Value>> {
        match (self.inner.spec.store(), value) {
            (StoreForm::Normalized(normalizer), Value::Text(text)) => {
                Ok(Some(Value::Text(normalizer.normalize(text)?.to_string())))
            }
            _ => Ok(None),
        }
    }
}

impl fmt::Debug for FieldCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldCipher").field("field", &self.inner.spec.name()).finish_non_exhaustive()
    }
}

impl Reading {
    const fn suite(&self) -> Suite {
        match self.mode {
            Mode::Randomized => Suite::Randomized,
            Mode::Deterministic => Suite::Deterministic,
        }
    }
}

/// Refuses to encrypt what is an envelope of this keyring already, in either form.
fn refuse_envelope(value: &Value, snapshot: &Snapshot) -> Result<()> {
    let bytes = match value {
        Value::Text(text) => text.as_bytes(),
        Value::Bytes(bytes) => bytes,
        _ => return Ok(()),
    };
    // What can be neither form needs no look inside.
    if bytes.first().is_none_or(u8::is_ascii) && !bytes.starts_with(TEXT_PREFIX.as_bytes()) {
        return Ok(());
    }
    match inspect(bytes) {
        Ok(found) if snapshot.data_key(found.header.key_id).is_some() => Err(Error::new(ErrorCode::AlreadyEncrypted)),
        _ => Ok(()),
    }
}

fn unknown_key(key_id: KeyId) -> Error {
    Error::with_detail(ErrorCode::KeyUnknown, format!("key {key_id}"))
}

/// What the metrics count as bytes: the payload of text and bytes, nothing for the rest.
fn value_len(value: Option<&Value>) -> usize {
    match value {
        Some(Value::Text(text) | Value::Json(text)) => text.len(),
        Some(Value::Bytes(bytes)) => bytes.len(),
        _ => 0,
    }
}
