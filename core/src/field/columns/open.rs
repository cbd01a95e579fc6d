//! Decrypting columns.

use std::sync::Arc;

use zeroize::{Zeroize, Zeroizing};

use crate::column::{BinaryColumn, DecryptedColumn, OnFailure, RecordIds, RowFailure, StoredColumn, ValueColumn};
use crate::envelope::{Envelope, Header, KeyId, decode_text};
use crate::error::{Error, ErrorCode, Result, fail};
use crate::field::{FieldCipher, Reading, StoredRef};
use crate::keyring::{DerivedKey, KeyState, Snapshot};
use crate::schema::{Mode, RecordBinding};
use crate::suite::xaes::{Batch, NONCE_LEN, PREFIX_LEN, TAG_LEN};
use crate::suite::{Scratch, gcm, siv};
use crate::value::{Value, ValueType, check_payload, decode_payload};

use super::{LONG, RowData, check_records, in_row};

/// A row on its way out. Rows leave in order, so those that need no cipher wait too.
enum Item {
    Null,
    /// Read alone: a legacy value, an earlier reading, a key that needs a name, a failure.
    Alone(Result<(Option<Value>, bool)>),
    /// In the working buffer: where, its vector or the last 16 bytes of its nonce, its tag.
    Sealed {
        start: usize,
        len: usize,
        nonce: [u8; 16],
        tag: [u8; TAG_LEN],
    },
}

/// What rows of one group share.
struct Shared<'a> {
    data: RowData<'a>,
    key_id: KeyId,
    prefix: [u8; PREFIX_LEN],
    key: Arc<DerivedKey>,
    batch: Option<Batch>,
}

impl FieldCipher {
    pub(super) fn open_column(
        &self,
        stored: &BinaryColumn<'_>,
        records: &RecordIds<'_>,
        on_failure: OnFailure,
        base: usize,
    ) -> Result<DecryptedColumn> {
        let reading = self.primary()?;
        if let Err(error) = check_records(reading, records, stored.rows()) {
            // An earlier reading may bind what the present one does not; the rows then say so one by one.
            if error.code() == ErrorCode::InvalidArgument || self.inner.readings.len() == 1 {
                return Err(error);
            }
        }
        let mut opening = Opening {
            cipher: self,
            reading,
            stored,
            records,
            on_failure,
            base,
            shared: None,
            first_row: 0,
            items: Vec::with_capacity(gcm::GROUP),
            // Room for the fullest group of short rows: it never grows while it holds what was decrypted.
            work: Zeroizing::new(Vec::with_capacity(stored.bytes().min(gcm::GROUP * LONG))),
            sink: Sink::new(self.inner.spec.value_type(), stored.rows(), stored.bytes()),
            failures: Vec::new(),
            untrusted: 0,
            absorbed: Vec::new(),
            tags: Vec::new(),
            is_authentic: Vec::new(),
            scratch: Scratch::default(),
        };
        for row in 0..stored.rows() {
            opening.take(row)?;
        }
        opening.flush()?;
        let Opening { sink, failures, untrusted, .. } = opening;
        Ok(DecryptedColumn { values: sink.values, failures, untrusted_rows: untrusted })
    }
}

struct Opening<'a> {
    cipher: &'a FieldCipher,
    reading: &'a Reading,
    stored: &'a BinaryColumn<'a>,
    records: &'a RecordIds<'a>,
    on_failure: OnFailure,
    /// The number of the first row in the caller's column.
    base: usize,
    shared: Option<Shared<'a>>,
    /// The row of the first item.
    first_row: usize,
    items: Vec<Item>,
    /// Ciphertexts, decrypted in place; wiped.
    work: Zeroizing<Vec<u8>>,
    sink: Sink,
    failures: Vec<RowFailure>,
    untrusted: u64,
    /// What each sealed row binds, where rows differ; else what all of them do.
    absorbed: Vec<gcm::Absorbed>,
    tags: Vec<[u8; TAG_LEN]>,
    is_authentic: Vec<bool>,
    scratch: Scratch,
}

