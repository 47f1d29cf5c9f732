"""Waiting for a time or for a word, whichever comes first, as each worker does several times for each edit.

With asyncio's own timers: a cancel scope around an event does much that nobody needs here, for each of them.
"""

from __future__ import annotations

import asyncio
import math


class Alarm:
    """For one task that waits. `until` is when it would wake by itself, in seconds on the clock of the event loop; the
    least of all times while it does not wait."""

    def __init__(self) -> None:
        self.until = -math.inf
        self._woken: asyncio.Future[None] | None = None

    def ring(self) -> None:
        """Wake whoever waits now. May be called at any time on the loop."""
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    async def wait(self, until: float) -> None:
        """Return when it rings, at the latest at this time, which may be never."""
        loop = asyncio.get_running_loop()
        self.until, self._woken = until, loop.create_future()
        timer = loop.call_at(until, self.ring) if math.isfinite(until) else None
        try:
            await self._woken
        finally:
            self.until, self._woken = -math.inf, None
            if timer is not None:
                timer.cancel()
