//! Columns: many values of one field at once, laid out as Arrow lays them out.
//!
//! A variable-length column is one run of bytes and offsets into it, with a bitmap of the rows that are not null. Nothing here depends
//! on Arrow; its buffers pass without a copy. [`FieldCipher::encrypt_column`](crate::FieldCipher::encrypt_column) takes a
//! [`Column`], [`FieldCipher::decrypt_column`](crate::FieldCipher::decrypt_column) a [`BinaryColumn`].

mod input;
mod output;

pub use input::{BinaryColumn, Column, Offsets, RecordIds, TimeUnit, Validity};
pub use output::{DecryptedColumn, OnFailure, RowFailure, StoredColumn, ValueColumn};
