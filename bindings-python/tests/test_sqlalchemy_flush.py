"""SQLAlchemy: what a flush writes, what goes past it, and migrations."""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata, produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import orm

import fieldward as fw
from conftest import schema_of
from fieldward.sqlalchemy import Encrypted, Sealed, bind, matching, render_item
from refusals import CANARY, refused
from test_sqlalchemy import SCHEMA, engine, mapped

__all__ = ["engine"]


def raw(session: orm.Session, names: str = "ssn, ssn_exact, born") -> list[Any]:
    return [tuple(row) for row in session.execute(sa.text(f"SELECT {names} FROM patients ORDER BY id"))]


@pytest.fixture
def patient(keyring: fw.Keyring, engine: sa.Engine) -> Any:
    model = mapped(keyring)
    model.metadata.create_all(engine)
    return model


def test_null_is_written(patient: Any, engine: sa.Engine) -> None:
    with orm.Session(engine) as session:
        ana = patient(id="p-1", ssn="999-41-1234")
        session.add(ana)
        session.commit()
        ana.ssn = None
        session.commit()
        assert raw(session) == [(None, None, None)]
        assert ana.ssn is None


def test_an_update_writes_what_changed(patient: Any, engine: sa.Engine) -> None:
    import datetime as dt

    with orm.Session(engine) as session:
        ana = patient(id="p-1", ssn="999-41-1234", born=dt.date(1950, 2, 3), ward=3)
        session.add(ana)
        session.commit()
        before = raw(session)
        ana.ward = 4
        session.commit()
        assert ana.ssn == "999-41-1234"
        ana.ssn = "999-41-" + "1234"
        session.commit()
        assert raw(session) == before, "an equal value is no change"
        ana.ssn = "999-41-9999"
        session.flush()
        (ssn, ssn_exact, born), = raw(session)
        assert (ssn == before[0][0], ssn_exact == before[0][1], born == before[0][2]) == (False, False, True)
        session.rollback()
        assert ana.ssn == "999-41-1234"
        assert raw(session) == before


def test_a_flush_that_fails_leaves_the_objects_as_they_were(patient: Any, engine: sa.Engine) -> None:
    with orm.Session(engine) as session:
        session.add(patient(id="p-1", ssn="999-41-1234"))
        session.commit()
        again = patient(id="p-2", ssn="999-41-1234", ward=7)
        session.add(again)
        with pytest.raises(sa.exc.IntegrityError) as twice:
            session.flush()
        assert "999" not in "".join(traceback.format_exception(twice.value))
        session.rollback()
        assert (again.ssn, again.ssn == "999-41-1234", again.ward) == ("999-41-1234", True, 7)
        again.ssn = "999-41-5555"
        session.add(again)
        session.commit()
        assert session.scalars(sa.select(patient).where(patient.ssn == "999-41-5555")).one() is again


def test_a_savepoint_that_fails(patient: Any, engine: sa.Engine) -> None:
    with orm.Session(engine) as session:
        session.add(patient(id="p-1", ssn="999-41-1234"))
        session.flush()
        with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
            session.add(patient(id="p-2", ssn="999-41-1234"))
        session.commit()
        assert session.get_one(patient, "p-1").ssn == "999-41-1234"


