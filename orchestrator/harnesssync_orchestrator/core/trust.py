"""What a person has approved of a repository, by content: what another harness would execute or obey.

What comes from files that a repository controls needs approval if there is anything in it that a harness would execute
or obey (`core.fingerprints`). What is approved is exactly what was there when a person looked: what differs in anything
that decides what runs, or what is allowed, is something else.

Besides approved and not approved there is a third: what was approved is *in doubt*, because nothing tells any more
whether this is the folder of then, or the registry that said so is lost. Then nothing new may be executed, as without
approval; but what an earlier sync of ours wrote stays until a person has answered (`core.planning`).
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from harnesssync_orchestrator.core.fingerprints import files_of, fingerprint, is_own
from harnesssync_orchestrator.core.items import Item, ItemId, Layer, Origin, Permissions
from harnesssync_orchestrator.core.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What a person approved for one repository, and which folder it then was.

    `folder` is the common folder of all its worktrees, or the root of a worktree that no repository acknowledges
    (resolved). `device` and `inode` are that folder's, `owner` is the user id whose files they were; `filesystem` is
    the id by which the folder's file system knows itself, 0 if it has none or none was noted; `mark` tells what is
    git's from the next folder that gets its inode, "" if nothing does or none was noted. `fingerprints` are those of
    everything approved, `doubted` of what was approved when nobody could tell whether it was this folder.
    """

    folder: str
    device: int
    inode: int
    owner: int
    filesystem: int = 0
    mark: str = ""
    fingerprints: frozenset[str] = frozenset()
    doubted: frozenset[str] = frozenset()

    def is_of(self, known: Approval) -> bool | None:
        """Is this of the folder of one that was given before, for the same path? None if that can't be told.

        A device number is as stable as the mount: after another one the same file system may have another number, and
        another file system the same. Its id, where it has one, decides; and an inode tells folders of one file system
        apart, nothing else. One that another folder had before is told by the mark, which earlier versions didn't note.
        """
        if self.filesystem and known.filesystem:
            on_one = self.filesystem == known.filesystem
        else:
            on_one = self.device == known.device
        return self.inode == known.inode and known.mark in ("", self.mark) if on_one else None

    def added_to(self, known: Approval) -> Approval:
        """This one, given after another for the same path: what was approved before stays so, unless it was of another
        folder that stood there, or of another user's, and stays in doubt where that can't be told."""
        same = self.is_of(known) if self.owner == known.owner else False
        approved = self.fingerprints | known.fingerprints if same else self.fingerprints
        before = frozenset[str]() if same is False else known.fingerprints | known.doubted
        return replace(self, fingerprints=approved, doubted=(self.doubted | before) - approved)


class Standing(enum.Enum):
    """How far a project has a person's approval."""

    OWN = "own"
    """The user scope: a person's own configuration."""
    APPROVED = "approved"
    UNAPPROVED = "unapproved"
    OUTDATED = "outdated"
    """Trusted as a whole, by an earlier version that did not note what was there."""
    FORGOTTEN = "forgotten"
    """What was approved is not known any more: the registry that said so is lost."""
    REMOUNTED = "remounted"
    """Its file system has another number than when it was approved, and nothing says that it is the same one."""
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
    FORGOTTEN = "forgotten"
    REMOUNTED = "remounted"
    REPLACED = "replaced"
    OTHER_OWNER = "other-owner"
    WRITABLE = "writable-by-others"

    @property
    def is_doubt(self) -> bool:
        """May it have been approved? Then it is not for us to take away what was written while it was known to be."""
        return self in (Why.OUTDATED, Why.FORGOTTEN, Why.REMOUNTED)


