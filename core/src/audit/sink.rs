//! Where lines go.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, ErrorCode, Result};

/// Takes lines: one JSON object each, without a line feed.
pub trait AuditSink: Send + Sync + fmt::Debug {
    /// Appends a line, durably as far as the sink promises it.
    ///
    /// # Errors
    ///
    /// `AuditSinkFailed` if the line may not have been taken.
    fn append(&self, line: &str) -> Result<()>;
}

impl<T: AuditSink + ?Sized> AuditSink for Arc<T> {
    fn append(&self, line: &str) -> Result<()> {
        (**self).append(line)
    }
}

/// Appends to a file, one line in one write, synced line by line.
///
/// Several processes may append to one file: each write is whole. A line that a crash cut off is closed with a line feed when
/// the file is opened again, and the verifier reports it.
#[derive(Debug)]
pub struct JsonLinesSink {
    file: Mutex<File>,
}

impl JsonLinesSink {
    /// Opens or makes the file, readable by its owner only.
    ///
    /// # Errors
    ///
    /// `AuditSinkFailed` if it cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let failed = |error| Error::new(ErrorCode::AuditSinkFailed).caused_by(error);
        let mut options = OpenOptions::new();
        options.create(true).append(true).read(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(failed)?;
        if file.seek(SeekFrom::End(0)).map_err(failed)? > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1)).map_err(failed)?;
            file.read_exact(&mut last).map_err(failed)?;
            if last != *b"\n" {
                file.write_all(b"\n").map_err(failed)?;
            }
        }
        Ok(Self { file: Mutex::new(file) })
    }
}

impl AuditSink for JsonLinesSink {
    fn append(&self, line: &str) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = file.write_all(format!("{line}\n").as_bytes()).and_then(|()| file.sync_data());
        written.map_err(|error| Error::new(ErrorCode::AuditSinkFailed).caused_by(error))
    }
}

/// Keeps lines in memory: for tests, and for callers who send them on. Clones share the lines.
#[derive(Clone, Debug, Default)]
pub struct MemorySink {
    lines: Arc<Mutex<Vec<String>>>,
}

impl MemorySink {
    /// An empty sink.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The lines so far, in order.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl AuditSink for MemorySink {
    fn append(&self, line: &str) -> Result<()> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned());
        Ok(())
    }
}
