"""Measuring two things side by side: machines differ and are busy, ratios within one run differ less."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row:
    """One printed figure. `bar` is what it must not exceed, None for a figure that only informs."""

    name: str
    value: float
    unit: str
    bar: float | None = None

    @property
    def holds(self) -> bool:
        return self.bar is None or self.value <= self.bar

    def __str__(self) -> str:
        value = f"{self.value:.3g}" if self.value < 100 else f"{self.value:.0f}"
        verdict = "" if self.bar is None else f"   bar {self.bar:g} {self.unit}: {'holds' if self.holds else 'MISSED'}"
        return f"  {self.name:<66} {value:>8} {self.unit}{verdict}"


@dataclass(frozen=True, slots=True)
class Pair:
    """Seconds of two things, measured in turns."""

    ours: list[float] = field(default_factory=list)
    reference: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Median of ours over median of the reference."""
        return statistics.median(self.ours) / statistics.median(self.reference)


def side_by_side(ours: Callable[[], object], reference: Callable[[], object], rounds: int) -> Pair:
    """Time both in turns, `rounds` times after one round to warm up."""
    pair = Pair()
    for number in range(rounds + 1):
        for work, seconds in ((ours, pair.ours), (reference, pair.reference)):
            began = time.perf_counter()
            work()
            if number:
                seconds.append(time.perf_counter() - began)
    return pair


def in_turns(
    work: Mapping[str, Callable[[], T]], rounds: int, *, before: Callable[[], object] = lambda: None
) -> dict[str, list[T]]:
    """What each gives, by its name, all of them in turns; `before` is called ahead of each."""
    found: dict[str, list[T]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, run in work.items():
            before()
            found[name].append(run())
    return found


def milliseconds(seconds: Sequence[float]) -> float:
    """The median, in milliseconds."""
    return statistics.median(seconds) * 1000
