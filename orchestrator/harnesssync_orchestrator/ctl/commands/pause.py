"""`ctl pause`: let a project not be synced by itself."""

from __future__ import annotations

from harnesssync_orchestrator.console import visible
from harnesssync_orchestrator.ctl import client, options
from harnesssync_orchestrator.ctl.options import Command, Option
from harnesssync_orchestrator.errors import UsageError
from harnesssync_orchestrator.protocol import codes, methods

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from typing import Any

    from harnesssync_orchestrator.console import Console
    from harnesssync_orchestrator.ctl.context import Context
    from harnesssync_orchestrator.ctl.options import Parsed

COMMAND = Command(
    "pause",
    "Stop syncing a project by itself, until it is resumed.",
    options=(options.PROJECT, options.USER, Option("all", "Every registered project."), options.JSON),
    argument="[PATH]",
    details=(
        "What was written stays, and a sync that you ask for still takes place.\n"
        "Works with no supervisor running; one that runs notices. Exit code 3 if one runs and does not answer: it is\n"
        "noted all the same."
    ),
)


def run(parsed: Parsed, context: Context) -> int:
    console = context.console(parsed)
    path = which(parsed, context)
    refusal: client.NoSupervisorError | None = None
    try:
        answer = ask(context, path, methods.PAUSE)
    except client.NoSupervisorError as error:
        refusal = error
        answer = offline(context, path, paused=True)
    if parsed.flag("json"):
        from harnesssync_orchestrator.protocol.jsontext import dumps_pretty  # noqa: PLC0415 - only JSON needs it

        console.line(dumps_pretty(answer))
        return noted(console, refusal)
    for row in answer["projects"]:
        console.info(f"paused: {visible(row['path'])}")
    if not answer["projects"]:
        console.line("  No projects registered.")
    return noted(console, refusal)


def which(parsed: Parsed, context: Context) -> str | None:
    """The path of the project that is meant, None for all of them. Raises UsageError."""
    if not parsed.flag("all"):
        return context.argument(parsed, context.console(parsed))
    if parsed.argument is not None or parsed.text("project") or parsed.flag("user"):
        raise UsageError("--all speaks of every project: leave PATH, --project and --user out")
    return None


def ask(context: Context, path: str | None, method: str) -> dict[str, Any]:
    """Ask whoever serves the project, or the supervisor about all. Raises UsageError, NoSupervisorError."""
    try:
        if path is None:
            answer = client.ask(context.environ, method, {}, works=True)
        else:
            answer = client.ask_about(context.environ, path, method, {"projects": [path]}, works=True)
    except client.RemoteError as error:
        if error.number != codes.UNKNOWN_PROJECT:
            raise
        raise _not_registered(path) from error
    if not isinstance(answer, dict) or not isinstance(answer.get("projects"), list):
        raise client.NoSupervisorError("who answers there is no supervisor")
    return answer


def offline(context: Context, path: str | None, *, paused: bool) -> dict[str, Any]:
    """Change the registry itself. Raises UsageError for a project that is not in it."""
    answer = context.offline().pause(path, paused=paused)
    if path is not None and not answer["projects"]:
        raise _not_registered(path)
    return answer


def noted(console: Console, refusal: client.NoSupervisorError | None) -> int:
    """The exit code of what is in the registry now; of a supervisor that was silent is told that it does not know."""
    if not isinstance(refusal, client.SilentError):
        return 0
    console.warn(f"noted, but the supervisor does not know of it yet: {refusal}")
    return 3


def _not_registered(path: str | None) -> UsageError:
    return UsageError("not registered", path=path or "", hint="harnesssync ctl list shows what is")
