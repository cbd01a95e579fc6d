//! Whole records: objects, in JavaScript's own types.

use std::rc::Rc;

use fieldward::{ErrorCode, RecordCipher, SealedNode, StoredForm};
use napi::bindgen_prelude::{Env, Object, Unknown};
use napi_derive::napi;

use crate::error::{Result, from_js, run};
use crate::handle::Handle;
use crate::keyring::{HandleOptions, Keyring};
use crate::node::{Node, apply, copied, put};
use crate::schema::Schema;
use crate::search::{from_index, from_query};
use crate::value::{Form, from_stored, from_value, to_value};

/// Encrypts and decrypts the records of one schema, of one tenant. Made by `Keyring.records`, once, and kept.
#[napi]
pub struct Records {
    cipher: Rc<Handle<RecordCipher>>,
    form: Form,
}

impl Records {
    pub(crate) fn new(keyring: &Keyring, schema: &Schema, options: HandleOptions) -> Result<Self> {
        let cipher = keyring.inner().with(|keyring| keyring.records(&schema.inner, options.tenant.as_deref()))?;
        Ok(Self { cipher: keyring.give(cipher), form: options.form() })
    }

    /// A row: the record with envelopes in the places of its fields, then the index columns.
    fn row<'env>(
        env: &'env Env,
        cipher: &RecordCipher,
        record: &Object<'env>,
        sealed: SealedNode,
    ) -> Result<Object<'env>> {
        let mut row = copied(env, record, |_| true)?;
        apply(env, row, sealed.changes, |stored| from_stored(env, &stored))?;
        for (column, value) in &sealed.index_values {
            let fields = cipher.schema().fields();
            let field = fields.iter().find(|field| field.indexes().iter().any(|index| index.column() == column));
            let form = field.map_or(StoredForm::Bytes, |field| field.stored_form());
            put(env, &mut row, column, from_index(env, value, form)?)?;
        }
        Ok(row)
    }

    fn opened<'env>(&self, env: &'env Env, row: Unknown<'env>) -> Result<(Object<'env>, bool)> {
        self.cipher.with(|cipher| {
            let node = Node { env, js: row };
            let opened = cipher.open_node(&node)?;
            let row = node.object().ok_or(ErrorCode::RecordShape)?;
            let record = copied(env, &row, |name| !cipher.is_index_column(name))?;
            apply(env, record, opened.changes, |value| from_value(env, value, self.form))?;
            Ok((record, opened.is_trusted))
        })
    }
}

#[napi]
impl Records {
    /// Encrypts every declared field of a record: a new object, with index columns after the record's own members. `null` stays `null`,
    /// missing and `undefined` stay so; what the schema neither declares nor leaves in the clear is refused.
    #[napi(ts_return_type = "Record<string, any>")]
    pub fn encrypt<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "object")] record: Unknown<'env>,
    ) -> napi::Result<Object<'env>> {
        run(env, || {
            self.cipher.with(|cipher| {
                let node = Node { env, js: record };
                let sealed = cipher.encrypt_node(&node)?;
                Self::row(env, cipher, &node.object().ok_or(ErrorCode::RecordShape)?, sealed)
            })
        })
    }

    /// Decrypts every declared field of a row: the record that went in, without index columns.
    #[napi(ts_return_type = "Record<string, any>")]
    pub fn decrypt<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "object")] row: Unknown<'env>,
    ) -> napi::Result<Object<'env>> {
        run(env, || self.opened(env, row).map(|(record, _)| record))
    }

    /// Decrypts, and tells whether every value can be trusted: false if one stood under a suspended or compromised key, or was never
    /// encrypted.
    #[napi(ts_return_type = "{ record: Record<string, any>, isTrusted: boolean }")]
    pub fn open<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "object")] row: Unknown<'env>,
    ) -> napi::Result<Object<'env>> {
        run(env, || {
            let (record, is_trusted) = self.opened(env, row)?;
            let mut said = Object::new(env).map_err(from_js)?;
            said.set("record", record).map_err(from_js)?;
            said.set("isTrusted", is_trusted).map_err(from_js)?;
            Ok(said)
        })
    }

    /// Whether a value of the row should be re-encrypted.
    #[napi]
    pub fn needs_rotation<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "object")] row: Unknown<'env>,
    ) -> napi::Result<bool> {
        run(env, || self.cipher.with(|cipher| cipher.node_needs_rotation(&Node { env, js: row })))
    }

    /// Moves every value of a row to the current key and computes every index value anew. Index columns that the row has are
    /// compared first, where their index is exact.
    #[napi(ts_return_type = "Record<string, any>")]
    pub fn reencrypt<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "object")] row: Unknown<'env>,
    ) -> napi::Result<Object<'env>> {
        run(env, || {
            self.cipher.with(|cipher| {
                let node = Node { env, js: row };
                let moved = cipher.reencrypt_node(&node)?;
                Self::row(env, cipher, &node.object().ok_or(ErrorCode::RecordShape)?, moved)
            })
        })
    }

    /// What an index's column is compared with to find a value of a field.
    #[napi(ts_return_type = "Query")]
    pub fn query<'env>(
        &self,
        env: &'env Env,
        field: String,
        index: String,
        #[napi(ts_arg_type = "Value")] value: Unknown<'env>,
    ) -> napi::Result<Unknown<'env>> {
        run(env, || {
            self.cipher.with(|cipher| {
                let field = cipher.field(&field)?;
                let value = to_value(env, value, field.spec().value_type())?.ok_or(ErrorCode::QueryEmpty)?;
                from_query(env, &field.query(&index, &value)?, field.spec().stored_form())
            })
        })
    }

    /// Whether a row is what a query asked for, in any of the field's values: confirms the candidates of a truncated index.
    #[napi]
    pub fn matches<'env>(
        &self,
        env: &'env Env,
        field: String,
        index: String,
        #[napi(ts_arg_type = "Value")] query: Unknown<'env>,
        #[napi(ts_arg_type = "object")] row: Unknown<'env>,
    ) -> napi::Result<bool> {
        run(env, || {
            self.cipher.with(|cipher| {
                let kind = cipher.field(&field)?.spec().value_type();
                let query = to_value(env, query, kind)?.ok_or(ErrorCode::QueryEmpty)?;
                cipher.node_matches(&field, &index, &query, &Node { env, js: row })
            })
        })
    }

    /// Refuses the names of members, or columns, as `encrypt` refuses them.
    #[napi]
    pub fn check_names(&self, env: &Env, names: Vec<String>) -> napi::Result<()> {
        run(env, || self.cipher.with(|cipher| cipher.check_names(names.iter().map(String::as_str))))
    }

    /// Whether a member of this name is the column of an index.
    #[napi]
    pub fn is_index_column(&self, env: &Env, name: String) -> napi::Result<bool> {
        run(env, || self.cipher.with(|cipher| Ok(cipher.is_index_column(&name))))
    }
}
