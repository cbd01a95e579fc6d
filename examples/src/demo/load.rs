//! Encrypting everything, and reading everything back.

use std::io::IsTerminal;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rusqlite::params_from_iter;
use rusqlite::types::Value as Sql;
use serde_json::Value as Json;

use super::Failure;
use super::report::{Report, megabytes, thousands};
use super::site::Site;
use super::table::{open, quoted};

/// Rows in one transaction.
const BATCH: usize = 1_000;

pub(crate) fn encrypt(site: &mut Site, report: &mut Report) -> Result<(), Failure> {
    let rows = site.first_load;
    let bar = progress(rows, "encrypting");
    let started = Instant::now();
    let mut encrypting = std::time::Duration::ZERO;
    let mut values = 0_usize;
    for (batch, records) in site.records[..rows].chunks(BATCH).enumerate() {
        site.table.connection.execute_batch("BEGIN")?;
        for (at, record) in records.iter().enumerate() {
            let row = batch * BATCH + at;
            let before = Instant::now();
            let sealed = site.cipher.encrypt(record).map_err(|error| format!("record {}: {error}", row + 1))?;
            encrypting += before.elapsed();
            values += super::scan::encrypted_texts(record, &site.schema).len();
            site.table.insert(row, &sealed)?;
            bar.inc(1);
        }
        site.table.connection.execute_batch("COMMIT")?;
    }
    bar.finish_and_clear();
    let seconds = started.elapsed().as_secs_f64();
    write_plain_copy(site)?;
    let (sealed, plain) = (size_of(site, "encrypted.sqlite")?, size_of(site, "plain.sqlite")?);
    report
        .check(site.table.len()? == rows, format!("{} rows, {} encrypted values", thousands(rows), thousands(values)));
    report.say(format!(
        "{:.0} rows a second with SQLite, {:.0} values a second in the library alone",
        rows as f64 / seconds,
        values as f64 / encrypting.as_secs_f64().max(1e-9),
    ));
    report.say(format!(
        "{} encrypted with its indexes, {} for the same rows in the clear: {:.2} times",
        megabytes(sealed),
        megabytes(plain),
        sealed as f64 / plain.max(1) as f64
    ));
    Ok(())
}

pub(crate) fn compare(site: &mut Site, report: &mut Report) -> Result<(), Failure> {
    let started = Instant::now();
    let bar = progress(site.first_load, "decrypting");
    let mut differences = 0_usize;
    for row in 0..site.first_load {
        let back = site.cipher.decrypt(&site.table.read(row, &site.cipher)?)?;
        // As text: the order of the members and the form of numbers count.
        differences += usize::from(serde_json::to_string(&back)? != serde_json::to_string(&site.records[row])?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let rate = site.first_load as f64 / started.elapsed().as_secs_f64().max(1e-9);
    report
        .check(differences == 0, format!("{} records compared, {differences} differences", thousands(site.first_load)));
    report.say(format!("{rate:.0} records a second"));
    Ok(())
}

/// The same rows without encryption, for comparison.
fn write_plain_copy(site: &Site) -> Result<(), Failure> {
    let connection = open(&site.directory.join("plain.sqlite"))?;
    let members = site.table.members();
    let columns = members.map_or_else(
        || "document TEXT".to_owned(),
        |members| members.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", "),
    );
    connection.execute_batch(&format!("CREATE TABLE records (row INTEGER PRIMARY KEY, {columns}); BEGIN"))?;
    for (row, record) in site.records[..site.first_load].iter().enumerate() {
        let text = |json: &Json| match json {
            Json::Null => Sql::Null,
            Json::String(text) => Sql::Text(text.clone()),
            other => Sql::Text(other.to_string()),
        };
        let cells: Vec<Sql> = match members {
            None => vec![Sql::Text(serde_json::to_string(record)?)],
            Some(members) => members.iter().map(|name| record.get(name).map_or(Sql::Null, text)).collect(),
        };
        let marks = vec!["?"; cells.len() + 1].join(",");
        let all = std::iter::once(Sql::Integer(i64::try_from(row)?)).chain(cells);
        connection.prepare_cached(&format!("INSERT INTO records VALUES ({marks})"))?.execute(params_from_iter(all))?;
    }
    Ok(connection.execute_batch("COMMIT")?)
}

/// Bytes of a database with its log.
fn size_of(site: &Site, name: &str) -> Result<u64, Failure> {
    let connection = open(&site.directory.join(name))?;
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    Ok(std::fs::metadata(site.directory.join(name))?.len())
}

pub(crate) fn progress(rows: usize, what: &'static str) -> ProgressBar {
    let target =
        if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("   {msg} {wide_bar} {pos}/{len} {per_sec}");
    let bar = ProgressBar::with_draw_target(u64::try_from(rows).ok(), target);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_message(what)
}
