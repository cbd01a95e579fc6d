//! Provider keys made for one attempt at an epoch.

use super::environment::{Environment, NamedProvider};
use crate::audit::{AuditEvent, EventName};
use crate::store::DocumentTag;

/// The keys that this attempt had providers make. Unless the attempt's document was saved, they are destroyed again.
#[derive(Debug, Default)]
pub(super) struct MadeKeys(Vec<(NamedProvider, String, u32)>);

impl MadeKeys {
    pub(super) fn push(&mut self, provider: &NamedProvider, name: &str, epoch: u32) {
        self.0.push((provider.clone(), name.to_owned(), epoch));
    }

    /// Destroys the keys of an attempt that failed before anything was written.
    pub(super) fn discard(self, environment: &Environment) {
        for (provider, name, epoch) in self.0 {
            let result = environment.call_destroy_key(&provider, &name, epoch);
            let code = result.as_ref().map_or_else(|error| error.code().as_str(), |()| "ok");
            let event = AuditEvent::new(EventName::ProviderKeyDestroyed).with("key", &name).with("result", code);
            environment.audit(&event.with("reason", "the attempt failed"));
        }
    }

    /// After a save that failed: what was attempted may be there all the same, so the keys go only if nothing was written, or the
    /// store surely holds another document.
    pub(super) fn settle(self, environment: &Environment, attempted: Option<&DocumentTag>) {
        if self.0.is_empty() {
            return;
        }
        let is_elsewhere = match (attempted, environment.store.load(&environment.id)) {
            (None, _) | (Some(_), Ok(None)) => true,
            (Some(attempted), Ok(Some(bytes))) => DocumentTag::of(&bytes).is_ok_and(|stored| stored != *attempted),
            (Some(_), Err(_)) => false,
        };
        if is_elsewhere {
            self.discard(environment);
        }
    }
}