impl<'a> Opening<'a> {
    /// Reads a row's outside and puts it into a group.
    fn take(&mut self, row: usize) -> Result<()> {
        let Some(bytes) = self.stored.get(row) else {
            self.items.push(Item::Null);
            return self.flush_if_full();
        };
        let decoded;
        let parsed = match self.cipher.is_text() {
            false => Envelope::parse(bytes),
            true => match std::str::from_utf8(bytes).map(decode_text) {
                Ok(Ok(envelope)) => {
                    decoded = envelope;
                    Envelope::parse(&decoded)
                }
                Ok(Err(error)) => Err(error),
                Err(_) => Err(ErrorCode::NotAnEnvelope.into()),
            },
        };
        let envelope = match parsed {
            Ok(envelope) if envelope.header.suite == self.reading.suite() => envelope,
            _ => return self.take_alone(row),
        };
        if !self.share(envelope.header, envelope.sealed)? {
            return self.take_alone(row);
        }
        if envelope.sealed.len() > LONG {
            // Alone in its group: its working space is its own length, wiped before it grows.
            self.flush()?;
            if self.work.capacity() < envelope.sealed.len() {
                self.work.zeroize();
                self.work.reserve(envelope.sealed.len());
            }
        }
        let absorbed = match &mut self.shared {
            Some(Shared { data, batch: Some(batch), .. }) if data.differs() => match data.of(row) {
                Ok(data) => Some(batch.short.absorb(data)),
                Err(_) => return self.take_alone(row),
            },
            _ => None,
        };
        self.absorbed.extend(absorbed);
        let start = self.work.len();
        let item = match self.reading.mode {
            Mode::Randomized => {
                let Some((nonce, rest)) = envelope.sealed.split_first_chunk::<NONCE_LEN>() else {
                    return self.take_alone(row);
                };
                let Some((text, tag)) = rest.split_last_chunk::<TAG_LEN>() else { return self.take_alone(row) };
                self.work.extend_from_slice(text);
                let own = nonce.last_chunk::<16>().copied().unwrap_or_default();
                Item::Sealed { start, len: text.len(), nonce: own, tag: *tag }
            }
            Mode::Deterministic => {
                let Some((iv, text)) = envelope.sealed.split_first_chunk::<{ siv::SIV_LEN }>() else {
                    return self.take_alone(row);
                };
                self.work.extend_from_slice(text);
                Item::Sealed { start, len: text.len(), nonce: *iv, tag: [0; TAG_LEN] }
            }
        };
        let is_long = envelope.sealed.len() > LONG;
        self.items.push(item);
        if is_long { self.flush() } else { self.flush_if_full() }
    }

    /// Has the group's key be that of this envelope; false if it cannot be read in a group.
    fn share(&mut self, header: Header, sealed: &[u8]) -> Result<bool> {
        let prefix = match self.reading.mode {
            Mode::Randomized => sealed.first_chunk::<PREFIX_LEN>().copied().unwrap_or_default(),
            Mode::Deterministic => [0; PREFIX_LEN],
        };
        if self.shared.as_ref().is_some_and(|shared| shared.key_id == header.key_id && shared.prefix == prefix) {
            return Ok(true);
        }
        let keyring = &self.cipher.inner.keyring;
        let snapshot = keyring.for_decrypt(header.key_id);
        self.cipher.wipe_destroyed(&snapshot);
        let Some(key) = readable(&snapshot, header.key_id, snapshot.now) else { return Ok(false) };
        let key = self.reading.keys.of(keyring, key)?;
        self.flush()?;
        let batch = match &*key {
            DerivedKey::Randomized(cipher) => Some(cipher.batch_of(prefix)),
            _ => None,
        };
        let binds = self.reading.mode == Mode::Randomized && self.reading.binding == RecordBinding::Required;
        let data = RowData::new(header, if binds { *self.records } else { RecordIds::None });
        self.shared = Some(Shared { data, key_id: header.key_id, prefix, key, batch });
        Ok(true)
    }

    fn take_alone(&mut self, row: usize) -> Result<()> {
        let bytes = self.stored.get(row).unwrap_or_default();
        let stored = match (self.cipher.is_text(), std::str::from_utf8(bytes)) {
            (true, Ok(text)) => StoredRef::Text(text),
            _ => StoredRef::Bytes(bytes),
        };
        let opened = self.records.get(row).and_then(|record| self.cipher.open_unmeasured(stored, record.as_ref()));
        self.items.push(Item::Alone(opened.map(|opened| (opened.value, opened.is_trusted))));
        self.flush_if_full()
    }

    fn flush_if_full(&mut self) -> Result<()> {
        if self.items.len() >= gcm::GROUP { self.flush() } else { Ok(()) }
    }

