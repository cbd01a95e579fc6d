"""SQLAlchemy: the column type and the mapped-class hook, on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

import fieldward as fw
from conftest import schema_of
from postgres import database
from refusals import CANARY, refused
from fieldward.sqlalchemy import Encrypted, Sealed, bind, matching

SCHEMA = schema_of(
    {"id": "ssn", "type": "text", "mode": "randomized",
     "indexes": [{"name": "exact", "column": "ssn_exact", "transform": "exact", "normalizer": ["digits"]}]},
    {"id": "born", "type": "date", "mode": "randomized"},
    {"id": "number", "type": "text", "mode": "deterministic"},
    {"id": "note", "type": "text", "mode": "randomized", "record_binding": "none", "stored": "text"},
)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    if request.param == "sqlite":
        engine = sa.create_engine("sqlite://")
    else:
        place = database(request.getfixturevalue("server"), "orm")
        engine = sa.create_engine(f"postgresql+psycopg://app@{place['host']}:{place['port']}/{place['dbname']}")
    yield engine
    engine.dispose()


def test_a_column_type(keyring: fw.Keyring, engine: sa.Engine) -> None:
    number, note = keyring.field(SCHEMA, "number"), keyring.field(SCHEMA, "note")
    table = sa.Table(
        "visits",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", Encrypted(number), unique=True),
        sa.Column("note", Encrypted(note)),
    )
    table.create(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(table), [{"number": "1", "note": "a"}, {"number": "2", "note": None}, {"number": None, "note": "c"}])
        raw = connection.execute(sa.text("SELECT number, note FROM visits ORDER BY id")).all()
        assert isinstance(raw[0][0], bytes)
        assert raw[0][1].startswith("fw1.")
        assert raw[1][1] is None

        def find(condition: Any) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in connection.execute(sa.select(table.c.number, table.c.note).where(condition).order_by(table.c.id))]

        assert find(table.c.number == "1") == [("1", "a")]
        assert find(table.c.number != "1") == [("2", None)]
        keyring.rotate(activate_immediately=True)
        connection.execute(sa.insert(table), {"number": "3", "note": "new"})
        assert find(table.c.number == "1") == [("1", "a")], "found under the key before"
        assert find(table.c.number.in_(["1", "3", "9"])) == [("1", "a"), ("3", "new")]
        assert find(table.c.number.is_(None)) == [(None, "c")]
        assert find(table.c.number.is_("1")) == find(table.c.number.is_not_distinct_from("1")) == [("1", "a")]
        assert find(table.c.number.is_not("1")) == find(table.c.number.not_in(["1"])) == [("2", None), ("3", "new")]
        assert find(table.c.number.is_distinct_from("1")) == [("2", None), (None, "c"), ("3", "new")]
        assert find(table.c.number.in_([])) == find(table.c.number.in_([None])) == []
        twin = table.alias()
        assert connection.scalar(sa.select(sa.func.count()).where(table.c.number == twin.c.number)) == 3
        subquery = sa.select(table.c.number).where(table.c.note.is_(None))
        assert find(table.c.number.in_(subquery)) == [("2", None)]
        assert find(table.c.number == None) == [(None, "c")]  # noqa: E711
        assert find(table.c.note.is_(None)) == [("2", None)]
        refusals: list[Callable[[], Any]] = [
            lambda: table.c.note == "a", lambda: table.c.number < "1", lambda: table.c.number.like("1%"),
        ]
        for wrong in refusals:
            with pytest.raises(fw.MisuseError) as error:
                wrong()
            assert error.value.code == "wrong_field_mode"
    with pytest.raises(fw.MisuseError) as bound:
        Encrypted(keyring.field(SCHEMA, "ssn"))
    assert bound.value.code == "record_id_missing"


def test_a_unique_constraint_holds(keyring: fw.Keyring, engine: sa.Engine) -> None:
    table = sa.Table("t", sa.MetaData(), sa.Column("number", Encrypted(keyring.field(SCHEMA, "number")), unique=True))
    table.create(engine)
    with engine.connect() as connection:
        connection.execute(sa.insert(table), {"number": "1"})
        with pytest.raises(sa.exc.IntegrityError):
            connection.execute(sa.insert(table), {"number": "1"})


def mapped(keyring: fw.Keyring) -> type[Any]:
    class Base(orm.DeclarativeBase):
        pass

    class Patient(Base):
        __tablename__ = "patients"
        id = sa.Column(sa.String, primary_key=True)
        ssn: orm.Mapped[Any] = orm.mapped_column(Sealed(), nullable=True)
        ssn_exact = sa.Column(sa.LargeBinary, unique=True)
        born: orm.Mapped[Any] = orm.mapped_column(Sealed(), nullable=True)
        ward = sa.Column(sa.Integer)

    bind(Patient, keyring.records(SCHEMA))
    return Patient


def test_a_mapped_class(keyring: fw.Keyring, engine: sa.Engine) -> None:
    patient_class = mapped(keyring)
    patient_class.metadata.create_all(engine)
    born = dt.date(1950, 2, 3)
    records = keyring.records(SCHEMA)
    with orm.Session(engine) as session:
        ana = patient_class(id="p-1", ssn="999-41-1234", born=born, ward=3)
        session.add_all([ana, patient_class(id="p-2", ssn=None, born=None, ward=4)])
        session.flush()
        assert (ana.ssn, ana.born) == ("999-41-1234", born), "attributes keep Python's values"
        session.commit()
        raw = session.execute(sa.text("SELECT ssn, ssn_exact, ward FROM patients ORDER BY id")).all()
        assert b"999" not in raw[0][0]
        assert raw[0][1] == keyring.field(SCHEMA, "ssn").index_values("999411234")["ssn_exact"]
        assert raw[1] == (None, None, 4)
    with orm.Session(engine) as session:
        found: Any = session.scalars(sa.select(patient_class).where(matching(records, patient_class, "ssn", "999 41 1234"))).one()
        assert (found.id, found.ssn, found.born) == ("p-1", "999-41-1234", born)
        found.ssn = "999-41-9999"
        session.commit()
        assert found.ssn == "999-41-9999", "refreshed"
        session.expire(found, ["ssn"])
        assert found.ssn == "999-41-9999"
        found.ward = 9
        session.commit()
    with orm.Session(engine) as session:
        found = session.get_one(patient_class, "p-1")
        assert (found.ssn, found.born, found.ward) == ("999-41-9999", born, 9)
        assert session.scalars(sa.select(patient_class).where(matching(records, patient_class, "ssn", "999-41-1234"))).all() == []


def test_unique_index_columns(keyring: fw.Keyring, engine: sa.Engine) -> None:
    patient_class = mapped(keyring)
    patient_class.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add_all([patient_class(id="p-1", ssn="999-41-1234"), patient_class(id="p-2", ssn="999411234")])
        with pytest.raises(sa.exc.IntegrityError):
            session.flush()


def test_ids_made_by_the_database_are_refused(keyring: fw.Keyring, engine: sa.Engine) -> None:
    patient_class = mapped(keyring)
    patient_class.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add(patient_class(ssn="1"))
        with pytest.raises(fw.MisuseError) as error:
            session.flush()
        assert error.value.code == "record_id_missing"


def test_rows_that_were_moved_are_refused(keyring: fw.Keyring, engine: sa.Engine) -> None:
    patient_class = mapped(keyring)
    patient_class.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add_all([patient_class(id="p-1", ssn="1"), patient_class(id="p-2", ssn="2")])
        session.commit()
        session.execute(sa.text("UPDATE patients SET ssn = (SELECT ssn FROM patients WHERE id = 'p-1') WHERE id = 'p-2'"))
        session.commit()
        with pytest.raises(fw.AuthenticationError):
            session.get(patient_class, "p-2")


def test_what_goes_past_the_class_is_refused_in_the_clear(keyring: fw.Keyring, engine: sa.Engine) -> None:
    patient_class = mapped(keyring)
    patient_class.metadata.create_all(engine)
    with orm.Session(engine) as session:
        refused(lambda: session.execute(sa.insert(patient_class), [{"id": "p-1", "ssn": CANARY.encode()}]), "not_an_envelope")
        row = keyring.records(SCHEMA).encrypt({"id": "p-1", "ssn": "1"})
        session.execute(sa.insert(patient_class), [row])
        assert session.get_one(patient_class, "p-1").ssn == "1"


def test_columns_that_take_plaintext_are_not_bound(keyring: fw.Keyring) -> None:
    class Base(orm.DeclarativeBase):
        pass

    class Open(Base):
        __tablename__ = "patients"
        id = sa.Column(sa.String, primary_key=True)
        ssn = sa.Column(sa.LargeBinary)

    with pytest.raises(fw.MisuseError) as error:
        bind(Open, keyring.records(SCHEMA))
    assert error.value.code == "invalid_argument"
