"""What is told about a sync, to people, to scripts and to the log: one `Report` per project."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harnesssync_orchestrator.core.desired import Loss
from harnesssync_orchestrator.core.drift import Drift
from harnesssync_orchestrator.core.halts import HaltReason, Waits
from harnesssync_orchestrator.core.plan import (
    Conflict,
    EditDocument,
    Held,
    Kept,
    MakeLink,
    Operation,
    Plan,
    Remove,
    Restore,
    UpdateSource,
    state_of,
)
from harnesssync_orchestrator.core.secrets import redact
from harnesssync_orchestrator.core.source import Problem


class State(enum.Enum):
    """The sync state of a project, worst last."""

    NEVER_SYNCED = "never synced"
    IN_STEP = "in step"
    PAUSED = "paused"
    OUT_OF_STEP = "out of step"
    CONFLICT = "conflict"
    PARTIAL = "partial"
    HALTED = "halted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Outputs by what happened to them: `synced` made or changed (also adopted), `skipped` already right,
    `cleaned` removed, `errors` failed."""

    synced: int = 0
    skipped: int = 0
    cleaned: int = 0
    errors: int = 0


def counted(plan: Plan, operations: Iterable[Operation]) -> Counts:
    """Outputs, not operations: one edit of a merged file may set several keys."""
    synced, cleaned = len(plan.adopt), len(plan.forget)
    for operation in operations:
        if isinstance(operation, EditDocument):
            synced += len(operation.record)
            cleaned += len(operation.forget)
        elif isinstance(operation, Remove) or (isinstance(operation, Restore) and not operation.before.digest):
            cleaned += 1
        else:
            synced += 1
    return Counts(synced=synced, cleaned=cleaned)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An operation, a target or a whole project that failed, with what to do next."""

    code: str
    message: str
    hint: str = ""
    path: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result of one sync, check or dry run of one project.

    `operations` are those done, or, in a check or dry run, those that would be; `due` counts what these are to sync and
    to clean. `methods` counts the outputs
    made by method (`symlink`, `copy`, …), `copies_for_links` those that were to be links. `drift` counts the outputs by
    how they stood before anything was done, and `kept` are those that a person keeps as theirs; `shown` those that git
    shows, and that a sync would hide from it, or has; `covered` what is not ours, and git does not show for another
    worktree's sake: a sync lets it, or has. `duration_s` is in seconds; `finished` is UTC, ISO 8601. What is in `notes`
    is good to know: consent still to be given in a harness, a hint about line endings. `unchanged` says that nothing
    has changed since the last sync, neither source nor outputs: all that is told was told then.
    """

    project_id: str
    path: str
    scope: str
    state: State
    targets: tuple[str, ...]
    counts: Counts = Counts()
    due: Counts = Counts()
    operations: tuple[Operation, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    kept: tuple[Kept, ...] = ()
    shown: tuple[str, ...] = ()
    covered: tuple[str, ...] = ()
    drift: Mapping[Drift, int] = field(default_factory=dict)
    losses: tuple[Loss, ...] = ()
    held: tuple[Held, ...] = ()
    problems: tuple[Problem, ...] = ()
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    methods: Mapping[str, int] = field(default_factory=dict)
    copies_for_links: int = 0
    halt: str | None = None
    halt_message: str = ""
    waits: Waits = field(default_factory=Waits)
    unchanged: bool = False
    sync_id: str = ""
    finished: str = ""
    duration_s: float = 0.0

    @property
    def exit_code(self) -> int:
        """0 clean, 4 failed, also in part; 1 when something else is not in step: a conflict, drift, bad input, or
        what was held back for want of trust. Losses are told, but are no reason for a script to stop."""
        if self.state in (State.FAILED, State.PARTIAL) or self.failures:
            return 4
        waits = self.state in (State.PAUSED, State.OUT_OF_STEP, State.CONFLICT, State.HALTED)
        if self.problems or self.held or waits:
            return 1
        return 0

    @property
    def tells_conflicts(self) -> bool:
        """Is known what is in conflict, and would a sync carry out what is decided about it? Not after a failure, nor
        while a halt stops everything."""
        return not self.failures and self.halt in (None, HaltReason.SOURCE_UNPARSABLE.value)

    def failed(self, failure: Failure) -> Report:
        """The report of a sync that failed as a whole after this one: what was known stays known, nothing was done."""
        return replace(
            self,
            state=State.FAILED,
            failures=(failure,),
            counts=Counts(),
            due=Counts(),
            operations=(),
            methods={},
            copies_for_links=0,
            halt=None,
            halt_message="",
            waits=Waits(),
            sync_id="",
            finished="",
            duration_s=0.0,
        )


def to_json(report: Report) -> dict[str, Any]:
    """The stable, documented form (docs/json.md): additions only, within one protocol version.

    Sentences are redacted here, once for all who are told: an error may quote the very value that it is about.
    """
    return {
        "id": report.project_id,
        "path": report.path,
        "scope": report.scope,
        "state": report.state.value,
        "targets": list(report.targets),
        "counts": {
            "synced": report.counts.synced,
            "skipped": report.counts.skipped,
            "cleaned": report.counts.cleaned,
            "errors": report.counts.errors,
        },
        "due": {"synced": report.due.synced, "cleaned": report.due.cleaned},
        "operations": [
            {
                "kind": "MakeCopy"
                if isinstance(operation, MakeLink) and operation.copied
                else type(operation).__name__,
                "state": state_of(operation).value,
                "new": operation.expected is None,
                "path": operation.path,
                "targets": list(operation.owners),
                "items": [str(item) for item in operation.items],
                "adopts": [str(each) for each in operation.addresses] if isinstance(operation, UpdateSource) else [],
            }
            for operation in report.operations
        ],
        "conflicts": [
            {
                "kind": conflict.kind.value,
                "state": conflict.state.value if conflict.state else None,
                "address": str(conflict.address),
                "targets": list(conflict.owners),
                "message": redact(conflict.message),
                "hint": redact(conflict.hint),
                "choices": [choice.value for choice in conflict.choices],
                "items": [str(item) for item in conflict.items],
            }
            for conflict in report.conflicts
        ],
        "drift": {state.value: report.drift.get(state, 0) for state in Drift},
        "kept": [
            {
                "address": str(kept.address),
                "targets": list(kept.owners),
                "items": [str(item) for item in kept.items],
            }
            for kept in report.kept
        ],
        "shown": list(report.shown),
        "covered": list(report.covered),
        "losses": [loss_row(loss) for loss in report.losses],
        "held": [
            {
                "address": str(held.address),
                "targets": list(held.owners),
                "items": [str(item) for item in held.items],
                "why": held.why.value,
                "stays": held.stays,
            }
            for held in report.held
        ],
        "problems": [
            {
                "code": problem.code,
                "message": redact(problem.message),
                "file": problem.file,
                "line": problem.line,
                "column": problem.column,
                "hint": redact(problem.hint),
            }
            for problem in report.problems
        ],
        "failures": [
            {
                "code": failure.code,
                "message": redact(failure.message),
                "hint": redact(failure.hint),
                "path": failure.path,
                "target": failure.target,
            }
            for failure in report.failures
        ],
        "notes": [redact(note) for note in report.notes],
        "methods": dict(report.methods),
        "copies_for_links": report.copies_for_links,
        "halt": report.halt,
        "halt_message": report.halt_message,
        "waits": {
            "removals": report.waits.removals,
            "changes": report.waits.changes,
            "confirmable": report.waits.confirmable,
        },
        "unchanged": report.unchanged,
        "sync_id": report.sync_id,
        "finished": report.finished,
        "duration_s": report.duration_s,
    }


def loss_row(loss: Loss) -> dict[str, Any]:
    """One loss, as JSON has it."""
    return {
        "target": loss.target,
        "item": str(loss.item),
        "what": redact(loss.what),
        "why": redact(loss.why),
        "security": loss.security,
        "credential": loss.credential,
        "twice": loss.twice,
        "left_out": loss.left_out,
    }
