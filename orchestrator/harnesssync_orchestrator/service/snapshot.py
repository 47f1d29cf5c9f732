"""What is told about the supervisor and its projects: published when it changes, answered from memory.

A status request takes no lock and reads no disk. What is sent is encoded once, and sent to as many as ask. Whoever
follows says which revision they have, and is told what has changed since, as soon as anything has.
"""

from __future__ import annotations

import enum
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import msgspec

from harnesssync_orchestrator.core.report import Report, to_json

MAX_RESULT = (1 << 20) - 4096
"""Bytes of one result: a line of the protocol holds 1 MiB, with the envelope around it."""
LISTS = ("operations", "kept", "losses", "held", "conflicts", "problems", "failures", "notes")
GLANCE = ("id", "path", "scope", "state", "targets", "counts", "halt", "halt_message", "finished", "omitted")
LENGTHS = (100_000, 1000, 100, 10, 0)
"""How long the lists of a report may be: the first length with which the whole result fits is taken."""
LENGTH_AT_A_GLANCE = 1
"""Of each list this much is told at a glance: enough to say that another process serves the project."""
GONE = 1000
"""So many projects that are not served any more are remembered for those who follow."""


class Activity(enum.Enum):
    """What is done about a project now. One that is `WAITING` is to be synced, and has no place yet or no lock."""

    IDLE = "idle"
    WAITING = "waiting"
    SYNCING = "syncing"


