"""A project while it is served: its owner's lock, its socket, and its worker, from the first to the last."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Protocol

import anyio
from structlog.typing import FilteringBoundLogger

from harnesssync_orchestrator.core.report import Failure, Report, State
from harnesssync_orchestrator.errors import HarnessSyncError
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.files.locks import FileLock
from harnesssync_orchestrator.service import threads
from harnesssync_orchestrator.service.engine import Options
from harnesssync_orchestrator.service.snapshot import Board
from harnesssync_orchestrator.service.worker import Worker

CLAIM_AGAIN_S = 5.0


class Sockets(Protocol):
    async def open(self, path: Path, project: str | None) -> None: ...
    async def close(self, path: Path) -> None: ...


class Served:
    """One project. `ended` is set when its lock and its socket are released.

    `owned` says that the lock and the socket are the whole process's, which serves nothing else.
    """

    def __init__(
        self,
        worker: Worker,
        *,
        layout: Layout,
        board: Board,
        log: FilteringBoundLogger,
        limiter: anyio.CapacityLimiter,
        owned: bool = False,
        claim_again_s: float = CLAIM_AGAIN_S,
    ) -> None:
        self.worker = worker
        self.ended = anyio.Event()
        self._layout = layout
        self._board = board
        self._log = log.bind(project_id=worker.project.id)
        self._threads = limiter
        self._claim_again_s = claim_again_s
        self._scope = anyio.CancelScope()
        self._owned = owned
        self._claimed = owned
        self._is_refused = False
        self._lock = FileLock(layout.owner_lock(worker.project.id), guarded=layout.root)

    def keeps_lock(self) -> bool:
        """Is the lock still the lock, if it was ever taken? Blocking. See `FileLock.keep`."""
        if self._owned or not self._lock.is_held or self.ended.is_set():
            return True
        try:
            return self._lock.keep()
        except OSError:
            return True  # it can't be told: a folder above can't be read now

    def stop(self, error: HarnessSyncError) -> None:
        """End after the sync in hand."""
        self.worker.stop(error)
        if not self._claimed:
            self._scope.cancel()

    async def request(self, options: Options) -> Report:
        """A sync, as the worker does it. A project that another process serves is only reported."""
        if self._is_refused:
            return self.worker.report
        return await self.worker.request(options)

    async def run(self, sockets: Sockets) -> None:
        """Serve the project until stopped."""
        try:
            with self._scope:
                if not self._owned:
                    await self._claim(self._lock)
                self._claimed = True
                self._is_refused = False
            if self._claimed:
                socket = None if self._owned else await self._open(sockets)
                try:
                    await self.worker.run()
                finally:
                    if socket is not None:
                        with anyio.CancelScope(shield=True):
                            await sockets.close(socket)
        finally:
            self._lock.release()
            self.ended.set()

    async def _claim(self, lock: FileLock) -> None:
        path = self.worker.project.path
        while True:
            try:
                if await threads.run_sync(lock.try_acquire, limiter=self._threads):
                    return
                error = lock.timed_out(0)
                failure = Failure(
                    code="served_elsewhere",
                    message=f"{error.message}: it serves this project",
                    hint="Nothing is to be done: it is taken over when that ends",
                )
            except OSError as os_error:
                failure = Failure(code="os_error", message=os_error.strerror or str(os_error), path=str(lock.path))
            retry_s = self._claim_again_s
            self._log.warning("project.claim.failed", path=path, message=failure.message, retry_s=retry_s)
            self.worker.report = replace(self.worker.report, state=State.FAILED, failures=(failure,))
            self._board.publish(self.worker.report)
            self._is_refused = True
            await anyio.sleep(retry_s)

    async def _open(self, sockets: Sockets) -> Path | None:
        """The project's own socket is a convenience: without it, the control socket serves the project."""
        try:
            path = self._layout.socket_for(self.worker.project.id)
            await sockets.open(path, self.worker.project.id)
        except HarnessSyncError as error:
            self._log.warning("listener.failed", code=error.code, message=str(error), hint=error.hint)
            return None
        return path
