//! Finds any edit, cut or reorder of the log.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::Checkpoint;
use super::entry::{FIRST, Line};
use crate::error::{ErrorCode, Result, fail};
use crate::secret::SecretKey;

/// The audit keys of every epoch that a keyring's document still holds. Opaque: made by [`crate::Keyring::audit_keys`].
#[derive(Clone, Default)]
pub struct AuditKeys(BTreeMap<u32, SecretKey>);

impl AuditKeys {
    pub(crate) fn new(keys: BTreeMap<u32, SecretKey>) -> Self {
        Self(keys)
    }

    /// The epochs whose entries can be verified.
    pub fn epochs(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.keys().copied()
    }
}

impl fmt::Debug for AuditKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuditKeys").field(&self.0.keys().collect::<Vec<_>>()).finish()
    }
}

/// What is wrong at a line, or with a writer's chain.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// The line is not an entry: cut off, edited in its form, or foreign.
    Malformed,
    /// The line's MAC does not hold: edited.
    Edited,
    /// The line does not follow its writer's previous one: lines are missing, repeated or in another order.
    OutOfOrder,
    /// The epoch fell within one writer's chain.
    EpochFell,
    /// A checkpoint names entries that are not there: the end was cut, or the whole writer is missing.
    CutAtTheEnd,
    /// A checkpoint disagrees with the entry that it names.
    CheckpointMismatch,
}

/// One finding.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub kind: ProblemKind,
    /// The line, from 1; `None` if it concerns what is not there.
    pub line: Option<u64>,
    /// The writer, where it is known.
    pub writer: Option<String>,
}

/// What a verification found.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Entries whose MAC holds.
    pub verified: u64,
    /// Entries of epochs whose key is lost: neither verified nor refuted.
    pub unverifiable: u64,
    /// Lines from before a root was open, outside any chain: anyone could have written them.
    pub unauthenticated: u64,
    /// Writers seen.
    pub writers: u64,
    /// The first 1,000 problems.
    pub problems: Vec<Problem>,
    /// All problems.
    pub problem_count: u64,
}

impl AuditReport {
    /// How many problems are listed one by one.
    pub const MAX_LISTED: usize = 1_000;

    /// Whether nothing is wrong. Unverifiable and unauthenticated lines are no problem by themselves; look at their number.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.problem_count == 0
    }

    fn add(&mut self, kind: ProblemKind, line: Option<u64>, writer: Option<&str>) {
        self.problem_count += 1;
        if self.problems.len() < Self::MAX_LISTED {
            self.problems.push(Problem { kind, line, writer: writer.map(str::to_owned) });
        }
    }
}

#[derive(Default)]
struct Chain {
    count: u64,
    last: String,
    epoch: u32,
}

/// The largest number of writers that one verification follows.
const MAX_WRITERS: usize = 1_000_000;

/// Verifies the lines of all writers, in any interleaving, against the keys and the checkpoints at hand.
///
/// # Errors
///
/// `AuditMalformed` for more than a million writers.
///
/// # Security
///
/// Whoever holds an audit key can forge entries of its epoch. A cut at the end is found only against a checkpoint: the document
/// keeps the last 64, the caller may keep more.
pub fn verify_audit<L: AsRef<str>>(
    lines: impl IntoIterator<Item = L>,
    keys: &AuditKeys,
    checkpoints: &[Checkpoint],
) -> Result<AuditReport> {
    let mut report = AuditReport::default();
    let mut chains: BTreeMap<String, Chain> = BTreeMap::new();
    let wanted: BTreeSet<(&str, u64)> =
        checkpoints.iter().map(|checkpoint| (checkpoint.writer.as_str(), checkpoint.count)).collect();
    let mut reached: BTreeMap<(String, u64), String> = BTreeMap::new();
    for (number, line) in (1..).zip(lines) {
        let line = match Line::parse(line.as_ref()) {
            Ok(line) => line,
            Err(_) => {
                report.add(ProblemKind::Malformed, Some(number), None);
                continue;
            }
        };
        let entry = &line.entry;
        let (Some(seq), Some(epoch), Some(prev), Some(mac)) = (entry.seq, entry.epoch, &entry.prev, line.mac) else {
            report.unauthenticated += 1;
            continue;
        };
        let writer = entry.writer.as_str();
        match keys.0.get(&epoch) {
            None => report.unverifiable += 1,
            Some(key) if line.is_authentic(key) => report.verified += 1,
            Some(_) => {
                report.add(ProblemKind::Edited, Some(number), Some(writer));
                continue;
            }
        }
        if chains.len() >= MAX_WRITERS && !chains.contains_key(writer) {
            return fail(ErrorCode::AuditMalformed, "more than a million writers");
        }
        let chain =
            chains.entry(writer.to_owned()).or_insert_with(|| Chain { count: 0, last: FIRST.to_owned(), epoch: 0 });
        if chain.count.checked_add(1) != Some(seq) || chain.last != *prev {
            report.add(ProblemKind::OutOfOrder, Some(number), Some(writer));
        }
        if epoch < chain.epoch {
            report.add(ProblemKind::EpochFell, Some(number), Some(writer));
        }
        *chain = Chain { count: seq, last: mac.to_owned(), epoch: epoch.max(chain.epoch) };
        if wanted.contains(&(writer, seq)) {
            reached.insert((writer.to_owned(), seq), mac.to_owned());
        }
    }
    report.writers = u64::try_from(chains.len()).unwrap_or(u64::MAX);
    for checkpoint in checkpoints {
        match reached.get(&(checkpoint.writer.clone(), checkpoint.count)) {
            None => report.add(ProblemKind::CutAtTheEnd, None, Some(&checkpoint.writer)),
            Some(mac) if *mac != checkpoint.mac => {
                report.add(ProblemKind::CheckpointMismatch, None, Some(&checkpoint.writer));
            }
            Some(_) => {}
        }
    }
    Ok(report)
}
