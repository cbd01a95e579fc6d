//! Whole records: objects, in JavaScript's own types.

use std::rc::Rc;

use fieldward::{
    Change, ErrorCode, RecordCipher, RecordNode, RecordStep, SealedNode, Stored, StoredForm, Value, ValueType,
};
use napi::ValueType as Kind;
use napi::bindgen_prelude::{Array, Env, FromNapiValue, JsObjectValue, JsValue, Object, Unknown};
use napi_derive::napi;

use crate::error::{Result, from_js, run};
use crate::handle::Handle;
use crate::keyring::{HandleOptions, Keyring, names};
use crate::schema::Schema;
use crate::search::{from_index, from_query};
use crate::value::{Form, from_stored, from_value, is_missing, text_of, to_stored, to_value, type_of};

/// Encrypts and decrypts the records of one schema, of one tenant. Made by `Keyring.records`, once, and kept.
#[napi]
pub struct Records {
    cipher: Rc<Handle<RecordCipher>>,
    form: Form,
}

/// A value somewhere in a record.
#[derive(Clone, Copy)]
struct Node<'env> {
    env: &'env Env,
    js: Unknown<'env>,
}

impl<'env> Node<'env> {
    /// The object that it is: no array, no bytes, no date.
    fn object(self) -> Option<Object<'env>> {
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
fn copied<'env>(env: &'env Env, object: &Object<'env>, keep: impl Fn(&str) -> bool) -> Result<Object<'env>> {
    let mut copy = Object::new(env).map_err(from_js)?;
    for name in names(object)?.iter().filter(|name| keep(name)) {
        let key = env.create_string(name).map_err(from_js)?;
        let value: Unknown<'env> = object.get_property_unchecked(key).map_err(from_js)?;
        put(env, &mut copy, name, value)?;
    }
    Ok(copy)
}

fn put<'env>(env: &'env Env, object: &mut Object<'env>, name: &str, value: Unknown<'env>) -> Result<()> {
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
fn apply<'env, T>(
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

impl Records {
    pub(crate) fn new(keyring: &Keyring, schema: &Schema, options: HandleOptions) -> Result<Self> {
        let cipher = keyring.inner().with(|keyring| keyring.records(&schema.inner, options.tenant.as_deref()))?;
        Ok(Self { cipher: keyring.give(cipher), form: options.form() })
    }

    /// A row: the record with envelopes in the places of its fields, then the index columns.
    fn row<'env>(
        env: &'env Env,
        cipher: &RecordCipher,
        record: &Object<'env>,
        sealed: SealedNode,
    ) -> Result<Object<'env>> {
        let mut row = copied(env, record, |_| true)?;
        apply(env, row, sealed.changes, |stored| from_stored(env, &stored))?;
        for (column, value) in &sealed.index_values {
            let fields = cipher.schema().fields();
            let field = fields.iter().find(|field| field.indexes().iter().any(|index| index.column() == column));
            let form = field.map_or(StoredForm::Bytes, |field| field.stored_form());
            put(env, &mut row, column, from_index(env, value, form)?)?;
        }
        Ok(row)
    }

    fn opened<'env>(&self, env: &'env Env, row: Unknown<'env>) -> Result<(Object<'env>, bool)> {
        self.cipher.with(|cipher| {
            let node = Node { env, js: row };
            let opened = cipher.open_node(&node)?;
            let row = node.object().ok_or(ErrorCode::RecordShape)?;
            let record = copied(env, &row, |name| !cipher.is_index_column(name))?;
            apply(env, record, opened.changes, |value| from_value(env, value, self.form))?;
            Ok((record, opened.is_trusted))
        })
    }
}

