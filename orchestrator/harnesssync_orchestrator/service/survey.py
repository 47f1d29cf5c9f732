"""The reading half of a sync: discover and hash the source, look at the outputs, plan. Nothing is written here."""

from __future__ import annotations

import time
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from harnesssync_orchestrator.core.desired import Desired, short_hash
from harnesssync_orchestrator.core.drift import Resolution
from harnesssync_orchestrator.core.fingerprints import files_of
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.core.observed import Observed
from harnesssync_orchestrator.core.plan import Conflict, ConflictKind, Plan
from harnesssync_orchestrator.core.planning import plan
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.rendering import Renderings, desired_state
from harnesssync_orchestrator.core.source import Problem, Source
from harnesssync_orchestrator.core.standby import called
from harnesssync_orchestrator.core.targets import DocumentFormat, Target
from harnesssync_orchestrator.core.trust import Trust
from harnesssync_orchestrator.core.unshared import with_private
from harnesssync_orchestrator.files.discovery.layers import discover
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.discovery.result import Discovery
from harnesssync_orchestrator.files.exposed import Exposed, look_at_git
from harnesssync_orchestrator.files.hashing import HashCache
from harnesssync_orchestrator.files.identity import writable_by_others
from harnesssync_orchestrator.files.imagined import Imagined
from harnesssync_orchestrator.files.observe import observe
from harnesssync_orchestrator.files.reading import Looked, Signature
from harnesssync_orchestrator.files.twins import found_twice
from harnesssync_orchestrator.files.unshared import Unshared, unshared
from harnesssync_orchestrator.service import threads
from harnesssync_orchestrator.service.hashing import hash_files
from harnesssync_orchestrator.service.limits import Limits


async def read_source(
    project: Project,
    places: Places,
    cache: HashCache,
    looked: Looked,
    limits: Limits,
    *,
    rehash: bool,
    trust: Trust,
    made: Container[str],
) -> Source:
    """Discover the source in one thread and hash what changed in several; with `rehash` everything.

    With `looked` an `Imagined`, the source as it would be. `trust` says which links may lead out, `made` which links
    into a main checkout are ours.
    """
    work = partial(Reading.begin, project, places, cache, looked, rehash=rehash, trust=trust, made=made)
    return await completed(await threads.run_sync(work, limiter=limits.hashing), limits)


