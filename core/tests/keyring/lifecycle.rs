//! Rotate, roll back, suspend, compromise: what each state allows.

use std::time::Duration;

use fieldward::{ErrorCode, KeyState, Keyring, MemorySink, RotateOptions, StoredRef};

use crate::common::{Clinic, DAY, bytes, code, patients, record, stored, text};

fn state(keyring: &Keyring, version: u32) -> KeyState {
    let status = keyring.status().unwrap();
    status.versions.iter().find(|one| one.version == version).unwrap().state
}

#[test]
fn a_new_version_is_published_before_it_takes_over() {
    let clinic = Clinic::new();
    let note = clinic.field(&patients(), "note");
    let key_of = |sealed: &[u8]| fieldward::inspect(sealed).unwrap().header.key_id;
    let seal = || bytes(&note.encrypt(Some(&text("x")), Some(&record("1"))).unwrap());
    let first = key_of(&seal());
    assert_eq!(clinic.keyring.rotate(RotateOptions::default()).unwrap(), 2);
    assert_eq!(state(&clinic.keyring, 2), KeyState::PreActive);
    clinic.clock.advance(DAY - 1);
    assert_eq!(key_of(&seal()), first);
    clinic.clock.advance(1);
    assert_ne!(key_of(&seal()), first);
    assert_eq!((state(&clinic.keyring, 1), state(&clinic.keyring, 2)), (KeyState::Active, KeyState::Active));
    clinic.clock.advance(90 * DAY);
    assert_eq!(state(&clinic.keyring, 1), KeyState::Deactivated);
}

#[test]
fn the_delay_covers_staleness_and_skew() {
    let clinic = Clinic::new();
    let after = |seconds| clinic.keyring.rotate(RotateOptions::after(Duration::from_secs(seconds)));
    assert_eq!(code(after(3_600 + 299)), ErrorCode::PropagationTooShort);
    assert_eq!(code(after(u64::MAX)), ErrorCode::InvalidArgument);
    assert!(after(3_600 + 300).is_ok());
    assert_eq!(code(after(86_400)), ErrorCode::TransitionNotAllowed, "one at a time");
    assert!(clinic.keyring.rotate(RotateOptions::activate_immediately()).is_err());
}

#[test]
fn rollback_inside_its_window() {
    let clinic = Clinic::new();
    let current = || clinic.keyring.status().unwrap().current_version;
    assert_eq!(code(clinic.keyring.rollback()), ErrorCode::RollbackWindowClosed, "nothing before");
    clinic.keyring.rotate(RotateOptions::default()).unwrap();
    assert_eq!(code(clinic.keyring.rollback()), ErrorCode::RollbackWindowClosed, "not yet taken over");
    clinic.clock.advance(DAY);
    let sealed = clinic.field(&patients(), "note").encrypt(Some(&text("new")), Some(&record("1"))).unwrap();
    assert_eq!(clinic.keyring.rollback().unwrap(), 1);
    assert_eq!(current(), 1);
    let opened = clinic.field(&patients(), "note").decrypt(sealed.as_ref(), Some(&record("1"))).unwrap();
    assert_eq!(opened, Some(text("new")), "what the newer version encrypted is still read");
    assert_eq!(clinic.keyring.rollback().unwrap(), 2, "and forward again");
    clinic.clock.advance(90 * DAY);
    assert_eq!(code(clinic.keyring.rollback()), ErrorCode::RollbackWindowClosed);
    assert_eq!(current(), 2);
}

#[test]
fn never_back_onto_a_version_set_aside() {
    for compromise in [false, true] {
        let clinic = Clinic::new();
        clinic.keyring.rotate(RotateOptions::activate_immediately()).unwrap();
        match compromise {
            true => clinic.keyring.mark_compromised(1, "leaked").unwrap(),
            false => clinic.keyring.suspend(1, "unsure").unwrap(),
        }
        assert_eq!(code(clinic.keyring.rollback()), ErrorCode::TransitionNotAllowed);
    }
}

