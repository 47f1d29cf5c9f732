"""The projects that are served, kept equal to those that are registered, whoever changed the registry."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

import anyio
from anyio.abc import TaskGroup
from structlog.typing import FilteringBoundLogger

from harnesssync_orchestrator.config import Config
from harnesssync_orchestrator.core.projects import Project, project_id
from harnesssync_orchestrator.core.source import Problem
from harnesssync_orchestrator.errors import HarnessSyncError
from harnesssync_orchestrator.files.archive import archive
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.files.registry import Registered, Registry
from harnesssync_orchestrator.files.worktrees import Worktrees, tells_of_records
from harnesssync_orchestrator.files.worktrees import folders as worktree_folders
from harnesssync_orchestrator.service import threads
from harnesssync_orchestrator.service.rounds import Rounds
from harnesssync_orchestrator.service.scanning import Scanning
from harnesssync_orchestrator.service.served import Served, Sockets
from harnesssync_orchestrator.service.snapshot import Board
from harnesssync_orchestrator.service.watch import Watcher
from harnesssync_orchestrator.service.worker import IsEcho, Sync, Worker

REGISTRY_S = 30.0
"""The registry is read this often even if nobody saw it change."""
REGISTRY_KEY = "registry"
RECORDS_KEY = "worktrees"
ROOTS_KEY = "roots"
UNREADY_S = 0.05
"""So long until a worktree is looked at again that git is still making."""

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Fleet:
    """A worker for every registered project, or for the one with the id `only`. `sync` carries out one sync."""

    def __init__(
        self,
        *,
        layout: Layout,
        registry: Registry,
        sync: Sync,
        is_echo: IsEcho,
        config: Config,
        board: Board,
        log: FilteringBoundLogger,
        only: str | None,
        home: Path,
    ) -> None:
        self._layout = layout
        self._registry = registry
        self._sync = sync
        self._is_echo = is_echo
        self._config = config
        self._board = board
        self._log = log
        self._only = only
        # An isolated daemon serves its project alone.
        self._worktrees = Worktrees(layout, follow=config.worktrees.follow) if only is None else None
        # Its path, which those that it is rotated to begin with; what no path begins with where the log goes elsewhere.
        self._own_log = str(Path(config.log.file).expanduser().absolute()) if config.log.file else "\0"
        # The registry and locks are read and taken in threads of their own, which syncs can't keep busy.
        self._threads = anyio.CapacityLimiter(4)
        self._watcher = Watcher(settings=config.watch, changed=self._on_change, log=log)
        self._scanning = Scanning(
            config.roots(home) if only is None else (),
            depth=config.worktrees.depth,
            every_s=config.watch.rescan_s,
            leave=frozenset({str(home), str(layout.root)}),
            registry=registry,
            in_thread=self.in_thread,
            watch=partial(self._watcher.watch, ROOTS_KEY),
            changed=self._look_again,
            log=log,
        )
        self._served: dict[str, Served] = {}
        self._keeping = Rounds()
        self._problems: tuple[Problem, ...] = ()
        self._changed = anyio.Event()
        # Guards the comparing of registry and workers: two at once would serve a project twice.
        self._following = anyio.Lock()
        self._has_begun = False
        self._stopping: HarnessSyncError | None = None
        self._tasks: TaskGroup | None = None
        self._sockets: Sockets | None = None

    # --- its life ---

    async def begin(self, tasks: TaskGroup, sockets: Sockets) -> None:
        """Take up every registered project; from now on changes of the registry are noticed."""
        self._tasks, self._sockets = tasks, sockets
        tasks.start_soon(self._watcher.run)
        self._watcher.watch(REGISTRY_KEY, frozenset({str(self._layout.registry_file.parent)}))
        if self._only is None:
            await self._scanning.begin()
        await self.follow()
        self._has_begun = True
        tasks.start_soon(self._keep_following)
        tasks.start_soon(self._scanning.run)

    async def end(self, error: HarnessSyncError) -> None:
        """Let every project end after the sync in hand; `error` is what those get who wait for another."""
        self._stopping = error
        for served in self._served.values():
            served.stop(error)
        for served in list(self._served.values()):
            await served.ended.wait()

    async def in_thread(
        self, function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Result:
        """Run a function that blocks: on the registry, on locks."""
        return await threads.run_sync(partial(function, *args, **kwargs), limiter=self._threads)

    # --- following the registry ---

    async def follow(self) -> None:
        """Make what is served equal to what is registered."""
        async with self._following:
            registered = await self.in_thread(self._registry.load)
            self._tell(registered.problems)
            registered, gone = await self._found(registered)
            projects = _projects(registered, self._only)
            # A registry that can't be read is not an empty one: the projects known so far go on.
            for identifier in list(self._served):
                if identifier not in projects and registered.is_known:
                    await self._forget(identifier)
                    if identifier in gone:
                        await self._put_aside(identifier)
            for project in projects.values():
                if self._stopping is None:
                    self._take_up(project)

    async def _found(self, registered: Registered) -> tuple[Registered, frozenset[str]]:
        """What is registered, together with the worktrees that have come, and without those that have gone: these."""
        if self._worktrees is None or not registered.is_known:
            return registered, frozenset()
        if self._config.worktrees.follow:
            folders = await self.in_thread(worktree_folders, registered.leaders)
            self._watcher.watch(RECORDS_KEY, folders)
        found = await self.in_thread(self._worktrees.look, registered)
        if found.unready and self._tasks is not None:
            self._tasks.start_soon(self._follow_soon)
        if found.is_nothing:
            return registered, frozenset()
        try:
            await self.in_thread(self._registry.follow, found.new, found.gone, moved=found.moved)
        except HarnessSyncError as error:  # told, and tried again: what is registered is served meanwhile
            self._log.error("registry.write.failed", code=error.code, message=error.message, hint=error.hint)
            return registered, frozenset()
        except OSError as error:  # its lock can't be opened: likewise
            self._log.error("registry.write.failed", code="os_error", message=str(error), hint="")
            return registered, frozenset()
        return await self.in_thread(self._registry.load), found.gone

    async def _put_aside(self, identifier: str) -> None:
        try:
            await self.in_thread(archive, self._layout, identifier, days=self._config.history.days)
        except OSError as error:  # it stays where it is, and harms nobody
            message, folder = error.strerror or str(error), str(self._layout.project_dir(identifier))
            self._log.warning("project.archive.failed", project_id=identifier, path=folder, message=message)

    async def _follow_soon(self) -> None:
        await anyio.sleep(UNREADY_S)
        self._look_again()

    def _look_again(self) -> None:
        self._changed.set()

    async def keep(self) -> None:
        """Give up, and try to take up anew, each project whose lock was removed: another process may have it by now.
        Of many projects some are looked at."""
        served = {each: self._served[each] for each in self._keeping.some(list(self._served))}
        lost = await self.in_thread(lambda: [each for each, one in served.items() if not one.keeps_lock()])
        async with self._following:
            for identifier in lost:
                if self._served.get(identifier) is served[identifier] and not served[identifier].ended.is_set():
                    path = served[identifier].worker.project.path
                    self._log.warning("project.lock.removed", project_id=identifier, path=path)
                    await self._forget(identifier)
        if lost:
            await self.follow()

    def _tell(self, problems: tuple[Problem, ...]) -> None:
        if problems != self._problems:
            for problem in problems:
                code, message, hint = problem.code, problem.message, problem.hint
                self._log.error("registry.read.failed", code=code, message=message, hint=hint)
        self._problems = problems

    def _take_up(self, project: Project) -> None:
        served = self._served.get(project.id)
        if served is not None:
            if served.worker.project != project:
                self._log.info("project.changed", project_id=project.id, path=project.path)
                served.worker.change(project)
            return
        assert self._tasks is not None and self._sockets is not None  # noqa: S101, PT018 - see `begin`
        worker = Worker(
            project,
            sync=self._sync,
            is_echo=self._is_echo,
            publish=self._board.publish,
            watch=self._watcher.watch,
            mark=self._board.mark,
            settings=self._config.watch,
            log=self._log,
            lock_timeout_s=self._config.lock_timeout_s,
            own=frozenset({str(self._layout.ledger_file(project))}),
            new=self._has_begun,
        )
        served = Served(
            worker,
            layout=self._layout,
            board=self._board,
            log=self._log,
            limiter=self._threads,
            owned=self._only is not None,
        )
        self._served[project.id] = served
        self._board.publish(worker.report)
        self._tasks.start_soon(served.run, self._sockets)
        self._log.info("project.added", project_id=project.id, path=project.path, targets=list(project.targets))

    async def _forget(self, identifier: str) -> None:
        served = self._served.pop(identifier)
        served.stop(HarnessSyncError("the project was removed", code="unknown_project"))
        await served.ended.wait()
        self._watcher.watch(identifier, frozenset())
        self._board.forget(identifier)
        self._log.info("project.removed", project_id=identifier, path=served.worker.project.path)

    async def _keep_following(self) -> None:
        while True:
            with anyio.move_on_after(REGISTRY_S):
                await self._changed.wait()
            self._changed = anyio.Event()
            await self.follow()

    def _on_change(self, key: str, paths: frozenset[str]) -> None:
        if key == REGISTRY_KEY:
            if not paths or str(self._layout.registry_file) in paths:
                self._changed.set()
        elif key == RECORDS_KEY:
            if not paths or any(map(tells_of_records, paths)):
                self._changed.set()
        elif key == ROOTS_KEY:
            self._scanning.signal(paths)
        elif (served := self._served.get(key)) is not None:
            told, polled = self._told(served.worker.project, paths), self._watcher.polls_for(key)
            self._board.poll(key, polled=polled)
            if told is not None:
                served.worker.signal(frozenset() if polled else told)

    def _told(self, project: Project, paths: frozenset[str]) -> frozenset[str] | None:
        """What of a change is told a project, None for nothing: of our own files the ledger alone matters. A log in a
        watched folder that told of itself would never come to an end."""
        ledger = str(self._layout.ledger_file(project))
        own = ledger[: ledger.rindex("/") + 1]
        told = frozenset(
            path
            for path in paths
            if path == ledger or not (f"{path}/".startswith(own) or path.startswith(self._own_log))
        )
        return told if told or not paths else None

    # --- who is served ---

    def ids(self) -> list[str]:
        """All projects, in the order of their paths."""
        return sorted(self._served, key=lambda identifier: self._served[identifier].worker.project.path)

    def find(self, project: str) -> str:
        """The id of a project, from its id or its resolved path. Raises HarnessSyncError."""
        for identifier in (project, project_id(project)):
            if identifier in self._served:
                return identifier
        hint = "`harnesssync ctl add` registers it"
        raise HarnessSyncError("this project is not registered", code="unknown_project", path=project, hint=hint)

    def served(self, identifier: str) -> Served:
        """Raises HarnessSyncError."""
        return self._served[self.find(identifier)]


def _projects(registered: Registered, only: str | None) -> dict[str, Project]:
    return {
        identifier: registered.project(entry.path)
        for identifier, entry in registered.served.items()
        if only in {None, identifier}
    }
