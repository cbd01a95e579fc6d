//! Records in another language's own types: walked where they are, never turned into JSON.
//!
//! The host's value implements [`RecordNode`]. What comes back is a list of [`Change`]s, each with the steps that lead to its place, so
//! that the host copies its record and puts them in: types that JSON does not have come back as they went in.

use std::collections::HashSet;

use super::{MAX_RECORD_DEPTH, RecordCipher, bound};
use crate::context::{RecordId, RecordIdPart};
use crate::error::{Error, ErrorCode, Result, fail};
use crate::field::{FieldCipher, Stored};
use crate::schema::{FieldSpec, Segment, Select, Undeclared};
use crate::search::IndexValue;
use crate::value::{Value, ValueType};

/// A value of the host's, somewhere in a record. Cheap to clone: a reference.
pub trait RecordNode: Clone {
    /// The names of its members in order, if it is an object.
    fn names(&self) -> Option<Vec<String>>;
    /// The member of this name, if it is an object that has it.
    fn member(&self, name: &str) -> Option<Self>;
    /// Its elements, if it is a list.
    fn elements(&self) -> Option<Vec<Self>>;
    /// Whether it is null.
    fn is_null(&self) -> bool;
    /// Whether it is this text.
    fn is_text(&self, text: &str) -> bool;
    /// The value of this type that it is; `None` for null.
    ///
    /// # Errors
    ///
    /// `WrongType` and the like if it is none.
    fn value(&self, kind: ValueType) -> Result<Option<Value>>;
    /// What is stored there.
    ///
    /// # Errors
    ///
    /// `NotAnEnvelope` unless it is null, bytes or text.
    fn stored(&self) -> Result<Stored>;
}

/// One step into a record.
#[allow(clippy::exhaustive_enums, reason = "records have members and elements")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// To the member of this name.
    Member(String),
    /// To the element at this place, from 0.
    Element(usize),
}

/// What is to stand at a place of a record.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Change<T> {
    /// The steps that lead there; at least one.
    pub steps: Vec<Step>,
    /// What stands there now.
    pub to: T,
}

/// What encryption changes in a record, and what stands beside it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SealedNode {
    /// Envelopes for the places of every declared field.
    pub changes: Vec<Change<Stored>>,
    /// Every index value, by column, with the field that it is of. Columns of fields that are missing are missing too.
    pub index_values: Vec<(String, IndexValue)>,
    /// False if a value that was moved stood under a suspended or compromised key, or was never encrypted.
    pub is_trusted: bool,
}

/// What decryption changes in a record.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OpenedNode {
    /// Values for the places of every declared field; `None` is null.
    pub changes: Vec<Change<Option<Value>>>,
    /// False if a value stood under a suspended or compromised key, or was never encrypted.
    pub is_trusted: bool,
}

impl RecordCipher {
    /// [`Self::encrypt`] for a record in the host's types.
    ///
    /// # Errors
    ///
    /// As [`Self::encrypt`].
    pub fn encrypt_node(&self, record: &impl RecordNode) -> Result<SealedNode> {
        self.check_node(record)?;
        let id = self.record_id_of_node(record)?;
        let mut sealed = SealedNode::default();
        let mut taken = Taken::default();
        for field in &self.inner.fields {
            let spec = field.spec();
            let (mut found, mut indexed) = (0_usize, Vec::new());
            taken.visit(record, spec, &mut |steps, node| {
                let value = node.value(spec.value_type())?;
                found += usize::from(value.is_some());
                indexed.push(field.index_values(value.as_ref())?);
                let to = field.encrypt(value.as_ref(), bound(field, &id))?;
                sealed.changes.push(Change { steps: steps.to_vec(), to });
                Ok(())
            })?;
            if spec.is_required() && found == 0 {
                return fail(ErrorCode::MissingField, spec.name());
            }
            sealed.add_index_values(spec, indexed);
        }
        Ok(sealed)
    }

    /// [`Self::open`] for a record in the host's types. Members of index columns are passed over: [`Self::is_index_column`] tells them.
    ///
    /// # Errors
    ///
    /// As [`Self::decrypt`].
    pub fn open_node(&self, record: &impl RecordNode) -> Result<OpenedNode> {
        let id = self.record_id_of_node(record)?;
        let mut opened = OpenedNode { changes: Vec::new(), is_trusted: true };
        let mut taken = Taken::default();
        for field in &self.inner.fields {
            taken.visit(record, field.spec(), &mut |steps, node| {
                let value = field.open_unlogged(node.stored()?.as_ref(), bound(field, &id))?;
                opened.is_trusted &= value.is_trusted;
                opened.changes.push(Change { steps: steps.to_vec(), to: value.value });
                Ok(())
            })?;
        }
        self.inner.keyring.audit_read(self.inner.schema.table(), "all", id.as_ref());
        Ok(opened)
    }

