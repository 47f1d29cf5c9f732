"""Looking after many things a few at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

MOST = 40
"""Locks or sockets that are looked at each second: of two hundred, each is every five."""


@dataclass(slots=True)
class Rounds:
    """Each of many in turn, at most so many at a time. What comes and goes meanwhile may be passed over once."""

    most: int = MOST
    _next: int = 0

    def some(self, names: Sequence[T]) -> list[T]:
        """Those whose turn it is."""
        if len(names) <= self.most:
            return list(names)
        start = self._next % len(names)
        self._next = start + self.most
        return [*names[start : start + self.most], *names[: max(0, self._next - len(names))]]
