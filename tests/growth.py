"""How the time of a function grows with its input: compared with itself, so that a busy machine changes nothing."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

TIMES = 8
"""How much longer the long input is. What takes linear time takes about as much longer, quadratic its square."""
ATTEMPTS = 5


def grows_with_length(work: Callable[[T], object], make: Callable[[int], T], length: int) -> bool:
    """Does `work` take time in proportion to what `make` gives for a length? Work that takes next to nothing does.

    One attempt in which it does is enough: what else goes on can only make the long input take longer than it must,
    while quadratic work stays far above the limit each time.
    """
    short, long = make(length // TIMES), make(length)
    return any(_seconds(work, long) < 3 * TIMES * max(0.002, _seconds(work, short)) for _ in range(ATTEMPTS))


def _seconds(work: Callable[[T], object], given: T) -> float:
    """Of the processor, without the collection of garbage that others left."""
    gc.collect()
    gc.disable()
    try:
        began = time.process_time()
        work(given)
        return time.process_time() - began
    finally:
        gc.enable()
