//! Vault's HTTP API: paths, headers, statuses.

use std::sync::Arc;

use base64ct::{Base64, Encoding};
use serde_json::{Map, Value};
use ureq::http::Request;
use zeroize::{Zeroize, Zeroizing};

use super::token::Tokens;
use crate::error::{Error, ErrorCode, Result, fail};
use crate::provider::https::{Https, Reply};
use crate::secret::{SecretBytes, SecretKey};

/// A server, the engine's place on it, and who asks.
pub(super) struct Server {
    /// `https://host:port/v1`
    pub(super) base: String,
    pub(super) mount: String,
    pub(super) namespace: Option<String>,
    pub(super) https: Https,
    pub(super) tokens: Tokens,
}

/// What the server said, errors apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Done,
    NotFound,
}

/// A reply that is no error. What it holds is wiped when it is dropped.
pub(super) struct Answer {
    pub(super) status: Status,
    body: Wiped,
}

/// JSON whose texts are wiped.
#[derive(Default)]
struct Wiped(Map<String, Value>);

impl Server {
    pub(super) fn get(self: &Arc<Self>, path: &[&str]) -> Result<Answer> {
        self.call("GET", &self.engine(path), None)
    }

    pub(super) fn post(self: &Arc<Self>, path: &[&str], body: Value) -> Result<Answer> {
        self.call("POST", &self.engine(path), Some(body))
    }

    pub(super) fn delete(self: &Arc<Self>, path: &[&str]) -> Result<Answer> {
        self.call("DELETE", &self.engine(path), None)
    }

    fn engine(&self, path: &[&str]) -> String {
        format!("{}/{}/{}", self.base, self.mount, path.join("/"))
    }

    /// One call with the token of this moment, and one more if it was refused and another token has been put in its place.
    fn call(self: &Arc<Self>, method: &str, url: &str, body: Option<Value>) -> Result<Answer> {
        let bytes = body.map(|mut body| {
            let text = Zeroizing::new(body.to_string());
            wipe(&mut body);
            text
        });
        self.tokens.keep_renewed(self)?;
        let token = self.tokens.current()?;
        let reply = self.send(method, url, &token, bytes.as_ref().map(|bytes| bytes.as_bytes()))?;
        let reply = match reply.status.as_u16() {
            403 => match self.tokens.other_than(&token)? {
                Some(other) => self.send(method, url, &other, bytes.as_ref().map(|bytes| bytes.as_bytes()))?,
                None => reply,
            },
            _ => reply,
        };
        answer(method, reply)
    }

    pub(super) fn send(&self, method: &str, url: &str, token: &SecretBytes, body: Option<&[u8]>) -> Result<Reply> {
        let mut request = Request::builder().method(method).uri(url).header("X-Vault-Request", "true");
        let mut value = ureq::http::HeaderValue::from_bytes(token.expose())
            .map_err(|_| Error::with_detail(ErrorCode::ProviderDenied, "a token is printable"))?;
        value.set_sensitive(true);
        request = request.header("X-Vault-Token", value);
        if let Some(namespace) = &self.namespace {
            request = request.header("X-Vault-Namespace", namespace);
        }
        let invalid = |_| Error::with_detail(ErrorCode::InvalidArgument, "an address");
        match body {
            Some(body) => {
                let request = request.header("Content-Type", "application/json");
                self.https.send(request.body(body).map_err(invalid)?, None, None)
            }
            None => self.https.send(request.body(()).map_err(invalid)?, None, None),
        }
    }
}

/// The error that a status stands for. The server's words are left out: they may repeat what was sent.
fn answer(method: &str, reply: Reply) -> Result<Answer> {
    let code = match reply.status.as_u16() {
        200 | 204 => {
            let body = if reply.body.is_empty() { Wiped::default() } else { parse(&reply.body)? };
            return Ok(Answer { status: Status::Done, body });
        }
        404 if method == "GET" => return Ok(Answer { status: Status::NotFound, body: Wiped::default() }),
        // What transit says of a ciphertext, a context or a key that does not fit.
        400 | 404 => ErrorCode::ProviderWrongKey,
        401 | 403 => ErrorCode::ProviderDenied,
        405 | 501 => ErrorCode::ProviderUnsupported,
        // Precondition of replication, rate limits, standby, sealed, failing.
        408 | 412 | 429 | 472 | 473 | 500..=599 => ErrorCode::ProviderUnavailable,
        _ => ErrorCode::ProviderBadReply,
    };
    fail(code, format!("HTTP {}", reply.status.as_u16()))
}

fn parse(body: &[u8]) -> Result<Wiped> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(body)) => Ok(Wiped(body)),
        _ => fail(ErrorCode::ProviderBadReply, "not the JSON of Vault"),
    }
}

impl Answer {
    pub(super) fn data(&self) -> Result<&Map<String, Value>> {
        self.object("data")
    }

    pub(super) fn object(&self, name: &str) -> Result<&Map<String, Value>> {
        let found = self.body.0.get(name).and_then(Value::as_object);
        found.ok_or_else(|| Error::with_detail(ErrorCode::ProviderBadReply, format!("no member {name}")))
    }

    pub(super) fn text(&self, name: &str) -> Result<&str> {
        let found = self.data()?.get(name).and_then(Value::as_str);
        found.ok_or_else(|| Error::with_detail(ErrorCode::ProviderBadReply, format!("no member {name}")))
    }

    /// A member that is a key in base64.
    pub(super) fn key(&self, name: &str) -> Result<SecretKey> {
        let mut bytes = Zeroizing::new([0; SecretKey::LEN + 1]);
        let decoded = Base64::decode(self.text(name)?, &mut *bytes);
        let decoded = decoded.map_err(|_| Error::with_detail(ErrorCode::ProviderBadReply, "not 256 bits"))?;
        SecretKey::from_slice(decoded).map_err(|_| Error::with_detail(ErrorCode::ProviderBadReply, "not 256 bits"))
    }

    pub(super) fn done(&self) -> Result<()> {
        match self.status {
            Status::Done => Ok(()),
            Status::NotFound => fail(ErrorCode::ProviderWrongKey, "the server has no such key"),
        }
    }
}

/// Reads a reply about the token itself.
pub(super) fn answer_of(reply: Reply) -> Result<Answer> {
    answer("POST", reply)
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(values) => values.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
