"""The examples run, and give what they promise."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import fieldward as fw
from conftest import ROOT


def example(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / "bindings-python" / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_training_on_decrypted_columns(tmp_path: Path) -> None:
    decrypted, clear = example("train").main(tmp_path)
    assert decrypted == clear > 0.9
    assert b"mean_radius" in (tmp_path / "measurements.parquet").read_bytes()


def test_coming_from_fernet(tmp_path: Path) -> None:
    assert example("from_fernet").main(tmp_path) == [100, 100, 50]
    assert b"999-41" not in (tmp_path / "clinic.db").read_bytes()


def test_what_a_wheel_is_tried_with() -> None:
    path = ROOT / "bindings-python" / "examples" / "first.py"
    ran = subprocess.run([sys.executable, "-I", str(path)], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == f"fieldward {fw.__version__}, aws-lc: 57 bytes\n"
