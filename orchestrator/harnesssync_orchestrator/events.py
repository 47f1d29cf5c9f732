"""Every event that is logged: its name, its level, what it means, and its fields. Declared here and nowhere else.

A name is `<noun>[.<noun>].<past verb>` and never changes its meaning; fields are added, not renamed. `docs/events.md`
is printed from here (`python -m harnesssync_orchestrator.events`). Beside its own fields, each line has `timestamp`,
`level`, `event` and `schema`, and `project_id` and `sync_id` where they apply.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SCHEMA = 1
"""The version of the log's form. It grows when a field is taken away or changes its meaning."""

COMMON: Mapping[str, str] = MappingProxyType(
    {
        "timestamp": "when, in UTC, ISO 8601 with offset",
        "level": "debug, info, warning or error",
        "event": "the event's name",
        "schema": "the version of this form",
        "project_id": "which project, where the event is about one",
        "sync_id": "which sync, where the event belongs to one",
        "exception": "the traceback, where an error came unexpected",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`fields` maps each field to its meaning, with its unit."""

    name: str
    level: str
    meaning: str
    fields: Mapping[str, str]


def _event(name: str, level: str, meaning: str, **fields: str) -> Event:
    return Event(name=name, level=level, meaning=meaning, fields=MappingProxyType(fields))


_ERROR = {"code": "the error's stable code", "message": "what is wrong", "hint": "what to do about it"}
_PATH = {"path": "the project's path"}

DECLARED: tuple[Event, ...] = (
    # --- the supervisor ---
    _event(
        "supervisor.started",
        "info",
        "The supervisor holds its lock, listens and has a worker for every project.",
        pid="its process",
        version="its version",
        socket="the path of its control socket",
        projects="how many projects it serves",
        isolated="true for a daemon that serves one project alone",
    ),
    _event(
        "supervisor.stop.requested",
        "info",
        "The supervisor was asked to stop: nothing new starts, what is in hand is finished.",
        reason="SIGTERM, SIGINT, or `request` for one over the control socket",
    ),
    _event("supervisor.stopped", "info", "Sockets and locks are released.", duration_s="how long stopping took"),
    _event(
        "supervisor.stop.forced",
        "error",
        "Something did not end in time, and the process ended without it. Files are whole: writes are atomic.",
        waited_s="how long it was waited for, in seconds",
    ),
    _event(
        "supervisor.callback.failed",
        "warning",
        "The event loop met an error outside of any task, such as a connection that closed while it was being read.",
        message="what it was",
    ),
    # --- projects ---
    _event("project.added", "info", "A project is served from now on.", **_PATH, targets="its own targets, if any"),
    _event("project.changed", "info", "The registry says something else about a project.", **_PATH),
    _event("project.removed", "info", "A project is not served any more; its outputs stay.", **_PATH),
    _event(
        "project.archive.failed",
        "warning",
        "What was kept of a worktree that is gone can't be put aside.",
        path="the folder that stays",
        message="why",
    ),
    _event(
        "project.claim.failed",
        "warning",
        "Another process serves this project; it is tried again.",
        **_PATH,
        message="who holds it",
        retry_s="seconds to the next attempt",
    ),
    _event(
        "project.lock.removed",
        "warning",
        "Somebody removed the lock of a project, which is given up and taken anew if nobody else has it.",
        **_PATH,
    ),
    _event("project.sync.started", "debug", "A sync begins.", **_PATH, reason="watch, request, retry, start or timer"),
    _event(
        "project.sync.completed",
        "info",
        "A sync ended: its canonical line. A warning when something is left to do, an error when it failed, and debug "
        "when nobody asked for it and nothing came of it.",
        **_PATH,
        reason="watch, request, retry, start or timer",
        state="the state of the project now",
        dry_run="true when nothing was to be written",
        synced="outputs made, changed or adopted",
        skipped="outputs already right",
        cleaned="outputs removed",
        errors="operations that failed",
        operations="operations done, or, in a dry run, to do",
        conflicts="outputs left alone because they are not ours",
        losses="things in items that a target can't express",
        held="outputs held back for want of approval",
        drift="outputs by their state before the sync, without those in step",
        problems="faults in the source",
        methods="outputs by the method that made them",
        halt="why nothing was done, if it was not",
        failures="codes of what failed",
        duration_s="how long the sync took",
        waited_s="how long it waited for the project's lock, and for its turn",
    ),
    _event(
        "project.sync.failed",
        "error",
        "A sync could not be carried out. The project stays visible as failed; others go on.",
        **_PATH,
        **_ERROR,
    ),
    _event(
        "project.retry.scheduled",
        "warning",
        "A project failed and is tried again later.",
        failures="how many times in a row",
        delay_s="seconds to the next attempt",
    ),
    _event(
        "project.loop.detected",
        "error",
        "A project writes the same over and over, since its outputs change its own source or another program undoes "
        "them: it is halted until it is synced by hand.",
        **_PATH,
        repeats="how many syncs in a row did the same",
        outputs="what they wrote",
    ),
    # --- outputs ---
    _event(
        "output.copied",
        "warning",
        "A link was not possible: the output is a copy, which is refreshed when its source changes.",
        output="the output's path",
        method="how it was made",
        message="what that means, or what the copy does not hold",
    ),
    _event(
        "output.resolved",
        "info",
        "An output that was not as we left it was restored, or its edit was taken into the source, by a person's "
        "choice or by a policy. What was replaced is in the history.",
        output="the path of what was written",
        state="how it stood: output-edited, both or foreign",
        choice="restore or adopt",
    ),
    # --- the registry and the watcher ---
    _event("registry.read.failed", "error", "The registry can't be read; the projects known so far go on.", **_ERROR),
    _event("registry.write.failed", "error", "Worktrees that have come or gone can't be noted.", **_ERROR),
    _event(
        "roots.scanned",
        "debug",
        "The folders of `[worktrees] roots` were looked through.",
        repositories="how many repositories that use Claude Code lie there",
        new="how many of them were registered by that",
        duration_s="how long it took",
    ),
    _event(
        "roots.read.failed",
        "warning",
        "A folder of `[worktrees] roots` can't be read; what was found in it goes on.",
        path="the folder",
        message="why",
    ),
    _event(
        "roots.look.failed",
        "error",
        "The folders of `[worktrees] roots` can't be looked through, or what was found noted; it is tried again.",
        **_ERROR,
    ),
    _event(
        "watch.overflowed",
        "warning",
        "More happened at once than the system keeps for a watcher: all projects with these folders are looked at.",
        folders="how many folders it watches",
    ),
    _event(
        "watch.armed",
        "debug",
        "More folders are watched.",
        folders="how many were added",
        total="how many are watched now",
        watchers="how many system watchers that takes",
        duration_s="how long it took",
    ),
    _event(
        "watch.failed",
        "warning",
        "The system's watcher failed; its folders are polled from now on.",
        message="what it said",
        folders="how many folders it watched",
    ),
    _event(
        "watch.denied",
        "warning",
        "Folders that we may not read can't be watched; the others are, and these as soon as they can be.",
        message="what the system said of the first",
        folders="how many folders that are",
    ),
    _event("watch.restarted", "warning", "A watcher that polls failed and was started again.", message="what it said"),
    # --- sockets ---
    _event("listener.opened", "debug", "A socket accepts connections.", socket="its path"),
    _event("listener.failed", "warning", "A project's own socket can't be used; the control socket is.", **_ERROR),
    _event("listener.closed", "debug", "A socket is closed and its file removed.", socket="its path"),
    _event("listener.starved", "warning", "A connection can't be accepted yet; it is tried again.", message="why"),
    _event("listener.mended", "warning", "A socket's file was removed, and is made again.", socket="its path"),
    _event("connection.refused", "warning", "Somebody else's process tried to connect.", uid="its user id"),
    _event(
        "connection.evicted", "debug", "A connection made room for others: nothing happened on it.", idle_s="how long"
    ),
    _event("connection.expired", "debug", "A peer sent half a line, or read nothing, for too long.", what="which"),
    _event(
        "request.refused",
        "warning",
        "The system refused something that a request needs; the peer was told.",
        method="what was asked",
        message="why",
    ),
    _event(
        "request.failed", "error", "A request met an error of ours; the connection goes on.", method="what was asked"
    ),
)

EVENTS: Mapping[str, Event] = MappingProxyType({event.name: event for event in DECLARED})


def document() -> str:
    """`docs/events.md`."""
    lines = [
        "# Events",
        "",
        "The supervisor logs one JSON object a line. This page is printed from the declarations in `events.py` by",
        "`python -m harnesssync_orchestrator.events`; a test keeps the two equal. Names keep their meaning; fields are",
        f"added, never renamed, within one `schema` (now {SCHEMA}).",
        "",
        "Every line has, where they apply:",
        "",
        "| field | meaning |",
        "|---|---|",
        *(f"| `{name}` | {meaning} |" for name, meaning in COMMON.items()),
    ]
    for event in DECLARED:
        lines += ["", f"## {event.name}", "", f"{event.meaning} Level: {event.level}."]
        if event.fields:
            lines += ["", "| field | meaning |", "|---|---|"]
            lines += [f"| `{name}` | {meaning} |" for name, meaning in event.fields.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
