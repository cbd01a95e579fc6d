"""Bad input: values, records, names, handles. Each is refused by its code, at every door, and no refusal shows data."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import pickle
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pydantic
import pytest

import fieldward as fw
from conftest import field_of, schema_of
from fieldward import columns
from fieldward.frame import Frame
from refusals import CANARY, HUGE, refused

UTC = dt.timezone.utc
NESTED: dict[str, Any] = {}
NESTED["self"] = NESTED


class Hostile:
    """Raises, with data in its text, whatever is asked of it."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(CANARY)

    def __index__(self) -> int:
        raise RuntimeError(CANARY)

    def __eq__(self, other: object) -> bool:
        raise RuntimeError(CANARY)

    __hash__ = None  # type: ignore[assignment]


class Lost(dt.tzinfo):
    def utcoffset(self, moment: dt.datetime | None) -> dt.timedelta:
        raise ValueError(CANARY)

    dst = utcoffset

    def tzname(self, moment: dt.datetime | None) -> str:
        return CANARY


# A type, a value of it, and what is refused in its place.
VALUES: list[tuple[str, Any, Any, str]] = [
    ("text", "a", 7, "wrong_type"),
    ("text", "a", CANARY.encode(), "wrong_type"),
    ("text", "a", [CANARY], "wrong_type"),
    ("text", "a", Hostile(), "wrong_type"),
    ("text", "a", CANARY + "\ud800", "invalid_text"),
    ("bytes", b"a", CANARY, "wrong_type"),
    ("bytes", b"a", 7, "wrong_type"),
    ("i64", 1, HUGE, "value_out_of_range"),
    ("i64", 1, -HUGE, "value_out_of_range"),
    ("i64", 1, 10**5_000, "value_out_of_range"),
    ("i64", 1, np.uint64(2**64 - 1), "value_out_of_range"),
    ("i64", 1, True, "wrong_type"),
    ("i64", 1, np.bool_(True), "wrong_type"),
    ("i64", 1, 1.5, "wrong_type"),
    ("i64", 1, CANARY, "wrong_type"),
    ("i64", 1, Hostile(), "wrong_type"),
    ("f64", 1.5, HUGE, "wrong_type"),
    ("f64", 1.5, decimal.Decimal(HUGE), "wrong_type"),
    ("f64", 1.5, 1.5 + 2j, "wrong_type"),
    ("bool", True, 1, "wrong_type"),
    ("date", dt.date(2026, 1, 2), dt.datetime(2026, 1, 2), "wrong_type"),
    ("date", dt.date(2026, 1, 2), CANARY, "wrong_type"),
    ("timestamp", dt.datetime(2026, 1, 2), dt.date(2026, 1, 2), "wrong_type"),
    ("timestamp", dt.datetime(2026, 1, 2), pd.Timestamp(1, unit="ns"), "value_out_of_range"),
    ("timestamp", dt.datetime(2026, 1, 2, tzinfo=UTC), dt.datetime(2026, 1, 2, tzinfo=Lost()), "value_out_of_range"),
    ("decimal", decimal.Decimal("1.5"), decimal.Decimal("NaN"), "value_out_of_range"),
    ("decimal", decimal.Decimal("1.5"), decimal.Decimal("-Infinity"), "value_out_of_range"),
    ("decimal", decimal.Decimal("1.5"), decimal.Decimal("1E+7000"), "value_out_of_range"),
    ("decimal", decimal.Decimal("1.5"), 1.5, "wrong_type"),
    ("json", {}, {"a": (CANARY,)}, "value_not_canonical"),
    ("json", {}, {CANARY: {1}}, "invalid_json"),
    ("json", {}, [CANARY, float("nan")], "invalid_json"),
    ("json", {}, [CANARY + "\ud800"], "invalid_text"),
    ("json", {}, NESTED, "invalid_json"),
    ("json", {}, [Hostile()], "invalid_json"),
    ("json", {}, 10**5_000, "invalid_json"),
    ("uuid", uuid.UUID(int=1), str(uuid.UUID(int=1)), "wrong_type"),
    ("uuid", uuid.UUID(int=1), CANARY.encode().ljust(16)[:16], "wrong_type"),
]


def objects(*values: Any) -> np.ndarray[Any, Any]:
    array = np.empty(len(values), dtype=object)
    for row, value in enumerate(values):
        array[row] = value
    return array


