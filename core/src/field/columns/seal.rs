//! Encrypting columns.

use crate::column::{Column, RecordIds, StoredColumn};
use crate::envelope::{HEADER_LEN, Header, encode_text};
use crate::error::{Error, ErrorCode, Result};
use crate::field::{FieldCipher, Reading};
use crate::keyring::{DataKey, DerivedKey, Snapshot};
use crate::schema::RecordBinding;
use crate::suite::siv::SIV_LEN;
use crate::suite::xaes::{Batch, NONCE_LEN, TAG_LEN};
use crate::suite::{Beside, Group, Randomized, SHORT, Siv};
use crate::value::Padding;

use super::plaintext::Plaintexts;
use super::{RowData, in_row};

/// Bytes of a randomized envelope before its text, and after it.
const HEAD_LEN: usize = HEADER_LEN + NONCE_LEN;
/// Bytes of a deterministic envelope before its text.
const SIV_HEAD_LEN: usize = HEADER_LEN + SIV_LEN;

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
        let mut plaintexts = Plaintexts::new(&self.inner.spec, column, snapshot);
        output.clear(column.rows(), self.room(column));
        let key = reading.keys.of(&self.inner.keyring, data_key)?;
        let sealed = match &**key.get()? {
            DerivedKey::Randomized(cipher) => {
                let records = if reading.binding == RecordBinding::Required { *records } else { RecordIds::None };
                seal_randomized(cipher, header, &mut plaintexts, records, output)
            }
            DerivedKey::Deterministic(cipher) => seal_deterministic(cipher, header, &mut plaintexts, output),
            DerivedKey::Index(_) => Err(Error::new(ErrorCode::Internal)),
        };
        if sealed.is_err() {
            output.wipe();
        }
        sealed?;
        if self.is_text() { as_text(output) } else { Ok(()) }
    }

    /// About how many bytes the envelopes of a column take.
    fn room(&self, column: &Column<'_>) -> usize {
        let bytes = if let Column::Binary(column) = column { column.bytes() } else { 0 };
        let padding = match self.inner.spec.padding() {
            Padding::None => 0,
            Padding::Block(block) => usize::from(block),
            Padding::Padme => 16,
        };
        bytes.saturating_add(bytes / 8).saturating_add(column.rows().saturating_mul(64 + padding))
    }
}

/// Turns envelopes into their text form.
fn as_text(output: &mut StoredColumn) -> Result<()> {
    let bytes = std::mem::take(output);
    let bytes = bytes.as_column()?;
    output.clear(bytes.rows(), bytes.bytes().saturating_mul(3) / 2);
    for row in 0..bytes.rows() {
        let envelope = bytes.get(row);
        if let Some(envelope) = envelope {
            output.data.extend_from_slice(encode_text(envelope).as_bytes());
        }
        output.end_row(envelope.is_some());
    }
    Ok(())
}

fn seal_randomized(
    cipher: &Randomized,
    header: Header,
    plaintexts: &mut Plaintexts<'_>,
    records: RecordIds<'_>,
    output: &mut StoredColumn,
) -> Result<()> {
    let mut row_data = RowData::new(header, records);
    let shared = row_data.shared()?;
    let mut sealing = Sealing::new(cipher.batch(shared.as_slice().into())?, header, plaintexts.rows());
    for row in 0..plaintexts.rows() {
        let place = |error: Error| in_row(&error, row);
        let Some((head, rest)) = plaintexts.of(row).map_err(place)? else {
            output.push_null();
            continue;
        };
        let own = row_data.own(row, shared.len()).map_err(place)?;
        if sealing.takes(rest, own, output)? {
            sealing.push(head, rest, own);
        } else {
            sealing.seal_long(head, rest, row_data.of(row)?, output)?;
        }
        output.push_row(HEAD_LEN + 1 + rest.len() + TAG_LEN);
    }
    sealing.flush(output)
}

/// Rows of a randomized column on their way.
struct Sealing {
    batch: Batch,
    /// Header and nonce, without the counter.
    head: [u8; HEAD_LEN],
    group: Group,
    /// Bytes of the envelopes in the group.
    waiting: usize,
}

impl Sealing {
    fn new(batch: Batch, header: Header, rows: usize) -> Self {
        let mut head = [0; HEAD_LEN];
        for (place, byte) in head.iter_mut().zip(header.to_bytes().iter().chain(&batch.prefix)) {
            *place = *byte;
        }
        Self { batch, head, group: Group::new(rows), waiting: 0 }
    }

    /// Whether a row has room in the group, which is let out first where it is full.
    fn takes(&mut self, rest: &[u8], own: &[u8], output: &mut StoredColumn) -> Result<bool> {
        let len = rest.len() + 1;
        if self.group.takes(len, own.len()) {
            return Ok(true);
        }
        self.flush(output)?;
        Ok(self.group.takes(len, own.len()))
    }

