"""Transactions: what stood where a sync was about to change something, so that it can be put back.

Whatever changes outputs (a sync, an undo, an unlink, a person's decision about a conflict) has a record, which is on
disk before its first change. From a record and from what is on disk now follow two things: which of its changes
happened, when it was killed halfway (`settled`), and how to take it back (`undo_plan`).
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harnesssync_orchestrator.core.desired import Address, link_hash, short_hash
from harnesssync_orchestrator.core.drift import Drift
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.plan import (
    Conflict,
    ConflictKind,
    EditDocument,
    MakeLink,
    Operation,
    Plan,
    Remove,
    Restore,
    WriteFile,
)
from harnesssync_orchestrator.core.stood import Nothing, Stood, StoodFile, StoodLink, StoodTree

_NOT_OURS = frozenset({Drift.FOREIGN, Drift.KEPT})


class TransactionKind(enum.Enum):
    """What a transaction came from."""

    SYNC = "sync"
    UNDO = "undo"
    UNLINK = "unlink"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a transaction was about to do to one path below the root.

    `after` is the digest that it was to leave there, None for nothing; a copy of `source` with its marker, made where
    no link could be, counts as well. The entries are those of the ledger for this path; `made` and `unmade` are the
    merged file and containers in it that were to come and to go, see `Ledger.made`.
    """

    path: str
    before: Stood
    after: str | None
    source: str = ""
    entries_before: Mapping[Address, Entry] = field(default_factory=dict)
    entries_after: Mapping[Address, Entry] = field(default_factory=dict)
    made: tuple[Address, ...] = ()
    unmade: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One transaction. `name` is its number, which grows, and the id of the sync: `000012-00112233aabbccdd`.

    `undoes` names the record that an undo takes back. `folders` are those that were missing above what was to be
    made; `modes` those of ours that may go with what is removed, with their permission bits. `exclude` are the lines
    of this worktree in `info/exclude` as they were, None where that is not our business. `time` is UTC, ISO 8601.
    """

    name: str
    kind: TransactionKind
    time: str
    changes: tuple[Change, ...]
    undoes: str = ""
    folders: tuple[str, ...] = ()
    modes: Mapping[str, int] = field(default_factory=dict)
    exclude: tuple[str, ...] | None = None

    @property
    def number(self) -> int:
        return number_of(self.name)


@dataclass(frozen=True, slots=True)
class Found:
    """What stands at a path now. `marker` is the source that a marker beside it names, if it still is that copy."""

    stood: Stood
    marker: str = ""


def number_of(name: str) -> int:
    """The number of a record by its name. Raises ValueError."""
    return int(name.partition("-")[0])


def undone(records: Iterable[Record], *, unfinished: str = "") -> frozenset[str]:
    """The names of those records that have been taken back, and whose taking back was not taken back itself.

    An undo that is `unfinished`, since it was killed, has taken nothing back yet.
    """
    names: set[str] = set()
    for record in sorted(records, key=lambda record: record.number, reverse=True):
        if record.undoes and record.name not in names and record.name != unfinished:
            names.add(record.undoes)
    return frozenset(names)


# --- before the first change ---


def changes(
    operations: Iterable[Operation],
    stood: Mapping[str, Stood],
    edited: Mapping[str, bytes | None],
    ledger: Ledger,
    name: str,
) -> tuple[Change, ...]:
    """What the operations are about to do. `edited` has the bytes that each merged file will have, None if it goes."""
    known: dict[str, dict[Address, Entry]] = defaultdict(dict)
    paths = {operation.path for operation in operations}
    for address, entry in ledger.entries.items():
        if address.path in paths:
            known[address.path][address] = entry
    return tuple(
        _change(operation, stood[operation.path], edited.get(operation.path), known[operation.path], name)
        for operation in operations
    )


def _change(
    operation: Operation, before: Stood, edited: bytes | None, entries: Mapping[Address, Entry], name: str
) -> Change:
    address = Address(operation.path)
    after: str | None = None
    source, new, gone = "", dict(entries), set[Address]()
    made: tuple[Address, ...] = ()
    unmade: tuple[Address, ...] = ()
    if isinstance(operation, MakeLink):
        after, source = link_hash(operation.text), operation.source
        new[address] = _entry(Method.SYMLINK, after, operation)
    elif isinstance(operation, WriteFile):
        after = short_hash(operation.content)
        new[address] = _entry(Method.WRITE, after, operation)
    elif isinstance(operation, EditDocument):
        after = None if edited is None else short_hash(edited)
        new.update(operation.record)
        gone.update(operation.forget)
        made = operation.made if operation.expected is not None else (*operation.made, address)
        unmade = operation.unmade if edited is not None else (*operation.unmade, address)
    elif isinstance(operation, Restore):
        after = operation.before.digest
        new.update(operation.record)
        gone.update(operation.forget)
        made, unmade = operation.made, operation.unmade
    elif isinstance(operation, Remove):
        gone.add(address)
    else:
        after = short_hash(operation.content)
    new = {each: entry for each, entry in new.items() if each not in gone}
    return Change(
        path=operation.path,
        before=before,
        after=after,
        source=source,
        entries_before=entries,
        entries_after=with_origins(operation, new, entries, name),
        made=made,
        unmade=unmade,
    )


def _entry(method: Method, digest: str, operation: MakeLink | WriteFile) -> Entry:
    source = operation.source if isinstance(operation, MakeLink) else ""
    return Entry(method=method, digest=digest, timestamp="", owners=operation.owners, source=source)


def with_origins(
    operation: Operation, after: Mapping[Address, Entry], before: Mapping[Address, Entry], name: str
) -> dict[Address, Entry]:
    """The entries that an operation leaves, made to remember what stood there before we ever wrote.

    `before` are those of the ledger so far, `name` is the record of the transaction.
    """
    return {address: _with_origin(operation, address, entry, before, name) for address, entry in after.items()}


def _with_origin(
    operation: Operation, address: Address, entry: Entry, before: Mapping[Address, Entry], name: str
) -> Entry:
    known = before.get(address)
    if entry.origin or entry is known:
        return entry
    if known is not None and known.created:
        return replace(entry, origin=known.origin) if known.origin else entry
    if operation.expected is not None and operation.states.get(address) in _NOT_OURS:
        return replace(entry, origin=name)  # a person let us replace what is theirs
    return entry


# --- after a crash ---


def settled(record: Record, now: Mapping[str, Found], ledger: Ledger, present: Collection[str]) -> Ledger:
    """The ledger of a transaction that was killed, with those of its changes that happened.

    `now` is what stands at the paths of the record; `present` are those of its `folders` that are there.
    """
    for change in record.changes:
        found = now[change.path]
        if is_as_left(change, found) and change.after != change.before.digest:
            stamped = {
                address: replace(_as_found(entry, change, found), timestamp=entry.timestamp or record.time)
                for address, entry in change.entries_after.items()
            }
            ledger = ledger.changed(
                record=stamped,
                forget=change.entries_before.keys() - change.entries_after.keys(),
                made=change.made,
                unmade=change.unmade,
            )
    return ledger.changed(made=[Address(folder) for folder in record.folders if folder in present])


def _as_found(entry: Entry, change: Change, found: Found) -> Entry:
    """The entry of a change that happened: of a copy, where no link could be made. Of which state of its source it is
    nobody knows any more, so it counts as stale."""
    if found.stood.digest == change.after or entry.method is not Method.SYMLINK:
        return entry
    return replace(entry, method=Method.COPY, digest=found.stood.digest or "")


def is_as_left(change: Change, now: Found) -> bool:
    """Does what stands at the path now say what the transaction was to leave there?"""
    if now.stood.digest == change.after:
        return True
    return bool(now.marker) and now.marker == change.source


# --- taking it back ---


def undo_plan(record: Record, now: Mapping[str, Found], ledger: Ledger) -> Plan:
    """How to take a transaction back, path by path.

    What is as it was left is put back as it was before. What stands there as it stood before needs no change, and the
    ledger learns of it. What was never done is left out. Everything else was edited since: a conflict.
    """
    current: dict[str, dict[Address, Entry]] = defaultdict(dict)
    for address, entry in ledger.entries.items():
        current[address.path][address] = entry
    operations: list[Operation] = []
    conflicts: list[Conflict] = []
    adopt: dict[Address, Entry] = {}
    forget: list[Address] = []
    for change in record.changes:
        found, entries = now[change.path], current[change.path]
        gone = tuple(sorted(entries.keys() - change.entries_before.keys()))
        if _is_as_before(change.before, found):
            adopt.update((each, entry) for each, entry in change.entries_before.items() if entries.get(each) != entry)
            forget.extend(gone)
        elif is_as_left(change, found) or found.stood.digest == change.before.digest:  # but for its mode or its marker
            operations.append(_restore(record, change, found, gone))
        elif not _says_the_same(entries, change.entries_before):
            conflicts.append(_edited(change, _owners(change)))
    return Plan(
        operations=tuple(sorted(operations, key=_removals_first)),
        conflicts=tuple(conflicts),
        adopt=adopt,
        forget=tuple(forget),
    )


def _restore(record: Record, change: Change, found: Found, gone: tuple[Address, ...]) -> Restore:
    parents = {folder: mode for folder, mode in record.modes.items() if change.path.startswith(folder)}
    return Restore(
        path=change.path,
        owners=_owners(change),
        expected=found.stood.digest,
        origin=record.name,
        before=change.before,
        record=change.entries_before,
        forget=gone,
        made=change.unmade,
        unmade=change.made,
        folders=parents,
    )


def _owners(change: Change) -> tuple[str, ...]:
    entries = (*change.entries_after.values(), *change.entries_before.values())
    return tuple(dict.fromkeys(owner for entry in entries for owner in entry.owners)) or ("history",)


def _removals_first(operation: Operation) -> bool:
    """A file may have to go before a folder of its name comes back."""
    return not (isinstance(operation, Restore) and isinstance(operation.before, Nothing))


def _is_as_before(before: Stood, found: Found) -> bool:
    now = found.stood
    if isinstance(before, StoodFile) and isinstance(now, StoodFile):
        return (before.digest, before.mode, before.marker) == (now.digest, now.mode, found.marker)
    if isinstance(before, StoodTree) and isinstance(now, StoodTree):
        return (before.digest, before.marker) == (now.digest, found.marker)
    return before.digest == now.digest  # of a link that leads nowhere nobody can say whether it is one to a folder


def _says_the_same(entries: Mapping[Address, Entry], before: Mapping[Address, Entry]) -> bool:
    """Does the ledger know just what it knew before? Then the change was never made."""
    return {each: entry.digest for each, entry in entries.items()} == {
        each: entry.digest for each, entry in before.items()
    }


def _edited(change: Change, owners: tuple[str, ...]) -> Conflict:
    return Conflict(
        kind=ConflictKind.DRIFT,
        address=Address(change.path),
        owners=owners,
        message=f"{Address(change.path)}: it was edited since, and is left as it is",
        hint="Keep what you need of it elsewhere and delete it, then undo again",
    )


def latest(records: Sequence[Record], *, done: Collection[str]) -> Record | None:
    """The last transaction that may be taken back: no undo, and none of `done`."""
    candidates = [each for each in records if each.kind is not TransactionKind.UNDO and each.name not in done]
    return max(candidates, key=lambda record: record.number, default=None)


def expired(names: Sequence[str], ages_s: Mapping[str, float], *, keep: int, days: int) -> tuple[str, ...]:
    """The records that need not be kept any more: neither among the last `keep` ones nor of the last `days` days."""
    last = frozenset(sorted(names, key=number_of)[-keep:])
    return tuple(name for name in names if name not in last or ages_s[name] > days * 86_400)


__all__ = [
    "Change",
    "Found",
    "Nothing",
    "Record",
    "Stood",
    "StoodFile",
    "StoodLink",
    "StoodTree",
    "TransactionKind",
    "changes",
    "expired",
    "is_as_left",
    "latest",
    "number_of",
    "settled",
    "undo_plan",
    "undone",
    "with_origins",
]
