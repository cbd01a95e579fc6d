//! The keyring in another process, with a wrong passphrase, and with an older document.

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode};

use fieldward::{Clock, ErrorCode, ManualClock, Schema};
use serde_json::{Value as Json, json};

use super::Failure;
use super::report::{Report, thousands};
use super::site::{Site, builder, document_path};
use super::table::Table;

const TASK: &str = "FIELDWARD_DEMO_READ";
/// How many rows the second process reads.
const ROWS: usize = 200;

pub(crate) fn process(site: &mut Site, report: &mut Report) -> Result<(), Failure> {
    let rows = site.records.len().min(ROWS);
    let schema = site.directory.join("schema.json");
    std::fs::write(&schema, site.schema_text.as_bytes())?;
    let task = json!({
        "directory": site.directory, "clock": site.clock.now(), "passphrase": site.passphrase, "rows": rows,
        "members": site.table.members(),
    });
    let output = Command::new(env::current_exe()?).env(TASK, task.to_string()).output()?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let expected: Vec<Json> = site.records.iter().take(rows).map(|record| Json::Object(record.clone())).collect();
    let is_same = serde_json::from_str::<Vec<Json>>(&said).is_ok_and(|read| read == expected);
    report.check(
        output.status.success() && is_same,
        format!("another process opened it and read {} records alike", thousands(rows)),
    );
    if !output.status.success() {
        report.say(String::from_utf8_lossy(&output.stderr).trim());
    }
    let wrong = builder(&site.directory, &site.clock, "a passphrase that people forget")?.open();
    report.refused("a wrong passphrase", wrong, ErrorCode::ProviderWrongKey);

    let path = document_path(&site.directory);
    let current = std::fs::read(&path)?;
    std::fs::write(&path, &site.first_document)?;
    let older = builder(&site.directory, &site.clock, &site.passphrase)?.open();
    let running = site.keyring.refresh();
    std::fs::write(&path, &current)?;
    report.refused("an older keyring document, after a restart", older, ErrorCode::KeyringRolledBack);
    report.refused("an older keyring document, in this process", running, ErrorCode::KeyringRolledBack);
    let again = builder(&site.directory, &site.clock, &site.passphrase)?.open().is_ok();
    report.check(again, "the newest document put back: opened");
    Ok(())
}

/// If this process was started to read: reads, prints the records as JSON, and tells how it went.
#[must_use]
pub fn read_as_second_process() -> Option<ExitCode> {
    let task = env::var(TASK).ok()?;
    match read(&task) {
        Ok(text) => {
            println!("{text}");
            Some(ExitCode::SUCCESS)
        }
        Err(error) => {
            eprintln!("the second process: {error}");
            Some(ExitCode::FAILURE)
        }
    }
}

fn read(task: &str) -> Result<String, Failure> {
    let task: Json = serde_json::from_str(task)?;
    let text = |name: &str| task[name].as_str().ok_or("task");
    let directory = Path::new(text("directory")?);
    let clock = ManualClock::new(task["clock"].as_i64().ok_or("clock")?);
    let keyring = builder(directory, &clock, text("passphrase")?)?.open()?;
    let schema = std::fs::read_to_string(directory.join("schema.json"))?;
    let schema = Schema::from_json(&schema).or_else(|_| Schema::from_toml(&schema))?;
    let cipher = keyring.records(&schema, None)?;
    let members = serde_json::from_value(task["members"].clone())?;
    let table = Table::existing(&directory.join("encrypted.sqlite"), members)?;
    let rows = task["rows"].as_u64().ok_or("rows")?;
    let mut records = Vec::new();
    for row in 0..usize::try_from(rows)? {
        records.push(cipher.decrypt(&table.read(row, &cipher)?)?);
    }
    Ok(serde_json::to_string(&records)?)
}
