//! SoftHSM2 with the tokens that `services.sh` made.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
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

/// Tokens in a directory of their own; what is given names them to a process.
pub(crate) fn make_tokens(directory: &Path, labels: &[&str]) -> PathBuf {
    let (tokens, config) = (directory.join("tokens"), directory.join("softhsm2.conf"));
    fs::create_dir(&tokens).unwrap();
    fs::write(&config, format!("directories.tokendir = {}\n", tokens.display())).unwrap();
    for label in labels {
        let mut init = Command::new("softhsm2-util");
        init.args(["--init-token", "--free", "--label", label, "--so-pin", "87654321", "--pin", PIN]);
        assert!(init.env("SOFTHSM2_CONF", &config).output().unwrap().status.success());
    }
    config
}

/// Where SoftHSM keeps a token of this process.
pub(crate) fn directory_of(label: &str) -> PathBuf {
    let tokens = service("SOFTHSM2_CONF").parent().unwrap().join("tokens");
    let is_it = |path: &Path| {
        let object = fs::read(path.join("token.object")).unwrap();
        object.windows(label.len()).any(|window| window == label.as_bytes())
    };
    fs::read_dir(tokens).unwrap().map(|entry| entry.unwrap().path()).find(|path| is_it(path)).unwrap()
}

/// Runs an ignored test of this program in a process of its own.
pub(crate) fn in_a_child(test: &str, variables: &[(&str, &str)]) {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", test, "--ignored"]).envs(variables.iter().copied());
    let output = child.output().unwrap();
    assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{output:?}");
}
