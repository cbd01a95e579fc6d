"""Normalisers, transforms and index values.

The tables are those of this Python. They may be older than the pinned Unicode 16.0: a case of a later code point says
`"reference": false`.
"""

import hmac
import re
import unicodedata

from . import Refused, derive, value
from .context import field_context

MAX_NORMALIZED = 64 * 1024
MAX_STEPS = 8
MAX_WORDS = 1024
PARTS = {
    "year": (9999, lambda date: date[:4]),
    "year_month": (9999 * 12, lambda date: date[:7]),
    "month": (12, lambda date: date[5:7]),
    "month_day": (366, lambda date: date[5:]),
}
# PropList: White_Space and Pattern_Syntax. Both are stable.
WHITE_SPACE = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
PATTERN_SYNTAX = (
    r"!-/:-@\[-\^`{-~¡-§©«¬®°±¶»¿×÷"
    "\u2010-\u2027\u2030-\u203e\u2041-\u2053\u2055-\u205e\u2190-\u245f\u2500-\u2775\u2794-\u2bff\u2e00-\u2e7f"
    "\u3001-\u3003\u3008-\u3020\u3030\ufd3e\ufd3f\ufe45\ufe46"
)
SPACES = re.compile(f"[{WHITE_SPACE}]+")
SEPARATOR = re.compile(f"[{WHITE_SPACE}{PATTERN_SYNTAX}]+")


def digits(text):
    return "".join(str(unicodedata.decimal(c)) for c in text if unicodedata.category(c) == "Nd")


def fold(text):
    for form in ("NFD", "NFKC"):
        text = unicodedata.normalize(form, text).casefold()
    return unicodedata.normalize("NFKC", text)


STEPS = {
    "digits": digits,
    "trim": lambda text: re.sub(f"^[{WHITE_SPACE}]+|[{WHITE_SPACE}]+\\Z", "", text),
    "collapse_spaces": lambda text: SPACES.sub(" ", text),
    "compact": lambda text: SEPARATOR.sub("", text),
    "casefold": fold,
    "nfc": lambda text: unicodedata.normalize("NFC", text),
    "nfkc": lambda text: unicodedata.normalize("NFKC", text),
}


def normalize(steps, text):
    if len(steps) > MAX_STEPS:
        raise Refused("schema_invalid")
    if not steps:
        return text

    def check(text):
        if len(text.encode()) > MAX_NORMALIZED:
            raise Refused("value_too_long")

    check(text)
    # Cn is unassigned, Co is private use.
    if any(unicodedata.category(c) in ("Cn", "Co") for c in text):
        raise Refused("unassigned_code_point")
    for step in steps:
        text = STEPS[step](text)
        check(text)
    return text


SOUNDEX = {c: d for d, letters in {"1": "BFPV", "2": "CGJKQSXZ", "3": "DT", "4": "L", "5": "MN", "6": "R"}.items() for c in letters}


def soundex(word):
    """H and W are skipped, other letters without a code part equal codes. The first letter counts for its code."""
    letters = re.sub("[^A-Z]", "", re.sub("[a-z]", lambda found: found[0].upper(), word))
    if not letters:
        return None
    codes = [SOUNDEX.get(c, "-") for c in letters[0] + re.sub("[HW]", "", letters[1:])]
    kept = [code for before, code in zip(codes, codes[1:]) if code != before and code != "-"]
    return (letters[0] + "".join(kept) + "000")[:4]


# Indexes: {"transform", "bits", "normalizer", "domain", "accept_leak"}; a transform is "exact" or {"last": 4}.


def transform_of(index):
    transform = index["transform"]
    return (transform, None) if isinstance(transform, str) else next(iter(transform.items()))


def is_list(transform):
    return transform in ("words", "phonetic")


def bits_of(index):
    return index.get("bits", 128 if index["transform"] == "exact" else 32)


def purpose(index):
    name, parameter = transform_of(index)
    if name == "phonetic":
        return "phonetic:soundex"
    return name if parameter is None else f"{name}:{parameter}"


def possible_outputs(index, kind):
    """An upper bound; None where there is none."""
    name, parameter = transform_of(index)
    if name in ("first", "last"):
        return (10 if "digits" in index.get("normalizer", []) else 26) ** parameter
    if name == "date":
        return PARTS[parameter][0]
    if name == "phonetic":
        return 26 * 7**3
    return 2 if name == "exact" and kind == "bool" else None


def validate(index, kind):
    name, parameter = transform_of(index)
    bits, steps, domain = bits_of(index), index.get("normalizer", []), index.get("domain")
    kinds = {"exact": set(value.TAGS) - {"json"}, "date": {"date"}}.get(name, {"text"})
    if kind not in kinds or (name in ("first", "last") and not 1 <= parameter <= 64):
        raise Refused("schema_invalid")
    if not 1 <= bits <= 128 or (name == "exact" and bits != 128):
        raise Refused("schema_invalid")
    if len(steps) > MAX_STEPS or (steps and kind != "text"):
        raise Refused("schema_invalid")
    accepted = index.get("accept_leak", [])
    if not set(accepted) <= {"low_cardinality", "joins"}:
        raise Refused("schema_unknown_option")
    if domain is not None:
        if not 1 <= len(domain.encode()) <= 128:
            raise Refused("invalid_name")
        if "joins" not in accepted:
            raise Refused("schema_leak_not_accepted")
    outputs = possible_outputs(index, kind)
    if (bits < 20 or (outputs is not None and outputs < 2**20)) and "low_cardinality" not in accepted:
        raise Refused("schema_leak_not_accepted")


def info_parts(index, kind, place):
    tenant, table, field = field_context(place["tenant"], place["table"], place["field"])
    steps = ",".join(index.get("normalizer", [])) + "/1"
    own = [purpose(index).encode(), bytes([bits_of(index)]), bytes([value.TAGS[kind]]), steps.encode()]
    if index.get("domain") is not None:
        return own + [b"domain", tenant, index["domain"].encode()]
    return own + [b"field", tenant, table, field]


def info(index, kind, place):
    validate(index, kind)
    return derive.info("index", info_parts(index, kind, place))


def outputs(index, content):
    """The byte strings that are authenticated."""
    name, parameter = transform_of(index)
    kind = content["type"]
    if name == "date":
        if kind != "date":
            raise Refused("wrong_type")
        return [PARTS[parameter][1](content["text"]).encode()]
    if kind != "text":
        if name != "exact":
            raise Refused("wrong_type")
        return [value.search_bytes(content)]
    text = normalize(index.get("normalizer", []), content["text"])
    if name in ("first", "last"):
        if len(text) < parameter:
            return []
        return [(text[:parameter] if name == "first" else text[-parameter:]).encode()]
    if name == "exact":
        return [text.encode()]
    words = {soundex(word) if name == "phonetic" else word for word in SEPARATOR.split(text) if word} - {None}
    if len(words) > MAX_WORDS:
        raise Refused("value_too_long")
    return [word.encode() for word in words]


def tokens(index_key, index, kind, place, content):
    """Sorted, without duplicates. The leading bits; spare bits are zero."""
    validate(index, kind)
    key = derive.expand(index_key, "index", info_parts(index, kind, place))
    if content is None:
        return []
    bits = bits_of(index)

    def token(output):
        whole = int.from_bytes(hmac.digest(key, output, "sha256"), "big")
        length = -(-bits // 8)
        return (whole >> 256 - bits << length * 8 - bits).to_bytes(length, "big")

    return sorted({token(output) for output in outputs(index, content) if output})
