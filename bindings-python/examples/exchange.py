"""The Python part of the exchange between languages: `core/vectors/exchange/README.md` says what it writes and checks.

    python exchange.py write DIR
    python exchange.py read DIR LANGUAGE...
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import struct
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fieldward as fw

INPUTS = Path(__file__).resolve().parents[2] / "core" / "vectors" / "exchange" / "inputs.json"
USAGE = "usage: exchange write DIR | exchange read DIR LANGUAGE..."

VALUES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "bytes": lambda typed: bytes.fromhex(typed["hex"]),
    "text": lambda typed: typed["text"],
    "i64": lambda typed: int(typed["number"]),
    "f64": lambda typed: struct.unpack(">d", bytes.fromhex(typed["bits"]))[0],
    "bool": lambda typed: typed["bool"],
    "date": lambda typed: dt.date.fromisoformat(typed["text"]),
    "decimal": lambda typed: decimal.Decimal(typed["text"]),
    "json": lambda typed: json.loads(typed["text"]),
    "uuid": lambda typed: uuid.UUID(typed["text"]),
}


class Difference(Exception):
    """Something is not as it was written."""


def check(holds: bool, what: str) -> None:
    if not holds:
        raise Difference(what)


def config(language: str, folder: Path, provider: fw.LocalKeyProvider) -> fw.KeyringConfig:
    return fw.KeyringConfig(
        f"exchange-{language}",
        providers={"primary": provider},
        store=fw.FileStore(folder / "keys"),
        no_pin="the keyring of another language is read once",
    )


class Patients:
    """The exchange's table in one keyring."""

    def __init__(self, keyring: fw.Keyring, inputs: dict[str, Any]) -> None:
        self.schema = fw.Schema.from_dict(inputs["schema"])
        self.records = keyring.records(self.schema)
        self.fields = {name: keyring.field(self.schema, name) for name in self.schema.fields}
        self.record_id = int(inputs["record_id"]["number"])
        self.other_record_id = int(inputs["other_record_id"]["number"])

    def is_bound(self, name: str) -> bool:
        return bool(self.schema.field(name)["is_bound"])

    def encrypt(self, name: str, typed: dict[str, Any]) -> str:
        """A value of the form of the vectors. A `datetime` has no nanoseconds: moments go as text, in a document."""
        if typed["type"] == "timestamp":
            document = self.records.encrypt_document({"id": self.record_id, name: typed["text"]})
            return str(document[name])
        record_id = self.record_id if self.is_bound(name) else None
        return str(self.fields[name].encrypt(VALUES[typed["type"]](typed), record_id=record_id))

    def decrypt(self, name: str, stored: str, record_id: int) -> Any:
        if self.schema.field(name)["type"] == "timestamp":
            return self.records.decrypt_document({"id": record_id, name: stored})[name]
        return self.fields[name].decrypt(stored, record_id=record_id if self.is_bound(name) else None)

    def tokens(self, query: dict[str, Any]) -> list[str]:
        value = VALUES[query["value"]["type"]](query["value"])
        field = self.fields[query["field"]]
        return field.tokens(value) if query.get("index") is None else field.query(query["index"], value).tokens

    def read(self, item: dict[str, Any], stored: str) -> None:
        name, typed = item["field"], item["value"]
        kept = self.decrypt(name, stored, self.record_id)
        check(is_same(kept, typed), "another value")
        if self.is_bound(name):
            self.refused(name, stored, self.other_record_id, "under another record id")
        own = self.schema.field(name)
        for other in map(self.schema.field, self.schema.fields):
            if other["id"] != own["id"] and (other["mode"], other["type"]) == (own["mode"], own["type"]):
                self.refused(other["id"], stored, self.record_id, "in another field")

    def refused(self, name: str, stored: str, record_id: int, what: str) -> None:
        try:
            self.decrypt(name, stored, record_id)
        except fw.AuthenticationError:
            return
        raise Difference(f"read {what}")


def is_same(kept: Any, typed: dict[str, Any]) -> bool:
    """Floats by their bits, decimals by their digits, moments by their text."""
    if typed["type"] == "timestamp":
        return bool(kept == typed["text"])
    value = VALUES[typed["type"]](typed)
    if typed["type"] == "f64":
        return struct.pack(">d", kept) == struct.pack(">d", value)
    if typed["type"] == "decimal":
        return bool(kept.as_tuple() == value.as_tuple())
    return type(kept) is type(value) and bool(kept == value)


def write(inputs: dict[str, Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    values, records = inputs["values"], inputs["records"]
    half = len(values) // 2
    corpus: dict[str, Any] = {"values": {}, "records": [], "tokens": {}}
    with config("python", folder, fw.LocalKeyProvider.create_file(folder / "root.key")).create() as keyring:
        patients = Patients(keyring, inputs)
        for some_values, some_records in ((values[:half], records[:2]), (values[half:], records[2:])):
            if corpus["records"]:
                keyring.rotate(activate_immediately=True)
            for item in some_values:
                corpus["values"][item["id"]] = patients.encrypt(item["field"], item["value"])
            corpus["records"] += [patients.records.encrypt_document(record) for record in some_records]
        for query in inputs["queries"]:
            corpus["tokens"][query["id"]] = patients.tokens(query)
    (folder / "corpus.json").write_text(json.dumps(corpus), "utf-8")


def read(inputs: dict[str, Any], language: str, folder: Path) -> None:
    corpus = json.loads((folder / "corpus.json").read_text("utf-8"))
    with config(language, folder, fw.LocalKeyProvider.from_file(folder / "root.key")).open() as keyring:
        patients = Patients(keyring, inputs)
        check(len(keyring.status()["versions"]) == 2, "versions")
        check(set(corpus) == {"values", "records", "tokens"}, "members")
        check(set(corpus["values"]) == {item["id"] for item in inputs["values"]}, "the values")
        for item in inputs["values"]:
            try:
                patients.read(item, corpus["values"][item["id"]])
            except (Difference, fw.Error) as error:
                raise Difference(f"{item['id']}: {error}") from error
        check(len(corpus["records"]) == len(inputs["records"]), "the number of records")
        for stored, record in zip(corpus["records"], inputs["records"], strict=True):
            check(patients.records.decrypt_document(stored) == record, "a record")
        check(set(corpus["tokens"]) == {query["id"] for query in inputs["queries"]}, "the queries")
        for query in inputs["queries"]:
            tokens = set(patients.tokens(query))
            check(set(corpus["tokens"][query["id"]]) == tokens, query["id"])
            found = [record["id"] for record in corpus["records"] if record.get(query["column"]) in tokens]
            check(found == query["finds"], query["id"])


def main(arguments: list[str]) -> int:
    inputs = json.loads(INPUTS.read_text("utf-8"))
    match arguments:
        case ["write", folder]:
            write(inputs, Path(folder) / "python")
        case ["read", folder, *languages] if languages:
            for language in languages:
                try:
                    read(inputs, language, Path(folder) / language)
                except (Difference, fw.Error, OSError, ValueError) as error:
                    print(f"python reads {language}: {error}", file=sys.stderr)
                    return 1
        case _:
            print(USAGE, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
