//! Index declarations, index values and the tokens of a query.

use std::fmt;

use super::{Normalizer, Transform};
use crate::context::{FieldContext, MAX_NAME_LEN, Parts};
use crate::derive::{Label, info};
use crate::error::{ErrorCode, Result, fail};
use crate::secret::SecretKey;
use crate::suite::hash::Hmac;
use crate::value::{Value, ValueType};

/// Indexes with fewer than 2 to this many possible outputs are refused unless the leak is accepted by name.
pub const MIN_OUTPUT_BITS: u32 = 20;
/// Bits of an `exact` index.
const EXACT_BITS: u8 = 128;
/// What a schema writes to accept an index or field of few possible values.
pub(crate) const LOW_CARDINALITY: &str = "low_cardinality";
/// What a schema writes to accept that equality shows across the fields of a search domain.
pub(crate) const JOINS: &str = "joins";

/// Where an index's equality shows.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// In its own field only.
    Field,
    /// In every index of the tenant that names this domain and has the same purpose.
    Domain(String),
}

/// One index of a field, as declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexSpec {
    name: String,
    column: String,
    transform: Transform,
    normalizer: Normalizer,
    bits: u8,
    key_number: u32,
    scope: Scope,
    accepted_leaks: Vec<String>,
}

impl IndexSpec {
    /// An index named `name`, stored in `column`, with its transform's default bits (`exact`: 128, others: 32), key
    /// number 1, in the field's own scope, without a normaliser.
    #[must_use]
    pub fn new(name: impl Into<String>, column: impl Into<String>, transform: Transform) -> Self {
        let bits = if transform == Transform::Exact { EXACT_BITS } else { 32 };
        Self {
            name: name.into(),
            column: column.into(),
            transform,
            normalizer: Normalizer::default(),
            bits,
            key_number: 1,
            scope: Scope::Field,
            accepted_leaks: Vec::new(),
        }
    }

    /// Normalises values and queries first.
    #[must_use]
    pub fn normalizer(mut self, normalizer: Normalizer) -> Self {
        self.normalizer = normalizer;
        self
    }

    /// Truncates to so many bits, 1 to 128.
    #[must_use]
    pub const fn bits(mut self, bits: u8) -> Self {
        self.bits = bits;
        self
    }

    /// Uses another of the keyring's index keys.
    #[must_use]
    pub const fn key_number(mut self, number: u32) -> Self {
        self.key_number = number;
        self
    }

    /// Shares equality with the other fields of a domain, so that they join. The leak `joins` must be accepted.
    #[must_use]
    pub fn search_domain(mut self, domain: impl Into<String>) -> Self {
        self.scope = Scope::Domain(domain.into());
        self
    }

    /// Accepts a leak by name: `low_cardinality` or `joins`.
    #[must_use]
    pub fn accept_leak(mut self, leak: impl Into<String>) -> Self {
        self.accepted_leaks.push(leak.into());
        self
    }

    /// The index's name within its field.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The column that its values are stored in.
    #[must_use]
    pub fn column(&self) -> &str {
        &self.column
    }

    /// What it compares.
    #[must_use]
    pub const fn transform(&self) -> &Transform {
        &self.transform
    }

