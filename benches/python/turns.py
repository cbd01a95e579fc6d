"""Cases measured in turns: a turn of each, and again, so that all of a group meet the same noise."""

from __future__ import annotations

import statistics
import time
import timeit
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Case:
    """A statement, or a call, that does so many values, and what each turn of it took: nanoseconds a value."""

    timer: timeit.Timer
    values: int
    calls: int = 1
    results: list[float] = field(default_factory=list)

    def turn(self) -> None:
        self.results.append(self.timer.timeit(self.calls) * 1e9 / self.calls / self.values)


class Group:
    """Cases that are compared with each other. A turn of each takes about as long; ratios are of turns that follow one another."""

    def __init__(self, seconds: float, turns: int) -> None:
        self.seconds, self.turns = seconds, turns
        self.cases: dict[str, Case] = {}

    def add(self, name: str, statement: str | Callable[[], Any], names: dict[str, Any] | None = None, values: int = 1) -> None:
        """A statement is timed without a call around it."""
        self.cases[name] = Case(timeit.Timer(statement, globals=names), values)

    def run(self) -> None:
        for case in self.cases.values():
            case.timer.timeit(1)
            once = max(case.timer.timeit(1), 1e-7)
            # a second look: the first calls are not what the others are
            once = max(case.timer.timeit(max(1, int(0.002 / once))) / max(1, int(0.002 / once)), 1e-7)
            case.calls = max(1, round(self.seconds / self.turns / len(self.cases) / once))
        for _ in range(self.turns):
            for case in self.cases.values():
                case.turn()

    def figures(self) -> dict[str, dict[str, Any]]:
        """Nanoseconds a value, each with its quartiles."""
        return {name: {**quartiles(case.results), "unit": "ns a value"} for name, case in self.cases.items()}

    def ratio(self, ours: str, theirs: str) -> dict[str, dict[str, float]] | None:
        """Our time divided by the peer's, turn by turn; `None` where the peer is missing."""
        if theirs not in self.cases:
            return None
        pairs = zip(self.cases[ours].results, self.cases[theirs].results, strict=True)
        return {"time_ratio": quartiles([mine / other for mine, other in pairs])}


def slowest(ratios: list[dict[str, dict[str, float]] | None]) -> dict[str, dict[str, float]] | None:
    """The highest of the ratios: what holds for each of them."""
    return max((ratio for ratio in ratios if ratio is not None), key=lambda ratio: ratio["time_ratio"]["median"], default=None)


def quartiles(results: list[float]) -> dict[str, float]:
    low, median, high = statistics.quantiles(results, n=4)
    return {"median": median, "low": low, "high": high}
