"""Providers, stores and sinks written in Python: used, failing, re-entering, waiting."""

from __future__ import annotations

import concurrent.futures
import os
import pickle
import sqlite3
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import botocore.config
import botocore.exceptions
import psycopg
import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from moto.server import ThreadedMotoServer

import fieldward as fw
from conftest import DAY, field_of, schema_of
from fieldward.stores import DbApiStore, SqlAlchemyStore
from postgres import database

SCHEMA = schema_of(field_of("text"))


class AesProvider:
    """Wraps with a key of its own; refuses another context."""

    kind = "test-aes"
    key_name = "key-1"

    def __init__(self, key: bytes | None = None) -> None:
        self.key = key or os.urandom(32)
        self.calls: list[str] = []
        self.before: Callable[[], Any] = lambda: None

    def wrap(self, secret: bytes, context: fw.WrapContext, /) -> bytes:
        self.calls.append("wrap")
        self.before()
        nonce = os.urandom(12)
        return nonce + AESGCM(self.key).encrypt(nonce, secret, context.data)

    def unwrap(self, wrapped: bytes, context: fw.WrapContext, /) -> bytes:
        self.calls.append("unwrap")
        self.before()
        try:
            return AESGCM(self.key).decrypt(wrapped[:12], wrapped[12:], context.data)
        except InvalidTag:
            raise fw.ProviderError("provider_wrong_key") from None


class DictStore:
    """A store in memory that can be made to fail or to wait."""

    def __init__(self) -> None:
        self.documents: dict[str, tuple[fw.DocumentTag, bytes]] = {}
        self.before: Callable[[], Any] = lambda: None
        self.lock = threading.Lock()

    def load(self, keyring_id: str, /) -> bytes | None:
        self.before()
        found = self.documents.get(keyring_id)
        return None if found is None else found[1]

    def save(self, keyring_id: str, expected: fw.DocumentTag | None, document: bytes, tag: fw.DocumentTag, /) -> bool:
        self.before()
        with self.lock:
            found = self.documents.get(keyring_id)
            if (None if found is None else found[0]) != expected:
                return False
            self.documents[keyring_id] = (tag, document)
            return True


def config_of(provider: Any = None, store: Any = None, **options: Any) -> fw.KeyringConfig:
    return fw.KeyringConfig(
        "clinic", providers={"primary": provider or AesProvider()}, store=store or DictStore(), no_pin="test", **options
    )


def works(keyring: fw.Keyring) -> bool:
    field = keyring.field(SCHEMA, "x")
    return bool(field.decrypt(field.encrypt("text")) == "text")


def test_a_provider_in_python() -> None:
    provider = AesProvider()
    config = config_of(provider)
    with config.create() as keyring:
        assert works(keyring)
        stored = keyring.field(SCHEMA, "x").encrypt("text")
        assert keyring.status()["providers"][0]["kind"] == "test-aes"
    assert provider.calls == ["wrap", "unwrap"] or provider.calls == ["wrap"]
    provider.calls.clear()
    with config.open() as keyring:
        assert provider.calls == ["unwrap"]
        assert keyring.field(SCHEMA, "x").decrypt(stored) == "text"
    with pytest.raises(fw.ProviderError) as refused:
        replace(config, providers={"primary": AesProvider()}).open()
    assert refused.value.code == "provider_wrong_key"


class KmsProvider:
    """AWS KMS, in ten lines."""

    kind = "aws-kms"

    def __init__(self, client: Any, key_id: str) -> None:
        self.client, self.key_name = client, key_id

    def wrap(self, secret: bytes, context: fw.WrapContext, /) -> bytes:
        reply = self.client.encrypt(KeyId=self.key_name, Plaintext=secret, EncryptionContext=context.pairs)
        return bytes(reply["CiphertextBlob"])

    def unwrap(self, wrapped: bytes, context: fw.WrapContext, /) -> bytes:
        reply = self.client.decrypt(KeyId=self.key_name, CiphertextBlob=wrapped, EncryptionContext=context.pairs)
        return bytes(reply["Plaintext"])


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, ThreadedMotoServer]]:
    """A client of a key service on loopback, and its server."""
    for name, value in [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_DEFAULT_REGION", "us-east-1")]:
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    options = botocore.config.Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30)
    yield boto3.client("kms", endpoint_url=f"http://{host}:{port}", config=options), server
    server.stop()


