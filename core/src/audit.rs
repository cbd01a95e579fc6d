//! The audit log: one JSON line for each key operation, chained and authenticated.
//!
//! A key operation is a life-cycle, provider, store or open event, or a refused use. Values are counted by
//! [`crate::Metrics`]; read-access events are opt-in. `spec/audit.md` has the bytes of a line.

mod entry;
mod event;
mod sink;
mod verify;
mod writer;

pub use event::{AuditEvent, EventName};
pub use sink::{AuditSink, JsonLinesSink, MemorySink};
pub use verify::{AuditKeys, AuditReport, Problem, ProblemKind, verify_audit};
pub(crate) use writer::AuditWriter;
pub use writer::Checkpoint;

/// The longest line, in bytes.
pub const MAX_LINE_LEN: usize = 64 * 1024;

#[cfg(test)]
mod tests;
