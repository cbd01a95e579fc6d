#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn plain_http_goes_to_this_machine_only() {
    for near in [
        "https://vault.example",
        "http://127.0.0.1:8200/v1",
        "http://[::1]:1/",
        "http://localhost:1/",
        "http://169.254.169.254/",
    ] {
        check_address(&near.parse().unwrap()).unwrap();
    }
    for far in ["http://vault.example/", "http://10.0.0.1/", "http://127.0.0.1.example/", "ftp://127.0.0.1/", "/v1"] {
        let refused = check_address(&far.parse().unwrap()).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidArgument, "{far}");
    }
}

#[test]
fn options_are_checked() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    fs::write(&file, "no certificate").unwrap();
    let with = |options: HttpsOptions| Https::new(&options).unwrap_err().code();
    assert_eq!(with(HttpsOptions { ca_file: Some(file), ..HttpsOptions::default() }), ErrorCode::InvalidArgument);
    let missing = Some(directory.path().join("missing"));
    assert_eq!(with(HttpsOptions { ca_file: missing, ..HttpsOptions::default() }), ErrorCode::ProviderUnavailable);
    for timeout in [Duration::ZERO, Duration::from_millis(99), Duration::from_secs(601)] {
        assert_eq!(with(HttpsOptions { timeout, ..HttpsOptions::default() }), ErrorCode::InvalidArgument);
    }
    Https::new(&HttpsOptions::default()).unwrap();
}
