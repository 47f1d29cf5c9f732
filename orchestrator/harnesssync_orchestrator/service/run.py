"""The steps of one sync, in the order in which `sync` takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

import anyio

from harnesssync_orchestrator.core.drift import Drift
from harnesssync_orchestrator.core.halts import HaltReason
from harnesssync_orchestrator.core.history import Record, TransactionKind
from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.core.plan import Plan
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.errors import LockTimeoutError, StateError
from harnesssync_orchestrator.files import git
from harnesssync_orchestrator.files.history.originals import giving_back
from harnesssync_orchestrator.files.turns import in_turn
from harnesssync_orchestrator.service import threads
from harnesssync_orchestrator.service.adopting import adopt, edited_since
from harnesssync_orchestrator.service.beside import covered_now, notes_now
from harnesssync_orchestrator.service.engine import Engine, SyncResult
from harnesssync_orchestrator.service.hiding import Hiding, had_outputs, shown_by_git
from harnesssync_orchestrator.service.linking import Outcome
from harnesssync_orchestrator.service.looking import Looking
from harnesssync_orchestrator.service.memory import remembered_by
from harnesssync_orchestrator.service.recovering import recover
from harnesssync_orchestrator.service.remembering import may_be_remembered, note_whereabouts, remember
from harnesssync_orchestrator.service.reporting import finished_report, planned_report
from harnesssync_orchestrator.service.resolving import tell
from harnesssync_orchestrator.service.start import Start
from harnesssync_orchestrator.service.survey import Survey
from harnesssync_orchestrator.service.transaction import Transaction, is_small

GIT_SETTLES_S = 2.0
"""How long a sync waits for git to finish (an index lock, a rebase) before it gives up for now."""

GIT_LOOKS_S = 0.02


@dataclass
class Run:
    """One sync that has something to do, or has to look closely to know. Its steps are to be taken under the project's
    lock.

    `drift` is what was found before anything was adopted. `unfinished` is a transaction that was killed before.
    `hidden` says that git could be kept from seeing our outputs: if not, nothing private and no credential is written.
    """

    start: Start
    ledger: Ledger
    looking: Looking
    hiding: Hiding
    outcome: Outcome = field(default_factory=Outcome)
    notes: list[str] = field(default_factory=list)
    hidden: bool = True
    unfinished: Record | None = None
    drift: Mapping[Drift, int] = field(default_factory=dict)
    _git_is_busy: bool = False
    _git_is_at: str = ""

    @classmethod
    def begin(cls, start: Start) -> Run:
        """Load the rest of what was kept of the project. Blocking. Raises StateError."""
        ledger, problems = start.ledger()
        if not (ledger.entries or ledger.lost or start.has_ledger) and had_outputs(start):
            # Taken over again, and kept from git meanwhile: there may be credentials in them.
            ledger = replace(ledger, lost=True)
        start.memory.unconfirmed = None
        recall = start.memory.recall() if start.options.automatic and start.options.changed else None
        looking = Looking(start, start.memory.cache, tuple(problems), recall=recall)
        return cls(start, ledger, looking, Hiding(start))

    @property
    def project(self) -> Project:
        return self.start.project

    @property
    def engine(self) -> Engine:
        return self.start.engine

    @property
    def root(self) -> Path:
        return Path(self.project.path)

    # --- recover

    def recover(self) -> None:
        """After a sync that was killed: clear away what it left behind, and take over what it had done. Blocking."""
        recovered = recover(self.start, self.ledger, only_to_look=self.start.options.dry_run)
        self.ledger, self.unfinished = recovered.ledger, recovered.unfinished
        self.looking.problems += recovered.problems
        self._git_is_busy = self.project.scope is Scope.PROJECT and git.busy(self.root)

    def look(self) -> None:
        """Begin to survey already in the thread that began, unless git is to settle before. Blocking."""
        if not self._git_is_busy:
            self.looking.look(self.ledger)

    # --- let git settle

    async def git_settles(self) -> bool:
        """Wait for git to end what it is doing in the worktree; False if it takes too long."""
        if not self._git_is_busy:
            return True
        with anyio.move_on_after(GIT_SETTLES_S):
            while await self.start.in_thread(git.busy, self.root):  # noqa: ASYNC110 - git sets no event
                await anyio.sleep(GIT_LOOKS_S)
            return True
        self._git_is_at = await self.start.in_thread(git.busy_with, self.root)
        return False

    # --- survey and plan

    async def survey(self) -> Survey:
        """Read everything, and plan. Nothing has been written when this returns."""
        return await self.looking.survey(self.ledger)

    # --- adopt

    async def adopt(self, seen: Survey) -> Survey:
        """Take those edits of outputs into the source that are to be adopted and can be, and survey anew. In a dry run
        that is only planned."""
        adoption = await adopt(self.start, self.looking.surveyor(), seen)
        if self.start.options.dry_run or not (adoption.operations or adoption.replaced):
            return adoption.seen
        self.drift = adoption.seen.plan.drift
        transaction = Transaction(self.start, self.ledger, self.outcome, kind=self._kind, unfinished=self.unfinished)
        plan = await transaction.keep(Plan(operations=adoption.operations))
        try:
            await transaction.carry_out(plan)
        finally:
            self.ledger = transaction.ledger
        self.looking.recall = None
        if self.outcome.failures:
            await self.start.in_thread(self.recover)  # what failed may have done a part of its work
            return seen
        self.looking.adopted = adoption.replaced
        again = await self.survey()
        newer = edited_since(again.plan.operations, self.looking.adopted)
        if newer:
            self.looking.adopted = {each: digest for each, digest in adoption.replaced.items() if each not in newer}
            again = await self.survey()
        return adoption.explained(again)

    # --- keep our outputs out of git

    def keep_from_git(self, seen: Survey, *, before: bool = False) -> None:
        """Keep our outputs out of `git status`, unless git tracks them or the configuration says otherwise. Blocking.

        Those that are made `before` they are, so that no `git add` that comes in between takes something private along;
        what is hidden by then stays so until what goes is gone, and the record of it has the lines. What may be private
        stays so, whoever edits it.
        """
        if seen.plan.stops:
            return
        try:
            self.hiding.hide(seen.plan, self.ledger, self.outcome.removed_documents, before=before)
        except (StateError, LockTimeoutError) as error:
            self.hidden = False
            self.outcome.fail(error, path=error.path)

    # --- keep what is there, link, record

    async def write(self, seen: Survey) -> Survey:
        """Keep everything that is about to be replaced or removed, and from git what is about to be made; then carry
        out what of the plan can be, and record it, also when the sync is cancelled midway.

        Raises StateError when nothing can be kept: then nothing is changed.
        """
        self.transaction.kind = self._kind
        if is_small(seen.plan):
            work = partial(in_turn, self._write_at_once, seen)
            seen = await threads.run_sync(work, limiter=self.engine.limits.linking)
        else:
            seen = await self.start.in_thread(self._keep, seen)
            try:
                await self.transaction.carry_out(self._permitted(seen.plan))
            finally:
                self.ledger = self.transaction.ledger
            await self.start.in_thread(self._after_linking, seen)
        self._tell_copies()
        done = [one.operation for one in self.outcome.done]
        tell(done, self.engine.log, project_id=self.project.id, sync_id=self.start.sync_id)
        return seen

    def _write_at_once(self, seen: Survey) -> Survey:
        seen = self._keep(seen)
        try:
            self.transaction.carry_out_now(self._permitted(seen.plan))
        finally:
            self.ledger = self.transaction.ledger
        if seen.plan.operations:
            self._after_linking(seen)
        return seen

    def _permitted(self, plan: Plan) -> Plan:
        """What of the plan may be carried out, now that it is known what git sees."""
        return plan if self.hidden else plan.without_delicate()

    def _keep(self, seen: Survey) -> Survey:
        seen = self._giving_back(seen)
        if seen.plan.operations or seen.plan.exclude:
            self.transaction.found()
        seen = replace(seen, plan=self.transaction.keep_now(seen.plan))
        self.keep_from_git(seen, before=bool(seen.plan.operations))
        if self.project.scope is Scope.PROJECT and self.hidden and not seen.plan.stops:
            note_whereabouts(self)
        return seen

    def _giving_back(self, seen: Survey) -> Survey:
        """Let what goes give way to what a person once let us replace."""
        return replace(seen, plan=giving_back(seen.plan, self.ledger, self.start.history_dir, self.engine.formats))

    def _after_linking(self, seen: Survey) -> None:
        if self.hidden:
            self.keep_from_git(seen)  # only now is it known which outputs have a marker beside them, or are gone
        if self.outcome.done:
            if any(one.applied.made for one in self.outcome.done):
                self.looking.watch_outputs()
            self._leave_to_confirm(seen)

    def _leave_to_confirm(self, seen: Survey) -> None:
        """Note what was written, for the syncs that answer to nothing else than that."""
        if self.start.options.automatic and may_be_remembered(self, seen):
            written = self.outcome.written(self.root, self.transaction.history)
            self.start.memory.unconfirmed = {**written, **self.transaction.saved}

    @property
    def _kind(self) -> TransactionKind:
        return TransactionKind.RESOLVE if self.start.options.choices else TransactionKind.SYNC

    @cached_property
    def transaction(self) -> Transaction:
        """The writing part, which begins with what the ledger says by then."""
        return Transaction(self.start, self.ledger, self.outcome, unfinished=self.unfinished)

    def _tell_copies(self) -> None:
        for one in self.outcome.done:
            for warning in one.applied.warnings:
                self.engine.log.warning(
                    "output.copied",
                    project_id=self.project.id,
                    sync_id=self.start.sync_id,
                    output=one.operation.path,
                    method=one.applied.method,
                    message=warning,
                )

    # --- look again

    async def remember(self, seen: Survey) -> None:
        """Look once more at what was written, and keep that look for the next sync."""
        await remember(self, seen)

    # --- report

    def halted(self, reason: HaltReason) -> SyncResult:
        """The sync has not begun; what is to be watched is what the last one found."""
        remembered = remembered_by(self.start.memory.footprint)
        why = (self._git_is_at or _GOING) if reason is HaltReason.GIT_BUSY else _NOT_READ
        report = planned_report(self.project, self.start.targets, Plan(halt=reason, halt_message=why), (), ())
        return self.start.result(report, frozenset(remembered.watch if remembered else ()))

    async def planned(self, seen: Survey) -> SyncResult:
        """What a sync would do."""
        start, targets, plan = self.start, self.start.targets, seen.plan
        shown = await start.in_thread(shown_by_git, start, plan)
        covered = await start.in_thread(covered_now, start, plan, self.ledger)
        notes = (*seen.consent(targets), *await start.in_thread(notes_now, start))
        report = planned_report(self.project, targets, plan, seen.problems, notes, shown=shown, covered=covered)
        return self.start.result(report, self.looking.watch)

    def finished(self, seen: Survey) -> SyncResult:
        """What the sync did."""
        notes = (*seen.consent(self.start.targets), *self.notes, *self.hiding.notes)
        report = finished_report(self.project, self.start.targets, seen.plan, seen.problems, notes, self.outcome)
        report = replace(report, drift=self.drift or report.drift)
        if self.hidden:
            report = replace(report, shown=self.hiding.shown, covered=self.hiding.covered)
        result = self.start.result(report, self.looking.watch)
        return replace(result, confirmed=False) if self.looking.has_recalled else result


_GOING = "what is in it is being removed: once that is over, it is looked at again"
_NOT_READ = "it belongs to another user, and is not read until you trust it"