def test_searches_by_the_exact_index(keyring: fw.Keyring, patient: Any, engine: sa.Engine) -> None:
    with orm.Session(engine) as session:
        session.add_all([patient(id="p-1", ssn="999-41-1234"), patient(id="p-2", ssn="999-41-9999"), patient(id="p-3")])
        session.commit()

        def found(condition: Any, model: Any = patient) -> list[str]:
            statement: Any = sa.select(model).where(condition).order_by(model.id)
            return [one.id for one in session.scalars(statement)]

        assert found(patient.ssn == "999 41 1234") == ["p-1"], "as the index normalises it"
        assert found(patient.ssn.in_(["999411234", "999419999", "7"])) == ["p-1", "p-2"]
        assert found(patient.ssn.is_(None)) == found(patient.ssn == None) == ["p-3"]  # noqa: E711
        assert found(patient.ssn != "999-41-1234") == ["p-2"]
        assert found(patient.ssn.is_("999-41-1234")) == ["p-1"]
        twin = orm.aliased(patient)
        assert found(twin.ssn == "999-41-1234", twin) == ["p-1"]
        assert session.scalar(sa.select(sa.func.count()).select_from(twin).join(patient, twin.ssn_exact == patient.ssn_exact)) == 2
        keyring.rotate(activate_immediately=True)
        session.add(patient(id="p-4", ssn="999-41-4444"))
        session.commit()
        assert found(patient.ssn.in_(["999-41-1234", "999-41-4444"])) == ["p-1", "p-4"]
        assert found(matching(keyring.records(SCHEMA), patient, "ssn", "999-41-4444")) == ["p-4"]
        refused(lambda: patient.born == CANARY, "unknown_index")
        refused(lambda: patient.ssn.like(CANARY), "wrong_field_mode")
        refused(lambda: patient.ssn < CANARY, "wrong_field_mode")
        refused(lambda: patient.ssn == 7, "wrong_type")


def test_what_goes_past_the_class(keyring: fw.Keyring, patient: Any, engine: sa.Engine) -> None:
    records = keyring.records(SCHEMA)
    with orm.Session(engine) as session:
        session.execute(sa.insert(patient), [records.encrypt({"id": f"p-{row}", "ssn": str(row)}) for row in range(3)])
        session.commit()
        ana = session.get_one(patient, "p-1")
        assert ana.ssn == "1"
        calls: list[Callable[[], Any]] = [
            lambda: session.execute(sa.insert(patient), [{"id": "p-9", "ssn": CANARY.encode()}]),
            lambda: session.execute(sa.update(patient).where(patient.id == "p-1").values(ssn=CANARY.encode())),
            lambda: session.execute(sa.update(patient), [{"id": "p-1", "ssn": CANARY.encode()}]),
            lambda: session.bulk_save_objects([patient(id="p-9", ssn=CANARY.encode())]),
            lambda: session.bulk_insert_mappings(sa.inspect(patient), [{"id": "p-9", "ssn": CANARY.encode()}]),
            lambda: session.bulk_update_mappings(sa.inspect(patient), [{"id": "p-1", "ssn": CANARY.encode()}]),
        ]
        for call in calls:
            refused(call, "not_an_envelope")
            session.rollback()
        row = records.encrypt({"id": "p-1", "ssn": "new"})
        del row["id"]
        session.execute(sa.update(patient).where(patient.id == "p-1").values(**row))
        assert ana.ssn == "new", "what is in the session is opened too"
        session.flush()
        session.commit()
        assert session.get_one(patient, "p-1").ssn == "new"
        moved = records.encrypt({"id": "p-2", "ssn": "of another"})["ssn"]
        session.execute(sa.update(patient).where(patient.id == "p-1").values(ssn=moved).execution_options(synchronize_session=False))
        with pytest.raises(fw.AuthenticationError):
            session.refresh(ana)


def test_expired_deferred_detached(patient: Any, engine: sa.Engine) -> None:
    with orm.Session(engine) as session:
        ana = patient(id="p-1", ssn="1", ward=3)
        session.add(ana)
        session.commit()
        session.expire(ana)
        assert ana.ssn == "1"
        session.refresh(ana, ["ssn"])
        session.refresh(ana)
        assert (ana.ssn, ana.ward) == ("1", 3)
        assert not session.is_modified(ana)
        session.expunge_all()
        partly: Any = session.scalars(sa.select(patient).options(orm.load_only(patient.ward))).one()
        partly.ward = 4
        session.commit()
        assert partly.ssn == "1"
    with orm.Session(engine) as session:
        ana.ssn = "2"
        merged = session.merge(ana)
        session.commit()
        assert merged.ssn == "2"
        assert session.execute(sa.select(patient.ssn)).scalar_one()[:1] != b"2", "columns alone come as they are stored"