    /// The number of its key.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.key_number
    }

    /// Where its equality shows.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Whether its results are certain and may carry a unique constraint.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.transform == Transform::Exact
    }

    /// Refuses contradictions, and leaks that are not accepted by name.
    pub(crate) fn validate(&self, kind: ValueType) -> Result<()> {
        let name = &self.name;
        self.transform.check(kind)?;
        if self.bits == 0 || self.bits > EXACT_BITS || (self.is_exact() && self.bits != EXACT_BITS) {
            return fail(ErrorCode::SchemaInvalid, format!("index {name}: exact has 128 bits, others 1 to 128"));
        }
        if self.key_number == 0 {
            return fail(ErrorCode::SchemaInvalid, format!("index {name}: keys are numbered from 1"));
        }
        if !self.normalizer.is_identity() && kind != ValueType::Text {
            return fail(ErrorCode::SchemaInvalid, format!("index {name}: only text has a normaliser"));
        }
        if let Some(unknown) =
            self.accepted_leaks.iter().find(|leak| ![LOW_CARDINALITY, JOINS].contains(&leak.as_str()))
        {
            return fail(ErrorCode::SchemaUnknownOption, format!("index {name}: no leak is named {unknown}"));
        }
        let accepts = |leak: &str| self.accepted_leaks.iter().any(|accepted| accepted == leak);
        if let Scope::Domain(domain) = &self.scope {
            if domain.is_empty() || domain.len() > MAX_NAME_LEN {
                return fail(ErrorCode::InvalidName, "a search domain has 1 to 128 bytes");
            }
            if !accepts(JOINS) {
                return fail(ErrorCode::SchemaLeakNotAccepted, format!("index {name}: accept_leak = [\"joins\"]"));
            }
        }
        let outputs = self.transform.outputs(kind, &self.normalizer).unwrap_or(u64::MAX);
        if (outputs < 1 << MIN_OUTPUT_BITS || u32::from(self.bits) < MIN_OUTPUT_BITS) && !accepts(LOW_CARDINALITY) {
            return fail(
                ErrorCode::SchemaLeakNotAccepted,
                format!("index {name}: accept_leak = [\"low_cardinality\"]"),
            );
        }
        Ok(())
    }

    /// The `info` of this index's key: its purpose, then its scope. The display name is not in it.
    pub(crate) fn info(&self, kind: ValueType, context: &FieldContext) -> Parts {
        let mut parts = info(Label::Index);
        parts.present(self.transform.purpose().as_bytes());
        parts.present(&[self.bits]);
        parts.present(&[kind.tag()]);
        parts.present(self.normalizer.to_string().as_bytes());
        match &self.scope {
            Scope::Field => {
                parts.present(b"field");
                context.append_to(&mut parts);
            }
            Scope::Domain(domain) => {
                parts.present(b"domain").optional(context.tenant().map(str::as_bytes)).present(domain.as_bytes());
            }
        }
        parts
    }

    /// The index value of a value under the derived `key`.
    pub(crate) fn value(&self, key: &IndexKey, value: Option<&Value>) -> Result<IndexValue> {
        let Some(value) = value else { return Ok(IndexValue::Null) };
        let mut outputs = self.tokens(key, value)?;
        Ok(match (self.transform.is_list(), outputs.pop()) {
            (_, None) => IndexValue::Null,
            (false, Some(output)) => IndexValue::One(output),
            (true, Some(output)) => {
                outputs.push(output);
                IndexValue::Many(outputs)
            }
        })
    }

    /// The tokens of a query for `value`.
    pub(crate) fn query(&self, key: &IndexKey, value: &Value) -> Result<IndexQuery> {
        let tokens = self.tokens(key, value)?;
        if tokens.is_empty() {
            return fail(ErrorCode::QueryEmpty, format!("index {}", self.name));
        }
        Ok(IndexQuery { column: self.column.clone(), tokens, is_exact: self.is_exact() })
    }

    /// Whether a stored value truly answers a query: their outputs are compared whole, not truncated. Of words, every word of the
    /// query must be there.
    pub(crate) fn matches(&self, query: &Value, value: &Value) -> Result<bool> {
        let asked = self.transform.outputs_of(query, &self.normalizer)?;
        if asked.is_empty() {
            return fail(ErrorCode::QueryEmpty, format!("index {}", self.name));
        }
        let held = self.transform.outputs_of(value, &self.normalizer)?;
        Ok(asked.iter().all(|word| held.iter().any(|other| other.as_slice() == word.as_slice())))
    }

    /// Sorted, without duplicates; empty where the value yields nothing.
    fn tokens(&self, key: &IndexKey, value: &Value) -> Result<Vec<Vec<u8>>> {
        let mut tokens = self
            .transform
            .outputs_of(value, &self.normalizer)?
            .iter()
            .map(|output| self.token(key, output))
            .collect::<Vec<_>>();
        tokens.sort_unstable();
        tokens.dedup();
        Ok(tokens)
    }

    /// HMAC-SHA-256, its leading bits; spare low bits of the last byte zero.
    fn token(&self, key: &IndexKey, output: &[u8]) -> Vec<u8> {
        let mut token = Vec::with_capacity(usize::from(self.bits).div_ceil(8));
        self.append_token(key, output, &mut token);
        token
    }

    fn append_token(&self, key: &IndexKey, output: &[u8], tokens: &mut Vec<u8>) {
        let whole = key.0.tag(output);
        tokens.extend_from_slice(whole.get(..usize::from(self.bits).div_ceil(8)).unwrap_or(&whole));
        let spare = (8 - self.bits % 8) % 8;
        if let Some(last) = tokens.last_mut() {
            *last &= 0xff << spare;
        }
    }

    /// Appends the index value of a text to a column, by an index that gives one; false if it yields nothing.
    pub(crate) fn append_of_text(&self, key: &IndexKey, text: &str, tokens: &mut Vec<u8>) -> Result<bool> {
        if self.is_exact() {
            let normalized = self.normalizer.normalize(text)?;
            if !normalized.is_empty() {
                self.append_token(key, normalized.as_bytes(), tokens);
            }
            return Ok(!normalized.is_empty());
        }
        let outputs = self.transform.outputs_of(&Value::Text(text.to_owned()), &self.normalizer)?;
        if let Some(output) = outputs.first() {
            self.append_token(key, output, tokens);
        }
        Ok(!outputs.is_empty())
    }
}

