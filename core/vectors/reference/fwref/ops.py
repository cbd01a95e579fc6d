"""Every operation that a vector can ask for: input dictionary in, result dictionary out, or Refused."""

from . import Refused, context, derive, envelope, keyring, search, suite, value


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


def keyring_root(i):
    root = _hex(i["root"])
    return {name: key.hex() for name, key in keyring.root_keys(root).items()} | {"identity": keyring.identity(root).hex()}


def keyring_wrap_open(i):
    place = (i["kind"], i["keyring_id"], i["epoch"], _hex(i.get("key_id")), i["number"])
    return {"key": keyring.unwrap(_hex(i["root"]), place, _hex(i["wrapped"])).hex()}


def keyring_document_open(i):
    source = i["document"]
    document = source.encode() if isinstance(source, str) else _sized(source)
    content, data, index = keyring.open_document(document, i["keyring_id"], _hex(i["root"]))

    def shown(keys):
        return {str(number): key and key.hex() for number, key in keys.items()}

    return {"generation": content["generation"], "epoch": content["epoch"], "data_keys": shown(data), "index_keys": shown(index)}


def keyring_schedule(i):
    before = i.get("before", {"entries": [], "used_at": []})
    schedule = keyring.follow(i["entries"], i["window"], before)
    now = i["now"]
    return {
        "current": schedule.entries[schedule.current(now)]["version"],
        "predecessor": schedule.predecessor(now),
        "states": {version: schedule.state(int(version), stored, now) for version, stored in i["stored"].items()},
    }


def keyring_transition(i):
    keyring.transition(i["from"], i["to"])
    return {"allowed": True}


def search_normalize(i):
    text = i["text"] if isinstance(i["text"], str) else i["text"]["repeat"] * i["text"]["times"]
    return {"text": search.normalize(i["steps"], text)}


def search_index_info(i):
    return {"info": search.info(i["index"], i["type"], i["place"]).hex()}


def search_index(i):
    tokens = search.tokens(_hex(i["index_key"]), i["index"], i["type"], i["place"], i["value"])
    if not tokens:
        return {"value": None}
    shown = [token.hex() for token in tokens]
    return {"value": shown if search.is_list(i["index"]["transform"]) else shown[0]}


def search_query(i):
    tokens = search.tokens(_hex(i["index_key"]), i["index"], i["type"], i["place"], i["value"])
    if not tokens:
        raise Refused("query_empty")
    return {"tokens": [token.hex() for token in tokens], "is_exact": i["index"]["transform"] == "exact"}


OPS = {name: function for name, function in list(globals().items()) if callable(function) and not name.startswith("_") and name != "Refused"}
