#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::clock::ManualClock;
use crate::error::ErrorCode;
use crate::secret::SecretKey;

fn key(byte: u8) -> SecretKey {
    SecretKey::from_slice(&[byte; 32]).unwrap()
}

fn keys() -> AuditKeys {
    AuditKeys::new(BTreeMap::from([(1, key(1)), (2, key(2))]))
}

fn writer(sink: &MemorySink) -> AuditWriter {
    AuditWriter::new(vec![Arc::new(sink.clone())], Arc::new(ManualClock::new(1_767_225_600))).unwrap()
}

fn log() -> (Vec<String>, Vec<Checkpoint>) {
    let sink = MemorySink::new();
    let (one, two) = (writer(&sink), writer(&sink));
    let event = |number: u32| AuditEvent::new(EventName::KeyRotated).with("version", number);
    one.record(None, &AuditEvent::new(EventName::KeyringOpenFailed)).unwrap();
    for number in 1..=6 {
        one.record(Some((1 + number / 4, &key(if number < 4 { 1 } else { 2 }))), &event(number)).unwrap();
        two.record(Some((1, &key(1))), &event(number)).unwrap();
    }
    (sink.lines(), vec![one.checkpoint().unwrap(), two.checkpoint().unwrap()])
}

fn kinds(lines: &[String], checkpoints: &[Checkpoint]) -> Vec<ProblemKind> {
    verify_audit(lines, &keys(), checkpoints).unwrap().problems.iter().map(|problem| problem.kind).collect()
}

/// The MAC was computed with Python's `hmac` over the bytes before `,"mac"`.
#[test]
fn a_line_has_the_specified_bytes() {
    let event = AuditEvent::new(EventName::KeyRotated).with("version", 2).with("key_id", "0badcafe");
    let mut entry = entry::Entry::new("0123456789abcdef", 1_767_225_600, &event);
    (entry.seq, entry.epoch, entry.prev) = (Some(1), Some(1), Some(entry::FIRST.to_owned()));
    let (line, mac) = entry.seal(Some(&key(1))).unwrap();
    assert_eq!(
        line,
        format!(
            r#"{{"v":1,"writer":"0123456789abcdef","seq":1,"time":1767225600,"epoch":1,"event":"key_rotated","fields":{{"key_id":"0badcafe","version":"2"}},"prev":"{}","mac":"dbcae2a481f4979127ea5b2e587a16917cf013daf0f573184b2fb1e53ed77c8f"}}"#,
            entry::FIRST
        )
    );
    assert_eq!(mac.unwrap(), "dbcae2a481f4979127ea5b2e587a16917cf013daf0f573184b2fb1e53ed77c8f");
}

#[test]
fn an_honest_log_is_intact() {
    let (lines, checkpoints) = log();
    let report = verify_audit(&lines, &keys(), &checkpoints).unwrap();
    assert!(report.is_intact(), "{report:?}");
    assert_eq!((report.verified, report.unauthenticated, report.writers), (12, 1, 2));
}

#[test]
fn any_single_edit_is_found() {
    let (lines, checkpoints) = log();
    let line = lines[3].clone();
    for position in 0..line.len() {
        let mut bytes = line.clone().into_bytes();
        bytes[position] = if bytes[position] == b'1' { b'2' } else { b'1' };
        let mut edited = lines.clone();
        edited[3] = String::from_utf8(bytes).unwrap();
        assert!(!kinds(&edited, &checkpoints).is_empty(), "byte {position}");
    }
}

#[test]
fn cuts_reorders_repeats_and_splices_are_found() {
    let (lines, checkpoints) = log();
    for at in 1..lines.len() {
        let mut cut = lines.clone();
        cut.remove(at);
        assert!(!kinds(&cut, &checkpoints).is_empty(), "line {at} removed");
        let mut repeated = lines.clone();
        repeated.insert(at, lines[at].clone());
        assert!(kinds(&repeated, &checkpoints).contains(&ProblemKind::OutOfOrder), "line {at} repeated");
    }
    let mut swapped = lines.clone();
    swapped.swap(1, 3);
    assert!(kinds(&swapped, &checkpoints).contains(&ProblemKind::OutOfOrder));
    let mut interleaved = lines.clone();
    interleaved.swap(1, 2);
    assert_eq!(kinds(&interleaved, &checkpoints), [], "lines of two writers have no order");
    let (other, _) = log();
    let mut spliced = lines.clone();
    spliced[5] = other[5].clone();
    assert!(!kinds(&spliced, &checkpoints).is_empty());
}