    /// Opens the group and lets its rows out, in order.
    fn flush(&mut self) -> Result<()> {
        self.open_group()?;
        let (mut items, is_authentic) = (std::mem::take(&mut self.items), std::mem::take(&mut self.is_authentic));
        let mut authentic = is_authentic.iter().copied();
        for (at, item) in items.drain(..).enumerate() {
            let row = self.first_row + at;
            let outcome = match item {
                Item::Null => self.sink.null(),
                Item::Alone(Ok((value, is_trusted))) => {
                    self.untrusted += u64::from(!is_trusted);
                    self.sink.value(value)
                }
                Item::Alone(Err(error)) => Err(error),
                Item::Sealed { start, len, .. } => match authentic.next() {
                    Some(true) => {
                        let plaintext = self.work.get(start..start + len).unwrap_or_default();
                        self.sink.plaintext(plaintext)
                    }
                    // The one data key, but an earlier reading of it.
                    _ if self.cipher.inner.readings.len() > 1 => self.again_alone(row),
                    _ => Err(Error::new(ErrorCode::AuthenticationFailed)),
                },
            };
            match (outcome, self.on_failure) {
                (Ok(()), _) => {}
                (Err(error), OnFailure::Refuse) => return Err(in_row(&error, self.base + row)),
                (Err(error), OnFailure::Report) => {
                    self.failures.push(RowFailure { row: self.base + row, error });
                    self.sink.null()?;
                }
            }
        }
        self.first_row = self.sink.rows();
        self.work.clear();
        self.absorbed.clear();
        // Their memory is used again.
        (self.items, self.is_authentic) = (items, is_authentic);
        Ok(())
    }

    fn again_alone(&mut self, row: usize) -> Result<()> {
        let bytes = self.stored.get(row).unwrap_or_default();
        let stored = match (self.cipher.is_text(), std::str::from_utf8(bytes)) {
            (true, Ok(text)) => StoredRef::Text(text),
            _ => StoredRef::Bytes(bytes),
        };
        let opened = self.cipher.open_unmeasured(stored, self.records.get(row)?.as_ref())?;
        self.untrusted += u64::from(!opened.is_trusted);
        self.sink.value(opened.value)
    }

    /// Decrypts what waits in the working buffer; fills `is_authentic`, one for each sealed item.
    fn open_group(&mut self) -> Result<()> {
        self.is_authentic.clear();
        let Some(shared) = &mut self.shared else { return Ok(()) };
        let header = Header { suite: self.reading.suite(), key_id: shared.key_id };
        let sealed = self.items.iter().enumerate().filter_map(|(at, item)| match item {
            Item::Sealed { start, len, nonce, tag } => Some((self.first_row + at, *start, *len, *nonce, *tag)),
            _ => None,
        });
        let sealed: Vec<_> = sealed.collect();
        let mut texts = Vec::with_capacity(sealed.len());
        let (mut rest, mut at) = (self.work.as_mut_slice(), 0);
        for (_, start, len, _, _) in &sealed {
            let (_, tail) = std::mem::take(&mut rest).split_at_mut_checked(start - at).ok_or(ErrorCode::Internal)?;
            let (text, tail) = tail.split_at_mut_checked(*len).ok_or(ErrorCode::Internal)?;
            texts.push(text);
            rest = tail;
            at = start + len;
        }
        match (&*shared.key, &shared.batch) {
            (DerivedKey::Deterministic(cipher), _) => {
                let ivs: Vec<[u8; 16]> = sealed.iter().map(|(_, _, _, iv, _)| *iv).collect();
                self.is_authentic = cipher.open_group(&header.to_bytes(), &ivs, &mut texts, &mut self.scratch);
            }
            (DerivedKey::Randomized(_), Some(batch)) => {
                if let ([(row, _, len, nonce, tag)], [text]) = (sealed.as_slice(), texts.as_mut_slice())
                    && *len > LONG
                {
                    let nonce = nonce.last_chunk::<12>().copied().unwrap_or_default();
                    self.is_authentic.push(batch.open_long(nonce, shared.data.of(*row)?, text, *tag));
                    return Ok(());
                }
                let differs = shared.data.differs();
                if !differs && self.absorbed.is_empty() {
                    self.absorbed.push(batch.short.absorb(shared.data.of(0)?));
                }
                let of = |number: usize| if differs { number } else { 0 };
                let mut messages = Vec::with_capacity(sealed.len());
                self.tags.clear();
                for (number, ((_, _, _, nonce, tag), text)) in sealed.iter().zip(texts).enumerate() {
                    let nonce = nonce.last_chunk::<12>().copied().unwrap_or_default();
                    let absorbed = self.absorbed.get(of(number)).ok_or(ErrorCode::Internal)?;
                    messages.push(gcm::Message { nonce, absorbed, text });
                    self.tags.push(*tag);
                }
                batch.short.open_group(&mut messages, &self.tags, &mut self.is_authentic, &mut self.scratch);
            }
            _ => return fail(ErrorCode::Internal, "a group without a key"),
        }
        Ok(())
    }
}

