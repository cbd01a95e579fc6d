"""Inputs and expectations of `record.json`: what goes in comes back as it was, or is refused.

The envelopes are random, so a case states what is known of them: which members are encrypted, how many values each index
gives, and that decryption gives the very text of the record.
"""

import json

TABLE = {
    "format": "fieldward-schema", "version": 1, "table": "t", "record_id": [{"path": "id", "type": "text"}], "clear": ["ward"],
}
FHIR = {
    "format": "fieldward-schema", "version": 1, "table": "Patient", "undeclared": "clear", "record_id": [{"path": "id", "type": "text"}],
    "fields": [
        {"id": "ssn", "path": "identifier[type.coding.code=SS].value", "type": "text", "mode": "randomized", "stored": "text",
         "indexes": [{"name": "exact", "column": "ssn_exact", "transform": "exact", "normalizer": ["digits"]}]},
        {"id": "phone", "path": "telecom[system=phone].value", "type": "text", "mode": "randomized", "stored": "text",
         "indexes": [{"name": "exact", "column": "phone_exact", "transform": "exact", "normalizer": ["digits"]}]},
        {"id": "given", "path": "name[].given[]", "type": "text", "mode": "randomized", "stored": "text"},
        {"id": "place", "path": "address[].extension", "type": "json", "mode": "randomized", "stored": "text"},
    ],
}
PATIENT = {
    "id": "p-1",
    "identifier": [{"system": "u", "value": "clear"}, {"type": {"coding": [{"code": "XX"}, {"code": "SS"}]}, "value": "999-41-1234"}],
    "name": [{"family": "D", "given": ["Ana", "\u0141ucja"]}, {"given": []}],
    "telecom": [{"system": "phone", "value": "555-0100"}, {"system": "email", "value": "a"}, {"system": "phone", "value": "555.0101"}],
    "address": [{"extension": [{"url": "g", "b": 1, "a": [None, 1.5]}]}, None],
}
VALUES = {
    "bytes": ["", "AP8=", "AAECAw=="],
    "text": ["", "1", "\u6771\u4eac\u0000"],
    "i64": [0, -9223372036854775808, 9223372036854775807],
    "f64": [0.5, -0.0, 1e300],
    "bool": [True, False],
    "date": ["0001-01-01", "9999-12-31"],
    "timestamp": ["2024-02-29T01:02:03Z", "2024-02-29T01:02:03.100+05:30", "2024-02-29T01:02:03"],
    "decimal": ["1.10", "-0.5"],
    "json": [{"b": 1, "a": [None, 1.5, "x"]}, [], "t", 7],
    "uuid": ["00112233-4455-6677-8899-aabbccddeeff"],
}
REFUSED = {
    "bytes": [("unpadded", "AP8", "value_not_canonical"), ("other_alphabet", "_w==", "value_not_canonical"), ("number", 1, "wrong_type")],
    "text": [("number", 1, "wrong_type"), ("truth", True, "wrong_type"), ("object", {}, "wrong_type"), ("array", [], "wrong_type")],
    "i64": [("text", "1", "wrong_type"), ("fraction", 1.5, "wrong_type"), ("too_large", 9223372036854775808, "value_out_of_range")],
    "f64": [("whole", 1, "value_not_canonical"), ("text", "1.0", "wrong_type")],
    "bool": [("number", 0, "wrong_type"), ("text", "true", "wrong_type")],
    "date": [("no_such_day", "2023-02-29", "value_out_of_range"), ("number", 20230228, "wrong_type"), ("empty", "", "value_not_canonical")],
    "timestamp": [("space", "2024-02-29 01:02:03Z", "value_not_canonical"), ("number", 1, "wrong_type")],
    "decimal": [("number", 1.5, "wrong_type"), ("exponent", "1e5", "value_not_canonical")],
    "uuid": [("no_hyphens", "00112233445566778899aabbccddeeff", "value_not_canonical"),
             ("capitals", "00112233-4455-6677-8899-AABBCCDDEEFF", "value_not_canonical")],
}


