use super::*;
use KeyState::{Active, Compromised, Deactivated, PreActive, Suspended};

const WINDOW: i64 = 90;

fn entry(version: u32, time: i64, at_once: bool) -> Entry {
    Entry { version, time, at_once }
}

fn schedule(entries: &[Entry]) -> Schedule {
    Schedule::new(entries.to_vec(), WINDOW)
}

fn state(schedule: &Schedule, version: u32, now: i64) -> KeyState {
    schedule.effective_state(version, PreActive, now)
}

#[test]
fn the_last_entry_that_is_due_is_current() {
    let schedule = schedule(&[entry(1, 0, true), entry(2, 100, false), entry(3, 200, false)]);
    for (now, version) in [(-5, 1), (0, 1), (99, 1), (100, 2), (199, 2), (200, 3), (i64::MAX, 3)] {
        assert_eq!(schedule.current(now), Some(version), "at {now}");
    }
}

#[test]
fn an_entry_at_once_holds_whatever_the_clock_shows() {
    let schedule = schedule(&[entry(1, 0, true), entry(2, 1_000, true)]);
    assert_eq!(schedule.current(-1), Some(2));
}

#[test]
fn states_follow_the_schedule() {
    let schedule = schedule(&[entry(1, 0, true), entry(2, 100, false)]);
    assert_eq!([99, 100].map(|now| state(&schedule, 2, now)), [PreActive, Active]);
    assert_eq!([99, 100, 189, 190].map(|now| state(&schedule, 1, now)), [Active, Active, Active, Deactivated]);
    for stored in [Suspended, Deactivated, Compromised, KeyState::Destroyed] {
        assert_eq!(schedule.effective_state(2, stored, 50), stored, "a stored state outweighs the schedule");
    }
}

#[test]
fn a_clock_set_back_never_makes_an_earlier_entry_current_again() {
    let entries = [entry(1, 0, true), entry(2, 100, false)];
    let first = schedule(&entries);
    assert_eq!(first.use_current(100), Some(2));
    assert_eq!(first.use_current(50), Some(2));
    assert_eq!(state(&first, 2, 50), Active);
    let longer = [entries.as_slice(), &[entry(3, 300, false)]].concat();
    let following = Schedule::following(longer, WINDOW, &first);
    assert_eq!(following.current(0), Some(2), "the mark goes on with a document that extends this one");
    let recovered = Schedule::following(vec![entry(1, 0, true)], WINDOW, &first);
    assert_eq!(recovered.current(0), Some(1), "and not with one that does not");
}

#[test]
fn the_predecessor_is_what_was_current_before() {
    let schedule = schedule(&[entry(1, 0, true), entry(2, 100, false), entry(1, 150, true), entry(3, 400, false)]);
    assert_eq!(schedule.predecessor(50), Some((2, 150)), "an entry at once counts whatever the clock shows");
    assert_eq!(schedule.predecessor(200), Some((2, 150)));
    assert_eq!(schedule.predecessor(400), Some((1, 400)));
    assert_eq!(state(&schedule, 2, 200), Active);
    assert_eq!(state(&schedule, 2, 240), Deactivated);
}

#[test]
fn an_entry_overtaken_before_its_time_was_never_current() {
    let schedule = schedule(&[entry(1, 0, true), entry(2, 100, false), entry(3, 50, true)]);
    assert_eq!(schedule.current(60), Some(3));
    assert_eq!(state(&schedule, 2, 60), PreActive);
    assert_eq!(schedule.predecessor(60), Some((1, 50)));
}

#[test]
fn pending_versions_have_a_time() {
    let schedule = schedule(&[entry(1, 0, true), entry(2, 100, false)]);
    assert_eq!((schedule.pending_time(2, 99), schedule.pending_time(2, 100)), (Some(100), None));
    assert!(schedule.is_pending(2, 0) && !schedule.is_pending(1, 0));
    assert_eq!(schedule.current_entry(150), Some((2, 100)));
}