/// The key, if every handle may read under it.
fn readable(snapshot: &Snapshot, id: KeyId, now: i64) -> Option<&crate::keyring::DataKey> {
    let key = snapshot.data_key(id)?;
    matches!(key.state(now), KeyState::PreActive | KeyState::Active | KeyState::Deactivated).then_some(key)
}

/// Where decrypted rows go.
struct Sink {
    kind: ValueType,
    values: ValueColumn,
}

impl Sink {
    fn new(kind: ValueType, rows: usize, bytes: usize) -> Self {
        let values = match kind {
            ValueType::Text | ValueType::Bytes | ValueType::Json | ValueType::Uuid => {
                let mut column = StoredColumn::new();
                column.clear(rows, bytes);
                ValueColumn::Binary(column)
            }
            ValueType::I64 => ValueColumn::I64(Vec::with_capacity(rows), Vec::with_capacity(rows)),
            ValueType::F64 => ValueColumn::F64(Vec::with_capacity(rows), Vec::with_capacity(rows)),
            ValueType::Bool => ValueColumn::Bool(Vec::with_capacity(rows), Vec::with_capacity(rows)),
            ValueType::Date => ValueColumn::Date(Vec::with_capacity(rows), Vec::with_capacity(rows)),
            ValueType::Timestamp | ValueType::Decimal => ValueColumn::Values(Vec::with_capacity(rows)),
        };
        Self { kind, values }
    }

    fn rows(&self) -> usize {
        match &self.values {
            ValueColumn::Binary(column) => column.rows(),
            ValueColumn::I64(_, valid)
            | ValueColumn::F64(_, valid)
            | ValueColumn::Bool(_, valid)
            | ValueColumn::Date(_, valid) => valid.len(),
            ValueColumn::Values(values) => values.len(),
        }
    }

    fn null(&mut self) -> Result<()> {
        self.value(None)
    }

    /// An authenticated plaintext.
    fn plaintext(&mut self, plaintext: &[u8]) -> Result<()> {
        let (kind, payload) = decode_payload(plaintext)?;
        if kind != self.kind {
            return Err(Error::new(ErrorCode::WrongType));
        }
        if let ValueColumn::Binary(column) = &mut self.values {
            check_payload(kind, payload).map_err(|_| Error::new(ErrorCode::ValueMalformed))?;
            column.data.extend_from_slice(payload);
            column.end_row(true);
            return Ok(());
        }
        self.value(Some(Value::decode(plaintext)?))
    }

    fn value(&mut self, value: Option<Value>) -> Result<()> {
        match (&mut self.values, value) {
            (ValueColumn::Values(values), value) => values.push(value),
            (ValueColumn::Binary(column), None) => column.end_row(false),
            (ValueColumn::Binary(column), Some(value)) => {
                column.data.extend_from_slice(&value.payload());
                column.end_row(true);
            }
            (ValueColumn::I64(values, valid), value) => {
                valid.push(value.is_some());
                values.push(if let Some(Value::I64(number)) = value { number } else { 0 });
            }
            (ValueColumn::F64(values, valid), value) => {
                valid.push(value.is_some());
                values.push(if let Some(Value::F64(number)) = value { number } else { 0.0 });
            }
            (ValueColumn::Bool(values, valid), value) => {
                valid.push(value.is_some());
                values.push(matches!(value, Some(Value::Bool(true))));
            }
            (ValueColumn::Date(values, valid), value) => {
                valid.push(value.is_some());
                values.push(if let Some(Value::Date(date)) = value { date.unix_days() } else { 0 });
            }
        }
        Ok(())
    }
}
