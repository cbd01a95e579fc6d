//! Synthetic patients, the same on every machine, awkward ones among them.
//!
//! Nobody of them exists: social security numbers begin with 9, which is never issued, telephone numbers with 555, mail addresses end
//! in names that are reserved for examples.

mod names;
mod text;

use std::io;
use std::path::Path;

use serde_json::{Map, Value};

/// The columns, in order. The longest comes last.
pub const HEADERS: [&str; 12] = [
    "patient_id",
    "medical_record_number",
    "name",
    "birth_date",
    "ssn",
    "phone_number",
    "email",
    "address",
    "emergency_contact",
    "clinic",
    "admitted",
    "notes",
];

/// Every so many patients one is the same person as an earlier one, under another id.
const DUPLICATE_EVERY: u32 = 97;

/// SplitMix64: small, seeded, the same everywhere. Nothing here is secret.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `end - 1`.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.next() % u64::from(end.max(1))).unwrap_or(0)
    }

    pub(crate) fn one_in(&mut self, many: u32) -> bool {
        self.below(many) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = self.below(u32::try_from(all.len()).unwrap_or(1));
        &all[at as usize]
    }
}

/// The records of so many patients. Empty cells are null, as a CSV file gives them.
#[must_use]
pub fn records(patients: u32) -> Vec<Map<String, Value>> {
    let rows = rows(patients);
    let cell = |text: String| if text.is_empty() { Value::Null } else { Value::String(text) };
    rows.into_iter().map(|row| HEADERS.iter().map(|name| (*name).to_owned()).zip(row.map(cell)).collect()).collect()
}

/// Writes them as CSV.
///
/// # Errors
///
/// If the file cannot be written.
pub fn write_csv(path: &Path, patients: u32) -> io::Result<()> {
    let mut writer = csv::Writer::from_path(path)?;
    writer.write_record(HEADERS)?;
    for row in rows(patients) {
        writer.write_record(row)?;
    }
    writer.flush()
}

fn rows(patients: u32) -> Vec<[String; 12]> {
    let mut numbers = Numbers::new(20_260_101);
    let mut rows: Vec<[String; 12]> = Vec::new();
    for number in 1..=patients {
        let mut row = patient(number, &mut numbers);
        if number % DUPLICATE_EVERY == 0 && !rows.is_empty() {
            // The same person, registered twice.
            let earlier = numbers.below(number - 1) as usize;
            for column in [2, 3, 4, 5, 6, 7] {
                row[column] = rows[earlier][column].clone();
            }
        }
        rows.push(row);
    }
    rows
}

fn patient(number: u32, numbers: &mut Numbers) -> [String; 12] {
    let name = names::name(numbers);
    let email = match numbers.one_in(9) {
        true => String::new(),
        false => names::email(number, &name, numbers),
    };
    // Spread over the whole range without repeats: 7,919 is prime to 1,000,000.
    let spread = (u64::from(number) * 7_919) % 1_000_000;
    let ssn = match numbers.one_in(20) {
        true => String::new(),
        false => format!("{}-{:02}-{:04}", 900 + number % 100, 10 + spread / 10_000 % 90, spread % 10_000),
    };
    let phone = format!("({:03}) 555-{:04}", 201 + numbers.below(700), numbers.below(10_000));
    let phone = match numbers.below(12) {
        0 => String::new(),
        1 => phone.replace(['(', ')'], "").replace(' ', "."),
        2 => format!("+1 {phone}"),
        _ => phone,
    };
    let contact = match numbers.below(4) {
        0 => String::new(),
        _ => format!("{}, (212) 555-{:04}", names::name(numbers), numbers.below(10_000)),
    };
    [
        format!("P-{number:06}"),
        format!("MRN-{:08}", 10_000_000 + spread * 89 + u64::from(number) % 89),
        name,
        date(1920 + numbers.below(99), numbers),
        ssn,
        phone,
        email,
        if numbers.one_in(15) { String::new() } else { text::address(numbers) },
        contact,
        (*numbers.pick(&["north", "south", "river", "hill"])).to_owned(),
        if numbers.one_in(6) { String::new() } else { date(2019 + numbers.below(7), numbers) },
        text::notes(numbers),
    ]
}

fn date(year: u32, numbers: &mut Numbers) -> String {
    let month = 1 + numbers.below(12);
    let last = match month {
        2 if year.is_multiple_of(4) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    format!("{year:04}-{month:02}-{:02}", 1 + numbers.below(last))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_same_on_every_machine() {
        let (one, two) = (rows(300), rows(300));
        assert_eq!(one, two);
        assert_eq!(one[0][0], "P-000001");
        assert_eq!(one[0][..10].join("|"), FIRST);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sample.csv");
        write_csv(&path, 300).unwrap();
        assert_eq!(crate::input::read(&path).unwrap().records, records(300), "what is written is read");
    }

    const FIRST: &str = "P-000001|MRN-10704792|Ruth Brooks|1983-02-13|901-10-7919|(402) 555-7052|\
        RuthBrooks.1@example.org|105 Harbour View, Rivertown 71251|Samuel Walker, (212) 555-8984|north";

    #[test]
    fn ids_are_unique_and_duplicates_are_there() {
        let rows = rows(5_000);
        let distinct = |column: usize| rows.iter().map(|row| row[column].as_str()).collect::<HashSet<_>>().len();
        assert_eq!((rows.len(), distinct(0), distinct(1)), (5_000, 5_000, 5_000));
        let filled = rows.iter().filter(|row| !row[4].is_empty()).count();
        let distinct_filled = distinct(4) - 1;
        assert!(filled - distinct_filled >= 40, "{} duplicates", filled - distinct_filled);
        assert!(rows.iter().all(|row| row[6].is_empty() || !row[6].starts_with('.')), "every address has a name");
        assert!(rows.iter().all(|row| row[10].is_empty() || row[3] < row[10]), "nobody is admitted before birth");
    }

    #[test]
    fn awkward_ones_are_among_them() {
        let rows = rows(5_000);
        let any = |test: &dyn Fn(&[String; 12]) -> bool| rows.iter().any(test);
        for script in ['ä', 'Д', 'Ω', 'م', 'ש', 'अ', '李', 'さ', '김'] {
            assert!(any(&|row| row[2].contains(script)), "{script}");
        }
        assert!(any(&|row| row[2].contains('\u{301}')), "decomposed");
        assert!(any(&|row| row[11].len() > 15_000) && any(&|row| row[11].is_empty()));
        assert!(any(&|row| row[11].contains('\n')) && any(&|row| row[11].contains('"')));
        for column in 3..=10 {
            let is_optional = !matches!(column, 3 | 9);
            assert_eq!(any(&|row| row[column].is_empty()), is_optional, "column {column}");
        }
        for (row, record) in rows.iter().zip(records(5_000)) {
            assert_eq!(record.len(), row.len());
            assert!(row.iter().map(String::len).sum::<usize>() < 60_000, "a row fits a page of the database");
        }
    }
}
