"""How much happens at once: one limiter for each kind of work, passed on explicitly."""

from __future__ import annotations

from dataclasses import dataclass

import anyio

from harnesssync_orchestrator.config import LimitSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Separate limiters, so that hashing never waits for linking, nor a project for another one's files.

    `projects` bounds the syncs in flight, which hold their project's lock; `hashing`, `linking` and `ledgers` bound
    threads.
    """

    projects: anyio.CapacityLimiter
    hashing: anyio.CapacityLimiter
    linking: anyio.CapacityLimiter
    ledgers: anyio.CapacityLimiter

    @classmethod
    def create(cls, settings: LimitSettings) -> Limits:
        """Made inside a running event loop, which anyio's limiters belong to."""
        return cls(
            projects=anyio.CapacityLimiter(settings.projects),
            hashing=anyio.CapacityLimiter(settings.hashing),
            linking=anyio.CapacityLimiter(settings.linking),
            ledgers=anyio.CapacityLimiter(settings.ledgers),
        )
