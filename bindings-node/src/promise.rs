//! Work on the worker pool, and the promise of it.

use fieldward::ErrorCode;
use napi::bindgen_prelude::{Env, PromiseRaw, ToNapiValue, spawn_blocking};

use crate::error::{Result, run};
use crate::panic::guarded;

/// Runs `work` on a thread that may wait, then `convert` on JavaScript's.
pub(crate) fn promise<'env, T: Send + 'static, V: ToNapiValue>(
    env: &'env Env,
    work: impl FnOnce() -> Result<T> + Send + 'static,
    convert: impl FnOnce(&'env Env, T) -> Result<V> + 'static,
) -> napi::Result<PromiseRaw<'env, V>> {
    let done =
        async move { Ok(spawn_blocking(|| guarded(work)).await.unwrap_or_else(|_| Err(ErrorCode::Internal.into()))) };
    env.spawn_future_with_callback(done, move |env, done| run(env, || convert(env, done?)))
}
