#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::fs;
use std::path::{Path, PathBuf};

use super::super::atomic::{Fault, Step};
use super::{FilePin, GenerationPin, PinnedState, state_directory};
use crate::error::{ErrorCode, Result};

fn state(epoch: u32, generation: u64) -> PinnedState {
    PinnedState { keyring_id: "app".to_owned(), root_identity: [0xa5; 32], epoch, generation }
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> ErrorCode {
    result.unwrap_err().code()
}

#[test]
fn known_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let pin = FilePin::new(directory.path());
    pin.raise(&state(2, u64::MAX)).unwrap();
    let identity = "a5".repeat(32);
    let expected = format!(
        "{{\n  \"fieldward_pin\": 1,\n  \"keyring_id\": \"app\",\n  \"root_identity\": \"{identity}\",\n  \"epoch\": 2,\n  \
         \"generation\": 18446744073709551615\n}}\n"
    );
    assert_eq!(fs::read_to_string(directory.path().join("app.pin.json")).unwrap(), expected);
}

#[test]
fn stores_have_pins_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let [one, other] = ["/one", "/other"].map(|store| FilePin::new(directory.path()).for_store(Path::new(store)));
    one.raise(&state(1, 1)).unwrap();
    assert_eq!(other.read("app").unwrap(), None);
    // SHA-256 of "/one" begins with these digits.
    assert_eq!(one.path("app").unwrap(), directory.path().join("app~1e1d1696ffea6730.pin.json"));
}

#[test]
fn malformed_pins_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let pin = FilePin::new(directory.path());
    pin.raise(&state(1, 1)).unwrap();
    let path = pin.path("app").unwrap();
    let good = fs::read_to_string(&path).unwrap();
    let wrong = [
        String::new(),
        "[1,\"app\",\"\",1,1]".to_owned(),
        good.replace("\"app\"", "\"other\""),
        good.replace("_pin\": 1", "_pin\": 2"),
        good.replace("a5a5", "A5A5"),
        good.replacen("a5", "", 1),
        good.replace("\"epoch\": 1", "\"epoch\": 4294967296"),
        good.replace("\"epoch\": 1", "\"epoch\": 1, \"epoch\": 1"),
        good.replace("\"epoch\": 1", "\"epoch\": 1, \"more\": 1"),
        good.replace("  \"epoch\": 1,\n", ""),
        format!("{good}x"),
        format!("{good}{}", " ".repeat(super::MAX_PIN_LEN)),
    ];
    for text in wrong {
        fs::write(&path, &text).unwrap();
        assert_eq!(code(pin.read("app")), ErrorCode::PinMalformed, "{text:.80}");
        assert_eq!(code(pin.raise(&state(9, 9))), ErrorCode::PinMalformed, "{text:.80}");
    }
    for end in 0..good.len() - 1 {
        fs::write(&path, &good[..end]).unwrap();
        assert_eq!(code(pin.read("app")), ErrorCode::PinMalformed, "cut to {end}");
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(code(pin.read("app")), ErrorCode::PinMalformed);
}

#[test]
fn an_unwritable_pin_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, b"").unwrap();
    assert_eq!(code(FilePin::new(file.join("pins")).raise(&state(1, 1))), ErrorCode::PinUnavailable);

    let mut pin = FilePin::new(directory.path());
    pin.raise(&state(1, 1)).unwrap();
    pin.disk.fault = Some(Fault::Error(Step::Write, std::io::ErrorKind::StorageFull));
    assert_eq!(code(pin.raise(&state(1, 2))), ErrorCode::PinUnavailable);
    assert_eq!(pin.read("app").unwrap(), Some(state(1, 1)));
    pin.raise(&state(1, 1)).unwrap();
}

#[cfg(unix)]
#[test]
fn a_pin_that_others_may_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let pin = FilePin::new(directory.path());
    pin.raise(&state(1, 1)).unwrap();
    for (mode, refused) in [(0o600, false), (0o644, false), (0o620, true), (0o602, true)] {
        fs::set_permissions(pin.path("app").unwrap(), fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(pin.read("app").is_err_and(|error| error.code() == ErrorCode::PinUnavailable), refused, "{mode:o}");
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
#[test]
fn state_directory_of_the_environment() {
    let with = |xdg: Option<&str>, home: Option<&str>| {
        let (xdg, home) = (xdg.map(PathBuf::from), home.map(PathBuf::from));
        state_directory(&|name| match name {
            "XDG_STATE_HOME" => xdg.clone(),
            "HOME" => home.clone(),
            _ => None,
        })
    };
    assert_eq!(with(Some("/state"), Some("/home/u")), Some("/state/fieldward/pins".into()));
    assert_eq!(with(None, Some("/home/u")), Some("/home/u/.local/state/fieldward/pins".into()));
    assert_eq!(with(Some("relative"), Some("/home/u")), Some("/home/u/.local/state/fieldward/pins".into()));
    assert_eq!(with(Some(""), Some("")), None);
    assert_eq!(with(None, None), None);
}
