//! A writer is killed at any moment, or the disk is full: the old document or the new one is there, and never neither.
//!
//! The children are this test program again, told by an environment variable what to do.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::env;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fieldward::{ErrorCode, FileStore, KeyStore, Result, StoredDocument};

/// Where a child works; absent in the parent.
const DIRECTORY: &str = "FIELDWARD_TEST_STORE";

/// Kills that must have happened.
const KILLS: u32 = 120;

/// The time for all of them.
const DEADLINE: Duration = Duration::from_secs(60);

/// Long enough that a write takes a while, and that half of it is not a document.
const FILL: usize = 200_000;

fn document(generation: u64) -> StoredDocument {
    let fill = char::from(b'a' + u8::try_from(generation % 26).unwrap()).to_string().repeat(FILL);
    let mac = format!("{generation:064x}");
    let text = format!("{{\"generation\": {generation}, \"fill\": \"{fill}\"}}\nhmac-sha256 {mac}\n");
    StoredDocument::of(text.into_bytes()).unwrap()
}

fn stored(store: &FileStore) -> Result<Option<StoredDocument>> {
    store.load("app")?.map(StoredDocument::of).transpose()
}

/// Saves the next generation over what is there.
fn save_next(store: &FileStore) -> Result<u64> {
    let before = stored(store)?;
    let next = document(before.as_ref().map_or(0, |before| before.tag.generation) + 1);
    store.save("app", before.map(|before| before.tag).as_ref(), &next, &mut || Ok(()))?;
    Ok(next.tag.generation)
}

/// This program again, running `test` only, in `directory`.
fn child(wrapper: &[&str], test: &str, directory: &Path) -> Command {
    let program = env::current_exe().unwrap();
    let mut command = match wrapper {
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
        [] => Command::new(program),
    };
    command.args(["--exact", test, "--nocapture"]).env(DIRECTORY, directory).stdout(Stdio::null());
    command
}

fn kill(mut child: Child) -> bool {
    child.kill().unwrap();
    child.wait().unwrap().code().is_none()
}

#[test]
fn killed_writers_leave_the_old_or_the_new_document() {
    if let Some(directory) = env::var_os(DIRECTORY) {
        let store = FileStore::new(directory);
        loop {
            save_next(&store).unwrap();
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::new(directory.path());
    let start = Instant::now();
    save_next(&store).unwrap();
    let (mut kills, mut saves, mut leftovers) = (0, 0, 0);
    while kills < KILLS {
        assert!(start.elapsed() < DEADLINE, "{kills} kills in {DEADLINE:?}");
        let before = stored(&store).unwrap().unwrap();
        let writer = child(&[], "killed_writers_leave_the_old_or_the_new_document", directory.path()).spawn().unwrap();
        // A child needs a few milliseconds to start; after that it is always within a save.
        thread::sleep(Duration::from_micros(4_000 + u64::from(kills * 7_919 % 20_000)));
        kills += u32::from(kill(writer));
        let after = stored(&store).unwrap().unwrap();
        assert!(after.tag.generation >= before.tag.generation);
        assert!(after == document(after.tag.generation), "a document that nobody wrote");
        saves += after.tag.generation - before.tag.generation;
        let files = std::fs::read_dir(directory.path()).unwrap().count();
        assert!(files <= 3, "{files} files: leftovers pile up");
        leftovers += u32::from(files == 3);
    }
    // The lock died with its holder, and the leftovers go with the next save.
    save_next(&store.clone().lock_timeout(Duration::ZERO)).unwrap();
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
    assert!(saves > 0, "no child ever saved");
    assert!(leftovers > 0, "no child was ever killed within a write");
}

/// What a child on a full disk exits with when everything was as it should be.
const FULL: i32 = 61;

/// Saves until the disk is full, and ends the process.
fn fill_the_disk(directory: &Path) -> ! {
    let store = FileStore::new(directory);
    let mac = "00".repeat(32);
    let mut before: Option<StoredDocument> = None;
    for generation in 1..1000_u64 {
        let fill = "x".repeat(usize::try_from(generation).unwrap() * 4096);
        let text = format!("{{\"generation\": {generation}, \"fill\": \"{fill}\"}}\nhmac-sha256 {mac}\n");
        let next = StoredDocument::of(text.into_bytes()).unwrap();
        match store.save("app", before.as_ref().map(|before| &before.tag), &next, &mut || Ok(())) {
            Ok(()) => before = Some(next),
            Err(error) => {
                assert_eq!(error.code(), ErrorCode::StoreFull, "{error:?}");
                assert!(before.is_some(), "not even one document fits");
                assert_eq!(stored(&store).unwrap(), before);
                assert_eq!(std::fs::read_dir(directory).unwrap().count(), 2, "a leftover fills the disk");
                std::process::exit(FULL);
            }
        }
    }
    panic!("the disk is never full");
}

#[test]
fn a_file_size_limit_is_a_full_store() {
    if let Some(directory) = env::var_os(DIRECTORY) {
        fill_the_disk(Path::new(&directory));
    }
    let directory = tempfile::tempdir().unwrap();
    // The signal is ignored, so that the write fails; ignored signals stay so in a new program.
    let limit = ["sh", "-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\""];
    let status = child(&limit, "a_file_size_limit_is_a_full_store", directory.path()).status().unwrap();
    assert_eq!(status.code(), Some(FULL));
    // The old document is still there for everyone else.
    assert!(stored(&FileStore::new(directory.path())).unwrap().is_some());
}

/// A real full disk, where a small one can be mounted (as root, or in a user namespace). Elsewhere the test above stands for it.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_full_store() {
    if let Some(directory) = env::var_os(DIRECTORY) {
        fill_the_disk(Path::new(&directory));
    }
    let directory = tempfile::tempdir().unwrap();
    let mount =
        format!("mount -t tmpfs -o size=128k none '{}' || exit 77; exec \"$0\" \"$@\"", directory.path().display());
    let run = |namespace: &[&str]| {
        let wrapper = [namespace, &["sh", "-c", &mount]].concat();
        child(&wrapper, "a_full_disk_is_a_full_store", directory.path()).stderr(Stdio::null()).status().ok()?.code()
    };
    let runs = [run(&["unshare", "--mount"]), run(&["unshare", "--map-root-user", "--mount"])];
    let full = runs.contains(&Some(FULL));
    let not_mountable = runs.iter().all(|code| matches!(code, None | Some(1 | 77)));
    assert!(full || not_mountable, "{runs:?}");
    assert!(!runs.contains(&Some(101)), "{runs:?}");
}
