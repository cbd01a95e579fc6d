//! The life of keys: rotation, states, destruction, providers, exports, reports. All of it may ask a store or a provider: promises.

use std::time::Duration;

use fieldward::{Destroy, Error, ErrorCode, KeyId, RotateOptions};
use napi::bindgen_prelude::{Buffer, Env, FnArgs, Function, PromiseRaw, ToNapiValue, Unknown};
use napi_derive::napi;

use crate::ask::Asked;
use crate::error::{Result, run};
use crate::host::report;
use crate::keyring::Keyring;
use crate::promise::promise;
use crate::provider::provider_of;
use crate::value::{bytes_of, from_bytes};

/// When a new version takes over.
#[napi(object)]
#[derive(Default)]
pub struct RotateWhen {
    /// The delay, in seconds: 24 hours unless said otherwise.
    pub after: Option<f64>,
    /// Takes over before other processes can know the key.
    pub activate_immediately: Option<bool>,
}

/// Numbers of what replaced a compromised root.
#[napi(object)]
pub struct RootReplaced {
    /// The new epoch.
    pub epoch: u32,
    /// The new version.
    pub version: u32,
    /// The new index key.
    pub index_key: u32,
}

impl Keyring {
    /// A call that may wait, and what becomes of its result in JavaScript.
    fn later<'env, T: Send + 'static, V: ToNapiValue>(
        &self,
        env: &'env Env,
        call: impl FnOnce(&fieldward::Keyring) -> Result<T> + Send + 'static,
        convert: impl FnOnce(&'env Env, T) -> Result<V> + 'static,
    ) -> napi::Result<PromiseRaw<'env, V>> {
        let keyring = run(env, || self.inner().get())?;
        promise(env, move || call(&keyring), convert)
    }

    pub(crate) fn plainly<'env, T: Send + ToNapiValue + 'static>(
        &self,
        env: &'env Env,
        call: impl FnOnce(&fieldward::Keyring) -> Result<T> + Send + 'static,
    ) -> napi::Result<PromiseRaw<'env, T>> {
        self.later(env, call, |_, done| Ok(done))
    }
}

