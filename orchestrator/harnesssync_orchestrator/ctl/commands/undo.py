"""`ctl undo`: have the supervisor take back the last sync of a project."""

from __future__ import annotations

from harnesssync_orchestrator.ctl import client, options, withdrawals
from harnesssync_orchestrator.ctl.options import Command
from harnesssync_orchestrator.ctl.work import Progress
from harnesssync_orchestrator.errors import UsageError
from harnesssync_orchestrator.protocol import methods

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from typing import Any

    from harnesssync_orchestrator.ctl.context import Context
    from harnesssync_orchestrator.ctl.options import Parsed

COMMAND = Command(
    "undo",
    "Take back the last sync of a project, and pause the project.",
    options=(
        options.PROJECT,
        options.USER,
        *options.UNDO,
        options.LOCK_TIMEOUT,
        options.JSON,
        options.VERBOSE,
    ),
    argument="[NUMBER]",
    details=options.UNDO_DETAILS,
)


def run(parsed: Parsed, context: Context) -> int:
    console = context.console(parsed)
    path = context.project(parsed, console)
    number = number_of(parsed)
    params: dict[str, Any] = {"projects": [path]}
    if parsed.flag("list"):
        answer = _ask(context, path, methods.HISTORY, params)
    else:
        if number is not None:
            params["number"] = number
        if parsed.flag("dry-run"):
            params["dry_run"] = True
        if (seconds := parsed.seconds("lock-timeout")) is not None:
            params["lock_timeout"] = seconds
        answer = _ask(context, path, methods.UNDO, params)
    if parsed.flag("json"):
        from harnesssync_orchestrator.protocol.jsontext import dumps_pretty  # noqa: PLC0415 - only JSON needs it

        console.line(dumps_pretty({"projects": answer["projects"]}))
    else:
        show = withdrawals.history if parsed.flag("list") else withdrawals.withdrawn
        for row in answer["projects"]:
            show(console, row)
    return max(map(withdrawals.exit_code, answer["projects"]), default=0)


def number_of(parsed: Parsed) -> int | None:
    """The number of the transaction that is meant. Raises UsageError."""
    if parsed.argument is None:
        return None
    if not parsed.argument.isdecimal() or int(parsed.argument) < 1:
        raise UsageError(f"{parsed.argument!r} is no number of a transaction", hint="undo --list shows them")
    return int(parsed.argument)


def _ask(context: Context, path: str, method: str, params: dict[str, Any]) -> dict[str, Any]:
    try:
        with Progress() as progress:
            answer = client.ask_about(context.environ, path, method, params, waiting=progress, works=True)
    except client.SilentError:
        raise  # it may hold the project, and may have begun
    except client.NoSupervisorError as error:
        raise client.NoSupervisorError(error.message, path=error.path, hint="Without one: harnesssync undo") from error
    if not isinstance(answer, dict) or not isinstance(answer.get("projects"), list):
        raise client.NoSupervisorError("who answers there is no supervisor")
    return answer
