"""Ground for tests of the server: a real supervisor with real sockets and locks in a short folder, and clients for it.

The sync is small and real: `AGENTS.md` becomes what `CLAUDE.md` says.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import SocketStream
from structlog.typing import FilteringBoundLogger
from tests.server.machine import Machine
from tests.service.conftest import ReadableLog, readable_log, until

from harnesssync_orchestrator.config import Config, WatchSettings
from harnesssync_orchestrator.core.plan import WriteFile
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.report import Counts, Report, State
from harnesssync_orchestrator.files.approving import Approving
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.files.registry import Registry
from harnesssync_orchestrator.server.connections import Bounds
from harnesssync_orchestrator.server.dispatch import Dispatcher
from harnesssync_orchestrator.server.listener import Server
from harnesssync_orchestrator.service.engine import Options, SyncResult
from harnesssync_orchestrator.service.supervisor import Supervisor

__all__ = ["readable_log", "until"]  # fixtures of the service serve its server too


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path is short enough for a socket in it, whatever pytest's own folders are called."""
    folder = Path(tempfile.mkdtemp(prefix="hs-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def worktree(short: Path) -> Callable[[str], Path]:
    """Make a git worktree with a CLAUDE.md."""

    def make(name: str) -> Path:
        folder = short / name
        subprocess.run(["git", "init", "-q", folder], check=True)
        (folder / "CLAUDE.md").write_bytes(b"rules of " + name.encode())
        return folder.resolve()

    return make


class Copying:
    """Syncs. `gate` holds syncs back while it is set, `looking_gate` dry runs alone; `errors` are raised for the
    projects with these paths; unless it `watches`, no edit leads to a sync."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.looking = 0
        self.looking_gate: anyio.Event | None = None
        self.watches = True
        self.synced: list[str] = []
        self.asked: list[tuple[Project, Options]] = []
        self.gate: anyio.Event | None = None
        self.errors: dict[str, Exception] = {}

    async def __call__(self, project: Project, options: Options) -> SyncResult:
        self.in_flight += 1
        self.looking += options.dry_run
        try:
            await anyio.lowlevel.checkpoint()
            options = options.up_to_date()
            if self.gate is not None:
                await self.gate.wait()
            if options.dry_run and self.looking_gate is not None:
                await self.looking_gate.wait()
            if project.path in self.errors:
                raise self.errors[project.path]
            content = (Path(project.path) / "CLAUDE.md").read_bytes()
            target = Path(project.path) / "AGENTS.md"
            operations: tuple[WriteFile, ...] = ()
            if not target.exists() or target.read_bytes() != content:
                operations = (WriteFile(path="AGENTS.md", owners=("codex",), content=content, executable=False),)
            if operations and not options.dry_run:
                target.write_bytes(content)
            self.synced.append(project.path)
            self.asked.append((project, options))
            report = Report(
                project_id=project.id,
                path=project.path,
                scope=project.scope.value,
                state=State.OUT_OF_STEP if options.dry_run and operations else State.IN_STEP,
                targets=project.targets,
                counts=Counts(synced=0 if options.dry_run else len(operations)),
                operations=operations,
            )
            return SyncResult(report=report, watch=frozenset({project.path} if self.watches else ()))
        finally:
            self.in_flight -= 1
            self.looking -= options.dry_run


class Client:
    """One connection, a line out, a line in."""

    def __init__(self, stream: SocketStream) -> None:
        self.stream = stream
        self._buffer = b""

    async def send(self, data: bytes) -> None:
        await self.stream.send(data)

    async def line(self) -> Any:
        while b"\n" not in self._buffer:
            with anyio.fail_after(10):
                self._buffer += await self.stream.receive()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return json.loads(line)

    async def call(self, method: str, **params: Any) -> Any:
        request = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
        await self.send(json.dumps(request).encode() + b"\n")
        answer = await self.line()
        assert answer["jsonrpc"] == "2.0"
        assert answer["id"] == 7
        return answer.get("result", answer.get("error"))

    async def is_closed(self) -> bool:
        """Does the other side end the connection (within ten seconds)?"""
        try:
            with anyio.fail_after(10):
                while True:
                    await self.stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return True
        except TimeoutError:
            return False


@asynccontextmanager
async def connected(path: Path) -> AsyncIterator[Client]:
    async with await anyio.connect_unix(path) as stream:
        yield Client(stream)


async def never(_project: Project, _changed: frozenset[str]) -> bool:
    """`Copying` knows nothing of what it wrote."""
    return False


class Clock:
    """The time of the event loop, which goes on by itself as well."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self._ahead_s = 0.0

    def __call__(self) -> float:
        return self._time() + self._ahead_s

    def turn(self, seconds: float) -> None:
        self._ahead_s += seconds


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """For deadlines that are too far away for a test to live to see them otherwise."""
    loop = asyncio.get_running_loop()
    clock = Clock(loop.time)
    monkeypatch.setattr(loop, "time", clock)
    return clock


class Running:
    """A supervisor that runs, with what it stands on."""

    def __init__(self, root: Path, log: FilteringBoundLogger, *, config: Config | None = None) -> None:
        self.config = config or Config(watch=WatchSettings(settle_ms=20))
        self.layout = Layout(root=root)
        self.registry = Registry(self.layout.registry_file, self.layout.registry_lock)
        self.sync = Copying()
        self.log = log
        self.supervisor: Supervisor
        self.server: Server

    def client(self, project: str | None = None) -> Any:
        return connected(self.layout.control_socket if project is None else self.layout.socket_for(project))

    async def ask(self, method: str, **params: Any) -> Any:
        async with self.client() as client:
            return await client.call(method, **params)

    def make(self, *, bounds: Bounds | None = None, allowed_uid: int | None = None, **options: Any) -> None:
        self.supervisor = Supervisor(
            approving=self.approving(),
            layout=self.layout,
            registry=self.registry,
            sync=self.sync,
            is_echo=never,
            config=self.config,
            log=self.log,
            version="1.2.3",
            known_targets=("codex", "gemini"),
            **options,
        )
        self.server = Server(Dispatcher(self.supervisor), log=self.log, bounds=bounds, allowed_uid=allowed_uid)

    def approving(self) -> Approving:
        """What is asked of approvals, here or beside the supervisor."""
        places = Places.from_environment({}, self.layout.root)
        return Approving(registry=self.registry, layout=self.layout, places=places)

    @asynccontextmanager
    async def up(self, **options: Any) -> AsyncIterator[Running]:
        self.make(**options)
        ready = anyio.Event()
        async with anyio.create_task_group() as tasks:

            async def live() -> None:
                await self.supervisor.run(self.server, ready=ready.set)

            tasks.start_soon(live)
            with anyio.fail_after(10):
                await ready.wait()
            yield self
            self.supervisor.stop("test")


@pytest.fixture
def running(short: Path, readable_log: ReadableLog) -> Running:
    """A supervisor to be started: `async with running.up():`."""
    return Running(short / "home", readable_log.log)


@pytest.fixture
def machine(short: Path) -> Iterator[Machine]:
    home = short / "h"
    home.mkdir()
    machine = Machine(home)
    yield machine
    machine.end()
