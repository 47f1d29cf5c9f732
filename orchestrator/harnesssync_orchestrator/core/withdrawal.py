"""What is told about an undo or an unlink: outputs that were taken back, and what was left alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harnesssync_orchestrator.core.history import Record, TransactionKind
from harnesssync_orchestrator.core.plan import Conflict, EditDocument, Operation, Remove, Restore
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.report import Failure
from harnesssync_orchestrator.core.source import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """The result of one undo or unlink of one project, or, with `dry_run`, what it would do.

    `undone` is the transaction that is taken back, the last one of several; None when there is none, and for an unlink.
    `operations` are those done, or those that would be, `gone` the merged files that went with our last key. `paused`
    says that the project is not synced by itself any more.
    """

    project_id: str
    path: str
    scope: str
    kind: TransactionKind
    undone: Record | None = None
    operations: tuple[Operation, ...] = ()
    gone: frozenset[str] = frozenset()
    conflicts: tuple[Conflict, ...] = ()
    failures: tuple[Failure, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    paused: bool = False
    dry_run: bool = False
    sync_id: str = ""
    finished: str = ""

    @property
    def is_whole(self) -> bool:
        """Was nothing left as it was that was to be taken back?"""
        return not self.conflicts and not self.failures

    @property
    def exit_code(self) -> int:
        """0 clean, 1 when something was left alone, 4 when something failed."""
        if self.failures:
            return 4
        return 1 if self.conflicts or self.problems else 0


def together(last: Withdrawal, earlier: Withdrawal) -> Withdrawal:
    """What is told where one command made two transactions: `last` is the one that was taken back first."""
    return replace(
        last,
        operations=(*last.operations, *earlier.operations),
        gone=last.gone | earlier.gone,
        conflicts=earlier.conflicts,
        failures=earlier.failures,
        notes=earlier.notes or last.notes,
        paused=last.paused or earlier.paused,
        finished=earlier.finished,
    )


def action_of(operation: Operation, gone: Collection[str]) -> str:
    """`removed`, `restored` or `edited`: what becomes of a path."""
    if isinstance(operation, Restore):
        return "removed" if operation.before.digest is None else "restored"
    if isinstance(operation, Remove) or operation.path in gone:
        return "removed"
    return "edited" if isinstance(operation, EditDocument) else "restored"


def to_json(withdrawal: Withdrawal) -> dict[str, Any]:
    """The stable, documented form (docs/json.md): additions only, within one protocol version."""
    return {
        "id": withdrawal.project_id,
        "path": withdrawal.path,
        "scope": withdrawal.scope,
        "kind": withdrawal.kind.value,
        "undone": None if withdrawal.undone is None else transaction_row(withdrawal.undone, done=False),
        "changes": [{"path": each.path, "action": action_of(each, withdrawal.gone)} for each in withdrawal.operations],
        "conflicts": [
            {
                "kind": conflict.kind.value,
                "address": str(conflict.address),
                "message": conflict.message,
                "hint": conflict.hint,
            }
            for conflict in withdrawal.conflicts
        ],
        "failures": [
            {"code": failure.code, "message": failure.message, "hint": failure.hint, "path": failure.path}
            for failure in withdrawal.failures
        ],
        "problems": _problem_rows(withdrawal.problems),
        "notes": list(withdrawal.notes),
        "paused": withdrawal.paused,
        "dry_run": withdrawal.dry_run,
        "sync_id": withdrawal.sync_id,
        "finished": withdrawal.finished,
    }


def transaction_row(record: Record, *, done: bool) -> dict[str, Any]:
    """One transaction of the history; `done` says that it has been taken back."""
    return {
        "number": record.number,
        "name": record.name,
        "kind": record.kind.value,
        "time": record.time,
        "paths": len(record.changes),
        "undoes": record.undoes or None,
        "undone": done,
    }


def history_to_json(
    project: Project, records: Sequence[Record], done: Collection[str], problems: Iterable[Problem]
) -> dict[str, Any]:
    """The history of a project, newest first; `done` names what has been taken back."""
    return {
        "id": project.id,
        "path": project.path,
        "history": [transaction_row(record, done=record.name in done) for record in reversed(records)],
        "problems": _problem_rows(problems),
    }


def _problem_rows(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    return [
        {"code": problem.code, "message": problem.message, "file": problem.file, "hint": problem.hint}
        for problem in problems
    ]
