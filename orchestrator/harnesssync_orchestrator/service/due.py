"""When a project is to be synced, and why. Times are seconds on the clock of the event loop; never is infinite."""

from __future__ import annotations

import enum
import math
from collections.abc import Collection
from dataclasses import dataclass, field

from harnesssync_orchestrator.config import WatchSettings

MOST_CHANGED = 10_000
"""Paths that are kept to tell a feedback loop by: with more, it is certainly none."""


class Reason(enum.Enum):
    """Why a sync takes place, most urgent first."""

    REQUEST = "request"
    START = "start"
    WATCH = "watch"
    RETRY = "retry"
    TIMER = "timer"


@dataclass(slots=True)
class Due:
    """The reasons of one project to sync that nobody asks for. `started` says whether its first sync has begun."""

    settings: WatchSettings
    started: bool = False
    _changed: set[str] = field(default_factory=set)
    _first_signal: float = math.inf
    _last_signal: float = math.inf
    _retry: float = math.inf
    _timer: float = math.inf

    def signal(self, paths: Collection[str], now: float) -> None:
        """Something changed."""
        if len(self._changed) < MOST_CHANGED:
            self._changed.update(paths)
        self._first_signal = min(self._first_signal, now)
        self._last_signal = now

    def begin(self) -> frozenset[str]:
        """A sync begins, which answers to all of this: the paths that changed. From here on an edit may come too late
        for it, and is kept for the next."""
        changed = frozenset(self._changed)
        self._changed.clear()
        self._first_signal = self._last_signal = self._retry = self._timer = math.inf
        self.started = True
        return changed

    def rescan(self, now: float) -> None:
        """The sync has ended: look again after a while, should an event get lost."""
        self._timer = now + self.settings.rescan_s

    def retry(self, at: float) -> None:
        """The sync has failed: try again then."""
        self._retry = at

    def earliest(self, *, fails: bool) -> tuple[Reason, float]:
        """The next sync. A project that `fails` is left alone for a while, however much is edited."""
        if not self.started:
            return Reason.START, -math.inf
        settled = min(
            self._last_signal + self.settings.settle_ms / 1000,
            self._first_signal + self.settings.max_settle_ms / 1000,
        )
        if fails:
            return Reason.RETRY, max(self._retry, settled if math.isfinite(settled) else 0.0)
        return min((Reason.WATCH, settled), (Reason.TIMER, self._timer), key=lambda due: due[1])