def cases():
    op = "record_encrypt"

    def case(schema, record, **more):
        return {"schema": json.dumps(schema), "record": json.dumps(record, ensure_ascii=False, separators=(",", ":"))} | more

    def table(*fields):
        return TABLE | {"fields": list(fields)}

    def field(kind, mode="randomized", **more):
        return {"id": "x", "type": kind, "mode": mode} | more

    # values
    for kind, values in VALUES.items():
        for number, value in enumerate(values):
            yield f"{kind}_{number}", op, case(table(field(kind)), {"id": "1", "x": value, "ward": 7}), {"encrypted": ["x"], "indexes": {}}
        yield f"{kind}_null", op, case(table(field(kind)), {"id": "1", "x": None}), {"encrypted": [], "indexes": {}}
        for name, value, code in REFUSED.get(kind, []):
            yield f"{kind}_{name}", op, case(table(field(kind)), {"id": "1", "x": value}), {"error": code}
    exact = {"name": "exact", "column": "x_exact", "transform": "exact", "normalizer": ["digits"]}
    indexed = table(field("text", indexes=[exact]))
    for name, value, count in [("digits", "999-41-1234", 1), ("no_digits", "none", 0), ("null", None, 0)]:
        row = {"id": "1", "x": value}
        yield f"index_{name}", op, case(indexed, row), {"encrypted": ["x"] if value else [], "indexes": {"x_exact": count}}
    yield "index_missing", op, case(indexed, {"id": "1"}), {"encrypted": [], "indexes": {}}
    yield "order_of_members", op, case(table(field("text")), {"ward": [1], "x": "a", "id": "1"}), {"encrypted": ["x"], "indexes": {}}

    # documents
    yield "fhir", op, case(FHIR, PATIENT), {"encrypted": [], "indexes": {"ssn_exact": 1, "phone_exact": 2}}
    # an array without such an element, or null in its place, gives no index value
    for name, change in {"telecom_empty": {"telecom": []}, "telecom_null": {"telecom": None}}.items():
        yield f"fhir_{name}", op, case(FHIR, PATIENT | change), {"encrypted": [], "indexes": {"ssn_exact": 1}}
    for name, change, code in [
        ("identifier_text", {"identifier": "x"}, "record_shape"),
        ("identifier_object", {"identifier": {}}, "record_shape"),
        ("telecom_number", {"telecom": 7}, "record_shape"),
        ("name_nested_array", {"name": [["Ana"]]}, "record_shape"),
        ("given_text", {"name": [{"given": "Ana"}]}, "record_shape"),
        ("given_number", {"name": [{"given": [7]}]}, "wrong_type"),
        ("address_number", {"address": [1]}, "record_shape"),
        ("index_column", {"ssn_exact": "x"}, "record_shape"),
    ]:
        yield f"fhir_{name}", op, case(FHIR, PATIENT | change), {"error": code}

    # strictness and record ids
    strict = table(field("text", required=True))
    for name, record, code in [
        ("undeclared", {"id": "1", "x": "a", "y": 1}, "undeclared_field"),
        ("required_missing", {"id": "1"}, "missing_field"),
        ("required_null", {"id": "1", "x": None}, "missing_field"),
        ("id_missing", {"x": "a"}, "record_id_invalid"),
        ("id_null", {"id": None, "x": "a"}, "record_id_invalid"),
        ("id_number", {"id": 7, "x": "a"}, "record_id_invalid"),
        ("id_array", {"id": ["1"], "x": "a"}, "record_id_invalid"),
        ("id_too_long", {"id": "i" * 4097, "x": "a"}, "record_id_invalid"),
    ]:
        yield name, op, case(strict, record), {"error": code}

    # what is stored and then changed
    op = "record_decrypt_changed"
    plain = table(field("text"), {"id": "z", "type": "text", "mode": "randomized"}, {"id": "n", "type": "text", "mode": "deterministic"})
    row = {"id": "1", "x": "a", "z": "b", "n": "c"}
    yield "unchanged", op, case(plain, row, change={}), {"same": True}
    for name, change, code in [
        ("other_id", {"id": "2"}, "authentication_failed"),
        ("id_gone", {"id": None}, "record_id_invalid"),
        ("plain_text", {"x": "a"}, "wrong_stored_form"),
        ("number", {"x": 7}, "not_an_envelope"),
        ("moved_from_another_field", {"x": {"cell": "z"}}, "authentication_failed"),
        ("deterministic_moved_to_randomized", {"x": {"cell": "n"}}, "suite_not_allowed"),
        ("randomized_moved_to_deterministic", {"n": {"cell": "x"}}, "suite_not_allowed"),
    ]:
        yield name, op, case(plain, row, change=change), {"error": code}
    yield "a_null_in_its_place_is_not_detected", op, case(plain, row, change={"z": None}), {"same": False}
