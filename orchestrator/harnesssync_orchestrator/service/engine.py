"""What a sync is given, and what it gives back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from harnesssync_orchestrator.config import ExcludeName, HistorySettings, LimitSettings
from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.core.drift import Choice, Policies
from harnesssync_orchestrator.core.report import Report
from harnesssync_orchestrator.core.targets import DocumentFormat, Target
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.service.memory import Memories
from harnesssync_orchestrator.service.registrations import Registrations

if TYPE_CHECKING:  # an unchanged project needs no event loop, which takes as long to import as all the rest of this
    from harnesssync_orchestrator.service.limits import Limits, Place
    from harnesssync_orchestrator.service.locking import ProjectLocks


class Log(Protocol):
    """Where events go; structlog's bound loggers fit."""

    def debug(self, event: str, **fields: object) -> object: ...
    def info(self, event: str, **fields: object) -> object: ...
    def warning(self, event: str, **fields: object) -> object: ...


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Everything that a sync needs, passed in by the composition root.

    `targets` are all known ones; `configured` the ids that the configuration asks for (none: those in use).
    `limiting` says how much happens at once, `history` how long what was replaced is kept. Who is in flight has a
    `place`, see `in_place`.
    `exclude` says what keeps outputs out of `git status`. `policies` say what is done about edited outputs.
    """

    targets: tuple[Target, ...]
    formats: Mapping[str, DocumentFormat]
    places: Places
    layout: Layout
    environ: Mapping[str, str]
    log: Log
    configured: tuple[str, ...] = ()
    exclude: ExcludeName = "info"
    limiting: LimitSettings = field(default_factory=LimitSettings)
    place: Place | None = None
    history: HistorySettings = field(default_factory=HistorySettings)
    policies: Policies = field(default_factory=Policies)
    memories: Memories = field(default_factory=Memories)
    registrations: Registrations = field(default_factory=Registrations)

    @cached_property
    def limits(self) -> Limits:
        """To be asked for inside the event loop in which they serve."""
        from harnesssync_orchestrator.service.limits import Limits  # noqa: PLC0415 - see above

        return Limits.create(self.limiting) if self.place is None else self.place.limits

    @asynccontextmanager
    async def in_place(self, *, urgent: bool, new: bool = False) -> AsyncGenerator[Engine]:
        """The engine of whoever has a place among the syncs in flight, with the limits that go with it."""
        async with self.limits.place(urgent=urgent, new=new) as place:
            yield replace(self, place=place)

    async def without_place(self, seconds: float) -> None:
        """Wait; another project has the place meanwhile."""
        assert self.place is not None  # noqa: S101 - asked for by who is in flight
        await self.place.wait(seconds)

    @cached_property
    def locks(self) -> ProjectLocks:
        """The locks of all projects of this process."""
        from harnesssync_orchestrator.service.locking import ProjectLocks  # noqa: PLC0415 - see above

        return ProjectLocks()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What one run is asked for.

    `targets` limits it to some of the project's targets. `dry_run` stops after the plan. `confirmed` lets a source
    that has emptied take its outputs with it. `choices` are what a person decides about single outputs. `rehash` reads
    every file again, whatever its signature says. `lock_timeout_s` is how long to wait for another sync of the same
    project. An `automatic` sync is one that nobody asked for: it follows the registry as that is once it has the lock,
    and leaves a project that is paused or not registered any more alone. What it wrote it leaves to a later one to look
    at again. `changed` are the paths that it answers to, if it is known that nothing else has changed. While it waits
    for its place more may: `lately` is asked in the end, and gives all of them. `begun` is called then, on the loop.
    An `urgent` one does not wait for those that are not (`Limits`), nor does the first one of a small project that is
    `new`.
    """

    targets: tuple[str, ...] = ()
    dry_run: bool = False
    confirmed: bool = False
    choices: tuple[tuple[Address, Choice], ...] = ()
    rehash: bool = False
    lock_timeout_s: float = 30.0
    automatic: bool = False
    changed: frozenset[str] = frozenset()
    lately: Callable[[], frozenset[str]] | None = field(default=None, compare=False)
    begun: Callable[[], None] | None = field(default=None, compare=False)
    urgent: bool = field(default=False, compare=False)
    new: bool = field(default=False, compare=False)

    def up_to_date(self) -> Options:
        """The same, answering to what has changed by now: the sync has its place, and begins."""
        if self.begun is not None:
            self.begun()
        return self if self.lately is None else replace(self, changed=self.lately())


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncResult:
    """A report, and the folders whose changes matter for the project (absolute paths; watch each by itself).

    One that is not `confirmed` wrote what nobody has looked at again: a sync is due when the project has come to rest.
    """

    report: Report
    watch: frozenset[str]
    confirmed: bool = True
