"""Inputs and expectations of `schema.json`. The reference reads no schemas: each case states what it gives."""

import json

HEAD = '"format": "fieldward-schema", "version": 1, "table": "t"'
RECORD = '"record_id": [{"path": "id", "type": "text"}]'
MINIMAL = '{"id": "a", "type": "text", "mode": "randomized"}'
TOML_HEAD = 'format = "fieldward-schema"\nversion = 1\ntable = "t"\nrecord_id = [{ path = "id", type = "text" }]\n'
TOML_FIELD = '[[fields]]\nid = "a"\ntype = "text"\nmode = "randomized"\n'


def schema(fields, top=""):
    return f'{{{HEAD}, {RECORD}, {top}"fields": [{fields}]}}'


def field(options="", name="a", kind="text", mode="randomized"):
    more = f", {options}" if options else ""
    return f'{{"id": "{name}", "type": "{kind}", "mode": "{mode}"{more}}}'


def deterministic(options="", kind="text"):
    return field(options, kind=kind, mode="deterministic")


def index(options, name="x", transform='"exact"'):
    more = f", {options}" if options else ""
    return f'{{"name": "{name}", "transform": {transform}{more}}}'


def indexed(*indexes, kind="text"):
    return field(f'"indexes": [{", ".join(indexes)}]', kind=kind)


def listed(names):
    return json.dumps(names)


LOW = '"accept_leak": ["low_cardinality"]'
JOINS = '"accept_leak": ["joins"]'

ACCEPTED = {
    "minimal": (field(), ["a"]),
    "no_field": ("", []),
    "all_types": (", ".join(field(name=kind, kind=kind) for kind in ("bytes", "text", "i64", "f64", "bool", "date", "timestamp", "decimal", "json", "uuid")), ["bytes", "text", "i64", "f64", "bool", "date", "timestamp", "decimal", "json", "uuid"]),
    "deterministic_types": (", ".join(field(name=kind, kind=kind, mode="deterministic") for kind in ("bytes", "text", "i64", "date", "uuid")), ["bytes", "text", "i64", "date", "uuid"]),
    "deterministic_truth": (deterministic(LOW, "bool"), ["a"]),
    "names_and_aliases": (field('"name": "social", "aliases": ["SSN", "ssn_old"]'), ["a"]),
    "own_id_as_alias": (field('"name": "b", "aliases": ["a", "b"]'), ["a"]),
    "longest_name": (field(name="x" * 128), ["x" * 128]),
    "every_character_of_a_name": (field(name="Az09_-."), ["Az09_-."]),
    "padding": (field('"padding": {"block": 4096}') + ", " + field('"padding": "padme"', "b"), ["a", "b"]),
    "nested": (field('"path": "x.y[k=v].z", "stored": "text"'), ["a"]),
    "filters_apart": (field('"path": "x[k=v].y", "stored": "text"') + ", " + field('"path": "x[k=w].y", "stored": "text"', "b"), ["a", "b"]),
    "a_filter_then_the_rest": (field('"path": "x[k=v].y", "stored": "text"') + ", " + field('"path": "x[].y", "stored": "text"', "b"), ["a", "b"]),
    "siblings": (field('"path": "x.y", "stored": "text"') + ", " + field('"path": "x.z", "stored": "text"', "b"), ["a", "b"]),
    "normalized": (deterministic('"store": "normalized", "normalizer": ["trim", "casefold"], "normalizer_version": 1'), ["a"]),
    "reads_other_mode": (field('"reads_also": [{"mode": "deterministic"}]'), ["a"]),
    "reads_other_binding": (field('"reads_also": [{"record_binding": "none"}]'), ["a"]),
    "reads_an_id_that_is_gone": (field('"reads_also": [{"field": "older"}, {"field": "oldest", "mode": "deterministic"}]'), ["a"]),
    "reads_along_a_line": (field('"reads_also": [{"field": "b"}]') + ", " + field('"reads_also": [{"field": "c"}]', "b") + ", " + field(name="c"), ["a", "b", "c"]),
    "accepts_plaintext": (field('"accepts": ["plaintext"]', kind="bytes"), ["a"]),
    "index_in_a_domain": (indexed(index(f'"search_domain": "mrn", {JOINS}')), ["a"]),
    "index_of_few_accepted": (indexed(index(f'"normalizer": "digits", "bits": 20, {LOW}', transform='{"last": 4}')), ["a"]),
    "16_indexes": (indexed(*(index("", f"x{n}") for n in range(16))), ["a"]),
}

