"""Inputs of `keyring.json`. The nonces are fixed here, on the side of the reference only."""

import base64
import copy
import hashlib
import itertools
import json

from fwref import keyring

ROOT = bytes(range(32))
OTHER_ROOT = bytes(range(1, 33))
MAC_LEN = 77


def fixed(name, length):
    return hashlib.shake_128(name.encode()).digest(length)


def text_of(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def cases():
    yield from root_cases()
    yield from wrap_cases()
    yield from document_cases()
    yield from schedule_cases()
    for old, new in itertools.product(keyring.STATES, repeat=2):
        yield f"transition_{old}_to_{new}", "keyring_transition", {"from": old, "to": new}


def root_cases():
    for name, root in {"counting": ROOT, "zeros": bytes(32), "ones": b"\xff" * 32}.items():
        yield f"root_{name}", "keyring_root", {"root": root.hex()}


PLACES = {
    "data": {"kind": "data", "keyring_id": "clinic", "epoch": 2, "key_id": "00000002", "number": 2},
    "index": {"kind": "index", "keyring_id": "clinic", "epoch": 2, "number": 2},
    "audit": {"kind": "audit", "keyring_id": "clinic", "epoch": 2, "number": 2},
    "link": {"kind": "link", "keyring_id": "clinic", "epoch": 2, "number": 2},
}


def wrapped_at(place, name, key, root=ROOT):
    key_id = bytes.fromhex(place["key_id"]) if "key_id" in place else None
    at = (place["kind"], place["keyring_id"], place["epoch"], key_id, place["number"])
    return keyring.wrap(root, at, key, fixed(f"nonce {name}", 24))


def wrap_cases():
    wrapped = {kind: wrapped_at(place, kind, fixed(f"key {kind}", 32)) for kind, place in PLACES.items()}

    def case(place, data, root=ROOT):
        return "keyring_wrap_open", {"root": root.hex()} | place | {"wrapped": data.hex()}

    for kind, place in PLACES.items():
        yield f"wrap_{kind}", *case(place, wrapped[kind])
        for other, other_place in PLACES.items():
            if other != kind:
                yield f"wrap_{kind}_as_{other}", *case(other_place, wrapped[kind])
        yield f"wrap_{kind}_at_other_number", *case(place | {"number": 3}, wrapped[kind])
        yield f"wrap_{kind}_at_other_epoch", *case(place | {"epoch": 3}, wrapped[kind])
        yield f"wrap_{kind}_at_other_keyring", *case(place | {"keyring_id": "clinics"}, wrapped[kind])
    data, place = wrapped["data"], PLACES["data"]
    largest = place | {"keyring_id": "k" * 128, "epoch": 2**32 - 1, "key_id": "ffffffff", "number": 2**32 - 1}
    yield "wrap_largest_numbers", *case(largest, wrapped_at(largest, "largest", fixed("key largest", 32)))
    yield "wrap_data_at_other_key_id", *case(place | {"key_id": "00000003"}, data)
    yield "wrap_data_number_and_epoch_exchanged", *case(place | {"epoch": 1, "number": 3}, wrapped_at(place | {"epoch": 3, "number": 1}, "exchanged", bytes(32)))
    yield "wrap_data_under_other_root", *case(place, data, OTHER_ROOT)
    for length in (0, 1, 12, 24, 39, 40, 56, 71):
        yield f"wrap_cut_to_{length}", *case(place, data[:length])
    yield "wrap_extended", *case(place, data + b"\0")
    for position in (0, 11, 12, 23, 24, 55, 56, 71):
        flipped = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
        yield f"wrap_byte_{position}_flipped", *case(place, flipped)
    for length in (0, 31, 33, 64):
        yield f"wrap_authentic_key_of_{length}_bytes", *case(place, wrapped_at(place, f"{length}", bytes(length)))


def wrapped_text(kind, number, epoch=1, key_id=None, root=ROOT):
    place = {"kind": kind, "keyring_id": "clinic", "epoch": epoch, "number": number} | ({"key_id": key_id} if key_id else {})
    return text_of(wrapped_at(place, f"{kind} {number} {epoch}", fixed(f"{kind} key {number}", 32), root))


def provider(name="primary"):
    return {"name": name, "kind": "local", "key_name": "k", "made": False, "params": {}, "wrapped_root": text_of(bytes(8))}


def data_key(version, state, epoch=1):
    key_id, destroyed = f"{version:08x}", state == "destroyed"
    wrapped = None if destroyed else wrapped_text("data", version, epoch, key_id)
    return {
        "version": version, "key_id": key_id, "state": state, "created": 0, "epoch": 1,
        "last_epoch": 1 if destroyed else None, "changed": 0, "wrapped": wrapped,
    }


def index_key(number, epoch=1, destroyed=False):
    wrapped = None if destroyed else wrapped_text("index", number, epoch)
    return {"number": number, "created": 0, "epoch": 1, "last_epoch": 1 if destroyed else None, "wrapped": wrapped}


def small():
    return {
        "format": "fieldward-keyring", "version": 1, "keyring_id": "clinic", "generation": 3, "epoch": 1,
        "root_identity": keyring.identity(ROOT).hex(), "max_staleness": 3600, "rollback_window": 7776000,
        "providers": [provider()], "data_keys": [data_key(1, "active")],
        "schedule": [{"version": 1, "time": 0, "at_once": True}],
        "index_keys": [], "links": [], "audit_keys": [], "epochs": [], "checkpoints": [],
    }


def full():
    """One of everything, in the second epoch."""
    holder = {"name": "primary", "kind": "local", "key_name": "k", "made": False, "destroyed": False}
    return small() | {
        "generation": 9, "epoch": 2,
        "providers": [provider() | {"params": {"salt": "x", "rounds": "1"}}, provider("escrow")],
        "data_keys": [data_key(1, "destroyed"), data_key(2, "compromised", 2), data_key(4, "active", 2), data_key(5, "pre-active", 2)],
        "schedule": [{"version": 1, "time": 0, "at_once": True}, {"version": 2, "time": 50, "at_once": False}, {"version": 4, "time": 60, "at_once": True}, {"version": 5, "time": 90, "at_once": False}],
        "index_keys": [index_key(1, destroyed=True), index_key(2, 2)],
        "links": [{"epoch": 1, "wrapped": wrapped_text("link", 1, 2)}],
        "audit_keys": [{"epoch": 1, "wrapped": wrapped_text("audit", 1, 2)}],
        "epochs": [{"epoch": 1, "holders": [holder]}],
        "checkpoints": [{"writer": "00112233aabbccdd", "count": 7, "mac": "ab" * 32}],
    }


def dense(document):
    return json.dumps(document, separators=(",", ":"))


def sealed(content, root=ROOT):
    return keyring.sealed(root, content).decode()


def spoiled(spoil, document=None):
    document = copy.deepcopy(document or small())
    spoil(document)
    return dense(document)


def edits():
    """(id, edited JSON text); the MAC is made over the edited text."""
    plain, rich = dense(small()), dense(full())

    def replaced(name, source, old, new):
        assert source.count(old) >= 1, (name, old)
        return name, source.replace(old, new, 1)

    # members
    for name, source, old, new in [
        ("duplicate_generation", plain, '"generation":3', '"generation":3,"generation":3'),
        ("duplicate_epoch", plain, '"epoch":1', '"epoch":1,"epoch":1'),
        ("duplicate_format", plain, '"version":1', '"format":"fieldward-keyring","version":1'),
        ("duplicate_max_staleness", plain, '"max_staleness":3600', '"max_staleness":3600,"max_staleness":3600'),
        ("duplicate_in_a_provider", plain, '"name":"primary"', '"name":"primary","name":"primary"'),
        ("duplicate_parameter", rich, '"salt":"x"', '"salt":"x","salt":"x"'),
        ("duplicate_in_a_data_key", plain, '"state":"active"', '"state":"active","state":"active"'),
        ("duplicate_in_the_schedule", plain, '"at_once":true', '"at_once":true,"at_once":true'),
        ("unknown_member", plain, '"max_staleness"', '"unknown":0,"max_staleness"'),
        ("unknown_in_a_provider", plain, '"kind":"local"', '"kind":"local","address":"x"'),
        ("unknown_in_a_data_key", plain, '"state":"active"', '"state":"active","note":""'),
        ("unknown_in_the_schedule", plain, '"at_once":true', '"at_once":true,"by":"x"'),
        ("unknown_in_an_index_key", rich, '"number":2', '"number":2,"name":"x"'),
        ("unknown_in_a_link", rich, '"links":[{', '"links":[{"number":1,'),
        ("unknown_in_an_audit_key", rich, '"audit_keys":[{', '"audit_keys":[{"number":1,'),
        ("unknown_in_an_epoch", rich, '"epochs":[{', '"epochs":[{"number":1,'),
        ("unknown_in_a_holder", rich, '"destroyed":false', '"destroyed":false,"x":1'),
        ("unknown_in_a_checkpoint", rich, '"count":7', '"count":7,"x":1'),
        ("missing_wrapped", rich, ',"wrapped":null', ""),
        ("missing_last_epoch", plain, ',"last_epoch":null', ""),
        ("checkpoint_writer_short", rich, "00112233aabbccdd", "00112233aabbccd"),
        ("checkpoint_writer_in_capitals", rich, "00112233aabbccdd", "00112233AABBCCDD"),
        ("checkpoint_mac_long", rich, "ab" * 32, "ab" * 33),
        ("missing_generation", plain, '"generation":3,', ""),
        ("missing_root_identity", plain, f'"root_identity":"{keyring.identity(ROOT).hex()}",', ""),
        ("missing_max_staleness", plain, '"max_staleness":3600,', ""),
        ("missing_checkpoints", plain, ',"checkpoints":[]', ""),
        # values
        ("generation_negative", plain, '"generation":3', '"generation":-3'),
        ("generation_of_65_bits", plain, '"generation":3', '"generation":18446744073709551616'),
        ("generation_as_text", plain, '"generation":3', '"generation":"3"'),
        ("window_with_a_fraction", plain, "7776000", "7776000.5"),
        ("staleness_of_33_bits", plain, "3600", "4294967296"),
        ("epoch_null", plain, '"epoch":1', '"epoch":null'),
        ("state_unknown", plain, '"active"', '"alive"'),
        ("state_in_capitals", plain, '"active"', '"Active"'),
        ("made_as_number", plain, '"made":false', '"made":0'),
        ("parameter_as_number", rich, '"rounds":"1"', '"rounds":1'),
        ("wrapped_root_padded", plain, "AAAAAAAAAAA", "AAAAAAAAAAA="),
        ("wrapped_root_spare_bits", plain, "AAAAAAAAAAA", "AAAAAAAAAAB"),
        ("wrapped_root_standard_alphabet", plain, "AAAAAAAAAAA", "AAAAAAAA+AA"),
        ("identity_in_capitals", plain, keyring.identity(ROOT).hex(), keyring.identity(ROOT).hex().upper()),
        ("identity_short", plain, keyring.identity(ROOT).hex(), keyring.identity(ROOT).hex()[:-2]),
        ("key_id_in_capitals", plain, '"00000001"', '"0000000A"'),
        ("key_id_short", plain, '"00000001"', '"0000001"'),
        ("trailing_comma", plain, '"checkpoints":[]', '"checkpoints":[],'),
        ("comment", plain, "{", "{/**/"),
        ("two_objects", plain, "{", "{}{"),
        ("lone_surrogate", plain, '"key_name":"k"', '"key_name":"\\ud800"'),
        ("not_a_number", plain, '"max_staleness":3600', '"max_staleness":NaN'),
        # the head
        ("other_format", plain, "fieldward-keyring", "fieldward-schema"),
        ("version_2", plain, '"version":1', '"version":2'),
        ("version_0", plain, '"version":1', '"version":0'),
        ("version_as_text", plain, '"version":1', '"version":"1"'),
        ("other_identity", plain, keyring.identity(ROOT).hex(), keyring.identity(OTHER_ROOT).hex()),
        ("other_keyring", plain, '"clinic"', '"clinics"'),
        # authentic, but its keys were wrapped for another place
        ("other_epoch", plain, '"epoch":1', '"epoch":2'),
        ("key_of_other_version", plain, '[{"version":1', '[{"version":7'),
        ("key_of_other_id", plain, '"00000001"', '"00000003"'),
    ]:
        name, content = replaced(name, source, old, new)
        if name == "key_of_other_version":
            content = content.replace('"schedule":[{"version":1', '"schedule":[{"version":7')
        yield name, content
    yield "version_2_with_other_members", '{"format":"fieldward-keyring","version":2,"generation":3,"keys":{}}'
    yield "array", "[]"
    yield "nested_too_deeply", plain.replace('"max_staleness"', '"x":' + "[" * 200 + "]" * 200 + ',"max_staleness"')

    # contradictions
    for name, spoil in {
        "no_data_key": lambda d: d.update(data_keys=[]),
        "no_schedule": lambda d: d.update(schedule=[]),
        "no_provider": lambda d: d.update(providers=[]),
        "provider_twice": lambda d: d["providers"].append(provider()),
        "nine_providers": lambda d: d.update(providers=[provider(f"p{n}") for n in range(9)]),
        "17_parameters": lambda d: d["providers"][0].update(params={f"p{n}": "" for n in range(17)}),
        "65_checkpoints": lambda d: d.update(checkpoints=[{"writer": f"{n:016x}", "count": n, "mac": "ab" * 32} for n in range(65)]),
        "129_index_keys": lambda d: d.update(index_keys=[index_key(n, destroyed=True) for n in range(1, 130)]),
        "schedule_begins_in_time": lambda d: d["schedule"][0].update(at_once=False),
        "schedule_of_an_unknown_version": lambda d: d["schedule"].append({"version": 9, "time": 0, "at_once": True}),
        "versions_out_of_order": lambda d: d.update(data_keys=[data_key(2, "active"), data_key(1, "active")]),
        "version_twice": lambda d: d["data_keys"].append(data_key(1, "active") | {"key_id": "00000009"}),
        "key_id_twice": lambda d: d["data_keys"].append(data_key(2, "destroyed") | {"key_id": "00000001"}),
        "destroyed_with_its_key": lambda d: d["data_keys"][0].update(state="destroyed", last_epoch=1),
        "destroyed_without_last_epoch": lambda d: d["data_keys"][0].update(state="destroyed", wrapped=None),
        "live_without_its_key": lambda d: d["data_keys"][0].update(wrapped=None, last_epoch=1),
        "live_with_last_epoch": lambda d: d["data_keys"][0].update(last_epoch=1),
        "index_numbers_out_of_order": lambda d: d.update(index_keys=[index_key(2), index_key(1)]),
        "index_key_twice": lambda d: d.update(index_keys=[index_key(1), index_key(1)]),
        "index_key_gone_without_last_epoch": lambda d: d.update(index_keys=[index_key(1) | {"wrapped": None}]),
        "index_key_live_with_last_epoch": lambda d: d.update(index_keys=[index_key(1) | {"last_epoch": 1}]),
        "index_key_of_other_number": lambda d: d.update(index_keys=[index_key(1) | {"number": 2}]),
        "data_key_as_index_key": lambda d: d.update(index_keys=[index_key(1) | {"wrapped": wrapped_text("data", 1, 1, "00000001")}]),
    }.items():
        yield name, spoiled(spoil)


def document_cases():
    def case(document, keyring_id="clinic", root=ROOT):
        return "keyring_document_open", {"root": root.hex(), "keyring_id": keyring_id, "document": document}

    plain = dense(small())
    whole = sealed(plain)
    yield "document_small", *case(whole)
    yield "document_full", *case(sealed(dense(full())))
    yield "document_written_with_line_breaks", *case(sealed(json.dumps(small(), indent=2)))
    yield "document_members_in_other_order", *case(sealed(dense(dict(reversed(small().items())))))
    yield "document_space_around", *case(sealed(f" \t\n{plain}\n"))
    yield "document_escaped_name", *case(sealed(plain.replace("clinic", "\\u0063linic")))
    yield "document_largest_generation", *case(sealed(plain.replace('"generation":3', f'"generation":{2**64 - 1}')))
    yield "document_other_writing_of_a_key_name", *case(sealed(plain.replace('"key_name":"k"', '"key_name":"ключ \\ud83d\\udd11"')))
    for name, content in edits():
        yield f"document_{name}", *case(sealed(content))
    yield "document_under_other_root", *case(whole, root=OTHER_ROOT)
    yield "document_asked_for_as_other_keyring", *case(whole, keyring_id="clini")

    # The MAC covers the exact bytes.
    last = whole[-MAC_LEN:]
    for name, old, new in [
        ("generation", '"generation":3', '"generation":4'), ("state", '"active"', '"deactivated"'), ("window", "7776000", "7776001"),
        ("schedule_time", '"time":0', '"time":1'), ("one_space_more", '"epoch":1', '"epoch": 1'), ("provider_name", "primary", "primarx"),
        ("escaped_letter", '"primary"', '"\\u0070rimary"'), ("number_in_other_form", '"time":0', '"time":-0'),
    ]:
        assert old in plain
        yield f"document_edited_{name}", *case(plain.replace(old, new, 1) + "\n" + last)
    yield "document_line_feed_more", *case(plain + "\n\n" + last)
    first = "1" if last[12] == "0" else "0"
    yield "document_mac_first_digit", *case(plain + "\n" + last[:12] + first + last[13:])
    yield "document_mac_of_other_root", *case(plain + "\n" + sealed(plain, OTHER_ROOT)[-MAC_LEN:])
    yield "document_mac_of_older_generation", *case(whole[:-MAC_LEN] + sealed(plain.replace('"generation":3', '"generation":2'))[-MAC_LEN:])

    # The last line, and cuts.
    digits = last[12:-1]
    for name, document in {
        "empty": "", "last_line_only": last, "without_last_line": plain + "\n", "last_line_in_capitals": plain + "\n" + "hmac-sha256 " + digits.upper() + "\n",
        "last_line_of_other_mac": plain + "\n" + last.replace("hmac-sha256", "hmac-sha512"), "cut_by_1": whole[:-1], "cut_by_a_digit": whole[:-2] + "\n",
        "cut_in_the_last_line": whole[:-40], "cut_in_the_middle": whole[: len(whole) // 2], "cut_to_77": whole[:77], "line_feed_missing": plain + last,
        "carriage_return": plain + "\r\n" + last[:-1] + "\r\n", "extended": whole + "\n", "begin_cut": whole[1:], "byte_order_mark": "\ufeff" + whole,
    }.items():
        yield f"document_{name}", *case(document)
    yield "document_too_large", *case({"prefix": "", "fill": "20", "len": (1 << 20) + 1})
    yield "document_largest_but_empty", *case({"prefix": "", "fill": "20", "len": 1 << 20})
    not_utf8 = plain.replace('"key_name":"k"', '"key_name":"\xff"').encode("latin-1") + b"\n"
    document = not_utf8 + b"hmac-sha256 " + keyring.mac(ROOT, not_utf8).hex().encode() + b"\n"
    yield "document_not_utf8", *case({"prefix": document.hex(), "fill": "00", "len": len(document)})


def entries(*rows):
    return [{"version": version, "time": time, "at_once": at_once} for version, time, at_once in rows]


def schedule_cases():
    active = {"1": "active", "2": "pre-active", "3": "pre-active"}
    plain = entries((1, 0, True), (2, 100, False), (3, 200, False))

    def case(rows, now, stored=active, before=None):
        source = {"entries": rows, "window": 90, "now": now, "stored": stored}
        return "keyring_schedule", source | ({"before": before} if before else {})

    for now in (-5, 99, 100, 189, 190, 200, 289, 290, 2**63 - 1):
        yield f"schedule_at_{now}", *case(plain, now)
    yield "schedule_at_once_before_its_time", *case(entries((1, 0, True), (2, 1000, True)), -1)
    back = entries((1, 0, True), (2, 100, False), (1, 150, True), (3, 400, False))
    for now in (50, 200, 239, 240, 400):
        yield f"schedule_rolled_back_at_{now}", *case(back, now)
    overtaken = entries((1, 0, True), (2, 100, False), (3, 50, True))
    for now in (60, 150):
        yield f"schedule_overtaken_at_{now}", *case(overtaken, now)
    yield "schedule_overtaken_at_its_time", *case(entries((1, 0, True), (2, 100, False), (3, 100, True)), 100)
    stored = {"1": "compromised", "2": "suspended", "3": "destroyed", "4": "deactivated"}
    yield "schedule_stored_states_outweigh_it", *case(plain, 150, stored)
    yield "schedule_clock_set_back", *case(plain, 50, before={"entries": plain, "used_at": [100]})
    yield "schedule_clock_set_back_twice", *case(plain, -9, before={"entries": plain, "used_at": [250, 100]})
    yield "schedule_extended_after_use", *case(plain, 50, before={"entries": plain[:2], "used_at": [100]})
    yield "schedule_recovered_after_use", *case(plain[:1], 50, {"1": "active"}, before={"entries": plain, "used_at": [200]})