@pytest.mark.parametrize(("kind", "good", "bad", "code"), VALUES, ids=range(len(VALUES)))
def test_values_at_every_door(keyring: fw.Keyring, kind: str, good: Any, bad: Any, code: str) -> None:
    schema = schema_of(field_of(kind))
    field, records, frame = keyring.field(schema, "x"), keyring.records(schema), Frame(keyring, schema)
    refused(lambda: field.encrypt(bad), code)
    refused(lambda: field.encrypt(bad, record_id=None), code)
    refused(lambda: records.encrypt({"id": "p-1", "x": bad}), "record_too_deep" if bad is NESTED else code)
    array = objects(good, None, bad)
    refused(lambda: columns.encrypt(field, array), code, (2,))
    refused(lambda: columns.encrypt(field, array[::-1]), code, (0,))
    refused(lambda: columns.encrypt(field, pd.Series(array, dtype=object)), code, (2,))
    refused(lambda: columns.encrypt(field, pl.Series("x", list(array), dtype=pl.Object)), code, (2,))
    table = pd.DataFrame({"id": ["p-1", "p-2", "p-3"], "x": pd.Series(array, dtype=object)})
    error = refused(lambda: frame.encrypt(table), code, (2,))
    assert (error.detail or "").startswith("x, row 2"), "the column is named"


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NaT, pd.NA])
@pytest.mark.parametrize("kind", ["text", "bytes", "i64", "f64", "bool", "date", "timestamp", "decimal", "json", "uuid"])
def test_what_is_missing_in_pandas_is_null(keyring: fw.Keyring, kind: str, missing: Any) -> None:
    field = keyring.field(schema_of(field_of(kind)), "x")
    stored = columns.encrypt(field, pd.Series([missing, None], dtype=object))
    assert stored.isna().all()
    if missing is not None and kind not in ("f64", "json"):
        code = "value_out_of_range" if kind == "timestamp" and missing is pd.NaT else "wrong_type"
        refused(lambda: columns.encrypt(field, objects(missing)), code, (0,))
        with pytest.raises(fw.InputError):
            field.encrypt(missing)


def test_naive_moments_are_local_times(keyring: fw.Keyring) -> None:
    """The rule: naive stays naive, aware stays aware, neither becomes the other, and no column mixes them."""
    field = keyring.field(schema_of(field_of("timestamp")), "x")
    naive, aware = dt.datetime(2026, 1, 2, 3), dt.datetime(2026, 1, 2, 3, tzinfo=UTC)
    assert field.decrypt(field.encrypt(naive)).tzinfo is None
    assert field.decrypt(field.encrypt(aware)).utcoffset() == dt.timedelta(0)
    mixed = [None, naive, naive, aware]
    refused(lambda: columns.encrypt(field, objects(*mixed)), "wrong_type", (3,))
    refused(lambda: columns.encrypt(field, pd.Series(mixed, dtype=object)), "wrong_type", (3,))
    for column in (pd.Series([pd.Timestamp(naive)]), pl.Series([naive])):
        assert columns.decrypt(field, columns.encrypt(field, column))[0] == naive
    stored = [field.encrypt(naive), field.encrypt(aware)]
    refused(lambda: columns.decrypt(field, pd.Series(stored, dtype=object)), "value_out_of_range")


RECORDS: list[tuple[Any, str]] = [
    (None, "wrong_type"),
    (CANARY, "wrong_type"),
    ([("x", CANARY)], "wrong_type"),
    (Hostile(), "wrong_type"),
    ({"id": "p-1", 7: CANARY}, "record_shape"),
    ({"id": "p-1", "x": "a", "other": CANARY}, "undeclared_field"),
    ({"id": "p-1", "x": "a", "other\ud800": CANARY}, "undeclared_field"),
    ({"id": {"a": CANARY}, "y": "a"}, "record_id_invalid"),
    ({"id": CANARY + "\ud800", "y": "a"}, "record_id_invalid"),
    ({"id": HUGE, "y": "a"}, "record_id_invalid"),
    ({"y": CANARY}, "record_id_invalid"),
]


@pytest.mark.parametrize(("record", "code"), RECORDS, ids=range(len(RECORDS)))
def test_records(keyring: fw.Keyring, record: Any, code: str) -> None:
    schema = schema_of(field_of("text"), {"id": "y", "type": "text", "mode": "randomized"})
    refused(lambda: keyring.records(schema).encrypt(record), code)


@pytest.mark.parametrize("row", [None, CANARY, {"id": "p-1", "x": CANARY}, {"id": "p-1", "x": HUGE}, {"id": "p-1", "x": CANARY.encode()}])
def test_rows(keyring: fw.Keyring, row: Any) -> None:
    code = "not_an_envelope" if isinstance(row, dict) else "wrong_type"
    records = keyring.records(schema_of(field_of("text")))
    calls: list[Callable[[], Any]] = [
        lambda: records.decrypt(row), lambda: records.open(row), lambda: records.reencrypt(row), lambda: records.needs_rotation(row),
    ]
    for call in calls:
        if isinstance(row, dict) and isinstance(row["x"], str):
            with pytest.raises(fw.EnvelopeError):
                call()
        else:
            refused(call, code)


def test_a_record_without_end(keyring: fw.Keyring) -> None:
    @dataclasses.dataclass
    class Endless:
        x: str
        note: Any

    endless: list[Any] = []
    endless.append(endless)
    records = keyring.records(schema_of(field_of("text"), clear=["note"]))
    refused(lambda: records.encrypt(Endless(CANARY, endless)), "record_too_deep")


