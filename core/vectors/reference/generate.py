"""Writes the vectors from the inputs listed here and in `rooms/`. The expectations come from the reference, where it derives the
operation; other cases state their own.

usage: python generate.py [directory of the vectors]
"""

import hashlib
import json
import pathlib
import sys

from check import run
from fwref import envelope, suite, value
from fwref.ops import OPS
from rooms import keyring, record, schema, search

KEY = bytes(range(32)).hex()
OTHER_KEY = bytes(range(1, 33)).hex()
SIV_KEY = bytes(range(64)).hex()


def fixed(name, length):
    """Bytes that stand for random ones."""
    return hashlib.shake_128(name.encode()).digest(length)


def text(content):
    return {"type": "text", "text": content}


VALUES = {
    "bytes": {"type": "bytes", "hex": "00ff80"},
    "bytes_empty": {"type": "bytes", "hex": ""},
    "text": text("999-41-1234"),
    "text_empty": text(""),
    "text_scripts": text("Ünïcödé 東京 Ελλάδα مرحبا 👩‍⚕️"),
    "text_nul": text("a\x00b"),
    "i64_min": {"type": "i64", "number": str(-(2**63))},
    "i64_max": {"type": "i64", "number": str(2**63 - 1)},
    "f64_negative_zero": {"type": "f64", "bits": "8000000000000000"},
    "f64_nan": {"type": "f64", "bits": "7ff8000000000001"},
    "f64": {"type": "f64", "bits": "3ff8000000000000"},
    "bool_true": {"type": "bool", "bool": True},
    "bool_false": {"type": "bool", "bool": False},
    "date_first": {"type": "date", "text": "0001-01-01"},
    "date_leap": {"type": "date", "text": "2024-02-29"},
    "date_last": {"type": "date", "text": "9999-12-31"},
    "timestamp_utc": {"type": "timestamp", "text": "2024-02-29T23:59:59.100Z"},
    "timestamp_offset": {"type": "timestamp", "text": "2024-02-29T23:59:59.123456789-05:30"},
    "timestamp_seconds_offset": {"type": "timestamp", "text": "1890-01-01T00:00:00+00:19:32"},
    "timestamp_local": {"type": "timestamp", "text": "1969-12-31T23:59:59"},
    "decimal": {"type": "decimal", "text": "-1.10"},
    "decimal_negative_zero": {"type": "decimal", "text": "-0.00"},
    "decimal_exponent": {"type": "decimal", "text": "12E+5"},
    "decimal_small": {"type": "decimal", "text": "0.000000000000000001"},
    "json": {"type": "json", "text": '{"b": 1.0, "a": [null, "\\u00e9"]}'},
    "uuid": {"type": "uuid", "text": "0188f0aa-1111-7abc-8def-0123456789ab"},
}

MALFORMED = {
    "empty": "",
    "type_0": "00",
    "type_11": "0b00",
    "type_127": "7f",
    "text_invalid_utf8": "02ff",
    "text_surrogate": "02eda080",
    "text_overlong": "02c080",
    "i64_short": "0300000000000000",
    "i64_long": "03000000000000000000",
    "f64_short": "0400",
    "bool_two": "0502",
    "bool_empty": "05",
    "bool_long": "050100",
    "date_short": "06000000",
    "date_before_year_1": "06fff506c5",
    "date_after_year_9999": "067fffffff",
    "timestamp_short": "07" + "00" * 16,
    "timestamp_long": "07" + "00" * 18,
    "timestamp_kind_3": "0730" + "00" * 16,
    "timestamp_10_digits": "071a" + "00" * 16,
    "timestamp_utc_with_offset": "0710" + "00" * 15 + "01",
    "timestamp_local_with_offset": "0700" + "00" * 15 + "01",
    "timestamp_offset_of_a_day": "0720" + "00" * 12 + "00015180",
    "timestamp_nanoseconds_past_a_second": "0719" + "00" * 8 + "3b9aca00" + "00000000",
    "timestamp_more_nanoseconds_than_digits": "0711" + "00" * 8 + "00000001" + "00000000",
    "timestamp_year_10000": "0710" + "7fffffffffffffff" + "00" * 8,
    "decimal_empty": "08",
    "decimal_no_digits": "080000000000",
    "decimal_sign_2": "08020000000031",
    "decimal_leading_zero": "0800000000003031",
    "decimal_letter": "080000000000" + "61",
    "decimal_scale_too_large": "08000000180131",
    "decimal_scale_too_small": "0800ffffe7ff31",
    "json_empty": "09",
    "json_cut": "097b",
    "json_two": "09312032",
    "json_single_quotes": "09" + b"{'a':1}".hex(),
    "json_invalid_utf8": "0922ff22",
    "json_nan": "09" + b"NaN".hex(),
    "uuid_short": "0a" + "00" * 15,
    "uuid_long": "0a" + "00" * 17,
}

