"""`sync`: sync some projects now, and wait for the reports or not."""

from __future__ import annotations

from functools import partial

import anyio

from harnesssync_orchestrator.core.report import Report
from harnesssync_orchestrator.errors import HarnessSyncError, UsageError
from harnesssync_orchestrator.server.context import Context
from harnesssync_orchestrator.service.engine import Options
from harnesssync_orchestrator.service.snapshot import Published, encode, encode_projects
from harnesssync_orchestrator.service.supervisor import Supervisor


async def answer(context: Context) -> bytes:
    """`{"projects": [report…]}`; without `wait`, `{"queued": [id…]}` at once.

    When only one project is asked for, a lock that somebody else holds for too long is an error; among several, it
    is in that project's report.
    """
    projects = context.projects()
    options = Options(
        targets=targets(context),
        dry_run=bool(context.flag("dry_run")),
        confirmed=bool(context.flag("confirmed")),
        rehash=bool(context.flag("rehash")),
        lock_timeout_s=context.seconds("lock_timeout", default=context.supervisor.lock_timeout_s),
        urgent=len(projects) == 1,
    )
    if not context.flag("wait", default=True):
        for project in projects:
            context.supervisor.queue(project, options)
        return encode({"queued": projects})
    return await reports(context.supervisor, projects, options)


async def reports(supervisor: Supervisor, projects: list[str], options: Options) -> bytes:
    """Sync them side by side; the result with their reports, in the same order."""
    found: dict[str, Report] = {}
    errors: list[HarnessSyncError] = []

    async def one(project: str) -> None:
        try:
            found[project] = await supervisor.sync(project, options)
        except HarnessSyncError as error:  # raised here, it would arrive as one of a group
            errors.append(error)

    async with anyio.create_task_group() as tasks:
        for project in projects:
            tasks.start_soon(partial(one, project))
    if errors and not found:
        raise errors[0]
    if len(projects) == 1:
        _raise_lock_timeout(found[projects[0]])
    told = [Published.of(found[project], status="running") for project in projects if project in found]
    return b'{"projects":' + encode_projects(told) + b"}"


def targets(context: Context) -> tuple[str, ...]:
    """Those that were named. Raises UsageError for one that nobody knows."""
    named = context.texts("targets") or ()
    known = context.supervisor.known_targets
    for target in named:
        if known and target not in known:
            raise UsageError(f"there is no target {target!r}", hint="`harnesssync targets` lists them")
    return named


def _raise_lock_timeout(report: Report) -> None:
    for failure in report.failures:
        if failure.code == "lock_timeout":
            raise HarnessSyncError(failure.message, code="lock_timeout", path=failure.path, hint=failure.hint)
