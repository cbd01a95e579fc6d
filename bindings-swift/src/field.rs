//! One field: a value in, an envelope out, and back.

use std::sync::Arc;

use fieldward::{Error, FieldCipher};

use crate::error::Result;
use crate::handle::Handle;
use crate::node::Member;
use crate::search::{Query, from_index};
use crate::value::{Stored, Value, asked, from_value, to_record_id, to_value};

/// Encrypts and decrypts the values of one field of one tenant. Any thread may use it.
#[derive(uniffi::Object)]
pub struct Field {
    pub(crate) cipher: Arc<Handle<FieldCipher>>,
}

/// A decrypted value and what is known about its key.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct Opened {
    /// The value; none for null.
    pub value: Option<Value>,
    /// The key that it was encrypted under, eight hexadecimal digits; none for null and for legacy plaintext.
    pub key_id: Option<String>,
    /// False if the key is suspended or compromised, or the value was never encrypted.
    pub is_trusted: bool,
}

/// A value that was moved to the current key.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct Reencrypted {
    /// The new envelope.
    pub stored: Stored,
    /// Every index value, by column.
    pub index_values: Vec<Member>,
    /// False if the value stood under a suspended or compromised key, or was never encrypted.
    pub is_trusted: bool,
}

pub(crate) fn index_members(cipher: &FieldCipher, value: Option<Value>) -> Result<Vec<Member>, Error> {
    let form = cipher.spec().stored_form();
    let values = cipher.index_values(to_value(value)?.as_ref())?;
    Ok(values.into_iter().map(|(column, value)| Member::new(column, from_index(value, form))).collect())
}

pub(crate) fn query(cipher: &FieldCipher, index: &str, value: Option<Value>) -> Result<Query, Error> {
    Ok(Query::of(&cipher.query(index, &asked(value)?)?, cipher.spec().stored_form()))
}

pub(crate) fn tokens(cipher: &FieldCipher, value: Option<Value>) -> Result<Vec<Stored>, Error> {
    Ok(cipher.tokens(&asked(value)?)?.into_iter().map(Stored::from).collect())
}

#[uniffi::export]
impl Field {
    /// The field's id.
    pub fn id(&self) -> Result<String> {
        Ok(self.cipher.part()?.spec().id().to_owned())
    }

    /// Encrypts a value under the current key. Null stays null.
    pub fn encrypt(&self, value: Option<Value>, record: Option<Vec<Value>>) -> Result<Stored> {
        Ok(self.cipher.part()?.encrypt(to_value(value)?.as_ref(), to_record_id(record)?.as_ref())?.into())
    }

    /// Decrypts what is stored: the type that went in comes out.
    pub fn decrypt(&self, stored: Stored, record: Option<Vec<Value>>) -> Result<Option<Value>> {
        let stored = fieldward::Stored::from(stored);
        Ok(from_value(self.cipher.part()?.decrypt(stored.as_ref(), to_record_id(record)?.as_ref())?)?)
    }

    /// Decrypts, and tells which key it was and whether the value can be trusted.
    pub fn open(&self, stored: Stored, record: Option<Vec<Value>>) -> Result<Opened> {
        let stored = fieldward::Stored::from(stored);
        let opened = self.cipher.part()?.open(stored.as_ref(), to_record_id(record)?.as_ref())?;
        let key_id = opened.key_id.map(|id| id.to_string());
        Ok(Opened { value: from_value(opened.value)?, key_id, is_trusted: opened.is_trusted })
    }

    /// What every index of the field stores for a value, by column.
    pub fn index_values(&self, value: Option<Value>) -> Result<Vec<Member>> {
        Ok(index_members(&*self.cipher.part()?, value)?)
    }

    /// What an index's column is compared with to find a value.
    pub fn query(&self, index: &str, value: Option<Value>) -> Result<Query> {
        Ok(query(&*self.cipher.part()?, index, value)?)
    }

    /// What the column of a deterministic field is compared with: one envelope for each key version that is not destroyed.
    pub fn tokens(&self, value: Option<Value>) -> Result<Vec<Stored>> {
        Ok(tokens(&*self.cipher.part()?, value)?)
    }

    /// Whether a stored value is what a query asked for: confirms the candidates of a truncated index.
    pub fn matches(
        &self,
        index: &str,
        query: Option<Value>,
        stored: Stored,
        record: Option<Vec<Value>>,
    ) -> Result<bool> {
        let (query, stored, record) = (asked(query)?, fieldward::Stored::from(stored), to_record_id(record)?);
        Ok(self.cipher.part()?.matches(index, &query, stored.as_ref(), record.as_ref())?)
    }

    /// Whether a stored value should be re-encrypted. Reads the header only.
    pub fn needs_rotation(&self, stored: Stored) -> Result<bool> {
        Ok(self.cipher.part()?.needs_rotation(fieldward::Stored::from(stored).as_ref())?)
    }

    /// Moves a stored value to the current key; to another field, or another record, where one is named.
    pub fn reencrypt(
        &self,
        stored: Stored,
        record: Option<Vec<Value>>,
        to: Option<Arc<Self>>,
        new_record: Option<Vec<Value>>,
    ) -> Result<Reencrypted> {
        let from = self.cipher.part()?;
        let target = match to {
            Some(field) => field.cipher.part()?,
            None => Arc::clone(&from),
        };
        let (stored, record) = (fieldward::Stored::from(stored), to_record_id(record)?);
        let new_record = to_record_id(new_record)?.or_else(|| record.clone());
        let moving = from.reencryption(stored.as_ref(), record.as_ref());
        let moved = moving.to_record(new_record.as_ref()).to_field(&target).run()?;
        let (form, values) = (target.spec().stored_form(), moved.index_values.into_iter());
        Ok(Reencrypted {
            stored: moved.stored.into(),
            index_values: values.map(|(column, value)| Member::new(column, from_index(value, form))).collect(),
            is_trusted: moved.is_trusted,
        })
    }
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Field").finish_non_exhaustive()
    }
}
