"""Taking a person's edits of outputs into the source: only where rendering the changed source gives just these outputs.

For each edit that is to be adopted a change of the source is guessed, the source is read and rendered as if the change
were made already, and compared. Nothing is written here: what holds becomes operations of a plan.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from harnesssync_orchestrator.core.adoption import NotAdoptableError
from harnesssync_orchestrator.core.desired import Address, short_hash
from harnesssync_orchestrator.core.drift import Choice, Drift, Resolution
from harnesssync_orchestrator.core.plan import Conflict, Operation, UpdateSource
from harnesssync_orchestrator.core.secrets import find
from harnesssync_orchestrator.core.unshared import with_private
from harnesssync_orchestrator.files.edits import Edited, edited_output
from harnesssync_orchestrator.files.imagined import Imagined
from harnesssync_orchestrator.files.reading import Looked
from harnesssync_orchestrator.service.start import Start
from harnesssync_orchestrator.service.survey import Survey, Surveyor, read_source


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What comes of trying to adopt: the plan with `operations` ahead of it and without the conflicts that they
    resolve; the others say why they stay. `replaced` are links in whose place a file was put, with the digest of that
    file: once the source says the same, the link comes back."""

    seen: Survey
    operations: tuple[UpdateSource, ...] = ()
    replaced: Mapping[Address, str] = field(default_factory=dict)

    def explained(self, again: Survey) -> Survey:
        """A survey after the adoption, with what was said about the conflicts that stay."""
        said = {conflict.address: conflict for conflict in self.seen.plan.conflicts}
        conflicts = tuple(
            said[each.address] if each.address in said and said[each.address].state is each.state else each
            for each in again.plan.conflicts
        )
        return replace(again, plan=replace(again.plan, conflicts=conflicts))


async def adopt(start: Start, surveyor: Surveyor, seen: Survey) -> Adoption:
    """Find out which edits that are to be adopted can be."""
    resolution = surveyor.resolution
    asked = [each for each in seen.plan.conflicts if _is_asked(each, resolution)]
    if not asked:
        return Adoption(seen=seen)
    attempt = _Attempt(start, surveyor, seen)
    for conflict in asked:
        await attempt.take(conflict)
    return attempt.result()


def _is_asked(conflict: Conflict, resolution: Resolution) -> bool:
    choice = resolution.of(conflict.address, conflict.owners, conflict.state, tracked=conflict.tracked)
    return choice is Choice.ADOPT


