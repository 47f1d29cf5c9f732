"""Asking a supervisor: connect, send one line, wait for one line."""

from __future__ import annotations

import time

from harnesssync_orchestrator.ctl.places import (
    control_socket,
    in_the_way,
    is_somebody_elses,
    is_strangers,
    project_id,
    project_socket,
    variable,
    waking,
)
from harnesssync_orchestrator.errors import HarnessSyncError, UsageError
from harnesssync_orchestrator.protocol import codes
from harnesssync_orchestrator.protocol.framing import Framer
from harnesssync_orchestrator.protocol.messages import ErrorResponse, Request, Response, encode

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

ANSWER_S = 5.0
"""How long a question that needs no work may take to be answered; `HARNESSSYNC_TIMEOUT` says otherwise."""
MAX_ANSWER = 64 << 20
"""The greatest answer that is accepted: generous, because it is the supervisor's to be brief."""
_RECEIVE = 1 << 16
_AGAIN_S = 0.02
"""How long to wait before knocking again where too many wait already."""


class NoSupervisorError(HarnessSyncError):
    """Nobody listens, or who listens does not answer. The words are ours alone, so that it is told at once."""

    code = "no_supervisor"
    quotes = False


class SilentError(NoSupervisorError):
    """Somebody is there, and does not answer in time."""


class FellSilentError(SilentError):
    """Who was asked to work answers no more: the work may be done all the same, and is not to be asked for again."""


class RemoteError(HarnessSyncError):
    """The supervisor answered with an error. `number` is one of `protocol.codes`; `code` says it in words."""

    def __init__(self, response: ErrorResponse) -> None:
        data = response.data
        super().__init__(
            response.message,
            hint=str(data.get("hint") or ""),
            path=str(data.get("path") or ""),
            code=str(data.get("code") or "remote_error"),
        )
        self.number = response.code

    @property
    def is_usage(self) -> bool:
        """Did the request ask for something that is not there?"""
        return self.code == "usage" or self.number in (codes.INVALID_PARAMS, codes.UNKNOWN_PROJECT)


def answer_time(environ: Mapping[str, str]) -> float:
    """Seconds to wait for an answer. Raises `UsageError` when the variable holds no number."""
    text = variable(environ, "TIMEOUT")
    if text is None:
        return ANSWER_S
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise UsageError(f"HARNESSSYNC_TIMEOUT is {text!r}, not a number of seconds above 0")
    return seconds


