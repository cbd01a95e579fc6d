"""De-identification of frames before training: drop, mask, generalise, or replace by tokens, with a report of what was done.

`safe_harbor(...)` makes a policy of the 18 identifiers of 45 CFR 164.514(b)(2)(i).

    >>> import pandas as pd
    >>> from fieldward.deidentify import *
    >>> df = pd.DataFrame({"name": ["Ana", "Bo"], "zip": ["12345", "03601"], "age": [93, 40], "glucose": [5.5, 6.5]})
    >>> result, report = safe_harbor(names=["name"], zips=["zip"], ages=["age"], keep=["glucose"]).apply(df)
    >>> result.to_dict("list")
    {'zip': ['123', '000'], 'age': [90, 40], 'glucose': [5.5, 6.5]}
    >>> print(report)
    name: Drop, 2 values, (A) names
    zip: Zip3, 2 values, (B) geographic subdivisions smaller than a state
    age: Age, 1 values, (C) dates and ages
    glucose: Keep, 0 values, kept on the caller's word
    Not de-identified by this alone: ...

What comes out is **not** de-identified by this alone. The Safe Harbor method also asks that the covered entity has no actual knowledge that what
remains could identify a person (164.514(b)(2)(ii)), and free text, images and rare combinations can. Encrypted values and tokens
derived from identifiers are not de-identified data: a token may stand in their place only if it is not derived from information about
the person and the means of re-identification are not disclosed (164.514(c)). `Token` derives from the value, for joins inside one
organisation; `Random` does not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ._errors import Error
from ._kinds.tables import Table
from ._rules import OLDEST_AGE, SMALL_ZIP3, SMALLEST_ZIP3, Age, Drop, Keep, Mask, Random, Rule, Token, Year, Zip3

_Frame = TypeVar("_Frame")

__all__ = [
    "NOT_DEIDENTIFIED", "OLDEST_AGE", "SMALLEST_ZIP3", "SMALL_ZIP3", "Age", "Done", "Drop", "Keep", "Mask", "Policy", "Random", "Report", "Rule",
    "Token", "Year", "Zip3", "safe_harbor",
]

NOT_DEIDENTIFIED = (
    "Not de-identified by this alone: the Safe Harbor method also asks that there be no actual knowledge that what remains could identify a "
    "person (45 CFR 164.514(b)(2)(ii)). Free text, images and rare combinations of what was kept can. Encrypted values, and tokens derived "
    "from a value, are no de-identified data (164.514(c))."
)
"""What a report says of what it does not cover."""


@dataclass(frozen=True)
class Done:
    """What was done to one column: a line of the report.

        >>> str(Done("name", "Drop", 2, "(A) names"))
        'name: Drop, 2 values, (A) names'
    """

    column: str
    """The column."""
    rule: str
    """The rule's name."""
    values: int
    """How many values it changed or took away."""
    why: str = ""
    """Which identifier of 164.514(b)(2)(i) it is, where the policy is that of `safe_harbor`, or what to know of the rule."""

    def __str__(self) -> str:
        return f"{self.column}: {self.rule}, {self.values} values{f', {self.why}' if self.why else ''}"


@dataclass(frozen=True)
class Report:
    """What a policy did, column by column, and what it does not do. As text it is one line for each column, then the caution.

        >>> Report([Done("name", "Drop", 2)]).caution.split(":")[0]
        'Not de-identified by this alone'
    """

    columns: list[Done]
    """What was done, in the order of the columns."""
    caution: str = NOT_DEIDENTIFIED
    """What is not de-identified."""

    def __str__(self) -> str:
        return "\n".join([*map(str, self.columns), self.caution])


_WORDS = {Keep: "kept on the caller's word", Token: "derived from the value: not de-identified", Mask: "part of the value is left"}


@dataclass(frozen=True)
class Policy:
    """A rule for every column. A column without one is refused: nothing stays by being forgotten.

        >>> df = pd.DataFrame({"name": ["Ana"], "age": [93], "glucose": [5.5]})
        >>> result, report = Policy({"name": Drop(), "age": Age(), "glucose": Keep()}).apply(df)
        >>> result.to_dict("records"), [done.rule for done in report.columns]
        ([{'age': 90, 'glucose': 5.5}], ['Drop', 'Age', 'Keep'])
    """

    rules: Mapping[str, Rule]
    identifiers: Mapping[str, str] = field(default_factory=dict)
    """By column, which identifier it is: goes into the report."""

    def apply(self, frame: _Frame) -> tuple[_Frame, Report]:
        """The frame (pandas, polars or pyarrow) with every rule applied, and the report. Missing values stay missing.

        Errors: `undeclared_field` for a column without a rule; `wrong_type`, with the row, for a value that a rule is not for.
        """
        table = Table(frame)
        forgotten = [name for name in table.names if name not in self.rules]
        if forgotten:
            raise Error.of("undeclared_field", f"{len(forgotten)} columns without a rule, the first at {table.names.index(forgotten[0]) + 1}")
        made: dict[str, Any] = {}
        dropped: set[str] = set()
        done: list[Done] = []
        for name in table.names:
            rule = self.rules[name]
            changed = 0
            if not isinstance(rule, Keep):
                values = table.values(name)
                after = [None] * len(values) if isinstance(rule, Drop) else [
                    _applied(rule.apply, value, name, row) for row, value in enumerate(values)
                ]
                changed = sum(one is not None and one != other for one, other in zip(values, after, strict=True))
                if isinstance(rule, Drop):
                    dropped.add(name)
                else:
                    made[name] = table.made(name, after)
            why = self.identifiers.get(name) or _WORDS.get(type(rule), "")
            done.append(Done(name, type(rule).__name__, changed, why))
        result: _Frame = table.with_columns(made, dropped, {})
        return result, Report(done)


