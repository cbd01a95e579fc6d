//! Single values, short and long, beside the bare calls that a program would make instead.

use std::hint::black_box;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use aes_siv::siv::Aes256Siv;
use fieldward::{FieldCipher, RecordId, Stored, Value};
use fieldward_benches::fixture::{BOUND, DETERMINISTIC, PLAIN, field};
use fieldward_benches::fixture::{builder, field_of};
use fieldward_benches::{Bench, Turn};
use xaes_256_gcm::Xaes256Gcm;

const SSN: &str = "999-41-1234";
/// Length of a long value.
const MIB: usize = 1 << 20;

fn stored(field: &FieldCipher, value: &Value, id: Option<&RecordId>) -> Stored {
    field.encrypt(Some(value), id).expect("encrypts")
}

fn randomized(bench: &mut Bench) {
    let ssn = field(BOUND);
    let id = RecordId::uuid([3; 16]).expect("an id");
    let value = Value::from(SSN);
    // As long as the library's, with this record id.
    let aad = [1_u8; 36];
    let gcm = Aes256Gcm::new(&Key::<Aes256Gcm>::from([7; 32]));
    bench.alone("value_randomized_encrypt: aes-gcm, OS nonce", Turn::VALUES, || {
        let mut nonce = [0; 12];
        getrandom::fill(&mut nonce).expect("random bytes");
        gcm.encrypt(&Nonce::from(nonce), Payload { msg: black_box(SSN.as_bytes()), aad: &aad })
    });
    bench
        .alone("value_randomized_encrypt: fieldward", Turn::VALUES, || ssn.encrypt(Some(black_box(&value)), Some(&id)));
    let sealed = stored(&ssn, &value, Some(&id));
    let xaes = Xaes256Gcm::new(&[7; 32].into());
    let nonce = [3_u8; 24];
    let theirs = xaes.encrypt(&nonce.into(), Payload { msg: SSN.as_bytes(), aad: &aad }).expect("encrypts");
    bench.pair(
        "value_randomized_decrypt",
        "xaes-256-gcm",
        Turn::VALUES,
        || ssn.decrypt(black_box(sealed.as_ref()), Some(&id)),
        || xaes.decrypt(&nonce.into(), Payload { msg: black_box(&theirs), aad: &aad }),
    );
}

fn deterministic(bench: &mut Bench) {
    let number = field(DETERMINISTIC);
    let key = [7_u8; 64];
    let header = [0x82_u8, 1, 2, 3, 4];
    for (row, text) in [("value_deterministic_15", SSN), ("value_deterministic_32", "a street, a number, and a suburb")]
    {
        let value = Value::from(text);
        bench.pair(
            row,
            "aes-siv",
            Turn::VALUES,
            || number.encrypt(Some(black_box(&value)), None),
            || Aes256Siv::new((&key).into()).encrypt([&header], black_box(text.as_bytes())),
        );
        let mut siv = Aes256Siv::new((&key).into());
        bench.alone(&format!("{row}: aes-siv, kept"), Turn::VALUES, || {
            siv.encrypt([&header], black_box(text.as_bytes()))
        });
    }
    let value = Value::from(SSN);
    bench.alone("value_tokens: fieldward", Turn::VALUES, || number.tokens(black_box(&value)));
    let sealed = stored(&number, &value, None);
    bench.alone("value_deterministic_15, decrypt: fieldward", Turn::VALUES, || {
        number.decrypt(black_box(sealed.as_ref()), None)
    });
}

/// One value of 1 MiB a turn, and the bare call over the same bytes.
fn long(bench: &mut Bench) {
    let field = field(&PLAIN.replace("text", "bytes"));
    let bytes = vec![5_u8; MIB];
    let value = Value::Bytes(bytes.clone());
    let turn = Turn { calls: 1, values: 1 };
    let gcm = Aes256Gcm::new(&Key::<Aes256Gcm>::from([7; 32]));
    let (nonce, aad) = (Nonce::from([3; 12]), [1_u8; 11]);
    bench.pair(
        "value_long_encrypt",
        "aes-gcm",
        turn,
        || field.encrypt(Some(black_box(&value)), None),
        || gcm.encrypt(&nonce, Payload { msg: black_box(&bytes), aad: &aad }),
    );
    let sealed = stored(&field, &value, None);
    let theirs = gcm.encrypt(&nonce, Payload { msg: &bytes, aad: &aad }).expect("encrypts");
    bench.pair(
        "value_long_decrypt",
        "aes-gcm",
        turn,
        || field.decrypt(black_box(sealed.as_ref()), None),
        || gcm.decrypt(&nonce, Payload { msg: black_box(&theirs), aad: &aad }),
    );
}

/// The same by AWS-LC, beside a raw seal of the same bytes into a new buffer.
fn long_aws_lc(bench: &mut Bench) {
    use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

    let keyring = builder().backend(fieldward::Backend::AwsLc).create().expect("a keyring in memory");
    let field = field_of(&keyring, &PLAIN.replace("text", "bytes"));
    let bytes = vec![5_u8; MIB];
    let value = Value::Bytes(bytes.clone());
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).expect("32 bytes"));
    bench.pair(
        "value_long_aws_lc_encrypt",
        "aws-lc-rs",
        Turn { calls: 1, values: 1 },
        || field.encrypt(Some(black_box(&value)), None),
        || {
            let mut buffer = Vec::with_capacity(MIB + 16);
            buffer.extend_from_slice(black_box(&bytes));
            key.seal_in_place_append_tag(Nonce::assume_unique_for_key([3; 12]), Aad::from([1; 11]), &mut buffer)
                .expect("seals");
            buffer
        },
    );
}

fn main() {
    let mut bench = Bench::new("field");
    randomized(&mut bench);
    deterministic(&mut bench);
    long(&mut bench);
    long_aws_lc(&mut bench);
    bench.finish();
}
