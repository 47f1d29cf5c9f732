"""What is kept of a project between syncs so that an unchanged one costs next to nothing. All of it may be lost.

Digests of files by signature, and the footprint of the last sync together with what it had to say: conflicts, losses
and problems are as true as they were when nothing has changed since. These are in files, and a supervisor of hundreds
of projects holds none of it of those that rest: to read it again takes less than a tenth of the sync that needs it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from harnesssync_orchestrator.core.desired import Loss
from harnesssync_orchestrator.core.drift import Drift
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.core.plan import Conflict, Held, Kept
from harnesssync_orchestrator.core.source import Problem
from harnesssync_orchestrator.files.footprint import Footprint
from harnesssync_orchestrator.files.hashing import HashCache
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.files.recall import Recall
from harnesssync_orchestrator.files.store import write_atomic

if TYPE_CHECKING:
    from harnesssync_orchestrator.core.rendering import Renderings


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """What the last sync found, besides that there was nothing (more) to do.

    `watch` are the folders whose changes matter, see `SyncResult`; `hidden` what `Start.seen_by_git` said.
    """

    unchanged: int
    conflicts: tuple[Conflict, ...] = ()
    losses: tuple[Loss, ...] = ()
    held: tuple[Held, ...] = ()
    kept: tuple[Kept, ...] = ()
    drift: dict[Drift, int] = {}
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    watch: tuple[str, ...] = ()
    hidden: tuple[tuple[str, ...], ...] = ()


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Remembered)


MOST_FORGOTTEN = 64
"""Paths that are forgotten one by one: with more, as after a checkout, all is looked at again."""


class Memory:
    """The memory of one project. Used by one sync at a time, under the project's lock.

    `unconfirmed` is there between a sync that wrote and left the second look to a later one, and that look: what it
    wrote, see `files.echo`. `ledger` is what the ledger's file said when it was written last, which takes longer to
    read than to compare. `watched` are the folders that the last sync wanted watched.
    """

    def __init__(self, cache_file: Path, footprint_file: Path) -> None:
        self._cache_file = cache_file
        self._footprint_file = footprint_file
        self._unsaved = b""
        self._cache: HashCache | None = None
        self._renderings: Renderings | None = None
        self.unconfirmed: Mapping[str, str | None] | None = None
        self.watched: frozenset[str] = frozenset()
        self._recall: Recall | None = None
        self.ledger: tuple[bytes, Ledger] | None = None

    @property
    def footprint(self) -> Footprint:
        """What the last sync looked at, also one of an earlier process; nothing, where that kept nothing readable.
        Blocking: it is read whenever it is asked for."""
        return Footprint.decode(self._unsaved or _content(self._footprint_file))

    @property
    def cache(self) -> HashCache:
        """The digests of files. Blocking when first asked for: a sync that finds nothing changed never asks."""
        if self._cache is None:
            self._cache = HashCache.load(_content(self._cache_file))
        return self._cache

    @property
    def renderings(self) -> Renderings:
        """What was made of the items of the last sync in this process, unless the project rested since."""
        from harnesssync_orchestrator.core.rendering import Renderings  # noqa: PLC0415 - only a sync with work to do

        if self._renderings is None:
            self._renderings = Renderings()
        return self._renderings

    def recall(self) -> Recall:
        """What earlier looks saw, where it is known what changed since (`forget` was told); of long ago nothing."""
        recall = self._recall
        if recall is None or not recall.holds or recall.asked != self.watched:
            recall = self._recall = Recall(self.watched)
        return recall

    def forget(self, changed: Collection[str] | None = None) -> None:
        """These paths changed; anything may have, without any."""
        if changed is None or len(changed) > MOST_FORGOTTEN:
            self._recall = None
        elif self._recall is not None:
            self._recall.forget(changed)

    def save(self, footprint: Footprint) -> None:
        """Keep a new footprint, and the digests if they changed. Raises OSError; then this process has them all the
        same."""
        self._unsaved = footprint.encode()
        if self.cache.changed:
            write_atomic(self._cache_file, self.cache.dump())
            self.cache.changed = False
        write_atomic(self._footprint_file, self._unsaved)
        self._unsaved = b""

    def rest(self) -> None:
        """The next edit may be days away: let go of what can be read or made again."""
        self.ledger = self._renderings = None
        if self._cache is not None and not self._cache.changed:
            self._cache = None


class Memories:
    """The memories of all projects that this process has synced."""

    def __init__(self) -> None:
        self._memories: dict[str, Memory] = {}

    def of(self, project_id: str, layout: Layout) -> Memory:
        if project_id not in self._memories:
            self._memories[project_id] = Memory(layout.cache_file(project_id), layout.footprint_file(project_id))
        return self._memories[project_id]


def remembered_by(footprint: Footprint) -> Remembered | None:
    """What the sync of the footprint found; None if it can't be read any more."""
    try:
        return _DECODER.decode(footprint.result)
    except msgspec.DecodeError:
        return None


def encode(remembered: Remembered) -> bytes:
    """As `Footprint.result` carries it; nothing if a name in it is not UTF-8, which this form can't hold: then the next
    sync looks at everything again."""
    try:
        return _ENCODER.encode(remembered)
    except UnicodeEncodeError:
        return b""


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""  # not there yet, or unreadable: it is only a memory
