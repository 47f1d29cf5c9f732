"""Taking back what was written: the last sync (`undo`), or all of it (`unlink`).

Both are transactions like a sync: what they replace is kept first, every operation says what it expects to find, and
what a person edited is left alone.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from shlex import quote
from typing import Any

from harnesssync_orchestrator.core.desired import Desired
from harnesssync_orchestrator.core.history import Record, TransactionKind, undone
from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.core.plan import ConflictKind, Plan, Restore
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.report import Failure
from harnesssync_orchestrator.core.source import Problem
from harnesssync_orchestrator.core.unlinking import give_back, going, unlink_plan
from harnesssync_orchestrator.core.withdrawal import Withdrawal, history_to_json, together
from harnesssync_orchestrator.errors import LockTimeoutError, StateError
from harnesssync_orchestrator.files.exclude_block import listed
from harnesssync_orchestrator.files.exposed import look_at_git
from harnesssync_orchestrator.files.history import records
from harnesssync_orchestrator.files.history.originals import originals
from harnesssync_orchestrator.files.observe import observe
from harnesssync_orchestrator.files.reading import Looked
from harnesssync_orchestrator.files.store import now
from harnesssync_orchestrator.service.engine import Engine, Options
from harnesssync_orchestrator.service.hiding import hide_lines, lines_of_what_is_there, patterns
from harnesssync_orchestrator.service.linking import Outcome
from harnesssync_orchestrator.service.meant import to_undo, what_was_before
from harnesssync_orchestrator.service.recovering import problems_of, recover
from harnesssync_orchestrator.service.start import Start
from harnesssync_orchestrator.service.transaction import Transaction

Hold = Callable[[tuple[str, ...]], Awaitable[bool]]
"""Keeps what is taken back from being written again: called before the first change with the ids of the targets that
the project keeps, or with none if it is to be paused. False if the project is not registered."""

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


@dataclass(slots=True)
class Work:
    """One withdrawal under the project's lock. `ledger` is what it says by now."""

    start: Start
    ledger: Ledger
    unfinished: Record | None
    problems: tuple[Problem, ...]

    @property
    def history(self) -> Path:
        return self.start.engine.layout.history_dir(self.start.project)

    @property
    def root(self) -> Path:
        return Path(self.start.project.path)


async def history(project: Project, engine: Engine) -> dict[str, Any]:
    """The transactions of a project, newest first, and what is wrong with those that can't be read, as JSON has them.
    Raises StateError."""
    start = await Start.load(project, engine, Options(dry_run=True))

    def read() -> dict[str, Any]:
        found, errors = records.load_all(engine.layout.history_dir(project))
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
            done = await _withdraw(work, meant.plan, TransactionKind.UNDO, hold)
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
    return await _withdraw(work, plan, TransactionKind.UNDO, hold, undoes=undoes, undone=record)


async def unlink(
    project: Project, engine: Engine, targets: tuple[str, ...] | None, asked: Asked, hold: Hold
) -> Withdrawal:
    """Take away everything that was written for some targets, None for all of them. Raises as `undo` does."""
    async with _locked(project, engine, asked) as work:
        plan = await work.start.in_thread(_to_unlink, work, targets)
        left = tuple(target.id for target in work.start.targets if targets is not None and target.id not in targets)
        return await _withdraw(work, plan, TransactionKind.UNLINK, hold, everything=targets is None, left=left)


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


def _to_unlink(work: Work, targets: tuple[str, ...] | None) -> Plan:
    start, ledger = work.start, work.ledger
    formats = start.engine.formats
    looked, nothing = Looked(), Desired()
    git = look_at_git(work.root, start.project.scope, nothing, looked, hides=True, filled=ledger.gaps)
    observed = observe(work.root, nothing, ledger, formats, start.memory.cache, looked, git.tracked)
    plan = unlink_plan(observed, ledger, scope=start.project.scope, targets=targets)
    found = originals(work.history, ledger, going(plan.operations), formats)
    return give_back(plan, ledger, stood=found.stood, values=found.values, lost=found.lost)


