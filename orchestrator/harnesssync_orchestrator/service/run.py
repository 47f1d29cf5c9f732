"""The steps of one sync, in the order in which `sync` takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

import anyio

from harnesssync_orchestrator.core.desired import Address, Desired
from harnesssync_orchestrator.core.drift import Drift
from harnesssync_orchestrator.core.history import Record, TransactionKind
from harnesssync_orchestrator.core.items import Problem, Scope, Source
from harnesssync_orchestrator.core.ledger import Ledger, Method
from harnesssync_orchestrator.core.plan import HaltReason, Plan
from harnesssync_orchestrator.core.projects import Project, project_id
from harnesssync_orchestrator.core.unlinking import give_back, going
from harnesssync_orchestrator.errors import LockTimeoutError, StateError
from harnesssync_orchestrator.files import git
from harnesssync_orchestrator.files.copying import marker_path
from harnesssync_orchestrator.files.exclude import listed, update_exclude
from harnesssync_orchestrator.files.footprint import Footprint
from harnesssync_orchestrator.files.hashing import RACY_NS, HashCache
from harnesssync_orchestrator.files.history.originals import originals
from harnesssync_orchestrator.files.reading import Looked
from harnesssync_orchestrator.service.adopting import adopt, edited_since
from harnesssync_orchestrator.service.engine import Engine, SyncResult
from harnesssync_orchestrator.service.linking import Outcome
from harnesssync_orchestrator.service.memory import Remembered, encode
from harnesssync_orchestrator.service.recovering import recover
from harnesssync_orchestrator.service.reporting import finished_report, planned_report
from harnesssync_orchestrator.service.resolving import tell
from harnesssync_orchestrator.service.start import Start
from harnesssync_orchestrator.service.survey import Survey, Surveyor, read_source
from harnesssync_orchestrator.service.transaction import Transaction
from harnesssync_orchestrator.service.watched import folders_of_outputs, folders_to_watch

GIT_SETTLES_S = 2.0
"""How long a sync waits for git to finish (an index lock, a rebase) before it gives up for now."""

GIT_LOOKS_S = 0.02

EXCLUDE_S = 5.0
"""How long a sync waits at most for another one, of another worktree, to have changed `info/exclude`."""


@dataclass
class Run:
    """One sync that has something to do, or has to look closely to know. Its steps are to be taken under the project's
    lock.

    `sources` and `outputs` are what was looked at, for the footprint; `watch` the folders whose changes matter.
    `adopted` are links to be made again now that the source says what the file in their place said, with the digest of
    that file; `drift` is what was found before anything was adopted.
    `unfinished` is a transaction that was killed before.
    `hidden` says that git could be kept from seeing our outputs: if not, nothing private and no credential is written.
    """

    start: Start
    cache: HashCache
    ledger: Ledger
    problems: tuple[Problem, ...]
    sources: Looked = field(default_factory=Looked)
    outputs: Looked = field(default_factory=Looked)
    watch: frozenset[str] = frozenset()
    outcome: Outcome = field(default_factory=Outcome)
    notes: list[str] = field(default_factory=list)
    hidden: bool = True
    unfinished: Record | None = None
    adopted: Mapping[Address, str] = field(default_factory=dict)
    drift: Mapping[Drift, int] = field(default_factory=dict)

    @classmethod
    def begin(cls, start: Start) -> Run:
        """Load the rest of what was kept of the project. Blocking. Raises StateError."""
        ledger, problems = start.ledger()
        return cls(start, start.memory.cache, ledger, tuple(problems))

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

    async def recover(self) -> None:
        """After a sync that was killed: clear away what it left behind, and take over what it had finished."""
        only_to_look = self.start.options.dry_run
        recovered = await self.start.in_thread(partial(recover, self.start, self.ledger, only_to_look=only_to_look))
        self.ledger, self.unfinished = recovered.ledger, recovered.unfinished
        self.problems += recovered.problems

    # --- let git settle

    async def git_settles(self) -> bool:
        """Wait for git to end what it is doing in the worktree; False if it takes too long."""
        if self.project.scope is not Scope.PROJECT:
            return True
        with anyio.move_on_after(GIT_SETTLES_S):
            while await self.start.in_thread(git.busy, self.root):  # noqa: ASYNC110 - git sets no event
                await anyio.sleep(GIT_LOOKS_S)
            return True
        return False

    # --- read the source, survey and plan

    async def survey(self) -> Survey:
        """Read everything, and plan. Nothing has been written when this returns."""
        source = await self._read_source()
        surveyor = self._surveyor()
        desired = await self.start.in_thread(surveyor.desired, source)
        return await self._look(surveyor, source, desired)

    async def _read_source(self) -> Source:
        self.sources, engine = Looked(), self.engine
        source = await read_source(
            self.project,
            engine.places,
            self.cache,
            self.sources,
            engine.limits,
            rehash=self.start.options.rehash,
            allowed=self.start.trust.reachable,
        )
        self.watch = await self.start.in_thread(folders_to_watch, self.sources, self.project.path)
        return replace(source, problems=(*self.problems, *source.problems))

    def _surveyor(self) -> Surveyor:
        return Surveyor(
            project=self.project,
            targets=self.start.targets,
            formats=self.engine.formats,
            homes=self.start.homes,
            cache=self.cache,
            trust=self.start.trust,
            confirmed=self.start.options.confirmed,
            resolution=self.start.resolution.restoring(self.adopted),
            hides=self.engine.exclude,
        )

    async def _look(self, surveyor: Surveyor, source: Source, desired: Desired) -> Survey:
        self.outputs = Looked()
        seen = await self.start.in_thread(surveyor.survey, source, desired, self.ledger, self.outputs)
        await self._watch_outputs()
        targets = self.start.options.targets
        return replace(seen, plan=seen.plan.limited_to(targets)) if targets else seen

    # --- adopt

    async def adopt(self, seen: Survey) -> Survey:
        """Take those edits of outputs into the source that are to be adopted and can be, and survey anew. In a dry run
        that is only planned."""
        adoption = await adopt(self.start, self._surveyor(), seen)
        if self.start.options.dry_run or not (adoption.operations or adoption.replaced):
            return adoption.seen
        self.drift = adoption.seen.plan.drift
        transaction = Transaction(self.start, self.ledger, self.outcome, kind=self._kind, unfinished=self.unfinished)
        plan = await transaction.keep(Plan(operations=adoption.operations))
        try:
            await transaction.carry_out(plan)
        finally:
            self.ledger = transaction.ledger
        if self.outcome.failures:
            return seen
        self.adopted = adoption.replaced
        again = await self.survey()
        newer = edited_since(again.plan.operations, self.adopted)
        if newer:
            self.adopted = {address: digest for address, digest in self.adopted.items() if address not in newer}
            again = await self.survey()
        return adoption.explained(again)

    async def _watch_outputs(self) -> None:
        """Have their folders watched, as far as they are there by now."""
        ledger = str(self.engine.layout.ledger_file(self.project))
        self.watch |= await self.start.in_thread(folders_of_outputs, self.outputs, self.project.path, ledger)

    # --- keep our outputs out of git

    async def keep_from_git(self, seen: Survey, *, before: bool = False) -> None:
        """Keep our outputs out of `git status`, unless git tracks them or the configuration says otherwise.

        Those that are made `before` they are, so that no `git add` that comes in between takes something private along;
        what is hidden by then stays so until what goes is gone, and the record of it has the lines.
        """
        if self.project.scope is not Scope.PROJECT or not self.engine.exclude or seen.plan.stops:
            return
        shared = await self.start.in_thread(git.repository, self.root)
        if shared is None:
            return
        gone = self.outcome.removed_documents
        paths = [*(path for path in seen.plan.exclude if path not in gone), *map(marker_path, self._copied)]
        lock, patience_s = self.engine.layout.exclude_lock(shared), min(EXCLUDE_S, self.start.options.lock_timeout_s)
        all_of_them = await self.start.in_thread(git.worktrees, shared)
        present = {self.project.id, *(project_id(str(root)) for root in all_of_them)}
        update = partial(update_exclude, lock=lock, timeout=patience_s, worktrees=present)
        try:
            lines = await self.start.in_thread(listed, shared, self.project.id) if before else ()
            await self.start.in_thread(partial(update, lines=lines), shared, self.project.id, paths)
        except (StateError, LockTimeoutError) as error:
            self.hidden = False
            self.outcome.fail(error, path=error.path)

    @property
    def _copied(self) -> frozenset[str]:
        """The paths of copies, each of which has a marker beside it."""
        return frozenset(address.path for address, entry in self.ledger.entries.items() if entry.method is Method.COPY)

    # --- keep what is there, link

    async def keep(self, seen: Survey) -> Survey:
        """Keep everything that is about to be replaced or removed; what of the plan can then be carried out.

        Raises StateError when it can't be kept: then nothing is changed.
        """
        self.transaction.kind = self._kind
        seen = await self.start.in_thread(self._giving_back, seen)
        return replace(seen, plan=await self.transaction.keep(seen.plan))

    def _giving_back(self, seen: Survey) -> Survey:
        """Let what goes give way to what a person once let us replace."""
        plan = seen.plan
        history = self.engine.layout.history_dir(self.project)
        found = originals(history, self.ledger, going(plan.operations), self.engine.formats)
        return replace(seen, plan=give_back(plan, self.ledger, stood=found.stood, values=found.values, lost=found.lost))

    async def link(self, seen: Survey) -> None:
        """Carry out the plan, and record it, also when the sync is cancelled midway."""
        try:
            await self.transaction.carry_out(seen.plan if self.hidden else seen.plan.without_delicate())
        finally:
            self.ledger = self.transaction.ledger
        self._tell_copies()
        done = [one.operation for one in self.outcome.done]
        tell(done, self.engine.log, project_id=self.project.id, sync_id=self.start.sync_id)
        if seen.plan.operations and self.hidden:
            await self.keep_from_git(seen)  # only now is it known which outputs have a marker beside them, or are gone

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
        """Look once more at what was written, and keep that look: if then nothing is left to do, the next sync only
        has to see that everything still looks the same.

        The wait before the look lets the clock of the file system tick: a change right after ours then shows.
        """
        outcome = self.outcome
        if outcome.done:
            await self._watch_outputs()
        unanswered = any(problem.code == "git_failed" for problem in seen.problems)
        options = self.start.options
        if outcome.failures or options.targets or seen.plan.halt or unanswered:
            return
        if options.confirmed and any(problem.hides for problem in seen.source.problems):
            return  # a sync that is not confirmed has more to say
        if outcome.done:
            await self._tick()
            hidden = seen.plan.exclude
            seen = await self._look(self._surveyor(), seen.source, seen.desired)
            if self.outputs.uncertain:
                return
            if seen.plan.exclude != hidden:
                await self.keep_from_git(seen)  # a merged file is ours alone again, without somebody's edit of a key
        footprint = await self._footprint(seen)
        if outcome.done and not footprint.settled:
            # Sources that were written a moment before they were read: what they say now, they will still say later.
            source = await self._read_source()
            footprint = await self._footprint(seen)
            same = (source.digest, source.problems) == (seen.source.digest, seen.source.problems)
            footprint = replace(footprint, settled=footprint.settled and same)
        if not seen.plan.is_empty or not footprint.settled:
            return
        try:
            await self.start.in_thread(self.start.memory.save, footprint)
        except OSError as error:
            folder = self.engine.layout.project_dir(self.project.id)
            self.notes.append(
                f"Another process may have to read everything again, since nothing can be kept in {folder}: "
                f"{error.strerror or error}. Make room there, and give yourself the right to write"
            )

    async def _tick(self) -> None:
        """Let the file system's clock tick. Another project has the place among the syncs in flight meanwhile."""
        places = self.engine.limits.projects
        places.release()
        try:
            await anyio.sleep(2 * RACY_NS / 1e9)
        finally:
            with anyio.CancelScope(shield=True):
                await places.acquire()

    async def _footprint(self, seen: Survey) -> Footprint:
        self.outputs.lstat(str(self.engine.layout.ledger_file(self.project)))
        remembered = Remembered(
            unchanged=seen.plan.unchanged,
            conflicts=seen.plan.conflicts,
            losses=seen.plan.losses,
            held=seen.plan.held,
            kept=seen.plan.kept,
            drift=seen.plan.drift,
            problems=tuple(problem for problem in seen.problems if problem not in self.problems),
            notes=self._consent(seen),
            watch=tuple(sorted(self.watch)),
        )
        # What we wrote may stand in a folder that was searched for sources: that folder changed, and only by us.
        changed = [str(path) for path in self.outcome.paths(self.root)]
        ours = await self.start.in_thread(self.sources.set_aside, changed)
        return await self.start.in_thread(
            partial(Footprint.of, self.sources, ours, self.outputs, key=self.start.key, result=encode(remembered))
        )

    # --- report

    def halted(self, reason: HaltReason) -> SyncResult:
        """The sync has not begun; what is to be watched is what the last one found."""
        remembered = self.start.memory.remembered()
        report = planned_report(
            self.project, self.start.targets, Plan(halt=reason, halt_message=_HALTED.get(reason, "")), (), ()
        )
        return self.start.result(report, frozenset(remembered.watch if remembered else ()))

    def planned(self, seen: Survey) -> SyncResult:
        """What a sync would do."""
        report = planned_report(self.project, self.start.targets, seen.plan, seen.problems, self._consent(seen))
        return self.start.result(report, self.watch)

    def finished(self, seen: Survey) -> SyncResult:
        """What the sync did."""
        notes = (*self._consent(seen), *self.notes)
        report = finished_report(self.project, self.start.targets, seen.plan, seen.problems, notes, self.outcome)
        return self.start.result(replace(report, drift=self.drift) if self.drift else report, self.watch)

    def _consent(self, seen: Survey) -> tuple[str, ...]:
        """What a person must still agree to in the harnesses themselves; we never forge it."""
        served = {owner for wish in seen.desired.wanted.values() for owner in wish.owners}
        return tuple(note for target in self.start.targets if target.id in served for note in target.consent)


_HALTED = {
    HaltReason.FOREIGN_OWNER: "it belongs to another user, and is not read until you trust it",
    HaltReason.GIT_BUSY: "git is at work in it",
}
