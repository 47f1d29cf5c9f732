"""Carrying out a plan that takes back what was written, and having git show again what stands there then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from shlex import quote

from harnesssync_orchestrator.core.history import Record, TransactionKind
from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.core.plan import ConflictKind, EditDocument, Plan, Restore
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.source import Problem
from harnesssync_orchestrator.core.withdrawal import Withdrawal
from harnesssync_orchestrator.errors import ApplyError, LockTimeoutError, StateError
from harnesssync_orchestrator.files.editing import edit
from harnesssync_orchestrator.files.reading import Looked
from harnesssync_orchestrator.files.store import now
from harnesssync_orchestrator.service.beside import of_ours, patterns
from harnesssync_orchestrator.service.hiding import hide_lines, lines_of_what_is_there
from harnesssync_orchestrator.service.linking import Outcome
from harnesssync_orchestrator.service.start import Start
from harnesssync_orchestrator.service.transaction import Transaction

Hold = Callable[[tuple[str, ...]], Awaitable[bool]]
"""Keeps what is taken back from being written again: called before the first change with the ids of the targets that
the project keeps, or with none if it is to be paused. False if the project is not registered."""


@dataclass(slots=True)
class Work:
    """One withdrawal under the project's lock. `ledger` is what it says by now."""

    start: Start
    ledger: Ledger
    unfinished: Record | None
    problems: tuple[Problem, ...]

    @property
    def history(self) -> Path:
        return self.start.history_dir

    @property
    def root(self) -> Path:
        return Path(self.start.project.path)


