"""`ctl status --watch`: shows how things stand, and again whenever that changes, until somebody ends it.

One connection, on which it is always asked for what has changed since: a client that is slow, or whose terminal is,
misses steps in between and never the last one.
"""

from __future__ import annotations

import os
import time

from harnesssync_orchestrator.ctl import overview, rendering
from harnesssync_orchestrator.ctl.client import Connection, NoSupervisorError, RemoteError, answer_time, own_socket
from harnesssync_orchestrator.ctl.places import control_socket
from harnesssync_orchestrator.ctl.reports import projects_of
from harnesssync_orchestrator.protocol import codes, methods
from harnesssync_orchestrator.protocol.jsontext import dumps

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from typing import Any

    from harnesssync_orchestrator.console import Console
    from harnesssync_orchestrator.ctl.context import Context
    from harnesssync_orchestrator.ctl.options import Parsed

NEWS_S = 10.0
"""A supervisor answers after so long, also without news (`server.methods.status`)."""
PAUSE_S = 0.1
"""Between two answers: nobody reads faster, and what changes meanwhile comes in one piece."""
AROUND = 4
"""Lines of a terminal that are no project's."""


def follow_all(parsed: Parsed, context: Context, console: Console) -> int:
    """Show the list until the supervisor ends. As JSON, a line for all projects first, then for those that changed."""
    choice = overview.chosen(parsed, context)
    connection = Connection(control_socket(context.environ), timeout=answer_time(context.environ))
    gathered = overview.gather(context, console, brief=not parsed.flag("json"))
    rows, supervisor = gathered.rows, gathered.supervisor
    told: dict[str, Any] = {"projects": list(rows.values())}
    while True:
        if parsed.flag("json"):
            changed = [row for row in told["projects"] if choice.takes(row)]
            if changed or told.get("gone") or "since" not in told:
                news = {"gone": told["gone"]} if "since" in told else {}
                _print(console, dumps({"supervisor": supervisor, "projects": changed, **news}))
        elif told["projects"] or told.get("gone"):
            console.redraw()
            shown = [row for row in rows.values() if choice.takes(row)]
            overview.show(console, shown, supervisor, is_everything=choice.is_everything, most=_most(console))
            console.flush()
        params = {"after": gathered.revision or 0, "brief": not parsed.flag("json")}
        told = _news(context, connection, params)
        gathered.revision, supervisor = told.get("revision"), told.get("supervisor")
        if "since" not in told:
            rows.clear()
        told["projects"] = [_standing(report) for report in projects_of(told)]
        rows.update({row["path"]: row for row in told["projects"]})
        for path in told.get("gone") or ():
            rows.pop(path, None)


def follow_one(parsed: Parsed, context: Context, console: Console, path: str) -> int:
    """Show one project until whoever serves it ends. As JSON, a line whenever it changes."""
    connection, told = _first(context, path)
    last: dict[str, Any] | None = None
    while True:
        reports = projects_of(told)
        if reports and reports[0] != last:
            last = reports[0]
            if parsed.flag("json"):
                _print(console, dumps({"supervisor": told.get("supervisor"), "projects": told["projects"]}))
            else:
                console.redraw()
                rendering.standing(console, last, status=str(last.get("status") or "running"))
                console.flush()
        told = _news(context, connection, {"project": path, "after": told.get("revision") or 0})


def _standing(report: dict[str, Any]) -> dict[str, Any]:
    """A project that a process answers for."""
    return {**report, "status": "running" if os.path.exists(report["path"]) else "stale"}  # noqa: PTH110 - see places


def _first(context: Context, path: str) -> tuple[Connection, dict[str, Any]]:
    """A connection to who serves the project, the supervisor or its own daemon, and the first answer."""
    refusal: NoSupervisorError | RemoteError | None = None
    for socket in (control_socket(context.environ), own_socket(context.environ, path)):
        try:
            timeout = answer_time(context.environ)
            connection = Connection(socket, timeout=timeout)
            return connection, connection.call(methods.STATUS, {"project": path}, timeout=timeout)
        except NoSupervisorError as error:
            refusal = refusal or error
        except RemoteError as error:
            if error.number != codes.UNKNOWN_PROJECT:
                raise
            refusal = refusal or error
    assert refusal is not None  # noqa: S101 - else it had returned
    raise refusal


def _news(context: Context, connection: Connection, params: dict[str, Any]) -> dict[str, Any]:
    """What has changed. Raises `NoSupervisorError` when nobody is there any more to say so."""
    time.sleep(PAUSE_S)
    try:
        told = connection.call(methods.STATUS, params, timeout=NEWS_S + answer_time(context.environ))
    except RemoteError as error:
        if error.number != codes.SHUTTING_DOWN:
            raise
        raise NoSupervisorError("the supervisor has stopped", path=connection.path) from error
    projects_of(told)
    assert isinstance(told, dict)  # noqa: S101 - see `projects_of`
    return told


def _print(console: Console, line: str) -> None:
    console.line(line)
    console.flush()


def _most(console: Console) -> int | None:
    """How many projects fit on the terminal; None if there is none, or nobody knows how large it is."""
    if not console.is_terminal:
        return None
    try:
        return max(1, os.get_terminal_size().lines - AROUND)
    except OSError:
        return None
