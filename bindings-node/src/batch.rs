//! Many values of one field at once, on the worker pool.

use fieldward::{
    DecryptedBatch, Error, ErrorCode, FieldCipher, OnFailure, Stored, StoredColumn, StoredForm, Value, ValueType,
};
use napi::bindgen_prelude::{Array, Env, JsValue, Null, Object, PromiseRaw, ToNapiValue, Unknown};
use napi_derive::napi;

use crate::column::{Ids, encrypt_column, packed};
use crate::error::{Result, from_js, run, to_js};
use crate::field::Field;
use crate::host::slices;
use crate::promise::promise;
use crate::value::{Form, from_stored, from_value, to_record_id, to_stored, to_value};

fn in_row(error: Error, row: usize) -> Error {
    Error::with_detail(error.code(), format!("row {row}")).in_row(row)
}

/// Text and bytes go by the column, everything else value by value.
enum Values {
    Packed(StoredColumn),
    Each(Vec<Option<Value>>),
}

impl Values {
    fn of(env: &Env, values: Vec<Unknown<'_>>, kind: ValueType) -> Result<Self> {
        let value = |(row, value)| to_value(env, value, kind).map_err(|error| in_row(error, row));
        let values = values.into_iter().enumerate().map(value).collect::<Result<Vec<_>>>()?;
        Ok(match kind {
            ValueType::Text | ValueType::Bytes => Self::Packed(packed_of(&values)),
            _ => Self::Each(values),
        })
    }

    fn encrypt(&self, cipher: &FieldCipher, ids: &Ids) -> Result<Sealed> {
        match self {
            Self::Packed(column) => encrypt_column(cipher, column.as_column()?, ids).map(Sealed::Column),
            Self::Each(values) => ids.with(|ids| cipher.encrypt_batch(values, ids)).map(Sealed::Each),
        }
    }
}

/// A column of values that are text or bytes.
fn packed_of(values: &[Option<Value>]) -> StoredColumn {
    StoredColumn::of(values.iter().map(|value| match value {
        Some(Value::Text(text)) => Some(text.as_bytes()),
        Some(Value::Bytes(bytes)) => Some(bytes.as_slice()),
        _ => None,
    }))
}

enum Sealed {
    Column(StoredColumn),
    Each(Vec<Stored>),
}

/// An array of what a column has: text, or slices of one buffer.
fn rows_of<'env>(env: &'env Env, column: StoredColumn, is_text: bool) -> Result<Unknown<'env>> {
    if !is_text {
        let packed = packed(column)?;
        return slices(env, packed.data, packed.offsets, packed.validity);
    }
    let rows = column.as_column()?;
    let row = |row| match rows.get(row).map(std::str::from_utf8) {
        Some(Ok(text)) => text.into_unknown(env).map_err(from_js),
        Some(Err(_)) => Err(ErrorCode::Internal.into()),
        None => Null.into_unknown(env).map_err(from_js),
    };
    array(env, (0..rows.rows()).map(row))
}

fn array<'env>(env: &'env Env, values: impl Iterator<Item = Result<Unknown<'env>>>) -> Result<Unknown<'env>> {
    let values = values.collect::<Result<Vec<_>>>()?;
    Array::from_vec(env, values).map(|values| values.to_unknown()).map_err(from_js)
}

/// An array of values; of bytes, as slices of one buffer.
fn from_values(env: &Env, values: Vec<Option<Value>>, kind: ValueType, form: Form) -> Result<Unknown<'_>> {
    match kind {
        ValueType::Bytes => rows_of(env, packed_of(&values), false),
        _ => array(env, values.into_iter().map(|value| from_value(env, value, form))),
    }
}

impl Field {
    fn ids(&self, env: &Env, ids: Option<Vec<Unknown<'_>>>) -> Result<Ids> {
        let Some(ids) = ids else { return Ok(Ids::None) };
        let id = |(row, id)| {
            let id = to_record_id(env, Some(id), &self.record_id_kinds).map_err(|error| in_row(error, row))?;
            id.ok_or_else(|| in_row(ErrorCode::RecordIdMissing.into(), row))
        };
        ids.into_iter().enumerate().map(id).collect::<Result<Vec<_>>>().map(Ids::Each)
    }

