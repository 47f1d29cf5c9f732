"""`ctl remove`: forget a project. What was written into it stays."""

from __future__ import annotations

from harnesssync_orchestrator.console import visible
from harnesssync_orchestrator.ctl import client, options
from harnesssync_orchestrator.ctl.commands.pause import noted
from harnesssync_orchestrator.ctl.options import Command
from harnesssync_orchestrator.errors import UsageError
from harnesssync_orchestrator.protocol import methods

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from typing import Any

    from harnesssync_orchestrator.ctl.context import Context
    from harnesssync_orchestrator.ctl.options import Parsed

COMMAND = Command(
    "remove",
    "Stop keeping a project in step.",
    options=(options.PROJECT, options.USER, options.JSON),
    argument="[PATH]",
    details=(
        "What was written into the project stays as it is. Also removes a project whose folder is gone.\n"
        "With the last one of a repository that was added go its worktrees that were found.\n"
        "Works with no supervisor running; one that runs notices. Exit code 3 if one runs and does not answer: it is\n"
        "noted all the same."
    ),
)


def run(parsed: Parsed, context: Context) -> int:
    console = context.console(parsed)
    path = context.repository(parsed, console)
    found = {entry.path for entry in context.registry(console) if entry.found and entry.path != path}
    result, refusal = removed(context, path)
    if not result.get("removed"):
        raise UsageError("not registered", path=path, hint="harnesssync ctl list shows what is")
    worktrees = sorted(found - {entry.path for entry in context.registry(console)}) if found else []
    if parsed.flag("json"):
        from harnesssync_orchestrator.protocol.jsontext import dumps_pretty  # noqa: PLC0415 - only JSON needs it

        console.line(dumps_pretty({**result, "worktrees": worktrees}))
    else:
        console.info(f"removed: {visible(path)}")
        for worktree in worktrees:
            console.info(f"removed, as a worktree of it: {visible(worktree)}")
        if worktrees:
            console.note("their outputs stay. To take these away: harnesssync unlink --all in each")
    return noted(console, refusal)


def removed(context: Context, path: str) -> tuple[dict[str, Any], client.NoSupervisorError | None]:
    """Take one path out of the registry, through the supervisor if one runs; the result of the method, and why it was
    not the supervisor that did it."""
    try:
        return client.ask(context.environ, methods.REMOVE, {"path": path}, works=True), None
    except client.NoSupervisorError as error:
        return context.offline().remove(path), error
    except client.RemoteError as error:
        if not error.is_usage:
            raise
        return {"path": path, "removed": False}, None
