//! Finding patients by equality, each answer compared with a scan of the input.

use fieldward::{FieldSpec, IndexSpec, Mode, Transform, Value, ValueType};

use super::Failure;
use super::report::{Report, thousands};
use super::scan::encrypted_texts;
use super::site::Site;

/// How many different values each kind of search asks for.
const SAMPLES: usize = 40;

/// A search that people make, and how the input itself is searched for the same.
struct Question {
    what: &'static str,
    /// What the field's name has in it.
    name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// By an exact index over digits.
    Digits,
    /// By an exact index over folded text.
    Case,
    /// By an index of the last characters.
    Last,
    /// By the deterministic column itself.
    Deterministic,
}

const QUESTIONS: [Question; 4] = [
    Question { what: "SSN with and without dashes", name: "ssn", kind: Kind::Digits },
    Question { what: "e-mail in another case", name: "email", kind: Kind::Case },
    Question { what: "the last four digits of a phone", name: "phone", kind: Kind::Last },
    Question { what: "record number through the deterministic field", name: "", kind: Kind::Deterministic },
];

pub(crate) fn search(site: &mut Site, report: &mut Report) -> Result<(), Failure> {
    ask_all(site, report, site.first_load)?;
    unique(site, report)
}

/// Every question over the first `rows` records.
pub(crate) fn ask_all(site: &Site, report: &mut Report, rows: usize) -> Result<(), Failure> {
    for question in &QUESTIONS {
        match find_field(site, question) {
            None => report.not_applicable(question.what, "the schema has no such field"),
            Some((field, index)) => ask(site, report, rows, question, &field, index.as_ref())?,
        }
    }
    Ok(())
}

fn find_field(site: &Site, question: &Question) -> Option<(FieldSpec, Option<IndexSpec>)> {
    site.schema.fields().iter().find_map(|field| {
        if field.value_type() != ValueType::Text || !field.name().to_lowercase().contains(question.name) {
            return None;
        }
        let index = |wanted: fn(&IndexSpec) -> bool| field.indexes().iter().find(|index| wanted(index)).cloned();
        match question.kind {
            Kind::Deterministic => (field.mode() == Mode::Deterministic).then(|| ((**field).clone(), None)),
            Kind::Digits | Kind::Case => index(IndexSpec::is_exact).map(|index| ((**field).clone(), Some(index))),
            Kind::Last => index(|index| matches!(index.transform(), Transform::Last(4)))
                .map(|index| ((**field).clone(), Some(index))),
        }
    })
}

fn ask(
    site: &Site,
    report: &mut Report,
    rows: usize,
    question: &Question,
    field: &FieldSpec,
    index: Option<&IndexSpec>,
) -> Result<(), Failure> {
    // The input's own values of the field, by row.
    let held: Vec<(usize, String)> = site.records[..rows]
        .iter()
        .enumerate()
        .flat_map(|(row, record)| {
            encrypted_texts(record, &site.schema).into_iter().map(move |(name, text)| (row, name, text))
        })
        .filter(|(_, name, _)| name == field.name())
        .map(|(row, _, text)| (row, text))
        .collect();
    let step = (held.len() / SAMPLES).max(1);
    let (mut asked, mut rows_found, mut wrong, mut dropped) = (0_usize, 0_usize, 0_usize, 0_usize);
    for (_, text) in held.iter().step_by(step).take(SAMPLES) {
        for typed in typed_differently(question.kind, text) {
            let expected = scan_input(&held, question.kind, &typed);
            if expected.is_empty() {
                continue;
            }
            asked += 1;
            let found = match index {
                None => site.table.find_deterministic(site.cipher.field(field.id())?, &Value::from(typed.as_str()))?,
                Some(index) => {
                    let (found, candidates) = find(site, field, index, &typed)?;
                    dropped += candidates - found.len();
                    found
                }
            };
            rows_found += found.len();
            wrong += usize::from(found != expected);
        }
    }
    if asked == 0 {
        report.not_applicable(question.what, "no record has such a value");
        return Ok(());
    }
    let candidates =
        if dropped > 0 { format!(", {dropped} candidates of the short index dropped") } else { String::new() };
    report.check(
        wrong == 0,
        format!(
            "{} ({}): {asked} searches, {} rows, {wrong} differ from a scan of the input{candidates}; such as {}",
            question.what,
            field.name(),
            thousands(rows_found),
            held.first().map(|(row, _)| site.id_of(*row)).unwrap_or_default(),
        ),
    );
    Ok(())
}

