"""A local Spark job: a million rows encrypted by workers, searched, read back; and what becomes of errors and of the key."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark import cloudpickle
from pyspark.errors import PythonException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

import fieldward as fw
from conftest import ROWS, SCHEMA, forms_of_key, frame_out_of_reach, holds_any
from fieldward import spark as fws
from fieldward._work import Work
from fieldward.frame import Frame


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spark")


@pytest.fixture(scope="module")
def session(files: Path) -> Iterator[SparkSession]:
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    (files / "events").mkdir()
    options = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "Europe/Paris",
        "spark.sql.warehouse.dir": str(files / "warehouse"),
        "spark.local.dir": str(files / "local"),
        # Spark's own record of the job, and every function sent by a broadcast file: both are searched for the key
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": (files / "events").as_uri(),
        "spark.broadcast.UDFCompressionThreshold": "1",
    }
    builder: Any = SparkSession.builder
    for name, value in options.items():
        builder = builder.config(name, value)
    session: SparkSession = builder.master("local[2]").appName("fieldward").getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


def table(session: SparkSession, rows: int) -> DataFrame:
    number = F.col("id")
    return session.range(0, rows, numPartitions=4).select(
        number,
        F.format_string("999-%02d-%04d", F.floor(number / 10_000) % 100, number % 10_000).alias("ssn"),
        F.when(number % 3 == 0, F.lit("Allergic to penicillin")).otherwise(F.lit("none known")).alias("note"),
        F.when(number % 7 != 0, (number % 100).cast("int")).alias("age"),
        F.date_add(F.lit("1930-01-01").cast("date"), (number % 30_000).cast("int")).alias("born"),
        F.timestamp_seconds(F.lit(1_700_000_000) + number).alias("seen"),
        (number % 10_000 / 100).cast("decimal(10,2)").alias("cost"),
        (number % 12).cast("short").alias("ward"),
    )


def digest(df: DataFrame) -> tuple[int, int]:
    """How many rows there are, and a sum over all their values, whatever their order."""
    columns: list[Column] = [F.coalesce(F.col(name).cast("string"), F.lit("null")) for name in df.columns]
    row = df.select(F.xxhash64(*columns).cast("decimal(20,0)").alias("hash")).agg(F.count("*"), F.sum("hash")).first()
    assert row is not None
    return row[0], int(row[1])


@pytest.fixture(scope="module")
def stored(session: SparkSession, frame: Frame, files: Path) -> DataFrame:
    path = str(files / "patients")
    fws.encrypt(frame, table(session, ROWS)).write.parquet(path)
    stored = session.read.parquet(path)
    stored.createOrReplaceTempView("stored")
    return stored


def test_a_million_rows_come_back(session: SparkSession, frame: Frame, stored: DataFrame) -> None:
    given = table(session, ROWS)
    assert stored.dtypes == [
        ("id", "bigint"), ("ssn", "binary"), ("note", "string"), ("age", "binary"), ("born", "binary"), ("seen", "binary"),
        ("cost", "binary"), ("ward", "smallint"), ("ssn_exact", "binary"), ("note_words", "array<string>"),
    ]
    clear = fws.decrypt(frame, stored)
    assert clear.dtypes == given.dtypes, "by the note in the metadata of Parquet: int, decimal(10,2)"
    assert digest(clear) == digest(given)


def test_spark_sql_finds_by_index_value(session: SparkSession, frame: Frame, stored: DataFrame) -> None:
    found = fws.decrypt(frame, stored.where(fws.matching(frame, "ssn", "999 12 3456"))).collect()
    assert {row["ssn"] for row in found} == {"999-12-3456"}
    assert [row["id"] for row in sorted(found)] == [123_456]
    (token,) = frame.query("ssn", "exact", "999-12-3456").tokens
    rows = session.sql(f"SELECT id FROM stored WHERE ssn_exact = X'{token.hex()}'").collect()
    assert [row["id"] for row in rows] == [123_456]
    other = token[:-1] + bytes([token[-1] ^ 1])
    assert session.sql(f"SELECT id FROM stored WHERE ssn_exact = X'{other.hex()}'").collect() == []
    allergic = stored.where(fws.matching(frame, "note", "PENICILLIN allergic", index="words"))
    assert allergic.count() == (ROWS + 2) // 3
    assert stored.where(fws.matching(frame, "note", "penicillin known", index="words")).count() == 0


def test_no_key_and_no_value_in_what_spark_writes(session: SparkSession, stored: DataFrame, place: Path, files: Path, frame: Frame) -> None:
    assert stored.first() is not None
    key = forms_of_key(place)
    sent = cloudpickle.dumps(Work.of(frame).frame)
    assert not any(form in sent for form in key)
    assert b"clinic" in sent, "the place of the key, not the key"
    assert holds_any(files / "local", [b"fieldward"]), "the functions that were sent are there to be searched"
    assert holds_any(files, key) == []
    assert holds_any(files / "patients", [b"999-12-34", b"penicillin"]) == []


def code_of(refused: pytest.ExceptionInfo[PythonException]) -> tuple[str, str, str | None, tuple[int, ...]]:
    error = fws.error_of(refused.value)
    assert error is not None
    assert "999-" not in str(refused.value)
    return error.kind, error.code, error.detail, error.rows


def test_a_worker_that_cannot_reach_the_key(session: SparkSession, tmp_path: Path) -> None:
    frame = frame_out_of_reach(tmp_path / "away")
    with pytest.raises(PythonException) as refused:
        fws.encrypt(frame, table(session, 10)).collect()
    assert code_of(refused)[:2] == ("provider", "provider_unavailable")
    assert isinstance(fws.error_of(refused.value), fw.ProviderError)


def test_rows_that_were_moved(session: SparkSession, frame: Frame, stored: DataFrame) -> None:
    few = stored.where("id < 10").coalesce(1).orderBy("id")
    moved = few.withColumn("id", F.when(F.col("id") == 3, 33).otherwise(F.col("id")))
    with pytest.raises(PythonException) as refused:
        fws.decrypt(frame, moved).collect()
    assert code_of(refused) == ("authentication", "authentication_failed", "partition 0", (3,))
    told = fws.decrypt(frame, moved, failures="failures").orderBy("id").collect()
    assert [row["failures"] is not None for row in told] == [False] * 9 + [True]
    assert {tuple(failure) for failure in told[-1]["failures"]} == {
        (name, "authentication_failed") for name in ("ssn", "note", "age", "born", "seen", "cost")
    }
    assert (told[-1]["id"], told[-1]["ssn"], told[-1]["ward"]) == (33, None, 3)
    assert told[0]["ssn"] == "999-00-0000"


def test_rows_are_those_of_the_partition(session: SparkSession, frame: Frame) -> None:
    """Not those of Spark's batch of 10,000."""
    session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", 100)
    try:
        wrong = table(session, 1_000).coalesce(1).withColumn("cost", F.lit(None).cast("decimal(10,2)"))
        wrong = wrong.withColumn("seen", F.when(F.col("id") == 250, F.timestamp_seconds(F.lit(10**12))).otherwise(F.col("seen")))
        with pytest.raises(PythonException) as refused:
            fws.encrypt(frame, wrong).collect()
    finally:
        session.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")
    assert code_of(refused) == ("input", "value_out_of_range", "seen, row 250, partition 0", (250,))


