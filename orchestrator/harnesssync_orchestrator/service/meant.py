"""Which transaction an undo is about, and how to take it back. All of it blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harnesssync_orchestrator.core.history import Record, TransactionKind, before_it, is_of, latest, number_of, undone
from harnesssync_orchestrator.core.plan import Plan
from harnesssync_orchestrator.core.source import Problem
from harnesssync_orchestrator.core.undoing import undo_plan, without_revealed
from harnesssync_orchestrator.errors import StateError, UsageError
from harnesssync_orchestrator.files.history import records
from harnesssync_orchestrator.files.history.capture import look
from harnesssync_orchestrator.files.history.revealed import revealed
from harnesssync_orchestrator.service.recovering import problems_of

if TYPE_CHECKING:
    from harnesssync_orchestrator.service.withdrawing import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """The transaction that is meant, how to take it back, what is wrong with others, and sentences to know."""

    record: Record | None = None
    plan: Plan = field(default_factory=Plan)
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def to_undo(work: Work, number: int | None) -> Meant:
    """Which transaction is meant.

    One that was killed comes first: it is taken back, or, if it was an undo, gone on with. A transaction of which
    nothing is left to be taken back is passed over, but none that can't be read: it may be the one that is meant. One
    that is named by its number and was taken back already is told.
    """
    found, errors = records.load_all(work.history)
    problems = problems_of(errors.values())
    begun, done = _to_be_ended(work.unfinished), undone(found, unfinished=work.ledger.transaction)
    if number is not None or begun:
        named = next((each for each in found if each.number == number or (number is None and each.name == begun)), None)
        if named is None:
            raise UsageError(f"there is no transaction {number}", hint="harnesssync undo --list shows them")
        plan = _undo_plan(work, named)
        if named.name in done - {begun} and plan.is_empty:  # what came there since is no edit of anything of it
            note = f"{named.kind.value} {named.number} of {named.time} was taken back already"
            return Meant(problems=problems, notes=(note,))
        return Meant(record=named, plan=plan, problems=problems)
    while (record := latest(found, done=done)) is not None:
        plan = _undo_plan(work, record)
        if not plan.is_empty or plan.conflicts:
            _require_read(record, errors)
            return Meant(record=record, plan=plan, problems=problems)
        done |= {record.name}
    _require_read(None, errors)
    return Meant(problems=problems)


def what_was_before(work: Work, record: Record) -> tuple[Record | None, Plan]:
    """What the command that made a transaction did before it, and how to take that back too."""
    found, _ = records.load_all(work.history)
    earlier = before_it(found, record)
    if earlier is None or earlier.name in undone(found):
        return None, Plan()
    return earlier, _undo_plan(work, earlier)


def _require_read(record: Record | None, errors: Mapping[str, StateError]) -> None:
    """Raise what is wrong with a transaction that came after this one, or that the same command made before it."""
    meant = [name for name in errors if record is None or number_of(name) > record.number or is_of(name, record)]
    if meant:
        error = errors[max(meant, key=number_of)]
        hint = f"{error.hint}; harnesssync undo NUMBER takes back another one, undo --list shows them"
        raise StateError(error.message, code=error.code, path=error.path, hint=hint)


def _to_be_ended(unfinished: Record | None) -> str:
    if unfinished is None:
        return ""
    return unfinished.undoes if unfinished.kind is TransactionKind.UNDO else unfinished.name


def _undo_plan(work: Work, record: Record) -> Plan:
    plan = undo_plan(record, look(work.root, (change.path for change in record.changes)), work.ledger)
    seen = revealed(work.root, work.history / record.name, plan.operations, record.exclude or ())
    return without_revealed(plan, seen) if seen else plan
