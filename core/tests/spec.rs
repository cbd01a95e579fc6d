//! The specification's tables and the code are one.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use fieldward::{ErrorCode, EventName, KeyState, ValueType};

fn page(name: &str) -> String {
    std::fs::read_to_string(format!("{}/spec/{name}.md", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The cells of every row of a page's tables.
fn rows(page: &str) -> Vec<Vec<String>> {
    let cells =
        |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect();
    page.lines().filter(|line| line.starts_with('|') && !line.starts_with("|--")).map(cells).collect()
}

#[test]
fn the_error_registry_is_the_code() {
    let expected: Vec<Vec<String>> = ErrorCode::ALL
        .iter()
        .map(|code| {
            let kind = code.kind().as_str().to_owned();
            let retryable = if code.is_retryable() { "yes" } else { "no" };
            vec![code.as_str().to_owned(), kind, retryable.to_owned(), code.message().to_owned()]
        })
        .collect();
    assert_eq!(rows(&page("error"))[1..], expected);
    let mut codes: Vec<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), ErrorCode::ALL.len());
}

#[test]
fn the_state_tables_are_the_code() {
    let rows = rows(&page("keyring"));
    for from in KeyState::ALL {
        let row = rows.iter().find(|row| row.len() == 7 && row[0] == from.as_str()).unwrap();
        for (cell, to) in row[1..].iter().zip(KeyState::ALL) {
            assert_eq!(cell == "yes", from.may_become(to), "{from} to {to}");
        }
        let uses = rows.iter().find(|row| row.len() == 4 && row[0] == from.as_str()).unwrap();
        let expected = [
            if from.encrypts() { "if current" } else { "no" },
            if from.decrypts() {
                "yes"
            } else if from.can_be_allowed() {
                "by name"
            } else {
                "no"
            },
            if from.searches() { "yes" } else { "no" },
        ];
        assert_eq!(uses[1..], expected, "{from}");
    }
}

#[test]
fn every_event_is_listed() {
    let page = page("audit");
    for event in EventName::ALL {
        assert!(page.contains(&format!("`{}`", event.as_str())), "{}", event.as_str());
    }
}

#[test]
fn every_type_is_listed() {
    let page = page("value").to_lowercase();
    for kind in ValueType::ALL {
        assert!(page.contains(kind.as_str()), "{kind}");
    }
}
