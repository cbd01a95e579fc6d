//! Decrypting columns.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::column::{BinaryColumn, DecryptedColumn, OnFailure, RecordIds, RowFailure, ValueColumn};
use crate::envelope::{Envelope, HEADER_LEN, Header, decode_text};
use crate::error::{Error, ErrorCode, Result};
use crate::field::{Decrypted, FieldCipher, Reading, StoredRef};
use crate::keyring::{DerivedKey, KeyState, Snapshot};
use crate::schema::{Mode, RecordBinding};
use crate::suite::siv::SIV_LEN;
use crate::suite::xaes::{Batch, NONCE_LEN, PREFIX_LEN, TAG_LEN};
use crate::suite::{Beside, Group, SHORT, Text};

use super::sink::Sink;
use super::{RowData, in_row};

/// A row that needs no cipher. Rows leave in order, so it waits for those of the group that come before it.
struct Waiting {
    /// How many.
    after: usize,
    /// Null; or read alone: a legacy value, an earlier reading, a key that needs a name, a failure.
    row: Option<Result<Decrypted>>,
}

/// Header, and prefix where randomized.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Head {
    Randomized([u8; HEADER_LEN + PREFIX_LEN]),
    Deterministic([u8; HEADER_LEN]),
}

impl Head {
    fn of(bytes: &[u8], mode: Mode) -> Option<Self> {
        match mode {
            Mode::Randomized => bytes.first_chunk().copied().map(Self::Randomized),
            Mode::Deterministic => bytes.first_chunk().copied().map(Self::Deterministic),
        }
    }

    /// What follows it in an envelope that begins with it.
    #[inline]
    fn strip<'e>(&self, bytes: &'e [u8]) -> Option<&'e [u8]> {
        match self {
            Self::Randomized(head) => {
                bytes.split_first_chunk().filter(|(first, _)| *first == head).map(|(_, rest)| rest)
            }
            Self::Deterministic(head) => {
                bytes.split_first_chunk().filter(|(first, _)| *first == head).map(|(_, rest)| rest)
            }
        }
    }

    /// Zeros where there is none.
    fn prefix(&self) -> [u8; PREFIX_LEN] {
        match self {
            Self::Randomized(head) => head.last_chunk().copied().unwrap_or_default(),
            Self::Deterministic(_) => [0; PREFIX_LEN],
        }
    }
}

/// A randomized envelope without header and prefix.
struct Parts<'a> {
    nonce: u128,
    text: &'a [u8],
    tag: [u8; TAG_LEN],
}

impl<'a> Parts<'a> {
    #[inline]
    fn of(sealed: &'a [u8]) -> Option<Self> {
        let (rest, tag) = sealed.split_last_chunk::<TAG_LEN>()?;
        let text = rest.get(NONCE_LEN - PREFIX_LEN..)?;
        // Its first 12 bytes, and 4 that follow.
        let nonce = u128::from_be_bytes(*sealed.first_chunk()?) >> 32;
        Some(Self { nonce, text, tag: *tag })
    }
}

/// What the rows of one group share.
struct Shared<'a> {
    header: Header,
    /// What their envelopes begin with.
    head: Head,
    data: RowData<'a>,
    /// What the associated data of all rows begins with.
    begins: Arc<[u8]>,
    key: Arc<DerivedKey>,
    /// Of a randomized field: what opens them.
    randomized: Option<Batch>,
}

impl Shared<'_> {
    /// Reads envelopes that begin so.
    fn turn_to(&mut self, head: Head) {
        self.head = head;
        if let DerivedKey::Randomized(cipher) = &*self.key {
            self.randomized = cipher.batch_of(head.prefix(), Arc::clone(&self.begins));
        }
    }
}