class _Attempt:
    """Edits taken one by one; each must leave those before it as they are."""

    def __init__(self, start: Start, surveyor: Surveyor, seen: Survey) -> None:
        self._start = start
        self._surveyor = surveyor
        self._seen = seen
        self._root = Path(start.project.path)
        self._contents: dict[str, bytes] = {}
        self._former: dict[str, bytes] = {}
        self._taken: dict[Conflict, Edited] = {}
        self._refused: dict[Conflict, str] = {}

    async def take(self, conflict: Conflict) -> None:
        try:
            _require_choice(conflict)
            output = self._seen.desired.wanted[conflict.address].output
            work = partial(edited_output, self._root, output, self._seen.source, self._surveyor.formats, self._contents)
            edited = await self._start.in_thread(work)
            _require_change(edited, self._contents)
            contents = {**self._contents, **edited.files}
            former = await self._start.in_thread(self._read, contents)
            self._refuse_secrets(contents, former)
            await self._verify(contents, {**self._taken, conflict: edited})
        except NotAdoptableError as error:
            self._refused[conflict] = str(error)
            return
        self._contents, self._former = contents, former
        self._taken[conflict] = edited

    def _read(self, contents: Mapping[str, bytes]) -> dict[str, bytes]:
        """What the files say now. Only plain files of the project itself are ever changed."""
        return {path: self._former.get(path) or own_file(self._root, path) for path in contents}

    def _refuse_secrets(self, contents: Mapping[str, bytes], former: Mapping[str, bytes]) -> None:
        for path, content in contents.items():
            before, after = (text.decode("utf-8", "replace") for text in (former[path], content))
            known = {before[each.start : each.end] for each in find(before, by_name=True)}
            if any(after[each.start : each.end] not in known for each in find(after, by_name=True)):
                raise NotAdoptableError("there is a credential in the edit")

    async def _verify(self, contents: Mapping[str, bytes], taken: Mapping[Conflict, Edited]) -> None:
        """Would the changed source give just the edited outputs? Raises NotAdoptableError if not."""
        start, surveyor = self._start, self._surveyor
        engine = start.engine
        source = await read_source(
            start.project,
            start.places,
            surveyor.cache,
            Imagined(contents),
            engine.limits,
            rehash=False,
            trust=start.trust,
            made=surveyor.made,
        )
        for problem in source.problems:
            if problem not in self._seen.problems:
                raise NotAdoptableError(f"the source would then be wrong: {problem.message}")
        source = with_private(source, self._seen.unshared)
        desired, verdicts = await start.in_thread(surveyor.desired, source), surveyor.trust.verdicts(source)
        for conflict, edited in taken.items():
            wish = desired.wanted.get(conflict.address)
            if wish is None or not edited.is_met(wish.output):
                raise NotAdoptableError("no change of the source was found that gives just this")
            if wish.output.executes and surveyor.trust.why_output_held(wish.output.items, verdicts):
                raise NotAdoptableError("what it lets a harness execute has to be approved: change the source yourself")

    def result(self) -> Adoption:
        taken = {conflict.address: edited for conflict, edited in self._taken.items()}
        conflicts = tuple(
            _with_reason(each, self._refused[each]) if each in self._refused else each
            for each in self._seen.plan.conflicts
            if each.address not in taken
        )
        operations = tuple(self._operations())
        plan = replace(self._seen.plan, conflicts=conflicts, operations=(*operations, *self._seen.plan.operations))
        return Adoption(
            seen=replace(self._seen, plan=plan),
            operations=operations,
            replaced={address: edited.digest for address, edited in taken.items() if edited.replaces_link},
        )

    def _operations(self) -> list[UpdateSource]:
        found: list[UpdateSource] = []
        for path, content in self._contents.items():
            conflicts = [conflict for conflict, edited in self._taken.items() if path in edited.files]
            found.append(
                UpdateSource(
                    path=Path(path).relative_to(self._root).as_posix(),
                    owners=tuple(dict.fromkeys(owner for each in conflicts for owner in each.owners)),
                    items=tuple(dict.fromkeys(item for each in conflicts for item in each.items)),
                    expected=short_hash(self._former[path]),
                    state=Drift.OUTPUT_EDITED,
                    content=content,
                    addresses=tuple(each.address for each in conflicts),
                )
            )
        return found


def _require_choice(conflict: Conflict) -> None:
    if Choice.ADOPT not in conflict.choices:
        both = conflict.state is Drift.BOTH
        raise NotAdoptableError("its source has changed too" if both else "it is not what we wrote")


def _require_change(edited: Edited, contents: Mapping[str, bytes]) -> None:
    """Where nothing would change by any adoption, nothing is resolved by it. Raises NotAdoptableError."""
    if not (edited.files or edited.replaces_link or contents):
        raise NotAdoptableError("it says what its source says")


def own_file(root: Path, path: str) -> bytes:
    """The bytes of a file of the project itself, which no link leads to. Raises NotAdoptableError."""
    if not path.startswith(f"{root}{os.sep}"):
        raise NotAdoptableError(f"it comes from {path}, outside of this project")
    try:
        if os.path.realpath(path) != path or not stat.S_ISREG(os.lstat(path).st_mode):
            raise NotAdoptableError(f"its source {path} is reached by a link")
        return Looked().read(path)
    except OSError as error:
        raise NotAdoptableError(f"its source can't be read ({error.strerror or error})") from error


def _with_reason(conflict: Conflict, why: str) -> Conflict:
    """The conflict stays, and says why it could not be adopted."""
    choices = tuple(choice for choice in conflict.choices if choice is not Choice.ADOPT)
    return replace(conflict, message=f"{conflict.message}, and can't be adopted: {why}", choices=choices)


def edited_since(operations: Iterable[Operation], adopted: Mapping[Address, str]) -> frozenset[Address]:
    """The adopted outputs that were edited once more since: what is planned for them would replace something else."""
    planned = {Address(each.path): each.expected for each in operations}
    return frozenset(address for address, digest in adopted.items() if planned.get(address, digest) != digest)
