"""core/spec/context.md"""

import struct

from . import Refused

MAX_NAME = 128


def parts(items):
    """P: absent is 00, present is 01, length, bytes."""
    out = b""
    for item in items:
        out += b"\x00" if item is None else b"\x01" + struct.pack(">I", len(item)) + item
    return out


def utf8(text):
    return None if text is None else text.encode()


def field_context(tenant, table, field):
    names = [utf8(tenant), utf8(table), utf8(field)]
    if any(name is not None and len(name) > MAX_NAME for name in names) or not names[1] or not names[2]:
        raise Refused("invalid_name")
    return names


def record_id(items):
    """`items` are {"type": ..., "text" | "hex" | "number": ...}; none at all is None."""
    if items is None:
        return None
    out = b""
    for item in items:
        kind = item["type"]
        if kind == "text":
            tag, body = 2, item["text"].encode()
        elif kind == "bytes":
            tag, body = 1, bytes.fromhex(item["hex"])
        elif kind == "i64":
            tag, body = 3, struct.pack(">q", int(item["number"]))
        else:
            tag, body = 10, bytes.fromhex(item["text"].replace("-", ""))
        out += bytes([tag]) + struct.pack(">I", len(body)) + body
    if not 1 <= len(items) <= 8 or len(out) > 4096:
        raise Refused("record_id_invalid")
    return out


def associated_data(header, record):
    return parts([header, record_id(record)])