#[napi]
impl Records {
    /// Encrypts every declared field of a record: a new object, with index columns after the record's own members. `null` stays `null`,
    /// missing and `undefined` stay so; what the schema neither declares nor leaves in the clear is refused.
    #[napi(ts_return_type = "Record<string, any>")]
    pub fn encrypt<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "object")] record: Unknown<'env>,
    ) -> napi::Result<Object<'env>> {
        run(env, || {
            self.cipher.with(|cipher| {
                let node = Node { env, js: record };
                let sealed = cipher.encrypt_node(&node)?;
                Self::row(env, cipher, &node.object().ok_or(ErrorCode::RecordShape)?, sealed)
            })
        })
    }

    /// Decrypts every declared field of a row: the record that went in, without index columns.
    #[napi(ts_return_type = "Record<string, any>")]
    pub fn decrypt<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "object")] row: Unknown<'env>,
    ) -> napi::Result<Object<'env>> {
        run(env, || self.opened(env, row).map(|(record, _)| record))
    }

    /// Decrypts, and tells whether every value can be trusted: false if one stood under a suspended or compromised key, or was never
    /// encrypted.
    #[napi(ts_return_type = "{ record: Record<string, any>, isTrusted: boolean }")]
    pub fn open<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "object")] row: Unknown<'env>,
    ) -> napi::Result<Object<'env>> {
        run(env, || {
            let (record, is_trusted) = self.opened(env, row)?;
            let mut said = Object::new(env).map_err(from_js)?;
            said.set("record", record).map_err(from_js)?;
            said.set("isTrusted", is_trusted).map_err(from_js)?;
            Ok(said)
        })
    }

    /// Whether a value of the row should be re-encrypted.
    #[napi]
    pub fn needs_rotation<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "object")] row: Unknown<'env>,
    ) -> napi::Result<bool> {
        run(env, || self.cipher.with(|cipher| cipher.node_needs_rotation(&Node { env, js: row })))
    }

    /// Moves every value of a row to the current key and computes every index value anew. Index columns that the row has are
    /// compared first, where their index is exact.
    #[napi(ts_return_type = "Record<string, any>")]
    pub fn reencrypt<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "object")] row: Unknown<'env>,
    ) -> napi::Result<Object<'env>> {
        run(env, || {
            self.cipher.with(|cipher| {
                let node = Node { env, js: row };
                let moved = cipher.reencrypt_node(&node)?;
                Self::row(env, cipher, &node.object().ok_or(ErrorCode::RecordShape)?, moved)
            })
        })
    }

    /// What an index's column is compared with to find a value of a field.
    #[napi(ts_return_type = "Query")]
    pub fn query<'env>(
        &self,
        env: &'env Env,
        field: String,
        index: String,
        #[napi(ts_arg_type = "Value")] value: Unknown<'env>,
    ) -> napi::Result<Unknown<'env>> {
        run(env, || {
            self.cipher.with(|cipher| {
                let field = cipher.field(&field)?;
                let value = to_value(env, value, field.spec().value_type())?.ok_or(ErrorCode::QueryEmpty)?;
                from_query(env, &field.query(&index, &value)?, field.spec().stored_form())
            })
        })
    }

    /// Whether a row is what a query asked for, in any of the field's values: confirms the candidates of a truncated index.
    #[napi]
    pub fn matches<'env>(
        &self,
        env: &'env Env,
        field: String,
        index: String,
        #[napi(ts_arg_type = "Value")] query: Unknown<'env>,
        #[napi(ts_arg_type = "object")] row: Unknown<'env>,
    ) -> napi::Result<bool> {
        run(env, || {
            self.cipher.with(|cipher| {
                let kind = cipher.field(&field)?.spec().value_type();
                let query = to_value(env, query, kind)?.ok_or(ErrorCode::QueryEmpty)?;
                cipher.node_matches(&field, &index, &query, &Node { env, js: row })
            })
        })
    }

    /// Refuses the names of members, or columns, as `encrypt` refuses them.
    #[napi]
    pub fn check_names(&self, env: &Env, names: Vec<String>) -> napi::Result<()> {
        run(env, || self.cipher.with(|cipher| cipher.check_names(names.iter().map(String::as_str))))
    }

    /// Whether a member of this name is the column of an index.
    #[napi]
    pub fn is_index_column(&self, env: &Env, name: String) -> napi::Result<bool> {
        run(env, || self.cipher.with(|cipher| Ok(cipher.is_index_column(&name))))
    }
}
