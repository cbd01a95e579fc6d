"""A keyring in files, as workers open it, and the table that the jobs encrypt."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

import fieldward as fw
from fieldward.frame import Frame

ROWS = 1_000_000
SCHEMA = fw.Schema.from_dict(
    {
        "table": "patients",
        "record_id": [{"path": "id", "type": "i64"}],
        "clear": ["ward"],
        "fields": [
            {"id": "ssn", "type": "text", "mode": "randomized",
             "indexes": [{"name": "exact", "column": "ssn_exact", "transform": "exact", "normalizer": ["digits"]}]},
            {"id": "note", "type": "text", "mode": "randomized", "stored": "text",
             "indexes": [{"name": "words", "column": "note_words", "transform": "words", "normalizer": ["casefold"]}]},
            {"id": "age", "type": "i64", "mode": "randomized"},
            {"id": "born", "type": "date", "mode": "randomized"},
            {"id": "seen", "type": "timestamp", "mode": "randomized"},
            {"id": "cost", "type": "decimal", "mode": "randomized"},
        ],
    }
)


def config_in(folder: Path) -> fw.KeyringConfig:
    """A new keyring in a folder, with a key file beside it."""
    folder.mkdir()
    config = fw.KeyringConfig(
        "clinic",
        providers={"primary": fw.LocalKeyProvider.create_file(folder / "root.key")},
        store=fw.FileStore(folder / "keys"),
        pin=fw.FilePin(folder / "pins"),
    )
    config.create().close()
    return config


def forms_of_key(folder: Path) -> list[bytes]:
    """The root key as it could be written down: raw, hexadecimal, base64."""
    text = (folder / "root.key").read_text("utf-8").strip()
    key = base64.urlsafe_b64decode(text.removeprefix("fwk1.") + "=")
    assert len(key) == 32
    return [key, key.hex().encode(), text.encode(), base64.b64encode(key)[:42], base64.urlsafe_b64encode(key)[:42]]


def holds_any(folder: Path, needles: list[bytes]) -> list[str]:
    """The files below a folder that hold one of the needles."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files, "nothing was searched"
    return [str(path) for path in files if any(needle in path.read_bytes() for needle in needles)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("job") / "clinic"


@pytest.fixture(scope="module")
def config(place: Path) -> fw.KeyringConfig:
    return config_in(place)


@pytest.fixture(scope="module")
def frame(config: fw.KeyringConfig) -> Frame:
    return Frame(config.open(), SCHEMA)


def frame_out_of_reach(folder: Path) -> Frame:
    """A frame that this process has open, and whose key no other process finds."""
    made = Frame(config_in(folder).open(), SCHEMA)
    (folder / "root.key").unlink()
    return made
