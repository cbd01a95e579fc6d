"""A keyring in memory with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fieldward as fw

START = 1_767_225_600
DAY = 86_400
ROOT = Path(__file__).resolve().parents[2]


def schema_of(*fields: dict[str, Any], **options: Any) -> fw.Schema:
    """A schema of the table `patients`, bound to the text `id`."""
    declared: dict[str, Any] = {"table": "patients", "record_id": [{"path": "id", "type": "text"}]}
    declared.update(options)
    return fw.Schema.from_dict({**declared, "fields": list(fields)})


def field_of(kind: str, **options: Any) -> dict[str, Any]:
    """A randomized field `x` of this type that binds no record."""
    return {"id": "x", "type": kind, "mode": "randomized", "record_binding": "none", **options}


def mask(data: bytes) -> bytes:
    """Each byte XOR 0x55: what must not stand in memory as it is."""
    return bytes(byte ^ 0x55 for byte in data)


class MaskProvider:
    """Wraps nothing and only changes the bytes: the test that reads memory knows the root from the document, and no key has to stand anywhere."""

    kind = "test-mask"
    key_name = "mask"

    def wrap(self, secret: bytes, context: fw.WrapContext, /) -> bytes:
        return mask(secret)

    def unwrap(self, wrapped: bytes, context: fw.WrapContext, /) -> bytes:
        return mask(wrapped)


def canary_schema() -> fw.Schema:
    """A field of each mode, and an index."""
    index = {"name": "exact", "column": "exact", "transform": "exact"}
    return schema_of(
        {**field_of("text"), "id": "random", "indexes": [index]},
        {"id": "paired", "type": "text", "mode": "deterministic"},
    )


@pytest.fixture
def clock() -> fw.ManualClock:
    return fw.ManualClock(START)


@pytest.fixture
def config(clock: fw.ManualClock) -> fw.KeyringConfig:
    return fw.KeyringConfig(
        "clinic",
        providers={"primary": fw.LocalKeyProvider.generate()},
        store=fw.MemoryStore(),
        no_pin="tests of one process",
        clock=clock,
    )


@pytest.fixture
def keyring(config: fw.KeyringConfig) -> Iterator[fw.Keyring]:
    with config.create() as keyring:
        yield keyring


@pytest.fixture
def on_disk(tmp_path: Path) -> fw.KeyringConfig:
    """A configuration that pickles: a key file and a store in a directory."""
    fw.LocalKeyProvider.create_file(tmp_path / "root.key")
    config = fw.KeyringConfig(
        "clinic",
        providers={"primary": fw.LocalKeyProvider.from_file(tmp_path / "root.key")},
        store=fw.FileStore(tmp_path / "keys"),
        pin=fw.FilePin(tmp_path / "pins"),
    )
    config.create().close()
    return config


@pytest.fixture(scope="session")
def server() -> Iterator[dict[str, Any]]:
    """PostgreSQL: what `psycopg.connect` takes."""
    from postgres import running

    with running() as place:
        yield place
