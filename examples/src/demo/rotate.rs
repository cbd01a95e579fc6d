//! Rotation while another thread keeps inserting, re-encryption, rollback.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use fieldward::{EncryptedRecord, RecordCipher, RotateOptions};

use super::Failure;
use super::report::{Report, thousands};
use super::search;
use super::site::Site;
use super::table::Table;

/// 24 hours and a second.
const PAST_ACTIVATION: i64 = 86_401;

pub(crate) fn rotate(site: &mut Site, report: &mut Report) -> Result<(), Failure> {
    let inserted = AtomicUsize::new(0);
    let rest = site.records.get(site.first_load..).unwrap_or_default();
    let before = site.keyring.status()?.current_version;
    let (cipher, table, first) = (site.cipher.clone(), site.table.again()?, site.first_load);
    let published = thread::scope(|scope| {
        // Only strings cross threads: an error of another thread is told, not kept.
        let inserted = &inserted;
        let writer = scope.spawn(move || {
            for (at, record) in rest.iter().enumerate() {
                let sealed = cipher.encrypt(record).map_err(|error| error.to_string())?;
                table.insert(first + at, &sealed).map_err(|error| error.to_string())?;
                inserted.fetch_add(1, Ordering::SeqCst);
                // So that the rotation falls among the inserts.
                thread::sleep(Duration::from_micros(400));
            }
            Ok::<(), String>(())
        });
        let wait_for = |count: usize| {
            while inserted.load(Ordering::SeqCst) < count.min(rest.len()) && !writer.is_finished() {
                thread::sleep(Duration::from_millis(1));
            }
        };
        wait_for(rest.len() / 3);
        let published = site.keyring.rotate(RotateOptions::default()).map_err(|error| error.to_string());
        wait_for(2 * rest.len() / 3);
        site.clock.advance(PAST_ACTIVATION);
        let written = writer.join().map_err(|_| "the inserting thread panicked".to_owned()).and_then(|outcome| outcome);
        written.and(published)
    })?;
    site.first_load = site.records.len();
    let status = site.keyring.status()?;
    report.check(
        status.current_version == published && published != before,
        format!("version {published} published, active a day later; {} rows inserted meanwhile, 0 errors", rest.len()),
    );
    report
        .check(site.table.len()? == site.records.len(), format!("{} rows in the table", thousands(site.records.len())));
    report.say(format!("keys in the data: {}", keys(site)?));
    search::ask_all(site, report, site.records.len())?;

    let cipher = site.cipher.clone();
    let (moved, kept) = reencrypt_all(site, &cipher)?;
    report.say(format!(
        "{} records re-encrypted, {} were under the current key already",
        thousands(moved),
        thousands(kept)
    ));
    report.check(one_key_only(site, published)?, format!("keys in the data: {}", keys(site)?));
    search::ask_all(site, report, site.records.len())?;

    let back = site.keyring.rollback()?;
    report.check(back == before, format!("rolled back: version {back} encrypts again"));
    let missed = missed(site)?;
    report.check(
        missed == 0,
        format!("{} records read after the rollback, {missed} missed", thousands(site.records.len())),
    );
    let forward = site.keyring.rollback()?;
    report.check(forward == published, format!("and forward to version {forward}"));
    Ok(())
}

/// Moves every record that is due, in transactions; returns how many were, and how many were not.
pub(crate) fn reencrypt_all(site: &Site, cipher: &RecordCipher) -> Result<(usize, usize), Failure> {
    let (mut moved, mut kept) = (0, 0);
    let bar = super::load::progress(site.records.len(), "re-encrypting");
    for start in (0..site.records.len()).step_by(1_000) {
        site.table.connection.execute_batch("BEGIN")?;
        for row in start..(start + 1_000).min(site.records.len()) {
            let record = site.table.read(row, cipher)?;
            if cipher.needs_rotation(&record)? {
                site.table.update(row, &cipher.reencrypt(&record)?.record)?;
                moved += 1;
            } else {
                kept += 1;
            }
            bar.inc(1);
        }
        site.table.connection.execute_batch("COMMIT")?;
    }
    bar.finish_and_clear();
    Ok((moved, kept))
}

/// How many records do not come back as they went in.
pub(crate) fn missed(site: &Site) -> Result<usize, Failure> {
    let mut missed = 0;
    for (row, record) in site.records.iter().enumerate() {
        let back = site.cipher.decrypt(&site.table.read(row, &site.cipher)?)?;
        missed += usize::from(back != *record);
    }
    Ok(missed)
}

/// How many values stand under each version.
fn keys_in(site: &Site) -> Result<BTreeMap<u32, usize>, Failure> {
    let versions: BTreeMap<_, _> =
        site.keyring.status()?.versions.iter().map(|one| (one.key_id, one.version)).collect();
    let mut counts = BTreeMap::new();
    for row in 0..site.records.len() {
        for envelope in envelopes(&site.table, row, &site.cipher)? {
            let key_id = fieldward::inspect(&envelope)?.header.key_id;
            *counts.entry(versions.get(&key_id).copied().unwrap_or(0)).or_default() += 1;
        }
    }
    Ok(counts)
}

fn keys(site: &Site) -> Result<String, Failure> {
    let said = keys_in(site)?
        .iter()
        .map(|(version, count)| format!("version {version}: {} values", thousands(*count)))
        .collect::<Vec<_>>();
    Ok(said.join(", "))
}

pub(crate) fn one_key_only(site: &Site, version: u32) -> Result<bool, Failure> {
    Ok(keys_in(site)?.keys().all(|other| *other == version))
}

/// Every envelope of a row.
pub(crate) fn envelopes(table: &Table, row: usize, cipher: &RecordCipher) -> Result<Vec<Vec<u8>>, Failure> {
    let record: EncryptedRecord = table.read(row, cipher)?;
    Ok(cipher.envelopes(&record)?)
}
