//! Columns are what single values are, many at a time.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use std::sync::LazyLock;

use common::{Clinic, code, patients, record, schema, schema_with_id, text};
use fieldward::{
    BinaryColumn, Column, DecryptedColumn, ErrorCode, FieldCipher, KeyState, Offsets, OnFailure, RecordId,
    RecordIdPart, RecordIds, RotateOptions, StoredColumn, StoredRef, TimeUnit, Validity, Value, ValueColumn,
};
use proptest::prelude::*;

static CLINIC: LazyLock<Clinic> = LazyLock::new(Clinic::new);

/// Rows as Arrow has them, starting at an offset that is not zero.
struct Rows {
    data: Vec<u8>,
    offsets: Vec<i64>,
    bits: Vec<u8>,
}

const SHIFT: usize = 3;

impl Rows {
    fn new<T: AsRef<[u8]>>(rows: &[Option<T>]) -> Self {
        let (mut data, mut bits) = (b"before".to_vec(), vec![0xff; (rows.len() + SHIFT).div_ceil(8)]);
        let mut offsets = vec![6];
        for (row, value) in rows.iter().enumerate() {
            match value {
                Some(value) => data.extend_from_slice(value.as_ref()),
                None => bits[(row + SHIFT) / 8] &= !(1 << ((row + SHIFT) % 8)),
            }
            offsets.push(i64::try_from(data.len()).unwrap());
        }
        data.extend_from_slice(b"after");
        Self { data, offsets, bits }
    }

    fn column(&self) -> BinaryColumn<'_> {
        BinaryColumn::new(&self.data, Offsets::I64(&self.offsets), Some(Validity::new(&self.bits, SHIFT))).unwrap()
    }
}

