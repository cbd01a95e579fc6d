"""De-identification of frames before training: drop, mask, generalise, or replace by keyed tokens, with a report of what was done.

`safe_harbor(...)` makes a policy of the 18 identifiers of 45 CFR 164.514(b)(2).

What comes out is **not** de-identified by this alone. The Safe Harbor method also asks that the covered entity has no actual knowledge that what
remains could identify a person (164.514(b)(2)(ii)), and free text, images and rare combinations can. Encrypted values and tokens
derived from identifiers are not de-identified data: a token may stand in their place only if it is not derived from information about
the person and the means of re-identification are not disclosed (164.514(c)). `Token` derives from the value, for joins inside one
organisation; `Random` does not.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ._errors import Error
from ._kinds.tables import Table
from ._native import Field

_Frame = TypeVar("_Frame")

OLDEST_AGE = 89
"""Ages over this are pooled (164.514(b)(2)(i)(C))."""
SMALLEST_ZIP3 = 20_000
"""ZIP codes are cut to three digits only where more people than this live in all ZIP codes that share them (164.514(b)(2)(i)(B))."""


@dataclass(frozen=True)
class Keep:
    """Leaves a column as it is: it names no identifier."""

    def apply(self, value: Any) -> Any:
        """The value."""
        return value


@dataclass(frozen=True)
class Drop:
    """Takes the column away."""

    def apply(self, value: Any) -> Any:
        """Nothing."""
        return None


@dataclass(frozen=True)
class Mask:
    """Shows the last `shown` characters of text, and `*` for the others."""

    shown: int = 0

    def apply(self, value: Any) -> Any:
        """The masked text."""
        text = _text(value)
        hidden = max(0, len(text) - self.shown)
        return "*" * hidden + text[hidden:]


@dataclass(frozen=True)
class Year:
    """A date or a moment becomes its year; birth dates of those over 89 become null, as their year would tell the age."""

    birth: bool = False
    today: dt.date = field(default_factory=dt.date.today)

    def apply(self, value: Any) -> Any:
        """The year."""
        if not isinstance(value, dt.date):
            raise Error.of("wrong_type", "a date or a moment")
        day = value.date() if isinstance(value, dt.datetime) else value
        age = self.today.year - day.year - ((self.today.month, self.today.day) < (day.month, day.day))
        return None if self.birth and age > OLDEST_AGE else day.year


@dataclass(frozen=True)
class Age:
    """Ages over 89 become 90: one category of 90 or older."""

    def apply(self, value: Any) -> Any:
        """The age, at most 90."""
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise Error.of("wrong_type", "an age in whole years")
        return min(int(value), OLDEST_AGE + 1)


@dataclass(frozen=True)
class Zip3:
    """A ZIP code becomes its first three digits, or `000` where 20,000 or fewer people live.

    `population` has the people of each three-digit area, from the census data that the policy is made for.
    """

    population: Mapping[str, int]

    def apply(self, value: Any) -> Any:
        """Three digits."""
        area = _text(value)[:3]
        return area if area.isdigit() and self.population.get(area, 0) > SMALLEST_ZIP3 else "000"


@dataclass(frozen=True)
class Token:
    """An index value of a field, in hexadecimal: equal values, equal tokens. Derived from the value: **not** de-identified."""

    handle: Field
    index: str = "exact"

    def apply(self, value: Any) -> Any:
        """The token."""
        tokens = self.handle.query(self.index, value).tokens
        token = tokens[0]
        return token if isinstance(token, str) else token.hex()


@dataclass(frozen=True)
class Random:
    """A random token for each distinct value, the same in every column and frame that shares this object. Derived from nothing.

    `tokens` is the way back: whoever holds it re-identifies. It is kept in memory alone.
    """

    tokens: dict[Any, str] = field(default_factory=dict, repr=False)

    def apply(self, value: Any) -> Any:
        """The token."""
        return self.tokens.setdefault(value, secrets.token_hex(16))


Rule = Keep | Drop | Mask | Year | Age | Zip3 | Token | Random


@dataclass(frozen=True)
class Done:
    """What was done to one column."""

    column: str
    """The column."""
    rule: str
    """The rule's name."""
    values: int
    """How many values it changed or took away."""


@dataclass(frozen=True)
class Policy:
    """A rule for every column. A column without one is refused: nothing stays by being forgotten."""

    rules: Mapping[str, Rule]

    def apply(self, frame: _Frame) -> tuple[_Frame, list[Done]]:
        """The frame with every rule applied, and what was done, column by column."""
        table = Table(frame)
        forgotten = [name for name in table.names if name not in self.rules]
        if forgotten:
            raise Error.of("undeclared_field", f"{len(forgotten)} columns without a rule, the first at {table.names.index(forgotten[0]) + 1}")
        made: dict[str, Any] = {}
        dropped: set[str] = set()
        done: list[Done] = []
        for name in table.names:
            rule = self.rules[name]
            if isinstance(rule, Keep):
                done.append(Done(name, "Keep", 0))
                continue
            values = table.values(name)
            if isinstance(rule, Drop):
                dropped.add(name)
                done.append(Done(name, "Drop", sum(value is not None for value in values)))
                continue
            after = [_applied(rule.apply, value, name, row) for row, value in enumerate(values)]
            changed = sum(one != other for one, other in zip(values, after, strict=True))
            made[name] = table.made(name, after)
            done.append(Done(name, type(rule).__name__, changed))
        result: _Frame = table.with_columns(made, dropped, {})
        return result, done


def safe_harbor(
    *,
    identifiers: Collection[str],
    dates: Collection[str] = (),
    births: Collection[str] = (),
    ages: Collection[str] = (),
    zips: Mapping[str, Mapping[str, int]] | None = None,
    keep: Collection[str] = (),
    today: dt.date | None = None,
) -> Policy:
    """A policy by 45 CFR 164.514(b)(2)(i), for columns that the caller sorts.

    `identifiers` are dropped: names; geographic subdivisions smaller than a state; telephone and fax numbers; e-mail addresses; social
    security, medical record, health plan beneficiary and account numbers; certificate and licence numbers; vehicle and device
    identifiers and serial numbers; URLs; IP addresses; biometric identifiers; full-face photographs; and any other unique
    identifying number, characteristic or code. `dates` become years, `births` years unless they tell an age over 89, `ages` are pooled
    over 89, `zips` are cut to three digits by the population of each area. `keep` names no identifier: the caller's word.
    """
    now = today or dt.date.today()
    rules: dict[str, Rule] = dict.fromkeys(identifiers, Drop())
    rules.update(dict.fromkeys(dates, Year(today=now)))
    rules.update(dict.fromkeys(births, Year(birth=True, today=now)))
    rules.update(dict.fromkeys(ages, Age()))
    rules.update({name: Zip3(population) for name, population in (zips or {}).items()})
    rules.update(dict.fromkeys(keep, Keep()))
    named = [*identifiers, *dates, *births, *ages, *(zips or {}), *keep]
    if len(set(named)) != len(named):
        raise Error.of("invalid_argument", "a column under two rules")
    return Policy(rules)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Error.of("wrong_type", "text")
    return value


def _applied(apply: Callable[[Any], Any], value: Any, name: str, row: int) -> Any:
    if value is None:
        return None
    try:
        return apply(value)
    except Error as error:
        raise Error.of(error.code, f"{name}, row {row}", (row,)) from None
