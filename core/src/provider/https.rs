//! HTTP over TLS for providers: certificates verified, TLS 1.3, bounded in time and size, no redirects.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ProtocolVersion;
use ureq::config::Config;
use ureq::http::{HeaderMap, Request, StatusCode, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, AsSendBody};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorCode, Result, fail};

/// The longest reply: what providers say is short.
pub(super) const MAX_REPLY_LEN: u64 = 64 * 1024;
const MAX_HEADERS_LEN: usize = 16 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How a service is reached.
#[derive(Clone, Debug)]
pub(super) struct HttpsOptions {
    /// Roots to trust instead of Mozilla's, in PEM.
    pub(super) ca_file: Option<PathBuf>,
    pub(super) allow_tls_1_2: bool,
    /// From the first byte asked to the last byte answered.
    pub(super) timeout: Duration,
}

impl Default for HttpsOptions {
    fn default() -> Self {
        Self { ca_file: None, allow_tls_1_2: false, timeout: Duration::from_secs(10) }
    }
}

/// A client with these options. Clones share connections, those of one process: a forked child that went on with its parent's would
/// encrypt other bytes under the same keys and numbers.
#[derive(Clone, Debug)]
pub(super) struct Https(Arc<ArcSwap<Process>>);

#[derive(Debug)]
struct Process {
    id: u32,
    config: Config,
    agent: Agent,
}

impl Process {
    fn new(config: Config) -> Arc<Self> {
        Arc::new(Self { id: process::id(), agent: config.new_agent(), config })
    }
}

/// What a service answered. The body is wiped when it is dropped.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    #[cfg_attr(not(feature = "aws-kms"), allow(dead_code, reason = "only AWS's replies are read by their headers"))]
    pub(super) headers: HeaderMap,
    pub(super) body: Zeroizing<Vec<u8>>,
}

impl Https {
    /// # Errors
    ///
    /// `InvalidArgument` for a timeout outside 100 ms to 10 minutes or a file without certificates; `ProviderUnavailable` if it cannot
    /// be read.
    pub(super) fn new(options: &HttpsOptions) -> Result<Self> {
        if !(Duration::from_millis(100)..=Duration::from_secs(600)).contains(&options.timeout) {
            return fail(ErrorCode::InvalidArgument, "a timeout of 100 ms to 10 minutes");
        }
        let mut crypto = rustls::crypto::ring::default_provider();
        if !options.allow_tls_1_2 {
            // A version without a cipher suite is not offered.
            crypto.cipher_suites.retain(|suite| suite.version().version == ProtocolVersion::TLSv1_3);
        }
        let roots = options.ca_file.as_ref().map_or(Ok(RootCerts::WebPki), read_roots)?;
        let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(Arc::new(crypto)).root_certs(roots).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_response_header_size(MAX_HEADERS_LEN)
            .timeout_global(Some(options.timeout))
            .timeout_connect(Some(options.timeout.min(CONNECT_TIMEOUT)))
            .user_agent(concat!("fieldward/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self(Arc::new(ArcSwap::new(Process::new(config)))))
    }

    fn agent(&self) -> Agent {
        let known = self.0.load();
        if known.id == process::id() {
            return known.agent.clone();
        }
        let own = Process::new(known.config.clone());
        self.0.store(Arc::clone(&own));
        own.agent.clone()
    }

    /// Sends a request and reads the whole reply, within the client's time limits and these, where they are shorter.
    ///
    /// # Errors
    ///
    /// `ProviderUnavailable` if the service is not reached in time; `ProviderBadReply` for a certificate or TLS version that is not
    /// accepted, a reply past its bounds, or one that is no HTTP; `InvalidArgument` for plain HTTP to another machine.
    pub(super) fn send(
        &self,
        request: Request<impl AsSendBody>,
        connect: Option<Duration>,
        whole: Option<Duration>,
    ) -> Result<Reply> {
        check_address(request.uri())?;
        let agent = self.agent();
        let shorter = |own: Option<Duration>, other: Option<Duration>| own.into_iter().chain(other).min();
        let own = agent.config().timeouts();
        let request = agent
            .configure_request(request)
            .timeout_connect(shorter(own.connect, connect))
            .timeout_global(shorter(own.global, whole))
            .build();
        let (parts, mut body) = agent.run(request).map_err(code_of)?.into_parts();
        let body = body.with_config().limit(MAX_REPLY_LEN).read_to_vec().map_err(code_of)?;
        Ok(Reply { status: parts.status, headers: parts.headers, body: Zeroizing::new(body) })
    }
}

/// Plain HTTP goes no further than this machine and its hypervisor (link-local: where clouds hand out credentials).
pub(super) fn check_address(uri: &Uri) -> Result<()> {
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let is_near = host == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|address| match address {
            IpAddr::V4(address) => address.is_loopback() || address.is_link_local(),
            // fd00:ec2::/32 is where AWS answers to its own machines
            IpAddr::V6(address) => address.is_loopback() || address.segments().starts_with(&[0xfd00, 0x0ec2]),
        });
    match uri.scheme_str() {
        Some("https") if !host.is_empty() => Ok(()),
        Some("http") if is_near => Ok(()),
        _ => fail(ErrorCode::InvalidArgument, "https, or http to this machine"),
    }
}

fn read_roots(path: &PathBuf) -> Result<RootCerts> {
    let pem = fs::read(path);
    let pem = pem.map_err(|error| Error::with_detail(ErrorCode::ProviderUnavailable, "CA file").caused_by(error))?;
    let certificates: std::result::Result<Vec<Certificate<'static>>, _> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
        .collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(RootCerts::new_with_certs(&certificates)),
        _ => fail(ErrorCode::InvalidArgument, "the CA file holds no certificates in PEM"),
    }
}

fn code_of(error: ureq::Error) -> Error {
    let (code, detail) = match &error {
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) | ureq::Error::Pem(_) => {
            (ErrorCode::ProviderBadReply, "TLS: version or certificate not accepted")
        }
        ureq::Error::Io(error) if is_tls(error) => {
            (ErrorCode::ProviderBadReply, "TLS: version or certificate not accepted")
        }
        ureq::Error::Timeout(_) => (ErrorCode::ProviderUnavailable, "no answer in time"),
        ureq::Error::Io(_) | ureq::Error::HostNotFound | ureq::Error::ConnectionFailed | ureq::Error::BodyStalled => {
            (ErrorCode::ProviderUnavailable, "not reached")
        }
        ureq::Error::ConnectProxyFailed(_) => (ErrorCode::ProviderUnavailable, "the proxy does not connect"),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) | ureq::Error::InvalidProxyUrl => {
            (ErrorCode::InvalidArgument, "an address")
        }
        _ => (ErrorCode::ProviderBadReply, "not the HTTP of the service"),
    };
    Error::with_detail(code, detail).caused_by(error)
}

fn is_tls(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<rustls::Error>() || inner.is::<ureq::Error>() && is_tls_inside(inner))
}

fn is_tls_inside(inner: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    matches!(inner.downcast_ref::<ureq::Error>(), Some(ureq::Error::Rustls(_) | ureq::Error::Tls(_)))
}

#[cfg(test)]
mod tests;
