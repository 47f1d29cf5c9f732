"""How long a project that fails is left alone: 1 s, 2 s, 4 s … 60 s, scattered so that not all return at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import SystemRandom


@dataclass(slots=True, kw_only=True)
class Backoff:
    """Counts failures in a row. `first` and `most` are in seconds; `random` gives numbers in [0, 1)."""

    first: float = 1.0
    most: float = 60.0
    random: Callable[[], float] = SystemRandom().random
    failures: int = 0

    def fail(self) -> float:
        """Count one more failure: the seconds to wait before the next attempt, never outside [first, most].

        The delay is drawn from the upper half of the doubled one: spread out, and still growing with each failure.
        """
        # The exponent is bounded: a project that fails for a year must not raise 2 to the power of its failures.
        doubled = self.first * 2.0 ** min(self.failures, 32)
        self.failures += 1
        ceiling = min(doubled, self.most)
        return max(self.first, ceiling * (0.5 + self.random() / 2))

    def succeed(self) -> None:
        """Start anew."""
        self.failures = 0
