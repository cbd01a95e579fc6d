"""The guide and the README run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conftest import ROOT

PAGES = {"docs/guide.md": 10, "README.md": 1}


@pytest.mark.parametrize("page", PAGES)
def test_every_block_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = ROOT / "bindings-python" / page
    blocks = re.findall(r"^```python\n(.*?)^```$", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == PAGES[page]
    names = {"folder": tmp_path, "__name__": "guide"}
    for block in blocks:
        exec(compile(block, str(path), "exec"), names)