class Connection:
    """One connection to a socket of a supervisor. Raises `NoSupervisorError` if nobody is there."""

    def __init__(self, path: str, *, timeout: float) -> None:
        self.path = path
        self._socket = connect(path, timeout)
        self._framer = Framer(max_line=MAX_ANSWER)
        self._last_id = 0

    def close(self) -> None:
        self._socket.close()

    def call(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        timeout: float | None,
        waiting: Callable[[float], None] | None = None,
    ) -> Any:  # noqa: ANN401 - each method has its own result
        """The result of a method. `timeout` is in seconds, None waits as long as the connection lives.

        `waiting` is called about once a second with the seconds that have passed. Raises `RemoteError` for an
        error, `NoSupervisorError` when the answer is late or the connection breaks.
        """
        self._last_id += 1
        began = time.monotonic()
        self._send(encode(Request(method, params, id=self._last_id)), timeout)
        while True:
            passed = time.monotonic() - began
            left = 1.0 if timeout is None else timeout - passed
            if left <= 0:
                raise SilentError(f"no answer within {timeout:g} s", path=self.path, hint=self._remedy())
            self._socket.settimeout(min(left, 1.0))
            try:
                data = self._socket.recv(_RECEIVE)
            except TimeoutError:
                if waiting is not None:
                    waiting(time.monotonic() - began)
                continue
            except OSError as error:
                raise self._broken(error.strerror) from error
            if not data:
                raise self._broken("it closed the connection")
            for message in self._framer.feed(data):
                if isinstance(message, Response) and message.id == self._last_id:
                    return message.result
                if isinstance(message, ErrorResponse) and message.id in (self._last_id, None):
                    raise RemoteError(message)
                if not isinstance(message, (Request, Response, ErrorResponse)):
                    raise self._broken("what it says is not JSON-RPC")

    def fileno(self) -> int:
        return int(self._socket.fileno())

    def wait_for_end(self, timeout: float) -> None:
        """Wait until the other side closes the connection. Raises `NoSupervisorError` if it takes longer."""
        ends = time.monotonic() + timeout
        while (left := ends - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                if not self._socket.recv(_RECEIVE):
                    return
            except TimeoutError:
                break
            except OSError:  # reset: gone all the same
                return
        raise NoSupervisorError(f"it has not stopped within {timeout:g} s", path=self.path, hint=self._remedy())

    def _send(self, line: bytes, timeout: float | None) -> None:
        self._socket.settimeout(timeout)
        try:
            self._socket.sendall(line)
        except TimeoutError as error:
            raise SilentError("it takes no request", path=self.path, hint=self._remedy()) from error
        except OSError as error:
            raise self._broken(error.strerror) from error

    def _remedy(self) -> str:
        return ". ".join(filter(None, (waking(self._socket), _HINT_SILENT)))

    def _broken(self, reason: str | None) -> NoSupervisorError:
        return NoSupervisorError(f"the supervisor did not answer: {reason}", path=self.path, hint=_HINT_SILENT)


_HINT_START = "Start one with: harnesssync-orchestrator serve"
_HINT_IN_THE_WAY = "Move it elsewhere, or set HARNESSSYNC_SOCKET to another path. Then: harnesssync-orchestrator serve"
_HINT_SILENT = "Its log says more; harnesssync-orchestrator serve starts another once it is gone"


def connect(path: str, timeout: float) -> Any:  # noqa: ANN401 - a socket of the compiled module, which has no stub
    """A connected Unix socket. Raises `NoSupervisorError`."""
    import _socket  # noqa: PLC0415 - the compiled half of `socket`, at a twentieth of its start-up

    if not hasattr(_socket, "AF_UNIX"):
        raise NoSupervisorError("this system has no Unix sockets", hint="Use the one-shot commands: harnesssync sync")
    if is_somebody_elses(path):
        raise NoSupervisorError("the socket's folder belongs to somebody else", path=path)
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        _reach(connection, path, timeout)
    except TimeoutError as error:
        connection.close()
        raise SilentError("the supervisor takes no connection", path=path, hint=_HINT_SILENT) from error
    except OSError as error:
        connection.close()
        if something := in_the_way(path):
            reason, hint = f"{something} stands where the supervisor's socket belongs", _HINT_IN_THE_WAY
        else:
            reason, hint = "no supervisor is running", _HINT_START
        if error.errno is None:
            reason = "a socket of that length can't be reached"
        if isinstance(error, PermissionError):
            reason = "the supervisor's socket belongs to somebody else"
        raise NoSupervisorError(reason, path=path, hint=hint) from error
    if is_strangers(connection):
        connection.close()
        raise NoSupervisorError("another user's process answers on the supervisor's socket", path=path)
    return connection


def _reach(connection: Any, path: str, timeout: float) -> None:  # noqa: ANN401 - as in `connect`
    """Connect. Raises TimeoutError when nobody is let in for so long, OSError."""
    connection.settimeout(timeout)
    ends = time.monotonic() + timeout
    while True:
        try:
            connection.connect(path)
        except BlockingIOError:  # the queue is full: a slow answer is not death
            if time.monotonic() >= ends:
                raise TimeoutError from None
            time.sleep(_AGAIN_S)
        else:
            return


def ask_about(
    environ: Mapping[str, str],
    project: str,
    method: str,
    params: Mapping[str, Any],
    *,
    waiting: Callable[[float], None] | None = None,
    works: bool = False,
) -> Any:  # noqa: ANN401 - each method has its own result
    """One question about one project: to the supervisor, or to the daemon that serves just this project.

    The second is asked when there is no supervisor, or when it does not serve the project. Nobody is asked for work
    that another one may have begun.
    """
    refusal: NoSupervisorError | RemoteError | None = None
    answer: Any = None
    try:
        answer = ask(environ, method, params, waiting=waiting, works=works)
    except FellSilentError:
        raise
    except NoSupervisorError as error:
        refusal = error
    except RemoteError as error:
        if error.number != codes.UNKNOWN_PROJECT:
            raise
        refusal = error
    if refusal is None and not _names_another(answer):
        return answer
    try:
        return ask(environ, method, params, waiting=waiting, works=works, path=own_socket(environ, project))
    except FellSilentError:
        raise
    except NoSupervisorError:
        if refusal is not None:
            raise refusal from None
        return answer


def is_served_elsewhere(report: object) -> bool:
    """Does the supervisor say of a project that a daemon of its own holds it?"""
    failures = report.get("failures") if isinstance(report, dict) else None
    return isinstance(failures, list) and any(
        isinstance(failure, dict) and failure.get("code") == "served_elsewhere" for failure in failures
    )


def _names_another(answer: object) -> bool:
    projects = answer.get("projects") if isinstance(answer, dict) else None
    return isinstance(projects, list) and any(is_served_elsewhere(project) for project in projects)


def own_socket(environ: Mapping[str, str], project: str) -> str:
    """The socket of a project, named after its id."""
    return project_socket(environ, project_id(project))


def ask(
    environ: Mapping[str, str],
    method: str,
    params: Mapping[str, Any] | None = None,
    *,
    waiting: Callable[[float], None] | None = None,
    works: bool = False,
    path: str = "",
) -> Any:  # noqa: ANN401 - each method has its own result
    """One question to the supervisor of this environment, or to the socket at `path`.

    One that `works` may take as long as the work does, of who shows now and then to be alive.
    """
    timeout = answer_time(environ)
    connection = Connection(path or control_socket(environ), timeout=timeout)
    try:
        if not works:
            return connection.call(method, params, timeout=timeout, waiting=waiting)
        from harnesssync_orchestrator.ctl.vigil import Vigil, greet  # noqa: PLC0415 - a status needs none

        greet(connection, timeout)
        return connection.call(method, params, timeout=None, waiting=Vigil(connection, timeout, waiting))
    finally:
        connection.close()
