"""A small model of a project in plain Python: what is on its disk, what we wrote there, and what a sync makes of both.

Nothing in it comes from the product, and all of it is values: a sync of the model takes well under a millisecond. It
knows the rule of three (what is wanted, what is there, what we wrote), who owns a file's bytes, and what is reported.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from tests.reliability.model_source import (
    DOCUMENTS,
    TARGETS,
    At,
    File,
    Link,
    Source,
    Whole,
    Wish,
    executables,
    wishes,
)


class Gap(enum.Enum):
    """Why there is no value: nothing is there, or something else than a table stands on the way to it."""

    ABSENT = "absent"
    BLOCKED = "blocked"


ABSENT, BLOCKED = Gap.ABSENT, Gap.BLOCKED


@dataclass(frozen=True, slots=True)
class Entry:
    """What we wrote, or found as we would have written it (then it is not `ours`), or a person decided to keep.

    `origin` is what of theirs a person let us replace: it comes back when ours goes.
    """

    value: Any
    owners: frozenset[str]
    ours: bool = True
    kept: bool = False
    origin: Any = ABSENT


@dataclass
class Document:
    """A merged file: its `values`, None while it can't be parsed, and the `tokens` of a person in it, in order.

    `base` are the bytes that are left when all of ours is gone: None if nothing is left, and `ABSENT` where a person
    edited around our keys in ways that leave no single answer.
    """

    values: dict[str, Any] | None
    tokens: list[str]
    base: Any = None


Place = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Said:
    """What is reported: conflicts as (kind, path, pointer), held and kept outputs as (path, pointer)."""

    state: str
    exit_code: int
    halt: str | None = None
    conflicts: frozenset[tuple[str, str, tuple[str, ...]]] = frozenset()
    held: frozenset[Place] = frozenset()
    kept: frozenset[Place] = frozenset()
    synced: int = 0
    skipped: int = 0
    cleaned: int = 0


@dataclass
class Model:
    """One project. `wholes` are the files and links on disk at places of outputs, `documents` the merged files there,
    `source` is what the person's files say. `made` are the documents (`()`) and containers that came with an output.

    `approved` are the executable things that a person has looked at. `unrecorded` is what a sync that was killed had
    done without a word in the ledger: the entry before, the one that it was about to record, and what it was to leave.
    """

    source: Source = field(default_factory=Source)
    targets: frozenset[str] = frozenset(TARGETS)
    approved: frozenset[tuple[str, str, str]] = frozenset()
    wholes: dict[str, Whole] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    ledger: dict[At, Entry] = field(default_factory=dict)
    made: set[Place] = field(default_factory=set)
    unrecorded: dict[At, tuple[Entry | None, Entry | None, Any]] = field(default_factory=dict)

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
        )

    # --- what may be written

    def permitted(self) -> tuple[dict[At, Wish], list[At]]:
        """What may be written, and what waits for approval. Private things only enter documents that are all ours."""
        wanted: dict[At, Wish] = {}
        held: list[At] = []
        for at, wish in wishes(self.source.readable(), self.targets).items():
            if wish.private and at.pointer and not self.wholly_ours(at.path):
                continue
            if wish.executes is not None and wish.executes not in self.approved:
                held.append(at)
            else:
                wanted[at] = wish
        return wanted, held

    def approve(self) -> None:
        """A person approves what is there now."""
        self.approved = executables(self.source.readable())

    def wholly_ours(self, path: str) -> bool:
        """Is nothing there, or a document that we made, with nothing but our values in it?"""
        document = self.documents.get(path)
        if document is None:
            return True
        if document.values is None or (path, ()) not in self.made:
            return False
        left = deepcopy(document.values)
        for at, entry in self.ledger.items():
            if at.path == path and entry.ours and _says(left, at, entry.value):
                _take(left, at, entry.value)
        self._drop_empty(path, left)
        return not left

    # --- what is done

    def sync(self, *, confirmed: bool = False, choice: tuple[At, str] | None = None) -> Said:
        """Do what a sync does, and say what it says."""
        self.recover()
        broken = self.source.is_broken
        if self.ledger and not confirmed and not broken:
            if self.source.is_empty:
                return Said(state="halted", exit_code=1, halt="source-emptied")
            if any(map(self._loses_much, self.targets)):
                return Said(state="halted", exit_code=1, halt="mass-removal")
        return _Sync(self, broken=broken, confirmed=confirmed, choice=choice).run()

    def _loses_much(self, target: str) -> bool:
        """Would more than five and more than 30 % of a target's outputs go, because nothing makes them any more?"""
        known = {_place(at) for at, entry in self.ledger.items() if target in entry.owners and entry.ours}
        gone = known - {_place(at) for at in wishes(self.source.readable(), self.targets)}
        return len(gone) > 5 and len(gone) * 100 > len(known) * 30

    def unlink(self) -> Said:
        """Take everything away that is ours, and say what is left."""
        self.recover()
        work = _Sync(self, broken=False, confirmed=True, choice=None)
        work.take_away(list(self.ledger), {})
        conflicts = frozenset(work.conflicts)
        return Said(state="unlinked", exit_code=1 if conflicts else 0, conflicts=conflicts)

    def recover(self) -> None:
        """After a sync that was killed: what it had done is ours, if it is still as it was left."""
        for at, (before, after, left) in self.unrecorded.items():
            entry = after if self.reads(at) == left else before
            self.ledger.pop(at, None)
            if entry is not None:
                self.ledger[at] = entry
        self.unrecorded = {}

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

    def _drop_empty(self, path: str, values: dict[str, Any]) -> list[tuple[str, ...]]:
        """Take away the containers of ours in which nothing is left; gives which."""
        gone: list[tuple[str, ...]] = []
        pointers = sorted((pointer for where, pointer in self.made if where == path and pointer), key=len, reverse=True)
        for pointer in pointers:
            if value_at(values, pointer) in ({}, []):
                _holder(values, pointer).pop(pointer[-1])
                gone.append(pointer)
        return gone


