//! Packed columns of one field, on the worker pool: bytes and offsets, as Arrow has them.

use fieldward::{
    BinaryColumn, Column, ErrorCode, FieldCipher, Offsets, OnFailure, RecordId, RecordIds, StoredColumn, Validity,
    ValueColumn, ValueType,
};
use napi::bindgen_prelude::{BigInt64Array, Either, Env, Int32Array, PromiseRaw, Uint8Array};
use napi_derive::napi;

use crate::error::{Result, fail, run};
use crate::field::Field;
use crate::promise::promise;

/// Text or bytes of many rows, as Arrow has them.
#[napi(object)]
pub struct PackedColumn {
    /// The bytes of all rows.
    #[napi(ts_type = "Uint8Array")]
    pub data: Uint8Array,
    /// Where each row begins in `data`, and where the last ends: one more than there are rows.
    #[napi(ts_type = "Int32Array")]
    pub offsets: Int32Array,
    /// A bit for each row that is not null, least significant first. Without it none is null.
    #[napi(ts_type = "Uint8Array")]
    pub validity: Option<Uint8Array>,
}

/// A packed column of one's own: JavaScript may change its buffers meanwhile.
pub(crate) struct Packed {
    data: Vec<u8>,
    offsets: Vec<i32>,
    validity: Option<Vec<u8>>,
}

impl Packed {
    fn of(column: &PackedColumn) -> Self {
        let validity = column.validity.as_ref().map(|validity| validity.to_vec());
        Self { data: column.data.to_vec(), offsets: column.offsets.to_vec(), validity }
    }

    fn column(&self) -> Result<BinaryColumn<'_>> {
        let validity = self.validity.as_deref().map(|bits| Validity::new(bits, 0));
        BinaryColumn::new(&self.data, Offsets::I32(&self.offsets), validity)
    }
}

pub(crate) fn packed(column: StoredColumn) -> Result<PackedColumn> {
    let offsets = column.offsets_i32()?;
    let (data, _, validity) = column.into_parts();
    Ok(PackedColumn { data: data.into(), offsets: offsets.into(), validity: validity.map(Uint8Array::from) })
}

/// The record ids of rows.
pub(crate) enum Ids {
    None,
    Each(Vec<RecordId>),
    Text(Packed),
    I64(Vec<i64>),
}

impl Ids {
    /// Runs `call` with the ids as the library takes them.
    pub(crate) fn with<T>(&self, call: impl FnOnce(&RecordIds<'_>) -> Result<T>) -> Result<T> {
        match self {
            Self::None => call(&RecordIds::None),
            Self::Each(ids) => call(&RecordIds::Each(ids)),
            Self::Text(ids) => call(&RecordIds::Text(ids.column()?)),
            Self::I64(ids) => call(&RecordIds::I64(ids)),
        }
    }

    fn of_columns(ids: Option<Either<BigInt64Array, PackedColumn>>) -> Self {
        match ids {
            None => Self::None,
            Some(Either::A(ids)) => Self::I64(ids.to_vec()),
            Some(Either::B(ids)) => Self::Text(Packed::of(&ids)),
        }
    }
}

pub(crate) fn encrypt_column(cipher: &FieldCipher, column: BinaryColumn<'_>, ids: &Ids) -> Result<StoredColumn> {
    let mut output = StoredColumn::new();
    ids.with(|ids| cipher.encrypt_column(&Column::Binary(column), ids, &mut output))?;
    Ok(output)
}

impl Field {
    fn of_text_or_bytes(cipher: &FieldCipher) -> Result<()> {
        match cipher.spec().value_type() {
            ValueType::Text | ValueType::Bytes => Ok(()),
            _ => fail(ErrorCode::WrongType, "packed columns are text or bytes"),
        }
    }
}

#[napi]
impl Field {
    /// Encrypts a packed column of text or bytes, with a column of record ids where the field binds one. Nulls are kept.
    #[napi(ts_return_type = "Promise<PackedColumn>")]
    pub fn encrypt_column<'env>(
        &self,
        env: &'env Env,
        column: PackedColumn,
        record_ids: Option<Either<BigInt64Array, PackedColumn>>,
    ) -> napi::Result<PromiseRaw<'env, PackedColumn>> {
        let (cipher, column, ids) =
            run(env, || Ok((self.cipher.get()?, Packed::of(&column), Ids::of_columns(record_ids))))?;
        promise(
            env,
            move || {
                Self::of_text_or_bytes(&cipher)?;
                encrypt_column(&cipher, column.column()?, &ids)
            },
            |_, sealed| packed(sealed),
        )
    }

    /// Decrypts a packed column of text or bytes. The first row that fails is the error, with its `row`, and nothing comes out.
    #[napi(ts_return_type = "Promise<PackedColumn>")]
    pub fn decrypt_column<'env>(
        &self,
        env: &'env Env,
        stored: PackedColumn,
        record_ids: Option<Either<BigInt64Array, PackedColumn>>,
    ) -> napi::Result<PromiseRaw<'env, PackedColumn>> {
        let (cipher, stored, ids) =
            run(env, || Ok((self.cipher.get()?, Packed::of(&stored), Ids::of_columns(record_ids))))?;
        promise(
            env,
            move || {
                Self::of_text_or_bytes(&cipher)?;
                let column = stored.column()?;
                match ids.with(|ids| cipher.decrypt_column(&column, ids, OnFailure::Refuse))?.values {
                    ValueColumn::Binary(column) => Ok(column),
                    _ => Err(ErrorCode::Internal.into()),
                }
            },
            |_, opened| packed(opened),
        )
    }
}
