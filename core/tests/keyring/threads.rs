//! Threads and processes at once.

use std::env;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fieldward::{ErrorCode, FilePin, FileStore, Keyring, KeyringBuilder, LocalKeyProvider, RotateOptions, SecretKey};

use crate::common::{Clinic, patients, record, text};

const DIRECTORY: &str = "FIELDWARD_TEST_ROTATE";
const PROCESSES: usize = 16;
/// How often the key changes, at least, while threads use it.
const ROTATIONS: usize = 20;

#[test]
fn threads_use_keys_while_others_change_them() {
    let clinic = Clinic::new();
    let schema = patients();
    let (stop, done, rotations) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        let workers: Vec<_> = (0..16)
            .map(|number| {
                let (keyring, schema, done, rotations) = (clinic.keyring.clone(), &schema, &done, &rotations);
                scope.spawn(move || {
                    let note = keyring.field(schema, None, "note").unwrap();
                    let id = record(&number.to_string());
                    // At least so many turns, and until the key has changed many times underneath.
                    let mut turn = 0;
                    while turn < 400 || rotations.load(Ordering::Relaxed) < ROTATIONS {
                        turn += 1;
                        let value = text(&format!("{number}-{turn}"));
                        let sealed = note.encrypt(Some(&value), Some(&id)).unwrap();
                        assert_eq!(note.decrypt(sealed.as_ref(), Some(&id)).unwrap(), Some(value));
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for other in [clinic.another(), clinic.keyring.clone()] {
            let (stop, rotations) = (&stop, &rotations);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    match other.rotate(RotateOptions::activate_immediately()) {
                        Ok(_) => {
                            rotations.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(error) => assert_eq!(error.code(), ErrorCode::StoreConflict),
                    }
                    other.refresh().unwrap();
                    thread::sleep(Duration::from_millis(2));
                }
            });
        }
        for worker in workers {
            worker.join().unwrap();
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(done.load(Ordering::Relaxed) >= 16 * 400);
    assert_eq!(
        clinic.another().status().unwrap().versions.len(),
        1 + rotations.load(Ordering::Relaxed),
        "none was lost"
    );
}

fn builder(directory: &Path) -> KeyringBuilder {
    let key = SecretKey::from_slice(&std::fs::read(directory.join("key")).unwrap()).unwrap();
    Keyring::builder("app")
        .provider("p", LocalKeyProvider::new(key))
        .store(FileStore::new(directory.join("store")).lock_timeout(Duration::from_secs(60)))
        .pin(FilePin::new(directory.join("pins")))
}

/// One of the processes: rotates until it has won once.
fn contend(directory: &Path) {
    while !directory.join("start").exists() {
        thread::sleep(Duration::from_millis(1));
    }
    let keyring = builder(directory).open().unwrap();
    let start = Instant::now();
    loop {
        assert!(start.elapsed() < Duration::from_secs(120), "never won");
        match keyring.rotate(RotateOptions::activate_immediately()) {
            Ok(version) => {
                let note = keyring.field(&patients(), None, "note").unwrap();
                let sealed = note.encrypt(Some(&text("x")), Some(&record("1"))).unwrap();
                std::fs::write(directory.join(format!("won-{version}")), sealed.bytes().unwrap()).unwrap();
                return;
            }
            Err(error) => assert_eq!(error.code(), ErrorCode::StoreConflict),
        }
    }
}

#[test]
fn processes_rotate_one_file_store() {
    if let Some(directory) = env::var_os(DIRECTORY) {
        return contend(Path::new(&directory));
    }
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("key"), SecretKey::generate().unwrap().expose()).unwrap();
    builder(directory.path()).create().unwrap();
    let children: Vec<_> = (0..PROCESSES)
        .map(|_| {
            Command::new(env::current_exe().unwrap())
                .args(["--exact", "threads::processes_rotate_one_file_store", "--quiet"])
                .env(DIRECTORY, directory.path())
                .spawn()
                .unwrap()
        })
        .collect();
    std::fs::write(directory.path().join("start"), b"").unwrap();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let keyring = builder(directory.path()).open().unwrap();
    let status = keyring.status().unwrap();
    assert_eq!(status.versions.len(), PROCESSES + 1, "no version was lost");
    assert_eq!(usize::try_from(status.generation).unwrap(), PROCESSES + 1, "exactly one won each generation");
    let note = keyring.field(&patients(), None, "note").unwrap();
    for version in 2..=PROCESSES + 1 {
        let sealed = std::fs::read(directory.path().join(format!("won-{version}"))).unwrap();
        assert_eq!(note.decrypt(fieldward::StoredRef::Bytes(&sealed), Some(&record("1"))).unwrap(), Some(text("x")));
    }
}
