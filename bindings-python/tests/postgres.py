"""A PostgreSQL of the distribution's, started for the tests on loopback and thrown away after them."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest


def program(name: str) -> str:
    """A program of PostgreSQL: on the path, or where Debian has it."""
    found = shutil.which(name) or next(map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)), None)
    if found is None:
        pytest.fail(f"missing: PostgreSQL's {name} (package postgresql)", pytrace=False)
    return found


def owner() -> dict[str, Any]:
    """PostgreSQL does not run as root: it then runs as the user that its package made."""
    if os.geteuid() != 0:
        return {}
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        pytest.fail("missing: the user postgres, as whom the server runs where the tests run as root (package postgresql)", pytrace=False)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@contextmanager
def running() -> Iterator[dict[str, Any]]:
    """A server with an empty database: what `psycopg.connect` takes."""
    initdb, postgres, own = program("initdb"), program("postgres"), owner()
    folder = Path(tempfile.mkdtemp(prefix="fieldward-postgres-"))
    if own:
        os.chown(folder, own["user"], own["group"])
    place = {"host": "127.0.0.1", "port": free_port(), "user": "app", "dbname": "postgres"}
    try:
        data = folder / "data"
        command = [initdb, "--pgdata", str(data), "--username", "app", "--auth", "trust", "--no-sync", "--encoding", "UTF8", "--locale", "C"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120, **own)
        command = [postgres, "-D", str(data), "-h", "127.0.0.1", "-p", str(place["port"]), "-k", str(folder), "-F"]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, **own)
        try:
            _wait(place, server, folder / "log")
            yield place
        finally:
            server.send_signal(2)
            server.wait(60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(place: dict[str, Any], server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(**place, connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > until:
                pytest.fail(f"PostgreSQL does not start: {log.read_text('utf-8', 'replace')[-2_000:]}", pytrace=False)
            time.sleep(0.1)


def database(place: dict[str, Any], name: str) -> dict[str, Any]:
    """An empty database of this name on the server."""
    with psycopg.connect(**place, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return {**place, "dbname": name}