def test_ids(keyring: fw.Keyring, engine: sa.Engine) -> None:
    class Base(orm.DeclarativeBase):
        pass

    class Visit(Base):
        __tablename__ = "visits"
        ward: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
        visit: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True, default=uuid.uuid4)
        note: orm.Mapped[Any] = orm.mapped_column(Sealed())

    class Counted(Base):
        __tablename__ = "counted"
        visit: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        note: orm.Mapped[Any] = orm.mapped_column(Sealed())

    field = {"id": "note", "type": "text", "mode": "randomized", "required": True}
    parts = [{"path": "ward", "type": "i64"}, {"path": "visit", "type": "uuid"}]
    bind(Visit, keyring.records(schema_of(field, table="visits", record_id=parts)))
    bind(Counted, keyring.records(schema_of(field, table="counted", record_id=[{"path": "visit", "type": "i64"}])))
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        one = Visit(ward=3, note="fine")
        session.add(one)
        session.commit()
        session.expunge_all()
        found = session.scalars(sa.select(Visit)).one()
        assert (found.ward, found.note) == (3, "fine")
        found.ward = 4
        refused(session.flush, "record_id_unexpected")
        session.rollback()
        found.note = None
        refused(session.flush, "missing_field")
        session.rollback()
        session.add(Counted(note=CANARY))
        error = refused(session.flush, "record_id_missing")
        assert "made by the database comes too late" in (error.detail or "")
        session.rollback()
        session.add(Counted(visit=1, note="fine"))
        session.commit()
        session.expunge_all()
        assert session.get_one(Counted, 1).note == "fine"


def test_errors_of_values_come_as_they_are(keyring: fw.Keyring, patient: Any, engine: sa.Engine) -> None:
    table = sa.Table("t", sa.MetaData(), sa.Column("number", Encrypted(keyring.field(SCHEMA, "number"))), sa.Column("other", sa.Text))
    table.create(engine)
    with engine.connect() as connection:
        refused(lambda: connection.execute(sa.insert(table), {"number": 7, "other": CANARY}), "wrong_type")
    with orm.Session(engine) as session:
        session.add(patient(id="p-1", ssn=7, born=CANARY))
        refused(session.flush, "wrong_type")


def test_shared_types_are_refused(keyring: fw.Keyring) -> None:
    class Base(orm.DeclarativeBase):
        pass

    one = Sealed()

    class Shared(Base):
        __tablename__ = "patients"
        id = sa.Column(sa.String, primary_key=True)
        ssn: orm.Mapped[Any] = orm.mapped_column(one)
        born: orm.Mapped[Any] = orm.mapped_column(one)

    refused(lambda: bind(Shared, keyring.records(SCHEMA)), "invalid_argument")


def test_migrations_by_alembic(keyring: fw.Keyring, patient: Any, engine: sa.Engine) -> None:
    number, note = keyring.field(SCHEMA, "number"), keyring.field(SCHEMA, "note")
    metadata = patient.metadata
    sa.Table("visits", metadata, sa.Column("id", sa.Integer, primary_key=True),
             sa.Column("number", Encrypted(number), unique=True), sa.Column("note", Encrypted(note)), sa.Column("seal", Sealed(stored="text")))
    metadata.drop_all(engine)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_item": render_item, "target_metadata": metadata})
        upgrade = produce_migrations(context, metadata).upgrade_ops
        assert upgrade is not None
        written = render_python_code(upgrade, render_item=render_item)
        assert "sa.Column('number', sa.LargeBinary(), nullable=True)" in written
        assert "sa.Column('note', sa.Text(), nullable=True)" in written
        assert "sa.Column('ssn', sa.LargeBinary(), nullable=True)" in written
        assert "fieldward" not in written
        body = "\n".join(line.strip() for line in written.splitlines() if not line.strip().startswith("#"))
        exec(body, {"op": Operations(context), "sa": sa})
        assert compare_metadata(context, metadata) == [], "what it made is what is declared"
    with orm.Session(engine) as session:
        session.add(patient(id="p-1", ssn="1"))
        session.commit()
