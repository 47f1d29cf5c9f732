"""Telling a supervisor that works for long from one that hangs: it answers a `ping` meanwhile."""

from __future__ import annotations

import time

from harnesssync_orchestrator.ctl.client import (
    ANSWER_S,
    Connection,
    FellSilentError,
    NoSupervisorError,
    RemoteError,
    SilentError,
)
from harnesssync_orchestrator.ctl.probe import readable
from harnesssync_orchestrator.protocol import methods

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Callable

_HINT = "What was asked for may be done all the same, once it goes on; its log says more"


def greet(connection: Connection, timeout: float) -> None:
    """Have a sign of life before anything is asked for: what a process that hangs was asked, it would do when it goes
    on, after whoever asked has given up. Raises `NoSupervisorError`."""
    try:
        connection.call(methods.PING, timeout=timeout)
    except RemoteError:
        return  # it answers, and has its reasons


class Vigil:
    """To be called about once a second while a connection works: asks on another one whether anybody is alive there.

    On another, because the requests of one connection are answered one after the other.
    """

    __slots__ = ("_began", "_connection", "_due", "_timeout", "_waiting")

    def __init__(self, connection: Connection, timeout: float, waiting: Callable[[float], None] | None) -> None:
        self._connection = connection
        self._timeout = timeout
        self._waiting = waiting
        self._began = time.monotonic()
        self._due = 0.0

    def __call__(self, seconds: float) -> None:
        """Raises `FellSilentError` when a ping is not answered in time, and the work is not either."""
        self._tell(seconds)
        if seconds < self._due:
            return
        try:
            self._ping()
        except SilentError as error:
            if readable([self._connection.fileno()], 0):
                return  # it has answered meanwhile, or ended
            message = f"it has fallen silent: no answer to a ping within {self._timeout:g} s"
            raise FellSilentError(message, path=error.path, hint=_HINT) from error
        except (NoSupervisorError, RemoteError):
            pass  # one that stops or has no place left takes no newcomer, and ends what it works at
        self._due = time.monotonic() - self._began + min(self._timeout, ANSWER_S)

    def _ping(self) -> None:
        other = Connection(self._connection.path, timeout=self._timeout)
        try:
            other.call(
                methods.PING, timeout=self._timeout, waiting=lambda _: self._tell(time.monotonic() - self._began)
            )
        finally:
            other.close()

    def _tell(self, seconds: float) -> None:
        if self._waiting is not None:
            self._waiting(seconds)
