//! SoftHSM2 with the tokens that `services.sh` made.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use fieldward::{Pkcs11Builder, Pkcs11Pin, Pkcs11Provider, SecretBytes};

pub(crate) const PIN: &str = "1234-canary";

/// What `services.sh` names, or one line that says what is missing.
pub(crate) fn service(variable: &str) -> PathBuf {
    let value = env::var_os(variable);
    PathBuf::from(value.unwrap_or_else(|| panic!("missing: {variable} (run core/tests/services.sh cargo test ...)")))
}

pub(crate) fn builder(token: &str, key: &str) -> Pkcs11Builder {
    Pkcs11Provider::builder(service("FIELDWARD_SOFTHSM"), key).token_label(token).pin(pin())
}

pub(crate) fn pin() -> Pkcs11Pin {
    Pkcs11Pin::callback(|| Ok(SecretBytes::new(PIN.as_bytes().to_vec())))
}

/// A provider with its key in the token.
pub(crate) fn provider(token: &str, key: &str) -> Pkcs11Provider {
    let provider = builder(token, key).build().unwrap();
    provider.find_or_make_key().unwrap();
    provider
}

/// OpenSC's tool: a second implementation, in another process.
pub(crate) fn tool(token: &str, arguments: &[&str]) -> String {
    let mut command = Command::new("pkcs11-tool");
    command.arg("--module").arg(service("FIELDWARD_SOFTHSM")).args(["--token-label", token, "--login", "--pin", PIN]);
    let output = command.args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}
