//! The one error type: a kind to act on, a stable code for other languages, retryable or not.
//!
//! Nothing in an [`Error`] ever holds data: no plaintext, no key, no ciphertext, no query. Details name what the
//! *schema or the operator* named: a field, a key id, a limit, a state. Authentication failure is one opaque case, with the
//! same text always and no source. The registry of codes is `spec/error.md`; a test holds the two together.

use std::error::Error as StdError;
use std::fmt;

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a caller can do about an error. Match on this; log [`ErrorCode`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorKind {
    /// The program calls the library wrongly; never caused by data.
    Misuse,
    /// A value, record or query does not fit its declaration.
    Input,
    /// A schema is wrong.
    Schema,
    /// Bytes that should be an envelope are not one; visible without a key.
    Envelope,
    /// An envelope, wrapped key or document did not authenticate. One opaque case.
    Authentication,
    /// The key exists, or existed, but its state forbids the use; or it is unknown.
    Key,
    /// The keyring document or a life-cycle call on it.
    Keyring,
    /// A key provider.
    Provider,
    /// A key store or a pin.
    Store,
    /// The audit log.
    Audit,
    /// The operating system: random numbers, clock, threads.
    System,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Misuse,
        Self::Input,
        Self::Schema,
        Self::Envelope,
        Self::Authentication,
        Self::Key,
        Self::Keyring,
        Self::Provider,
        Self::Store,
        Self::Audit,
        Self::System,
    ];

    /// The stable text form: the variant's name in lower case, as `core/spec/error.md` has it.
    ///
    /// ```
    /// assert_eq!(fieldward::ErrorCode::KeyDestroyed.kind().as_str(), "key");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Misuse => "misuse",
            Self::Input => "input",
            Self::Schema => "schema",
            Self::Envelope => "envelope",
            Self::Authentication => "authentication",
            Self::Key => "key",
            Self::Keyring => "keyring",
            Self::Provider => "provider",
            Self::Store => "store",
            Self::Audit => "audit",
            Self::System => "system",
        }
    }
}

macro_rules! codes {
    ($($variant:ident, $code:literal, $kind:ident, $retry:literal, $text:literal;)*) => {
        /// A stable, machine-readable code. The text form never changes once released.
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ErrorCode {
            $(#[doc = $text] $variant,)*
        }

        impl ErrorCode {
            /// Every code, in the order of the registry.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant,)*];

            /// The stable text form, such as `"key_destroyed"`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$variant => $code,)* }
            }

            /// The kind that this code belongs to.
            #[must_use]
            pub const fn kind(self) -> ErrorKind {
                match self { $(ErrorCode::$variant => ErrorKind::$kind,)* }
            }

            /// Whether the same call may succeed later with nothing changed by the caller.
            #[must_use]
            pub const fn is_retryable(self) -> bool {
                match self { $(ErrorCode::$variant => $retry,)* }
            }

            /// What went wrong, in one sentence without data.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self { $(ErrorCode::$variant => $text,)* }
            }
        }
    };
}

