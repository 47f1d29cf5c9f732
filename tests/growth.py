"""How the time of a function grows with its input: compared with itself, so that a busy machine changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

TIMES = 8
"""How much longer the long input is. What takes linear time takes about as much longer, quadratic its square."""


def grows_with_length(work: Callable[[T], object], make: Callable[[int], T], length: int) -> bool:
    """Does `work` take time in proportion to what `make` gives for a length? Work that takes next to nothing does."""
    short, long = make(length // TIMES), make(length)
    return _seconds(work, long) < 3 * TIMES * max(0.002, min(_seconds(work, short) for _ in range(2)))


def _seconds(work: Callable[[T], object], given: T) -> float:
    began = time.process_time()
    work(given)
    return time.process_time() - began