BAD_PADDING = {
    "no_marker": "82",
    "only_zeros": "820000",
    "wrong_marker": "826181",
    "bytes_after_marker": "82618001",
    "no_marker_after_text": "826162630000",
}

BAD_TEXTS = [
    ("date", "2024-2-29"), ("date", "2023-02-29"), ("date", "0000-01-01"), ("date", "2024-02-29 "), ("date", "20240229"),
    ("timestamp", "2024-02-29 23:59:59Z"), ("timestamp", "2024-02-29T23:59:59z"), ("timestamp", "2024-02-29T23:59:59-00:00"),
    ("timestamp", "2024-02-29T24:00:00Z"), ("timestamp", "2016-12-31T23:59:60Z"), ("timestamp", "2024-02-29T23:59:59.Z"),
    ("timestamp", "2024-02-29T23:59:59.1234567890Z"), ("timestamp", "2024-02-29T23:59:59+24:00"),
    ("timestamp", "2024-02-30T00:00:00Z"), ("timestamp", "2024-02-29T23:59:59+01:00:00"), ("timestamp", ""),
    ("decimal", "01"), ("decimal", ".5"), ("decimal", "5."), ("decimal", "+1"), ("decimal", "1e5"), ("decimal", "1E+0"),
    ("decimal", "NaN"), ("decimal", ""), ("decimal", "9" * 1001), ("decimal", "1.5E+1"),
    ("json", ""), ("json", "{"), ("json", "[" * 101 + "]" * 101), ("json", "{'a':1}"),
]


def value_cases():
    for name, content in VALUES.items():
        yield f"encode_{name}", "value_encode", {"value": content}
        yield f"decode_{name}", "value_decode", {"plaintext": value.encode(content).hex()}
    for name in ("f64_nan", "f64_negative_zero", "timestamp_offset", "timestamp_local", "decimal", "decimal_negative_zero", "decimal_exponent", "json", "i64_min"):
        yield f"search_bytes_{name}", "value_search_bytes", {"value": VALUES[name]}
    for padding in (2, 16, 4096, "padme"):
        yield f"pad_{padding}", "value_encode", {"value": VALUES["text"], "padding": padding}
    for padding in (0, 1, 4097):
        yield f"pad_{padding}", "value_encode", {"value": VALUES["text"], "padding": padding}
    yield "unpad", "value_decode", {"plaintext": value.encode(VALUES["text"], 32).hex()}
    yield "unpad_larger_than_needed", "value_decode", {"plaintext": "8261800000000000"}
    for name, plaintext in MALFORMED.items():
        yield f"malformed_{name}", "value_decode", {"plaintext": plaintext}
    for name, plaintext in BAD_PADDING.items():
        yield f"padding_{name}", "value_decode", {"plaintext": plaintext}
    for number, (kind, content) in enumerate(BAD_TEXTS):
        yield f"text_form_{kind}_{number}", "value_encode", {"value": {"type": kind, "text": content}}


RECORDS = {
    "none": None,
    "text": [{"type": "text", "text": "7"}],
    "integer": [{"type": "i64", "number": "7"}],
    "bytes": [{"type": "bytes", "hex": "37"}],
    "uuid": [{"type": "uuid", "text": "0188f0aa-1111-7abc-8def-0123456789ab"}],
    "empty_text": [{"type": "text", "text": ""}],
    "composite": [{"type": "text", "text": "ward"}, {"type": "i64", "number": "-1"}],
    "composite_split_moved": [{"type": "text", "text": "war"}, {"type": "text", "text": "d"}],
    "eight": [{"type": "i64", "number": str(n)} for n in range(8)],
}


