//! Decrypting columns.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::column::{BinaryColumn, DecryptedColumn, OnFailure, RecordIds, RowFailure};
use crate::envelope::{Envelope, Header, decode_text};
use crate::error::{Error, ErrorCode, Result};
use crate::field::{Decrypted, FieldCipher, Reading, StoredRef};
use crate::keyring::{DerivedKey, KeyState, Snapshot};
use crate::schema::{Mode, RecordBinding};
use crate::suite::siv::SIV_LEN;
use crate::suite::xaes::{Batch, NONCE_LEN, PREFIX_LEN, TAG_LEN};
use crate::suite::{Absorbed, Beside, Group, SHORT, Text};

use super::sink::Sink;
use super::{RowData, check_records, in_row};

/// A row on its way out. Rows leave in order, so those that need no cipher wait too.
enum Item {
    Null,
    /// In the group.
    Sealed,
    /// Read alone: a legacy value, an earlier reading, a key that needs a name, a failure.
    Alone(Box<Result<Decrypted>>),
}

/// What the rows of one group share.
struct Shared<'a> {
    header: Header,
    prefix: [u8; PREFIX_LEN],
    data: RowData<'a>,
    /// Bytes of the associated data that are the same in all rows.
    shared: usize,
    key: Arc<DerivedKey>,
    /// Of a randomized field: what opens them.
    randomized: Option<(Batch, Absorbed)>,
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
        let source = Source { cipher: self, stored, records };
        let mut opening = Opening {
            source,
            reading,
            shared: None,
            group: Group::new(stored.rows()),
            items: Vec::with_capacity(ITEMS.min(stored.rows())),
            exit: Exit {
                source,
                sink: Sink::new(self.inner.spec.value_type(), stored.rows(), stored.bytes()),
                on_failure,
                base,
                failures: Vec::new(),
                untrusted: 0,
            },
        };
        for row in 0..stored.rows() {
            opening.take(row)?;
        }
        opening.flush()?;
        let Exit { sink, failures, untrusted, .. } = opening.exit;
        Ok(DecryptedColumn { values: sink.into_values(), failures, untrusted_rows: untrusted })
    }
}

/// How many rows wait together: nulls, and rows read alone, wait as well.
const ITEMS: usize = 256;

/// The caller's column.
#[derive(Clone, Copy)]
struct Source<'a> {
    cipher: &'a FieldCipher,
    stored: &'a BinaryColumn<'a>,
    records: &'a RecordIds<'a>,
}

impl Source<'_> {
    fn open_alone(&self, row: usize) -> Result<Decrypted> {
        let bytes = self.stored.get(row).unwrap_or_default();
        let stored = match (self.cipher.is_text(), std::str::from_utf8(bytes)) {
            (true, Ok(text)) => StoredRef::Text(text),
            _ => StoredRef::Bytes(bytes),
        };
        self.cipher.open_unmeasured(stored, self.records.get(row)?.as_ref())
    }
}

struct Opening<'a> {
    source: Source<'a>,
    reading: &'a Reading,
    shared: Option<Shared<'a>>,
    group: Group,
    items: Vec<Item>,
    exit: Exit<'a>,
}

