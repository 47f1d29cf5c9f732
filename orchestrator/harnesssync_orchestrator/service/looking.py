"""What one sync looks at: the source, then the outputs. Every look is noted down, for the footprint and the watcher."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from harnesssync_orchestrator.core.desired import Address, Desired
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.core.limiting import limited_to
from harnesssync_orchestrator.core.source import Problem, Source
from harnesssync_orchestrator.files.footprint import Footprint
from harnesssync_orchestrator.files.hashing import HashCache
from harnesssync_orchestrator.files.reading import Looked
from harnesssync_orchestrator.files.recall import Recall
from harnesssync_orchestrator.service.memory import Remembered, encode
from harnesssync_orchestrator.service.start import Start
from harnesssync_orchestrator.service.survey import Reading, Survey, Surveyor, completed
from harnesssync_orchestrator.service.watched import folders_of_outputs, folders_to_watch


@dataclass
class Looking:
    """The looks of one sync, under the project's lock.

    `problems` are those that were there before anything was read. `sources` and `outputs` are what was looked at last,
    `watch` the folders whose changes matter. `adopted` are links to be made again now that the source says what the
    file in their place said, with the digest of that file. What `recall` knows is not looked at. `made` are the paths
    that only fill gaps, by the ledger.
    """

    start: Start
    cache: HashCache
    problems: tuple[Problem, ...]
    sources: Looked = field(default_factory=Looked)
    outputs: Looked = field(default_factory=Looked)
    watch: frozenset[str] = frozenset()
    adopted: Mapping[Address, str] = field(default_factory=dict)
    recall: Recall | None = None
    made: Container[str] = frozenset()
    _found: Survey | Reading | None = None

    async def survey(self, ledger: Ledger) -> Survey:
        """Read everything, and plan. Nothing has been written when this returns."""
        # In one thread, unless files have to be hashed: that takes several.
        found, self._found = self._found, None
        self.made = ledger.filled
        if found is None:
            self.recall = None  # what is looked at once more may have changed in this moment
            found = await self.start.in_thread(self._read_and_survey, ledger)
        if isinstance(found, Survey):
            return found
        digests = await found.hashed(self.start.engine.limits)
        return await self.start.in_thread(lambda: self._surveyed(found.complete(digests), ledger))

    def look(self, ledger: Ledger) -> None:
        """Begin with that already. Blocking."""
        self.made = ledger.filled
        self._found = self._read_and_survey(ledger)

    def _read_and_survey(self, ledger: Ledger) -> Survey | Reading:
        found = self._read()
        return self._surveyed(found, ledger) if isinstance(found, Source) else found

    def _read(self) -> Source | Reading:
        self.sources, start = Looked(recall=self.recall), self.start
        return Reading.begin(
            start.project,
            start.places,
            self.cache,
            self.sources,
            rehash=start.options.rehash,
            trust=start.trust,
            made=self.made,
        )

    def _surveyed(self, source: Source, ledger: Ledger) -> Survey:
        source = self._with_problems(source)
        self.watch = frozenset()
        self.watch_sources()
        return self._outputs(source, self.surveyor().desired(source), ledger)

    def again(self, seen: Survey, ledger: Ledger) -> Survey:
        """Look at the outputs once more, and plan, by what the source said. Blocking."""
        self.recall = None
        return self._outputs(seen.source, seen.desired, ledger)

    async def source(self) -> Source:
        """Read the source again."""
        self.recall = None
        return self._with_problems(await completed(await self.start.in_thread(self._read), self.start.engine.limits))

    def _with_problems(self, source: Source) -> Source:
        return replace(source, problems=(*self.problems, *source.problems))

    @property
    def has_recalled(self) -> bool:
        """Was something not looked at, since nobody has told that it changed?"""
        return self.sources.recalled or self.outputs.recalled

    def surveyor(self) -> Surveyor:
        """What looks and plans, with all that decides about it besides files."""
        start = self.start
        return Surveyor(
            project=start.project,
            targets=start.targets,
            known=[target.id for target in start.engine.targets],
            formats=start.engine.formats,
            homes=start.homes,
            cache=self.cache,
            trust=start.trust,
            confirmed=start.options.confirmed,
            resolution=start.resolution.restoring(self.adopted),
            renderings=start.memory.renderings,
            made=self.made,
            hides=start.hides,
            asked=start.options.targets,
        )

    def _outputs(self, source: Source, desired: Desired, ledger: Ledger) -> Survey:
        self.outputs = Looked(recall=self.recall)
        seen = self.surveyor().survey(source, desired, ledger, self.outputs)
        if self.outputs.recalled and self._has_changed(seen):
            # An output that is to be written was edited, and nobody has told of it yet.
            self.recall, self.outputs = None, Looked()
            seen = self.surveyor().survey(source, desired, ledger, self.outputs)
        self.watch_outputs()
        targets = self.start.options.targets
        return replace(seen, plan=limited_to(seen.plan, targets, ledger.entries)) if targets else seen

    def _has_changed(self, seen: Survey) -> bool:
        """Does something that is to be changed look otherwise by now than it is recalled? Blocking."""
        root, now = self.start.project.path, Looked()
        paths = [f"{root}/{operation.path}" for operation in seen.plan.operations]
        with suppress(OSError):
            for path in paths:
                now.lstat(path)
            return any(now.seen.get(path) != self.outputs.seen.get(path) for path in paths)
        return True

    def watch_sources(self) -> None:
        """Have the folders of what was read last watched too. Blocking."""
        self.watch |= folders_to_watch(self.sources, self.start.project.path)

    def watch_outputs(self) -> None:
        """Have their folders watched, as far as they are there by now. Blocking."""
        start = self.start
        ledger = str(start.engine.layout.ledger_file(start.project))
        self.watch |= folders_of_outputs(self.outputs, start.project.path, ledger)

    def footprint(self, seen: Survey, notes: tuple[str, ...], changed: Iterable[str]) -> Footprint:
        """What the next sync compares, with what this one has to say. `changed` are the paths that it wrote.

        Blocking.
        """
        start = self.start
        self.outputs.lstat(str(start.engine.layout.ledger_file(start.project)))
        result = encode(self.remembered(seen, notes))
        # What we wrote may stand in a folder that was searched for sources: that folder changed, and only by us.
        ours = self.sources.set_aside(changed)
        return Footprint.of(self.sources, ours, self.outputs, key=start.key, result=result)

    def remembered(self, seen: Survey, notes: tuple[str, ...]) -> Remembered:
        """What this sync has to say, for as long as nothing changes."""
        return Remembered(
            unchanged=seen.plan.unchanged,
            conflicts=seen.plan.conflicts,
            losses=seen.plan.losses,
            held=seen.plan.held,
            kept=seen.plan.kept,
            drift=seen.plan.drift,
            problems=tuple(problem for problem in seen.problems if problem not in self.problems),
            notes=notes,
            watch=tuple(sorted(self.watch)),
            hidden=self.start.seen_by_git() or (),
        )
