//! The emulator of AWS KMS, and what tests ask it for beside the provider.

use std::process::Command;

use fieldward::{AwsKmsBuilder, AwsKmsProvider};
use serde_json::{Value, json};

use super::server::{Server, free_port, http, program};

pub(crate) const REGION: &str = "eu-central-1";

pub(crate) struct Moto {
    pub(crate) server: Server,
    _directory: tempfile::TempDir,
}

impl Moto {
    pub(crate) fn start() -> Self {
        Self::start_at(free_port())
    }

    pub(crate) fn start_at(port: u16) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new(program("python3"));
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/services/moto_server.py"));
        command.args(["-H", "127.0.0.1", "-p"]).arg(port.to_string()).env("HOME", directory.path());
        let server = Server::start(&mut command, port, "/moto-api/", &directory.path().join("log"));
        Self { server, _directory: directory }
    }

    /// A call of an AWS service in a region: the emulator looks at nothing else of the signature.
    pub(crate) fn ask(&self, region: &str, action: &str, body: &Value) -> (u16, Value) {
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=tests/20260101/{region}/kms/aws4_request, SignedHeaders=host, Signature=0"
        );
        let target = format!("TrentService.{action}");
        let headers = [
            ("Authorization", scope.as_str()),
            ("X-Amz-Target", target.as_str()),
            ("Content-Type", "application/x-amz-json-1.1"),
        ];
        let (status, reply) = http(self.server.port, "POST", "/", &headers, &body.to_string()).unwrap();
        (status, serde_json::from_str(&reply).unwrap_or_default())
    }

    /// The ARN of a new key.
    pub(crate) fn make_key(&self, options: &Value) -> String {
        let (status, made) = self.ask(REGION, "CreateKey", options);
        assert_eq!(status, 200, "{made}");
        made["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
    }

    pub(crate) fn replicate(&self, arn: &str, region: &str) {
        let (status, reply) = self.ask(REGION, "ReplicateKey", &json!({"KeyId": arn, "ReplicaRegion": region}));
        assert_eq!(status, 200, "{reply}");
    }

    pub(crate) fn key(&self) -> String {
        self.make_key(&json!({}))
    }

    pub(crate) fn builder(&self, arn: &str) -> AwsKmsBuilder {
        AwsKmsProvider::builder(arn).endpoint(self.server.url())
    }

    pub(crate) fn provider(&self, arn: &str) -> AwsKmsProvider {
        self.builder(arn).build().unwrap()
    }
}
