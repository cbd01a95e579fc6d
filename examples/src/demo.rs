//! The program behind `make demo`: the library's whole job on real records, each step with its figures.
//!
//! [`run`] gives true only if every step held. A step whose field is absent from the input says "not applicable" and why.

mod audit;
mod destroy;
mod load;
mod process;
mod report;
mod rotate;
mod scan;
mod search;
mod site;
mod table;
mod tamper;

use std::error::Error;
use std::path::{Path, PathBuf};

use report::Report;
use site::Site;

pub use process::read_as_second_process;

/// Why a step cannot go on.
pub(crate) type Failure = Box<dyn Error>;

/// What the demo is asked to do.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The file to read; the generated sample by default.
    pub input: Option<PathBuf>,
    /// The schema to use; one of the built-in ones by default.
    pub schema: Option<PathBuf>,
    /// How many patients the sample has; 5,000 by default.
    pub patients: Option<u32>,
}

/// A step of the demo.
type Step = fn(&mut Site, &mut Report) -> Result<(), Failure>;

const STEPS: [(&str, Step); 9] = [
    ("encrypt the records into SQLite", load::encrypt),
    ("scan the database's files for what is encrypted", scan::scan),
    ("decrypt every record and compare it with the input", load::compare),
    ("find patients by equality", search::search),
    ("rotate the key while rows are being inserted", rotate::rotate),
    ("open the keyring from its file in another process", process::process),
    ("a compromised key: move its data, destroy it", destroy::destroy),
    ("tamper with the database by plain SQL", tamper::tamper),
    ("the audit log, the key status and the metrics", audit::audit),
];

/// Runs every step in `directory`, which must be empty, and tells whether all of them held.
///
/// # Errors
///
/// If the input or the schema cannot be read. A step that fails is reported, and the others that can still run do.
pub fn run(options: &Options, directory: &Path) -> Result<bool, Failure> {
    let mut report = Report::default();
    let mut site = Site::set_up(options, directory, &mut report)?;
    for (number, (title, step)) in (1..).zip(STEPS) {
        report.begin(number, title);
        let outcome = step(&mut site, &mut report);
        if !report.end(outcome) && number == 1 {
            println!("\nwithout encrypted records there is nothing to show");
            return Ok(false);
        }
    }
    Ok(report.finish())
}
