//! Encrypting columns.

use std::ops::Range;

use crate::column::{Column, RecordIds, StoredColumn};
use crate::envelope::{HEADER_LEN, Header, encode_text};
use crate::error::{Error, ErrorCode, Result};
use crate::field::{FieldCipher, Reading};
use crate::keyring::{DataKey, DerivedKey, Snapshot};
use crate::schema::{Mode, RecordBinding};
use crate::suite::siv::SIV_LEN;
use crate::suite::xaes::{Batch, NONCE_LEN, TAG_LEN};
use crate::suite::{Beside, Group, Randomized, SHORT, Siv};

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
        let beside = reading.beside();
        let key = reading.keys.of(&self.inner.keyring, data_key)?;
        let key = &**key.get()?;
        let records = if reading.binding == RecordBinding::Required { *records } else { RecordIds::None };
        let mut plaintexts = Plaintexts::new(&self.inner.spec, column, snapshot);
        output.lay_out(column.rows(), |row| match plaintexts.len_of(row) {
            Ok(len) => Ok(len.map(|len| beside + len)),
            Err(error) => Err(in_row(&error, row)),
        })?;
        let seal = |rows: Range<usize>, output: &mut [u8]| {
            let (column, records) = (column.slice(rows.clone()), records.slice(rows));
            let mut plaintexts = Plaintexts::new(&self.inner.spec, &column, snapshot);
            match key {
                DerivedKey::Randomized(cipher) => seal_randomized(cipher, header, &mut plaintexts, records, output),
                DerivedKey::Deterministic(cipher) => seal_deterministic(cipher, header, &mut plaintexts, output),
                DerivedKey::Index(_) => Err(Error::new(ErrorCode::Internal)),
            }
        };
        #[cfg(feature = "parallel")]
        let sealed = super::parallel::seal(output, seal);
        #[cfg(not(feature = "parallel"))]
        let sealed = seal(0..column.rows(), &mut output.data);
        if sealed.is_err() {
            output.wipe();
        }
        sealed?;
        if self.is_text() { as_text(output) } else { Ok(()) }
    }
}

impl Reading {
    /// Bytes of an envelope beside its text.
    pub(super) const fn beside(&self) -> usize {
        match self.mode {
            Mode::Randomized => HEAD_LEN + TAG_LEN,
            Mode::Deterministic => SIV_HEAD_LEN,
        }
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
    output: &mut [u8],
) -> Result<()> {
    let mut row_data = RowData::new(header, records);
    let shared = row_data.shared()?;
    let mut sealing = Sealing::new(cipher.batch(shared.as_slice().into())?, header, plaintexts.rows(), output);
    for row in 0..plaintexts.rows() {
        let place = |error: Error| in_row(&error, row);
        let Some((head, rest)) = plaintexts.of(row).map_err(place)? else { continue };
        let own = row_data.own(row, shared.len()).map_err(place)?;
        if sealing.takes(rest, own)? {
            sealing.push(head, rest, own);
        } else {
            sealing.seal_long(head, rest, row_data.of(row)?)?;
        }
    }
    sealing.flush()
}

/// Rows of a randomized column on their way.
struct Sealing<'a> {
    batch: Batch,
    /// Header and nonce, without the counter.
    head: [u8; HEAD_LEN],
    group: Group,
    /// Room for the envelopes of the group, and of those that follow.
    output: &'a mut [u8],
}

impl<'a> Sealing<'a> {
    fn new(batch: Batch, header: Header, rows: usize, output: &'a mut [u8]) -> Self {
        let mut head = [0; HEAD_LEN];
        for (place, byte) in head.iter_mut().zip(header.to_bytes().iter().chain(&batch.prefix)) {
            *place = *byte;
        }
        Self { batch, head, group: Group::new(rows), output }
    }

    /// Whether a row has room in the group, which is let out first where it is full.
    fn takes(&mut self, rest: &[u8], own: &[u8]) -> Result<bool> {
        let len = rest.len() + 1;
        if self.group.takes(len, own.len()) {
            return Ok(true);
        }
        self.flush()?;
        Ok(self.group.takes(len, own.len()))
    }

    fn push(&mut self, head: u8, rest: &[u8], own: &[u8]) {
        let nonce = self.batch.next_counter();
        self.group.push_gcm_plain(&Beside { shared: self.batch.short.shared(), own, nonce }, head, rest);
    }

