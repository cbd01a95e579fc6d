//! What can happen.

use std::fmt;

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident = $text:literal;)*) => {
        /// The name of an event. The text form never changes once released.
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum EventName { $($(#[$doc])* $variant,)* }

        impl EventName {
            /// Every name.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable text form.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

events! {
    /// A keyring was made.
    KeyringCreated = "keyring_created";
    /// A keyring was opened.
    KeyringOpened = "keyring_opened";
    /// A keyring could not be opened. Unauthenticated: no root is open.
    KeyringOpenFailed = "keyring_open_failed";
    /// A newer document was read and verified.
    KeyringRefreshed = "keyring_refreshed";
    /// The keyring went past `max_staleness`.
    KeyringStale = "keyring_stale";
    /// A document was refused: cut, edited, rolled back, foreign.
    DocumentRefused = "document_refused";
    /// The document was exported.
    KeyringExported = "keyring_exported";
    /// An older document was recovered.
    KeyringRecovered = "keyring_recovered";
    /// No pin was found: first use, or a pin was removed.
    PinMissing = "pin_missing";
    /// A new version was made and published.
    KeyRotated = "key_rotated";
    /// The keyring went back to an earlier version.
    KeyRolledBack = "key_rolled_back";
    /// A version was suspended.
    KeySuspended = "key_suspended";
    /// A suspended version was taken up again.
    KeyResumed = "key_resumed";
    /// A version was marked compromised.
    KeyCompromised = "key_compromised";
    /// The root was marked compromised.
    RootCompromised = "root_compromised";
    /// A version was destroyed.
    KeyDestroyed = "key_destroyed";
    /// An index key was added.
    IndexKeyAdded = "index_key_added";
    /// An index key was destroyed.
    IndexKeyDestroyed = "index_key_destroyed";
    /// A new root epoch began.
    EpochStarted = "epoch_started";
    /// A provider entry was added.
    ProviderAdded = "provider_added";
    /// A provider entry was removed.
    ProviderRemoved = "provider_removed";
    /// A provider was called.
    ProviderCalled = "provider_called";
    /// A provider made a key.
    ProviderKeyMade = "provider_key_made";
    /// A provider destroyed a key, or was asked to.
    ProviderKeyDestroyed = "provider_key_destroyed";
    /// A store could not be read or written.
    StoreFailed = "store_failed";
    /// A handle was opened that also reads under suspended or compromised keys.
    UseAllowed = "use_allowed";
    /// A use of a key was refused by its state.
    UseRefused = "use_refused";
    /// Values were read, where a handle was told to log it.
    ValuesRead = "values_read";
}

/// One event, with named details: ids, states, numbers, reasons. Never data.
#[derive(Clone, Debug)]
pub struct AuditEvent {
    pub(super) name: EventName,
    pub(super) fields: Vec<(&'static str, String)>,
}

impl AuditEvent {
    /// The longest detail, in bytes; the rest is cut.
    pub const MAX_DETAIL_LEN: usize = 1_024;

    /// An event without details.
    #[must_use]
    pub const fn new(name: EventName) -> Self {
        Self { name, fields: Vec::new() }
    }

    /// The same event with one more detail.
    ///
    /// # Security
    ///
    /// `detail` must never hold data: no value, no key, no query.
    #[must_use]
    pub fn with(mut self, name: &'static str, detail: impl fmt::Display) -> Self {
        let mut detail = detail.to_string();
        detail.truncate(detail.floor_char_boundary(Self::MAX_DETAIL_LEN));
        self.fields.push((name, detail));
        self
    }
}