#[test]
fn setting_the_current_version_aside_makes_a_successor() {
    let clinic = Clinic::new();
    clinic.keyring.suspend(1, "unsure").unwrap();
    let status = clinic.keyring.status().unwrap();
    assert_eq!((status.generation, status.current_version, status.versions.len()), (2, 2, 2), "in one save");
    clinic.keyring.mark_compromised(2, "leaked").unwrap();
    assert_eq!(clinic.keyring.status().unwrap().current_version, 3);
    clinic.keyring.resume(1, "checked").unwrap();
    assert_eq!(state(&clinic.keyring, 1), KeyState::Active);
    assert_eq!(clinic.keyring.status().unwrap().current_version, 3);
    assert_eq!(code(clinic.keyring.resume(2, "no")), ErrorCode::TransitionNotAllowed, "compromised for good");
    assert_eq!(code(clinic.keyring.suspend(9, "no")), ErrorCode::VersionUnknown);
    assert_eq!(code(clinic.keyring.suspend(3, " ")), ErrorCode::ReasonRequired);
}

#[test]
fn a_version_that_waits_and_is_compromised_never_takes_over() {
    let clinic = Clinic::new();
    clinic.keyring.rotate(RotateOptions::default()).unwrap();
    clinic.keyring.mark_compromised(2, "the host was taken over").unwrap();
    clinic.clock.advance(2 * DAY);
    let sealed = bytes(&clinic.field(&patients(), "note").encrypt(Some(&text("x")), Some(&record("1"))).unwrap());
    let status = clinic.keyring.status().unwrap();
    assert_eq!(status.current_version, 3);
    assert_eq!(fieldward::inspect(&sealed).unwrap().header.key_id, status.versions[2].key_id);
}

/// Decrypting and searching in every state, by value.
#[test]
fn what_each_state_allows() {
    let clinic = Clinic::new();
    let (note, number) = (clinic.field(&patients(), "note"), clinic.field(&patients(), "number"));
    let id = record("1");
    let sealed = note.encrypt(Some(&text("x")), Some(&id)).unwrap();
    let tokens = || number.tokens(&text("MRN")).unwrap().len();
    let read = || note.decrypt(sealed.as_ref(), Some(&id));
    assert!(read().is_ok());
    clinic.keyring.suspend(1, "unsure").unwrap();
    assert_eq!((code(read()), tokens()), (ErrorCode::KeySuspended, 2));
    let allowed = clinic.keyring.allow(KeyState::Suspended, "moving its data").unwrap();
    let opened = allowed.field(&patients(), None, "note").unwrap().open(sealed.as_ref(), Some(&id)).unwrap();
    assert!(!opened.is_trusted && opened.value == Some(text("x")));
    clinic.keyring.mark_compromised(1, "sure").unwrap();
    assert_eq!((code(read()), tokens()), (ErrorCode::KeyCompromised, 2));
    let still = allowed.field(&patients(), None, "note").unwrap().open(sealed.as_ref(), Some(&id));
    assert_eq!(code(still), ErrorCode::KeyCompromised, "each state by its own name");
    let allowed = clinic.keyring.allow(KeyState::Compromised, "moving its data").unwrap();
    let moved = allowed.field(&patients(), None, "note").unwrap().reencrypt(sealed.as_ref(), Some(&id)).unwrap();
    assert!(!moved.is_trusted);
    assert_eq!(note.decrypt(moved.stored.as_ref(), Some(&id)).unwrap(), Some(text("x")));
    for state in [KeyState::PreActive, KeyState::Active, KeyState::Deactivated, KeyState::Destroyed] {
        assert_eq!(code(clinic.keyring.allow(state, "please")), ErrorCode::InvalidArgument);
    }
    assert_eq!(code(clinic.keyring.allow(KeyState::Compromised, "")), ErrorCode::ReasonRequired);
    clinic.keyring.rotate(RotateOptions::default()).unwrap();
    assert_eq!(tokens(), 3, "a version that waits is searched");
}

#[test]
fn a_pre_active_version_decrypts() {
    // A process whose clock is ahead has used the version already.
    let clinic = Clinic::new();
    clinic.keyring.rotate(RotateOptions::default()).unwrap();
    let ahead = fieldward::ManualClock::new(common_now(&clinic) + 2 * DAY);
    let other = clinic.builder().clock(ahead).open().unwrap();
    let sealed = other.field(&patients(), None, "note").unwrap().encrypt(Some(&text("x")), Some(&record("1"))).unwrap();
    let note = clinic.field(&patients(), "note");
    assert_eq!(state(&clinic.keyring, 2), KeyState::PreActive);
    assert_eq!(note.decrypt(sealed.as_ref(), Some(&record("1"))).unwrap(), Some(text("x")));
    assert_eq!(note.decrypt(StoredRef::Null, Some(&record("1"))).unwrap(), None);
    let _ = stored(&[]);
}

