//! What needs no key: an envelope's header, and what this build is made of.

use fieldward::{Backend, ErrorCode, StoredRef};
use napi::bindgen_prelude::{Env, Object, Unknown};
use napi_derive::napi;

use crate::error::{from_js, run};
use crate::value::with_stored;

/// The back ends that this build has, each with the version of the code behind it.
#[napi(ts_return_type = "Record<string, string>")]
pub fn backends(env: &Env) -> napi::Result<Object<'_>> {
    run(env, || {
        let mut found = Object::new(env).map_err(from_js)?;
        for backend in Backend::ALL {
            if let Some(version) = backend.version() {
                found.set(backend.as_str(), version).map_err(from_js)?;
            }
        }
        Ok(found)
    })
}

/// What an envelope's header says.
#[napi(object)]
pub struct Inspection {
    /// The suite.
    pub suite: u32,
    /// The key, eight hexadecimal digits.
    pub key_id: String,
    /// The value's length with its type byte and padding, in bytes.
    pub plaintext_len: u32,
    /// Whether it is in text form.
    pub is_text: bool,
}

/// Reads an envelope's header without a key.
#[napi]
pub fn inspect(
    env: &Env,
    #[napi(ts_arg_type = "Uint8Array | string")] stored: Unknown<'_>,
) -> napi::Result<Inspection> {
    run(env, || {
        let found = with_stored(stored, |stored| match stored {
            StoredRef::Bytes(bytes) => fieldward::inspect(bytes),
            StoredRef::Text(text) => fieldward::inspect(text.as_bytes()),
            _ => Err(ErrorCode::NotAnEnvelope.into()),
        })?;
        Ok(Inspection {
            suite: u32::from(found.header.suite.id()),
            key_id: found.header.key_id.to_string(),
            plaintext_len: u32::try_from(found.plaintext_len).unwrap_or(u32::MAX),
            is_text: found.is_text,
        })
    })
}