def test_what_is_refused_before_anything_runs(session: SparkSession, frame: Frame, stored: DataFrame) -> None:
    given = table(session, 1)
    cases: list[tuple[Any, str]] = [
        (lambda: fws.encrypt(frame, given.withColumn("other", F.lit(1))), "undeclared_field"),
        (lambda: fws.encrypt(frame, given.drop("id")), "record_id_missing"),
        (lambda: fws.encrypt(frame, given.withColumn("age", F.lit("7"))), "wrong_type"),
        (lambda: fws.decrypt(frame, stored, types={"none": "int"}), "unknown_field"),
        (lambda: fws.decrypt(frame, stored, failures="ward"), "record_shape"),
        (lambda: fws.matching(frame, "ssn", "none"), "query_empty"),
    ]
    for call, code in cases:
        with pytest.raises(fw.Error) as refused:
            call()
        assert refused.value.code == code
    in_memory = fw.KeyringConfig(
        "memory", providers={"p": fw.LocalKeyProvider.generate()}, store=fw.MemoryStore(), no_pin="test"
    )
    with in_memory.create() as keyring, pytest.raises(fw.MisuseError) as held:
        fws.encrypt(Frame(keyring, SCHEMA), given)
    assert held.value.code == "invalid_argument"
    assert fws.error_of(ValueError("another")) is None


def test_types_that_are_named(session: SparkSession, frame: Frame) -> None:
    given = table(session, 100).withColumn("seen", F.col("seen").cast("timestamp_ntz"))
    stored = fws.encrypt(frame, given)
    assert digest(fws.decrypt(frame, stored)) == digest(given)
    # without the note, as from a file that another engine wrote
    bare = session.createDataFrame(stored.collect(), schema=", ".join(f"{name} {kind}" for name, kind in stored.dtypes))
    clear = fws.decrypt(frame, bare, types={"seen": "timestamp_ntz", "cost": "decimal(10,2)", "age": "int"})
    assert clear.dtypes == given.dtypes
    assert digest(clear) == digest(given)
    assert dict(fws.decrypt(frame, bare, types={"seen": "timestamp_ntz"}).dtypes)["cost"] == "decimal(38,18)"
