"""`ctl resume`: go on with a project that was paused or has halted."""

from __future__ import annotations

from harnesssync_orchestrator.console import visible
from harnesssync_orchestrator.ctl import client, options, rendering
from harnesssync_orchestrator.ctl.commands.pause import ask, noted, offline, which
from harnesssync_orchestrator.ctl.options import Command, Option
from harnesssync_orchestrator.ctl.waiting import confirming
from harnesssync_orchestrator.ctl.work import show
from harnesssync_orchestrator.protocol import methods

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from harnesssync_orchestrator.ctl.context import Context
    from harnesssync_orchestrator.ctl.options import Parsed

COMMAND = Command(
    "resume",
    "Go on with a project that was paused, or that has halted.",
    options=(
        options.PROJECT,
        options.USER,
        Option("all", "Every registered project."),
        options.JSON,
        options.VERBOSE,
    ),
    argument="[PATH]",
    details=(
        "Syncs it, confirmed: if its source is gone, or much of it, what came from that is removed.\n"
        "With no supervisor running it only ends the pause. So it does, with exit code 3, if one runs and does not\n"
        "answer."
    ),
)


def run(parsed: Parsed, context: Context) -> int:
    console = context.console(parsed)
    path = which(parsed, context)
    try:
        answer = ask(context, path, methods.RESUME)
    except client.NoSupervisorError as error:
        answer = offline(context, path, paused=False)
        if parsed.flag("json"):
            from harnesssync_orchestrator.protocol.jsontext import dumps_pretty  # noqa: PLC0415 - only JSON needs it

            console.line(dumps_pretty(answer))
            return noted(console, error)
        for row in answer["projects"]:
            console.info(f"not paused: {visible(row['path'])}")
        if isinstance(error, client.SilentError):
            return noted(console, error)
        console.line("  No supervisor is running. To sync once, confirmed:")
        for row in answer["projects"]:
            console.line(f"  {confirming(row)}")
        return 0
    return show(parsed, console, answer, rendering.resumed)