async def withdraw(
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
    project, dry_run, is_held = work.start.project, work.start.options.dry_run, False
    withdrawing = _Withdrawing(work, plan, undone, everything)
    if not dry_run and await withdrawing.know_what_is_hidden():
        if withdrawing.has_work:
            is_held = await hold(left)
            await withdrawing.carry_out(kind, undoes)
        else:
            await withdrawing.tidy()
    outcome = withdrawing.outcome
    return Withdrawal(
        project_id=project.id,
        path=project.path,
        scope=project.scope.value,
        kind=kind,
        undone=undone,
        operations=withdrawing.plan.operations if dry_run else tuple(one.operation for one in outcome.done),
        gone=await work.start.in_thread(_documents_to_go, work, plan) if dry_run else outcome.removed_documents,
        conflicts=withdrawing.plan.conflicts,
        failures=tuple(outcome.failures),
        problems=work.problems,
        notes=_notes(project, left) if is_held else (),
        paused=is_held and not left,
        dry_run=dry_run,
        sync_id=work.start.sync_id,
        finished=now(),
    )


@dataclass(slots=True)
class _Withdrawing:
    """One plan that takes back a record, or, without `undone`, the outputs of some targets or `everything`.

    `plan` is what of it can be carried out. `before` are the lines by which git hides outputs when this begins,
    `secret` those of them that must not be shown, whatever other worktrees have there.
    """

    work: Work
    plan: Plan
    undone: Record | None
    everything: bool
    outcome: Outcome = field(default_factory=Outcome)
    before: frozenset[str] = frozenset()
    secret: frozenset[str] = frozenset()

    @property
    def start(self) -> Start:
        return self.work.start

    @property
    def has_work(self) -> bool:
        """Is anything to be taken back, or to be ended?"""
        return not (self.plan.is_empty and self.work.unfinished is None and not self.work.ledger.pending)

    async def know_what_is_hidden(self) -> bool:
        """False, and told, if nobody can tell what git hides: then it must not be shown, and nothing is taken back."""
        try:
            hidden = await self.start.in_thread(self.start.section)
        except StateError as error:
            self.outcome.fail(error, path=error.path)
            self.plan = Plan(conflicts=self.plan.conflicts)
            return False
        self.before, self.secret = frozenset(hidden.listed), frozenset(hidden.listed_private)
        return True

    async def tidy(self) -> None:
        """Take away the lines of what is gone: one that was killed, or failed, may have taken all away but them."""
        staying = await self._staying(planned=(), back=())
        kept = self.before & (staying if self.everything else of_ours(self.work.ledger) | staying)
        await self._hide(kept, private=self.secret)

    async def carry_out(self, kind: TransactionKind, undoes: str) -> None:
        """Keep what is about to be replaced, and do it. What comes back that was hidden is hidden before."""
        work, planned = self.work, frozenset(operation.path for operation in self.plan.operations)
        transaction = Transaction(
            self.start, work.ledger, self.outcome, kind=kind, undoes=undoes, unfinished=work.unfinished
        )
        self.plan = await transaction.keep(self.plan)
        try:
            if await self._hide_what_comes():
                await transaction.carry_out(self.plan, finish=partial(self._show, planned))
            else:  # what was kept from git may be private, or hold a credential
                await self.start.in_thread(transaction.discard)
                self.plan = Plan(conflicts=self.plan.conflicts)
        finally:
            work.ledger, work.unfinished = transaction.ledger, None

    @property
    def _edited(self) -> frozenset[str]:
        """The paths that are left alone."""
        return frozenset(conflict.address.path for conflict in self.plan.conflicts)

    @property
    def _taken(self) -> frozenset[str]:
        """The paths that are taken back, or are as they were before it already."""
        changed = frozenset(change.path for change in self.undone.changes) if self.undone is not None else frozenset()
        return changed - self._edited | {operation.path for operation in self.plan.operations}

    @property
    def _coming(self) -> frozenset[str]:
        """The lines that hid what comes back."""
        lines = self.undone.exclude if self.undone is not None else None
        return patterns(self._taken).intersection(lines or ())

    @property
    def _private(self) -> frozenset[str]:
        return self.secret.union(self.undone.private if self.undone is not None else ())

    async def _hide_what_comes(self) -> bool:
        """False if it would not be hidden."""
        coming = self._coming
        return await self._hide(self.before | coming, private=self._private) or coming <= self.before

    async def _show(self, planned: frozenset[str]) -> None:
        """Hide what stands there now as it was hidden then, and show what is a person's."""
        if self.undone is None and self.plan.is_empty and not self.everything:
            await self._hide(self.before & of_ours(self.work.ledger), private=self._private)
            return
        operations = self.plan.operations
        back = {each.path for each in operations if isinstance(each, Restore) and each.before.digest is not None}
        staying = await self._staying(planned, back)  # not to `everything` either: it may be private
        # Git destroys what it ignores: no edit must be hidden from it, unless what is private may be in it.
        gone = patterns(self._taken | self._edited) - staying
        hidden = self.before & staying if self.everything else (self.before - gone) | (gone & self._coming)
        theirs = frozenset(path for path in back | self._edited if staying.isdisjoint(patterns([path])))
        await self._hide(hidden, private=self._private, theirs=theirs)

    async def _staying(self, planned: Collection[str], back: Collection[str]) -> frozenset[str]:
        """The lines of what stands there still and may be just as we left it: what failed of the `planned`, what can't
        be looked at or given back, and what is private, unless something came `back` in its place."""
        changed = {failure.path for failure in self.outcome.failures if failure.code not in _UNCHANGED}
        failed = set(planned) - {one.operation.path for one in self.outcome.done} - changed
        unusable = {each.address.path for each in self.plan.conflicts if each.kind is ConflictKind.UNUSABLE}
        secret = self.secret - patterns(back)
        return patterns(failed | unusable) | await self.start.in_thread(lines_of_what_is_there, self.start, secret)

    async def _hide(self, lines: frozenset[str], *, private: frozenset[str], theirs: Iterable[str] = ()) -> bool:
        """Let just these lines stand in the project's section of `info/exclude`, some of them `private`, and what is
        `theirs` besides what it says of that so far. False, and told, if that fails."""
        work = partial(
            hide_lines, self.start, self.work.ledger, lines, private=private, theirs=theirs, everything=self.everything
        )
        try:
            await self.start.in_thread(work)
        except (StateError, LockTimeoutError) as error:
            self.outcome.fail(error, path=error.path)
            return False
        return True


_UNCHANGED = frozenset({"apply_failed", "disk_full", "not_writable"})
"""The failures with which something stands there as it was before; with others somebody else's may."""


def not_chosen(work: Work, plan: Plan) -> tuple[str, ...]:
    """What is to be known of outputs that come back for targets which are chosen no more."""
    project, chosen = work.start.project, [target.id for target in work.start.targets]
    back = [entry for each in plan.operations if isinstance(each, Restore) for entry in each.record.values()]
    others = sorted({owner for entry in back for owner in entry.owners}.difference(chosen))
    if not project.targets or not others:
        return ()
    flags = " ".join(f"--target {each}" for each in (*chosen, *others))
    note = (
        f"{', '.join(others)} {'is' if len(others) == 1 else 'are'} not among the targets that were chosen here, so "
        f"the next sync takes those outputs away again. To choose anew: harnesssync ctl add {_typed(project)} {flags}"
    )
    return (note,)


def _documents_to_go(work: Work, plan: Plan) -> frozenset[str]:
    """The merged files that would go with our last key in them. Blocking."""
    going: set[str] = set()
    for operation in plan.operations:
        if isinstance(operation, EditDocument) and operation.remove_when_empty:
            with suppress(ApplyError, OSError):  # what can't be edited is told once that is tried
                content = Looked().read(str(work.root / operation.path))
                if edit(operation, content, work.start.engine.formats) is None:
                    going.add(operation.path)
    return frozenset(going)


def _notes(project: Project, left: tuple[str, ...]) -> tuple[str, ...]:
    if left:
        return (f"From now on its targets are: {', '.join(left)}",)
    return (f"It is paused, or it would be written again. To go on: harnesssync ctl resume {_typed(project)}",)


def _typed(project: Project) -> str:
    """How a command line names a project."""
    return "--user" if project.scope is Scope.USER else quote(project.path)
