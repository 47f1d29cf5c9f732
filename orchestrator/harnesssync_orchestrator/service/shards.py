"""The watchers that there are, and which of them a new one takes in."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from harnesssync_orchestrator.service.notifier import Notifier, Stop

RATIO = 4
"""A new watcher takes in those that are up to this many times larger than what it already holds."""
SEVERAL = 4
"""Of fewer watchers none is taken in before it is calm: arming holds the interpreter, and so does each anew."""


@dataclass(slots=True, eq=False)
class Shard:
    """One system watcher. `folders` are those that it is still believed to watch: see `Watcher`."""

    notifier: Notifier
    folders: set[str]
    polling: bool
    retired: bool = False
    stop: Stop = field(default_factory=Stop)

    def retire(self) -> None:
        """Let it go when it has nothing more to tell."""
        self.retired = True
        self.stop.wake()


COMPARED = 8
"""With so many, comparing takes less than searching."""


def in_or_below(folders: Collection[str], lost: Collection[str]) -> set[str]:
    """Which of the folders are among these, or somewhere below one."""
    tops: list[str] = []
    for path in sorted(f"{each}/" for each in lost):
        if not tops or not path.startswith(tops[-1]):
            tops.append(path)
    if len(tops) <= COMPARED:
        several = tuple(tops)
        return {folder for folder in folders if f"{folder}/".startswith(several)}
    # The last that is not greater: whatever stands between a path and its beginning begins alike.
    return {
        folder for folder in folders if (at := bisect(tops, f"{folder}/")) and f"{folder}/".startswith(tops[at - 1])
    }


def taken_in(
    shards: Sequence[Shard], added: Collection[str], *, largest: int, polling: bool, ratio: float
) -> list[Shard]:
    """Those that a new watcher for `added` takes in: up to `ratio` times larger than what it already has, as long as it
    holds no more than `largest`."""
    if math.isfinite(ratio) and sum(not shard.retired for shard in shards) < SEVERAL:
        return []
    found: list[Shard] = []
    size = len(added)
    for shard in sorted(shards, key=lambda shard: len(shard.folders)):
        is_small = not size or len(shard.folders) <= ratio * size
        fits = is_small and len(shard.folders) + size <= largest
        if fits and shard.polling is polling and not shard.retired:
            size += len(shard.folders)
            found.append(shard)
    return found
