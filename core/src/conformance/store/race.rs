//! The rules for several callers at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::Duration;

use super::{Failure, Outcome, document, must, refuses, save, succeeds};
use crate::error::ErrorCode;
use crate::store::KeyStore;

/// Threads that race.
const THREADS: u8 = 8;

/// Generations that they race for.
const GENERATIONS: u8 = 10;

/// How long the first writer's hook takes, so that a second writer would be seen inside it.
const HOOK_TIME: Duration = Duration::from_millis(30);

pub(super) fn hook_keeps_writers_out(store: &dyn KeyStore) -> Outcome {
    const RULE: &str = "while the durable hook runs no other writer's hook does";
    let (first, second) = (document(1, 1, 0)?, document(2, 2, 0)?);
    let finished = AtomicBool::new(false);
    let (started, when_started) = mpsc::channel();
    let (first_tag, second, finished) = (&first.tag, &second, &finished);
    let seen = thread::scope(|scope| {
        let follower = scope.spawn(move || {
            let _ = when_started.recv();
            let mut seen = false;
            let saved = store.save("app", Some(first_tag), second, &mut || {
                seen = finished.load(Ordering::SeqCst);
                Ok(())
            });
            saved.map(|()| seen)
        });
        let saved = store.save("app", None, &first, &mut || {
            let _ = started.send(());
            thread::sleep(HOOK_TIME);
            finished.store(true, Ordering::SeqCst);
            Ok(())
        });
        drop(started);
        succeeds(RULE, saved)?;
        succeeds(RULE, follower.join().map_err(|_| lost(RULE))?)
    })?;
    must(RULE, seen)
}

pub(super) fn one_winner_per_generation(store: &dyn KeyStore) -> Outcome {
    const RULE: &str = "of several racing writers exactly one wins each generation, and the others meet a conflict";
    let mut expected = None;
    for generation in 1..=GENERATIONS {
        let start = Barrier::new(usize::from(THREADS));
        let (start, before) = (&start, expected.as_ref());
        let outcomes = thread::scope(|scope| {
            let threads = (0..THREADS).map(|n| {
                scope.spawn(move || {
                    let new = document(u64::from(generation), n, 0);
                    start.wait();
                    new.map(|new| (save(store, "app", before, &new), new))
                })
            });
            let threads = threads.collect::<Vec<_>>();
            let joined = threads.into_iter().map(|thread| thread.join().map_err(|_| lost(RULE))?);
            joined.collect::<Result<Vec<_>, Failure>>()
        })?;
        let mut winners = Vec::new();
        for (saved, new) in outcomes {
            match saved {
                Ok(()) => winners.push(new),
                lost => refuses(RULE, ErrorCode::StoreConflict, lost)?,
            }
        }
        must(RULE, winners.len() == 1)?;
        expected = winners.pop();
        must(RULE, succeeds(RULE, store.load("app"))? == expected.as_ref().map(|winner| winner.bytes.clone()))?;
    }
    Ok(())
}

/// A thread of the suite ended without a result: the store panicked.
fn lost(rule: &'static str) -> Failure {
    Failure { rule, cause: None }
}
