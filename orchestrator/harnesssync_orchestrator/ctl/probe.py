"""Which of many sockets have a living process behind them: all are asked at once, and none is waited for long."""

from __future__ import annotations

import time

from harnesssync_orchestrator.ctl.client import MAX_ANSWER
from harnesssync_orchestrator.ctl.places import is_strangers, waking
from harnesssync_orchestrator.protocol import methods
from harnesssync_orchestrator.protocol.framing import Framer
from harnesssync_orchestrator.protocol.messages import Request, Response, encode

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

DEADLINE_S = 0.8
"""For all of them together. The control socket is asked before with as much, so that `status --all` ends within 2 s."""


class Probed:
    """What one socket said: `result` of `status`, or None and `silent`, which tells a hung process from none; then
    with a `remedy`, if it is known who that is."""

    __slots__ = ("remedy", "result", "silent")

    def __init__(self, result: Any, *, silent: bool = False, remedy: str = "") -> None:  # noqa: ANN401 - of a method
        self.result = result
        self.silent = silent
        self.remedy = remedy


def probe(paths: Mapping[str, str], *, brief: bool = False, deadline: float = DEADLINE_S) -> dict[str, Probed]:
    """Ask the socket at each path for its status, a `brief` one or not. Keys are those of `paths`; `deadline` is in
    seconds.

    Where nothing listens the key is missing from the answer. A process that accepts and says nothing, says junk or
    accepts no more is there with `silent`.
    """
    import _socket  # noqa: PLC0415 - the compiled half of `socket`, at a twentieth of its start-up

    found: dict[str, Probed] = {}
    if not hasattr(_socket, "AF_UNIX"):
        return found
    ends = time.monotonic() + deadline
    waiting: dict[int, tuple[str, Any, Framer]] = {}
    question = encode(Request(methods.STATUS, {"brief": True} if brief else None, id=1))
    try:
        for key, path in paths.items():
            try:
                connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
            except OSError:  # no more files may be open: those asked so far are waited for
                break
            connection.settimeout(0)
            try:
                connection.connect(path)
                if is_strangers(connection):
                    connection.close()
                    continue
                connection.send(question)
            except BlockingIOError:  # its backlog is full: a process is there and accepts nothing
                found[key] = Probed(None, silent=True)
                connection.close()
            except OSError:  # nothing there, nobody listens, or no socket
                connection.close()
            else:
                waiting[connection.fileno()] = (key, connection, Framer(max_line=MAX_ANSWER))
        while waiting and (left := ends - time.monotonic()) > 0:
            for descriptor in readable(list(waiting), left):
                key, connection, framer = waiting[descriptor]
                probed = _receive(connection, framer)
                if probed is not None:
                    found[key] = probed
                    del waiting[descriptor]
                    connection.close()
        for key, connection, _ in waiting.values():
            found[key] = Probed(None, silent=True, remedy=waking(connection))
    finally:
        for _, connection, _ in waiting.values():
            connection.close()
    return found


def readable(descriptors: list[int], timeout: float) -> list[int]:
    """Those that something can be received from, after at most `timeout` seconds."""
    import select  # noqa: PLC0415 - only this needs it

    if not hasattr(select, "poll"):
        return select.select(descriptors, [], [], timeout)[0]
    poll = select.poll()  # unlike select, it takes descriptors beyond 1023
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return [descriptor for descriptor, _ in poll.poll(timeout * 1000)]


def _receive(connection: Any, framer: Framer) -> Probed | None:  # noqa: ANN401 - see `client.connect`
    """What has been said so far, or None if more is to come."""
    try:
        data = connection.recv(1 << 16)
    except BlockingIOError:
        return None
    except OSError:
        data = b""
    if not data:
        return Probed(None, silent=True)
    for message in framer.feed(data):
        if isinstance(message, Response) and isinstance(message.result, dict):
            return Probed(message.result)
        return Probed(None, silent=True)
    return None
