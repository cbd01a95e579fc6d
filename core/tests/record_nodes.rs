//! Records in a host's own types give what JSON records give, and keep the host's types.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::{Clinic, code};
use fieldward::{
    Change, Error, ErrorCode, RecordCipher, RecordNode, RecordStep, Result, RotateOptions, Schema, Stored, Value,
    ValueType,
};

/// A host's value: JSON's shapes with a typed leaf, which JSON has not.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Null,
    Leaf(Value),
    Stored(Vec<u8>),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl RecordNode for Node {
    fn names(&self) -> Option<Vec<String>> {
        if let Self::Object(members) = self {
            Some(members.iter().map(|(name, _)| name.clone()).collect())
        } else {
            None
        }
    }
    fn member(&self, name: &str) -> Option<Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(other, _)| other == name).map(|(_, node)| node.clone())
    }
    fn elements(&self) -> Option<Vec<Self>> {
        if let Self::List(elements) = self { Some(elements.clone()) } else { None }
    }
    fn is_null(&self) -> bool {
        *self == Self::Null
    }
    fn is_text(&self, text: &str) -> bool {
        *self == leaf(text)
    }
    fn value(&self, kind: ValueType) -> Result<Option<Value>> {
        match self {
            Self::Null => Ok(None),
            Self::Leaf(value) if value.value_type() == kind => Ok(Some(value.clone())),
            _ => Err(Error::new(ErrorCode::WrongType)),
        }
    }
    fn stored(&self) -> Result<Stored> {
        match self {
            Self::Null => Ok(Stored::Null),
            Self::Stored(bytes) => Ok(Stored::Bytes(bytes.clone())),
            Self::Leaf(Value::Text(text)) => Ok(Stored::Text(text.clone())),
            _ => Err(Error::new(ErrorCode::NotAnEnvelope)),
        }
    }
}

fn leaf(text: &str) -> Node {
    Node::Leaf(Value::from(text))
}

fn object(members: &[(&str, Node)]) -> Node {
    Node::Object(members.iter().map(|(name, node)| ((*name).to_owned(), node.clone())).collect())
}

fn put(root: &mut Node, steps: &[RecordStep], to: Node) {
    let place = steps.iter().fold(root, |node, step| match (node, step) {
        (Node::Object(members), RecordStep::Member(name)) => {
            &mut members.iter_mut().find(|(other, _)| other == name).unwrap().1
        }
        (Node::List(elements), RecordStep::Element(at)) => &mut elements[*at],
        _ => panic!("no such place"),
    });
    *place = to;
}

fn changed<T>(record: &Node, changes: &[Change<T>], node: impl Fn(&T) -> Node) -> Node {
    let mut record = record.clone();
    for change in changes {
        put(&mut record, &change.steps, node(&change.to));
    }
    record
}

fn stored(to: &Stored) -> Node {
    match to {
        Stored::Null => Node::Null,
        Stored::Bytes(bytes) => Node::Stored(bytes.clone()),
        Stored::Text(text) => leaf(text),
    }
}

fn patients(clinic: &Clinic) -> RecordCipher {
    let schema = r#"{"format": "fieldward-schema", "version": 1, "table": "patients",
        "record_id": [{"path": "id", "type": "i64"}], "clear": ["ward"],
        "fields": [
          {"id": "ssn", "type": "text", "mode": "randomized", "required": true,
           "indexes": [{"name": "exact", "column": "ssn_exact", "transform": "exact", "normalizer": ["digits"]}]},
          {"id": "scan", "type": "bytes", "mode": "randomized"},
          {"id": "born", "path": "kin[relation=mother].born", "type": "date", "mode": "randomized", "stored": "text"},
          {"id": "phone", "path": "kin[].phone", "type": "text", "mode": "randomized", "stored": "text",
           "indexes": [{"name": "exact", "column": "phones", "transform": "exact"}]}
        ]}"#;
    clinic.keyring.records(&Schema::from_json(schema).unwrap(), None).unwrap()
}

fn patient() -> Node {
    let day = |text: &str| Node::Leaf(Value::Date(text.parse().unwrap()));
    object(&[
        ("id", Node::Leaf(Value::I64(7))),
        ("ssn", leaf("999-41-1234")),
        ("scan", Node::Leaf(Value::Bytes(vec![0, 255]))),
        ("ward", day("2026-01-02")),
        (
            "kin",
            Node::List(vec![
                object(&[("relation", leaf("mother")), ("born", day("1950-02-03")), ("phone", leaf("1"))]),
                object(&[("relation", leaf("brother")), ("born", day("1980-02-03")), ("phone", leaf("1"))]),
                object(&[("relation", leaf("sister")), ("phone", Node::Null)]),
            ]),
        ),
    ])
}

