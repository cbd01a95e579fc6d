//! One field: a value in, an envelope out, and back.

use std::rc::Rc;

use fieldward::{ErrorCode, FieldCipher, Value, ValueType};
use napi::bindgen_prelude::{Array, Env, JsValue, Object, Unknown};
use napi_derive::napi;

use crate::error::{Result, from_js, run};
use crate::handle::Handle;
use crate::keyring::{HandleOptions, Keyring};
use crate::schema::Schema;
use crate::search::{from_indexes, from_query};
use crate::value::{Form, from_stored, from_value, is_missing, to_record_id, to_value, with_stored};

/// Encrypts and decrypts the values of one field of one tenant. Made by `Keyring.field`, once, and kept.
#[napi]
pub struct Field {
    pub(crate) cipher: Rc<Handle<FieldCipher>>,
    pub(crate) record_id_kinds: Vec<ValueType>,
    pub(crate) form: Form,
}

impl Field {
    pub(crate) fn new(keyring: &Keyring, schema: &Schema, name: &str, options: HandleOptions) -> Result<Self> {
        let cipher = keyring.inner().with(|keyring| keyring.field(&schema.inner, options.tenant.as_deref(), name))?;
        let record_id_kinds = schema.record_id_kinds();
        Ok(Self { cipher: keyring.give(cipher), record_id_kinds, form: options.form() })
    }

    fn given(cipher: &FieldCipher, env: &Env, value: Unknown<'_>) -> Result<Value> {
        to_value(env, value, cipher.spec().value_type())?.ok_or_else(|| ErrorCode::QueryEmpty.into())
    }

    fn opened(&self, env: &Env, stored: Unknown<'_>, record_id: Option<Unknown<'_>>) -> Result<fieldward::Decrypted> {
        self.cipher.with(|cipher| {
            let record = to_record_id(env, record_id, &self.record_id_kinds)?;
            with_stored(stored, |stored| cipher.open(stored, record.as_ref()))
        })
    }
}

