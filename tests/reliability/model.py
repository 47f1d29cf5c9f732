"""A small model of a project in plain Python: what is on its disk, what we wrote there, and what a sync makes of both.

Nothing in it comes from the product, and all of it is values: a sync of the model takes well under a millisecond. It
knows the rule of three (what is wanted, what is there, what we wrote), who owns a file's bytes, and what is reported.
"""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from tests.reliability.model_source import TARGETS, At, Executable, Source, Whole, Wish, executables, wishes
from tests.reliability.model_sync import Sync
from tests.reliability.model_values import (
    ABSENT,
    BLOCKED,
    Document,
    Entry,
    Gap,
    Place,
    Said,
    holder,
    place,
    says,
    says_same,
    take,
    value_at,
)


@dataclass
class Model:
    """One project. `wholes` are the files and links on disk at places of outputs, `documents` the merged files there,
    `source` is what the person's files say. `made` are the documents (`()`) and containers that came with an output.

    `approved` are the executable things that a person has looked at, `doubted` those of which nobody knows any more
    whether this is where they did; None for everything. The project `is_elsewhere` if its folder may be another than
    the one that was approved. `unrecorded` is what a sync that was killed had done without a word in the ledger: the
    entry before, the one that it was about to record, and what it was to leave; `made_before` is what was made in those
    files before.
    """

    source: Source = field(default_factory=Source)
    targets: frozenset[str] = frozenset(TARGETS)
    approved: frozenset[Executable] = frozenset()
    doubted: frozenset[Executable] | None = frozenset()
    is_elsewhere: bool = False
    wholes: dict[str, Whole] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    ledger: dict[At, Entry] = field(default_factory=dict)
    made: set[Place] = field(default_factory=set)
    unrecorded: dict[At, tuple[Entry | None, Entry | None, Any]] = field(default_factory=dict)
    made_before: dict[str, set[Place]] = field(default_factory=dict)

    def copy(self) -> Model:
        """What is in it is replaced and never changed, but for documents."""
        return replace(
            self,
            source=self.source.copy(),
            wholes=dict(self.wholes),
            documents={path: replace(document) for path, document in self.documents.items()},
            ledger=dict(self.ledger),
            made=set(self.made),
            unrecorded=dict(self.unrecorded),
            made_before=dict(self.made_before),
        )

    # --- what may be written

    def wishes(self) -> dict[At, Wish]:
        """What the targets should have now. What its owners read in the source gets nothing until something that is
        not ours alone hides that from them."""
        everything = wishes(self.source.readable(), self.targets)
        return {at: wish for at, wish in everything.items() if set(wish.owners) - set(wish.readers) or self._hides(at)}

    def _hides(self, at: At) -> bool:
        there, entry = self.wholes.get(at.path), self.ledger.get(at)
        if there is None or entry is None:
            return there is not None
        return not entry.ours or entry.kept or entry.origin is not ABSENT or entry.value != there

    def permitted(self) -> tuple[dict[At, Wish], list[At]]:
        """What may be written, and what waits for approval. Private things only enter documents that are all ours."""
        wanted: dict[At, Wish] = {}
        held: list[At] = []
        for at, wish in self.wishes().items():
            if wish.private and at.pointer and not self.wholly_ours(at.path):
                continue
            if wish.executes is not None and wish.executes not in self.approved:
                held.append(at)
            else:
                wanted[at] = wish
        return wanted, held

    def approve(self) -> None:
        """A person approves what is there now."""
        self.approved, self.doubted = executables(self.source.readable()), frozenset()
        self.is_elsewhere = False

    def stays(self, at: At, wish: Wish) -> bool:
        """Is it left as it was written, though it may not be written now, since nobody knows whether it may?"""
        is_doubted = self.doubted is None or wish.executes in self.doubted
        return is_doubted and at in self.ledger and says_same(self.ledger[at].value, wish.value)

    def wholly_ours(self, path: str) -> bool:
        """Is nothing there, or a document that we made, with nothing but our values in it?"""
        document = self.documents.get(path)
        if document is None:
            return True
        if document.values is None or (path, ()) not in self.made:
            return False
        left = deepcopy(document.values)
        for at, entry in self.ledger.items():
            if at.path == path and entry.ours and says(left, at, entry.value):
                take(left, at, entry.value)
        self.drop_empty(path, left)
        return not left

    # --- what is done

    def sync(self, *, confirmed: bool = False, choice: tuple[At, str] | None = None) -> Said:
        """Do what a sync does, and say what it says."""
        self.recover()
        broken = self.source.is_broken
        if self.ledger and not confirmed and not broken:
            if self.source.is_empty:
                return Said(state="halted", exit_code=1, halt="source-emptied")
            if self.is_elsewhere and any(map(self._gone, self.targets)):
                return Said(state="halted", exit_code=1, halt="root-replaced")
            if any(map(self._loses_much, self.targets)):
                return Said(state="halted", exit_code=1, halt="mass-removal")
        return Sync(self, broken=broken, confirmed=confirmed, choice=choice).run()

    def _loses_much(self, target: str) -> bool:
        """Would more than five and more than 30 % of a target's outputs go?"""
        gone = self._gone(target)
        return len(gone) > 5 and len(gone) * 100 > len(self._known(target)) * 30

    def _gone(self, target: str) -> set[Place]:
        """The outputs of a target that would go, because nothing makes them any more."""
        return self._known(target) - {place(at) for at in wishes(self.source.readable(), self.targets)}

    def _known(self, target: str) -> set[Place]:
        return {place(at) for at, entry in self.ledger.items() if target in entry.owners and entry.ours}

    def unlink(self) -> Said:
        """Take everything away that is ours, and say what is left."""
        self.recover()
        work = Sync(self, broken=False, confirmed=True, choice=None)
        work.take_away(list(self.ledger), {})
        conflicts = frozenset(work.conflicts)
        return Said(state="unlinked", exit_code=1 if conflicts else 0, conflicts=conflicts)

    def recover(self) -> None:
        """After a sync that was killed: what it had done is ours, if it is still as it was left."""
        known: set[str] = set()
        for at, (before, after, left) in self.unrecorded.items():
            is_done = self.reads(at) == left
            known |= {at.path} if is_done else set()
            entry = after if is_done else before
            self.ledger.pop(at, None)
            if entry is not None:
                self.ledger[at] = entry
        for path in self.made_before.keys() - known:  # nothing tells any more that the file is of our making
            self.made = {one for one in self.made if one[0] != path} | self.made_before[path]
        self.unrecorded, self.made_before = {}, {}

    def reads(self, at: At) -> Any:
        """What is at an address now, as text: a document that can't be parsed says nothing that is known."""
        if not at.pointer:
            return self.wholes.get(at.path)
        document = self.documents.get(at.path)
        if document is not None and document.values is None:
            return BLOCKED
        found = (
            value_at(document.values, at.pointer) if document is not None and document.values is not None else ABSENT
        )
        if at.element:
            return isinstance(found, list) and json.loads(at.element) in found
        return found if isinstance(found, Gap) else json.dumps(found)

    # --- what is on disk

    def entries(self, path: str) -> dict[At, Any]:
        """What the ledger says of one path."""
        return {at: entry.value for at, entry in self.ledger.items() if at.path == path}

    def take_over(self, other: Model, path: str, *, entries_only: bool) -> None:
        """Take over what another model knows of one path: what its ledger says of it, and what is there."""
        self.ledger = {at: entry for at, entry in self.ledger.items() if at.path != path}
        self.ledger.update((at, entry) for at, entry in other.ledger.items() if at.path == path)
        if entries_only:
            return
        self.wholes.pop(path, None)
        self.documents.pop(path, None)
        if path in other.wholes:
            self.wholes[path] = other.wholes[path]
        if path in other.documents:
            self.documents[path] = replace(other.documents[path])
        self.made = {one for one in self.made if one[0] != path} | {one for one in other.made if one[0] == path}

    def excluded(self) -> frozenset[str]:
        """The paths that git is told not to show: wholes of ours as we left them, and documents that are all ours."""
        wholes = {
            at.path
            for at, entry in self.ledger.items()
            if not at.pointer and entry.ours and self.wholes.get(at.path) == entry.value
        }
        documents = {path for path in self.documents if self.wholly_ours(path) and self.entries(path)}
        return frozenset(wholes | documents)

    def drop_empty(self, path: str, values: dict[str, Any]) -> list[tuple[str, ...]]:
        """Take away the containers of ours in which nothing is left; gives which."""
        gone: list[tuple[str, ...]] = []
        pointers = sorted((pointer for where, pointer in self.made if where == path and pointer), key=len, reverse=True)
        for pointer in pointers:
            if value_at(values, pointer) in ({}, []):
                holder(values, pointer).pop(pointer[-1])
                gone.append(pointer)
        return gone
