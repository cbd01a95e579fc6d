//! `make demo`: the library's whole job on real records.

use std::path::PathBuf;
use std::process::ExitCode;

use fieldward_examples::demo::{self, Options};

const USAGE: &str = "usage: demo [--input path] [--schema path] [--patients number]";

fn main() -> ExitCode {
    if let Some(outcome) = demo::read_as_second_process() {
        return outcome;
    }
    let options = match options() {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("{problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let outcome = tempfile::tempdir().map_err(Into::into).and_then(|directory| demo::run(&options, directory.path()));
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn options() -> Result<Options, String> {
    let mut options = Options::default();
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().ok_or("an option has a value")?;
        match argument.to_str() {
            Some("--input") => options.input = Some(PathBuf::from(value)),
            Some("--schema") => options.schema = Some(PathBuf::from(value)),
            Some("--patients") => {
                let number = value.to_str().and_then(|text| text.parse().ok());
                options.patients = Some(number.ok_or("--patients takes a number")?);
            }
            _ => return Err("unknown option".to_owned()),
        }
    }
    Ok(options)
}
