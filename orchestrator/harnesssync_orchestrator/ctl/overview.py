"""`ctl status --all`: every registered project on a line, worst first, within two seconds, whoever hangs."""

from __future__ import annotations

from harnesssync_orchestrator.console import visible
from harnesssync_orchestrator.ctl import glance, rendering
from harnesssync_orchestrator.ctl.client import NoSupervisorError, is_served_elsewhere
from harnesssync_orchestrator.ctl.commands.status import offline_rows
from harnesssync_orchestrator.ctl.options import check_targets
from harnesssync_orchestrator.ctl.places import control_socket, project_id, project_socket
from harnesssync_orchestrator.ctl.probe import Probed, probe
from harnesssync_orchestrator.ctl.projects import absolute
from harnesssync_orchestrator.ctl.reports import projects_of
from harnesssync_orchestrator.protocol.jsontext import dumps_pretty

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from harnesssync_orchestrator.console import Console
    from harnesssync_orchestrator.ctl.context import Context
    from harnesssync_orchestrator.ctl.options import Parsed


SILENT = 3
"""The exit code when a process is there and does not answer: that of any command that nobody answers."""


class Gathered:
    """What the supervisor says of itself (None without one), a row per project by its path, the revision that the
    supervisor was at, and whether it is there and does not answer."""

    __slots__ = ("is_silent", "revision", "rows", "supervisor")

    def __init__(
        self, supervisor: object, rows: dict[str, dict[str, Any]], revision: object, *, is_silent: bool = False
    ) -> None:
        self.supervisor = supervisor
        self.rows = rows
        self.revision = revision
        self.is_silent = is_silent


def run_all(parsed: Parsed, context: Context, console: Console) -> int:
    """Print the list. The exit code is that of the worst project, of those that are shown."""
    choice = chosen(parsed, context)
    gathered = gather(context, console, brief=not parsed.flag("json"))
    rows = [row for _, row in sorted(gathered.rows.items()) if choice.takes(row)]
    if parsed.flag("json"):
        console.line(dumps_pretty({"supervisor": gathered.supervisor, "projects": rows}))
    else:
        show(console, rows, gathered.supervisor, is_everything=choice.is_everything)
    return max([SILENT if gathered.is_silent else 0, *map(exit_code, rows)])


def exit_code(row: Mapping[str, Any]) -> int:
    """Also of one that nobody serves, which is no error, and of one whose process is silent."""
    if row["status"] == "running":
        return rendering.exit_code(row)
    return SILENT if row.get("silent") else 0


def chosen(parsed: Parsed, context: Context) -> glance.Choice:
    """Which projects the options ask for. Raises `UsageError`."""
    targets = parsed.texts("target")
    if targets:
        check_targets(targets, context.known_targets())
    # What begins with a star may be anywhere.
    paths = [path if path.startswith("*") else absolute(path, context.environ) for path in parsed.texts("path")]
    return glance.Choice(states=parsed.texts("state"), targets=targets, paths=paths)


def show(
    console: Console,
    rows: Sequence[Mapping[str, Any]],
    supervisor: object,
    *,
    is_everything: bool = True,
    most: int | None = None,
) -> None:
    """The list for people: `most` of them, if so many lines are all that can be seen."""
    if not rows:
        console.line("No projects registered." if is_everything else "No such projects.")
        return
    console.line("Projects:")
    ordered = glance.worst_first(rows)
    for row in ordered[:most]:
        console.line(_line(console, row))
    if most is not None and len(rows) > most:
        console.line(f"  … {len(rows) - most} more")
    if len(rows) > 1:
        console.line(glance.summary(rows, supervisor))


def gather(context: Context, console: Console, *, brief: bool) -> Gathered:
    """Ask everybody who may know.

    The registry says which projects there are, the supervisor which it serves, and a project's own socket whether a
    daemon serves just that one. A project is running only if one of these answered; a folder that is gone is stale
    whoever answers.
    """
    rows = offline_rows([entry for entry in context.registry(console) if entry.served])
    control = probe({"": control_socket(context.environ)}, brief=brief).get("")
    is_silent = control is not None and control.silent
    if control is not None and is_silent:
        told = f"the supervisor does not answer: {visible(control_socket(context.environ))}"
        console.warn(f"{told}. {control.remedy}" if control.remedy else told)
    for path, report in _served(control).items():
        rows[path] = merged(rows.get(path), report)
    others = {
        path: project_socket(context.environ, project_id(path))
        for path, row in rows.items()
        if row["status"] == "stopped" or is_served_elsewhere(row)
    }
    for path, probed in probe(others, brief=brief).items():
        answer = _served(probed)
        if path in answer:
            rows[path] = merged(rows[path], answer[path])
        else:
            rows[path]["silent"] = True
    result = control.result if control is not None and control.result else {}
    return Gathered(result.get("supervisor"), rows, result.get("revision"), is_silent=is_silent)


def _served(probed: Probed | None) -> dict[str, dict[str, Any]]:
    """The reports in an answer, by path; none if it is no answer of a supervisor."""
    if probed is None or probed.result is None:
        return {}
    try:
        return {report["path"]: report for report in projects_of(probed.result)}
    except NoSupervisorError:
        return {}


def merged(row: Mapping[str, Any] | None, report: Mapping[str, Any]) -> dict[str, Any]:
    """A project as the registry knows it, with what who serves it says."""
    if row is None:  # served, and no longer or not yet in the registry that we read
        return {**report, "status": "running"}
    status = "stale" if row["status"] == "stale" else "running"
    return {**row, **report, "status": status}


def _line(console: Console, row: Mapping[str, Any]) -> str:
    line = f"  {visible(row['path'])}  {rendering.status_word(console, row['status'])}"
    if row["status"] == "running":
        return f"{line}  {rendering.state(console, row)}"
    return f"{line}  not answering" if row.get("silent") else line
