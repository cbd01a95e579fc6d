use super::*;
use crate::keyring::root::{RootKeys, WrappedAs};

fn root() -> RootKeys {
    RootKeys::new("clinic", 1, SecretKey::from_slice(&[7; 32]).unwrap()).unwrap()
}

fn data_key(root: &RootKeys, version: u32, id: &str, state: KeyState) -> DataKeyEntry {
    let what = WrappedAs::Data { version, id: id.parse().unwrap() };
    let key = SecretKey::from_slice(&[u8::try_from(version).unwrap(); 32]).unwrap();
    let destroyed = state == KeyState::Destroyed;
    DataKeyEntry {
        version,
        key_id: id.into(),
        state,
        created: 0,
        epoch: 1,
        last_epoch: destroyed.then_some(1),
        changed: 0,
        wrapped: (!destroyed).then(|| Base64(root.wrap(what, &key).unwrap())),
    }
}

fn document() -> Document {
    let root = root();
    let mut document = Document::new("clinic", 3_600, 7_776_000);
    document.generation = 3;
    document.root_identity = Hex32(root.identity());
    document.providers.push(ProviderEntry {
        name: "primary".into(),
        kind: "local".into(),
        key_name: "k".into(),
        made: false,
        params: BTreeMap::from([("salt".into(), "x".into())]),
        wrapped_root: Base64(vec![1; 72]),
    });
    document.data_keys.push(data_key(&root, 1, "00000001", KeyState::Destroyed));
    document.data_keys.push(data_key(&root, 2, "00000002", KeyState::Active));
    document.schedule.push(Entry { version: 2, time: 0, at_once: true });
    document
}

fn code(result: Result<impl Sized>) -> ErrorCode {
    match result {
        Ok(_) => panic!("accepted"),
        Err(error) => error.code(),
    }
}

/// Seals text that is not what this code writes.
fn sealed(json: &str) -> Vec<u8> {
    let mut bytes = format!("{json}\n").into_bytes();
    let mac = Hmac::new(&root().document).unwrap().tag(&bytes);
    bytes.extend_from_slice(format!("{MAC_LINE}{}\n", base16ct::lower::encode_string(&mac)).as_bytes());
    bytes
}

fn json() -> String {
    serde_json::to_string(&document()).unwrap()
}

#[test]
fn comes_back_as_it_was() {
    let written = document();
    let stored = written.seal(&root().document).unwrap();
    let (opened, tag) = Document::open(&stored.bytes, &root().document).unwrap();
    assert_eq!(serde_json::to_string(&opened).unwrap(), serde_json::to_string(&written).unwrap());
    assert_eq!((tag.generation, tag), (3, stored.tag));
    assert!(Document::open(&sealed(&json()), &root().document).is_ok(), "the bytes are covered as they stand");
}

#[test]
fn the_mac_covers_every_byte() {
    let bytes = document().seal(&root().document).unwrap().bytes;
    for at in 0..bytes.len() {
        let mut edited = bytes.clone();
        edited[at] ^= 1;
        let code = code(Document::open(&edited, &root().document));
        assert!(matches!(code, ErrorCode::AuthenticationFailed | ErrorCode::KeyringMalformed), "byte {at}: {code:?}");
    }
    let other = RootKeys::new("clinic", 1, SecretKey::from_slice(&[8; 32]).unwrap()).unwrap();
    assert_eq!(code(Document::open(&bytes, &other.document)), ErrorCode::AuthenticationFailed);
}

#[test]
fn every_cut_is_refused() {
    let bytes = document().seal(&root().document).unwrap().bytes;
    for length in 0..bytes.len() {
        let cut = &bytes[..length];
        assert!(head(cut, "clinic").is_err() && Document::open(cut, &root().document).is_err(), "{length} bytes");
    }
}

#[test]
fn key_ids_are_unique() {
    let mut document = document();
    document.data_keys[1].key_id = "00000001".into();
    assert_eq!(code(document.seal(&root().document)), ErrorCode::KeyringMalformed);
}