impl FieldCipher {
    pub(super) fn open_column(
        &self,
        stored: &BinaryColumn<'_>,
        records: &RecordIds<'_>,
        on_failure: OnFailure,
        base: usize,
        memory: ValueColumn,
    ) -> Result<DecryptedColumn> {
        let reading = self.primary()?;
        if let Err(error) = self.check_records(reading, records, stored.rows()) {
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
            waiting: Vec::new(),
            exit: Exit {
                source,
                sink: Sink::new(self.inner.spec.value_type(), stored.rows(), stored.bytes(), memory),
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

/// How many rows without a cipher wait.
const WAITING: usize = 256;

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
    waiting: Vec<Waiting>,
    exit: Exit<'a>,
}

impl Opening<'_> {
    /// Reads a row's outside and puts it into the group.
    fn take(&mut self, row: usize) -> Result<()> {
        let Some(bytes) = self.source.stored.get(row) else { return self.wait(None) };
        let taken = match self.source.cipher.is_text() {
            false => self.take_envelope(row, bytes)?,
            true => match std::str::from_utf8(bytes).map(decode_text) {
                Ok(Ok(envelope)) => self.take_envelope(row, &envelope)?,
                _ => false,
            },
        };
        if taken { Ok(()) } else { self.wait(Some(self.source.open_alone(row))) }
    }

    fn wait(&mut self, row: Option<Result<Decrypted>>) -> Result<()> {
        if self.waiting.len() >= WAITING {
            self.flush()?;
        }
        self.waiting.push(Waiting { after: self.group.len(), row });
        Ok(())
    }

    /// Puts an envelope into the group, or opens it if it is long; false if it must be read alone.
    #[inline]
    fn take_envelope(&mut self, row: usize, bytes: &[u8]) -> Result<bool> {
        // What begins as the one before needs no second look.
        if let Some(shared) = &mut self.shared
            && let Some(sealed) = shared.head.strip(bytes)
            && let Some(batch) = &mut shared.randomized
            && let Some(Parts { nonce, text, tag }) = Parts::of(sealed)
            && text.len() <= SHORT
            && let Ok(own) = shared.data.own(row, shared.begins.len())
            && self.group.takes(text.len(), own.len())
        {
            self.group.push_gcm_sealed(&Beside { shared: batch.short.shared(), own, nonce }, text, tag);
            return Ok(true);
        }
        self.take_another(row, bytes)
    }

    /// [`Self::take_envelope`] where there is something to do before, or beside.
    #[inline(never)]
    fn take_another(&mut self, row: usize, bytes: &[u8]) -> Result<bool> {
        let sealed = match self.shared.as_ref().and_then(|shared| shared.head.strip(bytes)) {
            Some(rest) if rest.len() <= SHORT => rest,
            _ => match self.share(bytes)? {
                Some(rest) => rest,
                None => return Ok(false),
            },
        };
        match self.reading.mode {
            Mode::Randomized => self.take_randomized(row, sealed),
            Mode::Deterministic => self.take_deterministic(sealed),
        }
    }

    /// Takes an envelope without header and prefix.
    fn take_randomized(&mut self, row: usize, sealed: &[u8]) -> Result<bool> {
        let Some(Parts { nonce, text, tag }) = Parts::of(sealed) else { return Ok(false) };
        for _ in 0..2 {
            let Some(Shared { data, begins, randomized: Some(batch), .. }) = &mut self.shared else {
                return Err(ErrorCode::Internal.into());
            };
            // An id that cannot be: read alone, the row says so.
            let Ok(own) = data.own(row, begins.len()) else { return Ok(false) };
            if text.len() <= SHORT && self.group.takes(text.len(), own.len()) {
                self.group.push_gcm_sealed(&Beside { shared: begins.len(), own, nonce }, text, tag);
                return Ok(true);
            }
            if self.group.is_empty() {
                let mut message = Zeroizing::new(text.to_vec());
                let is_authentic = batch.open_long(nonce, data.of(row)?, &mut message, tag);
                self.exit.plaintext(is_authentic.then_some(&message))?;
                return Ok(true);
            }
            self.flush()?;
        }
        Err(ErrorCode::Internal.into())
    }

    /// Takes an envelope without header.
    fn take_deterministic(&mut self, sealed: &[u8]) -> Result<bool> {
        let Some((iv, text)) = sealed.split_first_chunk::<SIV_LEN>() else { return Ok(false) };
        if text.len() > SHORT {
            return Ok(false);
        }
        if !self.group.takes(text.len(), 0) {
            self.flush()?;
        }
        self.group.push_siv_sealed(*iv, text);
        Ok(true)
    }

    /// Has the group's key be that of this envelope, and gives what follows its head; `None` if it cannot be read in a group.
    fn share<'e>(&mut self, bytes: &'e [u8]) -> Result<Option<&'e [u8]>> {
        let Ok(Envelope { header, .. }) = Envelope::parse(bytes) else { return Ok(None) };
        if header.suite != self.reading.suite() {
            return Ok(None);
        }
        let Some(head) = Head::of(bytes, self.reading.mode) else { return Ok(None) };
        let is_shared = self.shared.as_ref().is_some_and(|shared| shared.head == head);
        Ok(if is_shared || self.share_anew(header, head)? { head.strip(bytes) } else { None })
    }

