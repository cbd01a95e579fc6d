//! Calls of providers: every one is timed, counted and logged.

use std::time::Instant;

use super::environment::{Environment, NamedProvider};
use crate::audit::{AuditEvent, EventName};
use crate::error::Result;
use crate::metrics::ProviderOperation;
use crate::provider::{KeyProvider, WrapContext, WrappedKey};
use crate::secret::SecretKey;

impl Environment {
    pub(super) fn call_wrap(
        &self,
        provider: &NamedProvider,
        key_name: &str,
        secret: &SecretKey,
        context: &WrapContext<'_>,
    ) -> Result<WrappedKey> {
        let of = (key_name, context.epoch);
        self.call(provider, ProviderOperation::Wrap, Some(of), |service| service.wrap(key_name, secret, context))
    }

    pub(super) fn call_unwrap(
        &self,
        provider: &NamedProvider,
        wrapped: &WrappedKey,
        context: &WrapContext<'_>,
    ) -> Result<SecretKey> {
        let of = (wrapped.key_name.as_str(), context.epoch);
        self.call(provider, ProviderOperation::Unwrap, Some(of), |service| service.unwrap(wrapped, context))
    }

    /// A provider that has no generator is not counted: nothing was called.
    pub(super) fn call_generate(&self, provider: &NamedProvider) -> Result<Option<SecretKey>> {
        let started = Instant::now();
        match provider.provider.generate() {
            Ok(None) => Ok(None),
            outcome => self.called(provider, ProviderOperation::Generate, None, started, outcome),
        }
    }

    pub(super) fn call_make_key(&self, provider: &NamedProvider, key_name: &str, epoch: u32) -> Result<()> {
        let of = Some((key_name, epoch));
        self.call(provider, ProviderOperation::MakeKey, of, |service| service.make_key(key_name))
    }

    pub(super) fn call_destroy_key(&self, provider: &NamedProvider, key_name: &str, epoch: u32) -> Result<()> {
        let of = Some((key_name, epoch));
        self.call(provider, ProviderOperation::DestroyKey, of, |service| service.destroy_key(key_name))
    }

    fn call<T>(
        &self,
        provider: &NamedProvider,
        operation: ProviderOperation,
        of: Option<(&str, u32)>,
        call: impl FnOnce(&dyn KeyProvider) -> Result<T>,
    ) -> Result<T> {
        let started = Instant::now();
        let outcome = call(&*provider.provider);
        self.called(provider, operation, of, started, outcome)
    }

    fn called<T>(
        &self,
        provider: &NamedProvider,
        operation: ProviderOperation,
        of: Option<(&str, u32)>,
        started: Instant,
        outcome: Result<T>,
    ) -> Result<T> {
        let latency = started.elapsed();
        let failure = outcome.as_ref().err().map(crate::error::Error::code);
        self.metrics.count_provider(&provider.name, operation, latency, failure);
        let mut event = AuditEvent::new(EventName::ProviderCalled).with("provider", &provider.name);
        event = event.with("kind", provider.provider.kind()).with("operation", operation.as_str());
        if let Some((key_name, epoch)) = of {
            event = event.with("key", key_name).with("epoch", epoch);
        }
        let result = failure.map_or("ok", crate::error::ErrorCode::as_str);
        self.audit(&event.with("result", result).with("milliseconds", latency.as_millis()));
        outcome
    }
}
