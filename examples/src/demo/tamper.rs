//! What whoever writes the database can try.

use fieldward::{ErrorCode, Mode, RecordBinding, StoredForm, Suite};
use rusqlite::types::Value as Sql;

use super::Failure;
use super::report::Report;
use super::site::Site;

pub(crate) fn tamper(site: &mut Site, report: &mut Report) -> Result<(), Failure> {
    if site.table.members().is_none() {
        return tamper_with_documents(site, report);
    }
    let randomized: Vec<String> = site
        .schema
        .fields()
        .iter()
        .filter(|field| field.mode() == Mode::Randomized && field.stored_form() == StoredForm::Bytes)
        .filter_map(|field| field.path().as_name().map(str::to_owned))
        .collect();
    let cell = |site: &Site, row: usize, column: &str| match site.table.raw(row, column) {
        Ok(Some(Sql::Blob(bytes))) => Some(bytes),
        _ => None,
    };
    let found = randomized.iter().find_map(|column| {
        let mut rows = (0..site.records.len()).filter(|row| cell(site, *row, column).is_some());
        Some((column.clone(), rows.next()?, rows.next()))
    });
    let Some((column, row, other)) = found else {
        report.not_applicable("tampering", "no randomized field is stored as bytes");
        return Ok(());
    };
    let binds_record = site.cipher.field(&column)?.record_binding() == RecordBinding::Required;
    let original = cell(site, row, &column).ok_or("a cell")?;
    let mut flipped = original.clone();
    if let Some(last) = flipped.last_mut() {
        *last ^= 1;
    }
    let mut tries = vec![
        (format!("a bit of {column} flipped"), flipped, ErrorCode::AuthenticationFailed),
        (format!("{column} cut short"), original.iter().copied().take(20).collect(), ErrorCode::EnvelopeTruncated),
        (format!("plaintext written into {column}"), b"999-41-1234".to_vec(), ErrorCode::NotAnEnvelope),
        (format!("{column} relabelled as deterministic"), relabelled(&original), ErrorCode::SuiteNotAllowed),
    ];
    match other.and_then(|other| cell(site, other, &column)) {
        _ if !binds_record => report.not_applicable("a swap between rows", "the field binds no record id"),
        Some(bytes) => tries.push((format!("{column} of another record"), bytes, ErrorCode::AuthenticationFailed)),
        None => report.not_applicable("a swap between rows", "only one record has a value"),
    }
    let beside =
        randomized.iter().filter(|name| **name != column).find_map(|name| Some((name, cell(site, row, name)?)));
    match beside {
        Some((name, bytes)) => {
            tries.push((format!("{name} moved into {column}"), bytes, ErrorCode::AuthenticationFailed))
        }
        None => report.not_applicable("a swap between columns", "only one field has a value"),
    }
    for (what, bytes, expected) in tries {
        site.table.overwrite(row, &column, &Sql::Blob(bytes))?;
        report.refused(&what, site.cipher.decrypt(&site.table.read(row, &site.cipher)?), expected);
    }
    site.table.overwrite(row, &column, &Sql::Blob(original))?;
    let back = site.cipher.decrypt(&site.table.read(row, &site.cipher)?)?;
    report.check(back == site.records[row], "the value put back: read as before");
    Ok(())
}

fn relabelled(envelope: &[u8]) -> Vec<u8> {
    let mut bytes = envelope.to_vec();
    if let Some(first) = bytes.first_mut() {
        *first = 0x82;
    }
    bytes
}

/// Envelopes of a document exchanged as text.
fn tamper_with_documents(site: &mut Site, report: &mut Report) -> Result<(), Failure> {
    let Some(Sql::Text(document)) = site.table.raw(0, "document")? else { return Err("no document".into()) };
    let envelopes = |document: &str| -> Vec<String> {
        let is_randomized = |text: &&str| {
            fieldward::inspect(text.as_bytes()).is_ok_and(|found| found.header.suite == Suite::Randomized)
        };
        document.split('"').filter(is_randomized).map(str::to_owned).collect()
    };
    let tokens = envelopes(&document);
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
        report.not_applicable("tampering", "the first document has no randomized value");
        return Ok(());
    };
    let flipped = {
        let middle = first.len() / 2;
        let (head, tail) = first.split_at(middle);
        let swapped = if tail.starts_with('A') { "B" } else { "A" };
        format!("{head}{swapped}{}", tail.get(1..).unwrap_or_default())
    };
    let mut tries = vec![
        ("a letter of an envelope changed", document.replacen(first, &flipped, 1), ErrorCode::AuthenticationFailed),
        ("plaintext in an envelope's place", document.replacen(first, "999-41-1234", 1), ErrorCode::NotAnEnvelope),
    ];
    match first == last {
        false => tries.push((
            "an envelope moved to another field",
            document.replacen(first, last, 1),
            ErrorCode::AuthenticationFailed,
        )),
        true => report.not_applicable("a swap between fields", "the document has one encrypted value"),
    }
    if site.schema.record_id().is_none() {
        report.not_applicable("a swap between records", "the schema binds no record id");
    } else {
        let id = site.id_of(0);
        let renamed = document.replacen(&id, "another-record", 1);
        tries.push(("the document given another record's id", renamed, ErrorCode::AuthenticationFailed));
        let others = (1..site.records.len()).filter_map(|row| site.table.raw(row, "document").ok().flatten());
        let foreign = others
            .filter_map(|found| if let Sql::Text(text) = found { envelopes(&text).into_iter().next() } else { None })
            .next();
        match foreign {
            Some(foreign) => tries.push((
                "an envelope of another record",
                document.replacen(first, &foreign, 1),
                ErrorCode::AuthenticationFailed,
            )),
            None => report.not_applicable("a swap between records", "no other record has a randomized value"),
        }
    }
    for (what, text, expected) in tries {
        site.table.overwrite(0, "document", &Sql::Text(text))?;
        report.refused(what, site.cipher.decrypt(&site.table.read(0, &site.cipher)?), expected);
    }
    site.table.overwrite(0, "document", &Sql::Text(document.clone()))?;
    let back = site.cipher.decrypt(&site.table.read(0, &site.cipher)?)?;
    report.check(back == site.records[0], "the document put back: read as before");
    Ok(())
}
