"""The guide and the README run."""

from __future__ import annotations

import re
from pathlib import Path

import boto3
import moto
import pytest

from conftest import ROOT

PAGES = {"docs/guide.md": 15, "README.md": 1}


@pytest.mark.parametrize("page", PAGES)
def test_every_block_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = ROOT / "bindings-python" / page
    blocks = re.findall(r"^```python\n(.*?)^```$", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == PAGES[page]
    if page == "docs/guide.md":
        code = [[line for line in block.splitlines() if line.strip()] for block in blocks]
        assert max(len(code[at]) for at in (0, 2, 4)) <= 10, "ten lines for a field, a record, a frame"
    for name, value in [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_DEFAULT_REGION", "us-east-1")]:
        monkeypatch.setenv(name, value)
    with moto.mock_aws():
        client = boto3.client("kms")
        key = client.create_key()["KeyMetadata"]["KeyId"]
        names = {"folder": tmp_path, "__name__": "guide", "kms_client": client, "kms_key": key}
        for block in blocks:
            exec(compile(block, str(path), "exec", dont_inherit=True), names)
