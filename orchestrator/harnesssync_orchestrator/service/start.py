"""How a sync starts: for which targets, with what was kept of the project, and whether anything has changed since.

A sync of an unchanged project ends here. Therefore this module, and what it imports, does without everything that
reads sources and writes outputs.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from harnesssync_orchestrator import __version__
from harnesssync_orchestrator.core.drift import Resolution
from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.core.projects import Project, project_id
from harnesssync_orchestrator.core.report import Report
from harnesssync_orchestrator.core.source import Problem
from harnesssync_orchestrator.core.targets import Target
from harnesssync_orchestrator.core.trust import Trust
from harnesssync_orchestrator.errors import StateError
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.exclude_block import Exclude, Section
from harnesssync_orchestrator.files.footprint import is_unchanged
from harnesssync_orchestrator.files.git import repository
from harnesssync_orchestrator.files.gitignore_block import Gitignore
from harnesssync_orchestrator.files.identity import trust_in
from harnesssync_orchestrator.files.locks import FileLock
from harnesssync_orchestrator.files.state import load_ledger, says
from harnesssync_orchestrator.files.turns import in_turn
from harnesssync_orchestrator.service.engine import Engine, Options, SyncResult
from harnesssync_orchestrator.service.memory import Memory, Remembered, remembered_by
from harnesssync_orchestrator.service.reporting import paused_report, stamped, unchanged_report
from harnesssync_orchestrator.service.selection import moved_homes, select, selection_key

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What is known of a sync before anything is read. To be made and used under the project's lock.

    `homes` are the folders of targets that an environment variable moves, see `moved_homes`. `places` say what a linked
    worktree inherits. `trust` is what a person
    has approved of the folder that is there now, `repository` the one that acknowledges it (`files.git.repository`).
    `key` stands for what decides besides files. `ledger_file` is where the ledger is: that of a
    worktree that was moved may still be kept by its earlier path, for who only looks. `began` is in seconds of the
    monotonic clock.
    """

    project: Project
    engine: Engine
    options: Options
    targets: tuple[Target, ...]
    homes: dict[str, str | None]
    places: Places
    memory: Memory
    trust: Trust
    repository: Path | None
    key: str
    loaded: tuple[Ledger, list[Problem]] | None
    ledger_file: Path
    sync_id: str = field(default_factory=lambda: secrets.token_hex(8))
    began: float = field(default_factory=time.monotonic)

    @classmethod
    async def load(cls, project: Project, engine: Engine, options: Options) -> Start:
        """Load what was kept of the project, and choose its targets. Raises StateError."""
        from harnesssync_orchestrator.service import threads  # noqa: PLC0415 - an unchanged project needs no event loop

        return await threads.run_sync(partial(cls.load_now, project, engine, options), limiter=engine.limits.ledgers)

    @classmethod
    def load_now(cls, project: Project, engine: Engine, options: Options) -> Start:
        """The same. Blocking."""
        if options.automatic:
            project = engine.registrations.now(project, engine.layout) or replace(project, paused=True)
        memory, home = engine.memories.of(project.id, engine.layout), engine.places.home
        if not options.dry_run:
            memory.forget(options.changed or None)
        ledger = _ledger_file(project, engine, options)
        # A ledger of thousands of outputs takes longer to load than all else here: only if it decides about targets.
        # Also if nobody knows which a person chose: then none of those that have outputs is taken for given up.
        chosen, unsure = project.targets or engine.configured, project.forgotten and not project.targets
        loaded = None if chosen and not unsure else load_ledger(ledger, set_aside=not options.dry_run)
        known = loaded[0].owners if loaded else frozenset[str]()
        chosen = (*chosen, *known) if unsure and chosen else chosen
        targets = select(
            project,
            engine.targets,
            chosen,
            known,
            home,
            engine.environ,
            asked=options.targets,
            inherits=bool(engine.places.inherits),
            written=partial(_written_at_home, engine),
        )
        # Only what Claude Code is to have too may reach the others.
        inherits = engine.places.inherits if any(target.only_linked for target in targets) else frozenset[str]()
        homes = moved_homes(targets, home, engine.environ)
        policies = f"{engine.exclude} {engine.policies.key(project.path, [target.id for target in targets])}"
        # Asked once: it reads several files of git's. None too for the user scope, which is of no repository.
        common = repository(Path(project.path)) if project.scope is Scope.PROJECT else None
        trust = trust_in(project, common)
        return cls(
            project=project,
            engine=engine,
            options=options,
            targets=targets,
            homes=homes,
            memory=memory,
            places=replace(engine.places, inherits=inherits),
            trust=trust,
            repository=common,
            key=f"{selection_key(project, targets, homes, trust, __version__)} {policies} {','.join(sorted(inherits))}",
            loaded=loaded,
            ledger_file=ledger,
        )

    def nothing_to_do(self) -> SyncResult | None:
        """The result of a sync that has nothing to do: the project is left alone, or unchanged. Blocking."""
        return self.left_alone() if self.is_left_alone else self.unchanged()

    @property
    def is_left_alone(self) -> bool:
        """Did a person pause the project, and did nobody ask for this sync?"""
        return self.options.automatic and self.project.paused

    def left_alone(self) -> SyncResult:
        """Nothing was done, nor even looked at."""
        remembered = remembered_by(self.memory.footprint)
        report = paused_report(self.project, self.targets)
        return self.result(report, frozenset(remembered.watch if remembered else ()))

    @property
    def resolution(self) -> Resolution:
        """What is to be done about drift."""
        return Resolution(project=self.project.path, policies=self.engine.policies, choices=dict(self.options.choices))

    def unchanged(self) -> SyncResult | None:
        """What the last sync found, if all that it looked at, its ledger too, is as it was; nothing is opened for this.
        None if something has changed. Blocking."""
        footprint, options = self.memory.footprint, self.options
        # What was found of all targets is not what is asked about some.
        if (
            options.rehash
            or options.choices
            or options.targets
            or footprint.key != self.key
            or not is_unchanged(footprint)
        ):
            return None
        remembered = remembered_by(footprint)
        if remembered is None or not self._hides(remembered):
            return None
        return self.result(unchanged_report(self.project, self.targets, remembered), frozenset(remembered.watch))

    @property
    def hides(self) -> bool:
        """Are we to keep outputs out of git?"""
        return self.repository is not None and self.engine.exclude != "off"

    @property
    def gitignore_note(self) -> Path:
        return self.engine.layout.gitignore_note(self.project.id)

    def exclude(self) -> Exclude:
        """What `info/exclude` says now; nothing, where no repository has it. Blocking. Raises StateError."""
        if self.repository is None:
            return Exclude(self.project.id)
        try:
            return Exclude.read(self.repository, self.project.id)
        except StateError:
            if self.hides:
                raise
            return Exclude(self.project.id)  # where we can't write, nothing of ours is left

    def gitignore(self) -> Gitignore:
        """The project's own, if a block in it is ours, or may be; else nothing. Blocking. Raises StateError."""
        if self.repository is None or not (self.engine.exclude == "gitignore" or self.gitignore_note.exists()):
            return Gitignore()
        return Gitignore.read(Path(self.project.path))

    def section(self, seen: Exclude | None = None) -> Section:
        """What both say for the project. Blocking. Raises StateError."""
        seen = self.exclude() if seen is None else seen
        own = seen.own if seen.own or not seen.sections else seen.of(self._earlier_id())
        return replace(own, lines=own.lines | self.gitignore().lines)

    def hidden(self) -> Section | None:
        """The same; None where nothing is to be kept in them, or they can't be read. Blocking."""
        if self.repository is None:
            return None
        try:
            return self.section()
        except StateError:
            return None  # told when it is to be changed

    def _earlier_id(self) -> str:
        """The id under which a worktree that was moved since its last sync is known in git's file."""
        from harnesssync_orchestrator.files.whereabouts import moved_from  # noqa: PLC0415 - for what is new alone

        return project_id(moved_from(self.engine.layout, self.project.path) or self.project.path)

    def _hides(self, remembered: Remembered) -> bool:
        """Is git still told not to show what is ours, and nothing else? Blocking."""
        return self.repository is None or self.seen_by_git() == remembered.hidden

    def seen_by_git(self) -> tuple[tuple[str, ...], ...] | None:
        """The lines that hide what is ours, those of them that do nothing for another worktree's sake, and those of
        others in whose place something stands here. None as `hidden`. Blocking."""
        if self.repository is None:
            return None
        try:
            seen = self.exclude()
            shown = (line for lines in seen.shown_for.values() for line in lines)
            return self.section(seen).listed, tuple(sorted({*shown})), seen.covered(self.project.path)
        except StateError:
            return None  # told when it is to be changed

    @property
    def history_dir(self) -> Path:
        """Where the records are: beside the ledger, also beside one that is still kept by an earlier path."""
        return self.ledger_file.with_name("history")

    @property
    def has_ledger(self) -> bool:
        """Is there a file of it? Blocking."""
        return self.ledger_file.exists()

    def ledger(self) -> tuple[Ledger, list[Problem]]:
        """The ledger, and what is wrong with its file. Blocking. Raises StateError."""
        file, known = self.ledger_file, self.memory.ledger
        if known is not None and says(file, known[0]):
            return known[1], []
        return self.loaded or load_ledger(file, set_aside=not self.options.dry_run)

    def result(self, report: Report, watch: frozenset[str]) -> SyncResult:
        """The end of the sync: its report, told when and how long."""
        memory = self.memory
        if watch != memory.watched:  # of equal ones the first is passed on again, which the watcher has too
            memory.watched = watch
        # After an edit often comes another one, and so does the second look at what was written.
        if not self.options.changed and memory.unconfirmed is None:
            memory.rest()
        report = stamped(report, self.sync_id, self.began)
        return SyncResult(report=report, watch=memory.watched, confirmed=memory.unconfirmed is None)

    async def in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        """Do what blocks in a thread. It is waited for also when the sync is cancelled."""
        from harnesssync_orchestrator.service import threads  # noqa: PLC0415 - as above

        return await threads.run_sync(partial(in_turn, work, *arguments), limiter=self.engine.limits.hashing)


