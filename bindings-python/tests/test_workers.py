"""Workers as servers and trainers start them: gunicorn, and the loops of torch's DataLoader. No nonce twice, and nobody waits for ever."""

from __future__ import annotations

import concurrent.futures
import http.client
import multiprocessing
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fieldward as fw
from conftest import field_of, schema_of

SCHEMA = schema_of(field_of("text"))
# of the text "text": header, nonce, ciphertext, tag
ENVELOPE = 50


def nonces(stored: list[bytes]) -> set[bytes]:
    return {envelope[5:29] for envelope in stored}


class Connection(http.client.HTTPConnection):
    """To a server on a socket in the file system: no port is taken."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


def ask(path: Path, what: str) -> tuple[str, list[bytes]]:
    """The process that answered, and its envelopes."""
    connection = Connection(path)
    try:
        connection.request("GET", what)
        reply = connection.getresponse()
        body = reply.read()
        assert reply.status == 200
        return reply.headers["X-Worker"], [body[at : at + ENVELOPE] for at in range(0, len(body), ENVELOPE)]
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("options", "busy"),
    [
        (["--preload"], True),
        (["--preload", "--worker-class", "gthread", "--threads", "3"], True),
        ([], False),
    ],
    ids=["preload", "preload-threads", "each-its-own"],
)
def test_gunicorn(on_disk: fw.KeyringConfig, tmp_path: Path, options: list[str], busy: bool) -> None:
    """Workers end after 15 requests or so and are made anew, while the process they are made from encrypts on another thread."""
    bound = tmp_path / "socket"
    command = [
        sys.executable, "-W", "ignore::DeprecationWarning", "-m", "gunicorn", "--bind", f"unix:{bound}", "--workers", "4", "--timeout", "60",
        "--max-requests", "15", "--max-requests-jitter", "10", "--no-control-socket", "--worker-tmp-dir", str(tmp_path), *options,
        "served:application",
    ]
    environment = {**os.environ, "PLACE": str(tmp_path), **({"BUSY": "1"} if busy else {})}
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=Path(__file__).parent, env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while not bound.exists():
            assert server.poll() is None and time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.05)
        wanted = ["/refresh" if number % 10 == 0 else "/" for number in range(200)]
        wanted[100] = "/rotate"
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            replies = list(pool.map(ask, [bound] * len(wanted), wanted, timeout=240))
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0, (tmp_path / "log").read_text()
    finally:
        server.kill()
        server.wait()
    assert len({worker for worker, _ in replies}) > 4, "some were made while others worked"
    everything = [envelope for _, envelopes in replies for envelope in envelopes]
    assert len(nonces(everything)) == len(everything) == 4_000
    with on_disk.open() as keyring:
        field = keyring.field(SCHEMA, "x")
        assert {field.decrypt(envelope) for envelope in everything} == {"text"}
        assert len({fw.inspect(envelope)["key_id"] for envelope in everything}) == 2


class Notes:
    """A data set as torch takes one: a length, and items by number. An item is a decrypted note, and the same note under a new nonce."""

    def __init__(self, field: fw.Field, rows: int) -> None:
        self.field = field
        self.stored = [field.encrypt(f"note {row}") for row in range(rows)]
        self.stored[13] = self.stored[13][:-1] + bytes([self.stored[13][-1] ^ 1])

    def __len__(self) -> int:
        return len(self.stored)

    def __getitem__(self, row: int) -> tuple[str, bytes]:
        note = self.field.decrypt(self.stored[row])
        return note, self.field.encrypt("text")


def work(notes: Notes, batches: Any, results: Any) -> None:
    """The loop of a worker: rows of a batch come by a queue of its own, items and exceptions go by one that all share."""
    while (batch := batches.get(timeout=120)) is not None:
        number, rows = batch
        items: list[Any] = []
        for row in rows:
            try:
                items.append(notes[row])
            except fw.Error as error:
                items.append(error)
        results.put((number, items))


class Loader:
    """Workers that live for several epochs, two batches ahead of whoever reads, in order."""

    def __init__(self, notes: Notes, method: str, workers: int, batch: int) -> None:
        context: Any = multiprocessing.get_context(method)
        self.batches = [list(range(start, start + batch)) for start in range(0, len(notes), batch)]
        self.results = context.Queue()
        self.queues = [context.Queue() for _ in range(workers)]
        self.workers = [
            context.Process(target=work, args=(notes, own, self.results), daemon=True) for own in self.queues
        ]
        for worker in self.workers:
            worker.start()

    def epoch(self) -> Iterator[list[Any]]:
        ahead: dict[int, list[Any]] = {}
        sent = 0
        for number in range(len(self.batches)):
            while sent < min(number + 2 * len(self.workers), len(self.batches)):
                self.queues[sent % len(self.queues)].put((sent, self.batches[sent]))
                sent += 1
            while number not in ahead:
                done, items = self.results.get(timeout=120)
                ahead[done] = items
            yield ahead.pop(number)

    def end(self) -> None:
        for own in self.queues:
            own.put(None)
        for worker in self.workers:
            worker.join(60)
            assert worker.exitcode == 0
        with pytest.raises(queue.Empty):
            self.results.get_nowait()


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_workers_of_a_data_loader(on_disk: fw.KeyringConfig, method: str) -> None:
    """Started while another thread decrypts, as the one that pins memory does; the same workers serve three epochs."""
    with on_disk.open() as keyring, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        field = keyring.field(SCHEMA, "x")
        notes = Notes(field, 120)
        stop = threading.Event()
        long = field.encrypt("long" * 16_384)
        busy = threading.Thread(target=lambda: [field.decrypt(long) for _ in iter(stop.is_set, True)])
        busy.start()
        try:
            loader = Loader(notes, method, workers=3, batch=8)
            epochs = [[item for batch in loader.epoch() for item in batch] for _ in range(3)]
            loader.end()
        finally:
            stop.set()
            busy.join()
        made: list[bytes] = []
        for items in epochs:
            (refused,) = (item for item in items if isinstance(item, fw.Error))
            assert (items.index(refused), type(refused), refused.code) == (13, fw.AuthenticationError, "authentication_failed")
            pairs = [item for item in items if item is not refused]
            assert [note for note, _ in pairs] == [f"note {row}" for row in range(120) if row != 13]
            made += [envelope for _, envelope in pairs]
        assert len(nonces(made)) == len(made) == 3 * 119
        assert {field.decrypt(envelope) for envelope in made} == {"text"}
