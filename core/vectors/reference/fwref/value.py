"""core/spec/value.md. A value is a dictionary, as in the vectors: {"type": "date", "text": "2024-02-29"}."""

import datetime
import json
import math
import re
import struct
import uuid

from . import Refused

MAX_VALUE = 16 * 1024 * 1024
TAGS = {
    name: tag + 1
    for tag, name in enumerate(
        ["bytes", "text", "i64", "f64", "bool", "date", "timestamp", "decimal", "json", "uuid"]
    )
}
NAMES = {tag: name for name, tag in TAGS.items()}
EPOCH_DAY = datetime.date(1970, 1, 1).toordinal()
LAST_DAY = datetime.date(9999, 12, 31).toordinal()
MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:(Z)|([+-])(\d\d):(\d\d)(?::(\d\d))?)?", re.ASCII
)
NUMBER = re.compile(r"(-?)(0|[1-9]\d*)(?:\.(\d+)|E\+([1-9]\d*))?", re.ASCII)


def date_days(text):
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise Refused("value_not_canonical")
    try:
        return datetime.date.fromisoformat(text).toordinal() - EPOCH_DAY
    except ValueError:
        raise Refused("value_out_of_range") from None


def days_date(days):
    if not 1 <= days + EPOCH_DAY <= LAST_DAY:
        raise Refused("value_malformed")
    return datetime.date.fromordinal(days + EPOCH_DAY).isoformat()


def moment_fields(text):
    """(form, seconds, nanoseconds, offset)"""
    match = MOMENT.fullmatch(text)
    if not match:
        raise Refused("value_not_canonical")
    date, hour, minute, second, fraction, utc, sign, hours, minutes, seconds = match.groups()
    kind, east = 0, 0
    if utc:
        kind = 1
    elif sign:
        kind = 2
        if int(hours) > 23 or int(minutes) > 59 or int(seconds or 0) > 59 or seconds == "00":
            raise Refused("value_not_canonical")
        east = int(hours) * 3600 + int(minutes) * 60 + int(seconds or 0)
        if sign == "-":
            if east == 0:
                raise Refused("value_not_canonical")
            east = -east
    days = date_days(date)
    if int(hour) > 23 or int(minute) > 59 or int(second) > 59:
        raise Refused("value_out_of_range")
    digits = len(fraction or "")
    nanoseconds = int((fraction or "").ljust(9, "0"))
    local = days * 86400 + int(hour) * 3600 + int(minute) * 60 + int(second)
    return kind << 4 | digits, local - east, nanoseconds, east


def moment_text(form, seconds, nanoseconds, east):
    kind, digits = form >> 4, form & 15
    if kind > 2 or (kind != 2 and east) or abs(east) >= 86400 or digits > 9 or nanoseconds >= 10**9:
        raise Refused("value_malformed")
    if nanoseconds % 10 ** (9 - digits):
        raise Refused("value_malformed")
    days, second = divmod(seconds + east, 86400)
    text = f"{days_date(days)}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    if digits:
        text += "." + str(nanoseconds).rjust(9, "0")[:digits]
    if kind == 1:
        text += "Z"
    if kind == 2:
        size = abs(east)
        text += f"{'-' if east < 0 else '+'}{size // 3600:02}:{size // 60 % 60:02}"
        if size % 60:
            text += f":{size % 60:02}"
    return text


def decimal_fields(text):
    """(negative, scale, digits)"""
    match = NUMBER.fullmatch(text)
    if not match:
        raise Refused("value_not_canonical")
    sign, whole, fraction, exponent = match.groups()
    digits = (whole + (fraction or "")).lstrip("0") or "0"
    scale = len(fraction or "") - int(exponent or 0)
    if len(digits) > 1000 or abs(scale) > 6144:
        raise Refused("value_out_of_range")
    return bool(sign), scale, digits


def decimal_text(negative, scale, digits):
    sign = "-" if negative else ""
    if scale < 0:
        return f"{sign}{digits}E+{-scale}"
    if scale == 0:
        return sign + digits
    digits = digits.rjust(scale + 1, "0")
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}"


def decimal_bytes(negative, scale, digits):
    return bytes([negative]) + struct.pack(">i", scale) + digits.encode()


def json_is_valid(text):
    depth = deepest = 0
    in_string = escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif in_string and character == "\\":
            escaped = True
        elif character == '"':
            in_string = not in_string
        elif not in_string and character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif not in_string and character in "]}":
            depth -= 1
    if deepest > 100:
        return False

    def constant(_):
        raise ValueError

    try:
        json.loads(text, parse_constant=constant)
    except ValueError:
        return False
    return text.strip(" \t\r\n") != "" and not text.startswith("\ufeff")


