"""`status`: what is published. No lock is taken and no disk is read."""

from __future__ import annotations

import anyio

from harnesssync_orchestrator.server.context import Context
from harnesssync_orchestrator.service.supervisor import shutting_down

NEWS_S = 10.0
"""How long it is waited for news: whoever hears nothing for longer than that knows that nobody answers, and a peer that
has gone keeps no place among the requests in work."""


async def answer(context: Context) -> bytes:
    """`{"supervisor", "revision", "projects": [report + {"status": "running", "activity", "polled"}…]}`, of one or all.

    With `after`, a revision, it waits for a change since then. Without a `project` only what has changed is told then,
    with `since`, and `gone`: the paths of those that are not served any more.
    """
    after, brief = context.number("after"), bool(context.flag("brief"))
    project = context.project()
    if after is not None:
        await _news(context, project, after)
        project = context.project()  # it may be gone by now
    return context.supervisor.board.status(project, after=after, brief=brief)


async def _news(context: Context, project: str | None, after: int) -> None:
    """Wait for a change, but not for ever. Raises HarnessSyncError when the supervisor stops meanwhile."""
    stopping = context.supervisor.stopping

    async def wait_for_end() -> None:
        await stopping.wait()
        waits.cancel_scope.cancel()

    with anyio.move_on_after(NEWS_S):
        async with anyio.create_task_group() as waits:
            waits.start_soon(wait_for_end)
            await context.supervisor.board.change(project, after)
            waits.cancel_scope.cancel()
    if stopping.is_set():
        raise shutting_down()
