//! Records where they are: JavaScript's own objects and arrays, walked and copied.

use fieldward::{Change, ErrorCode, RecordNode, RecordStep, Stored, Value, ValueType};
use napi::ValueType as Kind;
use napi::bindgen_prelude::{Array, Env, FromNapiValue, JsObjectValue, JsValue, Object, Unknown};

use crate::error::{Result, from_js};
use crate::keyring::names;
use crate::value::{is_missing, text_of, to_stored, to_value, type_of};

/// A value somewhere in a record.
#[derive(Clone, Copy)]
pub(crate) struct Node<'env> {
    pub(crate) env: &'env Env,
    pub(crate) js: Unknown<'env>,
}

impl<'env> Node<'env> {
    /// The object that it is: no array, no bytes, no date.
    pub(crate) fn object(self) -> Option<Object<'env>> {
        let js = self.js;
        let is = |found: napi::Result<bool>| found.unwrap_or(false);
        let is_other = || is(js.is_array()) || is(js.is_buffer()) || is(js.is_date()) || is(js.is_arraybuffer());
        (type_of(js) == Kind::Object && !is_other()).then(|| Object::from_unknown(js).ok()).flatten()
    }

    fn array(self) -> Option<Array<'env>> {
        self.js.is_array().unwrap_or(false).then(|| Array::from_unknown(self.js).ok()).flatten()
    }

    fn get(self, object: &Object<'env>, name: &str) -> Result<Self> {
        let js = self.env.create_string(name).and_then(|name| object.get_property_unchecked(name)).map_err(from_js)?;
        Ok(Self { env: self.env, js })
    }
}

impl<'env> RecordNode for Node<'env> {
    fn names(&self) -> Option<Vec<String>> {
        let object = self.object()?;
        let is_there = |name: &String| self.get(&object, name).is_ok_and(|member| !is_missing(member.js));
        Some(names(&object).ok()?.into_iter().filter(is_there).collect())
    }

    fn member(&self, name: &str) -> Option<Self> {
        let object = self.object()?;
        if !object.has_own_property(name).unwrap_or(false) {
            return None;
        }
        self.get(&object, name).ok().filter(|member| !is_missing(member.js))
    }

    fn elements(&self) -> Option<Vec<Self>> {
        let array = self.array()?;
        let element = |at| array.get::<Unknown<'env>>(at).ok().flatten().map(|js| Self { env: self.env, js });
        (0..array.len()).map(element).collect()
    }

    fn is_null(&self) -> bool {
        type_of(self.js) == Kind::Null
    }

    fn is_text(&self, text: &str) -> bool {
        type_of(self.js) == Kind::String && text_of(self.js).is_ok_and(|own| own == text)
    }

    fn value(&self, kind: ValueType) -> Result<Option<Value>> {
        to_value(self.env, self.js, kind)
    }

    fn stored(&self) -> Result<Stored> {
        to_stored(self.js)
    }
}

/// A copy of an object, of what `keep` keeps of it.
pub(crate) fn copied<'env>(env: &'env Env, object: &Object<'env>, keep: impl Fn(&str) -> bool) -> Result<Object<'env>> {
    let mut copy = Object::new(env).map_err(from_js)?;
    for name in names(object)?.iter().filter(|name| keep(name)) {
        let key = env.create_string(name).map_err(from_js)?;
        let value: Unknown<'env> = object.get_property_unchecked(key).map_err(from_js)?;
        put(env, &mut copy, name, value)?;
    }
    Ok(copy)
}

pub(crate) fn put<'env>(env: &'env Env, object: &mut Object<'env>, name: &str, value: Unknown<'env>) -> Result<()> {
    if name == "__proto__" {
        // Set, it would be the prototype.
        let member = napi::Property::new().with_utf8_name(name).map_err(from_js)?.with_value(&value);
        return object
            .define_properties(&[member.with_property_attributes(napi::PropertyAttributes::all())])
            .map_err(from_js);
    }
    let key = env.create_string(name).map_err(from_js)?;
    object.set_property(key, value).map_err(from_js)
}

/// A copy of what stands on the way to a change.
fn copied_node<'env>(env: &'env Env, js: Unknown<'env>) -> Result<Unknown<'env>> {
    let node = Node { env, js };
    if let Some(array) = node.array() {
        let elements = (0..array.len()).map(|at| array.get::<Unknown<'env>>(at).map_err(from_js));
        let elements = elements.map(|element| element?.ok_or_else(|| ErrorCode::RecordShape.into()));
        let copy = Array::from_vec(env, elements.collect::<Result<Vec<_>>>()?).map_err(from_js)?;
        return Ok(copy.to_unknown());
    }
    let object = node.object().ok_or(ErrorCode::RecordShape)?;
    Ok(copied(env, &object, |_| true)?.to_unknown())
}

fn step<'env>(env: &'env Env, place: Unknown<'env>, step: &RecordStep) -> Result<Unknown<'env>> {
    let place = Object::from_unknown(place).map_err(from_js)?;
    let found = match step {
        RecordStep::Member(name) => env.create_string(name).and_then(|name| place.get_property_unchecked(name)),
        RecordStep::Element(at) => u32::try_from(*at)
            .map_or(Err(napi::Error::from_status(napi::Status::InvalidArg)), |at| place.get_element(at)),
    };
    found.map_err(from_js)
}

fn set<'env>(env: &'env Env, place: Unknown<'env>, step: &RecordStep, value: Unknown<'env>) -> Result<()> {
    let mut place = Object::from_unknown(place).map_err(from_js)?;
    match step {
        RecordStep::Member(name) => put(env, &mut place, name, value),
        RecordStep::Element(at) => {
            let at = u32::try_from(*at).map_err(|_| ErrorCode::RecordShape)?;
            place.set_element(at, value).map_err(from_js)
        }
    }
}

/// Puts what changed into a copy of a record: containers on the way are copied once, everything else is the same.
pub(crate) fn apply<'env, T>(
    env: &'env Env,
    record: Object<'env>,
    changes: Vec<Change<T>>,
    made: impl Fn(T) -> Result<Unknown<'env>>,
) -> Result<()> {
    let mut copies: Vec<Vec<RecordStep>> = Vec::new();
    for change in changes {
        let Some((last, way)) = change.steps.split_last() else { continue };
        let mut place = record.to_unknown();
        for (depth, next) in way.iter().enumerate() {
            let so_far = change.steps.get(..=depth).unwrap_or_default();
            let inner = step(env, place, next)?;
            place = if copies.iter().any(|other| other == so_far) {
                inner
            } else {
                let copy = copied_node(env, inner)?;
                set(env, place, next, copy)?;
                copies.push(so_far.to_vec());
                copy
            };
        }
        set(env, place, last, made(change.to)?)?;
    }
    Ok(())
}
