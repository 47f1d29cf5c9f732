"""What the system does not give a watcher: for want of it, for a while, or for want of rights, a folder at a time."""

from __future__ import annotations

import errno
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import anyio
from structlog.typing import FilteringBoundLogger

AGAIN_S = 300.0
"""After so long it is tried again to watch what is polled because the system had no more watches."""
SHORTAGES = frozenset({errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""Reasons that pass: others had the system's watches, or our descriptors."""


def no_more() -> OSError:
    """What the system means by `No space left on device`."""
    return OSError(errno.ENOSPC, "the system has no more watches to give")


@dataclass(slots=True)
class Shortage:
    """The last failure to watch. `until` is when it is tried again, if watches were wanting; infinite if none were."""

    failure: Exception
    until: float = math.inf

    @property
    def is_now(self) -> bool:
        return math.isfinite(self.until)

    def note(self, failure: Exception) -> None:
        """A watcher could not be made. Only where others may have had what was wanting is it worth trying again."""
        self.failure = failure
        if isinstance(failure, OSError) and failure.errno in SHORTAGES:
            self.until = anyio.current_time() + AGAIN_S

    def is_over(self) -> None:
        self.until = math.inf


@dataclass(slots=True)
class Denied:
    """The folders that are asked for and that we may not read."""

    log: FilteringBoundLogger
    folders: frozenset[str] = frozenset()

    def note(self, asked: Collection[str], denied: Mapping[str, OSError]) -> None:
        """Of those that were `asked` for, these were `denied`. Each is told once."""
        if new := [error for folder, error in denied.items() if folder not in self.folders]:
            self.log.warning("watch.denied", message=str(new[0]), folders=len(new))
        self.folders = self.folders.difference(asked).union(denied)
