"""What can be done to the values of a column."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ._errors import Error
from ._native import Field

OLDEST_AGE = 89
"""Ages over this are pooled (164.514(b)(2)(i)(C))."""
SMALLEST_ZIP3 = 20_000
"""ZIP codes are cut to three digits only where more people than this live in all ZIP codes that share them (164.514(b)(2)(i)(B))."""
SMALL_ZIP3 = frozenset(
    {"036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831", "878", "879", "884", "890", "893"}
)
"""The three-digit areas of 20,000 or fewer people by the census of 2000, as the guidance of the Department of Health and Human Services
lists them. The rule asks for the current data of the Bureau of the Census: give `Zip3` your own where it has changed."""


@dataclass(frozen=True)
class Keep:
    """Leaves a column as it is: it names no identifier.

        >>> Keep().apply("any")
        'any'
    """

    def apply(self, value: Any) -> Any:
        """The value."""
        return value


@dataclass(frozen=True)
class Drop:
    """Takes the column away.

        >>> Policy({"name": Drop()}).apply(pd.DataFrame({"name": ["Ana"]}))[1].columns
        [Done(column='name', rule='Drop', values=1, why='')]
    """

    def apply(self, value: Any) -> Any:
        """Nothing."""
        return None


@dataclass(frozen=True)
class Mask:
    """Shows the last `shown` characters of text, and `*` for the others. A code of few forms can be guessed from what is shown.

        >>> Mask(4).apply("999-41-1234")
        '*******1234'
    """

    shown: int = 0

    def apply(self, value: Any) -> Any:
        """The masked text."""
        text = _text(value)
        hidden = max(0, len(text) - self.shown)
        return "*" * hidden + text[hidden:]


@dataclass(frozen=True)
class Year:
    """A date or a moment becomes its year; birth dates of those over 89 become null, as their year would tell the age.

        >>> import datetime as dt
        >>> Year(today=dt.date(2026, 6, 15)).apply(dt.date(1950, 2, 3))
        1950
        >>> Year(birth=True, today=dt.date(2026, 6, 15)).apply(dt.date(1930, 2, 3)) is None
        True
    """

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
    """Ages over 89, in whole years, become 90: one category of 90 or older.

        >>> Age().apply(89), Age().apply(104)
        (89, 90)
    """

    def apply(self, value: Any) -> Any:
        """The age, at most 90."""
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise Error.of("wrong_type", "an age in whole years")
        return min(int(value), OLDEST_AGE + 1)


@dataclass(frozen=True)
class Zip3:
    """A ZIP code (text, or a number that lost its zeros) becomes its first three digits, or `000` where 20,000 or fewer people live.

    `small` has the three-digit areas of so few people; or `population` the people of every area, and what is not among them is `000`. What is no
    ZIP code of 5 or 9 digits is `000`.

        >>> [Zip3().apply(code) for code in ("12345-6789", "03601", 3601, "near the lake")]
        ['123', '000', '000', '000']
        >>> Zip3(population={"123": 20_001}).apply("99501")
        '000'
    """

    small: Collection[str] = SMALL_ZIP3
    population: Mapping[str, int] | None = None

    def apply(self, value: Any) -> Any:
        """Three digits."""
        if hasattr(value, "__index__") and not isinstance(value, bool):
            value = f"{int(value):05}"
        code = re.fullmatch(r"([0-9]{3})[0-9]{2}(?:-?[0-9]{4})?", _text(value).strip())
        if code is None:
            return "000"
        area = code[1]
        is_small = area in self.small if self.population is None else self.population.get(area, 0) <= SMALLEST_ZIP3
        return "000" if is_small else area


@dataclass(frozen=True)
class Token:
    """An index value of a field, in hexadecimal: equal values, equal tokens. Derived from the value: **not** de-identified.

        >>> Token(ssn).apply("999-41-1234") == ssn.index_values("999-41-1234")["ssn_exact"].hex()
        True
    """

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

        >>> random = Random()
        >>> random.apply("Ana") == random.apply("Ana") != random.apply("Bo")
        True
    """

    tokens: dict[Any, str] = field(default_factory=dict, repr=False)

    def apply(self, value: Any) -> Any:
        """The token."""
        try:
            return self.tokens.setdefault(value, secrets.token_hex(16))
        except TypeError:
            pass
        raise Error.of("wrong_type", "a value that can be a key of a dict")


Rule = Keep | Drop | Mask | Year | Age | Zip3 | Token | Random


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Error.of("wrong_type", "text")
    return value
