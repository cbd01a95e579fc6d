//! Where the audit log goes.

use std::sync::Arc;

use fieldward::{AuditSink, ErrorCode};
use napi::ValueType as Kind;
use napi::bindgen_prelude::{ClassInstance, Env, FnArgs, FromNapiValue, Function, Unknown};
use napi_derive::napi;

use crate::ask::{Asked, Host};
use crate::error::{Result, fail, from_js, run};
use crate::value::type_of;

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
impl MemorySink {
    /// An empty sink.
    #[napi(constructor)]
    pub fn new(env: &Env) -> napi::Result<Self> {
        run(env, || Ok(Self { inner: fieldward::MemorySink::new() }))
    }

    /// The lines so far, in order: a JSON object each.
    #[napi]
    pub fn lines(&self, env: &Env) -> napi::Result<Vec<String>> {
        run(env, || Ok(self.inner.lines()))
    }
}

/// The sink that a JavaScript object is: one of the library's, or a function that takes a line.
pub(crate) fn sink_of(object: Unknown<'_>, host: &Host) -> Result<Arc<dyn AuditSink>> {
    if let Ok(sink) = ClassInstance::<JsonLinesSink>::from_unknown(object) {
        return Ok(Arc::<fieldward::JsonLinesSink>::clone(&sink.inner));
    }
    if let Ok(sink) = ClassInstance::<MemorySink>::from_unknown(object) {
        return Ok(Arc::new(sink.inner.clone()));
    }
    if type_of(object) != Kind::Function {
        return fail(ErrorCode::InvalidArgument, "an audit sink is a sink of fieldward or takes a line");
    }
    let take = Function::<Line, Unknown<'static>>::from_unknown(object).map_err(from_js)?;
    Ok(Arc::new(JsSink(Asked::function(host, take, ErrorCode::AuditSinkFailed)?)))
}

type Line = FnArgs<(String,)>;

/// A sink written in JavaScript: lines are queued for it, in order, and not waited for.
#[derive(Debug)]
struct JsSink(Asked<Line>);

impl AuditSink for JsSink {
    fn append(&self, line: &str) -> Result<()> {
        self.0.tell((line.to_owned(),).into())
    }
}
