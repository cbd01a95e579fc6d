//! Many values of one field in a list, as languages without columns have them.

use super::columns::in_row;
use super::{FieldCipher, Stored};
use crate::column::{Column, OnFailure, RecordIds, RowFailure, StoredColumn, ValueColumn};
use crate::error::{Error, ErrorCode, Result, fail};
use crate::schema::StoredForm;
use crate::value::{Date, Value, ValueType};

/// Decrypted values, in the order of what was stored.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct DecryptedBatch {
    /// The values; `None` for null, and for rows that failed.
    pub values: Vec<Option<Value>>,
    /// The rows that failed, in order, where failures are reported.
    pub failures: Vec<RowFailure>,
    /// Rows under a suspended or compromised key, or never encrypted.
    pub untrusted_rows: u64,
}

impl FieldCipher {
    /// Encrypts many values under the current key, in order. Null stays null. What is bytes goes through the cipher together, as in
    /// [`Self::encrypt_column`].
    ///
    /// # Errors
    ///
    /// As [`Self::encrypt`], with the row named; `InvalidArgument` if there are not as many record ids as values. Nothing comes out then.
    ///
    /// # Examples
    ///
    /// ```
    /// use fieldward::{Keyring, LocalKeyProvider, MemoryStore, OnFailure, RecordId, RecordIds, Schema, SecretKey, Value};
    ///
    /// # let keyring = Keyring::builder("clinic")
    /// #     .provider("primary", LocalKeyProvider::new(SecretKey::generate()?))
    /// #     .store(MemoryStore::new())
    /// #     .no_pin("an example in memory")
    /// #     .create()?;
    /// let ssn = keyring.field(&Schema::patient()?, None, "ssn")?;
    /// let patients = [RecordId::text("p-1")?, RecordId::text("p-2")?];
    /// let stored = ssn.encrypt_batch(&[Some("999-41-1234".into()), None], &RecordIds::Each(&patients))?;
    /// let back = ssn.decrypt_batch(&stored, &RecordIds::Each(&patients), OnFailure::Refuse)?;
    /// assert_eq!(back.values, [Some(Value::Text("999-41-1234".into())), None]);
    /// # Ok::<(), fieldward::Error>(())
    /// ```
    pub fn encrypt_batch(&self, values: &[Option<Value>], records: &RecordIds<'_>) -> Result<Vec<Stored>> {
        one_each(records, values.len())?;
        for (row, value) in values.iter().enumerate() {
            self.check_type(value.as_ref()).map_err(|error| in_row(&error, row))?;
        }
        if !is_binary(self.spec().value_type()) {
            let rows = values.iter().enumerate();
            let one = |(row, value): (usize, &Option<Value>)| {
                let sealed = records.get(row).and_then(|record| self.encrypt(value.as_ref(), record.as_ref()));
                sealed.map_err(|error| in_row(&error, row))
            };
            return rows.map(one).collect();
        }
        let mut payloads = StoredColumn::new();
        payloads.clear(values.len(), values.iter().flatten().map(|value| value.payload().len()).sum());
        for value in values {
            payloads.data.extend_from_slice(&value.as_ref().map(Value::payload).unwrap_or_default());
            payloads.end_row(value.is_some());
        }
        let mut output = StoredColumn::new();
        let column = payloads.as_column().map(Column::Binary);
        let sealed = column.and_then(|column| self.encrypt_column(&column, records, &mut output));
        payloads.wipe();
        sealed?;
        self.stored_rows(&output)
    }

    fn stored_rows(&self, column: &StoredColumn) -> Result<Vec<Stored>> {
        let (column, form) = (column.as_column()?, self.spec().stored_form());
        let row = |row| match (column.get(row), form) {
            (None, _) => Ok(Stored::Null),
            (Some(bytes), StoredForm::Bytes) => Ok(Stored::Bytes(bytes.to_vec())),
            (Some(bytes), StoredForm::Text) => text(bytes).map(Stored::Text),
        };
        (0..column.rows()).map(row).collect()
    }

