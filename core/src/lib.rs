//! Field-level encryption. See the crate's README for a first program.
//!
//! # Features
//!
//! - `conformance`: suites for providers and stores of your own.
//! - `parallel`: long columns on all cores.
//! - `aws-lc`: [`Backend::AwsLc`], long values by AWS-LC. The default of a keyring then; bytes and behaviour are the same.
//! - `fips`: [`Backend::AwsLcFips`], the FIPS module of AWS-LC with a policy. The default of a keyring then, and stricter: deterministic
//!   fields and the encryption of columns are refused unless the keyring names another back end.
#![forbid(unsafe_code)]

mod audit;
mod clock;
mod column;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod context;
mod derive;
mod envelope;
mod error;
mod field;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(any(test, feature = "golden"))]
#[doc(hidden)]
pub mod golden;
mod keyring;
mod metrics;
mod provider;
mod random;
mod record;
mod schema;
mod search;
mod secret;
mod store;
mod suite;
mod value;

pub use audit::{
    AuditEvent, AuditKeys, AuditReport, AuditSink, Checkpoint, EventName, JsonLinesSink, MAX_LINE_LEN, MemorySink,
    Problem, ProblemKind, verify_audit,
};
pub use clock::{Clock, ManualClock, SystemClock, UnixSeconds};
pub use column::{
    BinaryColumn, Column, DecryptedColumn, Offsets, OnFailure, RecordIds, RowFailure, StoredColumn, TimeUnit, Validity,
    ValueColumn,
};
pub use context::{FieldContext, MAX_NAME_LEN, RecordId, RecordIdPart};
pub use envelope::{
    HEADER_LEN, Header, Inspection, KeyId, Suite, TEXT_PREFIX, inspect, max_ciphertext_len, max_text_len,
};
pub use error::{Error, ErrorCode, ErrorKind, Result};
pub use field::{Decrypted, DecryptedBatch, FieldCipher, RecordRef, Reencrypted, Reencryption, Stored, StoredRef};
pub use keyring::{
    ALLOWED_SKEW, Destroy, Destruction, HeldKey, IndexKeyStatus, KeyState, Keyring, KeyringBuilder, KeyringStatus,
    ProviderStatus, Reach, RootReplaced, RotateOptions, VersionStatus, Wait,
};
pub use metrics::{
    FieldMetrics, FieldSnapshot, HistogramSnapshot, KeyringCounter, MAX_FIELDS, MAX_PROVIDERS, Metrics,
    MetricsSnapshot, Operation, OperationSnapshot, ProviderOperation, ProviderSnapshot, SAMPLE_EVERY,
};
#[cfg(feature = "aws-kms")]
pub use provider::{AwsKmsBuilder, AwsKmsProvider};
pub use provider::{
    CachedProvider, CallbackProvider, KEY_TEXT_PREFIX, KeyProvider, LocalKeyDirectory, LocalKeyProvider,
    MAX_KEY_NAME_LEN, MAX_PARAM_LEN, MAX_PARAMS, MAX_WRAPPED_LEN, PassphraseProvider, Pbkdf2Hash, RetryingProvider,
    WrapContext, WrappedKey, bind_context, unbind_context,
};
#[cfg(feature = "pkcs11")]
pub use provider::{Pkcs11Builder, Pkcs11Mechanism, Pkcs11Pin, Pkcs11Provider};
#[cfg(feature = "vault-transit")]
pub use provider::{VaultToken, VaultTransitBuilder, VaultTransitProvider};
pub use record::{
    Cell, Change, EncryptedRecord, MAX_RECORD_DEPTH, OpenedNode, OpenedRecord, RecordCipher, RecordNode,
    ReencryptedRecord, SealedNode, Step as RecordStep,
};
pub use schema::{
    EarlierReading, FieldSpec, LegacyFormat, MAX_EARLIER_READINGS, MAX_FIELD_INDEXES, MAX_SCHEMA_FIELDS,
    MAX_SCHEMA_LEN, Mode, Path, RecordBinding, RecordIdField, Schema, SchemaBuilder, Segment, Select, StoreForm,
    StoredForm, Undeclared,
};
pub use search::{
    Assessment, ColumnAssessor, DatePart, IndexQuery, IndexSpec, IndexValue, MAX_NORMALIZED_LEN, MAX_WORDS,
    MIN_OUTPUT_BITS, NORMALIZER_VERSION, Normalizer, Scope, Step, Transform, UNICODE_VERSION, Verdict,
};
pub use secret::{SecretBytes, SecretKey};
pub use store::{
    DocumentTag, FilePin, FileStore, GenerationPin, KeyStore, MAX_DOCUMENT_LEN, MAX_KEYRING_ID_LEN, MemoryPin,
    MemoryStore, PinnedState, StoredDocument, check_keyring_id,
};
pub use suite::Backend;
pub use value::{Date, Decimal, MAX_JSON_DEPTH, MAX_VALUE_LEN, Offset, Padding, Timestamp, Value, ValueType};
