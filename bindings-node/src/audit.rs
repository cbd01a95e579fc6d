//! Where the audit log goes.

use std::sync::Arc;

use fieldward::{AuditSink, ErrorCode};
use napi::bindgen_prelude::{ClassInstance, Env, FromNapiValue, Unknown};
use napi_derive::napi;

use crate::error::{Result, fail, run};

/// Appends to a file, one JSON line for each event, synced line by line.
#[napi]
pub struct JsonLinesSink {
    inner: Arc<fieldward::JsonLinesSink>,
}

#[napi]
impl JsonLinesSink {
    /// Opens or makes the file, readable by its owner only.
    #[napi(constructor)]
    pub fn new(env: &Env, path: String) -> napi::Result<Self> {
        run(env, || Ok(Self { inner: Arc::new(fieldward::JsonLinesSink::open(&path)?) }))
    }
}

/// Keeps lines in memory: for tests, and for callers who send them on.
#[napi]
pub struct MemorySink {
    inner: fieldward::MemorySink,
}

#[napi]
#[allow(clippy::new_without_default, reason = "JavaScript constructs it")]
impl MemorySink {
    /// An empty sink.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self { inner: fieldward::MemorySink::new() }
    }

    /// The lines so far, in order: a JSON object each.
    #[napi]
    pub fn lines(&self) -> Vec<String> {
        self.inner.lines()
    }
}

/// The sink that a JavaScript object is.
pub(crate) fn sink_of(object: Unknown<'_>) -> Result<Arc<dyn AuditSink>> {
    if let Ok(sink) = ClassInstance::<JsonLinesSink>::from_unknown(object) {
        return Ok(Arc::<fieldward::JsonLinesSink>::clone(&sink.inner));
    }
    match ClassInstance::<MemorySink>::from_unknown(object) {
        Ok(sink) => Ok(Arc::new(sink.inner.clone())),
        Err(_) => fail(ErrorCode::InvalidArgument, "an audit sink of fieldward"),
    }
}