class _Sync:
    """One sync of a model, or an unlink."""

    def __init__(self, model: Model, *, broken: bool, confirmed: bool, choice: tuple[At, str] | None) -> None:
        self.model = model
        self.broken = broken
        self.confirmed = confirmed
        self.choice = choice
        self.conflicts: set[tuple[str, str, tuple[str, ...]]] = set()
        self.kept: set[Place] = set()
        self.replaced: set[str] = set()
        self.moved: list[str] = []
        self.synced = self.skipped = self.cleaned = 0

    def run(self) -> Said:
        model = self.model
        wanted, held = model.permitted()
        everything = wishes(model.source.readable(), model.targets)
        stale = [at for at, entry in model.ledger.items() if at not in wanted and not (entry.kept and at in everything)]
        waiting = False
        if self.broken and not self.confirmed:
            waiting = any(at not in everything and model.ledger[at].ours for at in stale)
            stale = [at for at in stale if at in everything]
        self.take_away(stale, wanted)
        state = "halted" if waiting else "conflict" if self.conflicts else "in step"
        return Said(
            state=state,
            exit_code=1 if state != "in step" or held or self.broken else 0,
            halt="source-unparsable" if waiting else None,
            conflicts=frozenset(self.conflicts),
            held=frozenset(map(_place, held)),
            kept=frozenset(self.kept),
            synced=self.synced,
            skipped=self.skipped,
            cleaned=self.cleaned,
        )

    def take_away(self, stale: Sequence[At], wanted: Mapping[At, Wish]) -> None:
        """Take away what is stale, and make what is wanted."""
        for at in sorted(stale):
            if not at.pointer:
                self._remove(at)
        for at, wish in wanted.items():
            if not at.pointer:
                self._whole(at, wish)
        for path in DOCUMENTS:
            here = {at: wish for at, wish in wanted.items() if at.path == path and at.pointer}
            gone = [at for at in sorted(stale) if at.path == path and at.pointer]
            if here or gone:
                self._document(path, here, gone)

    def chosen(self, at: At) -> str:
        return self.choice[1] if self.choice is not None and self.choice[0] == at else ""

    def _whole(self, at: At, wish: Wish) -> None:
        model, there, entry = self.model, self.model.wholes.get(at.path), self.model.ledger.get(at)
        if entry is not None and entry.kept and there is not None and self.chosen(at) != "restore":
            self._leave_kept(at, wish, entry)
        elif self.broken and wish.of_agent and entry is not None:
            self.skipped += 1
        elif there == wish.value:
            self._keep(at, wish)
        elif there is None or (entry is not None and entry.ours and entry.value == there):
            self._record(at, wish, ABSENT)
            model.wholes[at.path] = wish.value
        elif self.chosen(at) == "restore":
            self._record(at, wish, there)
            model.wholes[at.path] = wish.value
        elif self.chosen(at) == "keep":
            self._let_keep(at, wish, there)
        else:
            self.conflicts.add((_kind(entry), at.path, ()))

    def _record(self, at: At, wish: Wish, there: Any) -> None:
        """We write. What is there and not ours comes back one day."""
        entry = self.model.ledger.get(at)
        origin = entry.origin if entry is not None and entry.ours else there
        self.model.ledger[at] = Entry(wish.value, frozenset(wish.owners), origin=origin)
        self.synced += 1

    def _keep(self, at: At, wish: Wish) -> None:
        """It is as wanted."""
        entry = self.model.ledger.get(at)
        now = Entry(wish.value, frozenset(wish.owners), ours=False)
        if entry is not None and not entry.kept and (entry.value, entry.owners) == (now.value, now.owners):
            self.skipped += 1
            return
        ours = entry is not None and (entry.ours or entry.kept)
        origin = entry.origin if entry is not None and entry.ours else ABSENT
        self.model.ledger[at] = replace(now, ours=ours, origin=origin)
        self.synced += 1

    def _leave_kept(self, at: At, wish: Wish, entry: Entry) -> None:
        self.kept.add(_place(at))
        if entry.owners != frozenset(wish.owners):
            self.model.ledger[at] = replace(entry, owners=frozenset(wish.owners))
            self.synced += 1

    def _let_keep(self, at: At, wish: Wish, there: Any) -> None:
        self.kept.add(_place(at))
        self.model.ledger[at] = Entry(there, frozenset(wish.owners), ours=False, kept=True)
        self.synced += 1

    def _remove(self, at: At) -> None:
        model, there, entry = self.model, self.model.wholes.get(at.path), self.model.ledger[at]
        if not entry.ours or there is None or self.chosen(at) == "keep":
            del model.ledger[at]
        elif there == entry.value or self.chosen(at) == "restore":
            del model.ledger[at]
            del model.wholes[at.path]
            if entry.origin is not ABSENT:
                model.wholes[at.path] = entry.origin
                self.synced += 1
                return
        else:
            self.conflicts.add(("drift", at.path, ()))
            return
        self.cleaned += 1

    def _document(self, path: str, wanted: Mapping[At, Wish], stale: Sequence[At]) -> None:
        model = self.model
        document = model.documents.get(path)
        if document is not None and document.values is None:
            self.conflicts.add(("unparsable", path, ()))
            return
        before: dict[str, Any] = {} if document is None or document.values is None else document.values
        values = deepcopy(before)
        wrote = [self._wanted(at, wish, before, values) for at, wish in wanted.items()]
        takes = [at for at in stale if self._takes(at, before)]
        for at in takes:
            entry = model.ledger.pop(at)
            _take(values, at, entry.value if at.element else None)
            if entry.origin is not ABSENT and document is not None:
                document.tokens = document.tokens + re.findall(r"mine-\d{4}", json.dumps(entry.origin))
                _holder(values, at.pointer)[at.pointer[-1]] = entry.origin
        if not takes and not any(wrote):
            return
        for pointer in _new_containers(before, values):
            model.made.add((path, pointer))
        if document is None:
            document = model.documents[path] = Document({}, [])
            model.made.add((path, ()))
        for pointer in model._drop_empty(path, values):
            model.made.discard((path, pointer))
        document.values = values
        if path in self.replaced:
            document.base = ABSENT
        document.tokens = [word for word in document.tokens if word not in self.moved]
        if not values and not document.tokens and (path, ()) in model.made:
            del model.documents[path]
            model.made.discard((path, ()))

    def _wanted(self, at: At, wish: Wish, before: Mapping[str, Any], values: dict[str, Any]) -> bool:
        """True if something is written."""
        entry, choice = self.model.ledger.get(at), self.chosen(at)
        found = value_at(before, at.pointer)
        blocked = found is BLOCKED or (at.element != "" and found is not ABSENT and not isinstance(found, list))
        there = (
            found
            if not at.element or blocked
            else wish.value
            if found is not ABSENT and wish.value in found
            else ABSENT
        )
        if entry is not None and entry.kept and (there is not ABSENT or blocked) and choice != "restore":
            self._leave_kept(at, wish, entry)
        elif not blocked and there is not ABSENT and same(there, wish.value):
            self._keep(at, wish)
        elif not blocked and (
            there is ABSENT or (entry is not None and entry.ours and same(there, entry.value)) or choice == "restore"
        ):
            if at.element:
                _holder(values, at.pointer).setdefault(at.pointer[-1], []).append(wish.value)
            else:
                _holder(values, at.pointer)[at.pointer[-1]] = wish.value
            if there is not ABSENT:
                self.replaced |= set() if entry is not None and entry.ours else {at.path}
                self.moved.extend(re.findall(r"mine-\d{4}", json.dumps(there)))
            self._record(at, wish, there)
            return True
        elif choice == "keep":
            self._let_keep(at, wish, there if not blocked else None)
        else:
            self.conflicts.add(("foreign" if blocked else _kind(entry), at.path, at.pointer))
        return False

    def _takes(self, at: At, before: Mapping[str, Any]) -> bool:
        """Is a stale key or element there to be taken away? If it is gone or a person's it is only forgotten."""
        entry, choice = self.model.ledger[at], self.chosen(at)
        found = value_at(before, at.pointer)
        there = found is not ABSENT and found is not BLOCKED
        if at.element:
            there = isinstance(found, list) and entry.value in found
        if not entry.ours or not there or choice == "keep":
            del self.model.ledger[at]
        elif at.element or same(found, entry.value) or choice == "restore":
            self.moved.extend(re.findall(r"mine-\d{4}", json.dumps(found) if not at.element else ""))
            self.cleaned += 1
            return True
        else:
            self.conflicts.add(("drift", at.path, at.pointer))
            return False
        self.cleaned += 1
        return False