#[test]
fn the_tail_is_held_by_checkpoints() {
    let (lines, checkpoints) = log();
    let cut = &lines[..lines.len() - 2];
    assert_eq!(kinds(cut, &checkpoints), [ProblemKind::CutAtTheEnd; 2]);
    assert_eq!(kinds(cut, &[]), [], "without a checkpoint a cut at the end does not show");
    let mut forged = checkpoints.clone();
    forged[0].mac = "0".repeat(64);
    assert_eq!(kinds(&lines, &forged), [ProblemKind::CheckpointMismatch]);
}

#[test]
fn epochs_whose_key_is_lost_are_unverifiable() {
    let (lines, checkpoints) = log();
    let report = verify_audit(&lines, &AuditKeys::new(BTreeMap::from([(2, key(2))])), &checkpoints).unwrap();
    assert!(report.is_intact());
    assert_eq!((report.verified, report.unverifiable), (3, 9));
}

#[test]
fn an_epoch_never_falls_in_one_chain() {
    let sink = MemorySink::new();
    let writer = writer(&sink);
    for epoch in [2, 1] {
        writer
            .record(Some((epoch, &key(u8::try_from(epoch).unwrap()))), &AuditEvent::new(EventName::KeySuspended))
            .unwrap();
    }
    let report = verify_audit(sink.lines(), &keys(), &[]).unwrap();
    assert!(report.is_intact());
    assert_eq!(report.writers, 2, "the writer began a chain of its own");
}

#[test]
fn malformed_lines_are_reported_not_believed() {
    for line in ["", "{}", "null", "[1]", "{\"v\":1", &"x".repeat(MAX_LINE_LEN + 1)] {
        assert_eq!(kinds(&[line.to_owned()], &[]), [ProblemKind::Malformed]);
    }
    let (lines, _) = log();
    let with_space = lines[1].replacen(',', ", ", 1);
    assert_eq!(kinds(&[with_space], &[]), [ProblemKind::Malformed]);
    let torn = lines[1][..40].to_owned();
    assert_eq!(kinds(&[torn], &[]), [ProblemKind::Malformed]);
}

#[derive(Debug)]
struct FailingSink;

impl AuditSink for FailingSink {
    fn append(&self, _line: &str) -> crate::Result<()> {
        Err(ErrorCode::AuditSinkFailed.into())
    }
}

#[test]
fn a_failing_sink_does_not_break_the_others() {
    let sink = MemorySink::new();
    let clock = Arc::new(ManualClock::new(0));
    let both = AuditWriter::new(vec![Arc::new(FailingSink), Arc::new(sink.clone())], clock.clone()).unwrap();
    let event = AuditEvent::new(EventName::KeyRotated);
    for _ in 0..3 {
        assert_eq!(both.record(Some((1, &key(1))), &event).unwrap_err().code(), ErrorCode::AuditSinkFailed);
    }
    let report = verify_audit(sink.lines(), &keys(), &[both.checkpoint().unwrap()]).unwrap();
    assert!(report.is_intact());
    assert_eq!(report.verified, 3);
    let alone = AuditWriter::new(vec![Arc::new(FailingSink)], clock).unwrap();
    assert!(alone.record(Some((1, &key(1))), &event).is_err());
    assert!(alone.checkpoint().is_none(), "nothing was written, nothing is counted");
}

#[test]
fn a_torn_line_is_closed_when_the_file_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.jsonl");
    std::fs::write(&path, "{\"v\":1,\"wri").unwrap();
    let sink = JsonLinesSink::open(&path).unwrap();
    let writer = AuditWriter::new(vec![Arc::new(sink)], Arc::new(ManualClock::new(0))).unwrap();
    writer.record(Some((1, &key(1))), &AuditEvent::new(EventName::KeyRotated)).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let report = verify_audit(text.lines(), &keys(), &[]).unwrap();
    assert_eq!((report.verified, report.problem_count), (1, 1));
    assert_eq!(report.problems[0].kind, ProblemKind::Malformed);
}