    /// [`Self::reencrypt`] for a stored record in the host's types: index columns of `exact` indexes that are members are compared
    /// first.
    ///
    /// # Errors
    ///
    /// As [`Self::reencrypt`].
    pub fn reencrypt_node(&self, record: &impl RecordNode) -> Result<SealedNode> {
        let id = self.record_id_of_node(record)?;
        let mut moved = SealedNode::default();
        let mut taken = Taken::default();
        for field in &self.inner.fields {
            let spec = field.spec();
            let mut indexed = Vec::new();
            taken.visit(record, spec, &mut |steps, node| {
                let done = field.reencrypt(node.stored()?.as_ref(), bound(field, &id))?;
                moved.is_trusted &= done.is_trusted;
                indexed.push(done.index_values);
                moved.changes.push(Change { steps: steps.to_vec(), to: done.stored });
                Ok(())
            })?;
            moved.add_index_values(spec, indexed);
            for index in spec.indexes().iter().filter(|index| index.is_exact()) {
                let Some(beside) = record.member(index.column()) else { continue };
                let now = moved.index_values.iter().find(|(column, _)| column == index.column());
                if !now.is_some_and(|(_, value)| stands_beside(&beside, value)) {
                    return Err(Error::new(ErrorCode::AuthenticationFailed));
                }
            }
        }
        Ok(moved)
    }

    /// [`Self::needs_rotation`] for a stored record in the host's types.
    ///
    /// # Errors
    ///
    /// As [`Self::needs_rotation`].
    pub fn node_needs_rotation(&self, record: &impl RecordNode) -> Result<bool> {
        let mut is_due = false;
        self.each_stored(record, &mut |field, stored| {
            is_due |= field.needs_rotation(stored.as_ref())?;
            Ok(())
        })?;
        Ok(is_due)
    }

    /// [`Self::matches`] for a stored record in the host's types.
    ///
    /// # Errors
    ///
    /// As [`Self::matches`].
    pub fn node_matches(&self, field: &str, index: &str, query: &Value, record: &impl RecordNode) -> Result<bool> {
        let asked = self.field(field)?.spec().id();
        let id = self.record_id_of_node(record)?;
        let mut is_match = false;
        self.each_stored(record, &mut |field, stored| {
            is_match |=
                field.spec().id() == asked && field.matches(index, query, stored.as_ref(), bound(field, &id))?;
            Ok(())
        })?;
        Ok(is_match)
    }

    /// Whether a member of this name is the column of an index.
    #[must_use]
    pub fn is_index_column(&self, name: &str) -> bool {
        self.inner.schema.fields().iter().flat_map(|field| field.indexes()).any(|index| index.column() == name)
    }

    fn each_stored<N: RecordNode>(
        &self,
        record: &N,
        see: &mut dyn FnMut(&FieldCipher, &Stored) -> Result<()>,
    ) -> Result<()> {
        let mut taken = Taken::default();
        for field in &self.inner.fields {
            taken.visit(record, field.spec(), &mut |_, node| see(field, &node.stored()?))?;
        }
        Ok(())
    }

    /// The record's id, as the schema takes it from the clear members; `None` if the schema binds none.
    fn record_id_of_node(&self, record: &impl RecordNode) -> Result<Option<RecordId>> {
        let Some(parts) = self.inner.schema.record_id() else { return Ok(None) };
        let part = |part: &crate::schema::RecordIdField| {
            let wrong = || Error::with_detail(ErrorCode::RecordIdInvalid, part.path.to_string());
            let mut names = part.path.segments().iter();
            let node = names.try_fold(record.clone(), |node, segment| node.member(&segment.name)).ok_or_else(wrong)?;
            match node.value(part.value_type).map_err(|_| wrong())? {
                Some(value) => RecordIdPart::try_from(value).map_err(|_| wrong()),
                None => Err(wrong()),
            }
        };
        RecordId::new(parts.iter().map(part).collect::<Result<Vec<_>>>()?).map(Some)
    }

    fn check_node<N: RecordNode>(&self, record: &N) -> Result<()> {
        let Some(names) = record.names() else { return Err(Error::new(ErrorCode::RecordShape)) };
        self.check_names(names.iter().map(String::as_str))?;
        let mut open: Vec<(N, usize)> = vec![(record.clone(), 0)];
        while let Some((node, depth)) = open.pop() {
            if depth > MAX_RECORD_DEPTH {
                return Err(Error::new(ErrorCode::RecordTooDeep));
            }
            let inner = node
                .elements()
                .or_else(|| node.names().map(|names| names.iter().filter_map(|name| node.member(name)).collect()));
            open.extend(inner.into_iter().flatten().map(|node| (node, depth + 1)));
        }
        Ok(())
    }

