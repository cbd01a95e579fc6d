//! Any sequence of life-cycle calls: the states stay true, and nothing that was written is lost.

use fieldward::{Destroy, KeyState, RotateOptions};
use proptest::prelude::*;

use crate::common::{Clinic, DAY, bytes, patients, record, stored, text};

#[derive(Clone, Copy, Debug)]
enum Step {
    Rotate,
    RotateNow,
    Rollback,
    Suspend(u32),
    Resume(u32),
    Compromise(u32),
    Destroy(u32),
    Epoch,
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Rotate),
        Just(Step::RotateNow),
        Just(Step::Rollback),
        (1..6_u32).prop_map(Step::Suspend),
        (1..6_u32).prop_map(Step::Resume),
        (1..6_u32).prop_map(Step::Compromise),
        (1..6_u32).prop_map(Step::Destroy),
        Just(Step::Epoch),
        (-3..100_i64).prop_map(|days| Step::Wait(days * DAY)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn states_stay_true(steps in proptest::collection::vec(step(), 1..25)) {
        let clinic = Clinic::new();
        let keyring = &clinic.keyring;
        let note = clinic.field(&patients(), "note");
        let id = record("1");
        let mut written: Vec<Vec<u8>> = Vec::new();
        for step in steps {
            let before = keyring.status().unwrap();
            let outcome = match step {
                Step::Rotate => keyring.rotate(RotateOptions::default()).map(drop),
                Step::RotateNow => keyring.rotate(RotateOptions::activate_immediately()).map(drop),
                Step::Rollback => keyring.rollback().map(drop),
                Step::Suspend(version) => keyring.suspend(version, "test"),
                Step::Resume(version) => keyring.resume(version, "test"),
                Step::Compromise(version) => keyring.mark_compromised(version, "test"),
                Step::Destroy(version) => match before.versions.iter().find(|one| one.version == version) {
                    Some(one) => keyring.destroy(Destroy::version(version, one.key_id, "test").waive_exports("test")).map(drop),
                    None => Ok(()),
                },
                Step::Epoch => keyring.start_epoch(&[]).map(drop),
                Step::Wait(seconds) => { clinic.clock.advance(seconds); Ok(()) }
            };
            let after = keyring.status().unwrap();
            if outcome.is_err() {
                prop_assert_eq!(before.generation, after.generation, "a refused call changes nothing");
            }
            prop_assert!(after.epoch >= before.epoch && after.versions.len() >= before.versions.len());
            for (old, new) in before.versions.iter().zip(&after.versions) {
                prop_assert_eq!(old.key_id, new.key_id);
                prop_assert!(old.state != KeyState::Destroyed || new.state == KeyState::Destroyed);
                prop_assert!(old.state != KeyState::Compromised || matches!(new.state, KeyState::Compromised | KeyState::Destroyed));
            }
            let current = after.versions.iter().filter(|version| version.is_current).count();
            prop_assert_eq!(current, 1);

            // Encryption always goes on, under the version that the status calls current.
            let sealed = bytes(&note.encrypt(Some(&text("x")), Some(&id)).unwrap());
            let key = fieldward::inspect(&sealed).unwrap().header.key_id;
            let named = after.versions.iter().find(|version| version.is_current).unwrap();
            prop_assert_eq!((key, named.state), (named.key_id, KeyState::Active));
            written.push(sealed);
            let status = keyring.status().unwrap();
            for sealed in &written {
                let key = fieldward::inspect(sealed).unwrap().header.key_id;
                let state = status.versions.iter().find(|version| version.key_id == key).unwrap().state;
                let read = note.decrypt(stored(sealed), Some(&id));
                prop_assert_eq!(read.is_ok(), state.decrypts(), "{:?} in state {}", read.err(), state);
            }
            // Another process sees the same.
            let other = clinic.another().status().unwrap();
            prop_assert_eq!(other.versions.len(), status.versions.len());
        }
    }
}