#[napi]
impl Keyring {
    /// Publishes a new version that takes over after a delay; its number.
    #[napi]
    pub fn rotate<'env>(&self, env: &'env Env, when: Option<RotateWhen>) -> napi::Result<PromiseRaw<'env, u32>> {
        let when = when.unwrap_or_default();
        let options = run(env, || match (when.after, when.activate_immediately.unwrap_or(false)) {
            (None, true) => Ok(RotateOptions::activate_immediately()),
            (None, false) => Ok(RotateOptions::default()),
            (Some(delay), false) => Duration::try_from_secs_f64(delay)
                .map(RotateOptions::after)
                .map_err(|_| Error::with_detail(ErrorCode::InvalidArgument, "after")),
            (Some(_), true) => Err(Error::with_detail(ErrorCode::InvalidArgument, "after")),
        })?;
        self.plainly(env, move |keyring| keyring.rotate(options))
    }

    /// Goes back to the version that was current before, inside the rollback window; its number.
    #[napi]
    pub fn rollback<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, u32>> {
        self.plainly(env, fieldward::Keyring::rollback)
    }

    /// Suspends a version: it neither encrypts nor decrypts until it is resumed.
    #[napi]
    pub fn suspend<'env>(&self, env: &'env Env, version: u32, reason: String) -> napi::Result<PromiseRaw<'env, ()>> {
        self.plainly(env, move |keyring| keyring.suspend(version, &reason))
    }

    /// Takes up a suspended version again.
    #[napi]
    pub fn resume<'env>(&self, env: &'env Env, version: u32, reason: String) -> napi::Result<PromiseRaw<'env, ()>> {
        self.plainly(env, move |keyring| keyring.resume(version, &reason))
    }

    /// Marks a version compromised: it is read only by name, for re-encryption.
    #[napi]
    pub fn mark_compromised<'env>(
        &self,
        env: &'env Env,
        version: u32,
        reason: String,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        self.plainly(env, move |keyring| keyring.mark_compromised(version, &reason))
    }

    /// Marks the root compromised: every version is; a new epoch, version and index key begin.
    #[napi]
    pub fn mark_root_compromised<'env>(
        &self,
        env: &'env Env,
        reason: String,
        drop_providers: Option<Vec<String>>,
    ) -> napi::Result<PromiseRaw<'env, RootReplaced>> {
        self.plainly(env, move |keyring| {
            let dropped = drop_providers.unwrap_or_default();
            let dropped: Vec<&str> = dropped.iter().map(String::as_str).collect();
            let replaced = keyring.mark_root_compromised(&reason, &dropped)?;
            Ok(RootReplaced { epoch: replaced.epoch, version: replaced.version, index_key: replaced.index_key })
        })
    }

    /// Starts a new root epoch; its number.
    #[napi]
    pub fn start_epoch<'env>(
        &self,
        env: &'env Env,
        drop_providers: Option<Vec<String>>,
    ) -> napi::Result<PromiseRaw<'env, u32>> {
        self.plainly(env, move |keyring| {
            let dropped = drop_providers.unwrap_or_default();
            keyring.start_epoch(&dropped.iter().map(String::as_str).collect::<Vec<_>>())
        })
    }

    /// Adds an index key, for a re-index; its number.
    #[napi]
    pub fn add_index_key<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, u32>> {
        self.plainly(env, fieldward::Keyring::add_index_key)
    }

    /// Adds a provider that can open the keyring from now on.
    #[napi]
    pub fn add_provider<'env>(
        &self,
        env: &'env Env,
        name: String,
        #[napi(ts_arg_type = "KeyProvider")] provider: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let provider = run(env, || provider_of(provider, &self.host))?;
        self.plainly(env, move |keyring| keyring.add_provider(&name, provider))
    }

    /// Puts a provider in the place of the one of this name.
    #[napi]
    pub fn replace_provider<'env>(
        &self,
        env: &'env Env,
        name: String,
        #[napi(ts_arg_type = "KeyProvider")] provider: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let provider = run(env, || provider_of(provider, &self.host))?;
        self.plainly(env, move |keyring| keyring.replace_provider(&name, provider))
    }

    /// Removes a provider's entry. Older copies of the document still open with it until a new epoch.
    #[napi]
    pub fn remove_provider<'env>(&self, env: &'env Env, name: String) -> napi::Result<PromiseRaw<'env, ()>> {
        self.plainly(env, move |keyring| keyring.remove_provider(&name))
    }

    /// Reads the store now; whether there was a newer document.
    #[napi]
    pub fn refresh<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, bool>> {
        self.plainly(env, fieldward::Keyring::refresh)
    }

    /// The document as it is now, to be kept elsewhere: wrapped keys only.
    #[napi(ts_return_type = "Promise<Buffer>")]
    pub fn export<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Unknown<'env>>> {
        self.later(env, |keyring| Ok(keyring.export()), |env, export| from_bytes(env, &export))
    }

    /// What pins compare and `acceptIdentity` takes: 32 bytes, not secret.
    #[napi(getter, ts_return_type = "Buffer")]
    pub fn root_identity<'env>(&self, env: &'env Env) -> napi::Result<Unknown<'env>> {
        run(env, || self.inner().with(|keyring| from_bytes(env, &keyring.root_identity())))
    }

    /// The key ids of stored values whose version is in no document, as eight hexadecimal digits each.
    #[napi]
    pub fn unknown_key_ids(
        &self,
        env: &Env,
        #[napi(ts_arg_type = "Uint8Array[]")] stored: Vec<Unknown<'_>>,
    ) -> napi::Result<Vec<String>> {
        run(env, || {
            let envelopes: Vec<Vec<u8>> = stored.into_iter().filter_map(bytes_of).collect();
            let ids = self.inner().with(|keyring| Ok(keyring.unknown_key_ids(envelopes.iter().map(Vec::as_slice))))?;
            Ok(ids.iter().map(ToString::to_string).collect())
        })
    }

    /// Versions with their effective states, index keys and providers, as the specification names them. Holds no secret.
    #[napi(ts_return_type = "Promise<Record<string, any>>")]
    pub fn status<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Unknown<'env>>> {
        self.later(env, fieldward::Keyring::status, |env, status| report(env, &status))
    }

    /// The counters of this process, as the specification names them.
    #[napi(ts_return_type = "Record<string, any>")]
    pub fn metrics<'env>(&self, env: &'env Env) -> napi::Result<Unknown<'env>> {
        run(env, || report(env, &self.inner().with(|keyring| Ok(keyring.metrics().snapshot()))?))
    }

    /// The counters of this process, in the text form that Prometheus reads.
    #[napi]
    pub fn prometheus(&self, env: &Env) -> napi::Result<String> {
        run(env, || self.inner().with(|keyring| Ok(keyring.metrics().snapshot().to_prometheus())))
    }

    /// Destroys a version, confirmed by its key id, or an index key: how far it reached, as the specification names it. Say what becomes
    /// of earlier exports: `waiveExports` is a reason, `keepExport` takes the new document.
    #[napi(ts_return_type = "Promise<Record<string, any>>")]
    pub fn destroy<'env>(
        &self,
        env: &'env Env,
        request: DestroyRequest,
        #[napi(ts_arg_type = "(document: Buffer) => void | Promise<void>")] keep_export: Option<
            Function<'_, FnArgs<(Buffer,)>, Unknown<'static>>,
        >,
    ) -> napi::Result<PromiseRaw<'env, Unknown<'env>>> {
        let keep = keep_export.map(|keep| Asked::function(&self.host, keep, ErrorCode::StoreUnavailable));
        let keep = run(env, || keep.transpose())?;
        self.later(
            env,
            move |keyring| {
                let DestroyRequest { reason, version, key_id, index_key, waive_exports, drop_providers } = request;
                let mut destroy = match (version, key_id, index_key) {
                    (Some(version), Some(key_id), None) => Destroy::version(version, key_id.parse::<KeyId>()?, reason),
                    (None, None, Some(number)) => Destroy::index_key(number, reason),
                    _ => return Err(Error::with_detail(ErrorCode::InvalidArgument, "version and keyId, or indexKey")),
                };
                if let Some(reason) = waive_exports {
                    destroy = destroy.waive_exports(reason);
                }
                if let Some(keep) = keep {
                    destroy = destroy.replace_exports(move |export| keep.ask((export.into(),).into(), |_| Ok(())));
                }
                for name in drop_providers.into_iter().flatten() {
                    destroy = destroy.drop_provider(name);
                }
                keyring.destroy(destroy)
            },
            |env, reached| report(env, &reached),
        )
    }
}

/// What to destroy, and what becomes of earlier exports.
#[napi(object)]
pub struct DestroyRequest {
    /// Why.
    pub reason: String,
    /// The version, with `keyId` to confirm it.
    pub version: Option<u32>,
    /// The version's key id, eight hexadecimal digits.
    pub key_id: Option<String>,
    /// The index key, in place of a version.
    pub index_key: Option<u32>,
    /// Why earlier exports may stay as they are.
    pub waive_exports: Option<String>,
    /// Providers that are out of reach and dropped.
    pub drop_providers: Option<Vec<String>>,
}