def test_a_kms_client_in_ten_lines(kms: tuple[Any, ThreadedMotoServer]) -> None:
    client, server = kms
    key_id = client.create_key()["KeyMetadata"]["KeyId"]
    config = config_of(KmsProvider(client, key_id))
    with config.create() as keyring:
        assert works(keyring)
    document = config.store.documents["clinic"]  # type: ignore[union-attr]
    with config.open() as keyring:
        assert works(keyring)
    other = client.create_key()["KeyMetadata"]["KeyId"]
    with pytest.raises(fw.Error):
        replace(config, providers={"primary": KmsProvider(client, other)}).open()
    assert key_id.encode() in document[1]
    with pytest.raises(client.exceptions.InvalidCiphertextException):
        wrapped = client.encrypt(KeyId=key_id, Plaintext=b"x", EncryptionContext={"a": "b"})["CiphertextBlob"]
        client.decrypt(KeyId=key_id, CiphertextBlob=wrapped, EncryptionContext={"a": "c"})
    server.stop()
    with pytest.raises(fw.ProviderError) as away:
        config.open()
    assert away.value.is_retryable
    assert isinstance(away.value.__cause__, botocore.exceptions.ConnectionError | botocore.exceptions.HTTPClientError)
    assert "in unwrap" in "".join(traceback.format_exception(away.value))


class Away(Exception):
    pass


def raising(error: BaseException) -> Callable[[], Any]:
    def raise_it() -> None:
        raise error

    return raise_it


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Away("no route"), "provider_unavailable"),
        (TimeoutError(), "provider_unavailable"),
        (PermissionError("not yours"), "provider_denied"),
        (fw.ProviderError("provider_bad_reply"), "provider_bad_reply"),
    ],
)
def test_exceptions_of_providers_come_through(error: Exception, code: str) -> None:
    provider = AesProvider()
    config = config_of(provider)
    config.create().close()
    provider.before = raising(error)
    with pytest.raises(fw.ProviderError) as refused:
        config.open()
    assert refused.value.code == code
    assert refused.value is error or refused.value.__cause__ is error
    shown = "".join(traceback.format_exception(refused.value))
    assert "in raise_it" in shown, "the traceback leads into the provider"


