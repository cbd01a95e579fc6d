//! The rules for pins.

use std::thread;

use super::{Outcome, must, refuses, succeeds};
use crate::error::ErrorCode;
use crate::store::{GenerationPin, PinnedState};

/// A rule: given an empty pin, it holds or not.
type Rule = fn(&dyn GenerationPin) -> Outcome;

pub(super) const RULES: &[Rule] = &[
    empty_pin_has_nothing,
    only_ever_raised,
    keyring_ids_do_not_mix,
    recovered_needs_a_greater_generation,
    bad_keyring_ids_are_refused,
    racing_raises_keep_the_greatest,
];

fn state(keyring_id: &str, epoch: u32, generation: u64) -> PinnedState {
    let byte = u8::try_from(epoch % 251).unwrap_or(0);
    PinnedState { keyring_id: keyring_id.to_owned(), root_identity: [byte; 32], epoch, generation }
}

fn empty_pin_has_nothing(pin: &dyn GenerationPin) -> Outcome {
    const RULE: &str = "an empty pin has no state, and does not fail";
    must(RULE, succeeds(RULE, pin.read("app"))?.is_none())
}

fn only_ever_raised(pin: &dyn GenerationPin) -> Outcome {
    const RULE: &str = "a pin is raised by epoch, then generation, and never lowered";
    let steps = [((1, 5), (1, 5)), ((1, 4), (1, 5)), ((1, 6), (1, 6)), ((2, 3), (2, 3)), ((1, u64::MAX), (2, 3))];
    let last = [((2, 3), (2, 3)), ((0, 0), (2, 3)), ((u32::MAX, u64::MAX), (u32::MAX, u64::MAX))];
    for ((epoch, generation), (held_epoch, held_generation)) in steps.into_iter().chain(last) {
        succeeds(RULE, pin.raise(&state("app", epoch, generation)))?;
        let held = succeeds(RULE, pin.read("app"))?;
        must(RULE, held == Some(state("app", held_epoch, held_generation)))?;
    }
    Ok(())
}

fn keyring_ids_do_not_mix(pin: &dyn GenerationPin) -> Outcome {
    const RULE: &str = "each keyring id has its own pin";
    for (generation, id) in (1..).zip(["app", "app.", "app-1", "ap"]) {
        must(RULE, succeeds(RULE, pin.read(id))?.is_none())?;
        succeeds(RULE, pin.raise(&state(id, 1, generation)))?;
    }
    must(RULE, succeeds(RULE, pin.read("app"))? == Some(state("app", 1, 1)))
}

fn recovered_needs_a_greater_generation(pin: &dyn GenerationPin) -> Outcome {
    const RULE: &str = "a pin follows a recovered keyring to a lower epoch, but to a greater generation only";
    succeeds(RULE, pin.raise(&state("app", 5, 9)))?;
    for generation in [0, 8, 9] {
        refuses(RULE, ErrorCode::KeyringRolledBack, pin.accept_recovered(&state("app", 3, generation)))?;
    }
    must(RULE, succeeds(RULE, pin.read("app"))? == Some(state("app", 5, 9)))?;
    let recovered = state("app", 3, 1 << 32);
    succeeds(RULE, pin.accept_recovered(&recovered))?;
    succeeds(RULE, pin.accept_recovered(&recovered))?;
    must(RULE, succeeds(RULE, pin.read("app"))? == Some(recovered))
}

fn bad_keyring_ids_are_refused(pin: &dyn GenerationPin) -> Outcome {
    const RULE: &str = "a keyring id outside the alphabet or length is refused by a pin";
    for id in ["", ".app", "../app", "a/b", "a~b", "a\0"] {
        refuses(RULE, ErrorCode::InvalidName, pin.read(id))?;
        refuses(RULE, ErrorCode::InvalidName, pin.raise(&state(id, 1, 1)))?;
        refuses(RULE, ErrorCode::InvalidName, pin.accept_recovered(&state(id, 1, 1)))?;
    }
    Ok(())
}

fn racing_raises_keep_the_greatest(pin: &dyn GenerationPin) -> Outcome {
    const RULE: &str = "of several racing raises the greatest state stays";
    let raised = thread::scope(|scope| {
        let raises = |n: u64| move || (1..=5).try_for_each(|step| pin.raise(&state("app", 1, step * 8 + n)));
        let threads = (0..8).map(|n| scope.spawn(raises(n))).collect::<Vec<_>>();
        threads.into_iter().map(|thread| thread.join().is_ok_and(|raised| raised.is_ok())).collect::<Vec<_>>()
    });
    must(RULE, raised.into_iter().all(|raised| raised))?;
    must(RULE, succeeds(RULE, pin.read("app"))? == Some(state("app", 1, 47)))
}