codes! {
    // --- misuse
    InvalidArgument, "invalid_argument", Misuse, false, "an argument is outside its documented range";
    InvalidName, "invalid_name", Misuse, false, "a name is empty, too long or has characters outside its alphabet";
    InvalidKeyLength, "invalid_key_length", Misuse, false, "a key does not have its exact length";
    WrongFieldMode, "wrong_field_mode", Misuse, false, "the field's mode does not offer this operation";
    UnknownField, "unknown_field", Misuse, false, "the schema has no such field";
    UnknownIndex, "unknown_index", Misuse, false, "the field has no such index";
    RecordIdMissing, "record_id_missing", Misuse, false, "the schema binds a record id and none was given";
    RecordIdUnexpected, "record_id_unexpected", Misuse, false, "a record id was given and the schema binds none";
    ReasonRequired, "reason_required", Misuse, false, "this use must be allowed by name, with a reason";
    BackendUnavailable, "backend_unavailable", Misuse, false, "this build has no such back end";
    NotApproved, "not_approved", Misuse, false, "the FIPS module does not cover this operation";
    Closed, "closed", Misuse, false, "the handle was closed";
    // --- input
    WrongType, "wrong_type", Input, false, "the value's type is not the field's declared type";
    ValueTooLong, "value_too_long", Input, false, "the value is longer than 16 MiB";
    ValueOutOfRange, "value_out_of_range", Input, false, "the value is outside the range of its type";
    ValueNotCanonical, "value_not_canonical", Input, false, "the text would not come back exactly as it was given";
    InvalidText, "invalid_text", Input, false, "the text is not valid UTF-8";
    InvalidJson, "invalid_json", Input, false, "the text is not valid JSON, or is nested too deeply";
    UnassignedCodePoint, "unassigned_code_point", Input, false, "the text has a code point unassigned in the pinned Unicode version";
    QueryEmpty, "query_empty", Input, false, "the query yields nothing to search for after normalisation";
    AlreadyEncrypted, "already_encrypted", Input, false, "the value is an envelope of this keyring already";
    MissingField, "missing_field", Input, false, "a required field is missing from the record";
    UndeclaredField, "undeclared_field", Input, false, "the record has a field that the schema does not declare";
    RecordShape, "record_shape", Input, false, "the record's shape does not fit the schema's path";
    RecordTooDeep, "record_too_deep", Input, false, "the record is nested too deeply";
    RecordIdInvalid, "record_id_invalid", Input, false, "the record id has the wrong parts or types, or is too long";
    SerializationFailed, "serialization_failed", Input, false, "the record cannot be converted to or from its serde form";
    // --- schema
    SchemaSyntax, "schema_syntax", Schema, false, "the schema is not well-formed JSON or TOML of the documented form";
    SchemaUnknownOption, "schema_unknown_option", Schema, false, "the schema has an option that this version does not know";
    SchemaDuplicate, "schema_duplicate", Schema, false, "the schema declares an id, name, alias or path twice";
    SchemaInvalid, "schema_invalid", Schema, false, "the schema's declarations contradict each other";
    SchemaCycle, "schema_cycle", Schema, false, "a field's reads_also leads back to itself";
    SchemaLeakNotAccepted, "schema_leak_not_accepted", Schema, false, "the field or index leaks equality of few possible values and the leak is not accepted by name";
    SchemaTooLarge, "schema_too_large", Schema, false, "the schema is larger than its limit";
    // --- envelope, visible without a key
    NotAnEnvelope, "not_an_envelope", Envelope, false, "plaintext or foreign bytes stand where an envelope belongs";
    EnvelopeTruncated, "envelope_truncated", Envelope, false, "the envelope is shorter than its suite's minimum";
    EnvelopeTooLong, "envelope_too_long", Envelope, false, "the envelope is longer than its suite's maximum";
    UnknownSuite, "unknown_suite", Envelope, false, "the envelope names a suite that is unknown or reserved";
    SuiteNotAllowed, "suite_not_allowed", Envelope, false, "the field does not allow the envelope's suite";
    InvalidTextForm, "invalid_text_form", Envelope, false, "the text form is not canonical";
    WrongStoredForm, "wrong_stored_form", Envelope, false, "the field stores the other form, bytes or text";
    // --- authentication: opaque
    AuthenticationFailed, "authentication_failed", Authentication, false, "authentication failed";
    // --- after authentication
    ValueMalformed, "value_malformed", Envelope, false, "the authenticated value does not have the form of its type";
    PaddingMalformed, "padding_malformed", Envelope, false, "the authenticated value's padding is malformed";
    // --- keys
    KeyUnknown, "key_unknown", Key, false, "no key with the envelope's key id is in the keyring";
    KeyPreActive, "key_pre_active", Key, true, "the key is not active yet";
    KeySuspended, "key_suspended", Key, false, "the key is suspended";
    KeyDeactivated, "key_deactivated", Key, false, "the key is deactivated and no longer encrypts";
    KeyCompromised, "key_compromised", Key, false, "the key is marked compromised";
    KeyDestroyed, "key_destroyed", Key, false, "the key is destroyed; what it encrypted cannot be read again";
    IndexKeyUnknown, "index_key_unknown", Key, false, "the keyring has no index key of this number";
    IndexKeyDestroyed, "index_key_destroyed", Key, false, "the index key is destroyed";
    // --- keyring
    KeyringMalformed, "keyring_malformed", Keyring, false, "the keyring document is cut, has a duplicate or unknown member, or a value of the wrong form";
    KeyringTooLarge, "keyring_too_large", Keyring, false, "the keyring document is larger than 1 MiB";
    KeyringVersion, "keyring_version", Keyring, false, "the keyring document is of a format version that this release does not read";
    KeyringWrongId, "keyring_wrong_id", Keyring, false, "the keyring document is of another keyring";
    KeyringRolledBack, "keyring_rolled_back", Keyring, false, "the keyring document is older than one seen before";
    KeyringForeign, "keyring_foreign", Keyring, false, "the keyring document does not descend from the one seen before";
    KeyringStale, "keyring_stale", Keyring, true, "the keyring could not be refreshed within max_staleness";
    KeyringExists, "keyring_exists", Keyring, false, "a keyring document or pin exists already";
    KeyringNotFound, "keyring_not_found", Keyring, false, "the store has no keyring document";
    KeyringFull, "keyring_full", Keyring, false, "the keyring holds its maximum number of entries";
    NoMatchingProvider, "no_matching_provider", Keyring, false, "no configured provider has an entry in the keyring document";
    TransitionNotAllowed, "transition_not_allowed", Keyring, false, "the key's state does not allow this change";
    RollbackWindowClosed, "rollback_window_closed", Keyring, false, "the rollback window is closed or there is no earlier version to go back to";
    PropagationTooShort, "propagation_too_short", Keyring, false, "the propagation delay is below max_staleness plus allowed skew";
    EpochIncomplete, "epoch_incomplete", Keyring, false, "a new root epoch needs every provider entry reachable, or dropped by name";
    VersionUnknown, "version_unknown", Keyring, false, "the keyring has no such key version";
    ConfirmationRequired, "confirmation_required", Keyring, false, "destruction needs the version named again, and a newer export or a waiver by name";
    // --- provider
    ProviderUnavailable, "provider_unavailable", Provider, true, "the key provider cannot be reached";
    ProviderDenied, "provider_denied", Provider, false, "the key provider refuses this caller";
    ProviderWrongKey, "provider_wrong_key", Provider, false, "the key provider's key does not open this entry";
    ProviderBadReply, "provider_bad_reply", Provider, false, "the key provider's reply is not of the documented form";
    ProviderMismatch, "provider_mismatch", Provider, false, "the document's provider entry does not fit the caller's configuration";
    ProviderUnsupported, "provider_unsupported", Provider, false, "the key provider does not offer this operation";
    IterationsOutOfRange, "iterations_out_of_range", Provider, false, "the PBKDF2 iteration count is below the floor or above the ceiling";
    KeyFilePermissions, "key_file_permissions", Provider, false, "the key file can be read or written by others";
    KeyFileMalformed, "key_file_malformed", Provider, false, "the key file or variable does not hold a key of the documented form";
    // --- store
    StoreUnavailable, "store_unavailable", Store, true, "the key store cannot be reached";
    StoreConflict, "store_conflict", Store, true, "another writer saved the keyring first";
    StoreTimeout, "store_timeout", Store, true, "the key store did not answer within store_timeout";
    StoreFull, "store_full", Store, true, "the key store has no room";
    StoreDenied, "store_denied", Store, false, "the key store refuses access";
    StoreCorrupt, "store_corrupt", Store, false, "the key store holds something that is not a keyring document";
    PinUnavailable, "pin_unavailable", Store, false, "the generation pin cannot be read or written";
    PinMalformed, "pin_malformed", Store, false, "the generation pin is not of the documented form";
    // --- audit
    AuditMalformed, "audit_malformed", Audit, false, "an audit entry is not of the documented form";
    AuditBroken, "audit_broken", Audit, false, "the audit chain is edited, cut or reordered";
    AuditSinkFailed, "audit_sink_failed", Audit, true, "the audit sink could not take an event";
    // --- system
    RandomUnavailable, "random_unavailable", System, true, "the operating system gave no random bytes";
    ClockInvalid, "clock_invalid", System, true, "the clock is outside the years 1970 to 9999";
    ThreadUnavailable, "thread_unavailable", System, true, "the operating system gave no thread";
    Internal, "internal", System, false, "an invariant of the library does not hold; please report it";
}

