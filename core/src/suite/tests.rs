#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use aes_gcm::aead::{Aead, Payload};
use proptest::prelude::*;
use xaes_256_gcm::Xaes256Gcm;
use xaes_256_gcm::aead::KeyInit;

use super::xaes::Xaes;
use super::*;
use crate::error::ErrorCode;
use crate::secret::SecretKey;

fn hex(text: &str) -> Vec<u8> {
    base16ct::lower::decode_vec(text).unwrap()
}

/// C2SP XAES-256-GCM, "Test Vectors", both worked examples.
#[test]
fn xaes_worked_vectors() {
    let nonce: [u8; 24] = *b"ABCDEFGHIJKLMNOPQRSTUVWX";
    let one = SecretKey::from_slice(&[1; 32]).unwrap();
    let sealed = xaes::seal_with_nonce(&one, &nonce, b"", b"XAES-256-GCM");
    assert_eq!(sealed[24..], hex("ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"));
    let three = SecretKey::from_slice(&[3; 32]).unwrap();
    let sealed = xaes::seal_with_nonce(&three, &nonce, b"c2sp.org/XAES-256-GCM", b"XAES-256-GCM");
    assert_eq!(sealed[24..], hex("986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"));
    assert_eq!(*xaes::open(&three, b"c2sp.org/XAES-256-GCM", &sealed).unwrap(), b"XAES-256-GCM");
}

/// C2SP XAES-256-GCM, "Test Vectors", the accumulated runs: inputs from SHAKE128 of nothing, outputs into SHAKE128.
#[test]
fn xaes_accumulated() {
    use shake::digest::{ExtendableOutput, Update, XofReader};
    for (iterations, expected) in [
        (10_000, "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939"),
        (1_000_000, "2163ae1445985a30b60585ee67daa55674df06901b890593e824b8a7c885ab15"),
    ] {
        let mut inputs = shake::Shake128::default().finalize_xof();
        let mut outputs = shake::Shake128::default();
        let mut buffer = [0u8; 256];
        for _ in 0..iterations {
            let mut key = [0; 32];
            let mut nonce = [0; 24];
            inputs.read(&mut key);
            inputs.read(&mut nonce);
            let mut text = || {
                inputs.read(&mut buffer[..1]);
                let length = usize::from(buffer[0]);
                inputs.read(&mut buffer[..length]);
                buffer[..length].to_vec()
            };
            let plaintext = text();
            let associated_data = text();
            let key = SecretKey::from_slice(&key).unwrap();
            let sealed = xaes::seal_with_nonce(&key, &nonce, &associated_data, &plaintext);
            outputs.update(&sealed[24..]);
        }
        let mut hash = [0; 32];
        outputs.finalize_xof().read(&mut hash);
        assert_eq!(base16ct::lower::encode_string(&hash), expected, "{iterations} iterations");
    }
}

/// RFC 5297, A.1 uses a 256-bit key; this one, with a 512-bit key, was computed with the `AESSIV` class of Python's
/// `cryptography` package. The RFC's own vectors run through the same crate in `tests/third_party.rs`.
#[test]
fn siv_known_bytes() {
    let mut key = [0u8; 64];
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::try_from(index).unwrap();
    }
    let siv = Siv::new(key.into());
    let mut sealed = [&[0; 16], b"plaintext".as_slice()].concat();
    siv.seal_in_place(b"header", &mut sealed, 16).unwrap();
    assert_eq!(sealed, hex("ce27f086f0b79e0bc7b729218ee028165a0ab757a02ae0570b"));
    assert_eq!(*siv.open(b"header", &sealed).unwrap(), b"plaintext");
    for (header, sealed) in
        [(&b"Header"[..], &sealed[..]), (b"", &sealed), (b"header", &sealed[..24]), (b"header", &sealed[..15])]
    {
        assert_eq!(siv.open(header, sealed).unwrap_err().code(), ErrorCode::AuthenticationFailed);
    }
}

