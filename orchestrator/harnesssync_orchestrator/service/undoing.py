"""Taking back what was written: the last sync (`undo`), or all of it (`unlink`).

Both are transactions like a sync: what they replace is kept first, every operation says what it expects to find, and
what a person edited is left alone.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from harnesssync_orchestrator.core.desired import Desired
from harnesssync_orchestrator.core.history import Record, TransactionKind, undone
from harnesssync_orchestrator.core.plan import Plan
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.report import Failure
from harnesssync_orchestrator.core.unlinking import unlink_plan
from harnesssync_orchestrator.core.withdrawal import Withdrawal, history_to_json, together
from harnesssync_orchestrator.errors import StateError
from harnesssync_orchestrator.files.exposed import look_at_git
from harnesssync_orchestrator.files.history import records
from harnesssync_orchestrator.files.history.originals import giving_back
from harnesssync_orchestrator.files.observe import observe
from harnesssync_orchestrator.files.reading import Looked
from harnesssync_orchestrator.service.engine import Engine, Options
from harnesssync_orchestrator.service.hiding import had_outputs
from harnesssync_orchestrator.service.meant import to_undo, what_was_before
from harnesssync_orchestrator.service.recovering import problems_of, recover
from harnesssync_orchestrator.service.start import Start
from harnesssync_orchestrator.service.withdrawing import Hold, Work, not_chosen, withdraw

Undo = Callable[[Project, "Asked", Hold], Awaitable[Withdrawal]]
"""`undo` with its engine filled in."""

History = Callable[[Project], Awaitable[dict[str, Any]]]
"""`history` with its engine filled in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for. `number` names the transaction to undo, None the last one that is not undone."""

    number: int | None = None
    dry_run: bool = False
    lock_timeout_s: float = 30.0


async def history(project: Project, engine: Engine) -> dict[str, Any]:
    """The transactions of a project, newest first, and what is wrong with those that can't be read, as JSON has them.
    Raises StateError."""
    start = await Start.load(project, engine, Options(dry_run=True))

    def read() -> dict[str, Any]:
        found, errors = records.load_all(start.history_dir)
        done = undone(found, unfinished=start.ledger()[0].transaction)
        return history_to_json(project, found, done, problems_of(errors.values()))

    return await start.in_thread(read)


async def undo(project: Project, engine: Engine, asked: Asked, hold: Hold) -> Withdrawal:
    """Take back, path by path, one transaction, or all that the last command did.

    Raises LockTimeoutError, StateError, UsageError for a number that is not there, and OSError.
    """
    async with _locked(project, engine, asked) as work:
        meant = await work.start.in_thread(to_undo, work, asked.number)
        if (record := meant.record) is None:
            done = await withdraw(work, meant.plan, TransactionKind.UNDO, hold)
        else:
            done = await _take_back(work, record, meant.plan, hold)
            if asked.number is None and done.is_whole:
                done = await _with_what_was_before(work, record, done, hold)
        return replace(done, problems=(*done.problems, *meant.problems), notes=(*done.notes, *meant.notes))


async def _with_what_was_before(work: Work, record: Record, done: Withdrawal, hold: Hold) -> Withdrawal:
    """Take back too what the same command did before. What was done by then is told also if that fails."""
    try:
        earlier, plan = await work.start.in_thread(what_was_before, work, record)
        return done if earlier is None else together(done, await _take_back(work, earlier, plan, hold))
    except StateError as error:
        failure = Failure(code=error.code, message=error.message, hint=error.hint, path=error.path)
        return replace(done, failures=(failure,))


async def _take_back(work: Work, record: Record, plan: Plan, hold: Hold) -> Withdrawal:
    undoes = "" if plan.conflicts else record.name
    done = await withdraw(work, plan, TransactionKind.UNDO, hold, undoes=undoes, undone=record)
    return replace(done, notes=(*done.notes, *not_chosen(work, plan)))


async def unlink(
    project: Project, engine: Engine, targets: tuple[str, ...] | None, asked: Asked, hold: Hold
) -> Withdrawal:
    """Take away everything that was written for some targets, None for all of them. Raises as `undo` does, and
    StateError when nobody knows what that is: then all of it stays, and hidden from git."""
    async with _locked(project, engine, asked) as work:
        if await work.start.in_thread(_is_lost, work):
            raise StateError(
                "what was written here is not known any more, since its ledger is lost",
                code="ledger_lost",
                path=project.path,
                hint="Sync it: what is as it should be is taken over again. Then unlink",
            )
        plan = await work.start.in_thread(_to_unlink, work, targets)
        left = tuple(target.id for target in work.start.targets if targets is not None and target.id not in targets)
        return await withdraw(work, plan, TransactionKind.UNLINK, hold, everything=targets is None, left=left)


@asynccontextmanager
async def _locked(project: Project, engine: Engine, asked: Asked) -> AsyncGenerator[Work]:
    lock_file = engine.layout.sync_lock(project.id)
    held = engine.locks.held(project.id, lock_file, asked.lock_timeout_s, only_to_look=asked.dry_run)
    async with held, engine.in_place(urgent=True) as mine:
        options = Options(dry_run=asked.dry_run, lock_timeout_s=asked.lock_timeout_s)
        start = await Start.load(project, mine, options)
        ledger, problems = await start.in_thread(start.ledger)
        recovered = await start.in_thread(partial(recover, start, ledger, only_to_look=asked.dry_run))
        yield Work(start, recovered.ledger, recovered.unfinished, (*problems, *recovered.problems))


def _is_lost(work: Work) -> bool:
    ledger = work.ledger
    return ledger.lost or (not ledger.entries and not work.start.has_ledger and had_outputs(work.start))


def _to_unlink(work: Work, targets: tuple[str, ...] | None) -> Plan:
    start, ledger = work.start, work.ledger
    formats = start.engine.formats
    looked, nothing = Looked(), Desired()
    git = look_at_git(work.root, start.project.scope, nothing, looked, hides=True, filled=ledger.gaps)
    observed = observe(work.root, nothing, ledger, formats, start.memory.cache, looked, git.tracked)
    plan = unlink_plan(observed, ledger, scope=start.project.scope, targets=targets)
    return giving_back(plan, ledger, work.history, formats)


__all__ = ["Asked", "History", "Hold", "Undo", "history", "undo", "unlink"]
