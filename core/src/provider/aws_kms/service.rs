//! KMS in one region, from whatever process the caller is in.

use std::future::Future;
use std::process;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_kms::Client;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use tokio::runtime::{Builder, Runtime};

use super::{fault, http};
use crate::error::{Error, ErrorCode, Result, fail};
use crate::provider::https::Https;

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// Calls at once; further ones wait.
const MAX_CALLS: usize = 64;

/// How often a call is tried, and for how long.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    pub(super) attempts: u32,
    pub(super) attempt: Duration,
    pub(super) whole: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { attempts: 3, attempt: Duration::from_secs(5), whole: Duration::from_secs(15) }
    }
}

impl Bounds {
    pub(super) fn check(&self) -> Result<()> {
        let in_range = (Duration::from_millis(100)..=Duration::from_secs(600)).contains(&self.whole);
        match in_range && (1..=10).contains(&self.attempts) {
            true => Ok(()),
            false => fail(ErrorCode::InvalidArgument, "1 to 10 attempts, a timeout of 100 ms to 10 minutes"),
        }
    }
}

pub(super) struct Service {
    region: String,
    endpoint: Option<String>,
    https: Https,
    bounds: Bounds,
    process: ArcSwapOption<Process>,
}

/// What belongs to one process. A forked child has none of its parent's threads: it starts its own, and leaves its parent's alone.
struct Process {
    id: u32,
    /// There until it is dropped.
    runtime: Option<Runtime>,
    client: Client,
}

impl Service {
    pub(super) fn new(region: String, endpoint: Option<String>, https: Https, bounds: Bounds) -> Self {
        Self { region, endpoint, https, bounds, process: ArcSwapOption::empty() }
    }

    /// Makes a call and waits for it, on a thread of its own: the caller's may belong to a runtime that must not be entered again.
    pub(super) fn call<T, E, F>(&self, request: impl FnOnce(Client) -> F) -> Result<T>
    where
        T: Send + 'static,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = std::result::Result<T, SdkError<E>>> + Send + 'static,
    {
        let process = self.process()?;
        let call = request(process.client.clone());
        wait(process.runtime.as_ref(), call)?.map_err(|error| fault::error_of(&error))
    }

    fn process(&self) -> Result<Arc<Process>> {
        let id = process::id();
        if let Some(process) = self.process.load_full().filter(|process| process.id == id) {
            return Ok(process);
        }
        let unavailable = |error| Error::with_detail(ErrorCode::ProviderUnavailable, "threads").caused_by(error);
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(MAX_CALLS)
            .thread_name("fieldward-aws-kms")
            .enable_all()
            .build();
        let runtime = Some(runtime.map_err(unavailable)?);
        let client = wait(runtime.as_ref(), self.connect())?;
        let made = Arc::new(Process { id, runtime, client });
        // Of threads that come at once, the first is followed by the others.
        let before = self.process.rcu(|known| match known {
            Some(known) if known.id == id => Arc::clone(known),
            _ => Arc::clone(&made),
        });
        Ok(before.filter(|before| before.id == id).unwrap_or(made))
    }

    /// A client that has said nothing yet: credentials are looked for by its calls.
    fn connect(&self) -> impl Future<Output = Client> + Send + 'static {
        let timeouts = TimeoutConfig::builder()
            .read_timeout(self.bounds.attempt)
            .operation_attempt_timeout(self.bounds.attempt)
            .operation_timeout(self.bounds.whole)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(self.bounds.attempts)
            .with_initial_backoff(FIRST_WAIT)
            .with_max_backoff(LONGEST_WAIT);
        let loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(http::Client(self.https.clone()))
            .region(Region::new(self.region.clone()))
            .timeout_config(timeouts)
            .retry_config(retries)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let endpoint = self.endpoint.clone();
        async move {
            let config = loader.load().await;
            let mut config = aws_sdk_kms::config::Builder::from(&config);
            if let Some(endpoint) = endpoint {
                config = config.endpoint_url(endpoint);
            }
            Client::from_conf(config.build())
        }
    }
}

/// What a future gives, run on the runtime's own threads.
fn wait<T: Send + 'static>(runtime: Option<&Runtime>, future: impl Future<Output = T> + Send + 'static) -> Result<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let runtime = runtime.ok_or_else(|| Error::new(ErrorCode::Internal))?;
    runtime.spawn(async move {
        let _ = sender.send(future.await);
    });
    receiver.recv().map_err(|_| Error::new(ErrorCode::Internal))
}

impl Drop for Process {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        match self.id == process::id() {
            // Not waited for: this may be a thread of another runtime.
            true => runtime.shutdown_background(),
            // Its threads are the parent's.
            false => std::mem::forget(runtime),
        }
    }
}
