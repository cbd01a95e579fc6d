"""The exchange between languages: what Python writes Rust reads, and the reverse; and nothing that was changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT

PROGRAM = ROOT / "bindings-python" / "examples" / "exchange.py"


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(PROGRAM), *arguments], capture_output=True, text=True, timeout=120, check=False)


def rust(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The program that `cargo build --package fieldward-examples --bin exchange` makes; `EXCHANGE` says where it is."""
    program = os.environ.get("EXCHANGE")
    assert program is not None and Path(program).is_file(), "missing: the Rust program of the exchange, at $EXCHANGE (test.sh builds it)"
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    ran = python("write", str(tmp_path))
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    return tmp_path


def test_python_reads_python(written: Path) -> None:
    ran = python("read", str(written), "python")
    assert (ran.returncode, ran.stderr) == (0, "")


def test_rust_reads_python(written: Path) -> None:
    ran = rust("read", str(written), "python")
    assert (ran.returncode, ran.stderr) == (0, "")


def test_python_reads_rust(tmp_path: Path) -> None:
    assert rust("write", str(tmp_path)).returncode == 0
    ran = python("read", str(tmp_path), "rust")
    assert (ran.returncode, ran.stderr) == (0, "")


def changed(corpus: dict[str, Any], how: str) -> None:
    values, records = corpus["values"], corpus["records"]
    if how == "a character":
        stored = values["text"]
        values["text"] = f"{stored[:-2]}{'A' if stored[-2] != 'A' else 'B'}{stored[-1]}"
    elif how == "a value swapped":
        values["text"], values["text_empty"] = values["text_empty"], values["text"]
    elif how == "a value left out":
        del values["date"]
    elif how == "a value more":
        values["other"] = values["date"]
    elif how == "plaintext":
        values["text"] = "Zoë Ångström"
    elif how == "a record's id":
        records[0]["id"] = 2
    elif how == "a record left out":
        records.pop()
    elif how == "what is in the clear":
        records[0]["ward"] = 9
    elif how == "a token":
        corpus["tokens"]["name_exact"][0] = "0" * len(corpus["tokens"]["name_exact"][0])
    elif how == "an index value":
        del records[0]["name_exact"]


@pytest.mark.parametrize(
    "how",
    ["a character", "a value swapped", "a value left out", "a value more", "plaintext", "a record's id", "a record left out",
     "what is in the clear", "a token", "an index value"],
)
def test_what_was_changed_is_refused(written: Path, how: str) -> None:
    path = written / "python" / "corpus.json"
    corpus = json.loads(path.read_text("utf-8"))
    changed(corpus, how)
    path.write_text(json.dumps(corpus), "utf-8")
    for reader in (python, rust):
        ran = reader("read", str(written), "python")
        assert ran.returncode != 0
        assert "python" in ran.stderr
        assert "Zoë" not in ran.stderr


@pytest.mark.parametrize("arguments", [(), ("write",), ("read", "x"), ("delete", "x")])
def test_other_commands(arguments: tuple[str, ...]) -> None:
    ran = python(*arguments)
    assert ran.returncode != 0
    assert "usage: exchange write DIR | exchange read DIR LANGUAGE..." in ran.stderr
