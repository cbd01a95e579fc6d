//! Encrypting columns.

use crate::column::{Column, RecordIds, StoredColumn};
use crate::envelope::{HEADER_LEN, Header, encode_text, inspect};
use crate::error::{Error, ErrorCode, Result};
use crate::field::{FieldCipher, Reading};
use crate::keyring::{DataKey, DerivedKey, Snapshot};
use crate::schema::{RecordBinding, StoreForm};
use crate::suite::xaes::{Batch, NONCE_LEN, TAG_LEN};
use crate::suite::{Scratch, Siv, gcm, siv};
use crate::value::{Date, Offset, Padding, Timestamp, ValueType, check_payload, encode_payload};

use super::{LONG, RowData, in_row};

/// What is encrypted, and against what.
struct Source<'a> {
    column: &'a Column<'a>,
    /// Whether its rows are known to be UTF-8.
    is_text: bool,
    snapshot: &'a Snapshot,
}

/// A row whose text waits for its group.
struct Pending {
    row: usize,
    /// Where its plaintext begins in the output, and how long it is.
    start: usize,
    len: usize,
    nonce: [u8; 12],
}

impl FieldCipher {
    pub(super) fn seal_column(
        &self,
        reading: &Reading,
        data_key: &DataKey,
        snapshot: &Snapshot,
        column: &Column<'_>,
        records: &RecordIds<'_>,
        output: &mut StoredColumn,
    ) -> Result<()> {
        let header = Header { suite: reading.suite(), key_id: data_key.id() };
        let is_text = match column {
            Column::Binary(column) => self.inner.spec.value_type() == ValueType::Text && column.is_text(),
            _ => false,
        };
        let source = Source { column, is_text, snapshot };
        let rows = column.rows();
        let bytes = if let Column::Binary(column) = column { column.bytes() } else { 0 };
        let padding = match self.inner.spec.padding() {
            Padding::None => 0,
            Padding::Block(block) => usize::from(block),
            Padding::Padme => 16,
        };
        // All the room at once: a buffer that grew would leave plaintext behind.
        output.clear(rows, bytes.saturating_add(bytes / 8).saturating_add(rows.saturating_mul(64 + padding)));
        let sealed = self.seal_rows(reading, data_key, header, &source, records, output);
        if sealed.is_err() {
            output.wipe();
        }
        sealed?;
        if self.is_text() {
            let bytes = std::mem::take(output);
            let bytes = bytes.as_column()?;
            output.clear(rows, bytes.bytes().saturating_mul(3) / 2);
            for row in 0..rows {
                let envelope = bytes.get(row);
                if let Some(envelope) = envelope {
                    output.data.extend_from_slice(encode_text(envelope).as_bytes());
                }
                output.end_row(envelope.is_some());
            }
        }
        Ok(())
    }

    fn seal_rows(
        &self,
        reading: &Reading,
        data_key: &DataKey,
        header: Header,
        source: &Source<'_>,
        records: &RecordIds<'_>,
        output: &mut StoredColumn,
    ) -> Result<()> {
        match &*reading.keys.of(&self.inner.keyring, data_key)? {
            DerivedKey::Randomized(cipher) => {
                let records = if reading.binding == RecordBinding::Required { *records } else { RecordIds::None };
                self.seal_randomized(cipher.batch()?, header, source, &records, output)
            }
            DerivedKey::Deterministic(cipher) => self.seal_deterministic(cipher, header, source, output),
            DerivedKey::Index(_) => Err(Error::new(ErrorCode::Internal)),
        }
    }

    fn seal_randomized(
        &self,
        mut batch: Batch,
        header: Header,
        source: &Source<'_>,
        records: &RecordIds<'_>,
        output: &mut StoredColumn,
    ) -> Result<()> {
        let mut group = Group::new(header, *records, &batch)?;
        let mut head = [0; HEADER_LEN + NONCE_LEN];
        for row in 0..source.column.rows() {
            let nonce = batch.next_nonce();
            let (place, rest) = head.split_at_mut(HEADER_LEN);
            place.copy_from_slice(&header.to_bytes());
            rest.copy_from_slice(&nonce);
            output.data.extend_from_slice(&head);
            let start = output.data.len();
            let is_valid = self.append_plaintext(source, row, &mut output.data);
            if !is_valid.map_err(|error| in_row(&error, row))? {
                output.data.truncate(start - head.len());
                output.end_row(false);
                continue;
            }
            let len = output.data.len() - start;
            output.data.resize(start + len + TAG_LEN, 0);
            output.end_row(true);
            let (_, nonce) = crate::suite::xaes::split(&nonce)?;
            let pending = Pending { row, start, len, nonce };
            match len > LONG {
                true => group.seal_long(&batch, &pending, &mut output.data)?,
                false => group.pending.push(pending),
            }
            if group.pending.len() == gcm::GROUP {
                group.seal(&batch, &mut output.data)?;
            }
        }
        group.seal(&batch, &mut output.data)
    }

