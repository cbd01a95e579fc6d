//! Keyrings, fields and rows that the benches share. Metrics are at their defaults: on.

#![allow(clippy::expect_used, clippy::missing_panics_doc, reason = "a bench without its fixture has failed")]

use fieldward::{
    Backend, BinaryColumn, FieldCipher, Keyring, KeyringBuilder, LocalKeyProvider, MemoryStore, Offsets, Schema,
    SecretKey,
};

/// A keyring in memory, still to be created, with the portable back end unless another is named.
pub fn builder() -> KeyringBuilder {
    let key = SecretKey::generate().expect("random bytes");
    Keyring::builder("bench")
        .provider("primary", LocalKeyProvider::new(key))
        .store(MemoryStore::new())
        .no_pin("a bench in memory")
        .backend(Backend::Portable)
}

/// A new keyring in memory.
#[must_use]
pub fn keyring() -> Keyring {
    builder().create().expect("a keyring in memory")
}

/// A field of a keyring: `options` is the rest of its declaration.
#[must_use]
pub fn field_of(keyring: &Keyring, options: &str) -> FieldCipher {
    let text = format!(
        r#"{{"format": "fieldward-schema", "version": 1, "table": "t", "record_id": [{{"path": "id", "type": "uuid"}}],
            "fields": [{{"id": "x", {options}}}]}}"#
    );
    keyring.field(&Schema::from_json(&text).expect("a schema"), None, "x").expect("the field")
}

/// A field of a keyring of its own.
#[must_use]
pub fn field(options: &str) -> FieldCipher {
    field_of(&keyring(), options)
}

/// Randomized text that binds no record id.
pub const PLAIN: &str = r#""type": "text", "mode": "randomized", "record_binding": "none""#;
/// Randomized text that binds a record id.
pub const BOUND: &str = r#""type": "text", "mode": "randomized""#;
/// Deterministic text.
pub const DETERMINISTIC: &str = r#""type": "text", "mode": "deterministic""#;

/// Text of many lengths, as names, numbers and addresses are.
#[derive(Debug)]
pub struct Rows {
    data: Vec<u8>,
    offsets: Vec<i64>,
}

impl Rows {
    /// `count` rows, whose lengths go round from `shortest` to `longest`.
    #[must_use]
    pub fn new(count: usize, shortest: usize, longest: usize) -> Self {
        let (mut data, mut offsets) = (Vec::new(), Vec::with_capacity(count + 1));
        offsets.push(0);
        for row in 0..count {
            let length = shortest + row * 7 % (longest - shortest + 1);
            data.extend((row..row + length).map(|at| b'a' + u8::try_from(at % 26).unwrap_or(0)));
            offsets.push(i64::try_from(data.len()).expect("fits"));
        }
        Self { data, offsets }
    }

    /// The rows as the library takes them.
    #[must_use]
    pub fn column(&self) -> BinaryColumn<'_> {
        BinaryColumn::new(&self.data, Offsets::I64(&self.offsets), None).expect("a column")
    }

    /// The rows as a loop takes them.
    #[must_use]
    pub fn slices(&self) -> Vec<&[u8]> {
        let column = self.column();
        (0..column.rows()).filter_map(|row| column.get(row)).collect()
    }

    /// Bytes of all rows.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.data.len()
    }
}

/// Record ids of 16 bytes.
#[must_use]
pub fn uuids(count: usize) -> Vec<[u8; 16]> {
    (0..count)
        .map(|row| {
            u128::try_from(row).unwrap_or(0).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes()
        })
        .collect()
}
