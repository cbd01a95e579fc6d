//! Where the audit log goes, what it was found to be, and the counters of a process.

use std::fmt;
use std::sync::Arc;

use fieldward::{AuditSink, Error, ErrorCode, JsonLinesSink, MemorySink};

use crate::error::Result;
use crate::host::Refusal;
use crate::keyring::Keyring;
use crate::node::Node;

/// A sink written in Swift or Kotlin. Calls come on the thread whose use of a key is logged.
#[uniffi::export(with_foreign)]
pub trait HostSink: Send + Sync {
    /// Takes a line: one JSON object.
    fn append(&self, line: String) -> Result<(), Refusal>;
}

/// Takes the lines of an audit log.
#[derive(Debug, uniffi::Object)]
pub struct Sink {
    pub(crate) inner: Arc<dyn AuditSink>,
    /// The lines, where it keeps them.
    memory: Option<MemorySink>,
}

impl Sink {
    fn new(sink: impl AuditSink + 'static) -> Arc<Self> {
        Arc::new(Self { inner: Arc::new(sink), memory: None })
    }
}

#[uniffi::export]
impl Sink {
    /// Appends to a file that only its owner can read, one JSON line for each event, synced line by line.
    #[uniffi::constructor]
    pub fn json_lines(path: &str) -> Result<Arc<Self>> {
        Ok(Self::new(JsonLinesSink::open(path)?))
    }

    /// Keeps lines in memory: for tests, and for callers who send them on.
    #[uniffi::constructor]
    pub fn memory() -> Arc<Self> {
        let memory = MemorySink::new();
        Arc::new(Self { inner: Arc::new(memory.clone()), memory: Some(memory) })
    }

    /// A sink written in Swift or Kotlin.
    #[uniffi::constructor]
    pub fn host(sink: Arc<dyn HostSink>) -> Arc<Self> {
        Self::new(Told(sink))
    }

    /// The lines so far, in order, of a sink in memory; none of others.
    pub fn lines(&self) -> Vec<String> {
        self.memory.as_ref().map(MemorySink::lines).unwrap_or_default()
    }
}

/// Tells a sink of Swift or Kotlin.
struct Told(Arc<dyn HostSink>);

impl AuditSink for Told {
    fn append(&self, line: &str) -> Result<(), Error> {
        self.0.append(line.to_owned()).map_err(|refusal| refusal.or(ErrorCode::AuditSinkFailed))
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostSink").finish_non_exhaustive()
    }
}

/// What an audit log was found to be.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct AuditReport {
    /// Whether nothing is wrong.
    pub is_intact: bool,
    /// Entries whose chain holds.
    pub verified: u64,
    /// Entries under keys that the keyring does not have.
    pub unverifiable: u64,
    /// Entries from before a root was open.
    pub unauthenticated: u64,
    /// Writers seen.
    pub writers: u64,
    /// How many problems there are; not all are listed.
    pub problem_count: u64,
    /// The first of them.
    pub problems: Vec<AuditProblem>,
}

/// Something wrong in an audit log.
#[derive(Debug, uniffi::Record)]
#[allow(clippy::exhaustive_structs, reason = "the other side reads all of it")]
pub struct AuditProblem {
    /// What it is.
    pub kind: String,
    /// The line, from 1, where it is one.
    pub line: Option<u64>,
    /// The writer, where it is known.
    pub writer: Option<String>,
}

impl From<fieldward::AuditReport> for AuditReport {
    fn from(found: fieldward::AuditReport) -> Self {
        let problem = |problem: &fieldward::Problem| AuditProblem {
            kind: format!("{:?}", problem.kind),
            line: problem.line,
            writer: problem.writer.clone(),
        };
        Self {
            is_intact: found.is_intact(),
            verified: found.verified,
            unverifiable: found.unverifiable,
            unauthenticated: found.unauthenticated,
            writers: found.writers,
            problem_count: found.problem_count,
            problems: found.problems.iter().map(problem).collect(),
        }
    }
}

#[uniffi::export]
impl Keyring {
    /// Verifies the lines of an audit log against the keyring's audit keys and checkpoints.
    pub fn verify_audit(&self, lines: Vec<String>) -> Result<AuditReport> {
        let keyring = self.part()?;
        Ok(fieldward::verify_audit(lines, &keyring.audit_keys()?, &keyring.checkpoints())?.into())
    }

    /// The keyring with a duty: its decryptions are logged, with actor and reason.
    pub fn reading_as(&self, actor: &str, reason: &str) -> Result<Arc<Self>> {
        Ok(self.with(self.part()?.reading_as(actor, reason)?))
    }

    /// The counters of this process, as the specification names them.
    pub fn metrics(&self) -> Result<Node> {
        let figures = serde_json::to_value(self.part()?.metrics().snapshot()).map_err(|_| ErrorCode::Internal)?;
        Ok(Node::of_json(figures)?)
    }

    /// The counters of this process, in the text form that Prometheus reads.
    pub fn prometheus(&self) -> Result<String> {
        Ok(self.part()?.metrics().snapshot().to_prometheus())
    }
}
