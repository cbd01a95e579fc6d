//! Where the audit log goes, and what it is found to be.

use std::sync::Arc;

use fieldward::{AuditSink, ErrorCode};
use napi::ValueType as Kind;
use napi::bindgen_prelude::{ClassInstance, Env, FnArgs, FromNapiValue, Function, PromiseRaw, Unknown};
use napi_derive::napi;

use crate::ask::{Asked, Host};
use crate::error::{Result, fail, from_js, run};
use crate::keyring::Keyring;
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

/// What an audit log was found to be.
#[napi(object)]
pub struct AuditReport {
    /// Whether nothing is wrong.
    pub is_intact: bool,
    /// Entries whose chain holds.
    pub verified: i64,
    /// Entries under keys that the keyring does not have.
    pub unverifiable: i64,
    /// Entries from before a root was open.
    pub unauthenticated: i64,
    /// How many problems there are; not all are listed.
    pub problem_count: i64,
    /// The first of them.
    pub problems: Vec<AuditProblem>,
}

/// Something wrong in an audit log.
#[napi(object)]
pub struct AuditProblem {
    /// What it is.
    pub kind: String,
    /// The line, from 1, where it is one.
    pub line: Option<i64>,
    /// The writer, where it is known.
    pub writer: Option<String>,
}

#[napi]
impl Keyring {
    /// Verifies the lines of an audit log against the keyring's audit keys and checkpoints.
    #[napi]
    pub fn verify_audit<'env>(
        &self,
        env: &'env Env,
        lines: Vec<String>,
    ) -> napi::Result<PromiseRaw<'env, AuditReport>> {
        self.plainly(env, move |keyring| {
            let found = fieldward::verify_audit(&lines, &keyring.audit_keys()?, &keyring.checkpoints())?;
            let problem = |problem: &fieldward::Problem| AuditProblem {
                kind: format!("{:?}", problem.kind),
                line: problem.line.map(count),
                writer: problem.writer.clone(),
            };
            Ok(AuditReport {
                is_intact: found.is_intact(),
                verified: count(found.verified),
                unverifiable: count(found.unverifiable),
                unauthenticated: count(found.unauthenticated),
                problem_count: count(found.problem_count),
                problems: found.problems.iter().map(problem).collect(),
            })
        })
    }
}

/// A count for JavaScript.
fn count(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
