"""De-identification: each rule by known answers, the preset, and what is refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import fieldward as fw
from conftest import schema_of
from fieldward.deidentify import Age, Done, Drop, Keep, Mask, Policy, Random, Token, Year, Zip3, safe_harbor

TODAY = dt.date(2026, 6, 15)
POPULATION = {"123": 20_001, "036": 20_000}


def test_rules() -> None:
    assert [Age().apply(age) for age in (0, 89, 90, 104)] == [0, 89, 90, 90]
    assert [Zip3(POPULATION).apply(code) for code in ("12345", "03601", "99999", "abc", "12345-6789")] == [
        "123", "000", "000", "000", "123",
    ]
    assert [Mask(4).apply(text) for text in ("999-41-1234", "123", "")] == ["*******1234", "123", ""]
    births = [dt.date(1936, 6, 15), dt.date(1936, 6, 16), dt.date(1950, 1, 1), dt.datetime(1950, 1, 1, 3)]
    assert [Year(birth=True, today=TODAY).apply(day) for day in births] == [None, 1936, 1950, 1950]
    assert Year(today=TODAY).apply(dt.date(1900, 1, 1)) == 1900
    random = Random()
    assert random.apply("a") == random.apply("a") != random.apply("b")
    assert random.apply("a") != Random().apply("a")
    assert random.tokens["a"] not in repr(random)


def test_tokens_are_index_values(keyring: fw.Keyring) -> None:
    schema = schema_of(
        {"id": "ssn", "type": "text", "mode": "randomized",
         "indexes": [{"name": "exact", "column": "ssn_exact", "transform": "exact", "normalizer": ["digits"]}]}
    )
    field = keyring.field(schema, "ssn")
    assert Token(field).apply("999-41-1234") == Token(field).apply("999411234") == field.index_values("999411234")["ssn_exact"].hex()


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_the_safe_harbor_preset(kind: str) -> None:
    rows: dict[str, list[Any]] = {
        "name": ["Ana", "Bo", None],
        "zip": ["12345", "03601", None],
        "born": [dt.date(1930, 1, 1), dt.date(1990, 5, 5), None],
        "admitted": [dt.date(2026, 1, 2), None, dt.date(2025, 1, 2)],
        "age": [96, 36, None],
        "glucose": [5.5, 6.5, 7.5],
    }
    policy = safe_harbor(
        identifiers=["name"], dates=["admitted"], births=["born"], ages=["age"], zips={"zip": POPULATION}, keep=["glucose"], today=TODAY
    )
    made: dict[str, Callable[[], Any]] = {
        "pandas": lambda: pd.DataFrame(rows).astype({"age": "Int64"}),
        "polars": lambda: pl.DataFrame(rows),
        "pyarrow": lambda: pa.table(rows),
    }
    frame = made[kind]()
    result, done = policy.apply(frame)
    assert type(result) is type(frame)
    listed = result.to_pydict() if kind == "pyarrow" else {
        name: [None if pd.isna(value) else value for value in result[name].to_list()] for name in result.columns
    }
    assert listed == {
        "zip": ["123", "000", None],
        "born": [None, 1990, None],
        "admitted": [2026, None, 2025],
        "age": [90, 36, None],
        "glucose": [5.5, 6.5, 7.5],
    }
    assert done[:2] == [Done("name", "Drop", 2), Done("zip", "Zip3", 2)]
    assert [item.column for item in done] == list(rows)


def test_what_is_refused() -> None:
    frame = pd.DataFrame({"name": ["Ana"], "other": ["x"]})
    with pytest.raises(fw.InputError) as forgotten:
        Policy({"name": Drop()}).apply(frame)
    assert forgotten.value.code == "undeclared_field"
    with pytest.raises(fw.InputError) as wrong:
        Policy({"name": Age(), "other": Keep()}).apply(frame)
    assert (wrong.value.code, wrong.value.rows) == ("wrong_type", (0,))
    assert "Ana" not in str(wrong.value)
    with pytest.raises(fw.MisuseError):
        safe_harbor(identifiers=["a"], keep=["a"])