    fn opened_many<'env, V: ToNapiValue>(
        &self,
        env: &'env Env,
        stored: Vec<Unknown<'_>>,
        record_ids: Option<Vec<Unknown<'_>>>,
        on_failure: OnFailure,
        convert: impl FnOnce(&'env Env, DecryptedBatch, ValueType, Form) -> Result<V> + 'static,
    ) -> napi::Result<PromiseRaw<'env, V>> {
        let (cipher, rows, ids) = run(env, || {
            let cipher = self.cipher.get()?;
            let row = |(row, stored)| to_stored(stored).map_err(|error| in_row(error, row));
            let rows = stored.into_iter().enumerate().map(row).collect::<Result<Vec<_>>>()?;
            Ok((cipher, rows, self.ids(env, record_ids)?))
        })?;
        let (kind, form) = (cipher.spec().value_type(), self.form);
        promise(
            env,
            move || ids.with(|ids| cipher.decrypt_batch(&rows, ids, on_failure)),
            move |env, opened| convert(env, opened, kind, form),
        )
    }
}

#[napi]
impl Field {
    /// Encrypts many values, with a record id for each where the field binds one. `undefined` counts as `null`. The first value that
    /// fails is the error, with its `row`, and nothing comes out.
    #[napi(ts_return_type = "Promise<any[]>")]
    pub fn encrypt_many<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "Value[]")] values: Vec<Unknown<'_>>,
        #[napi(ts_arg_type = "RecordId[]")] record_ids: Option<Vec<Unknown<'_>>>,
    ) -> napi::Result<PromiseRaw<'env, Unknown<'env>>> {
        let (cipher, values, ids) = run(env, || {
            let cipher = self.cipher.get()?;
            let values = Values::of(env, values, cipher.spec().value_type())?;
            Ok((cipher, values, self.ids(env, record_ids)?))
        })?;
        let is_text = cipher.spec().stored_form() == StoredForm::Text;
        promise(
            env,
            move || values.encrypt(&cipher, &ids),
            move |env, sealed| match sealed {
                Sealed::Column(column) => rows_of(env, column, is_text),
                Sealed::Each(values) => array(env, values.iter().map(|stored| from_stored(env, stored))),
            },
        )
    }

    /// Decrypts many values. The first that fails is the error, with its `row`, and nothing comes out.
    #[napi(ts_return_type = "Promise<any[]>")]
    pub fn decrypt_many<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "Stored[]")] stored: Vec<Unknown<'_>>,
        #[napi(ts_arg_type = "RecordId[]")] record_ids: Option<Vec<Unknown<'_>>>,
    ) -> napi::Result<PromiseRaw<'env, Unknown<'env>>> {
        self.opened_many(env, stored, record_ids, OnFailure::Refuse, |env, opened, kind, form| {
            from_values(env, opened.values, kind, form)
        })
    }

    /// Decrypts many values: those that fail are null, and listed with their errors.
    #[napi(ts_return_type = "Promise<{ values: any[], failures: FieldwardError[], untrustedRows: number }>")]
    pub fn open_many<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "Stored[]")] stored: Vec<Unknown<'_>>,
        #[napi(ts_arg_type = "RecordId[]")] record_ids: Option<Vec<Unknown<'_>>>,
    ) -> napi::Result<PromiseRaw<'env, Object<'env>>> {
        self.opened_many(env, stored, record_ids, OnFailure::Report, |env, opened, kind, form| {
            let failures = opened.failures.into_iter().map(|failure| to_js(env, &in_row(failure.error, failure.row)));
            let failures: Vec<napi::Error> = failures.collect();
            let mut said = Object::new(env).map_err(from_js)?;
            said.set("values", from_values(env, opened.values, kind, form)?).map_err(from_js)?;
            said.set("failures", failures).map_err(from_js)?;
            said.set("untrustedRows", i64::try_from(opened.untrusted_rows).unwrap_or(i64::MAX)).map_err(from_js)?;
            Ok(said)
        })
    }
}
