"""Key stores over databases: any DB-API connection, and SQLAlchemy.

Each keeps one row per keyring id, replaced by compare-and-swap on generation and MAC. A database that others write is not trusted: give
the keyring a pin outside it (`fieldward.FilePin`).
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from ._errors import Error
from ._native import DocumentTag

if TYPE_CHECKING:
    import sqlalchemy as sa

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


def _checked(table: str) -> str:
    if _NAME.fullmatch(table) is None:
        raise Error.of("invalid_name", "a table has 1 to 63 of A-Z a-z 0-9 _")
    return table


class DbApiStore:
    """A store over DB-API connections (PEP 249): sqlite3, psycopg, and others.

        >>> import sqlite3
        >>> from functools import partial
        >>> from fieldward.stores import DbApiStore
        >>> store = DbApiStore(partial(sqlite3.connect, "keys.db"))
        >>> store.create_table()  # once
        >>> fw.KeyringConfig("db", providers=config.providers, store=store, pin=fw.FilePin("pins")).create()
        Keyring(db)

    `connect` gives a new connection at each call: calls come from any thread. It pickles if `connect` does. The database must be durable
    after a commit, as PostgreSQL and SQLite are unless told otherwise.
    """

    def __init__(
        self,
        connect: Callable[[], Any],
        *,
        paramstyle: Literal["qmark", "format"] = "qmark",
        table: str = "fieldward_keyrings",
    ) -> None:
        """A store in `table`, whose name is checked (`invalid_name`); `paramstyle` is the driver's (PEP 249)."""
        self._connect = connect
        self._mark = {"qmark": "?", "format": "%s"}[paramstyle]
        self._table = _checked(table)
        self._paramstyle: Literal["qmark", "format"] = paramstyle

    def create_table(self, binary: str = "BLOB") -> None:
        """Makes the table if it is missing; `binary` is the database's type of bytes, `BYTEA` in PostgreSQL."""
        if _NAME.fullmatch(binary) is None:
            raise Error.of("invalid_name", "a type")
        self._run(
            f"CREATE TABLE IF NOT EXISTS {self._table} (keyring_id VARCHAR(128) PRIMARY KEY, "
            f"generation BIGINT NOT NULL, mac {binary} NOT NULL, document {binary} NOT NULL)",
            (),
        )

    def load(self, keyring_id: str, /) -> bytes | None:
        """The document; `None` if there is none."""
        connection = self._connect()
        try:
            cursor = connection.cursor()
            cursor.execute(f"SELECT document FROM {self._table} WHERE keyring_id = {self._mark}", (keyring_id,))
            row = cursor.fetchone()
            return None if row is None else bytes(row[0])
        finally:
            connection.close()

    def save(
        self, keyring_id: str, expected: DocumentTag | None, document: bytes, tag: DocumentTag, /
    ) -> bool:
        """Replaces the document tagged `expected`; false if another is there."""
        mark = self._mark
        if expected is None:
            return self._insert(keyring_id, document, tag)
        changed = self._run(
            f"UPDATE {self._table} SET generation = {mark}, mac = {mark}, document = {mark} "
            f"WHERE keyring_id = {mark} AND generation = {mark} AND mac = {mark}",
            (_signed(tag.generation), tag.mac, document, keyring_id, _signed(expected.generation), expected.mac),
        )
        return changed == 1

    def _insert(self, keyring_id: str, document: bytes, tag: DocumentTag) -> bool:
        mark = self._mark
        try:
            self._run(
                f"INSERT INTO {self._table} (keyring_id, generation, mac, document) VALUES ({mark}, {mark}, {mark}, {mark})",
                (keyring_id, _signed(tag.generation), tag.mac, document),
            )
        except Exception as error:
            # PEP 249: each driver has an IntegrityError of its own.
            if any(parent.__name__ == "IntegrityError" for parent in type(error).__mro__):
                return False
            raise
        return True

    def _run(self, statement: str, parameters: tuple[Any, ...]) -> int:
        connection = self._connect()
        try:
            cursor = connection.cursor()
            cursor.execute(statement, parameters)
            connection.commit()
            changed: int = cursor.rowcount
            return changed
        finally:
            connection.close()

    def __repr__(self) -> str:
        return f"DbApiStore({self._table})"


class SqlAlchemyStore:
    """A store over an SQLAlchemy engine, or the URL of one.

        >>> from fieldward.stores import SqlAlchemyStore
        >>> store = SqlAlchemyStore("sqlite:///keys.sqlite")  # such as postgresql+psycopg://keys@db/keys
        >>> store.create_table()  # once
        >>> fw.KeyringConfig("sql", providers=config.providers, store=store, pin=fw.FilePin("pins")).create()
        Keyring(sql)

    Given a URL it pickles as that URL, which must then hold no password; an engine does not pickle.
    """

    def __init__(self, engine: sa.Engine | str, *, table: str = "fieldward_keyrings") -> None:
        """A store in `table`, whose name is checked (`invalid_name`)."""
        import sqlalchemy as sa

        self._url = engine if isinstance(engine, str) else None
        self._engine = sa.create_engine(engine) if isinstance(engine, str) else engine
        if isinstance(engine, str):
            # its own, so its connections end with it
            weakref.finalize(self, self._engine.dispose)
        self._table = sa.Table(
            _checked(table),
            sa.MetaData(),
            sa.Column("keyring_id", sa.String(128), primary_key=True),
            sa.Column("generation", sa.BigInteger, nullable=False),
            sa.Column("mac", sa.LargeBinary(32), nullable=False),
            sa.Column("document", sa.LargeBinary(1 << 20), nullable=False),
        )

    def create_table(self) -> None:
        """Makes the table if it is missing."""
        self._table.create(self._engine, checkfirst=True)

    def load(self, keyring_id: str, /) -> bytes | None:
        """The document; `None` if there is none."""
        import sqlalchemy as sa

        wanted = sa.select(self._table.c.document).where(self._table.c.keyring_id == keyring_id)
        with self._engine.connect() as connection:
            found: bytes | None = connection.execute(wanted).scalar()
            return found

    def save(
        self, keyring_id: str, expected: DocumentTag | None, document: bytes, tag: DocumentTag, /
    ) -> bool:
        """Replaces the document tagged `expected`; false if another is there."""
        import sqlalchemy as sa

        values = {"generation": _signed(tag.generation), "mac": tag.mac, "document": document}
        columns = self._table.c
        try:
            with self._engine.begin() as connection:
                if expected is None:
                    connection.execute(sa.insert(self._table).values(keyring_id=keyring_id, **values))
                    return True
                swap = sa.update(self._table).values(**values).where(
                    columns.keyring_id == keyring_id,
                    columns.generation == _signed(expected.generation),
                    columns.mac == expected.mac,
                )
                return bool(connection.execute(swap).rowcount == 1)
        except sa.exc.IntegrityError:
            return False

    def __reduce__(self) -> tuple[Any, ...]:
        if self._url is None:
            raise Error.of("invalid_argument", "an engine does not pickle: name a URL")
        import sqlalchemy as sa

        if sa.make_url(self._url).password:
            raise Error.of("invalid_argument", "a URL with a password is never pickled")
        return _again, (self._url, self._table.name)

    def __repr__(self) -> str:
        return f"SqlAlchemyStore({self._table.name})"


def _again(url: str, table: str) -> SqlAlchemyStore:
    return SqlAlchemyStore(url, table=table)


def _signed(generation: int) -> int:
    """Databases have signed 64-bit integers: the same bits."""
    return generation - (1 << 64) if generation >= 1 << 63 else generation
