"""Fork, spawn and pickle: handles cross as configuration, never as keys; no nonce twice; nobody waits for ever."""

from __future__ import annotations

import base64
import concurrent.futures
import multiprocessing
import os
import pickle
import threading
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import fieldward as fw
from conftest import field_of, schema_of
from fieldward import columns
from fieldward.frame import Frame

SCHEMA = schema_of(field_of("text"))


def test_handles_pickle_as_configuration(on_disk: fw.KeyringConfig, tmp_path: Path) -> None:
    with on_disk.open() as keyring:
        key = base64.urlsafe_b64decode((tmp_path / "root.key").read_text().strip().removeprefix("fwk1.") + "=")
        field, records = keyring.field(SCHEMA, "x", tenant="a"), keyring.records(SCHEMA, tenant="a")
        stored = field.encrypt("text")
        for handle in (keyring, field, records, Frame(keyring, SCHEMA, tenant="a")):
            pickled = pickle.dumps(handle)
            for form in (key, key.hex().encode(), base64.b64encode(key)[:40], base64.urlsafe_b64encode(key)[:40]):
                assert form not in pickled
            # Python 3.10 pickles a path part by part
            assert tmp_path.name.encode() in pickled, "the place of the key, not the key"
        again = pickle.loads(pickle.dumps(field))
        assert again.decrypt(stored) == "text"
        assert pickle.loads(pickle.dumps(records)).tenant == "a"
        assert repr(pickle.loads(pickle.dumps(keyring))) == repr(pickle.loads(pickle.dumps(keyring))) == "Keyring(clinic)"


def test_what_holds_a_key_does_not_pickle(config: fw.KeyringConfig) -> None:
    with config.create() as keyring:
        for handle in (keyring, keyring.field(SCHEMA, "x"), config):
            with pytest.raises(fw.MisuseError) as refused:
                pickle.dumps(handle)
            assert refused.value.code == "invalid_argument"
    with pytest.raises(fw.MisuseError):
        pickle.dumps(fw.PassphraseProvider("p", "correct horse battery staple"))


def test_rights_do_not_pickle(on_disk: fw.KeyringConfig) -> None:
    with on_disk.open() as keyring:
        for handle in (keyring.reading_as("ana", "care"), keyring.allow("suspended", "test")):
            with pytest.raises(fw.MisuseError):
                pickle.dumps(handle)


def test_a_key_out_of_reach(on_disk: fw.KeyringConfig, tmp_path: Path) -> None:
    with on_disk.open() as keyring:
        pickled = pickle.dumps(replace(on_disk, refresh_after=None)), pickle.dumps(keyring)
    (tmp_path / "root.key").unlink()
    for one in pickled:
        with pytest.raises(fw.ProviderError) as refused:
            pickle.loads(one)
        assert refused.value.code == "provider_unavailable"


def test_providers_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOT_KEY", "fwk1." + base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("="))
    monkeypatch.setenv("PHRASE", "correct horse battery staple")
    local = fw.LocalKeyProvider.from_env("ROOT_KEY")
    assert pickle.loads(pickle.dumps(local)).key_name == local.key_name
    phrase = fw.PassphraseProvider.from_env("p", "PHRASE", iterations=100_000)
    assert pickle.loads(pickle.dumps(phrase)).key_name == "p"
    assert b"horse" not in pickle.dumps(phrase)
    monkeypatch.delenv("ROOT_KEY")
    with pytest.raises(fw.ProviderError) as refused:
        pickle.loads(pickle.dumps(local))
    assert refused.value.code == "provider_unavailable"


def encrypt_many(field: fw.Field, count: int) -> list[bytes]:
    return [field.encrypt("the same text") for _ in range(count)]


def nonces(stored: list[bytes]) -> set[bytes]:
    return {envelope[5:29] for envelope in stored}


def worker(field: fw.Field, count: int, results: Any) -> None:
    results.put(encrypt_many(field, count))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_of_multiprocessing(on_disk: fw.KeyringConfig, method: str) -> None:
    context: Any = multiprocessing.get_context(method)
    with on_disk.open() as keyring, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        field = keyring.field(SCHEMA, "x")
        before = encrypt_many(field, 100)
        results: Any = context.Queue()
        workers = [context.Process(target=worker, args=(field, 200, results)) for _ in range(4)]
        for process in workers:
            process.start()
        made = [results.get(timeout=60) for _ in workers]
        for process in workers:
            process.join(60)
            assert process.exitcode == 0
        after = encrypt_many(field, 100)
        everything = before + after + [stored for part in made for stored in part]
        assert len(nonces(everything)) == len(everything) == 1_000
        assert {field.decrypt(stored) for stored in everything} == {"the same text"}


def test_a_pool_takes_handles(on_disk: fw.KeyringConfig) -> None:
    context = multiprocessing.get_context("spawn")
    with on_disk.open() as keyring, concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        field = keyring.field(SCHEMA, "x")
        parts = list(pool.map(encrypt_many, [field] * 4, [10] * 4, timeout=120))
        assert len(nonces([stored for part in parts for stored in part])) == 40


def long_column(field: fw.Field) -> None:
    """Long enough to be shared out among threads, of which a forked child has none."""
    texts = pa.array(["text"] * 40_000)
    assert columns.decrypt(field, columns.encrypt(field, texts)).to_pylist() == texts.to_pylist()


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_a_child_does_long_columns(on_disk: fw.KeyringConfig, method: str) -> None:
    context: Any = multiprocessing.get_context(method)
    with on_disk.open() as keyring, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        field = keyring.field(SCHEMA, "x")
        long_column(field)
        child = context.Process(target=long_column, args=(field,))
        child.start()
        child.join(120)
        try:
            assert child.exitcode == 0, "it failed, or waits for ever"
        finally:
            child.kill()
        long_column(field)


def test_prefork_servers(on_disk: fw.KeyringConfig) -> None:
    """As gunicorn does it: opened before the fork, used by every child, which reads the store on a thread of its own."""
    with on_disk.open() as keyring, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        field = keyring.field(SCHEMA, "x")
        field.encrypt("warm")
        stop = threading.Event()
        busy = threading.Thread(target=lambda: [field.encrypt("x") for _ in iter(stop.is_set, True)])
        busy.start()
        children: list[tuple[int, int]] = []
        try:
            for _ in range(4):
                readable, writable = os.pipe()
                child = os.fork()
                if child == 0:
                    try:
                        keyring.refresh()
                        own = keyring.rotate(activate_immediately=True) if not children else 0
                        os.write(writable, b"".join(field.encrypt("text") for _ in range(50)) + bytes([own]))
                        os._exit(0)
                    finally:
                        os._exit(1)
                os.close(writable)
                children.append((child, readable))
        finally:
            stop.set()
            busy.join()
        seen: list[bytes] = []
        for child, readable in children:
            with os.fdopen(readable, "rb") as pipe:
                raw = pipe.read()
            _, status = os.waitpid(child, 0)
            assert os.waitstatus_to_exitcode(status) == 0
            seen += [raw[at : at + 50] for at in range(0, 50 * 50, 50)]
        assert len(nonces(seen)) == 200
        assert {field.decrypt(stored) for stored in seen} == {"text"}, "the rotated key of the first child too"
