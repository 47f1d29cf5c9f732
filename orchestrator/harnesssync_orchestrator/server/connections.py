"""Who is connected, and who has to go when they are too many, or take too much.

Of too many connections one goes that waits for its peer: the one on which nothing has happened for longest, of the
process that has most of them, and none of a process that has fewer than the one that comes. So whoever floods pushes
out itself. What is being worked on is never cut off.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import anyio
from structlog.typing import FilteringBoundLogger


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much peers may take. `line_s` is for the rest of a line that has begun, `write_s` for taking an answer,
    `idle_s` for a connection on which nothing is said; `heard_bytes` are held at most of all requests together, and
    `told_bytes` of all answers that do not fit into their sockets (`server.wire`), until they are taken; what many are
    told counts once."""

    connections: int = 64
    line_s: float = 10.0
    write_s: float = 10.0
    idle_s: float = 3600.0
    heard_bytes: int = 2 << 20
    told_bytes: int = 8 << 20


class Doing(enum.Enum):
    """Who waits for whom: we for the peer's words, the peer for ours, or we for the peer to take them."""

    LISTENING = enum.auto()
    WORKING = enum.auto()
    TELLING = enum.auto()


@dataclass(slots=True, eq=False)
class Connection:
    """`peer` is its process. `since` is when it began what it is `doing`; `heard` are bytes in hand, and `told` are the
    pieces of an answer that it has not taken whole, none of which goes before it has."""

    peer: int | None
    since: float = field(default_factory=anyio.current_time)
    doing: Doing = Doing.LISTENING
    heard: int = 0
    told: Sequence[bytes] = ()
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    def does(self, doing: Doing) -> None:
        self.doing = doing
        self.since = anyio.current_time()


class Connections:
    """All that are open now, within bounds."""

    def __init__(self, bounds: Bounds, log: FilteringBoundLogger) -> None:
        self._bounds = bounds
        self._log = log
        self._open: set[Connection] = set()
        self._rested = anyio.Event()

    def __len__(self) -> int:
        return len(self._open)

    async def admit(self, peer: int | None) -> Connection | None:
        """A new connection of a process; None if there is no room for another one. A process that has none waits for
        room instead, which is soon there: others that ask much on all of theirs do not keep it out."""
        connection = Connection(peer)
        while len(self._open) >= self._bounds.connections:
            held = Counter(each.peer for each in self._open)
            if self._push_out([each for each in self._open if held[each.peer] >= held[peer]]):
                continue
            if held[peer]:
                return None
            await self._change()
        self._open.add(connection)
        return connection

    def forget(self, connection: Connection) -> None:
        """It has ended."""
        self._open.discard(connection)
        self.noted()

    def noted(self) -> None:
        """One of them may have come to rest."""
        self._rested.set()

    async def rest(self) -> None:
        """Wait until every request that was heard is answered."""
        while any(connection.doing is not Doing.LISTENING for connection in self._open):
            await self._change()

    async def _change(self) -> None:
        """Wait until one of them may have come to rest."""
        if self._rested.is_set():
            self._rested = anyio.Event()
        await self._rested.wait()

    def hear(self, connection: Connection, size: int) -> None:
        """So many bytes more have come in on one of them: if all together hold too much, some end."""
        connection.heard += size
        self._keep_within(self._heard, self._bounds.heard_bytes)

    def tell(self, connection: Connection, answer: Sequence[bytes]) -> None:
        """An answer is about to go out on one of them; likewise."""
        connection.does(Doing.TELLING)
        connection.told = answer
        self._keep_within(self._told, self._bounds.told_bytes)

    def _heard(self) -> Mapping[Connection, float]:
        return {each: each.heard for each in self._open}

    def _told(self) -> Mapping[Connection, float]:
        """Of what several are told each has a share: all shares together are what there is."""
        holders = Counter(id(piece) for each in self._open for piece in each.told)
        return {each: sum(len(piece) / holders[id(piece)] for piece in each.told) for each in self._open}

    def _push_out(self, among: Collection[Connection]) -> bool:
        """End one of these connections; False if all of them are being worked for."""
        waiting = [connection for connection in among if connection.doing is not Doing.WORKING]
        if not waiting:
            return False
        held = Counter(connection.peer for connection in self._open)
        one = min(waiting, key=lambda connection: (-held[connection.peer], connection.since))
        self._log.debug("connection.evicted", idle_s=round(anyio.current_time() - one.since, 3))
        self._open.discard(one)
        one.scope.cancel()
        return True

    def _keep_within(self, bytes_by: Callable[[], Mapping[Connection, float]], limit: int) -> None:
        """End connections that hold most, or hold it for longest, until all together hold no more than `limit`."""
        while sum((held := bytes_by()).values()) > limit:
            most = max(held.values())
            if not self._push_out([each for each, size in held.items() if size > most / 2]):
                return
