"""The steps of one sync, in the order in which `sync` takes them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread

from harnesssync_orchestrator import __version__
from harnesssync_orchestrator.core.items import Problem, Scope, Source
from harnesssync_orchestrator.core.ledger import Ledger, Method
from harnesssync_orchestrator.core.plan import HaltReason, Plan
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.report import Report
from harnesssync_orchestrator.core.targets import Target
from harnesssync_orchestrator.files import git
from harnesssync_orchestrator.files.cleanup import clean
from harnesssync_orchestrator.files.copying import marker_path
from harnesssync_orchestrator.files.exclude import update_exclude
from harnesssync_orchestrator.files.footprint import Footprint, is_unchanged
from harnesssync_orchestrator.files.hashing import RACY_NS
from harnesssync_orchestrator.files.linker import prune
from harnesssync_orchestrator.files.reading import Looked
from harnesssync_orchestrator.files.state import load_ledger, save_ledger
from harnesssync_orchestrator.files.store import now, sweep
from harnesssync_orchestrator.service.engine import Engine, Options, SyncResult
from harnesssync_orchestrator.service.linking import Outcome, link
from harnesssync_orchestrator.service.memory import Memory, Remembered, encode
from harnesssync_orchestrator.service.reporting import finished_report, planned_report, unchanged_report
from harnesssync_orchestrator.service.selection import moved_homes, select, selection_key
from harnesssync_orchestrator.service.survey import Survey, Surveyor, read_source
from harnesssync_orchestrator.service.watched import folders_to_watch

T = TypeVar("T")

GIT_SETTLES_S = 2.0
"""How long a sync waits for git to finish (an index lock, a rebase) before it gives up for now."""

GIT_LOOKS_S = 0.02


@dataclass
class Run:
    """One sync under way. Its steps are to be taken under the project's lock."""

    project: Project
    engine: Engine
    options: Options
    targets: tuple[Target, ...]
    homes: dict[str, str | None]
    memory: Memory
    ledger: Ledger
    key: str
    problems: tuple[Problem, ...] = ()
    sources: Looked = field(default_factory=Looked)
    outputs: Looked = field(default_factory=Looked)
    sync_id: str = field(default_factory=lambda: secrets.token_hex(8))
    began: float = field(default_factory=time.monotonic)

    @property
    def root(self) -> Path:
        return Path(self.project.path)

    @classmethod
    async def begin(cls, project: Project, engine: Engine, options: Options) -> Run:
        """Load what was kept of the project, and choose its targets. Raises StateError."""
        return await anyio.to_thread.run_sync(cls._begin, project, engine, options, limiter=engine.limits.ledgers)

    @classmethod
    def _begin(cls, project: Project, engine: Engine, options: Options) -> Run:
        layout, home = engine.layout, engine.places.home
        memory = engine.memories.of(project.id, layout.cache_file(project.id), layout.footprint_file(project.id))
        ledger, problems = load_ledger(layout.ledger_file(project))
        targets = select(
            project, engine.targets, engine.configured, ledger, home, engine.environ, asked=options.targets
        )
        homes = moved_homes(targets, home, engine.environ)
        return cls(
            project=project,
            engine=engine,
            options=options,
            targets=targets,
            homes=homes,
            memory=memory,
            ledger=ledger,
            key=selection_key(project, targets, homes, __version__),
            problems=tuple(problems),
        )

    # --- has anything changed?

    async def unchanged(self) -> Remembered | None:
        """What the last sync found, if all that it looked at is as it was; nothing is opened for this."""
        footprint = self.memory.footprint
        if self.options.rehash or self.problems or footprint.key != self.key:
            return None
        return self.memory.remembered() if await self._in_thread(is_unchanged, footprint) else None

    # --- recover

    async def recover(self) -> None:
        """After a sync that was killed: clear away what it left behind, and take over what it had finished."""
        if self.ledger.pending and not self.options.dry_run:
            cleaned = await self._in_thread(clean, self.root, self.ledger)
            await self._in_thread(sweep, self.engine.layout.ledger_file(self.project).parent)
            self.ledger = self.ledger.changed(record=cleaned.recovered)
            self.problems += tuple(_left_over(self.root / path) for path in cleaned.kept)

    # --- let git settle

    async def git_settles(self) -> bool:
        """Wait for git to end what it is doing in the worktree; False if it takes too long."""
        if self.project.scope is not Scope.PROJECT:
            return True
        with anyio.move_on_after(GIT_SETTLES_S):
            while await self._in_thread(git.busy, self.root):  # noqa: ASYNC110 - git sets no event
                await anyio.sleep(GIT_LOOKS_S)
            return True
        return False

    # --- read the source, survey and plan

    async def survey(self) -> Survey:
        """Read everything, and plan. Nothing has been written when this returns."""
        return await self._survey(await self._read_source())

    async def _read_source(self) -> Source:
        self.sources, engine = Looked(), self.engine
        rehash = self.options.rehash
        source = await read_source(
            self.project, engine.places, self.memory.cache, self.sources, engine.limits, rehash=rehash
        )
        return replace(source, problems=(*self.problems, *source.problems))

    async def _survey(self, source: Source) -> Survey:
        surveyor = Surveyor(
            project=self.project,
            targets=self.targets,
            formats=self.engine.formats,
            homes=self.homes,
            cache=self.memory.cache,
            confirmed=self.options.confirmed,
        )
        self.outputs = Looked()
        seen = await self._in_thread(surveyor.survey, source, self.ledger, self.outputs)
        if not self.options.targets:
            return seen
        return replace(seen, plan=seen.plan.limited_to(self.options.targets))

    # --- link

    async def link(self, seen: Survey) -> Outcome:
        """Carry out the plan, and record it. What is about to be written is recorded before the first change, and
        what was written also when the sync is cancelled midway."""
        outcome, plan = Outcome(), seen.plan
        try:
            if plan.operations:
                await self._save(replace(self.ledger, pending=plan.intent))
                await link(plan, self.root, self.engine.formats, now(), self.engine.limits, outcome)
                self._tell_copies(outcome)
        finally:
            with anyio.CancelScope(shield=True):
                await self._record(plan, outcome)
        return outcome

    def _tell_copies(self, outcome: Outcome) -> None:
        for one in outcome.done:
            for warning in one.applied.warnings:
                self.engine.log.warning(
                    "output.copied",
                    project_id=self.project.id,
                    sync_id=self.sync_id,
                    output=one.operation.path,
                    method=one.applied.method,
                    message=warning,
                )

    async def _record(self, plan: Plan, outcome: Outcome) -> None:
        if not outcome.done and plan.is_empty:
            return
        stamp = now()
        adopted = {address: replace(entry, timestamp=stamp) for address, entry in plan.adopt.items()}
        ledger = outcome.recorded_in(self.ledger).changed(record=adopted, forget=plan.forget)
        emptied = await self._in_thread(prune, self.root, ledger.made) if plan.removes else ()
        await self._save(replace(ledger.changed(unmade=emptied), pending={}, last_sync=stamp))

    async def _save(self, ledger: Ledger) -> None:
        file = self.engine.layout.ledger_file(self.project)
        await anyio.to_thread.run_sync(save_ledger, file, ledger, limiter=self.engine.limits.ledgers)
        self.ledger = ledger

    async def keep_from_git(self, seen: Survey) -> None:
        """Keep our outputs out of `git status`, unless git tracks them or the configuration says otherwise."""
        if self.project.scope is not Scope.PROJECT or not self.engine.exclude or self.options.targets or seen.plan.halt:
            return
        shared = await self._in_thread(git.repository, self.root)
        if shared is not None:
            copies = (address.path for address, entry in self.ledger.entries.items() if entry.method is Method.COPY)
            paths = [*seen.plan.exclude, *map(marker_path, copies)]
            lock = self.engine.layout.exclude_lock(shared)
            await self._in_thread(partial(update_exclude, shared, self.project.id, paths, lock=lock))

    # --- look again

    async def remember(self, seen: Survey, outcome: Outcome) -> None:
        """Look once more at what was written, and keep that look: if then nothing is left to do, the next sync only
        has to see that everything still looks the same.

        The wait before the look lets the clock of the file system tick: a change right after ours then shows.
        """
        if outcome.failures or self.options.targets or seen.plan.halt:
            return
        if outcome.done:
            await anyio.sleep(2 * RACY_NS / 1e9)
            seen = await self._survey(seen.source)
        footprint = await self._footprint(seen, outcome)
        if outcome.done and not footprint.settled:
            # Sources that were written a moment before they were read: what they say now, they will still say later.
            source = await self._read_source()
            footprint = await self._footprint(seen, outcome)
            footprint = replace(footprint, settled=footprint.settled and source.digest == seen.source.digest)
        if not seen.plan.is_empty or not footprint.settled:
            return
        layout, id_ = self.engine.layout, self.project.id
        await self._in_thread(self.memory.save, layout.cache_file(id_), layout.footprint_file(id_), footprint)

    async def _footprint(self, seen: Survey, outcome: Outcome) -> Footprint:
        self.outputs.lstat(str(self.engine.layout.ledger_file(self.project)))
        remembered = Remembered(
            unchanged=seen.plan.unchanged,
            conflicts=seen.plan.conflicts,
            losses=seen.plan.losses,
            held=seen.plan.held,
            problems=tuple(problem for problem in seen.source.problems if problem not in self.problems),
            notes=self._notes(seen),
            watch=tuple(sorted(folders_to_watch(self.sources, self.project.path))),
        )
        # What we wrote may stand in a folder that was searched for sources: that folder changed, and only by us.
        ours = await self._in_thread(self.sources.set_aside, [str(path) for path in outcome.paths(self.root)])
        return await self._in_thread(
            partial(Footprint.of, self.sources, ours, self.outputs, key=self.key, result=encode(remembered))
        )

    # --- report

    def still(self, remembered: Remembered) -> SyncResult:
        """Nothing has changed since the last sync."""
        report = unchanged_report(self.project, self.targets, remembered)
        return self._result(report, frozenset(remembered.watch))

    def halted(self, reason: HaltReason) -> SyncResult:
        """The sync has not begun; what is to be watched is what the last one found."""
        remembered = self.memory.remembered()
        report = planned_report(self.project, self.targets, Plan(halt=reason), (), ())
        return self._result(report, frozenset(remembered.watch if remembered else ()))

    def planned(self, seen: Survey) -> SyncResult:
        """What a sync would do."""
        report = planned_report(self.project, self.targets, seen.plan, seen.source.problems, self._notes(seen))
        return self._result(report, folders_to_watch(self.sources, self.project.path))

    def finished(self, seen: Survey, outcome: Outcome) -> SyncResult:
        """What the sync did."""
        report = finished_report(
            self.project, self.targets, seen.plan, seen.source.problems, self._notes(seen), outcome
        )
        return self._result(report, folders_to_watch(self.sources, self.project.path))

    def _result(self, report: Report, watch: frozenset[str]) -> SyncResult:
        duration = time.monotonic() - self.began
        stamped = replace(report, sync_id=self.sync_id, finished=now(), duration_s=round(duration, 6))
        return SyncResult(report=stamped, watch=watch)

    def _notes(self, seen: Survey) -> tuple[str, ...]:
        """What a person must still agree to in the harnesses themselves; we never forge it."""
        served = {owner for wish in seen.desired.wanted.values() for owner in wish.owners}
        return tuple(note for target in self.targets if target.id in served for note in target.consent)

    async def _in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        return await anyio.to_thread.run_sync(partial(work, *arguments), limiter=self.engine.limits.hashing)


def _left_over(path: Path) -> Problem:
    return Problem(
        code="left_over",
        message="a sync that was killed set this aside, and it is not known what it is",
        file=str(path),
        hint="Look at it, and delete it or put it back",
        hides=False,
    )
