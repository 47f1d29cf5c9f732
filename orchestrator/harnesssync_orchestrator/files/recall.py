"""What earlier looks at a project saw, for syncs of which it is known what changed since.

Most syncs of a supervisor answer to an edit of one file. What else they would look at has not changed: a watcher would
have told. So they look at that file, and at what lies where nobody watches, and recall the rest.

Nothing is written for what is recalled alone: whoever writes or removes looks again at what is there. Should an event
get lost, the sync after it may do too little, until the next one that looks at everything.
"""

from __future__ import annotations

import os
import stat
import time
from collections import Counter
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from harnesssync_orchestrator.files.hashing import is_racy

if TYPE_CHECKING:
    from harnesssync_orchestrator.files.reading import Entry, Signature

MOST = 4096
"""Paths that are recalled at most; of a larger project the first ones are."""
MOST_BYTES = 256 * 1024
"""Bytes of contents that are kept for one project at most."""
LASTS_S = 30.0
"""Then everything is looked at again, however much is edited."""


class Recall:
    """Statuses, folders and contents by absolute path. `asked` are the folders of which changes are told, each without
    what is below it; of what lies elsewhere nothing is kept. Nor is it of a folder that has several names: the system
    tells of it by one of them alone."""

    __slots__ = ("_began", "_bytes", "_contents", "_entries", "_statuses", "_watched", "asked")

    def __init__(self, asked: frozenset[str]) -> None:
        self.asked = asked
        self._watched = _of_one_name(asked)
        self._began = time.monotonic()
        self._statuses: dict[str, os.stat_result | None] = {}
        self._entries: dict[str, tuple[tuple[str, ...], tuple[Entry, ...]]] = {}
        self._contents: dict[str, tuple[Signature, tuple[str, ...], bytes]] = {}
        self._bytes = 0

    @property
    def holds(self) -> bool:
        """Is it young enough to be used?"""
        return time.monotonic() - self._began < LASTS_S

    def forget(self, changed: Iterable[str]) -> None:
        """These paths changed: they, what is below them, and what their folders hold may be something else now."""
        folders: list[str] = []
        for path in changed:
            status = self._statuses.get(path)
            self._drop(path)
            self._drop(path.rpartition(os.sep)[0])
            if status is None or not stat.S_ISREG(status.st_mode):
                folders.append(path + os.sep)
        below = tuple(folders)
        for known in (self._statuses, self._entries, self._contents):
            for each in [each for each in known if each.startswith(below)]:
                self._drop(each)

    # --- statuses ---

    def knows(self, path: str) -> bool:
        return path in self._statuses

    def status(self, path: str) -> os.stat_result | None:
        """What `lstat` gave of a path that is known; None if nothing was there."""
        return self._statuses[path]

    def misses(self, path: str) -> bool:
        """Is it known that nothing was there?"""
        return path in self._statuses and self._statuses[path] is None

    def keep_missing(self, path: str) -> None:
        """Keep that nothing was there, if it would be told when something comes."""
        if path.rpartition(os.sep)[0] in self._watched and len(self._statuses) < MOST:
            self._statuses[path] = None

    def keep_status(self, path: str, status: os.stat_result, signature: Signature, looked_ns: int) -> None:
        """Keep it, if a change would be told, and is not so young that the next could leave it as it is."""
        if path.rpartition(os.sep)[0] not in self._watched or len(self._statuses) >= MOST:
            return
        # A folder is changed by what comes and goes in it, which is told where it is watched itself.
        is_told = path in self._watched or not stat.S_ISDIR(status.st_mode)
        if is_told and not is_racy(signature, looked_ns):
            self._statuses[path] = status

    # --- folders ---

    def entries(self, folder: str, within: Collection[str]) -> tuple[Entry, ...] | None:
        """What was in a folder, found under the same bounds; None if that is not known."""
        known = self._entries.get(folder)
        return known[1] if known is not None and known[0] == tuple(within) else None

    def keep_entries(self, folder: str, within: Collection[str], entries: tuple[Entry, ...]) -> None:
        if self.knows(folder) and len(self._statuses) + len(entries) < MOST:
            self._entries[folder] = (tuple(within), entries)

    # --- contents ---

    def content(self, path: str, signature: Signature, within: Collection[str]) -> bytes | None:
        """What was in a file that looked like this, read under the same bounds; None if that is not known."""
        known = self._contents.get(path)
        return known[2] if known is not None and known[:2] == (signature, tuple(within)) else None

    def keep_content(self, path: str, signature: Signature, within: Collection[str], content: bytes) -> None:
        if self.knows(path) and self._bytes + len(content) <= MOST_BYTES:
            self._drop_content(path)
            self._contents[path] = (signature, tuple(within), content)
            self._bytes += len(content)

    def _drop(self, path: str) -> None:
        self._statuses.pop(path, None)
        self._entries.pop(path, None)
        self._drop_content(path)

    def _drop_content(self, path: str) -> None:
        known = self._contents.pop(path, None)
        if known is not None:
            self._bytes -= len(known[2])


def _of_one_name(folders: frozenset[str]) -> frozenset[str]:
    real = {folder: os.path.realpath(folder) for folder in folders}
    names = Counter(real.values())
    return frozenset(folder for folder, where in real.items() if folder == where and names[where] == 1)
