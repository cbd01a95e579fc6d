//! Keyrings: describing one, opening it, closing it, and making handles.

use std::rc::Rc;
use std::time::Duration;

use fieldward::{Error, ErrorCode, KeyState, KeyringBuilder};
use napi::bindgen_prelude::{
    Array, ClassInstance, Env, FromNapiValue, JsObjectValue, JsValue, KeyCollectionMode, KeyConversion, KeyFilter,
    Object, PromiseRaw, Unknown,
};
use napi_derive::napi;

use crate::ask::Host;
use crate::audit::sink_of;
use crate::clock::ManualClock;
use crate::error::{Result, from_js, run};
use crate::field::Field;
use crate::handle::{Handle, Handles};
use crate::promise::promise;
use crate::provider::provider_of;
use crate::record::Records;
use crate::schema::Schema;
use crate::store::{pin_of, store_of};
use crate::value::{Form, bytes_of};

/// The members of an options object.
struct Options<'env>(Object<'env>);

impl<'env> Options<'env> {
    fn get<T: FromNapiValue>(&self, name: &str) -> Result<Option<T>> {
        let wrong = |_| Error::with_detail(ErrorCode::InvalidArgument, name);
        match self.0.get::<Unknown<'env>>(name).map_err(wrong)? {
            Some(value) if !crate::value::is_missing(value) => T::from_unknown(value).map(Some).map_err(wrong),
            _ => Ok(None),
        }
    }

    /// A number of seconds.
    fn seconds(&self, name: &str) -> Result<Option<Duration>> {
        let seconds = self.get::<f64>(name)?.map(Duration::try_from_secs_f64).transpose();
        seconds.map_err(|_| Error::with_detail(ErrorCode::InvalidArgument, name))
    }

    fn builder(&self, host: &Host) -> Result<KeyringBuilder> {
        let missing = |name: &str| Error::with_detail(ErrorCode::InvalidArgument, name);
        let id = self.get::<String>("id")?.ok_or_else(|| missing("id"))?;
        let store = store_of(self.get("store")?.ok_or_else(|| missing("store"))?, host)?;
        let mut builder = fieldward::Keyring::builder(id).store(store);
        let providers = self.get::<Object<'_>>("providers")?.ok_or_else(|| missing("providers"))?;
        for name in names(&providers)? {
            let provider = providers.get::<Unknown<'_>>(&name).map_err(from_js)?.ok_or_else(|| missing("providers"))?;
            builder = builder.provider(name, provider_of(provider, host)?);
        }
        if let Some(pin) = self.get("pin")? {
            builder = builder.pin(pin_of(pin)?);
        }
        if let Some(reason) = self.get::<String>("noPin")? {
            builder = builder.no_pin(reason);
        }
        if let Some(clock) = self.get::<ClassInstance<'_, ManualClock>>("clock")? {
            builder = builder.clock(clock.inner.clone());
        }
        if let Some(sinks) = self.get::<Array<'_>>("audit")? {
            for at in 0..sinks.len() {
                let sink = sinks.get::<Unknown<'_>>(at).map_err(from_js)?.ok_or_else(|| missing("audit"))?;
                builder = builder.audit(sink_of(sink, host)?);
            }
        }
        if let Some(age) = self.seconds("refreshAfter")? {
            builder = builder.refresh_after(age);
        }
        if let Some(age) = self.seconds("maxStaleness")? {
            builder = builder.max_staleness(age);
        }
        if let Some(timeout) = self.seconds("storeTimeout")? {
            builder = builder.store_timeout(timeout);
        }
        if let Some(window) = self.seconds("rollbackWindow")? {
            builder = builder.rollback_window(window);
        }
        if let Some(keys) = self.get::<u32>("cacheCapacity")? {
            builder = builder.cache_capacity(usize::try_from(keys).unwrap_or(usize::MAX));
        }
        if let Some(identity) = self.get::<Unknown<'_>>("acceptIdentity")? {
            let identity = bytes_of(identity).and_then(|identity| <[u8; 32]>::try_from(identity).ok());
            builder = builder.accept_identity(identity.ok_or(ErrorCode::InvalidKeyLength)?);
        }
        if let Some(name) = self.get::<String>("backend")? {
            builder = builder.backend(name.parse()?);
        }
        let host = host.clone();
        Ok(builder.around_waits(move |what, wait| host.wait(what, wait)))
    }
}

/// The names of an object's own members, in order.
pub(crate) fn names(object: &Object<'_>) -> Result<Vec<String>> {
    let filter = KeyFilter::Enumerable;
    let names = object
        .get_all_property_names(KeyCollectionMode::OwnOnly, filter, KeyConversion::NumbersToStrings)
        .and_then(|names| Vec::<Unknown<'_>>::from_unknown(names.to_unknown()))
        .map_err(from_js)?;
    // A symbol is no name.
    let is_name = |name: &&Unknown<'_>| crate::value::type_of(**name) == napi::ValueType::String;
    names.iter().filter(is_name).map(|name| crate::value::text_of(*name)).collect()
}

fn begun<'env>(
    env: &'env Env,
    options: Object<'_>,
    begin: impl FnOnce(KeyringBuilder) -> Result<fieldward::Keyring> + Send + 'static,
) -> napi::Result<PromiseRaw<'env, Keyring>> {
    let host = Host::new();
    let builder = run(env, || Options(options).builder(&host))?;
    promise(env, move || begin(builder), |_, keyring| Ok(Keyring::of(keyring, host)))
}

