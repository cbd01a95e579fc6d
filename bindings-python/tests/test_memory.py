"""The memory of a process: it does not grow with use, and holds no key after close."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import fieldward as fw
from conftest import ROOT, MaskProvider, canary_schema, mask

HERE = Path(__file__).parent


def ran(script: str, *arguments: str) -> str:
    command = [sys.executable, str(HERE / script), *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=600, check=True).stdout


def test_a_million_operations_leave_nothing_behind(tmp_path: Path) -> None:
    """More than a million: 130,000 of each kind, after a warm-up of the same. A byte an operation would be seen: those that are kept are."""
    grown = json.loads(ran("growth.py", str(tmp_path)))
    leak = grown.pop("leak")
    assert leak > 4_000_000, "the measure sees what is kept"
    assert len(grown) == 8
    assert {name: bytes_ for name, bytes_ in grown.items() if bytes_ > 1_000_000} == {}


def keys_of(document: bytes) -> dict[str, bytes]:
    """By the second implementation: the root, what is wrapped under it, and what is derived for the fields."""
    sys.path.insert(0, str(ROOT / "core" / "vectors" / "reference"))
    try:
        from fwref import envelope, keyring
    finally:
        sys.path.pop(0)
    wrapped = json.loads(document.rpartition(b"\nhmac-sha256 ")[0])["providers"][0]["wrapped_root"]
    root = mask(base64.urlsafe_b64decode(wrapped + "=" * (-len(wrapped) % 4)))
    _, data_keys, index_keys = keyring.open_document(document, "clinic", root)
    place = {"tenant": None, "table": "patients", "field": "random"}
    paired = envelope.field_key(data_keys[1], "deterministic", {**place, "field": "paired"})
    return {
        "root": root,
        "data key": data_keys[1],
        "index key": index_keys[1],
        "field key": envelope.field_key(data_keys[1], "randomized", place),
        "deterministic field key, one half": paired[:32],
        "deterministic field key, other half": paired[32:],
    }


def test_a_closed_keyring_leaves_no_key_in_memory(tmp_path: Path) -> None:
    """Of its file, of its document, of its caches, and of what a provider in Python returned; found while it is open, or the scan sees nothing."""
    file = tmp_path / "root.key"
    config = fw.KeyringConfig(
        "clinic",
        providers={"python": MaskProvider(), "file": fw.LocalKeyProvider.create_file(file)},
        store=fw.FileStore(tmp_path / "keys"),
        pin=fw.FilePin(tmp_path / "pins"),
    )
    with config.create() as keyring:
        assert keyring.root_identity
        keys = keys_of(keyring.export())
    keys["key file"] = base64.urlsafe_b64decode(file.read_text().strip().removeprefix("fwk1.") + "=")
    seen = ran("canary.py", str(tmp_path), *(mask(key).hex() for key in keys.values()))
    opened, closed, gone = ({name for name, held in zip(keys, line.split(), strict=True) if held == "True"} for line in seen.splitlines())
    assert opened == set(keys)
    assert closed <= {"key file"}, "what is left is the provider's"
    assert gone == set()