fn field(clinic: &Clinic, options: &str) -> FieldCipher {
    clinic.field(&schema(&format!(r#"{{"id": "x", {options}}}"#)), "x")
}

/// A field of records with numbers.
fn numbered(clinic: &Clinic, options: &str) -> FieldCipher {
    let id = r#"{"path": "id", "type": "i64"}"#;
    clinic.field(&schema_with_id("patients", id, &format!(r#"{{"id": "x", {options}}}"#)), "x")
}

fn sealed(field: &FieldCipher, column: &Column<'_>, records: &RecordIds<'_>) -> StoredColumn {
    let mut output = StoredColumn::new();
    field.encrypt_column(column, records, &mut output).unwrap();
    output
}

fn binary(column: &DecryptedColumn) -> Vec<Option<Vec<u8>>> {
    let ValueColumn::Binary(values) = &column.values else { panic!("not binary") };
    let values = values.as_column().unwrap();
    (0..values.rows()).map(|row| values.get(row).map(<[u8]>::to_vec)).collect()
}

fn as_stored(is_text: bool, bytes: Option<&[u8]>) -> StoredRef<'_> {
    match bytes {
        None => StoredRef::Null,
        Some(bytes) if is_text => StoredRef::Text(std::str::from_utf8(bytes).unwrap()),
        Some(bytes) => StoredRef::Bytes(bytes),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_column_is_its_values_one_by_one(
        rows in proptest::collection::vec(proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200)), 0..120),
        long in proptest::option::of((any::<prop::sample::Index>(), 1_000..5_000_usize)),
        deterministic in any::<bool>(),
        is_text in any::<bool>(),
        padded in any::<bool>(),
        bound in any::<bool>(),
    ) {
        let mut rows = rows;
        if let (Some((at, length)), false) = (long, rows.is_empty()) {
            let at = at.index(rows.len());
            rows[at] = Some(vec![5; length]);
        }
        let options = format!(
            r#""type": "bytes", "mode": "{}", "stored": "{}"{}{}"#,
            if deterministic { "deterministic" } else { "randomized" },
            if is_text { "text" } else { "bytes" },
            if padded { r#", "padding": {"block": 16}"# } else { "" },
            if bound || deterministic { "" } else { r#", "record_binding": "none""# },
        );
        let field = field(&CLINIC, &options);
        let ids: Vec<Option<String>> = (0..rows.len()).map(|row| Some(format!("p-{row}"))).collect();
        let (input, ids) = (Rows::new(&rows), Rows::new(&ids));
        let records = if bound && !deterministic { RecordIds::Text(ids.column()) } else { RecordIds::None };
        let output = sealed(&field, &Column::Binary(input.column()), &records);
        let stored = output.as_column().unwrap();
        prop_assert_eq!((stored.rows(), output.nulls()), (rows.len(), rows.iter().filter(|row| row.is_none()).count()));
        let mut singles = Vec::new();
        for (row, value) in rows.iter().enumerate() {
            let id = (bound && !deterministic).then(|| record(&format!("p-{row}")));
            let opened = field.decrypt(as_stored(is_text, stored.get(row)), id.as_ref()).unwrap();
            prop_assert_eq!(opened, value.clone().map(Value::Bytes), "a value of the column, read alone");
            let single = field.encrypt(value.clone().map(Value::Bytes).as_ref(), id.as_ref()).unwrap();
            let single = single.bytes().map(<[u8]>::to_vec).or(single.text().map(|text| text.as_bytes().to_vec()));
            if deterministic {
                prop_assert_eq!(single.as_deref(), stored.get(row), "the same bytes");
            }
            prop_assert_eq!(single.as_ref().map(Vec::len), stored.get(row).map(<[u8]>::len));
            singles.push(single);
        }
        let opened = field.decrypt_column(&stored, &records, OnFailure::Refuse).unwrap();
        prop_assert_eq!(binary(&opened), rows.clone());
        let singles = Rows::new(&singles);
        let opened = field.decrypt_column(&singles.column(), &records, OnFailure::Refuse).unwrap();
        prop_assert_eq!(binary(&opened), rows, "values written one by one, read as a column");
    }

    #[test]
    fn a_spoilt_row_fails_alone(
        rows in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 1..100),
        at in any::<prop::sample::Index>(),
        byte in any::<prop::sample::Index>(),
        deterministic in any::<bool>(),
    ) {
        let mode = if deterministic { "deterministic" } else { "randomized" };
        let field = numbered(&CLINIC, &format!(r#""type": "bytes", "mode": "{mode}""#));
        let input: Vec<_> = rows.iter().map(Some).collect();
        let input = Rows::new(&input);
        let numbers: Vec<i64> = (0..i64::try_from(rows.len()).unwrap()).collect();
        let records = if deterministic { RecordIds::None } else { RecordIds::I64(&numbers) };
        let output = sealed(&field, &Column::Binary(input.column()), &records);
        let row = at.index(rows.len());
        let mut data = output.data().to_vec();
        let (from, to) = (output.offsets()[row], output.offsets()[row + 1]);
        let (from, to) = (usize::try_from(from).unwrap(), usize::try_from(to).unwrap());
        data[from + byte.index(to - from)] ^= 0x04;
        let spoilt = BinaryColumn::new(&data, Offsets::I64(output.offsets()), None).unwrap();
        let refused = field.decrypt_column(&spoilt, &records, OnFailure::Refuse).unwrap_err();
        if refused.code() != ErrorCode::AuthenticationFailed {
            prop_assert_eq!(refused.detail().map(str::to_owned), Some(format!("row {row}")));
        }
        let opened = field.decrypt_column(&spoilt, &records, OnFailure::Report).unwrap();
        prop_assert_eq!(opened.failures.iter().map(|failure| failure.row).collect::<Vec<_>>(), [row]);
        for (other, value) in binary(&opened).into_iter().enumerate() {
            prop_assert_eq!(value.as_ref(), (other != row).then(|| &rows[other]));
        }
    }
}

#[test]
fn memory_is_used_again_and_holds_nothing_of_before() {
    let clinic = Clinic::new();
    let none = &RecordIds::None;
    let of = |kind: &str| {
        let field = field(&clinic, &format!(r#""type": "{kind}", "mode": "randomized", "record_binding": "none""#));
        let long = Rows::new(&[Some(&b"a longer row than those that follow it"[..]), Some(b"b"), None, Some(b"dd")]);
        let short = Rows::new(&[Some(&b"x"[..]), None]);
        match kind {
            "i64" => {
                [Column::I64(&[4, 5, 6], None), Column::I64(&[7], None)].map(|column| sealed(&field, &column, none))
            }
            "bool" => [Column::Bool(&[true, false], None), Column::Bool(&[false], None)]
                .map(|column| sealed(&field, &column, none)),
            _ => [&long, &short].map(|rows| sealed(&field, &Column::Binary(rows.column()), none)),
        }
        .map(|stored| (field.clone(), stored))
    };
    let mut output = fieldward::DecryptedColumn::default();
    for (field, stored) in ["text", "i64", "bytes", "bool", "text"].into_iter().flat_map(of) {
        let stored = stored.as_column().unwrap();
        field.decrypt_column_into(&stored, none, OnFailure::Refuse, &mut output).unwrap();
        assert!(output.values == field.decrypt_column(&stored, none, OnFailure::Refuse).unwrap().values);
    }
    let [(field, long), (_, short)] = of("text");
    field.decrypt_column_into(&long.as_column().unwrap(), none, OnFailure::Report, &mut output).unwrap();
    let place = |output: &fieldward::DecryptedColumn| match &output.values {
        ValueColumn::Binary(column) => column.data().as_ptr(),
        _ => panic!("text is binary"),
    };
    let before = place(&output);
    field.decrypt_column_into(&short.as_column().unwrap(), none, OnFailure::Report, &mut output).unwrap();
    assert_eq!(place(&output), before, "the same memory");
    assert_eq!(binary(&output), [Some(b"x".to_vec()), None]);
    let mut spoilt = short.data().to_vec();
    *spoilt.last_mut().unwrap() ^= 1;
    let spoilt = BinaryColumn::new(&spoilt, Offsets::I64(short.offsets()), None).unwrap();
    field.decrypt_column_into(&spoilt, none, OnFailure::Refuse, &mut output).unwrap_err();
    assert!(output.values == ValueColumn::Binary(StoredColumn::new()), "empty after a refusal");
}

#[test]
fn fixed_width_columns() {
    let clinic = Clinic::new();
    let bits = [0b1101_u8];
    let validity = Some(Validity::new(&bits, 0));
    let none = &RecordIds::None;
    let of =
        |kind: &str| field(&clinic, &format!(r#""type": "{kind}", "mode": "randomized", "record_binding": "none""#));
    let valid = vec![true, false, true, true];

    let integers = [i64::MIN, 7, 0, i64::MAX];
    let stored = sealed(&of("i64"), &Column::I64(&integers, validity), none);
    assert_eq!(
        of("i64").decrypt(StoredRef::Bytes(stored.as_column().unwrap().get(3).unwrap()), None).unwrap(),
        Some(Value::I64(i64::MAX))
    );
    let opened = of("i64").decrypt_column(&stored.as_column().unwrap(), none, OnFailure::Refuse).unwrap();
    assert_eq!(opened.values, ValueColumn::I64(vec![i64::MIN, 0, 0, i64::MAX], valid.clone()));

    let floats = [-0.0, 1.0, f64::INFINITY, 0.1];
    let stored = sealed(&of("f64"), &Column::F64(&floats, validity), none);
    let opened = of("f64").decrypt_column(&stored.as_column().unwrap(), none, OnFailure::Refuse).unwrap();
    assert_eq!(opened.values, ValueColumn::F64(vec![-0.0, 0.0, f64::INFINITY, 0.1], valid.clone()));

    let truths = [true, true, false, true];
    let stored = sealed(&of("bool"), &Column::Bool(&truths, validity), none);
    let opened = of("bool").decrypt_column(&stored.as_column().unwrap(), none, OnFailure::Refuse).unwrap();
    assert_eq!(opened.values, ValueColumn::Bool(vec![true, false, false, true], valid.clone()));

    let days = [0, 1, -719_162, 2_932_896];
    let stored = sealed(&of("date"), &Column::Date(&days, validity), none);
    let opened = of("date").decrypt_column(&stored.as_column().unwrap(), none, OnFailure::Refuse).unwrap();
    assert_eq!(opened.values, ValueColumn::Date(vec![0, 0, -719_162, 2_932_896], valid));
    let mut output = StoredColumn::new();
    let past = of("date").encrypt_column(&Column::Date(&[0, i32::MAX], None), none, &mut output).unwrap_err();
    assert_eq!((past.code(), past.detail(), output.rows()), (ErrorCode::ValueOutOfRange, Some("row 1"), 0));
    assert_eq!(past.row(), Some(1));

    for (unit, time, expected) in [
        (TimeUnit::Second, -1, "1969-12-31T23:59:59Z"),
        (TimeUnit::Millisecond, 1_709_168_523_100, "2024-02-29T01:02:03.100Z"),
        (TimeUnit::Microsecond, -1, "1969-12-31T23:59:59.999999Z"),
        (TimeUnit::Nanosecond, 1, "1970-01-01T00:00:00.000000001Z"),
    ] {
        let stored = sealed(&of("timestamp"), &Column::Timestamp(&[time], unit, None), none);
        let opened = of("timestamp").decrypt_column(&stored.as_column().unwrap(), none, OnFailure::Refuse).unwrap();
        assert_eq!(opened.values, ValueColumn::Values(vec![Some(Value::Timestamp(expected.parse().unwrap()))]));
    }
}

#[test]
fn record_ids_of_every_form() {
    let clinic = Clinic::new();
    let input = Rows::new(&[Some("a"), Some("b")]);
    let column = Column::Binary(input.column());
    let names = Rows::new(&[Some("p-1"), Some("p-2")]);
    let bound_to = |parts: &[&str]| {
        let parts: Vec<_> =
            parts.iter().enumerate().map(|(at, kind)| format!(r#"{{"path": "p{at}", "type": "{kind}"}}"#)).collect();
        let schema =
            schema_with_id("patients", &parts.join(", "), r#"{"id": "x", "type": "text", "mode": "randomized"}"#);
        clinic.field(&schema, "x")
    };
    let pair =
        |number, name: &str| RecordId::new([RecordIdPart::I64(number), RecordIdPart::Text(name.into())]).unwrap();
    let (pairs, ids) = ([pair(1, "x"), pair(2, "x")], [record("p-1"), record("p-2")]);
    let forms = [
        (&["text"][..], RecordIds::Text(names.column()), record("p-2")),
        (&["text"], RecordIds::Each(&ids), record("p-2")),
        (&["i64"], RecordIds::I64(&[1, 2]), RecordId::integer(2).unwrap()),
        (&["uuid"], RecordIds::Uuid(&[[1; 16], [2; 16]]), RecordId::uuid([2; 16]).unwrap()),
        (&["i64", "text"], RecordIds::Each(&pairs), pair(2, "x")),
    ];
    for (parts, records, second) in &forms {
        let field = bound_to(parts);
        let stored = sealed(&field, &column, records);
        let envelope = stored.as_column().unwrap();
        assert_eq!(field.decrypt(StoredRef::Bytes(envelope.get(1).unwrap()), Some(second)).unwrap(), Some(text("b")));
        assert_eq!(
            code(field.decrypt(StoredRef::Bytes(envelope.get(0).unwrap()), Some(second))),
            ErrorCode::AuthenticationFailed
        );
        let swapped = [second.clone(), second.clone()];
        let read = field.decrypt_column(&envelope, &RecordIds::Each(&swapped), OnFailure::Refuse);
        assert_eq!(code(read), ErrorCode::AuthenticationFailed);
        for (others, records, _) in &forms {
            let is_declared = others == parts;
            let written = field.encrypt_column(&column, records, &mut StoredColumn::new());
            assert!(is_declared || code(written) == ErrorCode::RecordIdInvalid, "{parts:?} under {others:?}");
            let read = field.decrypt_column(&envelope, records, OnFailure::Refuse);
            assert!(is_declared || code(read) == ErrorCode::RecordIdInvalid, "{parts:?} under {others:?}");
        }
    }
    let mixed = [record("p-1"), RecordId::integer(2).unwrap()];
    let field = bound_to(&["text"]);
    let refused = field.encrypt_column(&column, &RecordIds::Each(&mixed), &mut StoredColumn::new()).unwrap_err();
    assert_eq!((refused.code(), refused.row()), (ErrorCode::RecordIdInvalid, Some(1)));
    let mut output = StoredColumn::new();
    let seal =
        |records: RecordIds<'_>, output: &mut StoredColumn| code(field.encrypt_column(&column, &records, output));
    assert_eq!(seal(RecordIds::None, &mut output), ErrorCode::RecordIdMissing);
    assert_eq!(seal(RecordIds::Each(&mixed[..1]), &mut output), ErrorCode::InvalidArgument);
    let gap = Rows::new(&[Some("p-1"), None]);
    assert_eq!(seal(RecordIds::Text(gap.column()), &mut output), ErrorCode::RecordIdInvalid);
    let long = Rows::new(&[Some("p".repeat(5_000)), Some("q".into())]);
    assert_eq!(seal(RecordIds::Text(long.column()), &mut output), ErrorCode::RecordIdInvalid);
    assert_eq!(output.rows(), 0, "nothing half written");
}

#[test]
fn buffers_that_contradict_themselves() {
    for offsets in [&[][..], &[0, 2, 1], &[-1, 0], &[0, 4], &[5, 5]] {
        assert_eq!(
            code(BinaryColumn::new(b"abc", Offsets::I64(offsets), None)),
            ErrorCode::InvalidArgument,
            "{offsets:?}"
        );
    }
    assert_eq!(code(BinaryColumn::new(b"abc", Offsets::I32(&[0, i32::MIN]), None)), ErrorCode::InvalidArgument);
    let short = Some(Validity::new(&[0xff], 7));
    assert_eq!(code(BinaryColumn::new(b"abc", Offsets::I32(&[0, 1, 2]), short)), ErrorCode::InvalidArgument);
    assert!(BinaryColumn::new(b"", Offsets::I32(&[0]), None).unwrap().get(0).is_none());
    let clinic = Clinic::new();
    let number = numbered(&clinic, r#""type": "i64", "mode": "randomized""#);
    let mut output = StoredColumn::new();
    let refused = number.encrypt_column(
        &Column::I64(&[1, 2], Some(Validity::new(&[1], 8))),
        &RecordIds::I64(&[1, 2]),
        &mut output,
    );
    assert_eq!(code(refused), ErrorCode::InvalidArgument);
    let input = Rows::new(&[Some("1")]);
    let refused = number.encrypt_column(&Column::Binary(input.column()), &RecordIds::I64(&[1]), &mut output);
    assert_eq!(code(refused), ErrorCode::WrongType);
}

#[test]
fn values_that_do_not_fit_name_their_row() {
    let clinic = Clinic::new();
    let note = field(&clinic, r#""type": "text", "mode": "randomized", "record_binding": "none""#);
    let seal = |rows: &[Option<Vec<u8>>]| {
        let input = Rows::new(rows);
        let mut output = StoredColumn::new();
        let error = note.encrypt_column(&Column::Binary(input.column()), &RecordIds::None, &mut output).unwrap_err();
        assert_eq!(output.rows(), 0);
        (error.code(), error.detail().unwrap_or_default().to_owned())
    };
    assert_eq!(seal(&[Some(b"a".to_vec()), Some(vec![0xff])]), (ErrorCode::InvalidText, "row 1".to_owned()));
    let as_text = field(&clinic, r#""type": "text", "mode": "randomized", "record_binding": "none", "stored": "text""#);
    let envelope = as_text.encrypt(Some(&text("x")), None).unwrap().text().unwrap().as_bytes().to_vec();
    // As a whole the bytes are UTF-8, but the second row begins inside a character.
    assert_eq!(seal(&[Some(vec![b'a', 0xc3]), Some(vec![0xa9])]), (ErrorCode::InvalidText, "row 0".to_owned()));
    assert_eq!(seal(&[None, None, Some(envelope)]), (ErrorCode::AlreadyEncrypted, "row 2".to_owned()));
}

#[test]
fn versions_states_and_earlier_readings_in_one_column() {
    let clinic = Clinic::new();
    let note = field(&clinic, r#""type": "text", "mode": "randomized", "record_binding": "none""#);
    let mut envelopes = Vec::new();
    for turn in 0..4 {
        for row in 0..3 {
            let stored = note.encrypt(Some(&text(&format!("{turn}-{row}"))), None).unwrap();
            envelopes.push(stored.bytes().map(<[u8]>::to_vec));
        }
        envelopes.push(None);
        clinic.keyring.rotate(RotateOptions::activate_immediately()).unwrap();
    }
    let stored = Rows::new(&envelopes);
    let opened = note.decrypt_column(&stored.column(), &RecordIds::None, OnFailure::Refuse).unwrap();
    let expected: Vec<_> = (0..4)
        .flat_map(|turn| (0..4).map(move |row| (row < 3).then(|| format!("{turn}-{row}").into_bytes())))
        .collect();
    assert_eq!(binary(&opened), expected);

    clinic.keyring.mark_compromised(2, "leaked").unwrap();
    let opened = note.decrypt_column(&stored.column(), &RecordIds::None, OnFailure::Report).unwrap();
    let failed: Vec<_> = opened.failures.iter().map(|failure| (failure.row, failure.error.code())).collect();
    assert_eq!(failed, [4, 5, 6].map(|row| (row, ErrorCode::KeyCompromised)));
    let allowed = clinic.keyring.allow(KeyState::Compromised, "moving").unwrap();
    let plain = schema(r#"{"id": "x", "type": "text", "mode": "randomized", "record_binding": "none"}"#);
    let opened = allowed
        .field(&plain, None, "x")
        .unwrap()
        .decrypt_column(&stored.column(), &RecordIds::None, OnFailure::Refuse)
        .unwrap();
    assert_eq!((binary(&opened), opened.untrusted_rows), (expected, 3));

    // A field that binds its record today, and once did not.
    let moved = clinic.field(
        &schema(r#"{"id": "x", "type": "text", "mode": "randomized", "reads_also": [{"record_binding": "none"}]}"#),
        "x",
    );
    let fresh = moved.encrypt(Some(&text("bound")), Some(&record("p-1"))).unwrap();
    let mixed = Rows::new(&[envelopes[0].clone(), fresh.bytes().map(<[u8]>::to_vec), envelopes[14].clone()]);
    let ids = Rows::new(&[Some("p-0"), Some("p-1"), Some("p-2")]);
    let opened = moved.decrypt_column(&mixed.column(), &RecordIds::Text(ids.column()), OnFailure::Refuse).unwrap();
    assert_eq!(binary(&opened), [Some(b"0-0".to_vec()), Some(b"bound".to_vec()), Some(b"3-2".to_vec())]);
}

#[test]
fn tokens_of_a_column() {
    let clinic = Clinic::new();
    let number = field(&clinic, r#""type": "text", "mode": "deterministic""#);
    clinic.keyring.rotate(RotateOptions::activate_immediately()).unwrap();
    let input = Rows::new(&[Some("MRN-1"), None, Some("a record number that is longer than a block")]);
    let columns = number.tokens_column(&Column::Binary(input.column())).unwrap();
    assert_eq!(columns.len(), 2);
    for (version, column) in columns.iter().enumerate() {
        let column = column.as_column().unwrap();
        assert_eq!(column.get(1), None);
        for (row, value) in [(0, "MRN-1"), (2, "a record number that is longer than a block")] {
            assert_eq!(column.get(row), number.tokens(&text(value)).unwrap()[version].bytes());
        }
    }
    let note = field(&clinic, r#""type": "text", "mode": "randomized""#);
    assert_eq!(code(note.tokens_column(&Column::Binary(input.column()))), ErrorCode::WrongFieldMode);
}

#[test]
fn a_batch_has_one_prefix_and_no_nonce_twice() {
    let clinic = Clinic::new();
    let note = field(&clinic, r#""type": "text", "mode": "randomized", "record_binding": "none""#);
    let single = note.encrypt(Some(&text("x")), None).unwrap().bytes().unwrap().to_vec();
    let rows: Vec<_> = (0..10_000).map(|row| Some(row.to_string())).collect();
    let input = Rows::new(&rows);
    let mut nonces = std::collections::HashSet::new();
    let mut prefixes = std::collections::HashSet::from([single[5..17].to_vec()]);
    for _ in 0..2 {
        let stored = sealed(&note, &Column::Binary(input.column()), &RecordIds::None);
        let column = stored.as_column().unwrap();
        for row in 0..column.rows() {
            let envelope = column.get(row).unwrap();
            assert!(nonces.insert(envelope[5..29].to_vec()));
            prefixes.insert(envelope[5..17].to_vec());
        }
    }
    assert_eq!(prefixes.len(), 3, "one for each batch, and the handle's own");
}

#[test]
fn index_values_of_a_column() {
    let clinic = Clinic::new();
    let ssn = field(
        &clinic,
        r#""type": "text", "mode": "randomized", "indexes": [
            {"name": "exact", "column": "a", "transform": "exact", "normalizer": ["digits"]},
            {"name": "last", "column": "b", "transform": {"last": 4}, "bits": 20, "accept_leak": ["low_cardinality"]},
            {"name": "words", "column": "c", "transform": "words"}]"#,
    );
    let rows = [Some("999-41-1234"), None, Some("none"), Some("12"), Some("")];
    let input = Rows::new(&rows);
    for (number, name) in ["exact", "last"].iter().enumerate() {
        let column = ssn.index_column(name, &Column::Binary(input.column())).unwrap();
        let column = column.as_column().unwrap();
        for (row, value) in rows.iter().enumerate() {
            let single = ssn.index_values(value.map(text).as_ref()).unwrap();
            assert_eq!(column.get(row), single[number].1.bytes(), "{name} of row {row}");
        }
    }
    assert_eq!(code(ssn.index_column("words", &Column::Binary(input.column()))), ErrorCode::WrongFieldMode);
    assert_eq!(code(ssn.index_column("exact", &Column::I64(&[1], None))), ErrorCode::WrongType);
    assert_eq!(code(ssn.index_column("nothing", &Column::Binary(input.column()))), ErrorCode::UnknownIndex);
    let bad = Rows::new(&[Some(vec![b'1']), Some(vec![0xff])]);
    assert_eq!(code(ssn.index_column("exact", &Column::Binary(bad.column()))), ErrorCode::InvalidText);
}

/// With the feature `parallel`, parts of it on several cores: the same rows in the same order, the same row named.
#[test]
fn a_long_column() {
    let clinic = Clinic::new();
    let note = numbered(&clinic, r#""type": "text", "mode": "randomized""#);
    let rows: Vec<_> = (0..40_003).map(|row| (row % 7 != 3).then(|| format!("value {row}"))).collect();
    let numbers: Vec<i64> = (0..40_003).collect();
    let (input, records) = (Rows::new(&rows), RecordIds::I64(&numbers));
    let stored = sealed(&note, &Column::Binary(input.column()), &records);
    assert_eq!((stored.rows(), stored.nulls()), (40_003, rows.iter().filter(|row| row.is_none()).count()));
    let opened = note.decrypt_column(&stored.as_column().unwrap(), &records, OnFailure::Refuse).unwrap();
    assert!(binary(&opened).iter().zip(&rows).all(|(one, two)| one.as_deref() == two.as_ref().map(String::as_bytes)));
    let envelope = stored.as_column().unwrap().get(39_999).unwrap();
    let single = note.decrypt(StoredRef::Bytes(envelope), Some(&RecordId::integer(39_999).unwrap())).unwrap();
    assert_eq!(single, Some(text("value 39999")));

    let mut data = stored.data().to_vec();
    let spoilt = [5_usize, 20_001, 39_997];
    for row in spoilt {
        data[usize::try_from(stored.offsets()[row + 1]).unwrap() - 1] ^= 1;
    }
    let column =
        BinaryColumn::new(&data, Offsets::I64(stored.offsets()), Some(Validity::new(stored.validity(), 0))).unwrap();
    let opened = note.decrypt_column(&column, &records, OnFailure::Report).unwrap();
    assert_eq!(opened.failures.iter().map(|failure| failure.row).collect::<Vec<_>>(), spoilt);
    for (row, (found, expected)) in binary(&opened).iter().zip(&rows).enumerate() {
        let expected = expected.as_ref().filter(|_| !spoilt.contains(&row));
        assert_eq!(found.as_deref(), expected.map(String::as_bytes), "{row}");
    }
    assert_eq!(code(note.decrypt_column(&column, &records, OnFailure::Refuse)), ErrorCode::AuthenticationFailed);

    let mut bad: Vec<_> = (0..40_003).map(|row| Some(row.to_string().into_bytes())).collect();
    bad[30_000] = Some(vec![0xff]);
    let bad = Rows::new(&bad);
    let mut output = StoredColumn::new();
    let refused = note.encrypt_column(&Column::Binary(bad.column()), &records, &mut output).unwrap_err();
    assert_eq!((refused.code(), refused.detail(), output.rows()), (ErrorCode::InvalidText, Some("row 30000"), 0));
    assert_eq!(refused.row(), Some(30_000));
}

/// Rows that are shorter than their envelopes say, or stored as text.
#[test]
fn a_long_column_of_other_lengths() {
    let clinic = Clinic::new();
    let rows: Vec<_> = (0..20_001).map(|row| (row % 5 != 2).then(|| "x".repeat(row % 40))).collect();
    let input = Rows::new(&rows);
    for options in [
        r#""type": "text", "mode": "randomized", "record_binding": "none", "padding": {"block": 16}"#,
        r#""type": "text", "mode": "deterministic", "stored": "text""#,
        r#""type": "text", "mode": "deterministic""#,
    ] {
        let field = field(&clinic, options);
        let stored = sealed(&field, &Column::Binary(input.column()), &RecordIds::None);
        let mut opened = DecryptedColumn::default();
        for _ in 0..2 {
            let column = stored.as_column().unwrap();
            field.decrypt_column_into(&column, &RecordIds::None, OnFailure::Refuse, &mut opened).unwrap();
            let found = binary(&opened);
            assert!(found.iter().map(Option::as_deref).eq(rows.iter().map(|row| row.as_ref().map(String::as_bytes))));
        }
    }
}

#[test]
fn the_buffers_of_a_column_move_out() {
    let clinic = Clinic::new();
    let number = clinic.field(&patients(), "number");
    let column = BinaryColumn::new(b"abc", Offsets::I32(&[0, 1, 1, 3]), Some(Validity::new(&[0b101], 0))).unwrap();
    let mut stored = StoredColumn::new();
    number.encrypt_column(&Column::Binary(column), &RecordIds::None, &mut stored).unwrap();
    let at = stored.data().as_ptr();
    let (data, offsets, validity) = stored.into_parts();
    assert_eq!((data.as_ptr(), offsets, validity), (at, vec![0, 23, 23, 47], Some(vec![0b101])));
    let mut whole = StoredColumn::new();
    let column = BinaryColumn::new(b"abc", Offsets::I32(&[0, 1, 3]), None).unwrap();
    number.encrypt_column(&Column::Binary(column), &RecordIds::None, &mut whole).unwrap();
    assert_eq!(whole.into_parts().2, None, "no bitmap where no row is null");
}

#[test]
fn a_column_of_rows() {
    let column = StoredColumn::of([Some(b"ab".as_slice()), None, Some(b"")].into_iter());
    assert_eq!((column.rows(), column.nulls(), column.data(), column.offsets()), (3, 1, &b"ab"[..], &[0, 2, 2, 2][..]));
    assert_eq!(column.validity(), [0b101]);
}