    /// Decrypts many stored values, in order. Null stays null.
    ///
    /// # Errors
    ///
    /// As [`Self::decrypt`], for the first row that fails, with the row named; or none of these where failures are reported. In any
    /// case `InvalidArgument` if there are not as many record ids as values.
    pub fn decrypt_batch(
        &self,
        stored: &[Stored],
        records: &RecordIds<'_>,
        on_failure: OnFailure,
    ) -> Result<DecryptedBatch> {
        one_each(records, stored.len())?;
        let form = self.spec().stored_form();
        let rows = stored.iter().map(|stored| match (stored, form) {
            (Stored::Bytes(bytes), StoredForm::Bytes) => Some(Some(bytes.as_slice())),
            (Stored::Text(text), StoredForm::Text) => Some(Some(text.as_bytes())),
            (Stored::Null, _) => Some(None),
            _ => None,
        });
        // A row in the other form can still be one that the field reads by name.
        let Some(rows) = rows.collect::<Option<Vec<_>>>() else {
            return self.decrypt_each(stored, records, on_failure);
        };
        let column = StoredColumn::of(rows.into_iter());
        let opened = self.decrypt_column(&column.as_column()?, records, on_failure)?;
        let values = values(opened.values, self.spec().value_type())?;
        Ok(DecryptedBatch { values, failures: opened.failures, untrusted_rows: opened.untrusted_rows })
    }

    fn decrypt_each(
        &self,
        stored: &[Stored],
        records: &RecordIds<'_>,
        on_failure: OnFailure,
    ) -> Result<DecryptedBatch> {
        let mut batch = DecryptedBatch::default();
        for (row, stored) in stored.iter().enumerate() {
            match records.get(row).and_then(|record| self.open(stored.as_ref(), record.as_ref())) {
                Ok(opened) => {
                    batch.untrusted_rows += u64::from(!opened.is_trusted);
                    batch.values.push(opened.value);
                }
                Err(error) if on_failure == OnFailure::Refuse => return Err(in_row(&error, row)),
                Err(error) => {
                    batch.failures.push(RowFailure { row, error: error.in_row(row) });
                    batch.values.push(None);
                }
            }
        }
        Ok(batch)
    }
}

/// Whether a column of such values is bytes.
const fn is_binary(kind: ValueType) -> bool {
    matches!(kind, ValueType::Text | ValueType::Bytes | ValueType::Json | ValueType::Uuid)
}

fn one_each(records: &RecordIds<'_>, rows: usize) -> Result<()> {
    match records.rows() {
        Some(ids) if ids != rows => fail(ErrorCode::InvalidArgument, "one record id a row"),
        _ => Ok(()),
    }
}

fn text(bytes: &[u8]) -> Result<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Error::new(ErrorCode::Internal))
}

/// The values of a column, each of its own.
fn values(column: ValueColumn, kind: ValueType) -> Result<Vec<Option<Value>>> {
    fn each<T>(values: Vec<T>, valid: Vec<bool>, value: impl Fn(T) -> Result<Value>) -> Result<Vec<Option<Value>>> {
        values.into_iter().zip(valid).map(|(one, is)| is.then(|| value(one)).transpose()).collect()
    }
    match column {
        ValueColumn::Binary(mut rows) => {
            let value = |bytes: &[u8]| match kind {
                ValueType::Text => text(bytes).map(Value::Text),
                ValueType::Json => text(bytes).map(Value::Json),
                ValueType::Uuid => bytes.try_into().map(Value::Uuid).map_err(|_| Error::new(ErrorCode::Internal)),
                _ => Ok(Value::Bytes(bytes.to_vec())),
            };
            let column = rows.as_column()?;
            let values = (0..column.rows()).map(|row| column.get(row).map(value).transpose()).collect();
            rows.wipe();
            values
        }
        ValueColumn::I64(values, valid) => each(values, valid, |number| Ok(Value::I64(number))),
        ValueColumn::F64(values, valid) => each(values, valid, |number| Ok(Value::F64(number))),
        ValueColumn::Bool(values, valid) => each(values, valid, |truth| Ok(Value::Bool(truth))),
        ValueColumn::Date(values, valid) => each(values, valid, |days| Date::from_unix_days(days).map(Value::Date)),
        ValueColumn::Values(values) => Ok(values),
    }
}
