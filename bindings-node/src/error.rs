//! The library's errors as `FieldwardError`, and back.

use std::error::Error as StdError;

use fieldward::{Error, ErrorCode};
use napi::JsError;
use napi::bindgen_prelude::Env;

use crate::panic::guarded;

/// What every function here that talks to the library returns.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Every call from JavaScript goes through here: errors become `FieldwardError`, and so does a panic.
#[inline]
pub(crate) fn run<T>(env: &Env, call: impl FnOnce() -> Result<T>) -> napi::Result<T> {
    guarded(call).map_err(|error| to_js(env, &error))
}

/// The error that JavaScript sees. One that a provider, store or sink written in JavaScript threw is its cause.
pub(crate) fn to_js(env: &Env, error: &Error) -> napi::Error {
    let cause = cause(error).map(|cause| JsError::from(cause).into_unknown(*env));
    match crate::host::make_error(env, error, cause) {
        Ok(made) => napi::Error::from_unknown_without_coercion(made),
        Err(other) => other,
    }
}

fn cause(error: &Error) -> Option<napi::Error> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(thrown) = error.downcast_ref::<napi::Error>() {
            return thrown.try_clone().ok();
        }
        source = error.source();
    }
    None
}

/// Node's own refusal of a call, in the library's terms.
pub(crate) fn from_js(error: napi::Error) -> Error {
    Error::new(ErrorCode::InvalidArgument).caused_by(error)
}

/// An error in one of the library's own terms.
pub(crate) fn fail<T>(code: ErrorCode, detail: &str) -> Result<T> {
    Err(Error::with_detail(code, detail))
}
