//! Whole records: members in the types of Swift and Kotlin, and JSON.

use std::sync::Arc;

use fieldward::{Cell, EncryptedRecord, Error, ErrorCode, IndexValue, RecordCipher, SealedNode, StoredForm};
use serde_json::{Map, Value as Json};

use crate::error::Result;
use crate::handle::Handle;
use crate::node::{Member, Node};
use crate::search::{Query, from_index};
use crate::value::{Value, asked};

/// Encrypts and decrypts the records of one schema, of one tenant. Any thread may use it.
#[derive(uniffi::Object)]
pub struct Records {
    pub(crate) cipher: Arc<Handle<RecordCipher>>,
}

/// A record and whether every key in it can be trusted.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct OpenedRecord {
    /// The record.
    pub members: Vec<Member>,
    /// False if a value stood under a suspended or compromised key, or was never encrypted.
    pub is_trusted: bool,
}

fn form_of(cipher: &RecordCipher, column: &str) -> StoredForm {
    let fields = cipher.schema().fields();
    let field = fields.iter().find(|field| field.indexes().iter().any(|index| index.column() == column));
    field.map_or(StoredForm::Bytes, |field| field.stored_form())
}

fn index_members(cipher: &RecordCipher, values: Vec<(String, IndexValue)>) -> impl Iterator<Item = Member> {
    values.into_iter().map(|(column, value)| {
        let node = from_index(value, form_of(cipher, &column));
        Member::new(column, node)
    })
}

/// A row: the record with envelopes in the places of its fields, then the index columns.
fn row(cipher: &RecordCipher, mut record: Node, sealed: SealedNode) -> Result<OpenedRecord, Error> {
    record.put(sealed.changes, |stored| Ok(stored.into()))?;
    let mut members = record.into_members();
    members.retain(|member| !cipher.is_index_column(&member.name));
    members.extend(index_members(cipher, sealed.index_values));
    Ok(OpenedRecord { members, is_trusted: sealed.is_trusted })
}

pub(crate) fn encrypt(cipher: &RecordCipher, record: Vec<Member>) -> Result<Vec<Member>, Error> {
    let record = Node::Members(record);
    let sealed = cipher.encrypt_node(&&record)?;
    Ok(row(cipher, record, sealed)?.members)
}

pub(crate) fn decrypt(cipher: &RecordCipher, row: Vec<Member>) -> Result<OpenedRecord, Error> {
    let mut record = Node::Members(row);
    let opened = cipher.open_node(&&record)?;
    record.put(opened.changes, Node::of)?;
    let mut members = record.into_members();
    members.retain(|member| !cipher.is_index_column(&member.name));
    Ok(OpenedRecord { members, is_trusted: opened.is_trusted })
}

fn object(text: &str) -> Result<Map<String, Json>> {
    serde_json::from_str(text).map_err(|_| ErrorCode::InvalidJson.into())
}

#[uniffi::export]
impl Records {
    /// Encrypts every declared field: a row for a table or a document.
    pub fn encrypt(&self, record: Vec<Member>) -> Result<Vec<Member>> {
        Ok(encrypt(&*self.cipher.part()?, record)?)
    }

    /// Decrypts every declared field of a row. Index columns are left out.
    pub fn decrypt(&self, row: Vec<Member>) -> Result<OpenedRecord> {
        Ok(decrypt(&*self.cipher.part()?, row)?)
    }

    /// Moves every value of a row to the current key, and computes every index value anew.
    pub fn reencrypt(&self, row: Vec<Member>) -> Result<OpenedRecord> {
        let (cipher, record) = (self.cipher.part()?, Node::Members(row));
        let moved = cipher.reencrypt_node(&&record)?;
        Ok(self::row(&cipher, record, moved)?)
    }

    /// Whether a value of the row should be re-encrypted.
    pub fn needs_rotation(&self, row: Vec<Member>) -> Result<bool> {
        Ok(self.cipher.part()?.node_needs_rotation(&&Node::Members(row))?)
    }

    /// What an index's column is compared with to find a value of a field.
    pub fn query(&self, field: &str, index: &str, value: Option<Value>) -> Result<Query> {
        let cipher = self.cipher.part()?;
        Ok(crate::field::query(cipher.field(field)?, index, value)?)
    }

    /// Whether a row is what a query asked for: confirms the candidates of a truncated index.
    pub fn matches(&self, field: &str, index: &str, query: Option<Value>, row: Vec<Member>) -> Result<bool> {
        Ok(self.cipher.part()?.node_matches(field, index, &asked(query)?, &&Node::Members(row))?)
    }

    /// Refuses the names of members, or columns, as `encrypt` refuses them.
    pub fn check_names(&self, names: Vec<String>) -> Result<()> {
        Ok(self.cipher.part()?.check_names(names.iter().map(String::as_str))?)
    }

    /// Whether a member of this name is the column of an index.
    pub fn is_index_column(&self, name: &str) -> Result<bool> {
        Ok(self.cipher.part()?.is_index_column(name))
    }

    /// Encrypts a record of JSON text. Members in the clear come as JSON, envelopes and index values as bytes or text.
    pub fn encrypt_json(&self, record: &str) -> Result<Vec<Member>> {
        let cipher = self.cipher.part()?;
        let sealed = cipher.encrypt(&object(record)?)?;
        let mut members = Vec::new();
        for (name, cell) in sealed.cells() {
            members.push(Member::new(
                name,
                match cell {
                    Cell::Clear(json) => Node::Leaf(Value::Json(json.to_string())),
                    Cell::Stored(stored) => stored.clone().into(),
                    _ => return Err(ErrorCode::Internal.into()),
                },
            ));
        }
        members.extend(index_members(&cipher, sealed.index_values().to_vec()));
        Ok(members)
    }

    /// Decrypts such members: the very text that went in, but for the space between.
    pub fn decrypt_json(&self, row: Vec<Member>) -> Result<String> {
        let cipher = self.cipher.part()?;
        let mut record = EncryptedRecord::new();
        for Member { name, node } in row.into_iter().filter(|member| !cipher.is_index_column(&member.name)) {
            record = record.with(
                name,
                match node {
                    Node::Leaf(Value::Json(text)) => {
                        Cell::Clear(serde_json::from_str(&text).map_err(|_| ErrorCode::InvalidJson)?)
                    }
                    node => Cell::Stored(fieldward::RecordNode::stored(&&node)?),
                },
            );
        }
        Ok(Json::Object(cipher.decrypt(&record)?).to_string())
    }

    /// Encrypts a JSON document into one: envelopes as text, index values as hexadecimal digits.
    pub fn encrypt_document(&self, document: &str) -> Result<String> {
        Ok(Json::Object(self.cipher.part()?.encrypt(&object(document)?)?.to_document()?).to_string())
    }

    /// Decrypts a stored JSON document.
    pub fn decrypt_document(&self, document: &str) -> Result<String> {
        let cipher = self.cipher.part()?;
        Ok(Json::Object(cipher.decrypt(&cipher.read_document(&object(document)?))?).to_string())
    }
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records").finish_non_exhaustive()
    }
}