/// The derived key of an index, set up once. Wiped on drop.
#[derive(Clone)]
pub(crate) struct IndexKey(Hmac);

impl IndexKey {
    pub(crate) fn new(key: &SecretKey) -> Result<Self> {
        Hmac::new(key).map(Self)
    }
}

impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexKey(..)")
    }
}

/// What stands in an index's column. Not secret: it tells equality and nothing else.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IndexValue {
    /// Null, or a value that yields nothing: neither found nor unique.
    Null,
    /// One index value.
    One(Vec<u8>),
    /// Sorted index values without duplicates: of words, of arrays.
    Many(Vec<Vec<u8>>),
}

impl IndexValue {
    /// The one index value, for a binary column.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        if let Self::One(bytes) = self { Some(bytes) } else { None }
    }

    /// All index values: none, one or many.
    #[must_use]
    pub fn all(&self) -> &[Vec<u8>] {
        match self {
            Self::Null => &[],
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }

    /// The one index value as lowercase hexadecimal digits, for a text column: safe under case-insensitive collations.
    #[must_use]
    pub fn hex(&self) -> Option<String> {
        self.bytes().map(base16ct::lower::encode_string)
    }

    /// Joins the index values of the elements of an array: sorted, without duplicates; null if there are none.
    #[must_use]
    pub fn merge(values: impl IntoIterator<Item = Self>) -> Self {
        let mut all: Vec<_> = values.into_iter().flat_map(|value| value.all().to_vec()).collect();
        all.sort_unstable();
        all.dedup();
        if all.is_empty() { Self::Null } else { Self::Many(all) }
    }
}

impl fmt::Debug for IndexValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = |bytes: &Vec<u8>| base16ct::lower::encode_string(bytes);
        match self {
            Self::Null => f.write_str("Null"),
            Self::One(one) => write!(f, "One({})", hex(one)),
            Self::Many(many) => write!(f, "Many({})", many.iter().map(hex).collect::<Vec<_>>().join(", ")),
        }
    }
}

/// What a query sends: find rows whose index column holds one of the tokens; of words, all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexQuery {
    column: String,
    tokens: Vec<Vec<u8>>,
    is_exact: bool,
}

impl IndexQuery {
    /// The index's column.
    #[must_use]
    pub fn column(&self) -> &str {
        &self.column
    }

    /// The tokens, sorted.
    #[must_use]
    pub fn tokens(&self) -> &[Vec<u8>] {
        &self.tokens
    }

    /// The tokens as lowercase hexadecimal digits, for a text column.
    #[must_use]
    pub fn hex_tokens(&self) -> Vec<String> {
        self.tokens.iter().map(|token| base16ct::lower::encode_string(token)).collect()
    }

    /// False if the rows found are candidates, to be confirmed with `matches`.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.is_exact
    }
}

#[cfg(test)]
mod tests;
