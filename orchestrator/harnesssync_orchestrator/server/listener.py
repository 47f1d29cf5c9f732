"""The sockets, and the conversation on each connection: lines in, lines out, and nobody who can hold up the others.

Only processes of the same user are heard. A peer that sends junk gets an error; one that sends half a line or takes no
answers is closed after a while, and so is one of too many (`server.connections`). An error while answering a request
ends there: the peer is told, the log has the traceback, and the supervisor lives.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.abc
import anyio.lowlevel
import anyio.to_thread
from structlog.typing import FilteringBoundLogger

from harnesssync_orchestrator.errors import HarnessSyncError
from harnesssync_orchestrator.protocol import codes
from harnesssync_orchestrator.protocol.framing import MAX_REQUEST, Framer, Malformed
from harnesssync_orchestrator.protocol.messages import ErrorResponse, Request, encode, pieces_of_result
from harnesssync_orchestrator.server import binding
from harnesssync_orchestrator.server.connections import Bounds, Connection, Connections, Doing
from harnesssync_orchestrator.server.errors import response_to
from harnesssync_orchestrator.server.wire import Wire
from harnesssync_orchestrator.service.rounds import Rounds

ACCEPT_AGAIN_S = 0.2
TELL_AGAIN_S = 60.0
LONGEST_MESSAGE = 500

Answer = Callable[[Request, str | None], Awaitable[bytes]]
"""The result of a request as JSON, given the project that the socket is scoped to. Raises HarnessSyncError."""
Line = Sequence[bytes]
"""In pieces, so that what many are told is not copied for each of them."""


@dataclass(slots=True, eq=False)
class _Opened:
    project: str | None
    inode: tuple[int, int]
    listener: anyio.abc.SocketListener
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    is_in_doubt: bool = False


class Server:
    """Listens on sockets, each for everything or for one project. `allowed_uid` is whose processes are heard."""

    def __init__(
        self,
        answer: Answer,
        *,
        log: FilteringBoundLogger,
        bounds: Bounds | None = None,
        allowed_uid: int | None = None,
    ) -> None:
        self._answer = answer
        self._log = log
        self._bounds = bounds or Bounds()
        self._allowed_uid = os.getuid() if allowed_uid is None else allowed_uid
        self._open: dict[Path, _Opened] = {}
        self._mending = Rounds()
        self._connections = Connections(self._bounds, log)
        self._silent_until = 0.0
        self._threads = anyio.CapacityLimiter(2)
        self._tasks: anyio.abc.TaskGroup | None = None

    @property
    def connections(self) -> int:
        return len(self._connections)

    async def run(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        """Hold all connections, until cancelled. Sockets that are still open then are closed and removed."""
        try:
            async with anyio.create_task_group() as self._tasks:
                task_status.started()
                await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await self.refuse()

    async def open(self, path: Path, project: str | None) -> None:
        """Listen at `path`. With a `project`, the socket is for that one alone.

        Raises SocketError, AlreadyRunningError. Whoever calls this holds the lock that says who may listen here.
        """
        assert self._tasks is not None, "the server does not run"  # noqa: S101 - an error of ours
        raw = await anyio.to_thread.run_sync(binding.bind, path, limiter=self._threads)
        # The socket was bound under another name: what asyncio or anyio would remove by name is not ours.
        listener = await anyio.abc.SocketListener.from_socket(raw)
        opened = _Opened(project, binding.identity(path), listener)
        self._open[path] = opened
        self._tasks.start_soon(self._accept, opened)
        self._log.debug("listener.opened", socket=str(path))

    async def mend(self) -> None:
        """Make anew each socket that somebody removed; of many, some are looked at. What stands in its place instead is
        left alone."""
        before = {path: self._open[path].inode for path in self._mending.some(list(self._open))}
        gone = await anyio.to_thread.run_sync(binding.gone, before, limiter=self._threads)
        for path in gone:
            opened = self._open.get(path)
            if opened is None or opened.inode != before[path]:
                continue
            try:
                await self.open(path, opened.project)
            except HarnessSyncError as error:
                if not opened.is_in_doubt:
                    self._log.warning("listener.failed", code=error.code, message=str(error), hint=error.hint)
                opened.is_in_doubt = True
            else:
                self._log.warning("listener.mended", socket=str(path))
                opened.scope.cancel()
                await opened.listener.aclose()

    async def close(self, path: Path) -> None:
        """Accept no more connections at `path`, and remove the socket. Those that are open go on."""
        opened = self._open.pop(path, None)
        if opened is None:
            return
        binding.unlink(path, opened.inode)
        opened.scope.cancel()
        await opened.listener.aclose()
        self._log.debug("listener.closed", socket=str(path))

    async def refuse(self) -> None:
        """Accept nothing more, on no socket."""
        for path in list(self._open):
            await self.close(path)

    async def drain(self) -> None:
        """Wait until every request that was heard is answered."""
        await self._connections.rest()

    # --- connections ---

    async def _accept(self, opened: _Opened) -> None:
        async def handle(stream: anyio.abc.SocketStream) -> None:
            await self._converse(stream, opened.project)

        with opened.scope:
            while True:
                try:
                    await opened.listener.serve(handle, self._tasks)
                except anyio.BrokenResourceError as error:
                    # Out of file descriptors, mostly: those who wait in the queue are accepted when some are free.
                    if anyio.current_time() >= self._silent_until:
                        self._log.warning("listener.starved", message=str(error.__cause__ or error))
                        self._silent_until = anyio.current_time() + TELL_AGAIN_S
                    await anyio.sleep(ACCEPT_AGAIN_S)
                except anyio.ClosedResourceError:
                    return  # by us, just when somebody came: the task was awake already, and met this first

    async def _converse(self, stream: anyio.abc.SocketStream, project: str | None) -> None:
        async with stream:
            peer = binding.peer(_raw(stream))
            if peer.uid is not None and peer.uid != self._allowed_uid:
                self._log.warning("connection.refused", uid=peer.uid)
                return
            connection = await self._connections.admit(peer.pid)
            if connection is None:
                return
            wire = Wire(_raw(stream))
            try:
                with connection.scope:
                    await self._exchange(wire, connection, project)
            except anyio.BrokenResourceError:
                pass  # the peer has gone, as peers do
            except TimeoutError as error:
                self._log.debug("connection.expired", what=str(error))
            finally:
                wire.close()
                self._connections.forget(connection)

    async def _exchange(self, wire: Wire, connection: Connection, project: str | None) -> None:
        framer = Framer(max_line=MAX_REQUEST, frugal=True)
        began = anyio.current_time()
        while True:
            limit_s = self._bounds.line_s if framer.in_line else self._bounds.idle_s
            try:
                data = await wire.receive(began + limit_s)
            except TimeoutError:
                raise TimeoutError("half a line" if framer.in_line else "silence") from None
            if not data:
                return  # the peer has gone
            self._connections.hear(connection, len(data))
            goes_on = framer.in_line and b"\n" not in data
            if messages := framer.feed(data):
                await self._respond(wire, connection, messages, project)
            connection.heard = framer.pending
            if not goes_on:  # neither silence before a line nor what is done for an earlier one takes of its time
                began = anyio.current_time()

    async def _respond(
        self, wire: Wire, connection: Connection, messages: Sequence[object], project: str | None
    ) -> None:
        """Answer what came in one piece; until all of it is, it is being worked on."""
        connection.does(Doing.WORKING)
        try:
            for number, message in enumerate(messages):
                if number:  # whoever asks much at once lets others ask in between
                    await anyio.lowlevel.checkpoint()
                line = await self._line_for(message, project)
                if line is not None:
                    await self._tell(wire, connection, line)
        finally:
            connection.does(Doing.LISTENING)
            self._connections.noted()

    async def _tell(self, wire: Wire, connection: Connection, line: Line) -> None:
        sent = wire.send_now(line)
        if sent == sum(map(len, line)):
            return
        self._connections.tell(connection, line)
        try:
            with anyio.move_on_after(self._bounds.write_s) as writing:
                await wire.send(line, sent)
        finally:
            connection.told = ()
            connection.does(Doing.WORKING)
        if writing.cancelled_caught:
            raise TimeoutError("answers that are not read")

    async def _line_for(self, message: object, project: str | None) -> Line | None:
        if isinstance(message, Malformed):
            return _error(message.response)
        if isinstance(message, Request):
            return await self._answer_to(message, project)
        return _error(ErrorResponse(codes.INVALID_REQUEST, "a server is asked, it does not ask: method is missing"))

    async def _answer_to(self, request: Request, project: str | None) -> Line | None:
        """The line to send; None for a notification. The one place where an error of a request ends."""
        line: Line
        try:
            line = pieces_of_result(request.id, await self._answer(request, project))
        except HarnessSyncError as error:
            line = _error(response_to(error, request.id))
        except OSError as error:  # a name that is too long, a folder that can't be read
            message, path = error.strerror or str(error), str(error.filename or "")
            self._log.warning("request.refused", method=request.method, message=str(error)[:LONGEST_MESSAGE])
            refusal = HarnessSyncError(message, code="os_error", path=path[:LONGEST_MESSAGE])
            line = _error(response_to(refusal, request.id))
        except Exception as error:  # noqa: BLE001 - a request that meets a fault of ours must not end the supervisor
            self._log.exception("request.failed", method=request.method)
            message = f"{type(error).__name__}: a fault of the supervisor, whose log has the details"
            line = _error(ErrorResponse(codes.INTERNAL_ERROR, message, id=request.id))
        return None if request.notification else line


def _error(response: ErrorResponse) -> Line:
    return (encode(response),)


def _raw(stream: anyio.abc.SocketStream) -> socket.socket:
    raw: socket.socket = stream.extra(anyio.abc.SocketAttribute.raw_socket)
    return raw
