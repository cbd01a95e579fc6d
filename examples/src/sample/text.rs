//! Addresses and notes.

use super::Numbers;

const STREETS: [&str; 8] = [
    "Long Street",
    "Mill Lane",
    "Station Road",
    "Hauptstraße",
    "Rua Direita",
    "улица Мира",
    "Church Walk",
    "Harbour View",
];
const TOWNS: [&str; 6] = ["Springfield", "Rivertown", "Bad Überlingen", "São Vicente", "Кедровка", "Hillside"];
const SENTENCES: [&str; 12] = [
    "Seen for a routine check-up; no complaints.",
    "Blood pressure 128/82, pulse regular.",
    "Reports \"stabbing\" pain in the left knee, worse at night.",
    "Allergic to penicillin; tolerates macrolides.",
    "Dosage lowered to 5 mg, twice a day, with food.",
    "Follow-up in six weeks, earlier if the fever returns.",
    "Mother had type 2 diabetes; father, unknown.",
    "Vaccinations are up to date (tetanus, measles, influenza).",
    "Prefers letters in large print; needs an interpreter: 中文.",
    "Declined the procedure after a long talk about its risks.",
    "Température 38,4 °C; Hämoglobin 11.2 g/dl; вес 71 кг.",
    "Lives alone on the third floor without a lift.",
];

pub(super) fn address(numbers: &mut Numbers) -> String {
    let (street, town) = (*numbers.pick(&STREETS), *numbers.pick(&TOWNS));
    format!("{} {street}, {town} {:05}", 1 + numbers.below(400), 10_000 + numbers.below(80_000))
}

/// Nothing, a sentence or two, a few paragraphs, or a very long history.
pub(super) fn notes(numbers: &mut Numbers) -> String {
    let sentences = match numbers.below(1_000) {
        0..=3 => 330,
        4..=103 => 0,
        104..=303 => 12,
        _ => 1 + numbers.below(3),
    };
    let mut notes = String::new();
    for number in 0..sentences {
        if number > 0 {
            notes.push_str(if number % 6 == 0 { "\n\n" } else { " " });
        }
        // A number of its own makes most notes differ.
        let sentence = numbers.pick(&SENTENCES);
        notes.push_str(sentence);
        if number == 0 {
            notes.push_str(&format!(" Visit {}.", numbers.below(1_000_000)));
        }
    }
    notes
}
