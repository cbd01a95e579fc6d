//! What a ciphertext is bound to: tenant, table, field, record. One canonical encoding, never joined strings.
//!
//! `spec/context.md` has the byte tables. [`FieldContext`] enters the key of a field; [`RecordId`] enters the associated data
//! of a randomized value.

mod parts;
mod record_id;

pub(crate) use parts::Parts;
pub use record_id::{RecordId, RecordIdPart};

use crate::envelope::Header;
use crate::error::{ErrorCode, Result, fail};

/// The longest tenant, table, field or domain name, in bytes.
pub const MAX_NAME_LEN: usize = 128;

/// The place where a field's values live: stable ids, not display names.
///
/// `tenant` absent and `tenant` empty are different places; an empty table or field is refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldContext {
    tenant: Option<String>,
    table: String,
    field: String,
}

impl FieldContext {
    /// The place of `field` in `table`, of `tenant` where there are several. Each at most [`MAX_NAME_LEN`] bytes of UTF-8.
    ///
    /// # Errors
    ///
    /// `InvalidName` for an empty table or field, or a name past its limit.
    pub fn new(tenant: Option<&str>, table: &str, field: &str) -> Result<Self> {
        let too_long = [tenant.unwrap_or_default(), table, field].iter().any(|name| name.len() > MAX_NAME_LEN);
        if too_long || table.is_empty() || field.is_empty() {
            return fail(
                ErrorCode::InvalidName,
                "tenant, table and field: at most 128 bytes; table and field not empty",
            );
        }
        Ok(Self { tenant: tenant.map(Into::into), table: table.into(), field: field.into() })
    }

    /// The tenant, if there is one.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// The stable id of the table.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The stable id of the field.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Appends tenant, table and field, in this order.
    pub(crate) fn append_to(&self, parts: &mut Parts) {
        parts.optional(self.tenant.as_deref().map(str::as_bytes));
        parts.present(self.table.as_bytes());
        parts.present(self.field.as_bytes());
    }
}

/// The associated data of a randomized value: the header, then the record id, absent or present.
pub(crate) fn randomized_associated_data(header: Header, record: Option<&RecordId>) -> Parts {
    let mut parts = Parts::new();
    parts.present(&header.to_bytes());
    parts.optional(record.map(RecordId::canonical));
    parts
}

#[cfg(test)]
mod tests;