UNKNOWN = {
    "member": field('"nonce": "00"'),
    "mode": field(mode="randomised"),
    "mode_in_capitals": field(mode="Randomized"),
    "type": field(kind="string"),
    "stored_form": field('"stored": "hex"'),
    "padding": field('"padding": "random"'),
    "store": field('"store": "folded"'),
    "record_binding": field('"record_binding": "optional"'),
    "legacy_format": field('"accepts": ["anything"]'),
    "leak": field('"accept_leak": ["everything"]'),
    "leak_of_an_index_on_a_field": field('"accept_leak": ["joins"]'),
    "reading": field('"reads_also": [{"key": "x"}]'),
    "mode_of_a_reading": field('"reads_also": [{"mode": "clear"}]'),
    "domain_on_a_deterministic_field": deterministic('"search_domain": "d"'),
    "domain_on_a_randomized_field": field('"search_domain": "d"'),
    "index_member": indexed(index('"salt": "x"')),
    "index_transform": indexed(index("", transform='"order"')),
    "index_date_part": indexed(index(LOW, transform='{"date": "day"}'), kind="date"),
    "index_leak": indexed(index('"accept_leak": ["lowcardinality"]')),
}

DUPLICATE = {
    "member": '{"id": "a", "id": "b", "type": "text", "mode": "randomized"}',
    "member_of_an_index": indexed('{"name": "x", "name": "y", "transform": "exact"}'),
    "id": f"{MINIMAL}, {MINIMAL}",
    "name": field('"name": "n"') + ", " + field('"name": "n"', "b"),
    "name_and_id": MINIMAL + ", " + field('"name": "a"', "b"),
    "alias_and_id": field('"aliases": ["b"]') + ", " + field(name="b"),
    "alias_and_name": field('"aliases": ["n"]') + ", " + field('"name": "n"', "b"),
    "aliases": field('"aliases": ["n"]') + ", " + field('"aliases": ["n"]', "b"),
    "path": field('"path": "x.y", "stored": "text"') + ", " + field('"path": "x.y", "stored": "text"', "b"),
    "path_in_quotes": field('"path": "x", "name": "n"') + ", " + field('"path": "\\"x\\"", "name": "m"', "b"),
    "path_into_another": field('"path": "x.y", "stored": "text"') + ", " + field('"path": "x"', "b", "json"),
    "path_of_all_and_some": field('"path": "x[].y", "stored": "text"') + ", " + field('"path": "x[k=v].y", "stored": "text"', "b"),
    "filter": field('"path": "x[k=v].y", "stored": "text"') + ", " + field('"path": "x[k=v].y", "stored": "text"', "b"),
    "index": indexed(index("", "x"), index('"column": "y"', "x")),
    "column": indexed(index('"column": "c"', "x"), index('"column": "c"', "y")),
    "column_of_two_fields": field(f'"indexes": [{index(chr(34) + "column" + chr(34) + ": " + chr(34) + "c" + chr(34))}]') + ", " + field('"indexes": [{"name": "x", "column": "c", "transform": "exact"}]', "b"),
    "column_and_field": indexed(index('"column": "a"')),
    "reading": field('"reads_also": [{"field": "b"}, {"field": "b"}]'),
    "reading_said_in_two_ways": field('"reads_also": [{"field": "b"}, {"field": "b", "mode": "randomized"}]'),
}

CYCLES = {
    "of_one": field('"reads_also": [{}]'),
    "of_one_by_name": field('"reads_also": [{"mode": "randomized", "field": "a"}]'),
    "of_two": field('"reads_also": [{"field": "b"}]') + ", " + field('"reads_also": [{"field": "a"}]', "b"),
    "of_two_by_other_mode": field('"reads_also": [{"field": "b"}]') + ", " + field('"reads_also": [{"field": "a", "mode": "deterministic"}]', "b"),
    "of_three": field('"reads_also": [{"field": "b"}]') + ", " + field('"reads_also": [{"field": "c"}]', "b") + ", " + field('"reads_also": [{"field": "a"}]', "c"),
    "beside_the_first": field('"reads_also": [{"field": "b"}]') + ", " + field('"reads_also": [{"field": "c"}]', "b") + ", " + field('"reads_also": [{"field": "b"}]', "c"),
}