/// The rows that an index finds, confirmed where it only gives candidates; and how many candidates there were.
fn find(site: &Site, field: &FieldSpec, index: &IndexSpec, typed: &str) -> Result<(Vec<usize>, usize), Failure> {
    let cipher = site.cipher.field(field.id())?;
    let asked = Value::from(typed);
    let query = cipher.query(index.name(), &asked)?;
    let rows = site.table.find(&query)?;
    if query.is_exact() {
        let all = rows.len();
        return Ok((rows, all));
    }
    let candidates = rows.len();
    let mut confirmed = Vec::new();
    for row in rows {
        let record = site.table.read(row, &site.cipher)?;
        if site.cipher.matches(field.id(), index.name(), &asked, &record)? {
            confirmed.push(row);
        }
    }
    Ok((confirmed, candidates))
}

fn typed_differently(kind: Kind, text: &str) -> Vec<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    match kind {
        Kind::Digits => {
            let spaced = digits.chars().map(|digit| format!("{digit} ")).collect();
            vec![text.to_owned(), digits, spaced]
        }
        Kind::Case => vec![text.to_uppercase(), text.to_lowercase(), format!("  {text} ")],
        Kind::Last => digits.get(digits.len().saturating_sub(4)..).map(str::to_owned).into_iter().collect(),
        Kind::Deterministic => vec![text.to_owned()],
    }
}

/// The rows of the input that hold what was typed, without any index.
fn scan_input(held: &[(usize, String)], kind: Kind, typed: &str) -> Vec<usize> {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let holds = |text: &str| match kind {
        Kind::Digits => !digits(typed).is_empty() && digits(text) == digits(typed),
        Kind::Case => text.trim().to_lowercase() == typed.trim().to_lowercase(),
        Kind::Last => typed.len() == 4 && digits(text).ends_with(typed),
        Kind::Deterministic => text == typed,
    };
    let mut rows: Vec<usize> = held.iter().filter(|(_, text)| holds(text)).map(|(row, _)| *row).collect();
    rows.dedup();
    rows
}

/// A unique constraint on an exact index refuses a duplicate.
fn unique(site: &mut Site, report: &mut Report) -> Result<(), Failure> {
    let indexes: Vec<IndexSpec> =
        site.schema.fields().iter().flat_map(|field| field.indexes().iter().cloned()).collect();
    let unique = indexes.iter().filter(|index| index.is_exact()).find(|index| {
        // The input may hold duplicates itself: then SQLite refuses the constraint.
        site.table.make_unique(index.column()).is_ok()
    });
    let Some(index) = unique else {
        report.not_applicable("a unique constraint", "no exact index, or the input itself has duplicates in each");
        return Ok(());
    };
    let row = (0..site.first_load).find(|row| {
        let sealed = site.cipher.encrypt(&site.records[*row]);
        sealed.is_ok_and(|sealed| sealed.index_value(index.column()).is_some_and(|value| !value.all().is_empty()))
    });
    let Some(row) = row else {
        report.not_applicable("a unique constraint", "no record has such a value");
        return Ok(());
    };
    // The same person again, encrypted anew: another envelope, the same index value.
    let again = site.cipher.encrypt(&site.records[row])?;
    site.table.connection.execute_batch("SAVEPOINT duplicate")?;
    let refused = site.table.insert(site.records.len() + 1, &again);
    site.table.connection.execute_batch("ROLLBACK TO duplicate; RELEASE duplicate")?;
    let is_constraint = refused.as_ref().is_err_and(|error| error.to_string().contains("UNIQUE"));
    report.check(is_constraint, format!("a duplicate is refused by SQLite's unique constraint on {}", index.column()));
    Ok(())
}
