#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::fs;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use super::super::atomic::{Disk, Fault, Step};
use super::{FileStore, KeyStore, StoredDocument, canonical, store_error};
use crate::error::{Error, ErrorCode, Result};

fn document(generation: u64) -> StoredDocument {
    let mac = "5a".repeat(32);
    StoredDocument::of(format!("{{\"generation\": {generation}}}\nhmac-sha256 {mac}\n").into_bytes()).unwrap()
}

fn save(store: &FileStore, expected: Option<&StoredDocument>, new: &StoredDocument) -> Result<()> {
    store.save("app", expected.map(|document| &document.tag), new, &mut || Ok(()))
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> ErrorCode {
    result.unwrap_err().code()
}

#[test]
fn layout_of_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    save(&FileStore::new(directory.path()), None, &document(1)).unwrap();
    assert_eq!(fs::read(directory.path().join("app.fieldward.json")).unwrap(), document(1).bytes);
    assert!(directory.path().join(".app.lock").exists());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
}

#[test]
fn a_fault_after_any_step_leaves_a_store_that_goes_on() {
    for step in [Step::Create, Step::HalfWrite, Step::Write, Step::Sync, Step::Rename, Step::SyncDirectory] {
        for (fault, expected) in [
            (Fault::Crash(step), ErrorCode::StoreUnavailable),
            (Fault::Error(step, ErrorKind::StorageFull), ErrorCode::StoreFull),
            (Fault::Error(step, ErrorKind::QuotaExceeded), ErrorCode::StoreFull),
            (Fault::Error(step, ErrorKind::ReadOnlyFilesystem), ErrorCode::StoreDenied),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let store = FileStore::new(directory.path());
            save(&store, None, &document(1)).unwrap();
            let broken = FileStore { disk: Disk { fault: Some(fault) }, ..store.clone() };
            let mut called = false;
            let mut hook = || {
                called = true;
                Ok(())
            };
            let saved = broken.save("app", Some(&document(1).tag), &document(2), &mut hook);
            assert_eq!(code(saved), expected, "{fault:?}");
            assert!(!called, "{fault:?}");
            let found = StoredDocument::of(store.load("app").unwrap().unwrap()).unwrap();
            assert!(found == document(1) || found == document(2), "{fault:?}");
            save(&store, Some(&found), &document(3)).unwrap();
            assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "{fault:?}");
        }
    }
}

#[test]
fn something_else_in_place_of_the_document_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.fieldward.json");
    let store = FileStore::new(directory.path());
    let good = document(1).bytes;
    for garbage in [&b""[..], b"\0", b"{}", &good[..good.len() - 1], &[0xff; 200]] {
        fs::write(&path, garbage).unwrap();
        assert_eq!(code(store.load("app")), ErrorCode::StoreCorrupt);
        assert_eq!(code(save(&store, None, &document(1))), ErrorCode::StoreCorrupt);
    }
    fs::write(&path, vec![b' '; super::MAX_DOCUMENT_LEN + 1]).unwrap();
    assert_eq!(code(store.load("app")), ErrorCode::KeyringTooLarge);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(code(store.load("app")), ErrorCode::StoreCorrupt);
    assert_eq!(code(save(&store, None, &document(1))), ErrorCode::StoreCorrupt);
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_not_followed_and_do_not_hang() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::new(directory.path());
    let target = directory.path().join("target");
    fs::write(&target, document(1).bytes).unwrap();
    for name in ["app.fieldward.json", ".app.lock"] {
        let path = directory.path().join(name);
        let _ = fs::remove_file(&path);
        for to in [target.clone(), directory.path().join("absent")] {
            std::os::unix::fs::symlink(&to, &path).unwrap();
            assert_eq!(code(save(&store, None, &document(2))), ErrorCode::StoreCorrupt, "{name}");
            fs::remove_file(&path).unwrap();
        }
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert_eq!(code(save(&store, None, &document(2))), ErrorCode::StoreCorrupt, "{name}");
        fs::remove_file(&path).unwrap();
    }
    assert_eq!(fs::read(&target).unwrap(), document(1).bytes);
}

#[test]
fn a_directory_that_is_a_file_is_an_error_and_not_an_empty_store() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let store = FileStore::new(file.path());
    assert_eq!(code(store.load("app")), ErrorCode::StoreCorrupt);
    assert!(save(&store, None, &document(1)).is_err());
}

#[test]
fn a_held_lock_times_out_and_readers_do_not_wait() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::new(directory.path());
    let impatient = store.clone().lock_timeout(Duration::from_millis(40));
    let start = Instant::now();
    let mut inside = None;
    let mut hook = || {
        assert_eq!(impatient.load("app")?, Some(document(1).bytes));
        inside = Some(code(save(&impatient, Some(&document(1)), &document(2))));
        Err(Error::new(ErrorCode::PinUnavailable))
    };
    assert_eq!(code(store.save("app", None, &document(1), &mut hook)), ErrorCode::PinUnavailable);
    assert_eq!(inside, Some(ErrorCode::StoreTimeout));
    assert!(start.elapsed() < Duration::from_secs(3));
    save(&impatient, Some(&document(1)), &document(2)).unwrap();
}

#[test]
fn what_the_system_says_has_a_code() {
    let table = [
        (ErrorKind::StorageFull, ErrorCode::StoreFull),
        (ErrorKind::QuotaExceeded, ErrorCode::StoreFull),
        (ErrorKind::FileTooLarge, ErrorCode::StoreFull),
        (ErrorKind::PermissionDenied, ErrorCode::StoreDenied),
        (ErrorKind::ReadOnlyFilesystem, ErrorCode::StoreDenied),
        (ErrorKind::IsADirectory, ErrorCode::StoreCorrupt),
        (ErrorKind::TimedOut, ErrorCode::StoreTimeout),
        (ErrorKind::Other, ErrorCode::StoreUnavailable),
    ];
    for (kind, code) in table {
        assert_eq!(store_error(kind.into()).code(), code, "{kind}");
    }
}

#[test]
fn one_directory_has_one_path_whether_it_exists_or_not() {
    let directory = tempfile::tempdir().unwrap();
    let real = directory.path().canonicalize().unwrap();
    let wanted = real.join("a").join("b");
    let ways = ["a/b", "a/./b/", "a/x/../b", "x/../a/b"].map(|way| directory.path().join(way));
    for way in &ways[..2] {
        assert_eq!(canonical(way).unwrap(), wanted);
    }
    assert_eq!(canonical(&ways[2]).unwrap(), wanted);
    assert_eq!(canonical(&ways[3]).unwrap(), wanted);
    fs::create_dir_all(&wanted).unwrap();
    assert_eq!(canonical(&ways[0]).unwrap(), wanted);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&wanted, real.join("link")).unwrap();
        assert_eq!(canonical(&real.join("link")).unwrap(), wanted);
        assert_eq!(canonical(&real.join("link").join("..")).unwrap(), real.join("a"));
    }
}