impl Opening<'_> {
    /// Reads a row's outside and puts it into the group.
    fn take(&mut self, row: usize) -> Result<()> {
        if self.items.len() >= ITEMS {
            self.flush()?;
        }
        let Some(bytes) = self.source.stored.get(row) else {
            self.items.push(Item::Null);
            return Ok(());
        };
        let taken = match self.source.cipher.is_text() {
            false => self.take_envelope(row, bytes)?,
            true => match std::str::from_utf8(bytes).map(decode_text) {
                Ok(Ok(envelope)) => self.take_envelope(row, &envelope)?,
                _ => false,
            },
        };
        if !taken {
            self.items.push(Item::Alone(Box::new(self.source.open_alone(row))));
        }
        Ok(())
    }

    /// Puts an envelope into the group, or opens it if it is long; false if it must be read alone.
    fn take_envelope(&mut self, row: usize, bytes: &[u8]) -> Result<bool> {
        let Ok(Envelope { header, sealed }) = Envelope::parse(bytes) else { return Ok(false) };
        if header.suite != self.reading.suite() {
            return Ok(false);
        }
        match self.reading.mode {
            Mode::Randomized => {
                let Some((nonce, rest)) = sealed.split_first_chunk::<NONCE_LEN>() else { return Ok(false) };
                let Some((text, tag)) = rest.split_last_chunk::<TAG_LEN>() else { return Ok(false) };
                self.take_randomized(row, header, nonce, text, *tag)
            }
            Mode::Deterministic => {
                let Some((iv, text)) = sealed.split_first_chunk::<SIV_LEN>() else { return Ok(false) };
                self.take_deterministic(header, *iv, text)
            }
        }
    }

    fn take_randomized(
        &mut self,
        row: usize,
        header: Header,
        nonce: &[u8; NONCE_LEN],
        text: &[u8],
        tag: [u8; TAG_LEN],
    ) -> Result<bool> {
        let prefix = *nonce.first_chunk().ok_or(ErrorCode::Internal)?;
        // The last 12 bytes of the nonce, as a number.
        let counter = nonce.last_chunk().map_or(0, |last| u128::from_be_bytes(*last) & ((1 << 96) - 1));
        if !self.share(header, prefix)? {
            return Ok(false);
        }
        let Some(Shared { data, shared, .. }) = &mut self.shared else { return Err(ErrorCode::Internal.into()) };
        // An id that cannot be: read alone, the row says so.
        let Ok(own) = data.own(row, *shared) else { return Ok(false) };
        let (is_short, len) = (text.len() <= SHORT, own.len());
        if !is_short || !self.group.takes(text.len(), len) {
            self.flush()?;
        }
        let Some(Shared { data, shared, randomized: Some((batch, absorbed)), .. }) = &mut self.shared else {
            return Err(ErrorCode::Internal.into());
        };
        if is_short && self.group.takes(text.len(), len) {
            let own = data.present(*shared);
            self.group.push_gcm_sealed(&Beside { absorbed, own, nonce: counter }, text, tag);
            self.items.push(Item::Sealed);
            return Ok(true);
        }
        let mut message = Zeroizing::new(text.to_vec());
        let is_authentic = batch.open_long(counter, data.present(0), &mut message, tag);
        self.exit.plaintext(is_authentic.then_some(&message))?;
        Ok(true)
    }

    fn take_deterministic(&mut self, header: Header, iv: [u8; SIV_LEN], text: &[u8]) -> Result<bool> {
        if !self.share(header, [0; PREFIX_LEN])? {
            return Ok(false);
        }
        if text.len() > SHORT || !self.group.takes(text.len(), 0) {
            self.flush()?;
        }
        if text.len() <= SHORT {
            self.group.push_siv_sealed(iv, text);
            self.items.push(Item::Sealed);
            return Ok(true);
        }
        // Alone; but a group's memory holds only short ones.
        Ok(false)
    }

    /// Has the group's key be that of this envelope; false if it cannot be read in a group.
    #[inline]
    fn share(&mut self, header: Header, prefix: [u8; PREFIX_LEN]) -> Result<bool> {
        match &self.shared {
            Some(shared) if shared.header == header && shared.prefix == prefix => Ok(true),
            _ => self.share_anew(header, prefix),
        }
    }

    fn share_anew(&mut self, header: Header, prefix: [u8; PREFIX_LEN]) -> Result<bool> {
        let cipher = self.source.cipher;
        let keyring = &cipher.inner.keyring;
        let snapshot = keyring.for_decrypt(header.key_id);
        cipher.wipe_destroyed(&snapshot);
        let Some(key) = readable(&snapshot, header, snapshot.now) else { return Ok(false) };
        let key = self.reading.keys.of(keyring, key)?;
        self.flush()?;
        let binds = self.reading.mode == Mode::Randomized && self.reading.binding == RecordBinding::Required;
        let data = RowData::new(header, if binds { *self.source.records } else { RecordIds::None });
        let shared = data.shared()?;
        let randomized = match &*key {
            DerivedKey::Randomized(cipher) => {
                let batch = cipher.batch_of(prefix);
                let absorbed = batch.short.absorb(&shared);
                Some((batch, absorbed))
            }
            _ => None,
        };
        self.shared = Some(Shared { header, prefix, data, shared: shared.len(), key, randomized });
        Ok(true)
    }

    /// Opens the group and lets its rows out, in order.
    fn flush(&mut self) -> Result<()> {
        let Self { shared, group, items, exit, .. } = self;
        exit.sink.make_room(group.text_blocks());
        let mut items = items.drain(..);
        if let Some(shared) = shared {
            let each = |text: Option<Text<'_>>| {
                exit.until_sealed(&mut items)?;
                exit.text(text)
            };
            match (&*shared.key, &shared.randomized) {
                (DerivedKey::Deterministic(cipher), _) => cipher.open_group(&shared.header.to_bytes(), group, each)?,
                (_, Some((batch, absorbed))) => batch.short.open(group, absorbed, each)?,
                _ => return Err(Error::new(ErrorCode::Internal)),
            }
        }
        exit.until_sealed(&mut items)?;
        exit.sink.trim();
        Ok(())
    }
}

