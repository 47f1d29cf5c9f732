"""`undo`: take back the last sync of a project, path by path, and pause the project."""

from __future__ import annotations

from harnesssync_orchestrator.core.withdrawal import to_json
from harnesssync_orchestrator.server.context import Context
from harnesssync_orchestrator.server.errors import ParameterError
from harnesssync_orchestrator.service.snapshot import encode
from harnesssync_orchestrator.service.undoing import Asked


async def answer(context: Context) -> bytes:
    """`{"projects": [withdrawal…]}`. Whom it is about must be said: nobody means all of them by saying nothing."""
    if context.scope is None and context.params.get("projects") is None:
        raise ParameterError("projects is a list of paths or ids")
    number = context.params.get("number")
    if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 1):
        raise ParameterError("number is that of a transaction: a whole number from 1")
    asked = Asked(
        number=number,
        dry_run=bool(context.flag("dry_run")),
        lock_timeout_s=context.seconds("lock_timeout", default=context.supervisor.lock_timeout_s),
    )
    done = [await context.supervisor.undo(project, asked) for project in context.projects()]
    return encode({"projects": [to_json(each) for each in done]})