#[test]
fn every_bit_of_a_sealed_message_counts() {
    let key = SecretKey::from_slice(&[9; 32]).unwrap();
    let sealed = xaes::seal(&key, b"ad", b"hello").unwrap();
    assert_eq!(sealed.len(), 5 + xaes::OVERHEAD);
    let siv = Siv::new([5; 64].into());
    let mut deterministic = [&[0; 16], b"hello".as_slice()].concat();
    siv.seal_in_place(b"ad", &mut deterministic, 16).unwrap();
    for bit in 0..sealed.len() * 8 {
        let mut copy = sealed.clone();
        copy[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(xaes::open(&key, b"ad", &copy).unwrap_err().code(), ErrorCode::AuthenticationFailed);
    }
    for bit in 0..deterministic.len() * 8 {
        let mut copy = deterministic.clone();
        copy[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(siv.open(b"ad", &copy).unwrap_err().code(), ErrorCode::AuthenticationFailed);
    }
    for length in 0..sealed.len() {
        assert_eq!(xaes::open(&key, b"ad", &sealed[..length]).unwrap_err().code(), ErrorCode::AuthenticationFailed);
    }
}

#[test]
fn equal_messages_never_give_equal_bytes() {
    let key = SecretKey::generate().unwrap();
    let all: std::collections::HashSet<_> = (0..10_000).map(|_| xaes::seal(&key, b"", b"").unwrap()).collect();
    assert_eq!(all.len(), 10_000);
}

/// One prefix for 2^16 messages of a handle, each with 12 bytes of its own.
#[test]
fn a_handle_changes_its_prefix() {
    let cipher = Xaes::new(&SecretKey::generate().unwrap(), Backend::Portable);
    let (mut prefixes, mut nonces) = (Vec::new(), std::collections::HashSet::new());
    for _ in 0..(1 << 16) + 100 {
        let mut sealed = vec![0; 24];
        cipher.seal_in_place(b"", &mut sealed, 24).unwrap();
        if prefixes.last().map(Vec::as_slice) != Some(&sealed[..12]) {
            prefixes.push(sealed[..12].to_vec());
        }
        assert!(nonces.insert(sealed[..24].to_vec()));
    }
    assert_eq!(prefixes.len(), 2);
}

/// A batch counts up modulo 2^96 and never carries into its prefix.
#[test]
fn a_batch_counts_without_carry() {
    let cipher = Xaes::new(&SecretKey::generate().unwrap(), Backend::Portable);
    let mut batch = cipher.batch([].into()).unwrap();
    batch.set_counter((1 << 96) - 2);
    assert_eq!([(); 4].map(|()| batch.next_counter()), [(1 << 96) - 2, (1 << 96) - 1, 0, 1]);
}

proptest! {
    /// Groups of a batch, single and long messages: each is one of `xaes-256-gcm` under the same nonce, and the other way round.
    #[test]
    fn xaes_is_what_the_peer_gives(
        key in any::<[u8; 32]>(),
        shared in proptest::collection::vec(any::<u8>(), 0..40),
        messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..300), 1..40),
        start in any::<u128>(),
    ) {
        let secret = SecretKey::from_slice(&key).unwrap();
        let (xaes, peer) = (Xaes::new(&secret, Backend::Portable), Xaes256Gcm::new(&key.into()));
        let mut batch = xaes.batch(shared.as_slice().into()).unwrap();
        batch.set_counter(start >> 32);
        let prefix = batch.prefix;
        let nonce = |counter: u128| -> [u8; 24] { [&prefix, &counter.to_be_bytes()[4..]].concat().try_into().unwrap() };
        let (mut group, mut sealed) = (Group::new(messages.len()), Vec::new());
        let flush = |batch: &mut xaes::Batch, group: &mut Group, sealed: &mut Vec<_>| {
            let each = |counter, text: Text<'_>, tag: [u8; 16]| {
                let mut bytes = Vec::new();
                text.append_to(&mut bytes);
                sealed.push((nonce(counter), [bytes.as_slice(), &tag].concat()));
                Ok::<(), ()>(())
            };
            batch.short.seal(group, each).unwrap();
        };
        for message in &messages {
            if !group.takes(message.len(), 0) {
                flush(&mut batch, &mut group, &mut sealed);
            }
            let beside = Beside { shared: shared.len(), own: &[], nonce: batch.next_counter() };
            group.push_gcm_plain(&beside, message[0], &message[1..]);
        }
        flush(&mut batch, &mut group, &mut sealed);
        prop_assert_eq!(sealed.len(), messages.len());
        for (message, (nonce, bytes)) in messages.iter().zip(&sealed) {
            let expected = peer.encrypt(&(*nonce).into(), Payload { msg: message, aad: &shared }).unwrap();
            prop_assert_eq!(bytes, &expected);
            // Alone, and as what is too long for a group.
            prop_assert_eq!(&xaes::seal_with_nonce(&secret, nonce, &shared, message)[24..], expected.as_slice());
            prop_assert_eq!(xaes.open(&shared, &[nonce.as_slice(), &expected].concat()).unwrap().to_vec(), message.clone());
            let mut long = message.clone();
            let counter = nonce[12..].iter().fold(0, |all, byte| all << 8 | u128::from(*byte));
            let tag = batch.seal_long(counter, &shared, &mut long).unwrap();
            prop_assert_eq!([long.as_slice(), &tag].concat(), expected);
            prop_assert!(batch.open_long(counter, &shared, &mut long, tag));
            prop_assert_eq!(&long, message);
        }
    }
}
