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
from fieldward.deidentify import NOT_DEIDENTIFIED, SMALL_ZIP3, Age, Done, Drop, Keep, Mask, Policy, Random, Rule, Token, Year, Zip3, safe_harbor

TODAY = dt.date(2026, 6, 15)
POPULATION = {"123": 20_001, "036": 20_000}


def test_rules() -> None:
    assert [Age().apply(age) for age in (0, 89, 90, 104)] == [0, 89, 90, 90]
    assert [Zip3(population=POPULATION).apply(code) for code in ("12345", "03601", "99999", "abc", "12345-6789")] == [
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
        names=["name"], dates=["admitted"], births=["born"], ages=["age"], zips=["zip"], keep=["glucose"],
        zip3=Zip3(population=POPULATION), today=TODAY,
    )
    made: dict[str, Callable[[], Any]] = {
        "pandas": lambda: pd.DataFrame(rows).astype({"age": "Int64"}),
        "polars": lambda: pl.DataFrame(rows),
        "pyarrow": lambda: pa.table(rows),
    }
    frame = made[kind]()
    result, report = policy.apply(frame)
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
    assert report.columns[:2] == [
        Done("name", "Drop", 2, "(A) names"), Done("zip", "Zip3", 2, "(B) geographic subdivisions smaller than a state"),
    ]
    assert [(done.column, done.values) for done in report.columns] == [
        ("name", 2), ("zip", 2), ("born", 2), ("admitted", 2), ("age", 1), ("glucose", 0),
    ]
    assert str(report).endswith(NOT_DEIDENTIFIED)
    assert "Ana" not in str(report)


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
        safe_harbor(names=["a"], keep=["a"])


def test_the_zip_rule() -> None:
    """The 17 areas of the census of 2000, one's own, and what is no ZIP code."""
    assert len(SMALL_ZIP3) == 17
    assert {Zip3().apply(f"{area}01") for area in SMALL_ZIP3} == {"000"}
    assert [Zip3().apply(code) for code in ("03501", "03701", 3601, 3501, 99501, "995011234", "99501-1234")] == [
        "035", "037", "000", "035", "995", "995", "995",
    ]
    assert [Zip3().apply(code) for code in ("", "123", "1234", "12345-", "123456", "１２３４５", "K1A 0B1")] == ["000"] * 7
    assert [Zip3(small={"995"}).apply(code) for code in ("99501", "03601")] == ["000", "036"]
    with pytest.raises(fw.InputError):
        Zip3().apply(12345.0)


LETTERS = "ABCDEFGHIJKLMNOPQR"
SORTED = {
    "names": "A", "geography": "B", "zips": "B", "dates": "C", "births": "C", "ages": "C", "telephones": "D", "faxes": "E", "emails": "F",
    "social_security": "G", "medical_records": "H", "health_plans": "I", "accounts": "J", "licences": "K", "vehicles": "L", "devices": "M",
    "urls": "N", "ip_addresses": "O", "biometrics": "P", "photographs": "Q", "others": "R",
}


def test_every_identifier_of_the_rule() -> None:
    """Each of the 18 has its argument, and goes, but for what the rule lets stand of ZIP codes, dates and ages."""
    assert sorted(set(SORTED.values())) == list(LETTERS)
    arguments: dict[str, Any] = {argument: [f"the {argument}"] for argument in SORTED}
    policy = safe_harbor(**arguments, keep=["glucose"], today=TODAY)
    day = dt.date(1930, 1, 1)
    values: dict[str, Any] = {"zips": "03601", "dates": day, "births": day, "ages": 96}
    row = {f"the {argument}": [values.get(argument, "x")] for argument in SORTED}
    result, report = policy.apply(pa.table({**row, "glucose": [5.5]}))
    assert result.to_pylist() == [{"the zips": "000", "the dates": 1930, "the births": None, "the ages": 90, "glucose": 5.5}]
    assert {done.column: done.why[1] for done in report.columns if done.column != "glucose"} == {
        f"the {argument}": letter for argument, letter in SORTED.items()
    }
    for letter, argument in zip(SORTED.values(), SORTED, strict=True):
        assert f"({letter})" in (safe_harbor.__doc__ or ""), argument
    assert "not** de-identified" in (safe_harbor.__doc__ or "")


def test_what_is_derived_is_said(keyring: fw.Keyring) -> None:
    field = keyring.field(schema_of({"id": "ssn", "type": "text", "mode": "randomized",
                                     "indexes": [{"name": "exact", "column": "ssn_exact", "transform": "exact"}]}), "ssn")
    rules: dict[str, Rule] = {"ssn": Token(field), "phone": Mask(4), "name": Random(), "note": Keep()}
    frame = pl.DataFrame({"ssn": ["1", None], "phone": ["555-1234", None], "name": ["Ana", "Ana"], "note": ["x", "y"]})
    result, report = Policy(rules).apply(frame)
    assert result["name"][0] == result["name"][1] != "Ana"
    assert [done.why for done in report.columns] == [
        "derived from the value: not de-identified", "part of the value is left", "", "kept on the caller's word",
    ]
