"""`ctl sync`: have the supervisor sync now, and say what it did."""

from __future__ import annotations

from harnesssync_orchestrator.ctl import options, rendering
from harnesssync_orchestrator.ctl.options import Command, Option, check_targets
from harnesssync_orchestrator.ctl.work import ask_for_reports, show
from harnesssync_orchestrator.protocol import methods

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from typing import Any

    from harnesssync_orchestrator.console import Console
    from harnesssync_orchestrator.ctl.context import Context
    from harnesssync_orchestrator.ctl.options import Parsed

COMMAND = Command(
    "sync",
    "Sync a project now, or all of them.",
    options=(
        options.PROJECT,
        options.USER,
        Option("all", "Every project that the supervisor serves."),
        options.TARGET,
        Option("dry-run", "Change nothing; say what would be done."),
        Option("wait", "Wait for the result (the default) or only ask for the sync.", negatable=True),
        options.CONFIRM,
        options.LOCK_TIMEOUT,
        options.JSON,
        options.VERBOSE,
    ),
)


def run(parsed: Parsed, context: Context) -> int:
    targets = parsed.texts("target")
    if targets:
        check_targets(targets, context.known_targets())
    dry_run, wait = parsed.flag("dry-run"), parsed.flag("wait", default=True)
    params: dict[str, Any] = {"wait": wait}
    if targets:
        params["targets"] = list(targets)
    if dry_run:
        params["dry_run"] = True
    if parsed.flag("confirm"):
        params["confirmed"] = True
    if (seconds := parsed.seconds("lock-timeout")) is not None:
        params["lock_timeout"] = seconds
    console = context.console(parsed)
    answer = ask_for_reports(parsed, context, console, methods.SYNC, params)
    if not wait and "projects" not in answer:
        return _queued(parsed, console, answer)
    return show(parsed, console, answer, rendering.planned if dry_run else rendering.synced)


def _queued(parsed: Parsed, console: Console, answer: dict[str, Any]) -> int:
    if parsed.flag("json"):
        from harnesssync_orchestrator.protocol.jsontext import dumps_pretty  # noqa: PLC0415 - only JSON needs it

        console.line(dumps_pretty(answer))
    else:
        number = len(answer.get("queued") or ())
        console.info(f"asked for {number} sync{'' if number == 1 else 's'}; harnesssync ctl status shows the result")
    return 0