def _place(at: At) -> Place:
    return at.path, at.pointer


def _kind(entry: Entry | None) -> str:
    return "drift" if entry is not None and entry.ours else "foreign"


# --- plain values


def same(one: Any, other: Any) -> bool:
    """Are two values the same text, the order of keys included?"""
    return json.dumps(one) == json.dumps(other)


def value_at(values: Mapping[str, Any], pointer: Sequence[str]) -> Any:
    """The value at a pointer, `ABSENT`, or `BLOCKED` where something else than a table stands on the way."""
    value: Any = values
    for key in pointer:
        if not isinstance(value, Mapping):
            return BLOCKED
        if key not in value:
            return ABSENT
        value = value[key]
    return value


def _holder(values: dict[str, Any], pointer: Sequence[str]) -> dict[str, Any]:
    for key in pointer[:-1]:
        values = values.setdefault(key, {})
    return values


def _says(values: Mapping[str, Any], at: At, value: Any) -> bool:
    found = value_at(values, at.pointer)
    return isinstance(found, list) and value in found if at.element else same_or_gone(found, value)


def same_or_gone(found: Any, value: Any) -> bool:
    return found is not ABSENT and found is not BLOCKED and same(found, value)


def _take(values: dict[str, Any], at: At, value: Any) -> None:
    holder = _holder(values, at.pointer)
    if at.element:
        holder[at.pointer[-1]].remove(value)
    else:
        holder.pop(at.pointer[-1])


def _new_containers(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Tables and lists of ours that came into being: those above a value, never a value itself."""
    depths = {"mcp_servers": 1, "mcpServers": 1, "mcp": 1, "permission": 1, "instructions": 1}
    for key, value in now.items():
        yield from _containers(before, (key,), value, depths.get(key, 2))


def _containers(
    before: Mapping[str, Any], pointer: tuple[str, ...], value: Any, depth: int
) -> Iterator[tuple[str, ...]]:
    if not isinstance(value, (dict, list)):
        return
    if value_at(before, pointer) is ABSENT:
        yield pointer
    if isinstance(value, dict) and len(pointer) < depth:
        for key, inner in value.items():
            yield from _containers(before, (*pointer, key), inner, depth)


__all__ = [
    "ABSENT",
    "BLOCKED",
    "At",
    "Document",
    "Entry",
    "File",
    "Link",
    "Model",
    "Said",
    "Source",
    "Whole",
    "same",
    "value_at",
]