def context_cases():
    for number, parts in enumerate([[], [None], [""], ["6162", None], [None, "6162"], ["61", "62"], ["6162"], ["", ""]]):
        yield f"parts_{number}", "context_parts", {"parts": parts}
    fields = [(None, "patients", "ssn"), ("", "patients", "ssn"), ("a", "patients", "ssn"), (None, "patientss", "sn"), (None, "Patients", "ssn"), (None, "é", "x"), (None, "e\u0301", "x"), ("x" * 128, "y" * 128, "z" * 128)]
    bad = [(None, "", "f"), (None, "t", ""), ("x" * 129, "t", "f"), (None, "x" * 129, "f"), (None, "t", "x" * 129), (None, "é" * 65, "f")]
    for number, (tenant, table, field) in enumerate(fields + bad):
        yield f"field_{number}", "context_field", {"tenant": tenant, "table": table, "field": field}
    for name, record in RECORDS.items():
        if record is not None:
            yield f"record_{name}", "context_record_id", {"record": record}
        yield f"associated_data_{name}", "context_associated_data", {"header": "81deadbeef", "record": record}
    for name, record in {
        "no_part": [],
        "nine_parts": [{"type": "i64", "number": "1"}] * 9,
        "too_long": [{"type": "text", "text": "x" * 4092}],
        "too_long_in_all": [{"type": "text", "text": "x" * 2044}] * 2,
    }.items():
        yield f"record_{name}", "context_record_id", {"record": record}
    yield "record_longest", "context_record_id", {"record": [{"type": "text", "text": "x" * 4091}]}


def derive_cases():
    place = [None, b"patients".hex(), b"ssn".hex()]
    for label in ("document", "wrap", "audit", "link", "local-name", "passphrase-wrap", "passphrase-commitment"):
        yield label, "derive_expand", {"key": KEY, "label": label, "parameters": []}
    for label in ("randomized", "deterministic"):
        yield label, "derive_expand", {"key": KEY, "label": label, "parameters": place}
        yield f"{label}_of_a_tenant", "derive_expand", {"key": KEY, "label": label, "parameters": [b"north".hex(), *place[1:]]}
        yield f"{label}_of_an_empty_tenant", "derive_expand", {"key": KEY, "label": label, "parameters": ["", *place[1:]]}


def flipped(data, position, mask=1):
    return (data[:position] + bytes([data[position] ^ mask]) + data[position + 1 :]).hex()


def suite_cases():
    key, data = bytes.fromhex(KEY), b"associated data"
    for length in (0, 1, 15, 16, 17, 300):
        plaintext = fixed(f"plaintext {length}", length)
        sealed = suite.xaes_seal(key, fixed(f"nonce {length}", 24), data, plaintext)
        yield f"xaes_{length}", "suite_xaes_open", {"key": KEY, "associated_data": data.hex(), "sealed": sealed.hex()}
        yield f"siv_{length}", "suite_siv_seal", {"key": SIV_KEY, "associated_data": data.hex(), "plaintext": plaintext.hex()}
    sealed = suite.xaes_seal(key, fixed("nonce", 24), data, b"plaintext")
    siv = suite.siv_seal(bytes.fromhex(SIV_KEY), data, b"plaintext")
    yield "siv_open", "suite_siv_open", {"key": SIV_KEY, "associated_data": data.hex(), "sealed": siv.hex()}
    yield "siv_open_empty_component", "suite_siv_open", {"key": SIV_KEY, "associated_data": "", "sealed": suite.siv_seal(bytes.fromhex(SIV_KEY), b"", b"plaintext").hex()}
    xaes = {
        "prefix": flipped(sealed, 0), "nonce": flipped(sealed, 23), "ciphertext": flipped(sealed, 24), "tag": flipped(sealed, len(sealed) - 1, 0x80),
        "cut": sealed[:-1].hex(), "extended": (sealed + b"\0").hex(), "nonce_only": sealed[:24].hex(), "39_bytes": sealed[:39].hex(), "empty": "",
    }
    for name, wrong in xaes.items():
        yield f"xaes_{name}", "suite_xaes_open", {"key": KEY, "associated_data": data.hex(), "sealed": wrong}
    yield "xaes_other_key", "suite_xaes_open", {"key": OTHER_KEY, "associated_data": data.hex(), "sealed": sealed.hex()}
    yield "xaes_other_data", "suite_xaes_open", {"key": KEY, "associated_data": b"associated date".hex(), "sealed": sealed.hex()}
    yield "xaes_no_data", "suite_xaes_open", {"key": KEY, "associated_data": "", "sealed": sealed.hex()}
    for name, wrong in {"siv": flipped(siv, 0), "ciphertext": flipped(siv, 16), "last_bit": flipped(siv, len(siv) - 1, 0x80), "cut": siv[:-1].hex(), "extended": (siv + b"\0").hex(), "15_bytes": siv[:15].hex(), "empty": ""}.items():
        yield f"siv_open_{name}", "suite_siv_open", {"key": SIV_KEY, "associated_data": data.hex(), "sealed": wrong}
    yield "siv_open_other_data", "suite_siv_open", {"key": SIV_KEY, "associated_data": "", "sealed": siv.hex()}