    fn push(&mut self, head: u8, rest: &[u8], own: &[u8]) {
        let nonce = self.batch.next_counter();
        self.group.push_gcm_plain(&Beside { shared: self.batch.short.shared(), own, nonce }, head, rest);
        self.waiting += HEAD_LEN + 1 + rest.len() + TAG_LEN;
    }

    /// Lets the group through the cipher and writes its envelopes.
    fn flush(&mut self, output: &mut StoredColumn) -> Result<()> {
        let start = output.data.len();
        output.data.resize(start + std::mem::take(&mut self.waiting), 0);
        let mut rest = output.data.get_mut(start..).unwrap_or_default();
        let head = self.head;
        self.batch.short.seal(&mut self.group, |nonce, text, tag| {
            let row = rest.split_off_mut(..HEAD_LEN + text.len() + TAG_LEN).ok_or(ErrorCode::Internal)?;
            write_head(row, &head, nonce).ok_or(ErrorCode::Internal)?;
            // Whole blocks, the last of which ends where the tag is written after it.
            text.write(row, HEAD_LEN).ok_or(ErrorCode::Internal)?;
            *row.last_chunk_mut().ok_or(ErrorCode::Internal)? = tag;
            Ok::<(), ErrorCode>(())
        })?;
        Ok(())
    }

    /// Encrypts one row alone, after the group.
    fn seal_long(&mut self, head: u8, rest: &[u8], associated_data: &[u8], output: &mut StoredColumn) -> Result<()> {
        let start = output.data.len();
        let nonce = self.batch.next_counter();
        output.data.extend_from_slice(&self.head);
        let place = output.data.get_mut(start..).unwrap_or_default();
        write_head(place, &self.head, nonce).ok_or(ErrorCode::Internal)?;
        output.data.push(head);
        output.data.extend_from_slice(rest);
        let text = output.data.get_mut(start + HEAD_LEN..).ok_or(ErrorCode::Internal)?;
        let tag = self.batch.seal_long(nonce, associated_data, text)?;
        output.data.extend_from_slice(&tag);
        Ok(())
    }
}

/// Writes header, prefix and counter.
#[inline]
fn write_head(row: &mut [u8], head: &[u8; HEAD_LEN], nonce: u128) -> Option<()> {
    *row.first_chunk_mut::<16>()? = *head.first_chunk()?;
    // The last bytes of the prefix and the counter are one number.
    let (place, _) = row.get_mut(HEAD_LEN - 16..)?.split_first_chunk_mut::<16>()?;
    *place = (u128::from_be_bytes(*head.last_chunk()?) | nonce).to_be_bytes();
    Some(())
}

fn seal_deterministic(
    cipher: &Siv,
    header: Header,
    plaintexts: &mut Plaintexts<'_>,
    output: &mut StoredColumn,
) -> Result<()> {
    let header = header.to_bytes();
    let mut group = Group::new(plaintexts.rows());
    let mut waiting = 0;
    for row in 0..plaintexts.rows() {
        let Some((head, rest)) = plaintexts.of(row).map_err(|error| in_row(&error, row))? else {
            output.push_null();
            continue;
        };
        let len = rest.len() + 1;
        if !group.takes(len, 0) {
            seal_siv_group(cipher, &header, &mut group, std::mem::take(&mut waiting), output)?;
        }
        if len <= SHORT {
            group.push_siv_plain(head, rest);
            waiting += SIV_HEAD_LEN + len;
        } else {
            seal_siv_group(cipher, &header, &mut group, std::mem::take(&mut waiting), output)?;
            output.data.extend_from_slice(&header);
            output.data.extend_from_slice(&[0; SIV_LEN]);
            let start = output.data.len();
            output.data.push(head);
            output.data.extend_from_slice(rest);
            cipher.seal_in_place(&header, &mut output.data, start)?;
        }
        output.push_row(SIV_HEAD_LEN + len);
    }
    seal_siv_group(cipher, &header, &mut group, waiting, output)
}

/// Lets a group through the cipher and writes its envelopes, so many bytes.
fn seal_siv_group(
    cipher: &Siv,
    header: &[u8; HEADER_LEN],
    group: &mut Group,
    bytes: usize,
    output: &mut StoredColumn,
) -> Result<()> {
    let start = output.data.len();
    // Texts are written in whole blocks, each over the end of the one before it.
    output.data.resize(start + bytes + 15, 0);
    let mut at = start;
    let data = &mut output.data;
    cipher.seal_group(header, group, |iv, text| {
        let row = data.get_mut(at..).ok_or(ErrorCode::Internal)?;
        *row.first_chunk_mut().ok_or(ErrorCode::Internal)? = *header;
        let (place, _) =
            row.get_mut(HEADER_LEN..).and_then(<[u8]>::split_first_chunk_mut).ok_or(ErrorCode::Internal)?;
        *place = iv;
        text.write(row, SIV_HEAD_LEN).ok_or(ErrorCode::Internal)?;
        at += SIV_HEAD_LEN + text.len();
        Ok::<(), ErrorCode>(())
    })?;
    output.data.truncate(start + bytes);
    Ok(())
}
