//! OpenBao, and what tests ask it for beside the provider.

use std::fs;
use std::process::Command;

use fieldward::{SecretBytes, VaultToken, VaultTransitBuilder, VaultTransitProvider};
use serde_json::{Value, json};

use super::server::{Server, free_port, http, program, tls};

pub(crate) const ROOT: &str = "root-token-canary";

/// A development server with a transit engine, also over TLS 1.3 alone on the port three above.
pub(crate) struct Bao {
    pub(crate) server: Server,
    _directory: tempfile::TempDir,
}

impl Bao {
    pub(crate) fn start() -> Self {
        Self::start_at(free_port())
    }

    pub(crate) fn start_at(port: u16) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("tls.hcl");
        let (certificate, key) = (tls("server.pem"), tls("server.key"));
        let listener = format!(
            "listener \"tcp\" {{ address = \"127.0.0.1:{}\" tls_min_version = \"tls13\" tls_cert_file = {certificate:?} tls_key_file = {key:?} }}",
            port + 3
        );
        fs::write(&config, listener).unwrap();
        let mut command = Command::new(program("bao"));
        command.args(["server", "-dev", "-dev-no-store-token"]).arg(format!("-dev-root-token-id={ROOT}"));
        command.arg(format!("-dev-listen-address=127.0.0.1:{port}")).arg("-config").arg(&config);
        command.env("HOME", directory.path());
        let server = Server::start(&mut command, port, "/v1/sys/health", &directory.path().join("log"));
        let bao = Self { server, _directory: directory };
        bao.ask("POST", "sys/mounts/transit", json!({"type": "transit"}));
        bao.ask("POST", "transit/keys/root", json!({}));
        bao
    }

    pub(crate) fn ask(&self, method: &str, path: &str, body: Value) -> Value {
        let headers = [("X-Vault-Token", ROOT)];
        let (status, reply) =
            http(self.server.port, method, &format!("/v1/{path}"), &headers, &body.to_string()).unwrap();
        assert!(status < 300, "{path}: {status} {reply}");
        serde_json::from_str(&reply).unwrap_or_default()
    }

    pub(crate) fn builder(&self, key: &str) -> VaultTransitBuilder {
        VaultTransitProvider::builder(self.server.url(), key).token(token(ROOT))
    }

    pub(crate) fn provider(&self, key: &str) -> VaultTransitProvider {
        self.builder(key).build().unwrap()
    }
}

pub(crate) fn token(text: &'static str) -> VaultToken {
    VaultToken::callback(move || Ok(SecretBytes::new(text.as_bytes().to_vec())))
}