def encode(value: object) -> bytes:
    """JSON. Names that are not UTF-8 hold lone surrogates, which only an escaped form can carry."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode("ascii")


@dataclass(frozen=True, slots=True)
class Published:
    """One report as it is told, with `more` facts; encoded when it is first asked for."""

    report: Report
    more: Mapping[str, object]
    _encoded: dict[int, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, report: Report, **more: object) -> Published:
        return cls(report, more)

    @property
    def _body(self) -> Mapping[str, Any]:
        return {**to_json(self.report), **self.more}

    def encoded(self, length: int) -> bytes:
        """With lists of at most `length`; `omitted` counts what was left out of each."""
        if length not in self._encoded:
            self._encoded[length] = encode(_shortened(self._body, length))
        return self._encoded[length]

    def glance(self) -> bytes:
        """The little that a line about the project is made of: what is empty or long is left out, and counted."""
        if LENGTH_AT_A_GLANCE not in self._encoded:
            body = _shortened(self._body, LENGTH_AT_A_GLANCE)
            told = {name: body[name] for name in (*GLANCE, *LISTS) if body.get(name)}
            self._encoded[LENGTH_AT_A_GLANCE] = encode({**told, **{name: body[name] for name in self.more}})
        return self._encoded[LENGTH_AT_A_GLANCE]


def encode_projects(reports: Sequence[Published], *, budget: int = MAX_RESULT) -> bytes:
    """A JSON list of reports that fits into `budget` bytes, with lists as long as there is room for."""
    return _fitting([report.encoded for report in reports], budget)


def _fitting(rows: Sequence[Callable[[int], bytes]], budget: int) -> bytes:
    encoded: list[bytes] = []
    for length in LENGTHS:
        encoded = [row(length) for row in rows]
        if sum(map(len, encoded)) + len(encoded) < budget:
            break
    return b"[" + b",".join(encoded) + b"]"


@dataclass(slots=True)
class _Row:
    """What is told of one project. `revision` is when that changed last."""

    published: Published
    activity: Activity
    revision: int
    polled: bool = False

    def encoded(self, length: int) -> bytes:
        return self._now(self.published.encoded(length))

    def glance(self, _length: int) -> bytes:
        return self._now(self.published.glance())

    def _now(self, encoded: bytes) -> bytes:
        """What a project is doing changes far more often than its report, which is not encoded again for that."""
        polled = b"true" if self.polled else b"false"
        return encoded[:-1] + b',"activity":"' + self.activity.value.encode() + b'","polled":' + polled + b"}"


class Board:
    """The latest published report of every project, and the facts of the supervisor.

    Each change has a revision. They are counted from `first`, which no earlier process may have come to.
    """

    def __init__(self, supervisor: Mapping[str, Any], *, first: int = 0) -> None:
        self._supervisor = supervisor
        self._rows: dict[str, _Row] = {}
        self._gone: dict[str, tuple[int, str]] = {}
        self._revision = self._remembered = first
        self._answers: dict[bool, bytes] = {}
        self._changed = anyio.Event()

    # --- what others tell it ---

    def publish(self, report: Report) -> None:
        """Replace what is told about a project. That this process answers is what `running` means."""
        published, row = Published.of(report, status="running"), self._rows.get(report.project_id)
        self._gone.pop(report.project_id, None)
        if row is None:
            self._rows[report.project_id] = _Row(published, Activity.IDLE, self._next())
        else:
            row.published, row.revision = published, self._next()

    def mark(self, project_id: str, activity: Activity) -> None:
        """Tell what is done about a project now."""
        row = self._rows.get(project_id)
        if row is not None and row.activity is not activity:
            row.activity, row.revision = activity, self._next()

    def poll(self, project_id: str, *, polled: bool) -> None:
        """Tell that a project is polled, for want of watches, or is watched again."""
        row = self._rows.get(project_id)
        if row is not None and row.polled is not polled:
            row.polled, row.revision = polled, self._next()

    def forget(self, project_id: str) -> None:
        row = self._rows.pop(project_id, None)
        if row is None:
            return
        self._gone[project_id] = (self._next(), row.published.report.path)
        if len(self._gone) > GONE:
            self._remembered, _ = self._gone.pop(next(iter(self._gone)))

    def _next(self) -> int:
        self._revision += 1
        self._answers.clear()
        self._changed.set()
        self._changed = anyio.Event()
        return self._revision

    # --- what it tells ---

    def status(self, project_id: str | None = None, *, after: int | None = None, brief: bool = False) -> bytes:
        """The result of `status`, for all projects (by path) or for one. Raises KeyError if there is none such.

        With `after`, only what has changed since that revision, if it is known what has. `brief` tells what a line
        each is made of.
        """
        if project_id is not None:
            return self._result([self._rows[project_id]], brief=brief)
        if after is not None and self._remembered <= after <= self._revision:
            changed = [row for row in self._rows.values() if row.revision > after]
            gone = [path for revision, path in self._gone.values() if revision > after]
            return self._result(changed, brief=brief, more={"since": after, "gone": gone})
        if brief not in self._answers:
            self._answers[brief] = self._result(self._rows.values(), brief=brief)
        return self._answers[brief]

    async def change(self, project_id: str | None, after: int) -> None:
        """Wait for a change after that revision, of any project or of one."""
        while (self._revision if (row := self._rows.get(project_id or "")) is None else row.revision) <= after:
            await self._changed.wait()

    def _result(self, rows: Iterable[_Row], *, brief: bool, more: Mapping[str, object] | None = None) -> bytes:
        rows = sorted(rows, key=lambda row: row.published.report.path)
        activities = Counter(row.activity for row in self._rows.values())
        queue = {each.value: activities[each] for each in (Activity.WAITING, Activity.SYNCING)}
        head = encode({"supervisor": {**self._supervisor, "queue": queue}, "revision": self._revision, **(more or {})})
        projects = _fitting([row.glance if brief else row.encoded for row in rows], MAX_RESULT)
        return head[:-1] + b',"projects":' + projects + b"}"


def _shortened(body: Mapping[str, Any], length: int) -> Mapping[str, Any]:
    omitted = {name: len(body[name]) - length for name in LISTS if len(body[name]) > length}
    if not omitted:
        return body
    return {**body, **{name: body[name][:length] for name in omitted}, "omitted": omitted}
