//! Whole columns of one field: many short values through the cipher together.
//!
//! Byte for byte what [`FieldCipher::encrypt`] gives for the same nonces, which here are counted up from one random start.

mod open;
#[cfg(feature = "parallel")]
mod parallel;
mod plaintext;
mod seal;
mod sink;

use super::FieldCipher;
use crate::column::{BinaryColumn, Column, DecryptedColumn, OnFailure, RecordIds, StoredColumn};
use crate::context::{RecordIdPart, randomized_associated_data};
use crate::envelope::Header;
use crate::error::{Error, ErrorCode, Result, fail};
use crate::metrics::Operation;
use crate::schema::{Mode, StoredForm};
use crate::value::ValueType;

impl FieldCipher {
    /// Encrypts a column under the current key, into a column that is cleared first and whose memory is used again. Null stays null.
    ///
    /// # Errors
    ///
    /// As [`Self::encrypt`], with the row named; `InvalidArgument` if there are not as many record ids as rows. The output is then
    /// empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use fieldward::{BinaryColumn, Column, Keyring, LocalKeyProvider, MemoryStore, Offsets, OnFailure, RecordIds, Schema};
    /// use fieldward::{SecretKey, StoredColumn, ValueColumn};
    ///
    /// # let keyring = Keyring::builder("clinic")
    /// #     .provider("primary", LocalKeyProvider::new(SecretKey::generate()?))
    /// #     .store(MemoryStore::new())
    /// #     .no_pin("an example in memory")
    /// #     .create()?;
    /// let ssn = keyring.field(&Schema::patient()?, None, "ssn")?;
    /// let column = Column::Binary(BinaryColumn::new(b"999-41-1234999-42-1234", Offsets::I32(&[0, 11, 22]), None)?);
    /// let patients = BinaryColumn::new(b"p-1p-2", Offsets::I32(&[0, 3, 6]), None)?;
    /// let mut stored = StoredColumn::new();
    /// ssn.encrypt_column(&column, &RecordIds::Text(patients), &mut stored)?;
    /// assert_eq!(stored.data().len(), 2 * (46 + 11));
    /// let back = ssn.decrypt_column(&stored.as_column()?, &RecordIds::Text(patients), OnFailure::Refuse)?;
    /// let ValueColumn::Binary(text) = back.values else { panic!("text is binary") };
    /// assert_eq!(text.data(), b"999-41-1234999-42-1234");
    /// # Ok::<(), fieldward::Error>(())
    /// ```
    pub fn encrypt_column(
        &self,
        column: &Column<'_>,
        records: &RecordIds<'_>,
        output: &mut StoredColumn,
    ) -> Result<()> {
        let timer = self.inner.metrics.start(Operation::Encrypt);
        let result = self.encrypt_column_unmeasured(column, records, output);
        timer.finish(result.as_ref().map(|_| ()).map_err(Error::kind), output.data().len());
        if result.is_err() {
            output.wipe();
        }
        self.inner.metrics.count_more(Operation::Encrypt, column.rows());
        result.map_err(|error| error.at(self.inner.spec.name()))
    }

    fn encrypt_column_unmeasured(
        &self,
        column: &Column<'_>,
        records: &RecordIds<'_>,
        output: &mut StoredColumn,
    ) -> Result<()> {
        let primary = self.primary()?;
        self.check_column(column)?;
        self.check_records(primary, records, column.rows())?;
        let snapshot = self.inner.keyring.for_encrypt()?;
        self.wipe_destroyed(&snapshot);
        let key = snapshot.current(snapshot.now)?;
        self.seal_column(primary, key, &snapshot, column, records, output)
    }

    /// The tokens of a column of queries, or of a join: one column for each version that is not destroyed, oldest first.
    ///
    /// # Errors
    ///
    /// As [`Self::tokens`], with the row named.
    pub fn tokens_column(&self, column: &Column<'_>) -> Result<Vec<StoredColumn>> {
        let primary = self.primary()?;
        if primary.mode != Mode::Deterministic {
            return fail(ErrorCode::WrongFieldMode, format!("{} is randomized", self.inner.spec.name()));
        }
        self.check_column(column)?;
        let snapshot = self.inner.keyring.for_encrypt()?;
        snapshot
            .data_keys()
            .filter(|key| key.key().is_some())
            .map(|key| {
                let mut output = StoredColumn::new();
                self.seal_column(primary, key, &snapshot, column, &RecordIds::None, &mut output)?;
                Ok(output)
            })
            .collect::<Result<_>>()
            .map_err(|error: Error| error.at(self.inner.spec.name()))
    }

    /// Decrypts a column of envelopes, bytes or text as the field stores them. Null stays null.
    ///
    /// # Errors
    ///
    /// As [`Self::decrypt`], for the first row that fails, with the row named; or none of these where failures are reported:
    /// failed rows are then null and listed. `InvalidArgument` if there are not as many record ids as rows.
    pub fn decrypt_column(
        &self,
        stored: &BinaryColumn<'_>,
        records: &RecordIds<'_>,
        on_failure: OnFailure,
    ) -> Result<DecryptedColumn> {
        let mut output = DecryptedColumn::default();
        self.decrypt_column_into(stored, records, on_failure, &mut output)?;
        Ok(output)
    }