    fn seal_deterministic(
        &self,
        cipher: &Siv,
        header: Header,
        source: &Source<'_>,
        output: &mut StoredColumn,
    ) -> Result<()> {
        let associated_data = header.to_bytes();
        let (mut pending, mut ivs, mut scratch) = (Vec::with_capacity(siv::GROUP), Vec::new(), Scratch::default());
        let mut flush = |pending: &mut Vec<(usize, usize)>, data: &mut [u8]| {
            let mut rest = data;
            let mut at = 0;
            let (mut slots, mut messages) = (Vec::with_capacity(pending.len()), Vec::with_capacity(pending.len()));
            for (start, len) in pending.drain(..) {
                let (_, tail) = std::mem::take(&mut rest)
                    .split_at_mut_checked(start - siv::SIV_LEN - at)
                    .ok_or(ErrorCode::Internal)?;
                let (slot, tail) = tail.split_at_mut_checked(siv::SIV_LEN).ok_or(ErrorCode::Internal)?;
                let (message, tail) = tail.split_at_mut_checked(len).ok_or(ErrorCode::Internal)?;
                slots.push(slot);
                messages.push(message);
                rest = tail;
                at = start + len;
            }
            cipher.seal_group(&associated_data, &mut messages, &mut ivs, &mut scratch);
            for (slot, iv) in slots.into_iter().zip(&ivs) {
                slot.copy_from_slice(iv);
            }
            Ok::<(), Error>(())
        };
        for row in 0..source.column.rows() {
            let before = output.data.len();
            output.data.extend_from_slice(&associated_data);
            output.data.extend_from_slice(&[0; siv::SIV_LEN]);
            let start = output.data.len();
            let is_valid = self.append_plaintext(source, row, &mut output.data);
            if !is_valid.map_err(|error| in_row(&error, row))? {
                output.data.truncate(before);
                output.end_row(false);
                continue;
            }
            let len = output.data.len() - start;
            output.end_row(true);
            match len > LONG {
                // Alone: a group's working space holds its blocks.
                true => flush(&mut vec![(start, len)], &mut output.data)?,
                false => pending.push((start, len)),
            }
            if pending.len() == siv::GROUP {
                flush(&mut pending, &mut output.data)?;
            }
        }
        flush(&mut pending, &mut output.data)
    }

    /// Appends the plaintext of a row; false, and nothing appended, for null.
    fn append_plaintext(&self, source: &Source<'_>, row: usize, data: &mut Vec<u8>) -> Result<bool> {
        let Source { column, is_text, snapshot } = source;
        let spec = &self.inner.spec;
        let (kind, padding) = (spec.value_type(), spec.padding());
        let is_null = |validity: &Option<crate::Validity<'_>>| validity.is_some_and(|validity| !validity.is_valid(row));
        match column {
            Column::Binary(column) => {
                let Some(payload) = column.get(row) else { return Ok(false) };
                if !is_text {
                    check_payload(kind, payload)?;
                }
                let could_be = matches!(payload, [0x81 | 0x82, ..] | [b'f', b'w', ..]);
                if could_be
                    && kind != ValueType::Json
                    && inspect(payload).is_ok_and(|found| snapshot.data_key(found.header.key_id).is_some())
                {
                    return Err(Error::new(ErrorCode::AlreadyEncrypted));
                }
                match spec.store() {
                    StoreForm::Normalized(normalizer) => {
                        let text = std::str::from_utf8(payload).map_err(|_| Error::new(ErrorCode::InvalidText))?;
                        encode_payload(kind, normalizer.normalize(text)?.as_bytes(), padding, data)?;
                    }
                    StoreForm::Exact => encode_payload(kind, payload, padding, data)?,
                }
            }
            Column::I64(_, validity)
            | Column::F64(_, validity)
            | Column::Bool(_, validity)
            | Column::Date(_, validity)
            | Column::Timestamp(_, _, validity)
                if is_null(validity) =>
            {
                return Ok(false);
            }
            Column::I64(values, _) => {
                encode_payload(kind, &values.get(row).copied().unwrap_or_default().to_be_bytes(), padding, data)?;
            }
            Column::F64(values, _) => {
                let bits = values.get(row).copied().unwrap_or_default().to_bits();
                encode_payload(kind, &bits.to_be_bytes(), padding, data)?;
            }
            Column::Bool(values, _) => {
                encode_payload(kind, &[u8::from(values.get(row).copied().unwrap_or_default())], padding, data)?;
            }
            Column::Date(days, _) => {
                let date = Date::from_unix_days(days.get(row).copied().unwrap_or_default())?;
                encode_payload(kind, &crate::Value::Date(date).payload(), padding, data)?;
            }
            Column::Timestamp(times, unit, _) => {
                let digits = unit.digits();
                let a_second = 10_i64.pow(u32::from(digits));
                let time = times.get(row).copied().unwrap_or_default();
                let fraction = time.rem_euclid(a_second) * (1_000_000_000 / a_second);
                let fraction = u32::try_from(fraction).map_err(|_| Error::new(ErrorCode::Internal))?;
                let time = Timestamp::new(time.div_euclid(a_second), fraction, digits, Offset::Utc)?;
                encode_payload(kind, &crate::Value::Timestamp(time).payload(), padding, data)?;
            }
        }
        Ok(true)
    }
}