#[test]
fn contradictions_are_refused() {
    type Spoil = fn(&mut Document);
    let cases: [(&str, Spoil); 9] = [
        ("no data key", |document| document.data_keys.clear()),
        ("versions out of order", |document| document.data_keys.reverse()),
        ("a destroyed version with its key", |document| document.data_keys[0].wrapped = Some(Base64(vec![0; 72]))),
        ("a live version without its key", |document| document.data_keys[1].wrapped = None),
        ("no schedule", |document| document.schedule.clear()),
        ("a schedule that begins in time", |document| document.schedule[0].at_once = false),
        ("a schedule of an unknown version", |document| document.schedule[0].version = 9),
        ("no provider", |document| document.providers.clear()),
        ("one provider twice", |document| document.providers.push(document.providers[0].clone())),
    ];
    for (what, spoil) in cases {
        let mut document = document();
        spoil(&mut document);
        assert_eq!(code(document.seal(&root().document)), ErrorCode::KeyringMalformed, "{what}");
    }
    let mut full = document();
    full.providers = (0..9).map(|n| ProviderEntry { name: n.to_string(), ..full.providers[0].clone() }).collect();
    assert_eq!(code(full.seal(&root().document)), ErrorCode::KeyringFull);
}

#[test]
fn unknown_and_duplicate_members_are_refused() {
    let json = json();
    for (from, to) in [
        (r#""epoch":1"#, r#""epoch":1,"epoch":1"#),
        (r#""name":"primary""#, r#""name":"primary","name":"primary""#),
        (r#""salt":"x""#, r#""salt":"x","salt":"x""#),
        (r#""version":2"#, r#""version":2,"version":2"#),
        (r#""max_staleness""#, r#""unknown":0,"max_staleness""#),
        (r#""kind":"local""#, r#""kind":"local","address":"x""#),
        (r#""active""#, r#""alive""#),
        (r#""generation":3"#, r#""generation":-3"#),
        (r#""rollback_window":7776000"#, r#""rollback_window":7776000.5"#),
    ] {
        let edited = json.replacen(from, to, 1);
        assert_ne!(edited, json, "{from}");
        assert_eq!(code(Document::open(&sealed(&edited), &root().document)), ErrorCode::KeyringMalformed, "{to}");
    }
}

#[test]
fn before_the_mac_only_the_head_is_believed() {
    let bytes = sealed(&json());
    assert_eq!(head(&bytes, "clinic").unwrap().epoch, 1);
    assert_eq!(code(head(&bytes, "other")), ErrorCode::KeyringWrongId);
    let newer = sealed(&json().replacen(r#""version":1"#, r#""version":2"#, 1));
    assert_eq!(code(head(&newer, "clinic")), ErrorCode::KeyringVersion);
    let foreign = sealed(&json().replacen(FORMAT, "something-else", 1));
    assert_eq!(code(head(&foreign, "clinic")), ErrorCode::KeyringMalformed);
    let long = vec![b' '; MAX_DOCUMENT_LEN + 1];
    assert_eq!(code(head(&long, "clinic")), ErrorCode::KeyringTooLarge);
    let deep = sealed(&format!("{{\"generation\":1,\"x\":{}}}", "[".repeat(100_000)));
    assert_eq!(code(head(&deep, "clinic")), ErrorCode::KeyringMalformed);
}

#[test]
fn wrapped_keys_are_bound_to_what_they_are() {
    let root = root();
    let key = SecretKey::from_slice(&[9; 32]).unwrap();
    let id = |text: &str| text.parse().unwrap();
    let places = [
        WrappedAs::Data { version: 1, id: id("00000001") },
        WrappedAs::Data { version: 2, id: id("00000001") },
        WrappedAs::Data { version: 1, id: id("00000002") },
        WrappedAs::Index { number: 1 },
        WrappedAs::Index { number: 2 },
        WrappedAs::Audit { epoch: 1 },
        WrappedAs::Link { epoch: 1 },
    ];
    let others =
        [RootKeys::new("other", 1, root.root.clone()).unwrap(), RootKeys::new("clinic", 2, root.root.clone()).unwrap()];
    for (from, what) in places.iter().enumerate() {
        let wrapped = root.wrap(*what, &key).unwrap();
        assert_eq!(wrapped.len(), 72);
        for (to, other) in places.iter().enumerate() {
            assert_eq!(root.unwrap(*other, &wrapped).is_ok(), from == to, "{what:?} as {other:?}");
        }
        assert!(others.iter().all(|other| other.unwrap(*what, &wrapped).is_err()), "another keyring or epoch");
    }
}