#[test]
fn a_record_of_typed_leaves_comes_back_as_it_was() {
    let clinic = Clinic::new();
    let records = patients(&clinic);
    let sealed = records.encrypt_node(&patient()).unwrap();
    assert_eq!(sealed.changes.len(), 6);
    let row = changed(&patient(), &sealed.changes, stored);
    assert_eq!(row.member("ward"), patient().member("ward"), "what is in the clear keeps its type");
    let kin = row.member("kin").unwrap().elements().unwrap();
    assert!(kin[0].member("born").unwrap().stored().unwrap().text().unwrap().starts_with("fw1."));
    assert_eq!(kin[1].member("born"), patient().member("kin").unwrap().elements().unwrap()[1].member("born"));
    let opened = records.open_node(&row).unwrap();
    let back = changed(&row, &opened.changes, |value| value.clone().map_or(Node::Null, Node::Leaf));
    assert_eq!(back, patient());
    assert!(opened.is_trusted);
    let columns: Vec<_> =
        sealed.index_values.iter().map(|(column, value)| (column.as_str(), value.all().len())).collect();
    assert_eq!(columns, [("ssn_exact", 1), ("phones", 1)]);
}

#[test]
fn a_row_of_nodes_is_the_row_of_json() {
    let clinic = Clinic::new();
    let records = patients(&clinic);
    let sealed = records.encrypt_node(&patient()).unwrap();
    let json = serde_json::json!({"id": 7, "ssn": "999-41-1234", "scan": "AP8=", "ward": "2026-01-02"});
    let of_json = records.encrypt(json.as_object().unwrap()).unwrap();
    assert_eq!(of_json.index_value("ssn_exact"), Some(&sealed.index_values[0].1));
    let ssn = of_json.stored("ssn").unwrap().clone();
    let row = object(&[("id", Node::Leaf(Value::I64(7))), ("ssn", stored(&ssn))]);
    let opened = records.open_node(&row).unwrap();
    assert_eq!(opened.changes[0].to, Some(Value::from("999-41-1234")));
    assert!(records.node_matches("ssn", "exact", &Value::from("999411234"), &row).unwrap());
    assert!(!records.node_matches("ssn", "exact", &Value::from("999411235"), &row).unwrap());
}

#[test]
fn a_row_moves_to_the_current_key_and_its_index_is_compared() {
    let clinic = Clinic::new();
    let records = patients(&clinic);
    let sealed = records.encrypt_node(&patient()).unwrap();
    let row = changed(&patient(), &sealed.changes, stored);
    assert!(!records.node_needs_rotation(&row).unwrap());
    clinic.keyring.rotate(RotateOptions::activate_immediately()).unwrap();
    assert!(records.node_needs_rotation(&row).unwrap());
    let Node::Object(mut members) = row else { panic!("an object") };
    members.push(("ssn_exact".into(), Node::Stored(sealed.index_values[0].1.bytes().unwrap().to_vec())));
    let phones = sealed.index_values[1].1.all().iter().map(|one| Node::Stored(one.clone())).collect();
    members.push(("phones".into(), Node::List(phones)));
    let moved = records.reencrypt_node(&Node::Object(members.clone())).unwrap();
    assert_eq!(moved.index_values, sealed.index_values);
    let row = changed(&Node::Object(members.clone()), &moved.changes, stored);
    assert!(!records.node_needs_rotation(&row).unwrap());
    for other in [Node::Stored(vec![0; 16]), Node::List(vec![Node::Stored(vec![0; 16])]), Node::List(Vec::new())] {
        members.last_mut().unwrap().1 = other;
        assert_eq!(code(records.reencrypt_node(&Node::Object(members.clone()))), ErrorCode::AuthenticationFailed);
    }
    members.pop();
    members.last_mut().unwrap().1 = Node::Stored(vec![0; 16]);
    assert_eq!(code(records.reencrypt_node(&Node::Object(members))), ErrorCode::AuthenticationFailed);
}

#[test]
fn what_does_not_fit_is_refused() {
    let clinic = Clinic::new();
    let records = patients(&clinic);
    let with = |name: &str, node: Node| {
        let Node::Object(mut members) = patient() else { panic!("an object") };
        members.retain(|(other, _)| other != name);
        members.push((name.to_owned(), node));
        code(records.encrypt_node(&Node::Object(members)))
    };
    assert_eq!(with("ssn", Node::Leaf(Value::I64(1))), ErrorCode::WrongType);
    assert_eq!(with("ssn", Node::Null), ErrorCode::MissingField);
    assert_eq!(with("id", leaf("7")), ErrorCode::RecordIdInvalid);
    assert_eq!(with("kin", leaf("7")), ErrorCode::RecordShape);
    assert_eq!(with("kin", Node::List(vec![leaf("7")])), ErrorCode::RecordShape);
    assert_eq!(with("other", Node::Null), ErrorCode::UndeclaredField);
    assert_eq!(with("ssn_exact", Node::Null), ErrorCode::RecordShape);
    assert_eq!(with("ward", (0..200).fold(Node::Null, |node, _| Node::List(vec![node]))), ErrorCode::RecordTooDeep);
    assert_eq!(code(records.encrypt_node(&Node::Null)), ErrorCode::RecordShape);
    let sealed = records.encrypt_node(&patient()).unwrap();
    let mut row = changed(&patient(), &sealed.changes, stored);
    put(&mut row, &[RecordStep::Member("id".into())], Node::Leaf(Value::I64(8)));
    assert_eq!(code(records.open_node(&row)), ErrorCode::AuthenticationFailed, "another record's");
    assert_eq!(code(records.open_node(&patient())), ErrorCode::WrongStoredForm, "plaintext is not an envelope");
}