/// The key, if every handle may read under it.
fn readable(snapshot: &Snapshot, header: Header, now: i64) -> Option<&crate::keyring::DataKey> {
    let key = snapshot.data_key(header.key_id)?;
    matches!(key.state(now), KeyState::PreActive | KeyState::Active | KeyState::Deactivated).then_some(key)
}

/// The way out: values, failures, and how they are counted.
struct Exit<'a> {
    source: Source<'a>,
    sink: Sink,
    on_failure: OnFailure,
    /// The number of the first row in the caller's column.
    base: usize,
    failures: Vec<RowFailure>,
    untrusted: u64,
}

impl Exit<'_> {
    /// Lets out what waits before the next row of the group.
    fn until_sealed(&mut self, items: &mut impl Iterator<Item = Item>) -> Result<()> {
        for item in items {
            match item {
                Item::Sealed => return Ok(()),
                Item::Null => self.sink.null()?,
                Item::Alone(opened) => self.alone(*opened)?,
            }
        }
        Ok(())
    }

    fn alone(&mut self, opened: Result<Decrypted>) -> Result<()> {
        let outcome = opened.and_then(|opened| {
            self.untrusted += u64::from(!opened.is_trusted);
            self.sink.value(opened.value)
        });
        self.judge(outcome)
    }

    /// A row of the group; `None` if it is not authentic.
    #[inline]
    fn text(&mut self, text: Option<Text<'_>>) -> Result<()> {
        match text {
            Some(text) => {
                let outcome = self.sink.text(text);
                if outcome.is_ok() { Ok(()) } else { self.judge(outcome) }
            }
            None => self.refused(),
        }
    }

    fn plaintext(&mut self, plaintext: Option<&Zeroizing<Vec<u8>>>) -> Result<()> {
        match plaintext {
            Some(plaintext) => {
                let outcome = self.sink.plaintext(plaintext);
                self.judge(outcome)
            }
            None => self.refused(),
        }
    }

    /// A row that did not open under the present reading.
    fn refused(&mut self) -> Result<()> {
        // The one data key, but an earlier reading of it.
        let has_earlier = self.source.cipher.inner.readings.len() > 1;
        let row = self.sink.rows();
        match has_earlier {
            true => self.alone(self.source.open_alone(row)),
            false => self.judge(Err(ErrorCode::AuthenticationFailed.into())),
        }
    }

    fn judge(&mut self, outcome: Result<()>) -> Result<()> {
        let Err(error) = outcome else { return Ok(()) };
        let row = self.base + self.sink.rows();
        match self.on_failure {
            OnFailure::Refuse => Err(in_row(&error, row)),
            OnFailure::Report => {
                self.failures.push(RowFailure { row, error });
                self.sink.null()
            }
        }
    }
}