_WHY: Mapping[Standing, Why] = {
    Standing.APPROVED: Why.CHANGED,
    Standing.UNAPPROVED: Why.UNAPPROVED,
    Standing.OUTDATED: Why.OUTDATED,
    Standing.FORGOTTEN: Why.FORGOTTEN,
    Standing.REMOUNTED: Why.CHANGED,  # what was approved then is in `Trust.doubted`
    Standing.REPLACED: Why.REPLACED,
    Standing.OTHER_OWNER: Why.OTHER_OWNER,
    Standing.FOREIGN: Why.OTHER_OWNER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What is permitted in one project now. `root` is the project's; `writable` are absolute paths of source files
    that other users may change, and which therefore count for nothing, approved or not. `doubted` are the fingerprints
    of what may be approved; with `forgotten` anything else may be."""

    standing: Standing = Standing.UNAPPROVED
    approved: frozenset[str] = frozenset()
    doubted: frozenset[str] = frozenset()
    forgotten: bool = False
    root: str = ""
    writable: frozenset[str] = field(default=frozenset())

    def why_held(self, item: Item) -> Why | None:
        """Why nothing executable may come from this item; None if it may."""
        if self.standing is Standing.OWN:
            return None
        mark = fingerprint(item)  # first: most items are text, of which nothing else has to be known
        if mark is None or not self.controls(item):
            return None
        if not self.writable.isdisjoint(files_of(item)):
            return Why.WRITABLE
        return self._why_held(mark) if mark else _WHY[self.standing]

    def _why_held(self, mark: str) -> Why | None:
        if self.standing is Standing.APPROVED and mark in self.approved:
            return None
        if self.forgotten:
            return Why.FORGOTTEN
        return Why.REMOUNTED if mark in self.doubted else _WHY.get(self.standing, Why.UNAPPROVED)

    @property
    def is_another(self) -> bool:
        """Does another folder stand there than the approved one, or is it, perhaps, on another file system?"""
        return self.standing in {Standing.REPLACED, Standing.REMOUNTED}

    def bound(self, source: Source) -> Iterator[Item]:
        """The items that need a person's approval."""
        if self.standing is not Standing.OWN:
            yield from (item for item in source.items if fingerprint(item) is not None and self.controls(item))

    def verdicts(self, source: Source) -> dict[ItemId, Why | None]:
        """For every item of a source, why it may not become anything executable; None if it may."""
        verdicts: dict[ItemId, Why | None] = {}
        for item in source.items:
            name, why = item.id, self.why_held(item)
            verdicts[name] = why if name not in verdicts else _firmest((verdicts[name], why))
        return verdicts

    def why_output_held(self, items: Iterable[ItemId], verdicts: Mapping[ItemId, Why | None]) -> Why | None:
        """Why an output that executes or allows something may not be written: one of its items may not become that, or
        is not in the source. `verdicts` are those of its source."""
        if self.standing is Standing.OWN:
            return None
        return _firmest(verdicts.get(item, Why.UNAPPROVED) for item in items)

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

    @property
    def perhaps_reachable(self) -> Container[str]:
        """The marks of those that may have been approved, besides those that are."""
        in_doubt = self.forgotten or self.standing is Standing.OUTDATED
        return Everything() if in_doubt else self.doubted

    def why_out_of_reach(self, mark: str) -> Why | None:
        """Why what has this mark may not be followed out of the project; None if it may."""
        return self._why_held(mark)

    def key(self) -> str:
        """Stands for all that this permits: another key, another decision."""
        doubts = ("doubted", str(self.forgotten), *sorted(self.doubted))
        text = "\0".join((self.standing.value, *sorted(self.approved), *doubts))
        return hashlib.sha256(text.encode()).hexdigest()

    def despite(self, writable: frozenset[str]) -> Trust:
        """The same where other users may change some source files."""
        return replace(self, writable=writable)


def _firmest(reasons: Iterable[Why | None]) -> Why | None:
    """The first of several reasons, or None; what is known goes before what is in doubt."""
    return min((why for why in reasons if why is not None), key=lambda why: why.is_doubt, default=None)


class Everything(Container[str]):
    """Holds every mark, and whatever else is asked for."""

    def __contains__(self, one: object) -> bool:
        return True


OWN = Trust(standing=Standing.OWN)
"""A person's own configuration: everything is permitted."""