def test_interrupts_are_not_errors() -> None:
    provider = AesProvider()
    provider.before = raising(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        config_of(provider).create()


@pytest.mark.parametrize("reply", [None, "text", 7, b"", b"short", b"x" * 33])
def test_replies_of_other_forms(reply: Any) -> None:
    provider = AesProvider()
    config = config_of(provider)
    config.create().close()
    provider.unwrap = lambda *_: reply  # type: ignore[method-assign]
    with pytest.raises(fw.ProviderError) as refused:
        config.open()
    assert refused.value.code == "provider_bad_reply"


@pytest.mark.parametrize("wrong", [object(), 7, None, type("Half", (), {"kind": "a", "key_name": "b", "wrap": print})()])
def test_what_is_no_provider(wrong: Any) -> None:
    with pytest.raises(fw.MisuseError) as refused:
        fw.KeyringConfig("clinic", providers={"p": wrong}, store=DictStore(), no_pin="test").create()
    assert refused.value.code == "invalid_argument"


@pytest.mark.parametrize(
    ("error", "code"),
    [(Away(), "store_unavailable"), (PermissionError(), "store_denied"), (fw.StoreError("store_full"), "store_full")],
)
def test_exceptions_of_stores_come_through(error: Exception, code: str) -> None:
    store = DictStore()
    config = config_of(store=store)
    with config.create() as keyring:
        store.before = raising(error)
        with pytest.raises(fw.StoreError) as refused:
            keyring.rotate()
        assert refused.value.code == code
        assert refused.value is error or refused.value.__cause__ is error
        assert works(keyring), "what is open goes on"


def test_two_writers_of_a_store_in_python() -> None:
    config = config_of()
    with config.create() as one, config.open() as other:
        one.rotate(activate_immediately=True)
        assert other.rotate(activate_immediately=True) == 3, "it read the other's version first"
        assert one.refresh()
        assert [version["version"] for version in one.status()["versions"]] == [1, 2, 3]
        with pytest.raises(fw.KeyringError) as refused:
            config.create()
        assert refused.value.code == "keyring_exists"


@pytest.mark.parametrize("make", ["provider", "store", "sink"])
def test_a_call_back_into_the_keyring_is_refused(make: str) -> None:
    """It would wait for itself. Values go on: they wait for nobody."""
    provider, store = AesProvider(), DictStore()
    seen: list[Any] = []
    held: list[fw.Keyring] = []

    def again(*_: Any) -> None:
        if held:
            seen.append(works(held[0]))
            try:
                held[0].status()
            except fw.MisuseError as error:
                seen.append(error.code)

    sinks = [again] if make == "sink" else []
    keyring = config_of(provider, store, audit=sinks).create()
    held.append(keyring)
    if make == "provider":
        provider.before = again
        keyring.start_epoch()
    else:
        if make == "store":
            store.before = again
        keyring.rotate()
    assert seen[:2] == [True, "invalid_argument"]
    held.clear()
    keyring.close()


def test_a_helper_thread_that_needs_the_interpreter(clock: fw.ManualClock) -> None:
    """Past max_staleness a caller waits for a helper thread, whose store is Python: the caller must let go of the interpreter."""
    store = DictStore()
    loads: list[str] = []
    config = config_of(store=store, clock=clock)
    with config.create() as keyring:
        store.before = lambda: loads.append(threading.current_thread().name)
        clock.advance(DAY)
        assert works(keyring)
        assert loads
        store.before = raising(Away())
        clock.advance(DAY)
        with pytest.raises(fw.KeyringError) as refused:
            works(keyring)
        assert (refused.value.code, refused.value.is_retryable) == ("keyring_stale", True)


def test_many_threads_with_everything_in_python(clock: fw.ManualClock) -> None:
    """Uses, rotations, reads and audit lines at once, all through Python code: nobody waits for ever."""
    lines: list[str] = []
    with config_of(clock=clock, audit=[lines.append]).create() as keyring:
        reader = keyring.reading_as("ana", "test")
        failures: list[BaseException] = []

        def use() -> None:
            try:
                for _ in range(50):
                    assert works(reader)
                    clock.advance(40)
            except BaseException as error:
                failures.append(error)

        def change() -> None:
            try:
                for _ in range(10):
                    keyring.rotate(activate_immediately=True)
                    keyring.status()
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, daemon=True) for work in (use, use, use, change)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads)
        assert failures == []
        assert keyring.verify_audit(lines)["is_intact"]


def test_a_sink_that_fails_loses_nothing_else() -> None:
    def broken(line: str) -> None:
        raise OSError("full")

    with config_of(audit=[broken]).create() as keyring:
        assert works(keyring)
        assert keyring.metrics()["keyring"]["audit_failures"] >= 1


def sqlite(path: Path) -> Any:
    return sqlite3.connect(path)


DRIVERS = ["sqlite3", "psycopg", "sqlalchemy", "sqlalchemy-psycopg"]


