"""What a person has approved of a repository, by content: what another harness would execute or obey.

What comes from files that a repository controls needs approval if there is anything in it that a harness would execute
or obey (`core.fingerprints`). What is approved is exactly what was there when a person looked: what differs in anything
that decides what runs, or what is allowed, is something else.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from harnesssync_orchestrator.core.fingerprints import files_of, fingerprint, is_own
from harnesssync_orchestrator.core.items import Item, ItemId, Layer, Origin, Permissions, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What a person approved for one repository, and which folder it then was.

    `folder` is the common folder of all its worktrees, or the root of a worktree that no repository acknowledges
    (resolved). `device` and `inode` are that folder's, `owner` is the user id whose files they were. `fingerprints`
    are those of everything approved.
    """

    folder: str
    device: int
    inode: int
    owner: int
    fingerprints: frozenset[str] = frozenset()


class Standing(enum.Enum):
    """How far a project has a person's approval."""

    OWN = "own"
    """The user scope: a person's own configuration."""
    APPROVED = "approved"
    UNAPPROVED = "unapproved"
    OUTDATED = "outdated"
    """Trusted as a whole, by an earlier version that did not note what was there."""
    REPLACED = "replaced"
    """Another folder stands where the approved one was."""
    OTHER_OWNER = "other-owner"
    """It belonged to another user when it was approved."""
    FOREIGN = "foreign"
    """It belongs to another user, and nobody has approved that: it is not even read."""


class Why(enum.Enum):
    """Why something executable is held back."""

    UNAPPROVED = "unapproved"
    CHANGED = "changed"
    OUTDATED = "outdated"
    REPLACED = "replaced"
    OTHER_OWNER = "other-owner"
    WRITABLE = "writable-by-others"


_WHY: Mapping[Standing, Why] = {
    Standing.APPROVED: Why.CHANGED,
    Standing.UNAPPROVED: Why.UNAPPROVED,
    Standing.OUTDATED: Why.OUTDATED,
    Standing.REPLACED: Why.REPLACED,
    Standing.OTHER_OWNER: Why.OTHER_OWNER,
    Standing.FOREIGN: Why.OTHER_OWNER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What is permitted in one project now. `root` is the project's; `writable` are absolute paths of source files
    that other users may change, and which therefore count for nothing, approved or not."""

    standing: Standing = Standing.UNAPPROVED
    approved: frozenset[str] = frozenset()
    root: str = ""
    writable: frozenset[str] = field(default=frozenset())

    def why_held(self, item: Item) -> Why | None:
        """Why nothing executable may come from this item; None if it may."""
        if self.standing is Standing.OWN or not self.controls(item):
            return None
        mark = fingerprint(item)
        if mark is None:
            return None
        if not self.writable.isdisjoint(files_of(item)):
            return Why.WRITABLE
        is_approved = self.standing is Standing.APPROVED and bool(mark) and mark in self.approved
        return None if is_approved else _WHY[self.standing]

    def bound(self, source: Source) -> Iterator[Item]:
        """The items that need a person's approval."""
        if self.standing is not Standing.OWN:
            yield from (item for item in source.items if self.controls(item) and fingerprint(item) is not None)

    def verdicts(self, source: Source) -> dict[ItemId, Why | None]:
        """For every item of a source, why it may not become anything executable; None if it may."""
        verdicts: dict[ItemId, Why | None] = {}
        for item in source.items:
            verdicts[item.id] = verdicts.get(item.id) or self.why_held(item)
        return verdicts

    def why_output_held(self, items: Iterable[ItemId], verdicts: Mapping[ItemId, Why | None]) -> Why | None:
        """Why an output that executes or allows something may not be written: one of its items may not become that, or
        is not in the source. `verdicts` are those of its source."""
        if self.standing is Standing.OWN:
            return None
        reasons = (verdicts.get(item, Why.UNAPPROVED) for item in items)
        return next((why for why in reasons if why is not None), None)

    def controls(self, item: Item) -> bool:
        """Does the repository control any of this item?"""
        if isinstance(item, Permissions):
            return any(self._is_theirs(rule.origin) for rule in item.rules) or self._is_theirs(item.origin)
        return self._is_theirs(item.origin)

    def _is_theirs(self, origin: Origin) -> bool:
        """What Claude Code itself keeps for a project stands in the home directory, out of a repository's reach."""
        if origin.layer is Layer.LOCAL and self.root:
            return origin.file.startswith(self.root.rstrip("/") + "/")
        return not is_own(origin)

    @property
    def reachable(self) -> frozenset[str]:
        """The marks of links and imports that may lead out of the project: see `Discovery.reaches`."""
        return self.approved if self.standing is Standing.APPROVED else frozenset()

    def why_out_of_reach(self, mark: str) -> Why | None:
        """Why what has this mark may not be followed out of the project; None if it may."""
        return None if mark in self.reachable else _WHY.get(self.standing, Why.UNAPPROVED)

    def key(self) -> str:
        """Stands for all that this permits: another key, another decision."""
        text = "\0".join((self.standing.value, *sorted(self.approved)))
        return hashlib.sha256(text.encode()).hexdigest()

    def despite(self, writable: frozenset[str]) -> Trust:
        """The same where other users may change some source files."""
        return replace(self, writable=writable)


OWN = Trust(standing=Standing.OWN)
"""A person's own configuration: everything is permitted."""