def safe_harbor(
    *,
    names: Collection[str] = (),
    geography: Collection[str] = (),
    zips: Collection[str] = (),
    dates: Collection[str] = (),
    births: Collection[str] = (),
    ages: Collection[str] = (),
    telephones: Collection[str] = (),
    faxes: Collection[str] = (),
    emails: Collection[str] = (),
    social_security: Collection[str] = (),
    medical_records: Collection[str] = (),
    health_plans: Collection[str] = (),
    accounts: Collection[str] = (),
    licences: Collection[str] = (),
    vehicles: Collection[str] = (),
    devices: Collection[str] = (),
    urls: Collection[str] = (),
    ip_addresses: Collection[str] = (),
    biometrics: Collection[str] = (),
    photographs: Collection[str] = (),
    others: Collection[str] = (),
    keep: Collection[str] = (),
    zip3: Zip3 | None = None,
    today: dt.date | None = None,
) -> Policy:
    """A policy by the 18 identifiers of 45 CFR 164.514(b)(2)(i), for columns that the caller sorts: each argument has names of columns.

    (A) `names`; (B) `geography`: street address, city, county, precinct, equivalent geocodes, and `zips`, cut to three digits by `zip3`; (C) `dates`
    of admission, discharge, death and the like become years, `births` years unless they tell an age over 89, `ages` are pooled over
    89; (D) `telephones`; (E) `faxes`; (F) `emails`; (G) `social_security`; (H) `medical_records`; (I) `health_plans`: beneficiary numbers;
    (J) `accounts`; (K) `licences`: certificate and licence numbers; (L) `vehicles`: identifiers, serial numbers, licence plates; (M)
    `devices`: identifiers, serial numbers; (N) `urls`; (O) `ip_addresses`; (P) `biometrics`: finger and voice prints; (Q) `photographs`: full
    faces, and comparable images; (R) `others`: any other unique identifying number, characteristic or code. Except for ZIP codes, dates
    and ages they are dropped. `keep` names no identifier: the caller's word. The identifiers are those of the person, and of relatives,
    employers and household members. `today` is the day that ages are counted to.

    What comes out is **not** de-identified by this alone: see the words of this module, which the report says again.

    Errors: `invalid_argument` for a column under two rules.

        >>> policy = safe_harbor(names=["name"], births=["born"], keep=["glucose"])
        >>> policy.identifiers
        {'name': '(A) names', 'born': '(C) dates and ages'}
    """
    now = today or dt.date.today()
    place, time = "(B) geographic subdivisions smaller than a state", "(C) dates and ages"
    sorted_in: list[tuple[Collection[str], Rule, str]] = [
        (names, Drop(), "(A) names"),
        (geography, Drop(), place),
        (zips, zip3 or Zip3(), place),
        (dates, Year(today=now), time),
        (births, Year(birth=True, today=now), time),
        (ages, Age(), time),
        (telephones, Drop(), "(D) telephone numbers"),
        (faxes, Drop(), "(E) fax numbers"),
        (emails, Drop(), "(F) electronic mail addresses"),
        (social_security, Drop(), "(G) social security numbers"),
        (medical_records, Drop(), "(H) medical record numbers"),
        (health_plans, Drop(), "(I) health plan beneficiary numbers"),
        (accounts, Drop(), "(J) account numbers"),
        (licences, Drop(), "(K) certificate and licence numbers"),
        (vehicles, Drop(), "(L) vehicle identifiers and serial numbers"),
        (devices, Drop(), "(M) device identifiers and serial numbers"),
        (urls, Drop(), "(N) web addresses"),
        (ip_addresses, Drop(), "(O) IP addresses"),
        (biometrics, Drop(), "(P) biometric identifiers"),
        (photographs, Drop(), "(Q) full-face photographs and comparable images"),
        (others, Drop(), "(R) other unique identifying numbers, characteristics and codes"),
        (keep, Keep(), ""),
    ]
    rules: dict[str, Rule] = {}
    identifiers: dict[str, str] = {}
    for columns, rule, identifier in sorted_in:
        for name in columns:
            if name in rules:
                raise Error.of("invalid_argument", "a column under two rules")
            rules[name] = rule
            if identifier:
                identifiers[name] = identifier
    return Policy(rules, identifiers)


def _applied(apply: Callable[[Any], Any], value: Any, name: str, row: int) -> Any:
    if value is None:
        return None
    try:
        return apply(value)
    except Error as error:
        code = error.code
    raise Error.of(code, f"{name}, row {row}", (row,))