    /// Lets the group through the cipher and writes its envelopes.
    fn flush(&mut self) -> Result<()> {
        let Self { batch, head, group, output } = self;
        batch.short.seal(group, |nonce, text, tag| {
            let row = output.split_off_mut(..HEAD_LEN + text.len() + TAG_LEN).ok_or(ErrorCode::Internal)?;
            write_head(row, head, nonce).ok_or(ErrorCode::Internal)?;
            // Whole blocks, the last of which ends where the tag is written after it.
            text.write(row, HEAD_LEN).ok_or(ErrorCode::Internal)?;
            *row.last_chunk_mut().ok_or(ErrorCode::Internal)? = tag;
            Ok::<(), ErrorCode>(())
        })?;
        Ok(())
    }

    /// Encrypts one row alone, after the group.
    fn seal_long(&mut self, head: u8, rest: &[u8], associated_data: &[u8]) -> Result<()> {
        let nonce = self.batch.next_counter();
        let len = HEAD_LEN + 1 + rest.len() + TAG_LEN;
        let row = self.output.split_off_mut(..len).ok_or(ErrorCode::Internal)?;
        write_head(row, &self.head, nonce).ok_or(ErrorCode::Internal)?;
        let (text, place) =
            row.get_mut(HEAD_LEN..).and_then(<[u8]>::split_last_chunk_mut::<TAG_LEN>).ok_or(ErrorCode::Internal)?;
        write_headed(text, head, rest).ok_or(ErrorCode::Internal)?;
        *place = self.batch.seal_long(nonce, associated_data, text)?;
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

/// Writes a byte and the bytes after it where there is room for just these.
fn write_headed(place: &mut [u8], head: u8, rest: &[u8]) -> Option<()> {
    let (first, place) = place.split_first_mut()?;
    *first = head;
    (place.len() == rest.len()).then(|| place.copy_from_slice(rest))
}

fn seal_deterministic(
    cipher: &Siv,
    header: Header,
    plaintexts: &mut Plaintexts<'_>,
    mut output: &mut [u8],
) -> Result<()> {
    let header = header.to_bytes();
    let mut group = Group::new(plaintexts.rows());
    for row in 0..plaintexts.rows() {
        let Some((head, rest)) = plaintexts.of(row).map_err(|error| in_row(&error, row))? else { continue };
        let len = rest.len() + 1;
        if !group.takes(len, 0) {
            seal_siv_group(cipher, &header, &mut group, &mut output)?;
        }
        if len <= SHORT {
            group.push_siv_plain(head, rest);
        } else {
            seal_siv_group(cipher, &header, &mut group, &mut output)?;
            let row = output.split_off_mut(..SIV_HEAD_LEN + len).ok_or(ErrorCode::Internal)?;
            let (place, sealed) = row.split_first_chunk_mut().ok_or(ErrorCode::Internal)?;
            *place = header;
            write_headed(sealed.get_mut(SIV_LEN..).unwrap_or_default(), head, rest).ok_or(ErrorCode::Internal)?;
            cipher.seal_in_place(&header, sealed, SIV_LEN)?;
        }
    }
    seal_siv_group(cipher, &header, &mut group, &mut output)
}

/// Lets a group through the cipher and writes its envelopes.
fn seal_siv_group(cipher: &Siv, header: &[u8; HEADER_LEN], group: &mut Group, output: &mut &mut [u8]) -> Result<()> {
    let mut at = 0;
    cipher.seal_group(header, group, |iv, text| {
        let row = output.get_mut(at..).ok_or(ErrorCode::Internal)?;
        *row.first_chunk_mut().ok_or(ErrorCode::Internal)? = *header;
        let (place, texts) =
            row.get_mut(HEADER_LEN..).and_then(<[u8]>::split_first_chunk_mut).ok_or(ErrorCode::Internal)?;
        *place = iv;
        // In whole blocks, each over what the next row begins with, where a row follows.
        text.write(texts, 0).or_else(|| text.write_to_end(texts)).ok_or(ErrorCode::Internal)?;
        at += SIV_HEAD_LEN + text.len();
        Ok::<(), ErrorCode>(())
    })?;
    output.split_off_mut(..at).ok_or(ErrorCode::Internal)?;
    Ok(())
}
