"""How much happens at once: one limiter for each kind of work, passed on explicitly; and how much may be open."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

import anyio

from harnesssync_orchestrator.config import LimitSettings
from harnesssync_orchestrator.service.threads import holding

DESCRIPTORS = 16_384
"""Enough for thousands of projects: each takes a lock, its guard and a socket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Separate limiters, so that hashing never waits for linking, nor a project for another one's files.

    `projects` bounds the syncs in flight, which hold their project's lock; `hashing`, `linking` and `ledgers` bound
    threads. What is urgent, a person's edit of a few files, waits only for others of its kind: what is not, such as the
    first syncs of projects of thousands of files, never has all places, since it is bounded by `unhurried` as well, and
    there are threads that it does not get, `urgent`. What is new and small waits for what is unhurried no more than
    that, but has one place of its own, `newcomers`: many that come at once keep no edit waiting.
    """

    projects: anyio.CapacityLimiter
    unhurried: anyio.CapacityLimiter
    newcomers: anyio.CapacityLimiter
    urgent: anyio.CapacityLimiter
    hashing: anyio.CapacityLimiter
    linking: anyio.CapacityLimiter
    ledgers: anyio.CapacityLimiter

    @classmethod
    def create(cls, settings: LimitSettings) -> Limits:
        """Made inside a running event loop, which anyio's limiters belong to."""
        return cls(
            projects=anyio.CapacityLimiter(settings.projects + 2),
            unhurried=anyio.CapacityLimiter(settings.projects),
            newcomers=anyio.CapacityLimiter(1),
            urgent=anyio.CapacityLimiter(settings.hashing),
            hashing=anyio.CapacityLimiter(settings.hashing),
            linking=anyio.CapacityLimiter(settings.linking),
            ledgers=anyio.CapacityLimiter(settings.ledgers),
        )

    @asynccontextmanager
    async def place(self, *, urgent: bool, new: bool = False) -> AsyncGenerator[Place]:
        """A place among the syncs in flight. First come, first served, among those that are urgent, those that are
        `new`, and all others."""
        hurries = urgent or new
        mine = replace(self, hashing=self.urgent, linking=self.urgent, ledgers=self.urgent) if hurries else self
        beside = self.newcomers if new and self.unhurried.available_tokens < 1 else self.unhurried
        place = Place(mine, (self.projects,) if urgent else (beside, self.projects))
        await place.take()
        try:
            with holding(place.bounds):
                yield place
        finally:
            place.give_back()


@dataclass(slots=True)
class Place:
    """A place among the syncs in flight, in each of its `bounds`, with the `limits` of whoever has it."""

    limits: Limits
    bounds: tuple[anyio.CapacityLimiter, ...]
    _taken: list[anyio.CapacityLimiter] = field(default_factory=list)

    async def take(self) -> None:
        try:
            for bound in self.bounds:
                await bound.acquire()
                self._taken.append(bound)
        except BaseException:
            self.give_back()
            raise

    def give_back(self) -> None:
        while self._taken:
            self._taken.pop().release()

    async def wait(self, seconds: float) -> None:
        """Wait; another project has the place meanwhile."""
        self.give_back()
        try:
            await anyio.sleep(seconds)
        finally:
            with anyio.CancelScope(shield=True):
                await self.take()


def allow_descriptors(wanted: int = DESCRIPTORS) -> None:
    """Let this process have more files open than by default (1,024 on Linux, 256 on macOS), as far as it may."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - Windows has none

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    most = wanted if hard == unlimited else min(wanted, hard)
    if soft != unlimited and soft < most:
        with suppress(OSError, ValueError):  # macOS has one more limit, which it does not tell
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