def payload(value):
    kind = value["type"]
    if kind == "bytes":
        return bytes.fromhex(value["hex"])
    if kind == "text":
        return value["text"].encode()
    if kind == "i64":
        return struct.pack(">q", int(value["number"]))
    if kind == "f64":
        return bytes.fromhex(value["bits"])
    if kind == "bool":
        return bytes([value["bool"]])
    if kind == "date":
        return struct.pack(">i", date_days(value["text"]))
    if kind == "timestamp":
        return struct.pack(">BqIi", *moment_fields(value["text"]))
    if kind == "decimal":
        return decimal_bytes(*decimal_fields(value["text"]))
    if kind == "json":
        if not json_is_valid(value["text"]):
            raise Refused("invalid_json")
        return value["text"].encode()
    return uuid.UUID(value["text"]).bytes


def padded_len(n, padding):
    if padding == "padme":
        length = n + 2
        exponent = length.bit_length() - 1
        kept = exponent.bit_length() if exponent else 1
        mask = (1 << max(exponent - kept, 0)) - 1
        return (length + mask) & ~mask
    if not 2 <= padding <= 4096:
        raise Refused("invalid_argument")
    return -(-(n + 2) // padding) * padding


def encode(value, padding=None):
    body = payload(value)
    if len(body) > MAX_VALUE:
        raise Refused("value_too_long")
    tag = TAGS[value["type"]]
    if padding is None:
        return bytes([tag]) + body
    return (bytes([tag | 0x80]) + body + b"\x80").ljust(padded_len(len(body), padding), b"\x00")


def decode(plaintext):
    if not plaintext or plaintext[0] & 0x7F not in NAMES:
        raise Refused("value_malformed")
    kind, body = NAMES[plaintext[0] & 0x7F], plaintext[1:]
    if plaintext[0] & 0x80:
        body = body.rstrip(b"\x00")
        if not body.endswith(b"\x80"):
            raise Refused("padding_malformed")
        body = body[:-1]
    sizes = {"i64": 8, "f64": 8, "bool": 1, "date": 4, "timestamp": 17, "uuid": 16}
    if len(body) > MAX_VALUE or (kind in sizes and len(body) != sizes[kind]):
        raise Refused("value_malformed")
    try:
        if kind == "bytes":
            return {"type": kind, "hex": body.hex()}
        if kind == "text":
            return {"type": kind, "text": body.decode()}
        if kind == "i64":
            return {"type": kind, "number": str(struct.unpack(">q", body)[0])}
        if kind == "f64":
            return {"type": kind, "bits": body.hex()}
        if kind == "bool":
            if body not in (b"\x00", b"\x01"):
                raise Refused("value_malformed")
            return {"type": kind, "bool": body == b"\x01"}
        if kind == "date":
            return {"type": kind, "text": days_date(struct.unpack(">i", body)[0])}
        if kind == "timestamp":
            return {"type": kind, "text": moment_text(*struct.unpack(">BqIi", body))}
        if kind == "decimal":
            if len(body) < 6 or body[0] > 1:
                raise Refused("value_malformed")
            scale, digits = struct.unpack(">i", body[1:5])[0], body[5:].decode()
            if not re.fullmatch(r"0|[1-9]\d{0,999}", digits, re.ASCII) or abs(scale) > 6144:
                raise Refused("value_malformed")
            return {"type": kind, "text": decimal_text(body[0] == 1, scale, digits)}
        if kind == "json":
            text = body.decode()
            if not json_is_valid(text):
                raise Refused("value_malformed")
            return {"type": kind, "text": text}
        return {"type": kind, "text": str(uuid.UUID(bytes=body))}
    except UnicodeDecodeError:
        raise Refused("value_malformed") from None


def search_bytes(value):
    kind = value["type"]
    if kind == "json":
        raise Refused("wrong_type")
    if kind == "f64":
        number = struct.unpack(">d", bytes.fromhex(value["bits"]))[0]
        if math.isnan(number):
            return bytes.fromhex("7ff8000000000000")
        return struct.pack(">d", number + 0.0)
    if kind == "timestamp":
        form, seconds, nanoseconds, _ = moment_fields(value["text"])
        return struct.pack(">BqI", form >> 4 != 0, seconds, nanoseconds)
    if kind == "decimal":
        negative, scale, digits = decimal_fields(value["text"])
        trimmed = digits.rstrip("0")
        if not trimmed:
            return decimal_bytes(False, 0, "0")
        return decimal_bytes(negative, scale - (len(digits) - len(trimmed)), trimmed)
    return payload(value)