LEAKS = {
    "deterministic_truth": deterministic(kind="bool"),
    "last_4_digits": indexed(index('"normalizer": "digits"', transform='{"last": 4}')),
    "first_4": indexed(index("", transform='{"first": 4}')),
    "phonetic": indexed(index("", transform='"phonetic"')),
    "month": indexed(index("", transform='{"date": "month"}'), kind="date"),
    "truth": indexed(index(""), kind="bool"),
    "16_bits": indexed(index('"bits": 16', transform='"words"')),
    "domain": indexed(index('"search_domain": "mrn"')),
    "domain_with_other_leak_accepted": indexed(index(f'"search_domain": "mrn", {LOW}')),
    "accepted_on_the_field_only": field(f'{LOW}, "indexes": [{index("", transform=chr(34) + "phonetic" + chr(34))}]'),
}

INVALID = {
    "deterministic_float": deterministic(kind="f64"),
    "deterministic_timestamp": deterministic(kind="timestamp"),
    "deterministic_decimal": deterministic(kind="decimal"),
    "deterministic_json": deterministic(kind="json"),
    "deterministic_with_record_binding": deterministic('"record_binding": "required"'),
    "normalized_randomized": field('"store": "normalized", "normalizer": "digits"'),
    "normalized_number": deterministic('"store": "normalized", "normalizer": "digits"', "i64"),
    "normalizer_without_store": deterministic('"normalizer": "digits"'),
    "store_without_normalizer": deterministic('"store": "normalized"'),
    "normalizer_version_2": deterministic('"store": "normalized", "normalizer": "digits", "normalizer_version": 2'),
    "nine_steps": deterministic(f'"store": "normalized", "normalizer": {listed(["trim"] * 9)}'),
    "plaintext_of_numbers": field('"accepts": ["plaintext"]', kind="i64"),
    "nested_as_bytes": field('"path": "x.y"'),
    "path_ends_in_a_filter": field('"path": "x[k=v]", "stored": "text"'),
    "field_is_the_record_id": field('"path": "id"'),
    "field_in_the_record_id": field('"path": "id.part", "stored": "text"'),
    "path_empty": field('"path": ""'),
    "path_with_two_dots": field('"path": "x..y", "stored": "text"'),
    "path_of_33_names": field(f'"path": "{".".join(["x"] * 33)}", "stored": "text"'),
    "block_of_1": field('"padding": {"block": 1}'),
    "block_of_4097": field('"padding": {"block": 4097}'),
    "exact_of_64_bits": indexed(index('"bits": 64')),
    "no_bits": indexed(index('"bits": 0', transform='"words"')),
    "129_bits": indexed(index('"bits": 129', transform='"words"')),
    "index_key_0": indexed(index('"key": 0')),
    "index_normalizer_of_numbers": indexed(index('"normalizer": "trim"'), kind="i64"),
    "index_normalizer_version_2": indexed(index('"normalizer": "trim", "normalizer_version": 2')),
    "index_of_json": indexed(index(""), kind="json"),
    "words_of_bytes": indexed(index("", transform='"words"'), kind="bytes"),
    "year_of_text": indexed(index(LOW, transform='{"date": "year"}')),
    "last_0": indexed(index(LOW, transform='{"last": 0}')),
    "first_65": indexed(index("", transform='{"first": 65}')),
}

NAMES = {
    "empty": field(name=""), "space": field(name="a b"), "slash": field(name="a/b"), "accent": field(name="\u00e9"), "129_bytes": field(name="x" * 129),
    "empty_name": field('"name": ""'), "alias": field('"aliases": ["a:b"]'), "index": indexed(index("", "x y")), "column": indexed(index('"column": ""')),
    "reading": field('"reads_also": [{"field": "a b"}]'), "empty_domain": indexed(index(f'"search_domain": "", {JOINS}')),
    "domain_of_129_bytes": indexed(index(f'"search_domain": "{"d" * 129}", {JOINS}')),
}

SYNTAX = {
    "mode_missing": '{"id": "a", "type": "text"}', "id_missing": '{"type": "text", "mode": "randomized"}', "id_as_number": '{"id": 1, "type": "text", "mode": "randomized"}',
    "required_as_text": field('"required": "yes"'), "block_of_65536": field('"padding": {"block": 65536}'), "bits_of_256": indexed(index('"bits": 256')),
    "last_as_text": indexed(index("", transform='{"last": "4"}')), "normalizer_unknown": deterministic('"store": "normalized", "normalizer": "upper"'),
    "trailing_comma": field() + ",",
}


