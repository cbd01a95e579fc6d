//! What JavaScript itself does for this module: its error class, and its own JSON.

use std::cell::RefCell;
use std::mem::ManuallyDrop;

use fieldward::{Error, ErrorCode};
use napi::bindgen_prelude::{Env, FnArgs, Function, FunctionRef, Int32Array, Uint8Array, Unknown};
use napi_derive::napi;

use crate::error::{Result, from_js};

type MakeError =
    FnArgs<(&'static str, &'static str, &'static str, bool, Option<String>, Option<f64>, Option<Unknown<'static>>)>;

type Slices = FnArgs<(Uint8Array, Int32Array, Option<Uint8Array>)>;

/// The functions of one JavaScript thread.
struct Host {
    make_error: FunctionRef<MakeError, Unknown<'static>>,
    to_json: FunctionRef<Unknown<'static>, Unknown<'static>>,
    from_json: FunctionRef<String, Unknown<'static>>,
    slices: FunctionRef<Slices, Unknown<'static>>,
}

thread_local! {
    // Never dropped: the environment frees its references when it ends, which is before a thread's own values end.
    static HOST: RefCell<Option<ManuallyDrop<Host>>> = const { RefCell::new(None) };
}

/// What the package's entry calls once in each thread.
#[napi(skip_typescript)]
pub fn install(
    make_error: Function<'_, MakeError, Unknown<'static>>,
    to_json: Function<'_, Unknown<'static>, Unknown<'static>>,
    from_json: Function<'_, String, Unknown<'static>>,
    slices: Function<'_, Slices, Unknown<'static>>,
) -> napi::Result<()> {
    let host = Host {
        make_error: make_error.create_ref()?,
        to_json: to_json.create_ref()?,
        from_json: from_json.create_ref()?,
        slices: slices.create_ref()?,
    };
    HOST.set(Some(ManuallyDrop::new(host)));
    crate::panic::say_where_only();
    Ok(())
}

fn with<T>(call: impl FnOnce(&Host) -> napi::Result<T>) -> napi::Result<T> {
    HOST.with_borrow(|host| match host {
        Some(host) => call(host),
        None => Err(napi::Error::from_reason("the package's entry was not loaded")),
    })
}

/// The `FieldwardError` of an error.
pub(crate) fn make_error(env: &Env, error: &Error, cause: Option<Unknown<'static>>) -> napi::Result<Unknown<'static>> {
    let code = error.code();
    let row = error.row().and_then(|row| u32::try_from(row).ok()).map(f64::from);
    let detail = error.detail().map(str::to_owned);
    let said = (code.as_str(), code.kind().as_str(), code.message(), code.is_retryable(), detail, row, cause);
    with(|host| host.make_error.borrow_back(env)?.call(said.into()))
}

/// The JSON text of a value, if it comes back as the same value.
///
/// # Errors
///
/// `ValueNotCanonical`.
pub(crate) fn to_json(env: &Env, value: Unknown<'static>) -> Result<String> {
    let text = with(|host| host.to_json.borrow_back(env)?.call(value));
    let refused = |_| Error::with_detail(ErrorCode::ValueNotCanonical, "json: what JSON gives back as it was");
    crate::value::text_of(text.map_err(refused)?)
}

/// The value of a JSON text.
///
/// # Errors
///
/// `ValueOutOfRange` for numbers that JavaScript cannot hold.
pub(crate) fn from_json<'env>(env: &'env Env, text: String) -> Result<Unknown<'env>> {
    let refused = |_| Error::with_detail(ErrorCode::ValueOutOfRange, "json: a number that JavaScript cannot hold");
    with(|host| host.from_json.borrow_back(env)?.call(text)).map_err(refused)
}

/// The rows of a column, as slices of its buffer.
pub(crate) fn slices(
    env: &Env,
    data: Uint8Array,
    offsets: Int32Array,
    validity: Option<Uint8Array>,
) -> Result<Unknown<'_>> {
    with(|host| host.slices.borrow_back(env)?.call((data, offsets, validity).into())).map_err(from_js)
}

/// A report of the library's.
pub(crate) fn report<'env>(env: &'env Env, report: &impl serde::Serialize) -> Result<Unknown<'env>> {
    from_json(env, serde_json::to_string(report).map_err(|_| Error::new(ErrorCode::Internal))?)
}