    /// [`Self::decrypt_column`] into a column that is cleared first and whose memory is used again.
    ///
    /// # Errors
    ///
    /// As [`Self::decrypt_column`]. The output is then empty.
    pub fn decrypt_column_into(
        &self,
        stored: &BinaryColumn<'_>,
        records: &RecordIds<'_>,
        on_failure: OnFailure,
        output: &mut DecryptedColumn,
    ) -> Result<()> {
        let memory = std::mem::take(output).values;
        let timer = self.inner.metrics.start(Operation::Decrypt);
        #[cfg(feature = "parallel")]
        let result = self.open_in_parallel(stored, records, on_failure, memory);
        #[cfg(not(feature = "parallel"))]
        let result = self.open_column(stored, records, on_failure, 0, memory);
        timer.finish(result.as_ref().map(|_| ()).map_err(Error::kind), stored.bytes());
        self.inner.metrics.count_more(Operation::Decrypt, stored.rows());
        if result.is_ok() {
            let fields = format!("{}, {} rows", self.inner.spec.name(), stored.rows());
            self.inner.keyring.audit_read(self.inner.schema.table(), &fields, None);
        }
        *output = result.map_err(|error| error.at(self.inner.spec.name()))?;
        Ok(())
    }

    /// The column's form must be that of the field's type.
    fn check_column(&self, column: &Column<'_>) -> Result<()> {
        column.check()?;
        let fits = matches!(
            (column, self.inner.spec.value_type()),
            (Column::Binary(_), ValueType::Text | ValueType::Bytes | ValueType::Json | ValueType::Uuid)
                | (Column::I64(..), ValueType::I64)
                | (Column::F64(..), ValueType::F64)
                | (Column::Bool(..), ValueType::Bool)
                | (Column::Date(..), ValueType::Date)
                | (Column::Timestamp(..), ValueType::Timestamp)
        );
        match fits {
            true => Ok(()),
            false => {
                fail(ErrorCode::WrongType, format!("{} is {}", self.inner.spec.name(), self.inner.spec.value_type()))
            }
        }
    }

    /// Whether envelopes stand as text.
    fn is_text(&self) -> bool {
        self.inner.spec.stored_form() == StoredForm::Text
    }
}

/// The associated data of one row after another, built in one buffer: what `randomized_associated_data` gives.
struct RowData<'a> {
    records: RecordIds<'a>,
    /// `P(header)` and the mark of a record id; its length and bytes follow.
    buffer: Vec<u8>,
    prefix_len: usize,
}

impl<'a> RowData<'a> {
    fn new(header: Header, records: RecordIds<'a>) -> Self {
        let mut buffer = randomized_associated_data(header, None).into_bytes();
        if !matches!(records, RecordIds::None)
            && let Some(mark) = buffer.last_mut()
        {
            *mark = 1;
        }
        Self { records, prefix_len: buffer.len(), buffer }
    }

    /// What every row begins with: whole blocks where more follows.
    fn shared(&self) -> Result<Vec<u8>> {
        let mut all = self.buffer.get(..self.prefix_len).unwrap_or_default().to_vec();
        let (len, tag): (u8, u8) = match self.records {
            RecordIds::None => return Ok(all),
            RecordIds::I64(_) => (8, RecordIdPart::I64_TAG),
            RecordIds::Uuid(_) => (16, RecordIdPart::UUID_TAG),
            RecordIds::Text(_) | RecordIds::Each(_) => return Ok(Vec::new()),
        };
        // One part: its tag, its length, its bytes.
        all.extend_from_slice(&u32::from(len + 5).to_be_bytes());
        all.push(tag);
        if all.len().is_multiple_of(16) { Ok(all) } else { Err(Error::new(ErrorCode::Internal)) }
    }

    /// All of a row's.
    fn of(&mut self, row: usize) -> Result<&[u8]> {
        let is_first = self.buffer.len() == self.prefix_len;
        match self.records {
            RecordIds::None => return Ok(&self.buffer),
            // Of one length: only the id itself differs from the row before.
            RecordIds::Uuid(ids) if !is_first => {
                let place = self.buffer.last_chunk_mut().ok_or(ErrorCode::Internal)?;
                *place = ids.get(row).copied().unwrap_or_default();
                return Ok(&self.buffer);
            }
            RecordIds::I64(ids) if !is_first => {
                let place = self.buffer.last_chunk_mut().ok_or(ErrorCode::Internal)?;
                *place = ids.get(row).copied().unwrap_or_default().to_be_bytes();
                return Ok(&self.buffer);
            }
            _ => self.buffer.truncate(self.prefix_len),
        }
        self.buffer.extend_from_slice(&[0; 4]);
        self.records.append(row, &mut self.buffer)?;
        let len = self.buffer.len() - self.prefix_len - 4;
        let len = u32::try_from(len).map_err(|_| Error::new(ErrorCode::RecordIdInvalid))?;
        let place = self.buffer.get_mut(self.prefix_len..).and_then(|rest| rest.first_chunk_mut::<4>());
        *place.ok_or(ErrorCode::Internal)? = len.to_be_bytes();
        Ok(&self.buffer)
    }

    /// A row's, after what is shared.
    #[inline]
    fn own(&mut self, row: usize, shared: usize) -> Result<&[u8]> {
        if matches!(self.records, RecordIds::None) {
            return Ok(&[]);
        }
        self.of(row)?;
        Ok(self.present(shared))
    }

    /// That of the row which was asked for last, from a byte on.
    fn present(&self, from: usize) -> &[u8] {
        self.buffer.get(from..).unwrap_or_default()
    }
}

/// An error of one row.
pub(super) fn in_row(error: &Error, row: usize) -> Error {
    Error::with_detail(error.code(), format!("row {row}")).in_row(row)
}