/// Rows of a randomized column on their way.
struct Group<'a> {
    data: RowData<'a>,
    /// The state of the associated data that every row has, or of each row's own.
    absorbed: Vec<gcm::Absorbed>,
    pending: Vec<Pending>,
    tags: Vec<[u8; TAG_LEN]>,
    scratch: Scratch,
}

impl<'a> Group<'a> {
    fn new(header: Header, records: RecordIds<'a>, batch: &Batch) -> Result<Self> {
        let mut data = RowData::new(header, records);
        let mut absorbed = Vec::with_capacity(gcm::GROUP);
        if !data.differs() {
            absorbed.push(batch.short.absorb(data.of(0)?));
        }
        let pending = Vec::with_capacity(gcm::GROUP);
        Ok(Self { data, absorbed, pending, tags: Vec::new(), scratch: Scratch::default() })
    }

    fn seal(&mut self, batch: &Batch, data: &mut [u8]) -> Result<()> {
        let Self { data: row_data, absorbed, pending, tags, scratch } = self;
        let differs = row_data.differs();
        if differs {
            absorbed.clear();
            for pending in pending.iter() {
                absorbed
                    .push(batch.short.absorb(row_data.of(pending.row).map_err(|error| in_row(&error, pending.row))?));
            }
        }
        let (mut messages, mut slots) = (Vec::with_capacity(pending.len()), Vec::with_capacity(pending.len()));
        let (mut rest, mut at) = (data, 0);
        for (number, pending) in pending.iter().enumerate() {
            let (_, tail) =
                std::mem::take(&mut rest).split_at_mut_checked(pending.start - at).ok_or(ErrorCode::Internal)?;
            let (text, tail) = tail.split_at_mut_checked(pending.len).ok_or(ErrorCode::Internal)?;
            let (slot, tail) = tail.split_at_mut_checked(TAG_LEN).ok_or(ErrorCode::Internal)?;
            let absorbed = absorbed.get(if differs { number } else { 0 }).ok_or(ErrorCode::Internal)?;
            messages.push(gcm::Message { nonce: pending.nonce, absorbed, text });
            slots.push(slot);
            rest = tail;
            at = pending.start + pending.len + TAG_LEN;
        }
        batch.short.seal_group(&mut messages, tags, scratch);
        for (slot, tag) in slots.into_iter().zip(tags.iter()) {
            slot.copy_from_slice(tag);
        }
        pending.clear();
        Ok(())
    }

    fn seal_long(&mut self, batch: &Batch, pending: &Pending, data: &mut [u8]) -> Result<()> {
        let end = pending.start + pending.len;
        let text = data.get_mut(pending.start..end).ok_or(ErrorCode::Internal)?;
        let associated_data = self.data.of(pending.row).map_err(|error| in_row(&error, pending.row))?;
        let tag = batch.seal_long(pending.nonce, associated_data, text)?;
        data.get_mut(end..end + TAG_LEN).ok_or(ErrorCode::Internal)?.copy_from_slice(&tag);
        Ok(())
    }
}
