//! Sixteen processes race to save one keyring: exactly one wins each generation.
//!
//! The children are this test program again, told by environment variables what to do.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fieldward::{ErrorCode, FilePin, FileStore, GenerationPin, KeyStore, PinnedState, StoredDocument};

const DIRECTORY: &str = "FIELDWARD_TEST_RACE";
const WRITER: &str = "FIELDWARD_TEST_WRITER";
const PROCESSES: u64 = 16;
const GENERATIONS: u64 = 40;

/// A document of `generation`, whose MAC says who made it.
fn document(generation: u64, writer: u64) -> StoredDocument {
    let text = format!("{{\"generation\": {generation}}}\nhmac-sha256 {writer:064x}\n");
    StoredDocument::of(text.into_bytes()).unwrap()
}

/// Saves until the last generation is there, and notes each generation that it won.
fn race(directory: &Path, writer: u64) {
    while !directory.join("start").exists() {
        thread::sleep(Duration::from_millis(1));
    }
    let store = FileStore::new(directory.join("store")).lock_timeout(Duration::from_secs(60));
    let pin = FilePin::new(directory.join("pins"));
    let mut won =
        OpenOptions::new().create_new(true).write(true).open(directory.join(format!("won-{writer}"))).unwrap();
    loop {
        let before = store.load("app").unwrap().map(|bytes| StoredDocument::of(bytes).unwrap().tag);
        let generation = before.map_or(0, |before| before.generation) + 1;
        if generation > GENERATIONS {
            return;
        }
        let state = PinnedState { keyring_id: "app".to_owned(), root_identity: [0; 32], epoch: 1, generation };
        let mut durable = || {
            // Under the store's lock: nobody raised the pin further.
            assert!(pin.read("app")?.is_none_or(|pinned| pinned.generation == generation - 1));
            pin.raise(&state)
        };
        match store.save("app", before.as_ref(), &document(generation, writer), &mut durable) {
            Ok(()) => writeln!(won, "{generation}").unwrap(),
            Err(error) => assert_eq!(error.code(), ErrorCode::StoreConflict, "{error:?}"),
        }
    }
}

#[test]
fn one_winner_per_generation_among_processes() {
    if let Some(directory) = env::var_os(DIRECTORY) {
        return race(Path::new(&directory), env::var(WRITER).unwrap().parse().unwrap());
    }
    let directory = tempfile::tempdir().unwrap();
    let children: Vec<_> = (0..PROCESSES)
        .map(|writer| {
            Command::new(env::current_exe().unwrap())
                .args(["--exact", "one_winner_per_generation_among_processes", "--nocapture"])
                .env(DIRECTORY, directory.path())
                .env(WRITER, writer.to_string())
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    let start = Instant::now();
    fs::write(directory.path().join("start"), b"").unwrap();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert!(start.elapsed() < Duration::from_secs(60));

    let mut winners = BTreeMap::new();
    for writer in 0..PROCESSES {
        for generation in fs::read_to_string(directory.path().join(format!("won-{writer}"))).unwrap().lines() {
            let other = winners.insert(generation.parse::<u64>().unwrap(), writer);
            assert_eq!(other, None, "generation {generation} has two winners");
        }
    }
    assert!(winners.keys().copied().eq(1..=GENERATIONS), "a generation is lost: {winners:?}");
    let last = FileStore::new(directory.path().join("store")).load("app").unwrap().unwrap();
    assert_eq!(last, document(GENERATIONS, winners[&GENERATIONS]).bytes);
    let pinned = FilePin::new(directory.path().join("pins")).read("app").unwrap().unwrap();
    assert_eq!(pinned.generation, GENERATIONS);
}

#[cfg(all(unix, not(target_os = "macos")))]
#[test]
fn the_default_pin_is_in_the_state_directory_of_the_user() {
    if let Some(directory) = env::var_os(DIRECTORY) {
        let store = FileStore::new(Path::new(&directory).join("store"));
        let state = PinnedState { keyring_id: "app".to_owned(), root_identity: [0; 32], epoch: 1, generation: 1 };
        return store.default_pin().unwrap().unwrap().raise(&state).unwrap();
    }
    let directory = tempfile::tempdir().unwrap();
    let raise = || {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["--exact", "the_default_pin_is_in_the_state_directory_of_the_user"]).stdout(Stdio::null());
        child.env(DIRECTORY, directory.path()).env("XDG_STATE_HOME", directory.path().join("state"));
        assert!(child.status().unwrap().success());
    };
    raise();
    let store = directory.path().canonicalize().unwrap().join("store");
    let pins = directory.path().join("state").join("fieldward").join("pins");
    let pinned = FilePin::new(&pins).for_store(&store).read("app").unwrap().unwrap();
    assert_eq!(pinned.generation, 1);
    // The same pin once the store's directory is there: one pin and its lock.
    fs::create_dir(&store).unwrap();
    raise();
    assert_eq!(fs::read_dir(pins).unwrap().count(), 2);
}
