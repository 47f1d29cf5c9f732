"""Real sockets with peers of every kind behind them, real worktrees, and the real command."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from harnesssync_orchestrator import cli
from harnesssync_orchestrator.ctl import places
from harnesssync_orchestrator.protocol import codes
from harnesssync_orchestrator.protocol.framing import Framer
from harnesssync_orchestrator.protocol.messages import ErrorResponse, Request, Response, encode

Handler = Callable[[str, dict[str, Any]], Any]


class Peer:
    """A server on a real socket that answers with `handler`, or says and does what no supervisor would."""

    def __init__(self, path: Path, handler: Handler | None, *, says: bytes | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.pings = 0
        self._handler = handler
        self._says = says
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(16)
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            if self._says is not None:
                connection.sendall(self._says)
            if self._handler is not None:
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        framer = Framer()
        assert self._handler is not None
        while True:
            try:
                data = connection.recv(65536)
            except OSError:
                return
            if not data:
                return
            for request in framer.feed(data):
                assert isinstance(request, Request)
                if request.method == "ping":
                    self.pings += 1
                else:
                    self.requests.append((request.method, dict(request.params)))
                try:
                    answer: Any = Response(self._handler(request.method, dict(request.params)), id=request.id)
                except LookupError as error:
                    answer = ErrorResponse(codes.UNKNOWN_PROJECT, str(error), id=request.id)
                with suppress(OSError):  # whoever asked has given up
                    connection.sendall(encode(answer))
                if request.method == "stop":
                    connection.close()
                    return

    def close(self) -> None:
        """Go away, and leave the socket file as a killed process does."""
        if self._listener.fileno() < 0:
            return
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for connection in self._connections:
            connection.close()


@pytest.fixture
def peers() -> Iterator[Callable[..., Peer]]:
    """Make peers that go away with the test."""
    made: list[Peer] = []

    def make(path: Path, handler: Handler | None = None, *, says: bytes | None = None) -> Peer:
        made.append(Peer(path, handler, says=says))
        return made[-1]

    yield make
    for peer in made:
        peer.close()


@pytest.fixture
def control(home: Path) -> Path:
    """Where the supervisor's control socket belongs."""
    return Path(places.control_socket(os.environ))


class Ran(NamedTuple):
    """What a command printed, and its exit code."""

    out: str
    err: str
    code: int


@pytest.fixture
def harnesssync(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run the command as its entry point does, in this process: starting Python a hundred times takes a minute."""

    def run(*arguments: str, cwd: Path | None = None, environ: dict[str, str] | None = None) -> Ran:
        with monkeypatch.context() as patch:
            if cwd is not None:
                patch.chdir(cwd)
            for name, value in (environ or {}).items():
                patch.setenv(name, value)
            code = cli.run("harnesssync", list(arguments))
        captured = capsys.readouterr()
        return Ran(captured.out, captured.err, code)

    return run


@pytest.fixture
def worktree(tmp_path: Path, git: Callable[..., str]) -> Path:
    """A git worktree with one commit."""
    root = tmp_path / "work"
    root.mkdir()
    git("init", "-q", cwd=root)
    git("commit", "-q", "--allow-empty", "-m", "begin", cwd=root)
    return root.resolve()


def report(path: Path | str, **members: Any) -> dict[str, Any]:
    """A report as it comes over the socket, in step unless `members` say otherwise."""
    return {
        "id": places.project_id(str(path)),
        "path": str(path),
        "scope": "project",
        "status": "running",
        "state": "in step",
        "targets": ["codex", "gemini"],
        "counts": {"synced": 0, "skipped": 12, "cleaned": 0, "errors": 0},
        "operations": [],
        "conflicts": [],
        "losses": [],
        "held": [],
        "problems": [],
        "failures": [],
        "notes": [],
        "methods": {},
        "halt": None,
        "sync_id": "",
        "finished": "",
        "duration_s": 0.0,
        **members,
    }


@pytest.fixture
def make_report() -> Callable[..., dict[str, Any]]:
    return report