/// The error of every fallible call of this crate.
///
/// `Display` gives the code's sentence and, where there is one, a detail such as a field's name or a key id. It never holds
/// plaintext, keys, ciphertext or queries.
pub struct Error {
    code: ErrorCode,
    detail: Option<Box<str>>,
    row: Option<u64>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of `code` alone. For implementors of providers and stores.
    #[must_use]
    pub const fn new(code: ErrorCode) -> Self {
        Self { code, detail: None, row: None, source: None }
    }

    /// An error with a detail for the operator.
    ///
    /// # Security
    ///
    /// `detail` must never hold data, only names, limits and states. It is dropped for
    /// [`ErrorCode::AuthenticationFailed`], which stays opaque.
    #[must_use]
    pub fn with_detail(code: ErrorCode, detail: impl Into<String>) -> Self {
        let detail = (code != ErrorCode::AuthenticationFailed).then(|| detail.into().into_boxed_str());
        Self { code, detail, row: None, source: None }
    }

    /// The same error with its cause, such as an I/O error. Dropped for [`ErrorCode::AuthenticationFailed`].
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        if self.code != ErrorCode::AuthenticationFailed {
            self.source = Some(source.into());
        }
        self
    }

    /// The same error, naming the field that it concerns, unless it has a detail already or is opaque.
    #[must_use]
    pub(crate) fn at(mut self, field: &str) -> Self {
        if self.code != ErrorCode::AuthenticationFailed && self.detail.is_none() {
            self.detail = Some(field.into());
        }
        self
    }

    /// The same error, of this row of a column, from 0. For callers that pass a long column in parts.
    #[must_use]
    pub fn in_row(mut self, row: usize) -> Self {
        self.row = u64::try_from(row).ok();
        self
    }

    /// The row of a column that it concerns, from 0; `None` for errors that concern no single row.
    #[must_use]
    pub const fn row(&self) -> Option<u64> {
        self.row
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    /// What the caller can do about it.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.code.kind()
    }

    /// Whether the same call may succeed later with nothing changed by the caller.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        self.code.is_retryable()
    }

    /// The detail, where there is one: a name, limit or state, never data.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }
}

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.message())?;
        match &self.detail {
            Some(detail) => write!(f, " ({detail})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("code", &self.code.as_str())
            .field("detail", &self.detail)
            .field("source", &self.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// Shorthand for `Err(Error::with_detail(..))`.
pub(crate) fn fail<T>(code: ErrorCode, detail: impl Into<String>) -> Result<T> {
    Err(Error::with_detail(code, detail))
}
