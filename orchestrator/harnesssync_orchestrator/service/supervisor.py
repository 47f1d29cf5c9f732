"""The one process that serves all projects, or, isolated, one: what it holds, and how it begins and ends.

    lock → listen → registry → a worker per project → ready … stop: listen no more → finish what is in hand → release

A lock held for life is the only proof of being the supervisor; each project is owned by a lock of its own, so that
the supervisor and an isolated daemon never serve the same one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Protocol

import anyio
from anyio.abc import TaskGroup, TaskStatus
from structlog.typing import FilteringBoundLogger

from harnesssync_orchestrator.config import Config
from harnesssync_orchestrator.core.projects import project_id
from harnesssync_orchestrator.core.report import Report
from harnesssync_orchestrator.core.withdrawal import Withdrawal
from harnesssync_orchestrator.errors import AlreadyRunningError, HarnessSyncError
from harnesssync_orchestrator.files.approving import Approving
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.files.locks import FileLock
from harnesssync_orchestrator.files.registry import Registry
from harnesssync_orchestrator.files.store import now
from harnesssync_orchestrator.service.engine import Options
from harnesssync_orchestrator.service.fleet import Fleet
from harnesssync_orchestrator.service.registration import Registration
from harnesssync_orchestrator.service.snapshot import Board
from harnesssync_orchestrator.service.undoing import Asked, History, Undo
from harnesssync_orchestrator.service.worker import IsEcho, Sync

FINISH_S = 4.0
"""How long what is in hand has to finish, of the five seconds that stopping may take."""
KEEP_S = 1.0
"""How often it looks whether its locks and its sockets are still there."""
ANSWER_S = 0.3


class Server(Protocol):
    """What listens on sockets: `server.listener.Server`, without knowing it."""

    async def run(self, *, task_status: TaskStatus[None]) -> None: ...
    async def open(self, path: Path, project: str | None) -> None: ...
    async def close(self, path: Path) -> None: ...
    async def refuse(self) -> None: ...
    async def drain(self) -> None: ...
    async def mend(self) -> None: ...


class Supervisor:
    """All that lives while projects are served. `run` is its life; the other methods are what is asked of it.

    `sync` carries out one sync; `approving` is asked what a person approves. `known_targets` are the identifiers
    that `add` accepts. `only` is the resolved path of the one project that an isolated daemon serves. Made inside a
    running event loop. Until it `has_begun`, a moment after its socket is there, "all projects" would be none.
    """

    def __init__(
        self,
        *,
        layout: Layout,
        registry: Registry,
        sync: Sync,
        is_echo: IsEcho,
        config: Config,
        approving: Approving,
        log: FilteringBoundLogger,
        version: str,
        known_targets: Collection[str] = (),
        only: Path | None = None,
        undo: Undo | None = None,
        history: History | None = None,
        finish_s: float = FINISH_S,
    ) -> None:
        self.version = version
        self.known_targets = known_targets
        self.lock_timeout_s = config.lock_timeout_s
        self.only = None if only is None else project_id(str(only))
        told = {"pid": os.getpid(), "version": version, "started": now(), "isolated": only is not None}
        self.board = Board(told, first=time.time_ns() // 1_000_000)
        self._only_path = only
        self._undo = undo
        self._history = history
        self._layout = layout
        self._registry = registry
        self._log = log
        self._finish_s = finish_s
        self._fleet = Fleet(
            layout=layout,
            registry=registry,
            sync=sync,
            is_echo=is_echo,
            config=config,
            board=self.board,
            log=log,
            only=self.only,
            home=approving.places.home,
        )
        self.stopping = anyio.Event()
        self.has_begun = False
        self._begun_or_stopping = anyio.Event()
        self.registration = Registration(
            fleet=self._fleet,
            registry=registry,
            approving=approving,
            known_targets=known_targets,
            stopping=self.stopping,
        )
        self._lost: HarnessSyncError | None = None
        self._stopped_at = 0.0

    # --- its life ---

    async def run(self, server: Server, *, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until `stop`. `ready` is called when it listens and every project has its worker.

        Raises AlreadyRunningError, SocketError, StateError.
        """
        lock = await self._claim()
        try:
            failure = await self._live(server, ready, lock)
        finally:
            lock.release()
        if failure is not None:
            raise failure
        self._log.info("supervisor.stopped", duration_s=round(anyio.current_time() - self._stopped_at, 3))

    def stop(self, reason: str) -> None:
        """Begin to stop. `run` returns when what is in hand is finished, or has been cut short."""
        if not self.stopping.is_set():
            self._log.info("supervisor.stop.requested", reason=reason)
            self._stopped_at = anyio.current_time()
            self.stopping.set()
            self._begun_or_stopping.set()

    async def beginning(self) -> None:
        """Wait until it has begun. Raises HarnessSyncError if it is to stop before that."""
        await self._begun_or_stopping.wait()
        if not self.has_begun:
            raise shutting_down()

    async def _claim(self) -> FileLock:
        path = self._layout.supervisor_lock if self.only is None else self._layout.owner_lock(self.only)
        lock = FileLock(path, guarded=self._layout.root)
        try:
            if await self._fleet.in_thread(lock.try_acquire):
                return lock
        except OSError as error:
            message = f"the lock can't be taken: {error.strerror or error}"
            raise HarnessSyncError(message, path=str(path), code="lock_unusable") from error
        pid = await self._fleet.in_thread(lambda: lock.holder)
        who = "another process" if pid is None else f"process {pid}"
        what = "is the supervisor" if self.only is None else "serves this project"
        hint = "`harnesssync ctl stop` ends it"
        raise AlreadyRunningError(f"already running: {who} {what}", path=str(path), hint=hint)

    async def _live(self, server: Server, ready: Callable[[], None], lock: FileLock) -> HarnessSyncError | None:
        """Returns what kept it from starting, which, raised in here, would arrive as one of a group."""
        lost: HarnessSyncError | None = None
        async with anyio.create_task_group() as tasks:
            await tasks.start(server.run)
            try:
                await self._begin(tasks, server)
            except HarnessSyncError as error:
                tasks.cancel_scope.cancel()
                return error
            tasks.start_soon(self._keep, lock, server)
            ready()
            await self.stopping.wait()
            await self._wind_down(server)
            lost = self._lost  # whoever looks at the lock just when it is released finds it gone
            # Whoever asked to stop is waiting for its connection to end, and may start another supervisor right then.
            lock.release()
            tasks.cancel_scope.cancel()
        return lost

    async def _keep(self, lock: FileLock, server: Server) -> None:
        """Stop when the lock is lost, because another process may serve the same projects then. A socket that was
        removed is made again: nobody could reach this process otherwise, nor start another."""
        while True:
            await anyio.sleep(KEEP_S)
            try:
                is_kept = await self._fleet.in_thread(lock.keep)
            except OSError:
                continue  # it can't be told: a folder above can't be read now
            if not is_kept:
                message = "the lock was removed, and with it the proof that no other process serves the same projects"
                hint = "Start it again: harnesssync-orchestrator serve"
                self._lost = HarnessSyncError(message, code="lock_lost", path=str(lock.path), hint=hint)
                self.stop("lock-lost")
                return
            if not lock.in_doubt:
                await self._fleet.keep()
                await server.mend()

    async def _begin(self, tasks: TaskGroup, server: Server) -> None:
        socket = self._layout.control_socket if self.only is None else self._layout.socket_for(self.only)
        await server.open(socket, self.only)
        if self._only_path is not None:
            await self._fleet.in_thread(self._registry.register, self._only_path)
        await self._fleet.begin(tasks, server)
        self.has_begun = True
        self._begun_or_stopping.set()
        self._log.info(
            "supervisor.started",
            pid=os.getpid(),
            version=self.version,
            socket=str(socket),
            projects=len(self._fleet.ids()),
            isolated=self.only is not None,
        )

    async def _wind_down(self, server: Server) -> None:
        with anyio.move_on_after(self._finish_s):
            await server.refuse()
            await self._fleet.end(shutting_down())
        with anyio.move_on_after(ANSWER_S):
            await server.drain()

    # --- what is asked of it ---

    def ids(self) -> list[str]:
        """All projects that are served, in the order of their paths."""
        return self._fleet.ids()

    def find(self, project: str) -> str:
        """The id of a project that is served, from its id or its resolved path. Raises HarnessSyncError."""
        return self._fleet.find(project)

    async def sync(self, identifier: str, options: Options) -> Report:
        """Sync one project now. Raises HarnessSyncError if it stops being served meanwhile."""
        return await self._fleet.served(identifier).request(options)

    async def undo(self, identifier: str, asked: Asked) -> Withdrawal:
        """Take back the last sync of a project, which is paused by that. Raises HarnessSyncError."""
        assert self._undo is not None  # noqa: S101 - whoever serves gives it
        project = self._fleet.served(identifier).worker.project

        async def pause(_left: tuple[str, ...]) -> bool:
            is_known = await self._fleet.in_thread(self._registry.set_paused, identifier, paused=True)
            await self._fleet.follow()
            return is_known

        return await self._undo(project, asked, pause)

    async def history(self, identifier: str) -> dict[str, Any]:
        """The transactions of a project, newest first. Raises HarnessSyncError."""
        assert self._history is not None  # noqa: S101 - whoever serves gives it
        return await self._history(self._fleet.served(identifier).worker.project)

    def path_of(self, identifier: str) -> str:
        """Raises HarnessSyncError."""
        return self._fleet.served(identifier).worker.project.path

    def queue(self, identifier: str, options: Options) -> None:
        """Sync one project as soon as possible, without waiting for it."""
        self._fleet.served(identifier).worker.queue(options)


def shutting_down() -> HarnessSyncError:
    """What those get who wait for something that does not come any more."""
    return HarnessSyncError("the supervisor is stopping", code="shutting_down", hint="Start it again")
