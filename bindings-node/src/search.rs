//! What a query sends, and what stands beside a value so that it is found.

use fieldward::{IndexQuery, IndexValue, StoredForm};
use napi::bindgen_prelude::{Array, Env, JsValue, Null, Object, ToNapiValue, Unknown};

use crate::error::{Result, from_js};
use crate::value::from_bytes;

/// `{column, tokens, isExact}`: rows whose column holds one of the tokens; of words, all of them.
pub(crate) fn from_query<'env>(env: &'env Env, query: &IndexQuery, form: StoredForm) -> Result<Unknown<'env>> {
    let tokens = query.tokens().iter().map(|token| token_of(env, token, form)).collect::<Result<Vec<_>>>()?;
    let mut made = Object::new(env).map_err(from_js)?;
    let set = |made: &mut Object<'env>| {
        made.set("column", query.column())?;
        made.set("tokens", Array::from_vec(env, tokens)?)?;
        made.set("isExact", query.is_exact())
    };
    set(&mut made).map_err(from_js)?;
    Ok(made.to_unknown())
}

/// A token: bytes, or lowercase hexadecimal digits where the field is stored as text.
fn token_of<'env>(env: &'env Env, token: &[u8], form: StoredForm) -> Result<Unknown<'env>> {
    match form {
        StoredForm::Text => IndexValue::One(token.to_vec()).hex().into_unknown(env).map_err(from_js),
        _ => from_bytes(env, token),
    }
}

/// An index value for its column: a list where the index gives several.
pub(crate) fn from_index<'env>(env: &'env Env, value: &IndexValue, form: StoredForm) -> Result<Unknown<'env>> {
    match value {
        IndexValue::Null => Null.into_unknown(env).map_err(from_js),
        IndexValue::One(token) => token_of(env, token, form),
        IndexValue::Many(many) => {
            let many = many.iter().map(|token| token_of(env, token, form)).collect::<Result<Vec<_>>>()?;
            Array::from_vec(env, many).map(|many| many.to_unknown()).map_err(from_js)
        }
    }
}

/// Index values by column.
pub(crate) fn from_indexes<'env>(
    env: &'env Env,
    values: &[(String, IndexValue)],
    form: StoredForm,
) -> Result<Object<'env>> {
    let mut columns = Object::new(env).map_err(from_js)?;
    for (column, value) in values {
        columns.set(column, from_index(env, value, form)?).map_err(from_js)?;
    }
    Ok(columns)
}