async def completed(found: Source | Reading, limits: Limits) -> Source:
    """The source, once what has to be hashed is."""
    if isinstance(found, Source):
        return found
    hashed = await found.hashed(limits)
    return await threads.run_sync(partial(found.complete, hashed), limiter=limits.hashing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A source that is discovered, and some of whose files have still to be hashed."""

    discovery: Discovery
    contents: Mapping[str, Signature]
    known: dict[str, str]
    unknown: Sequence[tuple[str, int]]
    cache: HashCache
    looked: Looked
    read_ns: int

    @classmethod
    def begin(
        cls,
        project: Project,
        places: Places,
        cache: HashCache,
        looked: Looked,
        *,
        rehash: bool,
        trust: Trust,
        made: Container[str],
    ) -> Source | Reading:
        """The source as a whole where nothing has to be hashed. Blocking."""
        read_ns = time.time_ns()
        root, allowed, doubted = Path(project.path), trust.reachable, trust.perhaps_reachable
        found = discover(project.scope, root, places, looked, allowed=allowed, doubted=doubted, made=made)
        contents = found.contents
        known, unknown = cache.divide(contents, verify=rehash)
        reading = cls(
            discovery=found,
            contents=contents,
            known=known,
            unknown=unknown,
            cache=cache,
            looked=looked,
            read_ns=read_ns,
        )
        return reading if unknown else reading.complete({})

    async def hashed(self, limits: Limits) -> Mapping[str, str | OSError]:
        """The digests of what has to be hashed, in several threads."""
        width = int(limits.hashing.total_tokens)
        return await hash_files(self.unknown, limits.hashing, width, self.contents)

    def complete(self, digests: Mapping[str, str | OSError]) -> Source:
        self.cache.put_all(self.contents, digests, self.read_ns)
        self.looked.uncertain |= any(isinstance(digest, OSError) for digest in digests.values())
        self.known.update((path, digest) for path, digest in digests.items() if isinstance(digest, str))
        if isinstance(self.looked, Imagined):
            self.known.update(self.looked.digests())
        return self.discovery.complete(self.known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What should be, and the plan that leads there from what is. `problems` are those of the source and of git.
    `unshared` are files of the source that git ignores, and whose text would have come into what it shows."""

    source: Source
    desired: Desired
    plan: Plan
    problems: tuple[Problem, ...]
    unshared: frozenset[str] = frozenset()

    def consent(self, targets: Iterable[Target]) -> tuple[str, ...]:
        """What a person must still agree to in the harnesses themselves; we never forge it."""
        served = {owner for wish in self.desired.wanted.values() for owner in wish.owners}
        return tuple(note for target in targets if target.id in served for note in target.consent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyor:
    """What does not change between two surveys of one sync: before it, and, to verify, after it.

    `known` are the ids of all targets, also of those that the project does not get. `made` are as for `read_source`.
    `hides` says whether outputs are kept out of `git status`: for that a repository must acknowledge the worktree.
    `asked` are targets that a person named for this once. All methods block, and for thousands of items each takes
    longer than an event loop may be held.
    """

    project: Project
    targets: Sequence[Target]
    known: Collection[str]
    formats: Mapping[str, DocumentFormat]
    homes: Mapping[str, str | None]
    cache: HashCache
    trust: Trust
    confirmed: bool
    resolution: Resolution
    renderings: Renderings
    made: Container[str] = frozenset()
    hides: bool = True
    asked: Sequence[str] = ()

    def desired(self, source: Source) -> Desired:
        """Render for all targets."""
        return desired_state(self.targets, source, homes=self.homes, renderings=self.renderings)

    def observe(self, desired: Desired, ledger: Ledger, looked: Looked) -> tuple[Observed, Exposed]:
        """What is at the addresses that these two speak of, and what git would do with it."""
        root = Path(self.project.path)
        git = look_at_git(root, self.project.scope, desired, looked, hides=self.hides, filled=ledger.gaps)
        observed = observe(root, desired, ledger, self.formats, self.cache, looked, git.tracked)
        return replace(observed, ignored=git.ignored, shown=git.shown, unasked=git.unasked), git

    def survey(self, source: Source, desired: Desired, ledger: Ledger, looked: Looked) -> Survey:
        """Observe and plan."""
        root = Path(self.project.path)
        observed, git = self.observe(desired, ledger, looked)
        own = Unshared(problems=git.problems)
        if not git.problems:
            own = unshared(root, source, desired, observed, ledger, looked)
        if own.files:  # hardly ever, so the others are rendered and looked at once
            source = with_private(source, own.files)
            desired = self.desired(source)
            observed, git = self.observe(desired, ledger, looked)
            observed = replace(observed, unasked=observed.unasked | own.doubtful)
        desired = called(desired, observed, ledger, self.known)
        result = plan(
            desired,
            observed,
            ledger,
            source=source,
            trust=self._trust(source, looked),
            targets=self.asked or [target.id for target in self.targets],
            known=self.known,
            confirmed=self.confirmed,
            resolution=self.resolution,
            asked=self.asked,
        )
        conflicts = tuple(_with_line_ending_hint(conflict, root, ledger) for conflict in result.conflicts)
        twice = found_twice(root, self.targets, source, desired, self.homes, result, ledger, looked)
        return Survey(
            source=source,
            desired=desired,
            plan=replace(result, conflicts=conflicts, losses=(*result.losses, *twice)),
            problems=(*source.problems, *dict.fromkeys((*git.problems, *own.problems))),
            unshared=own.files,
        )

    def _trust(self, source: Source, looked: Looked) -> Trust:
        """What is permitted, where some of the files that say what to execute may be another user's to change."""
        files = {file for item in self.trust.bound(source) for file in files_of(item)}
        return self.trust.despite(writable_by_others(files, self.project.path, looked))


def _with_line_ending_hint(conflict: Conflict, root: Path, ledger: Ledger) -> Conflict:
    """Say so when an output differs from what we wrote by its line endings alone: that is git's doing."""
    entry = ledger.entries.get(conflict.address)
    if conflict.kind is not ConflictKind.DRIFT or entry is None or conflict.address.pointer:
        return conflict
    try:
        content = Looked().read(str(root / conflict.address.path))
    except OSError:
        return conflict
    if short_hash(content.replace(b"\r\n", b"\n")) != entry.digest:
        return conflict
    hint = "Only its line endings differ: git's core.autocrlf converts them. Turn it off for this file, then delete it"
    return replace(conflict, hint=hint)
