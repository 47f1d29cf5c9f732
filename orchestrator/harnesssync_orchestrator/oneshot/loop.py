"""An event loop for one command in this process, and what it does meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import anyio

from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.report import Report
from harnesssync_orchestrator.ctl.work import Progress
from harnesssync_orchestrator.errors import HarnessSyncError
from harnesssync_orchestrator.oneshot.work import Quiet
from harnesssync_orchestrator.service.engine import Engine, Options, SyncResult
from harnesssync_orchestrator.service.sync import sync

if TYPE_CHECKING:
    from harnesssync_orchestrator.cli import Ground
    from harnesssync_orchestrator.config import Config

T = TypeVar("T")


def sync_in_loop(project: Project, engine: Engine, options: Options) -> Report:
    """One sync in a loop of its own, with its progress on a terminal. Raises as `in_loop` does, and OSError."""
    return _run(partial(_sync, project, engine, options))


async def _sync(project: Project, engine: Engine, options: Options) -> Report:
    found: SyncResult | HarnessSyncError | OSError | None = None
    with Progress() as progress:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_tick, progress)
            try:
                found = await sync(project, engine, options)
            except (HarnessSyncError, OSError) as error:  # raised here, it would arrive as one of a group
                found = error
            tasks.cancel_scope.cancel()
    if isinstance(found, SyncResult):
        return found.report
    assert found is not None  # noqa: S101 - cancelling the group cancels what was awaited in it, which raises
    raise found


async def _tick(progress: Progress) -> None:
    """Call `progress` once a second."""
    began = anyio.current_time()
    while True:
        await anyio.sleep(1)
        progress(anyio.current_time() - began)


def in_loop(ground: Ground, config: Config, work: Callable[[Engine], Awaitable[T]]) -> T:
    """Do one thing with an engine, in a loop of its own. Raises `HarnessSyncError`s, OSError, KeyboardInterrupt."""

    async def run_it() -> T | HarnessSyncError:
        try:
            return await work(ground.engine(config, Quiet()))
        except HarnessSyncError as error:  # raised here, it might arrive as one of a group
            return error

    found = _run(run_it)
    if isinstance(found, HarnessSyncError):
        raise found
    return found


def _run(work: Callable[[], Awaitable[T]]) -> T:
    """What `work` gives, in a loop of its own.

    It is handed out past the loop's task. When a loop ends, asyncio asks for the handler of interrupts, and Python then
    writes out the whole result of the task, for a message that nobody sees: of a report that takes up to half a second.
    """
    results: list[T] = []

    async def run_it() -> None:
        results.append(await work())

    try:
        anyio.run(run_it)
    except asyncio.CancelledError:  # what an interrupt arrives as on Python 3.10
        raise KeyboardInterrupt from None
    return results[0]
