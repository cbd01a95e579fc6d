"""Runs a million operations after a warm-up, and prints as JSON by how many bytes the process has grown with each kind of them."""

import gc
import json
import os
import pickle
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

import fieldward as fw
from conftest import field_of, schema_of
from fieldward import columns

OPERATIONS = 130_000
SCHEMA = schema_of(
    {**field_of("text"), "id": "random", "indexes": [{"name": "exact", "column": "exact", "transform": "exact"}]},
    {"id": "bound", "type": "json", "mode": "randomized"},
    {"id": "paired", "type": "text", "mode": "deterministic"},
)
folder = Path(tempfile.mkdtemp(dir=sys.argv[1]))
config = fw.KeyringConfig(
    "clinic",
    providers={"primary": fw.LocalKeyProvider.create_file(folder / "root.key")},
    store=fw.FileStore(folder / "keys"),
    pin=fw.FilePin(folder / "pins"),
)
keyring = config.create()
random, bound, paired = (keyring.field(SCHEMA, name) for name in ("random", "bound", "paired"))
records = keyring.records(SCHEMA)
stored = random.encrypt("a text")
spoilt = stored[:-1] + bytes([stored[-1] ^ 1])
row = records.encrypt({"id": "p-7", "random": "a text", "bound": {"a": [1, None]}, "paired": "b"})
pickled = pickle.dumps(random)
leak: list[bytes] = []


def refused(call: Callable[[], object]) -> None:
    try:
        call()
    except fw.Error:
        return
    raise AssertionError("it was not refused")


def errors(count: int) -> None:
    wrong = [
        lambda: random.encrypt(7),
        lambda: random.encrypt("\ud800"),
        lambda: random.decrypt(spoilt),
        lambda: random.decrypt(b"none"),
        lambda: bound.encrypt({}, record_id=None),
        lambda: records.encrypt({"id": None}),
        lambda: columns.decrypt(random, pa.array([stored, spoilt])),
        lambda: columns.encrypt(random, pa.array([1.5])),
    ]
    for _ in range(count // len(wrong)):
        for one in wrong:
            refused(one)


def in_columns(count: int) -> None:
    texts = pa.array([f"text {number}" for number in range(1_000)])
    for _ in range(count // 1_000):
        sealed = columns.encrypt(random, texts)
        assert len(columns.decrypt(random, sealed)) == len(columns.encrypt(paired, texts)) == len(columns.index(random, "exact", texts))


def handles(count: int) -> None:
    for _ in range(count // 4):
        keyring.field(SCHEMA, "random", tenant="a")
        keyring.records(SCHEMA)
        pickle.loads(pickled)
        keyring.reading_as("ana", "care")


def several(count: int, *calls: Callable[[], object]) -> None:
    for _ in range(count // len(calls)):
        for call in calls:
            call()


KINDS: dict[str, Callable[[int], None]] = {
    "encrypt": lambda count: several(
        count, lambda: random.encrypt("a text"), lambda: bound.encrypt({"a": [1, None]}, record_id="p-7"), lambda: paired.encrypt("a text")
    ),
    "decrypt": lambda count: several(
        count, lambda: random.decrypt(stored), lambda: bound.decrypt(row["bound"], record_id="p-7"), lambda: random.open(stored)
    ),
    "tokens": lambda count: several(
        count, lambda: paired.tokens("a text"), lambda: random.index_values("a text"), lambda: random.query("exact", "a text")
    ),
    "records": lambda count: several(
        count, lambda: records.encrypt({"id": "p-7", "random": "a text"}), lambda: records.decrypt(row)
    ),
    "long values": lambda count: several(count // 100, lambda: random.decrypt(random.encrypt("long" * 16_384))),
    "columns": in_columns,
    "errors": errors,
    "handles": handles,
    # what the measure itself must see
    "leak": lambda count: leak.extend(bytes([number % 256]) * 16 for number in range(count)),
}


def resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


grown = {}
for name, kind in KINDS.items():
    kind(OPERATIONS // 4)
    before = resident()
    kind(OPERATIONS)
    grown[name] = resident() - before
print(json.dumps(grown))
