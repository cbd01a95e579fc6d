"""Roots, wrapped keys, the keyring document, the schedule and the states of a key."""

import base64
import hashlib
import hmac
import json
import re
import struct

from . import Refused, derive, suite
from .context import parts

MAX_DOCUMENT = 1 << 20
MAX_GENERATION = 2**64 - 1
MAC_LINE = re.compile(rb"hmac-sha256 ([0-9a-f]{64})\n")
STATES = ["pre-active", "active", "suspended", "deactivated", "compromised", "destroyed"]
CHANGES = {
    "pre-active": {"active", "compromised", "destroyed"},
    "active": {"suspended", "deactivated", "compromised"},
    "suspended": {"active", "deactivated", "compromised"},
    "deactivated": {"compromised", "destroyed"},
    "compromised": {"destroyed"},
    "destroyed": set(),
}


def root_keys(root):
    return {label: derive.expand(root, label) for label in ("wrap", "document", "audit", "link")}


def identity(root):
    return hashlib.sha256(derive.expand(root, "link")).digest()


# Wrapped keys


def wrap_data(kind, keyring_id, epoch, key_id, number):
    return parts([kind.encode(), keyring_id.encode(), struct.pack(">I", epoch), key_id, struct.pack(">I", number)])


def wrap(root, place, key, nonce):
    """`place` is (kind, keyring id, epoch, key id or None, number)."""
    return suite.xaes_seal(derive.expand(root, "wrap"), nonce, wrap_data(*place), key)


def unwrap(root, place, wrapped):
    key = suite.xaes_open(derive.expand(root, "wrap"), wrap_data(*place), wrapped)
    if len(key) != 32:
        raise Refused("keyring_malformed")
    return key


# The form of the document


class Members(list):
    """The members of a JSON object as they stand, so that one that stands twice is seen."""


def malformed():
    return Refused("keyring_malformed")


def constant(_):
    raise malformed()


def whole(low, high):
    def take(value):
        if type(value) is not int or not low <= value <= high:
            raise malformed()
        return value

    return take


U32, U64, I64 = whole(0, 2**32 - 1), whole(0, MAX_GENERATION), whole(-(2**63), 2**63 - 1)


def text(value):
    # An escaped surrogate alone is no character.
    if type(value) is not str or re.search("[\ud800-\udfff]", value):
        raise malformed()
    return value


def boolean(value):
    if type(value) is not bool:
        raise malformed()
    return value


def state(value):
    if value not in STATES:
        raise malformed()
    return value


def hex32(value):
    if not re.fullmatch("[0-9a-f]{64}", text(value)):
        raise malformed()
    return bytes.fromhex(value)


def writer(value):
    if not re.fullmatch("[0-9a-f]{16}", text(value)):
        raise malformed()
    return value


def base64url(value):
    if not re.fullmatch("[A-Za-z0-9_-]*", text(value)) or len(value) % 4 == 1:
        raise malformed()
    decoded = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    if base64.urlsafe_b64encode(decoded).decode().rstrip("=") != value:
        raise malformed()
    return decoded


def nullable(form):
    return lambda value: None if value is None else form(value)


def listed(form):
    def take(value):
        if type(value) is not list:
            raise malformed()
        return [form(item) for item in value]

    return take


def params(value):
    if type(value) is not Members or len({name for name, _ in value}) != len(value) or len(value) > 16:
        raise malformed()
    return {name: text(content) for name, content in value}


def members(forms, closed=True):
    """An object with each of these members once and, if closed, no other."""

    def take(value):
        if type(value) is not Members:
            raise malformed()
        names = [name for name, _ in value if closed or name in forms]
        if sorted(names) != sorted(forms):
            raise malformed()
        return {name: forms[name](content) for name, content in value if name in forms}

    return take


PROVIDER = members({"name": text, "kind": text, "key_name": text, "made": boolean, "params": params, "wrapped_root": base64url})
HOLDER = members({"name": text, "kind": text, "key_name": text, "made": boolean, "destroyed": boolean})
DATA_KEY = {"version": U32, "key_id": text, "state": state, "created": I64, "epoch": U32, "last_epoch": nullable(U32)}
INDEX_KEY = {"number": U32, "created": I64, "epoch": U32, "last_epoch": nullable(U32), "wrapped": nullable(base64url)}
EPOCH_KEYS = listed(members({"epoch": U32, "wrapped": base64url}))
HEAD = {"format": text, "version": U32, "keyring_id": text, "epoch": U32, "root_identity": hex32, "providers": listed(PROVIDER)}
DOCUMENT = members(
    HEAD
    | {
        "generation": U64,
        "max_staleness": U32,
        "rollback_window": U32,
        "data_keys": listed(members(DATA_KEY | {"changed": I64, "wrapped": nullable(base64url)})),
        "schedule": listed(members({"version": U32, "time": I64, "at_once": boolean})),
        "index_keys": listed(members(INDEX_KEY)),
        "links": EPOCH_KEYS,
        "audit_keys": EPOCH_KEYS,
        "epochs": listed(members({"epoch": U32, "holders": listed(HOLDER)})),
        "checkpoints": listed(members({"writer": writer, "count": U64, "mac": hex32})),
    }
)


