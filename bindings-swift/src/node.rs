//! A record in the types that Swift and Kotlin have: members, lists, values and null.

use fieldward::{Change, Error, ErrorCode, RecordNode, RecordStep, Value as CoreValue, ValueType};
use serde_json::{Map, Number, Value as Json};

use crate::value::Value;

/// A value somewhere in a record.
#[derive(Clone, Debug, uniffi::Enum)]
#[allow(clippy::exhaustive_enums, reason = "the other side matches on all")]
pub enum Node {
    /// Null.
    Null,
    /// A value, or in a stored record an envelope: bytes or text.
    Leaf(Value),
    /// A list.
    Elements(Vec<Node>),
    /// An object.
    Members(Vec<Member>),
}

/// A member of an object. No two have one name.
#[derive(Clone, Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side builds it")]
pub struct Member {
    /// The name.
    pub name: String,
    /// What stands there.
    pub node: Node,
}

impl Member {
    pub(crate) fn new(name: impl Into<String>, node: Node) -> Self {
        Self { name: name.into(), node }
    }
}

impl From<fieldward::Stored> for Node {
    fn from(stored: fieldward::Stored) -> Self {
        match stored {
            fieldward::Stored::Null => Self::Null,
            fieldward::Stored::Bytes(bytes) => Self::Leaf(Value::Bytes(bytes)),
            fieldward::Stored::Text(text) => Self::Leaf(Value::Text(text)),
        }
    }
}

impl Node {
    /// What stands for a value: the members and lists of JSON, else the value itself.
    pub(crate) fn of(value: Option<CoreValue>) -> Result<Self, Error> {
        match value {
            None => Ok(Self::Null),
            Some(CoreValue::Json(text)) => {
                Self::of_json(serde_json::from_str(&text).map_err(|_| Error::new(ErrorCode::ValueMalformed))?)
            }
            Some(value) => Ok(Self::Leaf(value.try_into()?)),
        }
    }

    pub(crate) fn of_json(json: Json) -> Result<Self, Error> {
        Ok(match json {
            Json::Null => Self::Null,
            Json::Bool(truth) => Self::Leaf(Value::Bool(truth)),
            Json::String(text) => Self::Leaf(Value::Text(text)),
            Json::Number(number) => Self::Leaf(match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Value::I64(whole),
                (None, Some(float)) if number.is_f64() => Value::F64(float),
                _ => return Err(Error::new(ErrorCode::ValueOutOfRange)),
            }),
            Json::Array(elements) => Self::Elements(elements.into_iter().map(Self::of_json).collect::<Result<_, _>>()?),
            Json::Object(members) => {
                let member = |(name, json)| Ok(Member::new(name, Self::of_json(json)?));
                Self::Members(members.into_iter().map(member).collect::<Result<_, Error>>()?)
            }
        })
    }

    /// The JSON that it is, if it is one: dates and the like are not.
    fn to_json(&self) -> Result<Json, Error> {
        let wrong = || Error::new(ErrorCode::WrongType);
        Ok(match self {
            Self::Null => Json::Null,
            Self::Leaf(Value::Bool(truth)) => Json::Bool(*truth),
            Self::Leaf(Value::Text(text)) => Json::String(text.clone()),
            Self::Leaf(Value::I64(number)) => Json::Number((*number).into()),
            Self::Leaf(Value::F64(number)) => {
                Json::Number(Number::from_f64(*number).ok_or_else(|| Error::new(ErrorCode::ValueOutOfRange))?)
            }
            Self::Leaf(Value::Json(text)) => serde_json::from_str(text).map_err(|_| ErrorCode::InvalidJson)?,
            Self::Leaf(_) => return Err(wrong()),
            Self::Elements(elements) => Json::Array(elements.iter().map(Self::to_json).collect::<Result<_, _>>()?),
            Self::Members(members) => {
                let member = |member: &Member| Ok((member.name.clone(), member.node.to_json()?));
                Json::Object(members.iter().map(member).collect::<Result<Map<_, _>, Error>>()?)
            }
        })
    }

    fn inside(&mut self, step: &RecordStep) -> Option<&mut Self> {
        match (self, step) {
            (Self::Members(members), RecordStep::Member(name)) => {
                members.iter_mut().find(|member| member.name == *name).map(|member| &mut member.node)
            }
            (Self::Elements(elements), RecordStep::Element(at)) => elements.get_mut(*at),
            _ => None,
        }
    }

    /// Puts what changed in its places.
    pub(crate) fn put<T>(
        &mut self,
        changes: Vec<Change<T>>,
        node: impl Fn(T) -> Result<Self, Error>,
    ) -> Result<(), Error> {
        for change in changes {
            let place = change.steps.iter().try_fold(&mut *self, |place, step| place.inside(step));
            *place.ok_or_else(|| Error::new(ErrorCode::Internal))? = node(change.to)?;
        }
        Ok(())
    }

    pub(crate) fn into_members(self) -> Vec<Member> {
        if let Self::Members(members) = self { members } else { Vec::new() }
    }
}

impl RecordNode for &Node {
    fn names(&self) -> Option<Vec<String>> {
        let Node::Members(members) = self else { return None };
        Some(members.iter().map(|member| member.name.clone()).collect())
    }

    fn member(&self, name: &str) -> Option<Self> {
        let Node::Members(members) = self else { return None };
        members.iter().find(|member| member.name == name).map(|member| &member.node)
    }

    fn elements(&self) -> Option<Vec<Self>> {
        let Node::Elements(elements) = self else { return None };
        Some(elements.iter().collect())
    }

    fn is_null(&self) -> bool {
        matches!(self, Node::Null)
    }

    fn is_text(&self, text: &str) -> bool {
        matches!(self, Node::Leaf(Value::Text(own)) if own == text)
    }

    fn value(&self, kind: ValueType) -> Result<Option<CoreValue>, Error> {
        let wrong = || Error::with_detail(ErrorCode::WrongType, format!("the field is {kind}"));
        match (self, kind) {
            (Node::Null, _) => Ok(None),
            (Node::Leaf(Value::Json(text)), ValueType::Json) => Ok(Some(CoreValue::Json(text.clone()))),
            (node, ValueType::Json) => Ok(Some(CoreValue::Json(node.to_json()?.to_string()))),
            (Node::Leaf(value), _) => Some(CoreValue::try_from(value.clone())?)
                .filter(|value| value.value_type() == kind)
                .map(Some)
                .ok_or_else(wrong),
            _ => Err(wrong()),
        }
    }

    fn stored(&self) -> Result<fieldward::Stored, Error> {
        match self {
            Node::Null => Ok(fieldward::Stored::Null),
            Node::Leaf(Value::Bytes(bytes)) => Ok(fieldward::Stored::Bytes(bytes.clone())),
            Node::Leaf(Value::Text(text)) => Ok(fieldward::Stored::Text(text.clone())),
            _ => Err(Error::with_detail(ErrorCode::NotAnEnvelope, "bytes, text or null")),
        }
    }
}
