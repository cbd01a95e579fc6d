//! Who asks: a token from outside, read again when it was refused, and renewed where nobody else does.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::wire::{Server, answer_of};
use crate::error::{Error, ErrorCode, Result, fail};
use crate::provider::key_file;
use crate::secret::{SecretBytes, constant_time_eq};

/// The longest token, in bytes: those that carry their own claims are long.
const MAX_LEN: usize = 8 * 1024;
/// After a renewal that failed.
const NEXT_ATTEMPT: Duration = Duration::from_secs(30);

type Callback = Box<dyn Fn() -> Result<SecretBytes> + Send + Sync>;

/// Where a token of Vault or OpenBao comes from. It is read for each call, so that one that was replaced takes effect.
pub struct VaultToken(Source);

enum Source {
    File(PathBuf),
    Environment(String),
    Callback(Callback),
}

impl VaultToken {
    /// From a file that nobody but its owner can read, such as an agent's sink; one line feed at the end is not part of the token.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File(path.into()))
    }

    /// From an environment variable, such as `VAULT_TOKEN`.
    ///
    /// # Security
    ///
    /// Child processes inherit the environment, and its owner can read it: a file is better.
    pub fn environment(variable: impl Into<String>) -> Self {
        Self(Source::Environment(variable.into()))
    }

    /// From a function: a login by another method.
    pub fn callback(token: impl Fn() -> Result<SecretBytes> + Send + Sync + 'static) -> Self {
        Self(Source::Callback(Box::new(token)))
    }

    fn read(&self) -> Result<SecretBytes> {
        let token = match &self.0 {
            Source::File(path) => {
                let text = key_file::read_text(path, MAX_LEN + 1)?;
                SecretBytes::new(text.trim_end_matches(['\r', '\n']).as_bytes().to_vec())
            }
            Source::Environment(variable) => match std::env::var(variable).map(Zeroizing::new) {
                Ok(text) => SecretBytes::new(text.as_bytes().to_vec()),
                Err(_) => return fail(ErrorCode::ProviderUnavailable, format!("no variable {variable}")),
            },
            Source::Callback(callback) => callback()?,
        };
        let is_token = (1..=MAX_LEN).contains(&token.expose().len()) && token.expose().iter().all(u8::is_ascii_graphic);
        if is_token { Ok(token) } else { fail(ErrorCode::ProviderDenied, "a token is printable and not empty") }
    }
}

/// The token of this moment, and the thread that renews it.
pub(super) struct Tokens {
    source: VaultToken,
    renews: bool,
    renewal: Mutex<Option<Renewal>>,
}

/// Belongs to the process that started it. The thread ends when this is dropped.
struct Renewal {
    process: u32,
    stop: Arc<Stop>,
}

#[derive(Default)]
struct Stop {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Tokens {
    pub(super) fn new(source: VaultToken, renews: bool) -> Self {
        Self { source, renews, renewal: Mutex::new(None) }
    }

    pub(super) fn current(&self) -> Result<SecretBytes> {
        self.source.read()
    }

    /// The token of this moment, if it is not the one that was refused.
    pub(super) fn other_than(&self, refused: &SecretBytes) -> Result<Option<SecretBytes>> {
        let token = self.source.read()?;
        Ok((!constant_time_eq(token.expose(), refused.expose())).then_some(token))
    }

    /// Starts the thread that renews, once for each process.
    pub(super) fn keep_renewed(&self, server: &Arc<Server>) -> Result<()> {
        if !self.renews {
            return Ok(());
        }
        // A child may find this lock taken by a thread of its parent: then somebody renews there.
        let Ok(mut renewal) = self.renewal.try_lock() else { return Ok(()) };
        let process = std::process::id();
        if renewal.as_ref().is_some_and(|renewal| renewal.process == process) {
            return Ok(());
        }
        let stop = Arc::new(Stop::default());
        let (server, stopped) = (Arc::downgrade(server), Arc::clone(&stop));
        let thread = std::thread::Builder::new().name("fieldward-vault-token".into());
        let started = thread.spawn(move || renew_for_ever(&server, &stopped));
        started.map_err(|error| Error::new(ErrorCode::ThreadUnavailable).caused_by(error))?;
        *renewal = Some(Renewal { process, stop });
        Ok(())
    }
}

/// Renews when half of the token's time is over, until the provider is gone.
fn renew_for_ever(server: &Weak<Server>, stop: &Stop) {
    let mut wait = Duration::ZERO;
    loop {
        if stop.waits(wait) {
            return;
        }
        let Some(server) = server.upgrade() else { return };
        wait = match renew(&server) {
            Ok(Some(time)) => (time / 2).max(Duration::from_secs(1)),
            // A token without an end, or one that cannot be renewed: look again later, it may have been replaced.
            Ok(None) => NEXT_ATTEMPT * 10,
            Err(_) => NEXT_ATTEMPT,
        };
    }
}

/// Renews the token if it can be, and returns how long it lives now.
fn renew(server: &Server) -> Result<Option<Duration>> {
    let token = server.tokens.current()?;
    let url = |operation: &str| format!("{}/auth/token/{operation}", server.base);
    let found = answer_of(server.send("GET", &url("lookup-self"), &token, None)?)?;
    let data = found.data()?;
    if data.get("renewable").and_then(Value::as_bool) != Some(true) || seconds(data, "ttl").is_none() {
        return Ok(None);
    }
    let body = Zeroizing::new(json!({}).to_string());
    let renewed = answer_of(server.send("POST", &url("renew-self"), &token, Some(body.as_bytes()))?)?;
    Ok(seconds(renewed.object("auth")?, "lease_duration"))
}

fn seconds(of: &Map<String, Value>, name: &str) -> Option<Duration> {
    of.get(name).and_then(Value::as_u64).filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

impl Stop {
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, and returns whether it was told to stop meanwhile.
    fn waits(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        let mut stopped = self.lock();
        while !*stopped {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            stopped = self.changed.wait_timeout(stopped, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        if self.process == std::process::id() {
            *self.stop.lock() = true;
            self.stop.changed.notify_all();
        }
    }
}

impl fmt::Debug for VaultToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Source::File(_) => "VaultToken(file)",
            Source::Environment(_) => "VaultToken(environment)",
            Source::Callback(_) => "VaultToken(callback)",
        })
    }
}
