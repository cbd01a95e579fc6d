#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use super::super::lock::FileLock;
use super::{Disk, Fault, Step, create_directory, read, remove_temporary_files};

const STEPS: [Step; 6] = [Step::Create, Step::HalfWrite, Step::Write, Step::Sync, Step::Rename, Step::SyncDirectory];

fn content(directory: &std::path::Path) -> Vec<u8> {
    read(directory, "file", 100).unwrap().unwrap().0
}

#[test]
fn a_fault_after_any_step_leaves_the_old_or_the_new_file() {
    for step in STEPS {
        for fault in [Fault::Error(step, ErrorKind::StorageFull), Fault::Crash(step)] {
            let directory = tempfile::tempdir().unwrap();
            let directory = directory.path();
            Disk::default().replace(directory, "file", b"the old content").unwrap();
            let failed = Disk { fault: Some(fault) }.replace(directory, "file", b"the new content").unwrap_err();
            let renamed = matches!(step, Step::Rename | Step::SyncDirectory);
            let expected: &[u8] = if renamed { b"the new content" } else { b"the old content" };
            assert_eq!(content(directory), expected, "{fault:?}");
            let left = fs::read_dir(directory).unwrap().count() - 1;
            match fault {
                Fault::Error(_, kind) => assert_eq!((failed.kind(), left), (kind, 0), "{fault:?}"),
                Fault::Crash(_) => assert_eq!(left, usize::from(!renamed), "{fault:?}"),
            }
            // The next writer clears away what is left, and goes on.
            remove_temporary_files(directory, "file").unwrap();
            Disk::default().replace(directory, "file", b"the third content").unwrap();
            assert_eq!(content(directory), b"the third content");
            assert_eq!(fs::read_dir(directory).unwrap().count(), 1, "{fault:?}");
        }
    }
}

#[test]
fn only_own_temporary_files_are_removed() {
    let directory = tempfile::tempdir().unwrap();
    let kept = [
        ".file.lock",
        ".file.0123456789abcde.tmp",
        ".file.x.0123456789abcdef.tmp",
        ".file.0123456789abcdeg.tmp",
        "file",
        "file.0123456789abcdef.tmp",
        ".other.0123456789abcdef.tmp",
    ];
    for name in kept {
        fs::write(directory.path().join(name), b"x").unwrap();
    }
    fs::write(directory.path().join(".file.0123456789abcdef.tmp"), b"x").unwrap();
    remove_temporary_files(directory.path(), "file").unwrap();
    let mut left: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    left.sort();
    let mut kept = kept.map(std::ffi::OsString::from);
    kept.sort();
    assert_eq!(left, kept);
}

#[test]
fn a_read_stops_at_its_limit() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("file"), b"12345").unwrap();
    assert_eq!(read(directory.path(), "file", 5).unwrap().unwrap().0, b"12345");
    assert_eq!(read(directory.path(), "file", 4).unwrap_err().kind(), ErrorKind::FileTooLarge);
    assert!(read(directory.path(), "absent", 4).unwrap().is_none());
    assert!(read(&directory.path().join("absent"), "file", 4).unwrap().is_none());
}

#[test]
fn a_lock_excludes_threads_of_one_process_and_is_waited_for_only_so_long() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lock");
    let held = FileLock::acquire(&path, Duration::ZERO).unwrap();
    let start = Instant::now();
    let refused = FileLock::acquire(&path, Duration::from_millis(50)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::TimedOut);
    assert!((50..2000).contains(&start.elapsed().as_millis()));
    drop(held);
    FileLock::acquire(&path, Duration::ZERO).unwrap();
}

#[cfg(unix)]
#[test]
fn a_lock_released_by_name_is_free_though_a_copy_of_it_is_open() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lock");
    let held = FileLock::acquire(&path, Duration::ZERO).unwrap();
    // What a forked child has.
    let copy = held.0.try_clone().unwrap();
    drop(held);
    FileLock::acquire(&path, Duration::ZERO).unwrap();
    drop(copy);
}

#[cfg(unix)]
#[test]
fn a_lock_on_a_removed_file_does_not_count() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lock");
    let held = FileLock::acquire(&path, Duration::ZERO).unwrap();
    assert!(super::super::lock::still_there(&held.0.metadata().unwrap(), &path));
    fs::remove_file(&path).unwrap();
    assert!(!super::super::lock::still_there(&held.0.metadata().unwrap(), &path));
    fs::write(&path, b"").unwrap();
    assert!(!super::super::lock::still_there(&held.0.metadata().unwrap(), &path));
}

#[cfg(unix)]
#[test]
fn files_and_directories_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let inner = directory.path().join("a").join("b");
    create_directory(&inner).unwrap();
    create_directory(&inner).unwrap();
    Disk::default().replace(&inner, "file", b"x").unwrap();
    let _lock = FileLock::acquire(&inner.join("lock"), Duration::ZERO).unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let found = [&directory.path().join("a"), &inner, &inner.join("file"), &inner.join("lock")].map(|path| mode(path));
    assert_eq!(found, [0o700, 0o700, 0o600, 0o600]);
}