def cases():
    op = "schema_parse"
    for name, (fields, ids) in ACCEPTED.items():
        yield name, op, {"json": schema(fields)}, {"fields": ids}
    rooms = {
        "unknown": ("schema_unknown_option", UNKNOWN), "duplicate": ("schema_duplicate", DUPLICATE), "cycle": ("schema_cycle", CYCLES),
        "leak": ("schema_leak_not_accepted", LEAKS), "invalid": ("schema_invalid", INVALID), "name": ("invalid_name", NAMES), "syntax": ("schema_syntax", SYNTAX),
    }
    for prefix, (code, listed_fields) in rooms.items():
        for name, fields in listed_fields.items():
            yield f"{prefix}_{name}", op, {"json": schema(fields)}, {"error": code}
    yield from whole_cases(op)
    yield from toml_cases(op)


def whole_cases(op):
    """What stands around the fields."""
    none = '"record_binding": "none"'
    for name, body in {
        "named_table": f'{{{HEAD}, "name": "Patients", "aliases": ["p"], {RECORD}, "fields": [{MINIMAL}]}}',
        "no_record_id_by_name": f'{{{HEAD}, {none}, "fields": [{MINIMAL}]}}',
        "record_id_of_two": f'{{{HEAD}, "record_id": [{{"path": "ward", "type": "i64"}}, {{"path": "key.id", "type": "uuid"}}], "fields": [{MINIMAL}]}}',
        "clear_fields": schema(MINIMAL, '"undeclared": "refuse", "clear": ["born", "ward"], '),
        "undeclared_clear": schema(MINIMAL, '"undeclared": "clear", '),
    }.items():
        yield name, op, {"json": body}, {"fields": ["a"]}
    parts = ", ".join(f'{{"path": "p{n}", "type": "text"}}' for n in range(9))
    for name, code, body in [
        ("neither_record_id_nor_none", "schema_invalid", f'{{{HEAD}, "fields": [{MINIMAL}]}}'),
        ("both_record_id_and_none", "schema_invalid", f'{{{HEAD}, {RECORD}, {none}, "fields": [{MINIMAL}]}}'),
        ("binding_of_a_field_without_record_id", "schema_invalid", f'{{{HEAD}, {none}, "fields": [{field(chr(34) + "record_binding" + chr(34) + ": " + chr(34) + "required" + chr(34))}]}}'),
        ("reading_bound_without_record_id", "schema_invalid", f'{{{HEAD}, {none}, "fields": [{field(chr(34) + "reads_also" + chr(34) + ": [{" + chr(34) + "field" + chr(34) + ": " + chr(34) + "older" + chr(34) + ", " + chr(34) + "record_binding" + chr(34) + ": " + chr(34) + "required" + chr(34) + "}]")}]}}'),
        ("reads_itself_by_its_default_binding", "schema_cycle", schema(field('"reads_also": [{"record_binding": "required"}]'))),
        ("reads_itself_deterministic", "schema_cycle", schema(deterministic('"reads_also": [{"record_binding": "none"}]'))),
        ("record_id_part_twice", "schema_duplicate", f'{{{HEAD}, "record_id": [{{"path": "id", "type": "text"}}, {{"path": "id", "type": "i64"}}], "fields": [{MINIMAL}]}}'),
        ("table_name_empty", "invalid_name", schema(MINIMAL, '"name": "", ')),
        ("table_alias_with_a_space", "invalid_name", schema(MINIMAL, '"aliases": ["a b"], ')),
        ("table_alias_twice", "schema_duplicate", schema(MINIMAL, '"aliases": ["p", "p"], ')),
        ("table_alias_is_its_id", "schema_duplicate", schema(MINIMAL, '"aliases": ["t"], ')),
        ("record_id_of_nine", "schema_invalid", f'{{{HEAD}, "record_id": [{parts}], "fields": [{MINIMAL}]}}'),
        ("record_id_float", "schema_invalid", f'{{{HEAD}, "record_id": [{{"path": "id", "type": "f64"}}], "fields": [{MINIMAL}]}}'),
        ("record_id_in_an_array", "schema_invalid", f'{{{HEAD}, "record_id": [{{"path": "ids[]", "type": "text"}}], "fields": [{MINIMAL}]}}'),
        ("record_id_path", "schema_invalid", f'{{{HEAD}, "record_id": [{{"path": "a b", "type": "text"}}], "fields": [{MINIMAL}]}}'),
        ("record_id_unknown_type", "schema_unknown_option", f'{{{HEAD}, "record_id": [{{"path": "id", "type": "int"}}], "fields": [{MINIMAL}]}}'),
        ("record_id_unknown_member", "schema_unknown_option", f'{{{HEAD}, "record_id": [{{"path": "id", "type": "text", "name": "x"}}], "fields": [{MINIMAL}]}}'),
        ("clear_and_encrypted", "schema_invalid", schema(MINIMAL, '"clear": ["a"], ')),
        ("clear_twice", "schema_duplicate", schema(MINIMAL, '"clear": ["b", "b"], ')),
        ("clear_and_column", "schema_duplicate", schema(indexed(index("")), '"clear": ["a_x"], ')),
        ("unknown_at_the_top", "schema_unknown_option", schema(MINIMAL, '"owner": "x", ')),
        ("undeclared_unknown", "schema_unknown_option", schema(MINIMAL, '"undeclared": "warn", ')),
        ("duplicate_at_the_top", "schema_duplicate", schema(MINIMAL, '"table": "u", ')),
        ("table_empty", "invalid_name", schema(MINIMAL).replace('"table": "t"', '"table": ""')),
        ("table_with_a_space", "invalid_name", schema(MINIMAL).replace('"table": "t"', '"table": "t u"')),
        ("table_missing", "schema_syntax", schema(MINIMAL).replace(', "table": "t"', "")),
        ("other_format", "schema_syntax", schema(MINIMAL).replace("fieldward-schema", "fieldward-keyring")),
        ("version_2", "schema_syntax", schema(MINIMAL).replace('"version": 1', '"version": 2')),
        ("version_as_text", "schema_syntax", schema(MINIMAL).replace('"version": 1', '"version": "1"')),
        ("fields_missing", "schema_syntax", f"{{{HEAD}, {RECORD}}}"),
        ("empty", "schema_syntax", ""),
        ("array", "schema_syntax", "[]"),
        ("cut", "schema_syntax", schema(MINIMAL)[:-1]),
        ("extended", "schema_syntax", schema(MINIMAL) + "}"),
        ("comment", "schema_syntax", "// a schema\n" + schema(MINIMAL)),
        ("nested_too_deeply", "schema_syntax", "[" * 10000),
        ("too_large", "schema_too_large", {"repeat": " ", "times": 262145}),
        ("largest_but_empty", "schema_syntax", {"repeat": " ", "times": 262144}),
        ("17_indexes", "schema_too_large", schema(indexed(*(index("", f"x{n}") for n in range(17))))),
        ("9_readings", "schema_too_large", schema(field(f'"reads_also": [{", ".join(f"{{{chr(34)}field{chr(34)}: {chr(34)}r{n}{chr(34)}}}" for n in range(9))}]'))),
        ("513_fields", "schema_too_large", schema(",".join(field(name=f"f{n}") for n in range(513)))),
    ]:
        yield name, op, {"json": body}, {"error": code}