/// The versioned keys of one tenant or application, open. Made by `Keyring.create` and `Keyring.open`.
///
/// Closing it wipes its keys and closes every handle that it gave out.
#[napi]
pub struct Keyring {
    inner: Rc<Handle<fieldward::Keyring>>,
    handles: Rc<Handles>,
    pub(crate) host: Host,
}

/// What a handle of a field or of records can be told.
#[napi(object)]
#[derive(Default)]
pub struct HandleOptions {
    /// The tenant, where there are tenants.
    pub tenant: Option<String>,
    /// Whether `i64` comes out as `bigint` and `timestamp` as text, so that nothing of what another language wrote is lost. False.
    pub exact: Option<bool>,
}

impl HandleOptions {
    pub(crate) const fn form(&self) -> Form {
        if let Some(true) = self.exact { Form::Exact } else { Form::Handy }
    }
}

impl Keyring {
    fn of(keyring: fieldward::Keyring, host: Host) -> Self {
        let handles = Rc::<Handles>::default();
        Self { inner: handles.give(keyring), handles, host }
    }

    pub(crate) fn inner(&self) -> &Handle<fieldward::Keyring> {
        &self.inner
    }

    /// A handle that closes with the keyring.
    pub(crate) fn give<T: 'static>(&self, part: T) -> Rc<Handle<T>> {
        self.handles.give(part)
    }

    /// The same keyring with what `change` gives it.
    fn changed(
        &self,
        env: &Env,
        change: impl FnOnce(&fieldward::Keyring) -> Result<fieldward::Keyring>,
    ) -> napi::Result<Self> {
        run(env, || {
            let keyring = self.inner.with(change)?;
            Ok(Self { inner: self.handles.give(keyring), handles: Rc::clone(&self.handles), host: self.host.clone() })
        })
    }
}

#[napi]
impl Keyring {
    /// Makes a new keyring.
    #[napi(ts_return_type = "Promise<Keyring>")]
    pub fn create<'env>(
        env: &'env Env,
        #[napi(ts_arg_type = "KeyringOptions")] options: Object<'_>,
    ) -> napi::Result<PromiseRaw<'env, Keyring>> {
        begun(env, options, KeyringBuilder::create)
    }

    /// Opens the keyring that the store holds.
    #[napi(ts_return_type = "Promise<Keyring>")]
    pub fn open<'env>(
        env: &'env Env,
        #[napi(ts_arg_type = "KeyringOptions")] options: Object<'_>,
    ) -> napi::Result<PromiseRaw<'env, Keyring>> {
        begun(env, options, KeyringBuilder::open)
    }

    /// Opens an exported document.
    #[napi(ts_return_type = "Promise<Keyring>")]
    pub fn recover<'env>(
        env: &'env Env,
        #[napi(ts_arg_type = "KeyringOptions")] options: Object<'_>,
        #[napi(ts_arg_type = "Uint8Array")] exported: Unknown<'_>,
    ) -> napi::Result<PromiseRaw<'env, Keyring>> {
        let exported = run(env, || bytes_of(exported).ok_or_else(|| ErrorCode::KeyringMalformed.into()))?;
        begun(env, options, move |builder| builder.recover(&exported))
    }

    /// The keyring's id.
    #[napi(getter)]
    pub fn id(&self, env: &Env) -> napi::Result<String> {
        run(env, || self.inner.with(|keyring| Ok(keyring.id().to_owned())))
    }

    /// The back end that encrypts and decrypts its values: `portable`, `aws-lc` or `aws-lc-fips`.
    #[napi(getter)]
    pub fn backend(&self, env: &Env) -> napi::Result<String> {
        run(env, || self.inner.with(|keyring| Ok(keyring.backend().as_str().to_owned())))
    }

    /// A handle for one field of a schema. Make it once and keep it.
    #[napi]
    pub fn field(
        &self,
        env: &Env,
        schema: &Schema,
        field: String,
        options: Option<HandleOptions>,
    ) -> napi::Result<Field> {
        run(env, || Field::new(self, schema, &field, options.unwrap_or_default()))
    }

    /// A handle for whole records of a schema. Make it once and keep it.
    #[napi]
    pub fn records(&self, env: &Env, schema: &Schema, options: Option<HandleOptions>) -> napi::Result<Records> {
        run(env, || Records::new(self, schema, options.unwrap_or_default()))
    }

    /// A handle that also decrypts under `suspended` or `compromised` keys, for re-encryption. What it gives is marked untrusted.
    #[napi]
    pub fn allow(&self, env: &Env, state: String, reason: String) -> napi::Result<Self> {
        self.changed(env, |keyring| {
            let known = KeyState::ALL.into_iter().find(|known| known.as_str() == state);
            keyring.allow(known.ok_or_else(|| Error::with_detail(ErrorCode::InvalidArgument, "state"))?, &reason)
        })
    }

    /// A handle whose decryptions are logged, with actor and reason.
    #[napi]
    pub fn reading_as(&self, env: &Env, actor: String, reason: String) -> napi::Result<Self> {
        self.changed(env, |keyring| keyring.reading_as(&actor, &reason))
    }

    /// Wipes the keys and closes every handle that the keyring gave out: they throw the code `closed` from then on. Work under way
    /// ends first. Closing again does nothing.
    #[napi]
    pub fn close(&self, env: &Env) -> napi::Result<()> {
        run(env, || {
            self.handles.close();
            Ok(())
        })
    }
}
