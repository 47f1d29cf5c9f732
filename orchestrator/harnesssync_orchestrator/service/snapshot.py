"""What is told about the supervisor and its projects: published when it changes, answered from memory.

A status request takes no lock and reads no disk. What is sent is encoded once, and sent to as many as ask.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from harnesssync_orchestrator.core.report import Report, to_json

MAX_RESULT = (1 << 20) - 4096
"""Bytes of one result: a line of the protocol holds 1 MiB, with the envelope around it."""
LISTS = ("operations", "losses", "held", "conflicts", "problems", "failures", "notes")
LENGTHS = (100_000, 1000, 100, 10, 0)
"""How long the lists of a report may be: the first length with which the whole result fits is taken."""


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
    def body(self) -> Mapping[str, Any]:
        return {**to_json(self.report), **self.more}

    def encoded(self, length: int) -> bytes:
        """With lists of at most `length`; `omitted` counts what was left out of each."""
        if length not in self._encoded:
            self._encoded[length] = encode(_shortened(self.body, length))
        return self._encoded[length]


def encode_projects(reports: Sequence[Published], *, budget: int = MAX_RESULT) -> bytes:
    """A JSON list of reports that fits into `budget` bytes, with lists as long as there is room for."""
    joined = b"[]"
    for length in LENGTHS:
        joined = b"[" + b",".join(report.encoded(length) for report in reports) + b"]"
        if len(joined) <= budget:
            break
    return joined


class Board:
    """The latest published report of every project, and the facts of the supervisor."""

    def __init__(self, supervisor: Mapping[str, Any]) -> None:
        self._supervisor = encode(supervisor)
        self._projects: dict[str, Published] = {}
        self._whole: bytes | None = None

    def publish(self, report: Report) -> None:
        """Replace what is told about a project. That this process answers is what `running` means."""
        self._projects[report.project_id] = Published.of(report, status="running")
        self._whole = None

    def forget(self, project_id: str) -> None:
        self._projects.pop(project_id, None)
        self._whole = None

    def status(self, project_id: str | None = None) -> bytes:
        """The result of `status`, for all projects (by path) or for one. Raises KeyError if there is none such."""
        if project_id is not None:
            return self._result([self._projects[project_id]])
        if self._whole is None:
            self._whole = self._result(sorted(self._projects.values(), key=lambda one: one.report.path))
        return self._whole

    def _result(self, reports: Sequence[Published]) -> bytes:
        return b'{"supervisor":' + self._supervisor + b',"projects":' + encode_projects(reports) + b"}"


def _shortened(body: Mapping[str, Any], length: int) -> Mapping[str, Any]:
    omitted = {name: len(body[name]) - length for name in LISTS if len(body[name]) > length}
    if not omitted:
        return body
    return {**body, **{name: body[name][:length] for name in omitted}, "omitted": omitted}
