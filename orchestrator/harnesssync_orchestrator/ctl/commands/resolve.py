"""`ctl resolve`: have the supervisor carry out what you decide about conflicts."""

from __future__ import annotations

from harnesssync_orchestrator.ctl import client, options, rendering
from harnesssync_orchestrator.ctl.options import Command, check_targets
from harnesssync_orchestrator.ctl.reports import projects_of
from harnesssync_orchestrator.ctl.work import Progress
from harnesssync_orchestrator.errors import UsageError
from harnesssync_orchestrator.protocol import methods

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from typing import Any

    from harnesssync_orchestrator.ctl.context import Context
    from harnesssync_orchestrator.ctl.options import Parsed

CHOICES = ("restore", "keep", "adopt")
COMMAND = Command(
    "resolve",
    "Decide about conflicts: restore ours, keep yours, or adopt an edit into the source.",
    options=(options.PROJECT, options.USER, options.TARGET, *options.RESOLVE, options.JSON, options.VERBOSE),
    argument="[ADDRESS…]",
    details=(
        "An ADDRESS is as `status` shows it; a path means everything in that file. Then the project is synced.\n"
        "Without a supervisor, and to be asked about each conflict: harnesssync resolve."
    ),
)


def run(parsed: Parsed, context: Context) -> int:
    console = context.console(parsed)
    choice = choice_of(parsed)
    if choice is None:
        raise UsageError("resolve needs --restore, --keep or --adopt", hint="harnesssync resolve asks instead")
    params: dict[str, Any] = {"choice": choice}
    if (addresses := addresses_of(parsed)) is not None:
        params["addresses"] = list(addresses)
    if targets := parsed.texts("target"):
        check_targets(targets, context.known_targets())
        params["targets"] = list(targets)
    path = context.project(parsed, console)
    with Progress() as progress:
        answer = client.ask_about(
            context.environ, path, methods.RESOLVE, {**params, "project": path}, waiting=progress, works=True
        )
    reports = projects_of(answer)
    if parsed.flag("json"):
        from harnesssync_orchestrator.protocol.jsontext import dumps_pretty  # noqa: PLC0415 - only JSON needs it

        console.line(dumps_pretty({"projects": answer["projects"], "resolved": answer.get("resolved") or []}))
    else:
        for report in reports:
            rendering.resolved(console, report, answer.get("resolved") or [])
    return max((rendering.exit_code(report) for report in reports), default=0)


def choice_of(parsed: Parsed) -> str | None:
    """The choice that the flags name. Raises UsageError for several."""
    given = [name for name in CHOICES if parsed.flag(name)]
    if len(given) > 1:
        raise UsageError(f"--{given[0]} and --{given[1]} contradict each other")
    return given[0] if given else None


def addresses_of(parsed: Parsed) -> tuple[str, ...] | None:
    """The addresses that are meant, None for all. Raises UsageError when none is named, or some and all."""
    if parsed.flag("all"):
        if parsed.arguments:
            raise UsageError("--all speaks of every conflict: leave the addresses out")
        return None
    if not parsed.arguments:
        raise UsageError("resolve needs an ADDRESS, or --all", hint="harnesssync status shows what is in conflict")
    return parsed.arguments
