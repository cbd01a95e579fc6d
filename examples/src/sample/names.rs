//! Names in several scripts, and mail addresses.

use super::Numbers;

/// Given names and family names that go together, by script.
const PEOPLE: [(&[&str], &[&str]); 11] = [
    (
        &["Mary", "John", "Grace", "Peter", "Ruth", "Samuel", "Ellen", "Noah"],
        &["Walker", "Stone", "Miller", "Brooks", "Carter", "Reed"],
    ),
    (&["Ana", "José", "Lucía", "Íñigo", "Beatriz"], &["García", "Muñoz", "Núñez", "Pérez"]),
    (&["Jürgen", "Käthe", "Jörg", "Zoë"], &["Müller", "Groß", "Schäfer", "Weiß"]),
    (&["Łucja", "Zdeněk", "Šárka", "Ağça"], &["Dvořák", "Wójcik", "Çelik", "Đorđević"]),
    (&["Дмитрий", "Ольга", "Иван"], &["Соколов", "Лебедева", "Попов"]),
    (&["Ωραία", "Νίκος", "Ελένη"], &["Παππάς", "Ωνάσης", "Γεωργίου"]),
    (&["محمد", "مريم", "سلمى"], &["حداد", "منصور", "خوري"]),
    (&["שרה", "משה", "נועה"], &["כהן", "לוי", "שלום"]),
    (&["अनिता", "अर्जुन", "मीरा"], &["शर्मा", "पटेल", "अग्रवाल"]),
    (&["伟", "芳", "娜"], &["李", "王", "张"]),
    (&["さくら", "健太", "花子"], &["佐藤", "鈴木", "高橋"]),
];
const KOREAN: (&[&str], &[&str]) = (&["민준", "서연", "지우"], &["김", "이", "박"]);
/// The first letters of a name whose accents stand as characters of their own.
const DECOMPOSED: [&str; 4] = ["Jose\u{301}", "Ame\u{301}lie", "Zoe\u{308}", "A\u{30a}sa"];

pub(super) fn name(numbers: &mut Numbers) -> String {
    // Half of them in plain Latin letters.
    let (given, family) = match numbers.below(24) {
        0..=11 => PEOPLE[0],
        12 => KOREAN,
        other => PEOPLE[1 + (other as usize - 13) % 10],
    };
    if numbers.one_in(60) {
        return format!("{} {}", numbers.pick(&DECOMPOSED), numbers.pick(family));
    }
    format!("{} {}", numbers.pick(given), numbers.pick(family))
}

/// Of the ASCII letters of a name and the patient's number, in any case.
pub(super) fn email(number: u32, name: &str, numbers: &mut Numbers) -> String {
    let letters: String = name.chars().filter(char::is_ascii_alphabetic).collect();
    let letters = if letters.is_empty() { "patient".to_owned() } else { letters };
    let domain = numbers.pick(&["example.org", "example.com", "example.net"]);
    let address = format!("{letters}.{number}@{domain}");
    match numbers.below(4) {
        0 => address.to_uppercase(),
        1 => address,
        _ => address.to_lowercase(),
    }
}
