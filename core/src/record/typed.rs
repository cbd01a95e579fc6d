//! Serde structs and documents.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::{EncryptedRecord, RecordCipher};
use crate::error::{Error, ErrorCode, Result};

impl RecordCipher {
    /// Encrypts any struct that serde turns into an object.
    ///
    /// # Errors
    ///
    /// `SerializationFailed` if serde cannot, or gives something else; otherwise as [`Self::encrypt`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use fieldward::{Keyring, LocalKeyProvider, MemoryStore, Schema, SecretKey};
    /// # let keyring = Keyring::builder("clinic")
    /// #     .provider("primary", LocalKeyProvider::new(SecretKey::generate()?))
    /// #     .store(MemoryStore::new())
    /// #     .no_pin("an example in memory")
    /// #     .create()?;
    /// #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
    /// struct Patient {
    ///     patient_id: String,
    ///     ssn: Option<String>,
    ///     ward: u16,
    /// }
    /// let patients = keyring.records(&Schema::patient()?, None)?;
    /// let patient = Patient { patient_id: "p-7".into(), ssn: Some("999-41-1234".into()), ward: 3 };
    /// let sealed = patients.encrypt_from(&patient)?;
    /// assert_eq!(patients.decrypt_into::<Patient>(&sealed)?, patient);
    /// # Ok::<(), fieldward::Error>(())
    /// ```
    pub fn encrypt_from<T: Serialize>(&self, record: &T) -> Result<EncryptedRecord> {
        match serde_json::to_value(record) {
            Ok(Json::Object(record)) => self.encrypt(&record),
            _ => Err(Error::new(ErrorCode::SerializationFailed)),
        }
    }

    /// Decrypts into any struct that serde reads from an object.
    ///
    /// # Errors
    ///
    /// `SerializationFailed` if the record does not fit the struct; otherwise as [`Self::decrypt`].
    pub fn decrypt_into<T: DeserializeOwned>(&self, record: &EncryptedRecord) -> Result<T> {
        // Serde's message may quote the record: it is dropped.
        serde_json::from_value(Json::Object(self.decrypt(record)?))
            .map_err(|_| Error::new(ErrorCode::SerializationFailed))
    }

    /// A stored document, as [`EncryptedRecord::to_document`] gave it, without the members of index columns.
    #[must_use]
    pub fn read_document(&self, document: &Map<String, Json>) -> EncryptedRecord {
        let fields = self.schema().fields();
        let is_column =
            |name: &str| fields.iter().flat_map(|field| field.indexes()).any(|index| index.column() == name);
        EncryptedRecord::of_document(document, is_column)
    }
}
