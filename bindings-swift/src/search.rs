//! What a query sends, and what stands beside a value so that it is found.

use fieldward::{IndexQuery, IndexValue, StoredForm};

use crate::node::Node;
use crate::value::{Stored, Value};

/// What an index's column is compared with: rows whose column holds one of the tokens; of words, all of them.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct Query {
    /// The index's column.
    pub column: String,
    /// The tokens, sorted: bytes, or lowercase hexadecimal digits where the field is stored as text.
    pub tokens: Vec<Stored>,
    /// False if the rows found are candidates, to be confirmed.
    pub is_exact: bool,
}

impl Query {
    pub(crate) fn of(query: &IndexQuery, form: StoredForm) -> Self {
        let tokens = match form {
            StoredForm::Text => query.hex_tokens().into_iter().map(Stored::Text).collect(),
            _ => query.tokens().iter().cloned().map(Stored::Bytes).collect(),
        };
        Self { column: query.column().to_owned(), tokens, is_exact: query.is_exact() }
    }
}

/// An index value for its column: bytes, or hexadecimal where the field is stored as text; a list where the index gives several.
pub(crate) fn from_index(value: IndexValue, form: StoredForm) -> Node {
    let one = |bytes: Vec<u8>| match form {
        StoredForm::Text => Node::Leaf(Value::Text(IndexValue::One(bytes).hex().unwrap_or_default())),
        _ => Node::Leaf(Value::Bytes(bytes)),
    };
    match value {
        IndexValue::Null => Node::Null,
        IndexValue::One(bytes) => one(bytes),
        IndexValue::Many(many) => Node::Elements(many.into_iter().map(one).collect()),
    }
}
