"""`ctl status --watch`: shows how things stand, and again whenever that changes, until somebody ends it.

One connection, on which it is always asked for what has changed since: a client that is slow, or whose terminal is,
misses steps in between and never the last one.
"""

from __future__ import annotations

import os
import time

from harnesssync_orchestrator.ctl import overview, rendering
from harnesssync_orchestrator.ctl.client import (
    Connection,
    NoSupervisorError,
    RemoteError,
    answer_time,
    is_served_elsewhere,
    own_socket,
)
from harnesssync_orchestrator.ctl.commands.status import offline_row
from harnesssync_orchestrator.ctl.overview import Gathered
from harnesssync_orchestrator.ctl.places import control_socket
from harnesssync_orchestrator.ctl.registry_view import UnreadableRegistryError, read
from harnesssync_orchestrator.ctl.reports import projects_of
from harnesssync_orchestrator.protocol import codes, methods
from harnesssync_orchestrator.protocol.jsontext import dumps

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from harnesssync_orchestrator.console import Console
    from harnesssync_orchestrator.ctl.context import Context
    from harnesssync_orchestrator.ctl.glance import Choice
    from harnesssync_orchestrator.ctl.options import Parsed
    from harnesssync_orchestrator.ctl.registry_view import Entry

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
    brief = not parsed.flag("json")
    shown = _List(console, choice) if brief else _Lines(console, choice)
    entries: dict[str, Entry] = {}
    try:
        now = overview.gather(context, console, brief=brief)
        shown.begin(now)
        while True:
            told = _news(context, connection, {"after": now.revision or 0, "brief": brief})
            before = now
            if is_whole := "since" not in told or any(map(is_served_elsewhere, projects_of(told))):
                now = overview.gather(context, console, brief=brief)  # others than the supervisor know the rest
            else:
                entries = _entries(context, entries)
                now = _brought_up_to_date(now, told, entries)
            shown.go_on(before, now, is_whole=is_whole)
    finally:
        connection.close()


class _Lines:
    """A line of JSON for each change of what is chosen. Of what was told once is told also that it is so no more."""

    __slots__ = ("_choice", "_console", "_told")

    def __init__(self, console: Console, choice: Choice) -> None:
        self._console = console
        self._choice = choice
        self._told: set[str] = set()

    def begin(self, now: Gathered) -> None:
        rows = [row for row in now.rows.values() if self._choice.takes(row)]
        self._told = {row["path"] for row in rows}
        _print(self._console, dumps({"supervisor": now.supervisor, "projects": rows}))

    def go_on(self, before: Gathered, now: Gathered, *, is_whole: bool) -> None:  # noqa: ARG002 - see `_List`
        changed = [row for path, row in now.rows.items() if row != before.rows.get(path)]
        taken = {row["path"] for row in changed if self._choice.takes(row)}
        changed = [row for row in changed if row["path"] in taken | self._told]
        gone = sorted(self._told - now.rows.keys())
        if changed or gone:
            _print(self._console, dumps({"supervisor": now.supervisor, "projects": changed, "gone": gone}))
        self._told = self._told.difference(gone, (row["path"] for row in changed)) | taken


class _List:
    """The list for people, drawn anew with each change."""

    __slots__ = ("_choice", "_console")

    def __init__(self, console: Console, choice: Choice) -> None:
        self._console = console
        self._choice = choice

    def begin(self, now: Gathered) -> None:
        rows = [row for row in now.rows.values() if self._choice.takes(row)]
        everything = self._choice.is_everything
        self._console.redraw()
        overview.show(self._console, rows, now.supervisor, is_everything=everything, most=_most(self._console))
        self._console.flush()

    def go_on(self, before: Gathered, now: Gathered, *, is_whole: bool) -> None:
        if is_whole or now.rows != before.rows:  # a warning may stand there since all were asked
            self.begin(now)


def _brought_up_to_date(now: Gathered, told: dict[str, Any], entries: Mapping[str, Entry]) -> Gathered:
    """With what a supervisor says has changed; `entries` are those of the registry, by path."""
    rows = dict(now.rows)
    for report in projects_of(told):
        entry = entries.get(report["path"])
        rows[report["path"]] = overview.merged(offline_row(entry) if entry else None, report)
    for path in told.get("gone") or ():
        rows.pop(path, None)
    return Gathered(told.get("supervisor"), rows, told.get("revision"))


def _entries(context: Context, known: dict[str, Entry]) -> dict[str, Entry]:
    """What the registry says now, or what was `known` if it can't be read: of that it was told before."""
    try:
        return {entry.path: entry for entry in read(context.environ)}
    except UnreadableRegistryError as error:
        return {**known, **{entry.path: entry for entry in error.entries}}


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