def test_models_that_refuse_a_record(keyring: fw.Keyring) -> None:
    @dataclasses.dataclass
    class Narrow:
        x: str

    class Strict(pydantic.BaseModel):
        id: str
        x: int

    records = keyring.records(schema_of(field_of("text")))
    row = records.encrypt({"id": "p-1", "x": CANARY})
    refused(lambda: records.decrypt(row, into=Narrow), "record_shape")
    error = refused(lambda: records.decrypt(row, into=Strict), "record_shape")
    assert error.detail == "Strict refuses the record, x: int_parsing"
    refused(lambda: records.decrypt(row, into=int), "wrong_type")


def test_record_ids(keyring: fw.Keyring) -> None:
    field = keyring.field(schema_of({"id": "x", "type": "text", "mode": "randomized"}), "x")
    wrong: list[tuple[Any, str]] = [
        (None, "record_id_missing"), (HUGE, "record_id_invalid"), (1.5, "record_id_invalid"), ((), "record_id_invalid"),
        (("a", [CANARY]), "record_id_invalid"), (CANARY + "\ud800", "invalid_text"),
        (CANARY * 10_000, "record_id_invalid"), ([CANARY], "record_id_invalid"),
    ]
    for record_id, code in wrong:
        refused(lambda: field.encrypt("a", record_id=record_id), code)
        refused(lambda: field.decrypt(field.encrypt("a", record_id="p-1"), record_id=record_id), code)


def test_stored_values(keyring: fw.Keyring) -> None:
    field = keyring.field(schema_of(field_of("text")), "x")
    everything: list[Any] = [CANARY.encode(), HUGE, 1.5, [CANARY], {}, b"", Hostile()]
    for wrong in everything:
        refused(lambda: field.decrypt(wrong), "not_an_envelope")
        refused(lambda: field.needs_rotation(wrong), "not_an_envelope")
        refused(lambda: field.reencrypt(wrong), "not_an_envelope")
    refused(lambda: field.decrypt(CANARY + "\ud800"), "invalid_text")
    refused(lambda: fw.inspect(CANARY), "not_an_envelope")
    refused(lambda: fw.inspect(everything[-1]), "not_an_envelope")


def test_names_and_texts(keyring: fw.Keyring) -> None:
    schema = schema_of(field_of("text"))
    field, cut = keyring.field(schema, "x"), CANARY + "\ud800"
    calls: list[Callable[[Any], Any]] = [
        fw.Schema.from_json, fw.Schema.from_toml, schema.field, lambda name: keyring.field(schema, name),
        lambda name: keyring.field(schema, "x", tenant=name), lambda name: keyring.records(schema, tenant=name),
        lambda name: field.query(name, "a"), lambda name: keyring.reading_as(name, "care"), lambda name: keyring.suspend(1, name),
        lambda name: keyring.verify_audit([name]), keyring.remove_provider, fw.LocalKeyProvider.from_env,
    ]
    for call in calls:
        refused(lambda: call(cut), "invalid_text")
        if call is not calls[4] and call is not calls[5]:
            refused(lambda: call(None), "wrong_type")
        refused(lambda: call(HUGE), "wrong_type")
    refused(lambda: fw.LocalKeyProvider.from_text(cut), "key_file_malformed")
    refused(lambda: fw.LocalKeyProvider(cut), "invalid_key_length")  # type: ignore[arg-type]
    refused(lambda: fw.PassphraseProvider("p", cut), "invalid_argument")
    refused(lambda: fw.Schema.from_dict({"table": cut}), "invalid_text")
    refused(lambda: fw.Schema.from_dict({"table": {CANARY}}), "invalid_json")


@pytest.mark.parametrize("wrong", [{"refresh_after": 60}, {"cache_capacity": CANARY}, {"keyring_id": 7}, {"audit": 7}, {"clock": CANARY}])
def test_configurations(config: fw.KeyringConfig, wrong: dict[str, Any]) -> None:
    error = refused(lambda: replace(config, **wrong).create(), "invalid_argument")
    assert error.detail == next(iter(wrong))


def test_handles_whose_key_is_out_of_reach(on_disk: fw.KeyringConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = schema_of(field_of("text"))
    with on_disk.open() as keyring:
        handles = [keyring, keyring.field(schema, "x"), keyring.records(schema), Frame(keyring, schema)]
        pickled = [pickle.dumps(handle) for handle in handles]
    key = (tmp_path / "root.key").read_bytes()
    (tmp_path / "root.key").unlink()
    for one in pickled:
        refused(lambda: pickle.loads(one), "provider_unavailable")
    fw.LocalKeyProvider.create_file(tmp_path / "root.key")
    for one in pickled:
        refused(lambda: pickle.loads(one), "provider_mismatch")
    (tmp_path / "root.key").write_bytes(key)
    (tmp_path / "keys").rename(tmp_path / "elsewhere")
    for one in pickled:
        refused(lambda: pickle.loads(one), "keyring_not_found")
