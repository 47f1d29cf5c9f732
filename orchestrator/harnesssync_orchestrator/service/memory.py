"""What is kept of a project between syncs so that an unchanged one costs next to nothing. All of it may be lost.

Digests of files by signature, and the footprint of the last sync together with what it had to say: conflicts, losses
and problems are as true as they were when nothing has changed since.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from harnesssync_orchestrator.core.desired import Loss
from harnesssync_orchestrator.core.items import Problem
from harnesssync_orchestrator.core.plan import Conflict, Held
from harnesssync_orchestrator.files.footprint import Footprint
from harnesssync_orchestrator.files.hashing import HashCache
from harnesssync_orchestrator.files.store import write_atomic


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """What the last sync found, besides that there was nothing (more) to do.

    `watch` are the folders whose changes matter, see `SyncResult`.
    """

    unchanged: int
    conflicts: tuple[Conflict, ...] = ()
    losses: tuple[Loss, ...] = ()
    held: tuple[Held, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    watch: tuple[str, ...] = ()


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Remembered)


@dataclass
class Memory:
    """The memory of one project. Used by one sync at a time, under the project's lock."""

    cache: HashCache = field(default_factory=HashCache)
    footprint: Footprint = field(default_factory=Footprint)

    @classmethod
    def load(cls, cache_file: Path, footprint_file: Path) -> Memory:
        """What an earlier process kept; empty where it kept nothing readable."""
        return cls(HashCache.load(_content(cache_file)), Footprint.decode(_content(footprint_file)))

    def remembered(self) -> Remembered | None:
        """What the sync of the footprint found; None if it can't be read any more."""
        try:
            return _DECODER.decode(self.footprint.result)
        except msgspec.DecodeError:
            return None

    def save(self, cache_file: Path, footprint_file: Path, footprint: Footprint) -> None:
        """Keep a new footprint, and the digests if they changed."""
        if self.cache.changed:
            write_atomic(cache_file, self.cache.dump())
            self.cache.changed = False
        self.footprint = footprint
        write_atomic(footprint_file, footprint.encode())


class Memories:
    """The memories of all projects that this process has synced, loaded when first asked for."""

    def __init__(self) -> None:
        self._memories: dict[str, Memory] = {}

    def of(self, project_id: str, cache_file: Path, footprint_file: Path) -> Memory:
        if project_id not in self._memories:
            self._memories[project_id] = Memory.load(cache_file, footprint_file)
        return self._memories[project_id]

    def drop(self, project_id: str) -> None:
        """Forget a project that is gone."""
        self._memories.pop(project_id, None)


def encode(remembered: Remembered) -> bytes:
    """As `Footprint.result` carries it."""
    return _ENCODER.encode(remembered)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""  # not there yet, or unreadable: it is only a memory