PLACE = {"tenant": None, "table": "patients", "field": "ssn", "record": RECORDS["text"]}


def envelope_cases():
    data_key, key_id = bytes.fromhex(KEY), bytes.fromhex("0badcafe")
    base = {"data_key": KEY}

    def sealed(name, content, place=PLACE, padding=None, nonce=True):
        return envelope.seal(data_key, key_id, place, content, padding, fixed(name, 24) if nonce else None)

    for name, content in VALUES.items():
        yield f"open_{name}", "envelope_open", base | {"place": PLACE, "envelope": sealed(name, content).hex()}
    yield "open_padded", "envelope_open", base | {"place": PLACE, "envelope": sealed("padded", VALUES["text"], padding=64).hex()}
    for name in ("text", "text_empty", "bytes", "i64_min", "bool_true", "date_leap", "uuid"):
        yield f"seal_deterministic_{name}", "envelope_seal_deterministic", base | {"key_id": "0badcafe", "place": PLACE, "value": VALUES[name]}
    yield "seal_deterministic_padded", "envelope_seal_deterministic", base | {"key_id": "0badcafe", "place": PLACE, "value": VALUES["text"], "padding": 32}

    randomized = sealed("randomized", VALUES["text"])
    deterministic = sealed("", VALUES["text"], nonce=False)
    for name, whole in (("randomized", randomized), ("deterministic", deterministic)):
        yield f"inspect_{name}", "envelope_inspect", {"envelope": whole.hex()}
        yield f"inspect_{name}_text", "envelope_inspect", {"envelope": {"text": envelope.to_text(whole)}}
        yield f"open_{name}", "envelope_open", base | {"place": PLACE, "envelope": whole.hex()}
        other_places = {
            "tenant": PLACE | {"tenant": "north"}, "empty_tenant": PLACE | {"tenant": ""},
            "table": PLACE | {"table": "visits"}, "field": PLACE | {"field": "email"}, "split_moved": PLACE | {"table": "patientss", "field": "sn"},
        }
        if name == "randomized":
            other_places |= {f"record_{key}": PLACE | {"record": record} for key, record in RECORDS.items() if key != "text"}
        for key, place in other_places.items():
            yield f"open_{name}_at_other_{key}", "envelope_open", base | {"place": place, "envelope": whole.hex()}
        yield f"open_{name}_with_other_key", "envelope_open", {"data_key": OTHER_KEY, "place": PLACE, "envelope": whole.hex()}
        for bit in (0, 4, 8, 39):
            yield f"open_{name}_bit_{bit}_of_the_header", "envelope_open", base | {"place": PLACE, "envelope": flipped(whole, bit // 8, 1 << bit % 8)}
        for position in (5, 20, 29, len(whole) - 1):
            yield f"open_{name}_byte_{position}", "envelope_open", base | {"place": PLACE, "envelope": flipped(whole, position)}
        yield f"open_{name}_cut", "envelope_open", base | {"place": PLACE, "envelope": whole[:-1].hex()}
        yield f"open_{name}_extended", "envelope_open", base | {"place": PLACE, "envelope": (whole + b"\0").hex()}
    swapped = bytes([0x82]) + randomized[1:]
    yield "open_suite_rewritten_to_deterministic", "envelope_open", base | {"place": PLACE, "envelope": swapped.hex()}
    yield "open_suite_rewritten_to_randomized", "envelope_open", base | {"place": PLACE, "envelope": sealed("", text("x" * 40), nonce=False).hex().replace("82", "81", 1)}
    for name, plaintext in {"type_0": b"\0", "bool_2": b"\5\2", "padding": b"\x82\0"}.items():
        key = envelope.field_key(data_key, "deterministic", PLACE)
        header = b"\x82" + key_id
        yield f"open_authentic_but_{name}", "envelope_open", base | {"place": PLACE, "envelope": (header + suite.siv_seal(key, header, plaintext)).hex()}

    for name, content in {
        "empty": "", "plain_text": b"999-41-1234".hex(), "json": b'{"a":1}'.hex(), "fernet": b"gAAAAABh".hex(), "first_80": "80" + "00" * 60, "first_85": "85" + "00" * 60,
        "first_ff": "ff" * 60, "stream": "83" + "00" * 60, "reserved": "84" + "00" * 60, "one_byte": "81", "header_only": "810badcafe",
        "randomized_45_bytes": "81" + "00" * 44, "deterministic_21_bytes": "82" + "00" * 20,
    }.items():
        yield f"inspect_{name}", "envelope_inspect", {"envelope": content}
    yield "inspect_shortest_randomized", "envelope_inspect", {"envelope": "81" + "00" * 45}
    yield "inspect_shortest_deterministic", "envelope_inspect", {"envelope": "82" + "00" * 21}
    longest = 45 + envelope.MAX_PLAINTEXT
    yield "inspect_longest_randomized", "envelope_inspect", {"envelope": {"prefix": "81", "fill": "00", "len": longest}}
    yield "inspect_too_long_randomized", "envelope_inspect", {"envelope": {"prefix": "81", "fill": "00", "len": longest + 1}}
    yield "inspect_too_long_deterministic", "envelope_inspect", {"envelope": {"prefix": "82", "fill": "00", "len": longest - 24 + 1}}
    canonical = envelope.to_text(deterministic)
    for name, content in {
        "padding": canonical + "=", "space": canonical + " ", "newline": canonical + "\n", "plus": canonical[:-1] + "+", "slash": canonical[:-1] + "/",
        "length_1_mod_4": "fw1.ggAAA", "spare_bits": "fw1.gv", "non_ascii": "fw1.gé", "empty_body": "fw1.", "short": "fw1.ggAA",
    }.items():
        yield f"inspect_text_{name}", "envelope_inspect", {"envelope": {"text": content}}


ROOMS = {
    "value": value_cases, "context": context_cases, "derive": derive_cases, "suite": suite_cases, "envelope": envelope_cases,
    "keyring": keyring.cases, "search": search.cases, "schema": schema.cases, "record": record.cases,
}


def expected(name, op, source, *stated):
    case = {"id": name, "op": op, "input": source}
    if not stated:
        return case | {"expect": run(case)}
    # The reference has the operation, but not for this input.
    marked = {"reference": False} if op in OPS else {}
    return case | marked | {"expect": stated[0]}


def main():
    directory = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    for room, cases in ROOMS.items():
        listed = [expected(*case) for case in cases()]
        # One case a line: a change shows as the lines that changed.
        lines = ",\n".join("    " + json.dumps(case, ensure_ascii=True) for case in listed)
        body = f'{{\n  "room": "{room}",\n  "version": 1,\n  "cases": [\n{lines}\n  ]\n}}\n'
        (directory / f"{room}.json").write_text(body)
        print(f"{room}: {len(listed)} cases")


if __name__ == "__main__":
    main()
