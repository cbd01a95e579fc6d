"""What gunicorn serves in test_workers.py: opened when it is imported, before the fork with `--preload`, and in use while children are made."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import fieldward as fw
from conftest import field_of, schema_of

PLACE = Path(os.environ["PLACE"])
SCHEMA = schema_of(field_of("text"))
keyring = fw.KeyringConfig(
    "clinic",
    providers={"primary": fw.LocalKeyProvider.from_file(PLACE / "root.key")},
    store=fw.FileStore(PLACE / "keys"),
    pin=fw.FilePin(PLACE / "pins"),
).open()
field = keyring.field(SCHEMA, "x")


def use() -> None:
    """Long values: the interpreter lock is released, so that a fork meets a thread inside the library."""
    long = "long" * 16_384
    while True:
        assert field.decrypt(field.encrypt(long)) == long


if os.environ.get("BUSY"):
    threading.Thread(target=use, daemon=True).start()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Envelopes of the same text, one after the other; `/rotate` makes a new key first, `/refresh` asks the store for one."""
    if environ["PATH_INFO"] == "/rotate":
        keyring.rotate(activate_immediately=True)
    elif environ["PATH_INFO"] == "/refresh":
        keyring.refresh()
    body = b"".join(field.encrypt("text") for _ in range(20))
    start_response("200 OK", [("Content-Length", str(len(body))), ("X-Worker", str(os.getpid()))])
    return [body]