#[napi]
impl Field {
    /// Encrypts a value under the current key: a `Buffer` for a binary column, a `string` where the field is stored as text. `null`
    /// stays `null`, `undefined` stays `undefined`.
    #[napi(ts_return_type = "Stored")]
    pub fn encrypt<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "Value")] value: Unknown<'env>,
        #[napi(ts_arg_type = "RecordId")] record_id: Option<Unknown<'env>>,
    ) -> napi::Result<Unknown<'env>> {
        run(env, || {
            self.cipher.with(|cipher| {
                let record = to_record_id(env, record_id, &self.record_id_kinds)?;
                let given = to_value(env, value, cipher.spec().value_type())?;
                let stored = cipher.encrypt(given.as_ref(), record.as_ref())?;
                if is_missing(value) { Ok(value) } else { from_stored(env, &stored) }
            })
        })
    }

    /// Decrypts what is stored: the type that went in comes out.
    #[napi(ts_return_type = "Value")]
    pub fn decrypt<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "Stored")] stored: Unknown<'env>,
        #[napi(ts_arg_type = "RecordId")] record_id: Option<Unknown<'env>>,
    ) -> napi::Result<Unknown<'env>> {
        run(env, || {
            let opened = self.opened(env, stored, record_id)?;
            if is_missing(stored) { Ok(stored) } else { from_value(env, opened.value, self.form) }
        })
    }

    /// Decrypts, and tells which key it was and whether the value can be trusted.
    #[napi(ts_return_type = "Opened")]
    pub fn open<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "Stored")] stored: Unknown<'env>,
        #[napi(ts_arg_type = "RecordId")] record_id: Option<Unknown<'env>>,
    ) -> napi::Result<Object<'env>> {
        run(env, || {
            let opened = self.opened(env, stored, record_id)?;
            let value = from_value(env, opened.value, self.form)?;
            let mut said = Object::new(env).map_err(from_js)?;
            said.set("value", value).map_err(from_js)?;
            said.set("keyId", opened.key_id.map(|id| id.to_string())).map_err(from_js)?;
            said.set("isTrusted", opened.is_trusted).map_err(from_js)?;
            Ok(said)
        })
    }

    /// What every index of the field stores for a value, by column.
    #[napi(ts_return_type = "Record<string, IndexValue>")]
    pub fn index_values<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "Value")] value: Unknown<'env>,
    ) -> napi::Result<Object<'env>> {
        run(env, || {
            self.cipher.with(|cipher| {
                let value = to_value(env, value, cipher.spec().value_type())?;
                from_indexes(env, &cipher.index_values(value.as_ref())?, cipher.spec().stored_form())
            })
        })
    }

    /// What an index's column is compared with to find a value.
    #[napi(ts_return_type = "Query")]
    pub fn query<'env>(
        &self,
        env: &'env Env,
        index: String,
        #[napi(ts_arg_type = "Value")] value: Unknown<'env>,
    ) -> napi::Result<Unknown<'env>> {
        run(env, || {
            self.cipher.with(|cipher| {
                let value = Self::given(cipher, env, value)?;
                from_query(env, &cipher.query(&index, &value)?, cipher.spec().stored_form())
            })
        })
    }

    /// What the column of a deterministic field is compared with: one envelope for each key version that is not destroyed.
    #[napi(ts_return_type = "Array<Buffer | string>")]
    pub fn tokens<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "Value")] value: Unknown<'env>,
    ) -> napi::Result<Unknown<'env>> {
        run(env, || {
            self.cipher.with(|cipher| {
                let tokens = cipher.tokens(&Self::given(cipher, env, value)?)?;
                let tokens = tokens.iter().map(|token| from_stored(env, token)).collect::<Result<Vec<_>>>()?;
                Array::from_vec(env, tokens).map(|tokens| tokens.to_unknown()).map_err(from_js)
            })
        })
    }

    /// Whether a stored value is what a query asked for: confirms the candidates of a truncated index.
    #[napi]
    pub fn matches(
        &self,
        env: &Env,
        index: String,
        #[napi(ts_arg_type = "Value")] query: Unknown<'_>,
        #[napi(ts_arg_type = "Stored")] stored: Unknown<'_>,
        #[napi(ts_arg_type = "RecordId")] record_id: Option<Unknown<'_>>,
    ) -> napi::Result<bool> {
        run(env, || {
            self.cipher.with(|cipher| {
                let query = Self::given(cipher, env, query)?;
                let record = to_record_id(env, record_id, &self.record_id_kinds)?;
                with_stored(stored, |stored| cipher.matches(&index, &query, stored, record.as_ref()))
            })
        })
    }

    /// Whether a stored value should be re-encrypted. Reads the header only.
    #[napi]
    pub fn needs_rotation(&self, env: &Env, #[napi(ts_arg_type = "Stored")] stored: Unknown<'_>) -> napi::Result<bool> {
        run(env, || with_stored(stored, |stored| self.cipher.with(|cipher| cipher.needs_rotation(stored))))
    }

    /// Moves a stored value to the current key: the new envelope, and every index value computed anew.
    ///
    /// `to` moves it to another field, or to the same field of another tenant; `newRecordId` binds it to another record.
    #[napi(ts_return_type = "Reencrypted")]
    pub fn reencrypt<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "Stored")] stored: Unknown<'env>,
        #[napi(ts_arg_type = "RecordId")] record_id: Option<Unknown<'env>>,
        to: Option<&Field>,
        #[napi(ts_arg_type = "RecordId")] new_record_id: Option<Unknown<'env>>,
    ) -> napi::Result<Object<'env>> {
        run(env, || {
            let record = to_record_id(env, record_id, &self.record_id_kinds)?;
            let target = to.unwrap_or(self);
            let new_record = to_record_id(env, new_record_id, &target.record_id_kinds)?.or_else(|| record.clone());
            let (from, target) = (self.cipher.get()?, target.cipher.get()?);
            let moved = with_stored(stored, |stored| {
                let moving = from.reencryption(stored, record.as_ref());
                moving.to_record(new_record.as_ref()).to_field(&target).run()
            })?;
            let mut said = Object::new(env).map_err(from_js)?;
            said.set("stored", from_stored(env, &moved.stored)?).map_err(from_js)?;
            let indexes = from_indexes(env, &moved.index_values, target.spec().stored_form())?;
            said.set("indexValues", indexes).map_err(from_js)?;
            said.set("isTrusted", moved.is_trusted).map_err(from_js)?;
            Ok(said)
        })
    }

    /// The field's id.
    #[napi(getter)]
    pub fn id(&self, env: &Env) -> napi::Result<String> {
        run(env, || self.cipher.with(|cipher| Ok(cipher.spec().id().to_owned())))
    }
}
