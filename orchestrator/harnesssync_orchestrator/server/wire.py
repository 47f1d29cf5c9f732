"""The socket of one connection: bytes in, with a deadline, and bytes out.

With asyncio's own means: a stream of anyio enters the socket into the selector anew for each wait, and a scope around
that sets a timer anew. Here both are left as they are while they are right, and an answer that fits into the socket is
gone with one call: one of 135 kB takes a supervisor 25 µs so, and took 112 µs with streams.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress

import anyio

CHUNK = 4 * 1024
"""Bytes read at once: all requests in them are answered before a newcomer may have the place of who sent them."""
SEND_BUFFER = 212_992
"""Bytes that the system holds for a peer; Linux makes twice as many of it, and allows everybody this. The status of 200
projects fits in, which otherwise would go in several pieces, with a wait for the peer before each."""


class Wire:
    """Of a connected socket that does not block; whoever opened that closes it, after this. For one task at a time."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        self._loop = asyncio.get_running_loop()
        self._heard: asyncio.Future[bytes | None] = self._loop.create_future()
        self._is_watched = False
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        with suppress(OSError):  # macOS refuses that when the peer has gone, which is noticed soon enough
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    def close(self) -> None:
        """Leave the socket alone from now on."""
        self._unwatch()
        if self._timer is not None:
            self._timer.cancel()

    # --- listening ---

    async def receive(self, until: float) -> bytes:
        """What the peer says next, nothing when it has gone. Raises TimeoutError at `until`, on the loop's clock."""
        if self._loop.time() >= until:  # also of a peer that never leaves us anything to wait for
            raise TimeoutError
        self._heard, self._until = self._loop.create_future(), until
        if self._timer is None or self._timer.when() > until:
            self._set_timer()
        if not self._is_watched:
            self._loop.add_reader(self._raw, self._hear)
            self._is_watched = True
        heard = await self._heard
        if heard is None:
            raise TimeoutError
        return heard

    def _hear(self) -> None:
        if self._heard.done():  # nobody listens now: what is said waits in the socket, and in the end the peer does
            self._unwatch()
            return
        try:
            self._heard.set_result(self._raw.recv(CHUNK))
        except BlockingIOError:
            pass
        except OSError:  # it has gone without an end
            self._heard.set_result(b"")

    def _unwatch(self) -> None:
        if self._is_watched:
            self._loop.remove_reader(self._raw)
            self._is_watched = False

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._until, self._look_at_clock)

    def _look_at_clock(self) -> None:
        """The timer is due; the wait that it was set for has ended long ago, mostly, and another one has begun."""
        self._timer = None
        if self._heard.done():
            return
        if self._loop.time() < self._until:
            self._set_timer()
        else:
            self._heard.set_result(None)

    # --- telling ---

    def send_now(self, pieces: Sequence[bytes | memoryview]) -> int:
        """Send as many bytes as the socket takes at once; how many it were. Raises anyio.BrokenResourceError."""
        try:
            return self._raw.sendmsg(pieces)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise anyio.BrokenResourceError from error

    async def send(self, pieces: Sequence[bytes], sent: int = 0) -> None:
        """Send what comes after the first `sent` bytes, as the peer takes it. Raises anyio.BrokenResourceError."""
        for piece in pieces:
            rest = memoryview(piece)[sent:]
            sent = max(0, sent - len(piece))
            while rest:
                await anyio.wait_writable(self._raw)
                rest = rest[self.send_now([rest]) :]
