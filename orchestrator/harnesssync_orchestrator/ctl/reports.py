"""Reports as they arrive over a socket: checked at the door, so that the rest may rely on their shape."""

from __future__ import annotations

from harnesssync_orchestrator.ctl.client import NoSupervisorError

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from typing import Any

_LISTS = ("targets", "operations", "conflicts", "kept", "losses", "held", "problems", "failures", "notes")
_COUNTS = ("synced", "skipped", "cleaned", "errors")


def projects_of(result: object) -> list[dict[str, Any]]:
    """The projects of a result, each with every member that a report has. Members that we don't know stay.

    Raises `NoSupervisorError` when this is no answer of a supervisor.
    """
    rows = result.get("projects") if isinstance(result, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise NoSupervisorError("who answers there is no supervisor: its answer has no projects")
    return [_complete(row) for row in rows]


def _complete(row: dict[str, Any]) -> dict[str, Any]:
    lists = {name: row.get(name) or [] for name in _LISTS}
    counts = row.get("counts") or {}
    if not isinstance(row.get("path"), str) or not isinstance(counts, dict):
        raise NoSupervisorError("who answers there is no supervisor: a project has no path")
    if not all(isinstance(value, list) for value in lists.values()):
        raise NoSupervisorError("who answers there is no supervisor: its report can't be read")
    return {"state": "", **row, **lists, "counts": {name: counts.get(name) or 0 for name in _COUNTS}}
