"""Threads: the interpreter lock is released for long work and kept for short, and what several do at once is right."""

from __future__ import annotations

import concurrent.futures
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pyarrow as pa
import pytest

import fieldward as fw
from conftest import field_of, schema_of
from fieldward import columns

SCHEMA = schema_of(field_of("bytes"))
LONG = bytes(1 << 23)
SHORT = bytes(1 << 14)


class Other:
    """A thread that counts whenever it is let."""

    def __init__(self) -> None:
        self.count = 0
        self.stop = False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        while not self.stop:
            self.count += 1
            time.sleep(0)

    def has_run(self, call: Callable[[], object], times: int) -> bool:
        """Whether it counted during one of so many calls, rather than between them."""
        for _ in range(times):
            time.sleep(0.001)
            before = self.count
            call()
            if self.count != before:
                return True
        return False


@pytest.fixture
def other() -> Iterator[Other]:
    """Nothing takes the lock from a thread that does not give it."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1_000)
    made = Other()
    try:
        yield made
    finally:
        made.stop = True
        sys.setswitchinterval(interval)
        made.thread.join()


@pytest.mark.parametrize(("value", "rows", "is_released"), [(LONG, 300_000, True), (SHORT, 100, False)], ids=["long", "short"])
def test_the_lock(keyring: fw.Keyring, other: Other, value: bytes, rows: int, is_released: bool) -> None:
    field = keyring.field(SCHEMA, "x")
    stored = field.encrypt(value)
    # of fieldward's own columns: pyarrow releases the lock, too
    column = field.encrypt_arrow(pa.array([b"value"] * rows))
    clear = field.decrypt_arrow(column).values
    calls: list[Callable[[], object]] = [
        lambda: field.encrypt(value),
        lambda: field.decrypt(stored),
        lambda: field.encrypt_arrow(clear),
        lambda: field.decrypt_arrow(column),
    ]
    assert [other.has_run(call, 200 if is_released else 20) for call in calls] == [is_released] * 4
    if not is_released:
        assert other.has_run(lambda: time.sleep(0.001), 200), "it does count"


def test_several_threads_with_one_handle(keyring: fw.Keyring) -> None:
    field = keyring.field(SCHEMA, "x")
    texts = [f"value {number}".encode() for number in range(200)]
    start = threading.Barrier(8)

    def work(number: int) -> list[bytes]:
        start.wait(60)
        made = []
        for round_ in range(5):
            if number == 0:
                keyring.rotate(activate_immediately=True)
            stored = [field.encrypt(text) for text in texts]
            assert [field.decrypt(envelope) for envelope in stored] == texts
            long = field.encrypt(LONG[: 1 << 18])
            assert field.decrypt(long) == LONG[: 1 << 18]
            sealed = columns.encrypt(field, pa.array(texts * 5))
            assert columns.decrypt(field, sealed).to_pylist() == texts * 5
            with pytest.raises(fw.AuthenticationError):
                field.decrypt(stored[round_][:-1] + bytes([stored[round_][-1] ^ 1]))
            made += [*stored, long, *sealed.to_pylist()]
        return made

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        everything = [envelope for made in pool.map(work, range(8), timeout=300) for envelope in made]
    each = 5 * (200 + 1 + 1_000)
    assert len({envelope[5:29] for envelope in everything}) == len(everything) == 8 * each
    assert len({fw.inspect(envelope)["key_id"] for envelope in everything}) == 6
    (counted,) = keyring.metrics()["fields"]
    calls = {figures["operation"]: figures["calls"] for figures in counted["operations"]}
    assert (calls["encrypt"], calls["decrypt"]) == (8 * each, 8 * (each + 5))