    /// Refuses the names of members, or columns, as [`Self::encrypt`] refuses them.
    ///
    /// # Errors
    ///
    /// `UndeclaredField` for one that the schema neither declares nor leaves in the clear, by its position; `RecordShape` for the
    /// column of an index.
    pub fn check_names<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<()> {
        let schema = &self.inner.schema;
        for (at, name) in names.into_iter().enumerate() {
            let is_declared = schema.undeclared() == Undeclared::Clear
                || schema.fields().iter().any(|field| field.path().first_name() == name)
                || schema.clear().iter().any(|clear| clear == name)
                || schema.record_id().is_some_and(|parts| parts.iter().any(|part| part.path.first_name() == name));
            if self.is_index_column(name) {
                return fail(ErrorCode::RecordShape, format!("member {} has the name of an index's column", at + 1));
            }
            if !is_declared {
                return fail(ErrorCode::UndeclaredField, format!("member {}", at + 1));
            }
        }
        Ok(())
    }
}

impl Default for SealedNode {
    fn default() -> Self {
        Self { changes: Vec::new(), index_values: Vec::new(), is_trusted: true }
    }
}

impl SealedNode {
    /// The index values of a field's values: joined where its path can give several.
    fn add_index_values(&mut self, spec: &FieldSpec, of_each: Vec<Vec<(String, IndexValue)>>) {
        self.index_values.extend(super::encrypted::joined_index_values(spec, of_each));
    }
}

/// Whether what stands in an index column, as bytes or hexadecimal digits, is this value.
fn stands_beside(beside: &impl RecordNode, value: &IndexValue) -> bool {
    if let (Some(elements), IndexValue::Many(many)) = (beside.elements(), value) {
        let same = |(element, one): (_, &Vec<u8>)| stands_beside(element, &IndexValue::One(one.clone()));
        return elements.len() == many.len() && elements.iter().zip(many).all(same);
    }
    match (beside.stored(), value) {
        (Ok(Stored::Null), IndexValue::Null) => true,
        (Ok(Stored::Bytes(bytes)), IndexValue::One(one)) => bytes == *one,
        (Ok(Stored::Text(_)), IndexValue::One(_)) => value.hex().is_some_and(|hex| beside.is_text(&hex)),
        _ => false,
    }
}

/// What fields of a record have taken, so that of two filters that choose one element the first declared has it.
#[derive(Default)]
struct Taken(HashSet<Vec<Step>>);

impl Taken {
    /// Visits every value that a field's path leads to, in order. What is missing, null on the way, or taken, is passed over.
    fn visit<N: RecordNode>(
        &mut self,
        record: &N,
        spec: &FieldSpec,
        visit: &mut dyn FnMut(&[Step], &N) -> Result<()>,
    ) -> Result<()> {
        let mut steps = Vec::new();
        self.go(record, spec.path().segments(), &mut steps, visit).map_err(|error| error.at(spec.name()))
    }

    fn go<N: RecordNode>(
        &mut self,
        node: &N,
        segments: &[Segment],
        steps: &mut Vec<Step>,
        visit: &mut dyn FnMut(&[Step], &N) -> Result<()>,
    ) -> Result<()> {
        let Some((segment, rest)) = segments.split_first() else {
            return if self.0.insert(steps.clone()) { visit(steps, node) } else { Ok(()) };
        };
        let Some(member) = node.member(&segment.name) else {
            let is_object = node.is_null() || node.names().is_some();
            return if is_object { Ok(()) } else { Err(Error::new(ErrorCode::RecordShape)) };
        };
        steps.push(Step::Member(segment.name.clone()));
        let gone = match (&segment.select, member.elements()) {
            (Select::Itself, _) => self.go(&member, rest, steps, visit),
            (_, None) if member.is_null() => Ok(()),
            (_, None) => Err(Error::new(ErrorCode::RecordShape)),
            (select, Some(elements)) => self.each(select, &elements, rest, steps, visit),
        };
        steps.pop();
        gone
    }

    fn each<N: RecordNode>(
        &mut self,
        select: &Select,
        elements: &[N],
        rest: &[Segment],
        steps: &mut Vec<Step>,
        visit: &mut dyn FnMut(&[Step], &N) -> Result<()>,
    ) -> Result<()> {
        for (at, element) in elements.iter().enumerate() {
            if let Select::Where { path, equals } = select
                && !holds(element, path, equals)
            {
                continue;
            }
            steps.push(Step::Element(at));
            let gone = self.go(element, rest, steps, visit);
            steps.pop();
            gone?;
        }
        Ok(())
    }
}

/// Whether a value at `path`, through any list on the way, is the text `equals`.
fn holds(node: &impl RecordNode, path: &[String], equals: &str) -> bool {
    if let Some(elements) = node.elements() {
        return elements.iter().any(|element| holds(element, path, equals));
    }
    match path.split_first() {
        Some((name, rest)) => node.member(name).is_some_and(|member| holds(&member, rest, equals)),
        None => node.is_text(equals),
    }
}