def parse(document):
    """(covered bytes, MAC, members)"""
    if len(document) > MAX_DOCUMENT:
        raise Refused("keyring_too_large")
    covered, last = document[:-77], document[-77:]
    line = MAC_LINE.fullmatch(last)
    if not line or not covered.endswith(b"\n"):
        raise malformed()
    try:
        content = json.loads(covered.decode(), object_pairs_hook=Members, parse_constant=constant)
    except (ValueError, RecursionError):
        raise malformed() from None
    members({"generation": U64}, closed=False)(content)
    return covered, bytes.fromhex(line[1].decode()), content


def mac(root, covered):
    return hmac.digest(derive.expand(root, "document"), covered, "sha256")


def sealed(root, content):
    """The document of this JSON text."""
    covered = content.encode() + b"\n"
    return covered + b"hmac-sha256 " + mac(root, covered).hex().encode() + b"\n"


def ascending(numbers):
    return all(one < two for one, two in zip(numbers, numbers[1:]))


def check(document):
    data, index = document["data_keys"], document["index_keys"]
    sizes = {"data_keys": 1000, "index_keys": 128, "providers": 8, "schedule": 2000, "checkpoints": 64}
    if any(len(document[name]) > size for name, size in sizes.items()):
        raise Refused("keyring_full")
    ids = [key["key_id"] for key in data]
    names = [provider["name"] for provider in document["providers"]]
    schedule = document["schedule"]
    fine = (
        len(set(ids)) == len(ids)
        and all(re.fullmatch("[0-9a-f]{8}", key_id) for key_id in ids)
        and data
        and ascending([key["version"] for key in data])
        and ascending([key["number"] for key in index])
        and all((key["state"] == "destroyed") == (key["wrapped"] is None) for key in data)
        and all((key["wrapped"] is None) == (key["last_epoch"] is not None) for key in data + index)
        and schedule
        and schedule[0]["at_once"]
        and {entry["version"] for entry in schedule} <= {key["version"] for key in data}
        and names
        and len(set(names)) == len(names)
    )
    if not fine:
        raise malformed()


def open_document(document, keyring_id, root):
    """(members, data keys by version, index keys by number); the key of a destroyed one is None."""
    covered, found, content = parse(document)
    form = members({"format": text, "version": U32}, closed=False)(content)
    if form["format"] != "fieldward-keyring":
        raise malformed()
    if form["version"] != 1:
        raise Refused("keyring_version")
    head = members(HEAD, closed=False)(content)
    if head["keyring_id"] != keyring_id:
        raise Refused("keyring_wrong_id")
    if len(head["providers"]) > 8:
        raise malformed()
    if head["root_identity"] != identity(root):
        raise Refused("provider_wrong_key")
    if found != mac(root, covered):
        raise Refused("authentication_failed")
    whole_document = DOCUMENT(content)
    check(whole_document)
    epoch = whole_document["epoch"]

    def key(entry, kind, key_id, number):
        if entry["wrapped"] is None:
            return None
        return unwrap(root, (kind, keyring_id, epoch, key_id, number), entry["wrapped"])

    data = {e["version"]: key(e, "data", bytes.fromhex(e["key_id"]), e["version"]) for e in whole_document["data_keys"]}
    index = {e["number"]: key(e, "index", None, e["number"]) for e in whole_document["index_keys"]}
    return whole_document, data, index


# The schedule


class Schedule:
    """Which version is current when. `entries` are {"version", "time", "at_once"}."""

    def __init__(self, entries, window, reached=0):
        self.entries, self.window, self.reached = entries, window, reached

    def current(self, now):
        """The place of the last entry that is at once or due, but none before one reached earlier."""
        due = [place for place, entry in enumerate(self.entries) if entry["at_once"] or entry["time"] <= now]
        return max([0, *due, min(self.reached, len(self.entries) - 1)])

    def use(self, now):
        self.reached = max(self.reached, self.current(now))

    def spans(self, now):
        """The earlier entries that were ever in effect, as (version, when the next one took over), oldest first."""
        current = self.current(now)
        for place in range(current):
            entry = self.entries[place]
            end = min(later["time"] for later in self.entries[place + 1 : current + 1])
            if entry["at_once"] or entry["time"] <= end:
                yield entry["version"], end

    def state(self, version, stored, now):
        if stored not in ("pre-active", "active"):
            return stored
        if self.entries[self.current(now)]["version"] == version:
            return "active"
        ends = [end for other, end in self.spans(now) if other == version]
        if not ends:
            return "pre-active"
        return "active" if now < ends[-1] + self.window else "deactivated"

    def predecessor(self, now):
        version = self.entries[self.current(now)]["version"]
        others = [span for span in self.spans(now) if span[0] != version]
        return {"version": others[-1][0], "time": others[-1][1]} if others else None


def follow(entries, window, before):
    """Goes on from an earlier document of this process, if the schedule extends that one's."""
    earlier = Schedule(before["entries"], window)
    for now in before["used_at"]:
        earlier.use(now)
    extends = entries[: len(earlier.entries)] == earlier.entries
    return Schedule(entries, window, earlier.reached if extends else 0)


def transition(old, new):
    if new not in CHANGES[old]:
        raise Refused("transition_not_allowed")