def store_over(driver: str, path: Path, request: pytest.FixtureRequest) -> Any:
    """An empty store over a database."""
    if driver == "sqlite3":
        store: Any = DbApiStore(partial(sqlite, path))
    elif driver == "sqlalchemy":
        store = SqlAlchemyStore(f"sqlite:///{path}")
    else:
        place = database(request.getfixturevalue("server"), "keys")
        if driver == "psycopg":
            store = DbApiStore(partial(psycopg.connect, **place), paramstyle="format")
        else:
            store = SqlAlchemyStore(f"postgresql+psycopg://app@{place['host']}:{place['port']}/{place['dbname']}")
    for _ in range(2):
        store.create_table("BYTEA") if driver == "psycopg" else store.create_table()
    return store


@pytest.mark.parametrize("driver", DRIVERS)
def test_stores_over_databases(tmp_path: Path, driver: str, request: pytest.FixtureRequest) -> None:
    store = store_over(driver, tmp_path / "keys.db", request)
    assert store.load("clinic") is None
    provider = AesProvider()
    config = config_of(provider, store)
    with config.create() as one, replace(config, store=pickle.loads(pickle.dumps(store))).open() as other:
        assert works(one)
        one.rotate(activate_immediately=True)
        stored = one.field(SCHEMA, "x").encrypt("text")
        assert other.field(SCHEMA, "x").decrypt(stored) == "text", "read again for an unknown key"
        document = store.load("clinic")
        tag = fw.DocumentTag.of(document)
        assert not store.save("clinic", None, document, tag)
        assert not store.save("clinic", fw.DocumentTag.of(provider_document()), document, tag)
        assert store.save("clinic", tag, document, tag)


@pytest.mark.parametrize("driver", DRIVERS)
def test_writers_at_once_over_databases(tmp_path: Path, driver: str, request: pytest.FixtureRequest) -> None:
    """Each writer rotates on a connection of its own: nobody's version is lost."""
    config = config_of(store=store_over(driver, tmp_path / "keys.db", request))
    with config.create() as keyring, concurrent.futures.ThreadPoolExecutor(4) as pool:

        def rotate(_: int) -> int:
            with config.open() as own:
                while True:
                    try:
                        return own.rotate(activate_immediately=True)
                    except fw.StoreError as error:
                        if not error.is_retryable:
                            raise

        assert sorted(pool.map(rotate, range(8), timeout=120)) == list(range(2, 10))
        keyring.refresh()
        assert len(keyring.status()["versions"]) == 9


@pytest.mark.parametrize("driver", ["sqlite3", "sqlalchemy"])
def test_a_database_that_is_none(tmp_path: Path, driver: str, request: pytest.FixtureRequest) -> None:
    config = config_of(store=store_over(driver, tmp_path / "keys.db", request))
    config.create().close()
    (tmp_path / "keys.db").write_bytes(b"no database at all, and long enough to be seen as none" * 100)
    with pytest.raises(fw.StoreError) as refused:
        config.open()
    assert refused.value.code == "store_unavailable"
    assert isinstance(refused.value.__cause__, sqlite3.DatabaseError | sa.exc.DatabaseError)


def test_a_server_that_is_away() -> None:
    store = DbApiStore(partial(psycopg.connect, host="127.0.0.1", port=1, connect_timeout=2), paramstyle="format")
    with pytest.raises(fw.StoreError) as refused:
        config_of(store=store).open()
    assert (refused.value.code, refused.value.is_retryable) == ("store_unavailable", True)
    assert isinstance(refused.value.__cause__, psycopg.OperationalError)
    assert "in load" in "".join(traceback.format_exception(refused.value))


def provider_document() -> bytes:
    return b'{"generation": 7}\nhmac-sha256 ' + b"ab" * 32 + b"\n"


def test_a_url_with_a_password_is_never_pickled() -> None:
    engine = sa.create_engine("sqlite://")
    with pytest.raises(fw.MisuseError):
        pickle.dumps(SqlAlchemyStore(engine))
    engine.dispose()


def test_names_of_tables_are_checked() -> None:
    with pytest.raises(fw.MisuseError):
        DbApiStore(partial(sqlite, Path("x")), table="a; DROP TABLE b")