def toml_cases(op):
    nested = '[[fields.indexes]]\nname = "last4"\ntransform = { last = 4 }\nnormalizer = ["digits"]\n'
    yield "toml_minimal", op, {"toml": TOML_HEAD + TOML_FIELD}, {"fields": ["a"]}
    yield "toml_index", op, {"toml": TOML_HEAD + TOML_FIELD + nested + 'accept_leak = ["low_cardinality"]\n'}, {"fields": ["a"]}
    yield "toml_comment", op, {"toml": "# a schema\n" + TOML_HEAD + TOML_FIELD}, {"fields": ["a"]}
    for name, code, body in [
        ("unknown_member", "schema_unknown_option", TOML_HEAD + TOML_FIELD + 'nonce = "00"\n'),
        ("unknown_mode", "schema_unknown_option", TOML_HEAD + TOML_FIELD.replace("randomized", "random")),
        ("duplicate_key", "schema_duplicate", TOML_HEAD + TOML_FIELD + 'type = "text"\n'),
        ("duplicate_id", "schema_duplicate", TOML_HEAD + TOML_FIELD + TOML_FIELD),
        ("leak", "schema_leak_not_accepted", TOML_HEAD + TOML_FIELD + nested),
        ("deterministic_float", "schema_invalid", TOML_HEAD + TOML_FIELD.replace("text", "f64").replace("randomized", "deterministic")),
        ("name", "invalid_name", TOML_HEAD + TOML_FIELD.replace('"a"', '"a b"')),
        ("cycle", "schema_cycle", TOML_HEAD + TOML_FIELD + "reads_also = [{}]\n"),
        ("mode_missing", "schema_syntax", TOML_HEAD + TOML_FIELD.replace('mode = "randomized"\n', "")),
        ("cut", "schema_syntax", (TOML_HEAD + TOML_FIELD)[:-2]),
        ("json", "schema_syntax", schema(MINIMAL)),
        ("too_large", "schema_too_large", {"repeat": "\n", "times": 262145}),
    ]:
        yield f"toml_{name}", op, {"toml": body}, {"error": code}