fn common_now(clinic: &Clinic) -> i64 {
    use fieldward::Clock;
    clinic.clock.now()
}

#[test]
fn a_clock_that_jumps_moves_only_rotation() {
    let clinic = Clinic::new();
    let note = clinic.field(&patients(), "note");
    let id = record("1");
    let sealed = note.encrypt(Some(&text("x")), Some(&id)).unwrap();
    clinic.keyring.rotate(RotateOptions::default()).unwrap();
    clinic.clock.advance(DAY);
    let newer = note.encrypt(Some(&text("y")), Some(&id)).unwrap();
    for now in [0, 1, crate::common::START, 951_782_400, 4_102_444_800, 253_402_300_799, -1, i64::MIN, i64::MAX] {
        clinic.clock.set(now);
        assert_eq!(note.decrypt(sealed.as_ref(), Some(&id)).unwrap(), Some(text("x")), "at {now}");
        assert_eq!(note.decrypt(newer.as_ref(), Some(&id)).unwrap(), Some(text("y")), "at {now}");
        let again = bytes(&note.encrypt(Some(&text("z")), Some(&id)).unwrap());
        let key = fieldward::inspect(&again).unwrap().header.key_id;
        assert_eq!(
            key,
            clinic.keyring.status().unwrap().versions[1].key_id,
            "never back to the version before, at {now}"
        );
    }
}

#[test]
fn life_cycle_events_are_logged_with_their_reasons() {
    let clinic = Clinic::new();
    let sink = MemorySink::new();
    let keyring = clinic.builder().audit(sink.clone()).open().unwrap();
    keyring.rotate(RotateOptions::activate_immediately()).unwrap();
    keyring.suspend(1, "unsure").unwrap();
    keyring.mark_compromised(1, "sure").unwrap();
    let lines = sink.lines().join("\n");
    for part in ["keyring_opened", "key_rotated", "key_suspended", "unsure", "key_compromised", "sure"] {
        assert!(lines.contains(part), "{part}");
    }
    let report = fieldward::verify_audit(sink.lines(), &keyring.audit_keys().unwrap(), &keyring.checkpoints()).unwrap();
    assert!(report.is_intact() && report.verified >= 4, "{report:?}");
}

#[test]
fn reads_are_logged_only_on_handles_that_say_who_reads() {
    let clinic = Clinic::new();
    let sink = MemorySink::new();
    let keyring = clinic.builder().audit(sink.clone()).open().unwrap();
    let id = record("p-7");
    let sealed = keyring.field(&patients(), None, "note").unwrap().encrypt(Some(&text("x")), Some(&id)).unwrap();
    let reads = || sink.lines().iter().filter(|line| line.contains("values_read")).cloned().collect::<Vec<_>>();
    keyring.field(&patients(), None, "note").unwrap().decrypt(sealed.as_ref(), Some(&id)).unwrap();
    assert!(reads().is_empty());
    assert_eq!(code(keyring.reading_as(" ", "treatment")), ErrorCode::InvalidArgument);
    assert_eq!(code(keyring.reading_as("dr-1", "")), ErrorCode::ReasonRequired);
    let named = keyring.reading_as("dr-1", "treatment").unwrap();
    named.field(&patients(), None, "note").unwrap().decrypt(sealed.as_ref(), Some(&id)).unwrap();
    let refused = named.field(&patients(), None, "note").unwrap().decrypt(sealed.as_ref(), Some(&record("p-8")));
    assert_eq!(code(refused), ErrorCode::AuthenticationFailed);
    let row = serde_json::json!({"id": "p-9", "note": "x", "number": "1"});
    let records = named.records(&patients(), None).unwrap();
    records.decrypt(&records.encrypt(row.as_object().unwrap()).unwrap()).unwrap();
    let lines = reads();
    assert_eq!(lines.len(), 2, "one for the value, one for the record, none for what was refused");
    for part in ["dr-1", "treatment", "p-7", "note", "patients"] {
        assert!(lines[0].contains(part), "{part}");
    }
    assert!(lines[1].contains("p-9"));
}

#[test]
fn handles_cross_threads() {
    fn crosses<T: Send + Sync + Clone>() {}
    crosses::<Keyring>();
    crosses::<fieldward::FieldCipher>();
    crosses::<fieldward::RecordCipher>();
    crosses::<fieldward::Schema>();
}
