//! What the demo says.

use std::time::Instant;

use super::Failure;

/// Lines of a step, and how many steps held.
#[derive(Default)]
pub(crate) struct Report {
    started: Option<Instant>,
    held: u32,
    failed: u32,
    problems: Vec<String>,
}

impl Report {
    pub(crate) fn begin(&mut self, number: u32, title: &str) {
        self.started = Some(Instant::now());
        self.problems.clear();
        println!("\n{number}. {title}");
    }

    /// One line of figures.
    pub(crate) fn say(&mut self, line: impl AsRef<str>) {
        println!("   {}", line.as_ref());
    }

    /// A part of the step that the input has nothing for.
    pub(crate) fn not_applicable(&mut self, what: &str, why: &str) {
        self.say(format!("{what}: not applicable: {why}"));
    }

    /// A line that must hold.
    pub(crate) fn check(&mut self, holds: bool, line: impl AsRef<str>) {
        let line = line.as_ref();
        if holds {
            self.say(line);
        } else {
            self.say(format!("FAILED: {line}"));
            self.problems.push(line.to_owned());
        }
    }

    /// A refusal that must come, with its code.
    pub(crate) fn refused<T>(&mut self, what: &str, result: Result<T, fieldward::Error>, code: fieldward::ErrorCode) {
        match result {
            Err(error) if error.code() == code => self.say(format!("{what}: refused as {}", code.as_str())),
            Err(error) => {
                self.check(false, format!("{what}: refused as {}, not {}", error.code().as_str(), code.as_str()))
            }
            Ok(_) => self.check(false, format!("{what}: accepted")),
        }
    }

    /// Ends a step and tells whether it held.
    pub(crate) fn end(&mut self, outcome: Result<(), Failure>) -> bool {
        if let Err(error) = outcome {
            self.check(false, error.to_string());
        }
        let seconds = self.started.map_or(0.0, |started| started.elapsed().as_secs_f64());
        match self.problems.is_empty() {
            true => {
                self.held += 1;
                println!("   held ({seconds:.1} s)");
            }
            false => {
                self.failed += 1;
                println!("   DID NOT HOLD ({seconds:.1} s)");
            }
        }
        self.problems.is_empty()
    }

    pub(crate) fn finish(&self) -> bool {
        println!("\n{} steps held, {} did not", self.held, self.failed);
        self.failed == 0
    }
}

/// 12,345,678.
pub(crate) fn thousands(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(0).to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// 1.4 MB.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
