//! Servers as child processes: started on a free port, waited for, stopped when dropped.

use std::env;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What `services.sh` names, or one line that says what is missing.
pub(crate) fn service(variable: &str) -> PathBuf {
    let value = env::var_os(variable);
    PathBuf::from(value.unwrap_or_else(|| panic!("missing: {variable} (run core/tests/services.sh cargo test ...)")))
}

pub(crate) fn program(name: &str) -> PathBuf {
    service("FIELDWARD_SERVICES").join(name)
}

/// A certificate authority, and a certificate of it for `localhost` and 127.0.0.1.
pub(crate) fn tls(name: &str) -> PathBuf {
    service("FIELDWARD_TLS").join(name)
}

/// A port that is free, with the seven after it: OpenBao takes the one after each that it listens on, too. Each is given out once, below
/// those that the system gives to clients.
pub(crate) fn free_port() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 500).unwrap() * 24;
    loop {
        let port = first + GIVEN.fetch_add(8, Ordering::Relaxed) % 512;
        if (port..port + 8).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
            return port;
        }
    }
}

pub(crate) struct Server {
    child: Mutex<Child>,
    pub(crate) port: u16,
    log: PathBuf,
}

impl Server {
    /// Starts `command`, and waits until `path` answers over HTTP.
    pub(crate) fn start(command: &mut Command, port: u16, path: &str, log: &Path) -> Self {
        let out = File::create(log).unwrap();
        command.stdin(Stdio::null()).stdout(out.try_clone().unwrap()).stderr(out);
        let server = Self { child: Mutex::new(command.spawn().unwrap()), port, log: log.to_owned() };
        let end = Instant::now() + Duration::from_secs(60);
        while http(port, "GET", path, &[], "").is_none() {
            let ended = server.child.lock().unwrap().try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < end, "{}", fs::read_to_string(&server.log).unwrap());
            thread::sleep(Duration::from_millis(20));
        }
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn stop(&self) {
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A request in the plainest HTTP: status and body, or nothing if nobody answers.
pub(crate) fn http(port: u16, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<(u16, String)> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
    .ok()?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).ok()?;
    let reply = String::from_utf8_lossy(&reply).into_owned();
    let (head, body) = reply.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}
