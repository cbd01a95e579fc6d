"""core/spec/envelope.md"""

import base64
import re

from . import Refused, derive, suite, value
from .context import associated_data, field_context

MAX_PLAINTEXT = 16 * 1024 * 1024 + (1 << 19)
OVERHEAD = {1: 45, 2: 21}


def to_text(envelope):
    return "fw1." + base64.urlsafe_b64encode(envelope).decode().rstrip("=")


def from_text(text):
    if not text.startswith("fw1."):
        raise Refused("not_an_envelope")
    body = text[4:]
    if len(body) > (MAX_PLAINTEXT + 64) * 2:
        raise Refused("envelope_too_long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", body) or len(body) % 4 == 1:
        raise Refused("invalid_text_form")
    envelope = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    if to_text(envelope) != text:
        raise Refused("invalid_text_form")
    return envelope


def parse(envelope):
    if not envelope:
        raise Refused("not_an_envelope")
    if envelope[0] in (0x83, 0x84):
        raise Refused("unknown_suite")
    if envelope[0] not in (0x81, 0x82):
        raise Refused("not_an_envelope")
    number = envelope[0] & 0x7F
    if len(envelope) <= OVERHEAD[number]:
        raise Refused("envelope_truncated")
    if len(envelope) > OVERHEAD[number] + MAX_PLAINTEXT:
        raise Refused("envelope_too_long")
    return number, envelope[:5], envelope[5:]


def inspect(envelope):
    number, header, _ = parse(envelope)
    return {"suite": number, "key_id": header[1:].hex(), "plaintext_len": len(envelope) - OVERHEAD[number]}


def field_key(data_key, label, place):
    return derive.expand(data_key, label, field_context(place["tenant"], place["table"], place["field"]))


def seal(data_key, key_id, place, plain, padding=None, nonce=None):
    """With a nonce: randomized. Without: deterministic."""
    plaintext = value.encode(plain, padding)
    if nonce is None:
        header = b"\x82" + key_id
        return header + suite.siv_seal(field_key(data_key, "deterministic", place), header, plaintext)
    header = b"\x81" + key_id
    data = associated_data(header, place["record"])
    return header + suite.xaes_seal(field_key(data_key, "randomized", place), nonce, data, plaintext)


def open_(data_key, place, envelope):
    number, header, sealed = parse(envelope)
    if number == 2:
        plaintext = suite.siv_open(field_key(data_key, "deterministic", place), header, sealed)
    else:
        data = associated_data(header, place["record"])
        plaintext = suite.xaes_open(field_key(data_key, "randomized", place), data, sealed)
    return value.decode(plaintext)
