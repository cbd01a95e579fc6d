//! A server that answers as it is told, over TLS or plainly: for what real services never say.

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};

use super::server::tls;

/// How the faulty server answers every request.
#[derive(Clone)]
pub(crate) enum Answer {
    /// A status and a body.
    Say(u16, String),
    /// A status and a body, for each path that ends so; 404 otherwise.
    SayTo(Vec<(&'static str, u16, String)>),
    /// A head that promises a body that never comes.
    Stall,
    /// A body that comes byte by byte, one each 50 ms.
    Drip,
    /// Bytes that are no HTTP.
    Noise,
    /// Closes at once.
    Hang,
}

pub(crate) struct Faulty {
    pub(crate) port: u16,
    calls: Arc<AtomicUsize>,
}

impl Faulty {
    pub(crate) fn plain(answer: Answer) -> Self {
        Self::start(answer, None)
    }

    /// With the certificate of this name, speaking these versions.
    pub(crate) fn with_tls(answer: Answer, certificate: &str, versions: &[&'static SupportedProtocolVersion]) -> Self {
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_file_iter(tls(&format!("{certificate}.pem"))).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(tls(&format!("{certificate}.key"))).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        Self::start(answer, Some(Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap())))
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn start(answer: Answer, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (answer, tls, calls) = (answer.clone(), tls.clone(), Arc::clone(&counted));
                thread::spawn(move || {
                    let _ = match tls {
                        None => serve(stream, &answer, &calls),
                        Some(config) => {
                            let connection = ServerConnection::new(config).unwrap();
                            serve(StreamOwned::new(connection, stream), &answer, &calls)
                        }
                    };
                });
            }
        });
        Self { port, calls }
    }
}

/// Reads one request with its body, and answers it.
fn serve(mut stream: impl Read + Write, answer: &Answer, calls: &AtomicUsize) -> io::Result<()> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(());
        }
        request.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&request).into_owned();
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    stream.read_exact(&mut vec![0; length.unwrap_or(0)])?;
    calls.fetch_add(1, Ordering::SeqCst);
    let path = head.split(' ').nth(1).unwrap_or_default();
    let mut say = |status: u16, body: &str| {
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .and_then(|()| stream.flush())
    };
    match answer {
        Answer::Say(status, body) => say(*status, body),
        Answer::SayTo(answers) => {
            let found = answers.iter().find(|(end, ..)| path.ends_with(end));
            let (status, body) = found.map_or((404, "{}"), |(_, status, body)| (*status, body.as_str()));
            say(status, body)
        }
        Answer::Stall => {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{{")?;
            stream.flush()?;
            // Until the client gives up.
            stream.read(&mut byte).map(|_| ())
        }
        Answer::Drip => {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")?;
            loop {
                stream.write_all(b" ")?;
                stream.flush()?;
                thread::sleep(Duration::from_millis(50));
            }
        }
        Answer::Noise => stream.write_all(b"220 smtp ready\r\n\r\n").and_then(|()| stream.flush()),
        Answer::Hang => Ok(()),
    }
}