async def _withdraw(
    work: Work,
    plan: Plan,
    kind: TransactionKind,
    hold: Hold,
    *,
    undoes: str = "",
    undone: Record | None = None,
    everything: bool = False,
    left: tuple[str, ...] = (),
) -> Withdrawal:
    """Carry out a plan that takes something back: `undone`, as a whole if `undoes` names it, or everything. `left` are
    the targets that the project keeps."""
    start, outcome = work.start, Outcome()
    project, dry_run = start.project, start.options.dry_run
    held, before = False, None if dry_run else await start.in_thread(_hidden, start, outcome)
    if before is None:  # what is hidden must not be shown since nobody can tell what that is
        plan = plan if dry_run else Plan(conflicts=plan.conflicts)
    elif not (plan.is_empty and work.unfinished is None and not work.ledger.pending):
        held = await hold(left)
        transaction = Transaction(start, work.ledger, outcome, kind=kind, undoes=undoes, unfinished=work.unfinished)
        planned = {operation.path for operation in plan.operations}
        plan = await transaction.keep(plan)
        edited = {conflict.address.path for conflict in plan.conflicts}
        taken = {operation.path for operation in plan.operations}
        if undone is not None:
            taken |= {change.path for change in undone.changes} - edited
        lines = frozenset(undone.exclude or () if undone is not None else ())
        coming = patterns(taken) & lines
        secret = frozenset(await start.in_thread(start.private_lines, before))
        private = secret.union(undone.private if undone is not None else ())
        show_just = partial(_hide, start, outcome=outcome, private=private, everything=everything)
        is_hidden = await show_just(before | coming) or coming <= before
        if not is_hidden:  # what was kept from git may be private, or hold a credential
            await start.in_thread(transaction.discard)
            plan = Plan(conflicts=plan.conflicts)

        async def show() -> None:
            if undone is None and plan.is_empty and not everything:
                await show_just(before & _of_ours(work))
                return
            back = {
                each.path for each in plan.operations if isinstance(each, Restore) and each.before.digest is not None
            }
            staying = patterns(_staying(plan, planned, outcome))  # not to `everything` either: it may be private
            staying |= await start.in_thread(lines_of_what_is_there, start, secret - patterns(back))
            # Git destroys what it ignores: no edit must be hidden from it, unless what is private may be in it.
            gone = patterns(taken | edited) - staying
            left_hidden = before & staying if everything else (before - gone) | gone & patterns(taken) & lines
            theirs = {path for path in back | edited if not everything and staying.isdisjoint(patterns([path]))}
            await show_just(left_hidden, theirs=theirs)

        try:
            if is_hidden:
                await transaction.carry_out(plan, finish=show)
        finally:
            work.ledger, work.unfinished = transaction.ledger, None
    else:  # one that was killed, or failed, may have taken all away but the lines
        secret = frozenset(await start.in_thread(start.private_lines, before))
        staying = patterns(_staying(plan, (), outcome)) | await start.in_thread(lines_of_what_is_there, start, secret)
        kept = before & (staying if everything else _of_ours(work) | staying)
        await _hide(start, kept, outcome=outcome, private=secret & kept, everything=everything)
    return Withdrawal(
        project_id=project.id,
        path=project.path,
        scope=project.scope.value,
        kind=kind,
        undone=undone,
        operations=plan.operations if dry_run else tuple(one.operation for one in outcome.done),
        gone=outcome.removed_documents,
        conflicts=plan.conflicts,
        failures=tuple(outcome.failures),
        problems=work.problems,
        notes=_notes(project, left) if held else (),
        paused=held and not left,
        dry_run=dry_run,
        sync_id=start.sync_id,
        finished=now(),
    )


def _notes(project: Project, left: tuple[str, ...]) -> tuple[str, ...]:
    if left:
        return (f"From now on its targets are: {', '.join(left)}",)
    name = "--user" if project.scope is Scope.USER else quote(project.path)
    return (f"It is paused, or it would be written again. To go on: harnesssync ctl resume {name}",)


def _staying(plan: Plan, planned: Collection[str], outcome: Outcome) -> frozenset[str]:
    """What stands there still and may be just as we left it: what failed of the `planned`, and what can't be looked at
    or given back."""
    changed = {failure.path for failure in outcome.failures if failure.code not in _UNCHANGED}
    failed = set(planned) - {one.operation.path for one in outcome.done} - changed
    return frozenset(failed | {each.address.path for each in plan.conflicts if each.kind is ConflictKind.UNUSABLE})


_UNCHANGED = frozenset({"apply_failed", "disk_full", "not_writable"})
"""The failures with which something stands there as it was before; with others somebody else's may."""


def _of_ours(work: Work) -> frozenset[str]:
    """The lines of all that we still have there."""
    return patterns(address.path for address in (*work.ledger.entries, *work.ledger.made))


def _hidden(start: Start, outcome: Outcome) -> frozenset[str] | None:
    """The lines by which git hides outputs; None, and told, if nobody can tell."""
    try:
        return frozenset(listed(start.hides_in, start.project.id) if start.hides_in is not None else ())
    except StateError as error:
        outcome.fail(error, path=error.path)
        return None


async def _hide(
    start: Start,
    lines: frozenset[str],
    *,
    outcome: Outcome,
    private: Collection[str],
    everything: bool,
    theirs: Iterable[str] = (),
) -> bool:
    """Let just these lines stand in the project's section of `info/exclude`, some of them `private`; and, unless
    `everything` goes, what is `theirs` besides what it says of that so far. False, and told, if that fails."""
    work = partial(hide_lines, start, lines, private=private, theirs=theirs, everything=everything)
    try:
        await start.in_thread(work)
    except (StateError, LockTimeoutError) as error:
        outcome.fail(error, path=error.path)
        return False
    return True


__all__ = ["Asked", "History", "Hold", "Undo", "history", "undo", "unlink"]