def _written_at_home(engine: Engine) -> Ledger | None:
    """What we have written in the home directory; None if nobody can tell."""
    try:
        return load_ledger(engine.layout.user_ledger, set_aside=False)[0]
    except StateError:
        return None


def _ledger_file(project: Project, engine: Engine, options: Options) -> Path:
    """Where the ledger is, after taking over what is kept of it. Raises LockTimeoutError, StateError, OSError."""
    file = engine.layout.ledger_file(project)
    if project.scope is Scope.USER or file.exists():
        return file
    from harnesssync_orchestrator.service.arriving import arrive  # noqa: PLC0415 - for what is new alone

    return arrive(project, engine.layout, options)


def unchanged_now(project: Project, engine: Engine, options: Options) -> SyncResult | None:
    """The result of a sync of a project in which nothing has changed, without an event loop, which takes longer to
    import than this takes. None if something has, or if another sync is at work: then it has to be waited for.

    Blocking. Raises StateError, and OSError.
    """
    lock = FileLock(engine.layout.sync_lock(project.id))
    if options.dry_run and not lock.path.exists():  # where nobody has ever synced, who only looks makes no file
        return None
    if not lock.try_acquire():
        return None
    try:
        # Only to look: what is wrong with its ledger is told, and set aside, by the sync that follows.
        start = Start.load_now(project, engine, replace(options, dry_run=True))
        is_damaged = start.loaded is not None and start.loaded[1]
        return None if is_damaged else start.nothing_to_do()
    finally:
        lock.release()