    fn share_anew(&mut self, header: Header, head: Head) -> Result<bool> {
        if self.shared.as_ref().is_some_and(|shared| shared.header == header) {
            // Of the same key under another prefix.
            self.flush()?;
            if let Some(shared) = &mut self.shared {
                shared.turn_to(head);
            }
            return Ok(true);
        }
        let cipher = self.source.cipher;
        let keyring = &cipher.inner.keyring;
        let snapshot = keyring.for_decrypt(header.key_id);
        cipher.wipe_destroyed(&snapshot);
        let Some(key) = readable(&snapshot, header, snapshot.now) else { return Ok(false) };
        let key = Arc::clone(self.reading.keys.of(keyring, key)?.get()?);
        if matches!(&*key, DerivedKey::Randomized(cipher) if !cipher.has_batches()) {
            return Ok(false);
        }
        self.flush()?;
        let binds = self.reading.mode == Mode::Randomized && self.reading.binding == RecordBinding::Required;
        let data = RowData::new(header, if binds { *self.source.records } else { RecordIds::None });
        let begins = data.shared()?.into();
        let mut shared = Shared { header, head, data, begins, key, randomized: None };
        shared.turn_to(head);
        self.shared = Some(shared);
        Ok(true)
    }

    /// Opens the group and lets its rows out, in order.
    fn flush(&mut self) -> Result<()> {
        let Self { shared, group, waiting, exit, .. } = self;
        let mut waiting = waiting.drain(..).peekable();
        let mut out = 0;
        if let Some(shared) = shared {
            let each = |text: Option<Text<'_>>| {
                while let Some(row) = waiting.next_if(|row| row.after == out) {
                    exit.alone(row.row)?;
                }
                out += 1;
                exit.text(text)
            };
            match (&*shared.key, &mut shared.randomized) {
                (DerivedKey::Deterministic(cipher), _) => cipher.open_group(&shared.header.to_bytes(), group, each)?,
                (_, Some(batch)) => batch.short.open(group, each)?,
                _ => return Err(Error::new(ErrorCode::Internal)),
            }
        }
        waiting.try_for_each(|row| exit.alone(row.row))?;
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
    /// A row that was read alone; `None` for null.
    fn alone(&mut self, opened: Option<Result<Decrypted>>) -> Result<()> {
        let Some(opened) = opened else { return self.sink.null() };
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
            true => self.alone(Some(self.source.open_alone(row))),
            false => self.judge(Err(ErrorCode::AuthenticationFailed.into())),
        }
    }

    fn judge(&mut self, outcome: Result<()>) -> Result<()> {
        let Err(error) = outcome else { return Ok(()) };
        let row = self.base + self.sink.rows();
        match self.on_failure {
            OnFailure::Refuse => Err(in_row(&error, row)),
            OnFailure::Report => {
                self.failures.push(RowFailure { row, error: error.in_row(row) });
                self.sink.null()
            }
        }
    }
}
