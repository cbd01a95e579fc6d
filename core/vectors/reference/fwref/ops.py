"""Every operation that a vector can ask for: input dictionary in, result dictionary out, or Refused."""

from . import context, derive, envelope, suite, value


def _hex(text):
    return None if text is None else bytes.fromhex(text)


def _sized(source):
    """Bytes given as hex, or built: {"prefix": hex, "fill": hex of one byte, "len": n}. Keeps long inputs out of the files."""
    if isinstance(source, str):
        return bytes.fromhex(source)
    prefix = bytes.fromhex(source["prefix"])
    return prefix + bytes.fromhex(source["fill"]) * (source["len"] - len(prefix))


def value_encode(i):
    return {"plaintext": value.encode(i["value"], i.get("padding")).hex()}


def value_decode(i):
    return {"value": value.decode(_sized(i["plaintext"]))}


def value_search_bytes(i):
    return {"search_bytes": value.search_bytes(i["value"]).hex()}


def context_parts(i):
    return {"bytes": context.parts([_hex(part) for part in i["parts"]]).hex()}


def context_field(i):
    return {"bytes": context.parts(context.field_context(i["tenant"], i["table"], i["field"])).hex()}


def context_record_id(i):
    return {"bytes": context.record_id(i["record"]).hex()}


def context_associated_data(i):
    return {"bytes": context.associated_data(_hex(i["header"]), i["record"]).hex()}


def derive_expand(i):
    return {"derived": derive.expand(_hex(i["key"]), i["label"], [_hex(part) for part in i["parameters"]]).hex()}


def suite_xaes_open(i):
    return {"plaintext": suite.xaes_open(_hex(i["key"]), _hex(i["associated_data"]), _hex(i["sealed"])).hex()}


def suite_siv_seal(i):
    return {"sealed": suite.siv_seal(_hex(i["key"]), _hex(i["associated_data"]), _hex(i["plaintext"])).hex()}


def suite_siv_open(i):
    return {"plaintext": suite.siv_open(_hex(i["key"]), _hex(i["associated_data"]), _hex(i["sealed"])).hex()}


def envelope_inspect(i):
    source = i["envelope"]
    if isinstance(source, dict) and "text" in source:
        return envelope.inspect(envelope.from_text(source["text"]))
    return envelope.inspect(_sized(source))


def envelope_seal_deterministic(i):
    sealed = envelope.seal(_hex(i["data_key"]), _hex(i["key_id"]), i["place"], i["value"], i.get("padding"))
    return {"envelope": sealed.hex(), "text": envelope.to_text(sealed)}


def envelope_open(i):
    return {"value": envelope.open_(_hex(i["data_key"]), i["place"], _hex(i["envelope"]))}


OPS = {name: function for name, function in list(globals().items()) if callable(function) and not name.startswith("_")}
