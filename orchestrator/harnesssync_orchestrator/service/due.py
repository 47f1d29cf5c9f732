"""When a project is to be synced, and why. Times are seconds on the clock of the event loop; never is infinite."""

from __future__ import annotations

import enum
import math
from collections.abc import Collection
from dataclasses import dataclass, field

from harnesssync_orchestrator.config import WatchSettings

MOST_CHANGED = 10_000
"""Paths that are kept to tell our own writing by: with more, it is certainly something else."""


MOST_BY_ITSELF = 8
"""Paths that a person saves at once. A storm of edits, as of a branch that is switched, begins with more."""
SOON = 0.15
"""The part of the quiet time that an edit by itself needs."""


class Reason(enum.Enum):
    """Why a sync takes place, most urgent first."""

    REQUEST = "request"
    START = "start"
    WATCH = "watch"
    RETRY = "retry"
    CONFIRM = "confirm"
    TIMER = "timer"


@dataclass(slots=True)
class Due:
    """The reasons of one project to sync that nobody asks for. `started` says whether its first sync has begun."""

    settings: WatchSettings
    started: bool = False
    _changed: set[str] = field(default_factory=set)
    _anything: bool = False
    _first_signal: float = math.inf
    _last_signal: float = math.inf
    _retry: float = math.inf
    _timer: float = math.inf
    _confirm: float = math.inf

    def signal(self, paths: Collection[str], now: float) -> None:
        """Something changed; anything may have, if no paths are known."""
        twice_s = self.settings.settle_ms / 1000 * SOON / 2
        if paths and now - self._last_signal <= twice_s and self._changed.issuperset(paths):
            return  # two watchers tell of it for a moment, while one takes over from the other: it is still one edit
        if paths and len(self._changed) < MOST_CHANGED:
            self._changed.update(paths)
        else:
            self._anything = True
        self._first_signal = min(self._first_signal, now)
        self._last_signal = now

    def begin(self) -> frozenset[str] | None:
        """A sync begins, which answers to all of this: the paths that changed, None if others may have changed too.
        From here on an edit may come too late for it, and is kept for the next."""
        self._retry = self._timer = self._confirm = math.inf
        self.started = True
        return self.take()

    def take(self) -> frozenset[str] | None:
        """The same of what changed alone: whatever else is due stays so."""
        changed = None if self._anything else frozenset(self._changed)
        self._changed.clear()
        self._anything = False
        self._first_signal = self._last_signal = math.inf
        return changed

    def rescan(self, now: float) -> None:
        """The sync has ended: look again after a while, should an event get lost."""
        self._timer = now + self.settings.rescan_s

    def confirm(self, at: float) -> None:
        """The sync has written, and left it to another one to look at that again."""
        self._confirm = at

    def retry(self, at: float) -> None:
        """The sync has failed: try again then."""
        self._retry = at

    def earliest(self, *, fails: bool) -> tuple[Reason, float]:
        """The next sync. A project that `fails` is left alone for a while, however much is edited."""
        if not self.started:
            return Reason.START, -math.inf
        is_one = self._last_signal == self._first_signal and len(self._changed) <= MOST_BY_ITSELF and not self._anything
        settled = min(
            self._last_signal + self.settings.settle_ms / 1000 * (SOON if is_one else 1),
            self._first_signal + self.settings.max_settle_ms / 1000,
        )
        if fails:
            return Reason.RETRY, max(self._retry, settled if math.isfinite(settled) else 0.0)
        reasons = ((Reason.WATCH, settled), (Reason.CONFIRM, self._confirm), (Reason.TIMER, self._timer))
        return min(reasons, key=lambda due: due[1])


def together(changed: frozenset[str] | None, more: frozenset[str] | None) -> frozenset[str] | None:
    """All of it; None if anything may have changed."""
    return None if changed is None or more is None else changed | more
