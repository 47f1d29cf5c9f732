"""`ctl status --all`: every registered project on a line, within two seconds, whoever hangs."""

from __future__ import annotations

from harnesssync_orchestrator.console import visible
from harnesssync_orchestrator.ctl import rendering
from harnesssync_orchestrator.ctl.client import NoSupervisorError, is_served_elsewhere
from harnesssync_orchestrator.ctl.commands.status import offline_row
from harnesssync_orchestrator.ctl.places import control_socket, project_id, project_socket
from harnesssync_orchestrator.ctl.probe import Probed, probe
from harnesssync_orchestrator.ctl.reports import projects_of
from harnesssync_orchestrator.protocol.jsontext import dumps_pretty

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from harnesssync_orchestrator.console import Console
    from harnesssync_orchestrator.ctl.context import Context
    from harnesssync_orchestrator.ctl.options import Parsed


def run_all(parsed: Parsed, context: Context, console: Console) -> int:
    """Print the list. The exit code is that of the worst project that answered."""
    supervisor, rows = gather(context, console)
    if parsed.flag("json"):
        console.line(dumps_pretty({"supervisor": supervisor, "projects": rows}))
    elif not rows:
        console.line("No projects registered.")
    else:
        console.line("Projects:")
        for row in rows:
            console.line(_line(console, row))
    return max((rendering.exit_code(row) for row in rows if row["status"] == "running"), default=0)


def gather(context: Context, console: Console) -> tuple[object, list[dict[str, Any]]]:
    """What the supervisor says of itself (None without one), and a row per project, by path.

    The registry says which projects there are, the supervisor which it serves, and a project's own socket whether a
    daemon serves just that one. A project is running only if one of these answered; a folder that is gone is stale
    whoever answers.
    """
    rows = {entry.path: offline_row(entry) for entry in context.registry(console)}
    control = probe({"": control_socket(context.environ)}).get("")
    if control is not None and control.silent:
        console.warn(f"the supervisor does not answer: {visible(control_socket(context.environ))}")
    served = _served(control)
    for path, report in served.items():
        rows[path] = _merged(rows.get(path), report)
    others = {
        path: project_socket(context.environ, project_id(path))
        for path, row in rows.items()
        if row["status"] == "stopped" or is_served_elsewhere(row)
    }
    for path, probed in probe(others).items():
        answer = _served(probed)
        if path in answer:
            rows[path] = _merged(rows[path], answer[path])
        else:
            rows[path]["silent"] = True
    supervisor = control.result.get("supervisor") if control is not None and control.result else None
    return supervisor, [row for _, row in sorted(rows.items())]


def _served(probed: Probed | None) -> dict[str, dict[str, Any]]:
    """The reports in an answer, by path; none if it is no answer of a supervisor."""
    if probed is None or probed.result is None:
        return {}
    try:
        return {report["path"]: report for report in projects_of(probed.result)}
    except NoSupervisorError:
        return {}


def _merged(row: Mapping[str, Any] | None, report: Mapping[str, Any]) -> dict[str, Any]:
    if row is None:  # served, and no longer or not yet in the registry that we read
        return {**report, "status": "running"}
    status = "stale" if row["status"] == "stale" else "running"
    return {**row, **report, "status": status}


def _line(console: Console, row: Mapping[str, Any]) -> str:
    line = f"  {visible(row['path'])}  {rendering.status_word(console, row['status'])}"
    if row["status"] == "running":
        return f"{line}  {rendering.state(console, row)}"
    return f"{line}  not answering" if row.get("silent") else line
