"""Records of transactions: what stood where a sync was about to change something, so that it can be put back.

Whatever changes outputs (a sync, an undo, an unlink, a person's decision about a conflict) has a record, and so has an
import into the source. It is on disk before the first change (`core.changes` draws it up). From a record and from what
is on disk now follow two things: which of its changes happened, when it was killed halfway (`core.settling`), and how
to take it back (`core.undoing`).
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.core.ledger import Entry
from harnesssync_orchestrator.core.stood import Stood

DAY_S = 86_400


class TransactionKind(enum.Enum):
    """What a transaction came from."""

    SYNC = "sync"
    UNDO = "undo"
    UNLINK = "unlink"
    RESOLVE = "resolve"
    IMPORT = "import"


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
    of this worktree in `info/exclude` as they were, None where that is not our business, and `private` those of them
    that must not be shown. `time` is UTC, ISO 8601.
    """

    name: str
    kind: TransactionKind
    time: str
    changes: tuple[Change, ...]
    undoes: str = ""
    folders: tuple[str, ...] = ()
    modes: Mapping[str, int] = field(default_factory=dict)
    exclude: tuple[str, ...] | None = None
    private: tuple[str, ...] = ()

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


def is_as_left(change: Change, now: Found) -> bool:
    """Does what stands at the path now say what the transaction was to leave there?"""
    if now.stood.digest == change.after:
        return True
    return bool(now.marker) and now.marker == change.source


def latest(records: Sequence[Record], *, done: Collection[str]) -> Record | None:
    """The last transaction that may be taken back: no undo, and none of `done`."""
    candidates = [each for each in records if each.kind is not TransactionKind.UNDO and each.name not in done]
    return max(candidates, key=lambda record: record.number, default=None)


def before_it(records: Sequence[Record], record: Record) -> Record | None:
    """The transaction that the same command made before this one: it adopted edits first, and then synced."""
    return latest([each for each in records if each.number < record.number and is_of(each.name, record)], done=())


def is_of(name: str, record: Record) -> bool:
    """Is this the name of a transaction of the same command? All of them have the id of its sync."""
    return name.partition("-")[2] == record.name.partition("-")[2]


def expired(names: Sequence[str], ages_s: Mapping[str, float], *, keep: int, days: int) -> tuple[str, ...]:
    """The records that need not be kept any more: neither among the last `keep` ones nor of the last `days` days."""
    last = frozenset(sorted(names, key=number_of)[-keep:])
    return tuple(name for name in names if name not in last or ages_s[name] > days * DAY_S)
