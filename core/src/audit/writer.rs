//! One writer's chain.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::entry::{Entry, FIRST};
use super::{AuditEvent, AuditSink};
use crate::clock::Clock;
use crate::error::{Error, ErrorCode, Result};
use crate::random;
use crate::secret::SecretKey;

/// Where a writer's chain stood. A save stores the saving writer's; a cut at the end is found against it.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The writer's id: 16 lowercase hexadecimal digits.
    pub writer: String,
    /// How many entries it had written.
    pub count: u64,
    /// The MAC of the last of them: 64 lowercase hexadecimal digits.
    pub mac: String,
}

/// Writes the chain of one keyring handle family in one process. Never on the hot path of values.
pub(crate) struct AuditWriter {
    sinks: Vec<Arc<dyn AuditSink>>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    /// The process that the chain belongs to: a forked child begins its own.
    process: u32,
    writer: String,
    count: u64,
    last: String,
    epoch: u32,
}

impl State {
    fn new() -> Result<Self> {
        let writer = base16ct::lower::encode_string(&random::array::<8>()?);
        Ok(Self { process: std::process::id(), writer, count: 0, last: FIRST.to_owned(), epoch: 0 })
    }
}

impl AuditWriter {
    pub(crate) fn new(sinks: Vec<Arc<dyn AuditSink>>, clock: Arc<dyn Clock>) -> Result<Self> {
        Ok(Self { sinks, clock, state: Mutex::new(State::new()?) })
    }

    /// Writes an event: chained under the audit key of an epoch, or unauthenticated where no root is open.
    ///
    /// The chain advances if at least one sink took the line; the others are told again nothing.
    ///
    /// # Errors
    ///
    /// `AuditSinkFailed` if any sink failed.
    pub(crate) fn record(&self, key: Option<(u32, &SecretKey)>, event: &AuditEvent) -> Result<()> {
        if self.sinks.is_empty() {
            return Ok(());
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.process != std::process::id() {
            *state = State::new()?;
        }
        let mut entry = Entry::new(&state.writer, self.clock.now(), event);
        let Some((epoch, key)) = key else {
            entry.chain = Some("unauthenticated".to_owned());
            return self.send(&entry.seal(None)?.0).1;
        };
        if epoch < state.epoch {
            // A handle that still holds an earlier root: its own chain, so that no epoch falls in one.
            *state = State::new()?;
            entry.writer.clone_from(&state.writer);
        }
        entry.seq = Some(state.count + 1);
        entry.epoch = Some(epoch);
        entry.prev = Some(state.last.clone());
        let (line, mac) = entry.seal(Some(key))?;
        let (taken, result) = self.send(&line);
        if taken {
            state.count += 1;
            state.epoch = epoch;
            state.last = mac.ok_or(ErrorCode::Internal)?;
        }
        result
    }

    /// Whether there is no sink to write to.
    pub(crate) fn is_idle(&self) -> bool {
        self.sinks.is_empty()
    }

    /// Where this writer's chain stands; `None` before its first entry.
    pub(crate) fn checkpoint(&self) -> Option<Checkpoint> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.count > 0).then(|| Checkpoint {
            writer: state.writer.clone(),
            count: state.count,
            mac: state.last.clone(),
        })
    }

    /// Whether any sink took the line, and the first failure.
    fn send(&self, line: &str) -> (bool, Result<()>) {
        let results: Vec<_> = self.sinks.iter().map(|sink| sink.append(line)).collect();
        let taken = results.iter().any(Result::is_ok);
        let failure = results.into_iter().find_map(Result::err);
        (taken, failure.map_or(Ok(()), |error| Err(Error::new(ErrorCode::AuditSinkFailed).caused_by(error))))
    }
}

impl fmt::Debug for AuditWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditWriter").field("sinks", &self.sinks).finish_non_exhaustive()
    }
}
