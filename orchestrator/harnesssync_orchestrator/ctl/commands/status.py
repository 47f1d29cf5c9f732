"""`ctl status`: how one project stands, or all of them."""

from __future__ import annotations

from harnesssync_orchestrator.ctl import client, options, rendering
from harnesssync_orchestrator.ctl.options import Command, Option
from harnesssync_orchestrator.ctl.presence import missing
from harnesssync_orchestrator.ctl.reports import projects_of
from harnesssync_orchestrator.errors import UsageError
from harnesssync_orchestrator.protocol import codes, methods

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from harnesssync_orchestrator.console import Console
    from harnesssync_orchestrator.ctl.context import Context
    from harnesssync_orchestrator.ctl.options import Parsed
    from harnesssync_orchestrator.ctl.registry_view import Entry

COMMAND = Command(
    "status",
    "Show how a project stands, or all of them.",
    options=(
        options.PROJECT,
        options.USER,
        Option("all", "Every registered project, a line each, worst first; needs no supervisor."),
        Option("watch", "Show it again whenever it changes, until it is ended or the supervisor ends."),
        Option(
            "state",
            "With --all, only projects in this state; may be given several times.",
            value="STATE",
            repeated=True,
        ),
        Option(
            "target",
            "With --all, only projects with this harness; may be given several times.",
            value="TARGET",
            repeated=True,
        ),
        Option(
            "path",
            "With --all, only projects in this folder, or with this pattern (`*` is any text).",
            value="PATH",
            repeated=True,
        ),
        options.JSON,
        options.VERBOSE,
    ),
    details=(
        "Exit code: 0 in step, 1 out of step, in conflict or held back until trusted, 4 failed,\n"
        "3 if nobody serves the project.\n"
        "With --all a project that nobody serves is no error; the exit code is the worst of what is shown: 4 failed,\n"
        "3 if a process is there and does not answer, 1, 0.\n"
        "A STATE is, worst first: failed, silent (does not answer), unknown (to this version), halted, conflict,\n"
        "held (waits for approval), problems (mistakes in the source), out-of-step, paused,\n"
        "stale (its folder is gone), stopped, syncing, waiting (for its turn), never-synced, in-step; or running,\n"
        "which is all that are served.\n"
        "With --watch, 3 when the supervisor stops, and 130 after Ctrl-C; --json prints a line for each change."
    ),
)


def run(parsed: Parsed, context: Context) -> int:
    console = context.console(parsed)
    if parsed.flag("all"):
        if parsed.text("project") or parsed.flag("user"):
            raise UsageError("--all speaks of every project: leave --project and --user out")
        return _of_all(parsed, context, console)
    if only := next((name for name in ("state", "target", "path") if parsed.text(name)), None):
        raise UsageError(f"--{only} chooses among all projects", hint="Add --all")
    path = context.project(parsed, console)
    try:
        if parsed.flag("watch"):
            from harnesssync_orchestrator.ctl.following import follow_one  # noqa: PLC0415 - one look needs less

            return follow_one(parsed, context, console, path)
        answer = client.ask_about(context.environ, path, methods.STATUS, {"project": path})
    except client.NoSupervisorError as error:
        if parsed.flag("watch"):
            raise
        return _without_supervisor(parsed, context, console, path, error)
    except client.RemoteError as error:
        if error.number != codes.UNKNOWN_PROJECT:
            raise
        place = "--user" if context.scope(path) == "user" else path
        raise UsageError("not registered", path=path, hint=f"Add it with: harnesssync ctl add {place}") from error
    reports = projects_of(answer)
    if parsed.flag("json"):
        _print_json(console, answer.get("supervisor"), answer["projects"])
    else:
        for report in reports:
            rendering.standing(console, report, status=str(report.get("status") or "running"))
    return max((rendering.exit_code(report) for report in reports), default=0)


def _of_all(parsed: Parsed, context: Context, console: Console) -> int:
    if parsed.flag("watch"):
        from harnesssync_orchestrator.ctl.following import follow_all  # noqa: PLC0415 - one look needs less

        return follow_all(parsed, context, console)
    from harnesssync_orchestrator.ctl.overview import run_all  # noqa: PLC0415 - one project needs less

    return run_all(parsed, context, console)


def _without_supervisor(
    parsed: Parsed, context: Context, console: Console, path: str, error: client.NoSupervisorError
) -> int:
    """What the registry knows, and that nobody answers."""
    entry = next((each for each in context.registry(console) if each.path == path), None)
    if entry is None:
        raise error
    row = offline_row(entry)
    if parsed.flag("json"):
        _print_json(console, None, [row])
    else:
        console.header(row["path"])
        console.line(f"  {rendering.status_word(console, row['status'])}")
        if entry.targets:
            console.line(f"  targets: {', '.join(entry.targets)}")
    console.warn(str(error))
    return 3


def offline_row(entry: Entry) -> dict[str, Any]:
    """A project of the registry that nobody serves."""
    return offline_rows([entry])[entry.path]


def offline_rows(entries: Collection[Entry]) -> dict[str, dict[str, Any]]:
    """The same of many, by path."""
    gone = missing(entry.path for entry in entries)
    return {
        entry.path: {**entry.to_json(), "status": "stale" if entry.path in gone else "stopped"} for entry in entries
    }


def _print_json(console: Console, supervisor: object, projects: object) -> None:
    from harnesssync_orchestrator.protocol.jsontext import dumps_pretty  # noqa: PLC0415 - only JSON needs it

    console.line(dumps_pretty({"supervisor": supervisor, "projects": projects}))
