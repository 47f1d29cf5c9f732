"""Clearing away what nobody needs any more, and what only we can have left: broken links, markers, temporaries."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from harnesssync_orchestrator.core.desired import link_hash
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.errors import ApplyError
from harnesssync_orchestrator.files.below import Below
from harnesssync_orchestrator.files.copying import discard, is_exactly, marked_name, read_marker, remove, remove_marker
from harnesssync_orchestrator.files.folder import Folder
from harnesssync_orchestrator.files.place import Place, is_link, is_temporary


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """How many `markers` of vanished copies and how many `temporaries` are gone. `kept` are temporaries, relative to
    the root, with content that nobody knows: an edit that came in while a sync was killed."""

    markers: int = 0
    temporaries: int = 0
    kept: tuple[str, ...] = ()


def cleanup_stale_symlinks(directory: Path, recorded: Mapping[str, str]) -> int:
    """Remove links in a folder that are ours and lead to nothing; gives how many.

    `recorded` has the `link_hash` of each link of ours, by name: a link that says something else, or that is not in
    it, is somebody's and stays. A folder that is missing, no folder or unreadable has none. A link in a circle leads
    to nothing as well.
    """
    count = 0
    with ExitStack() as stack:
        try:
            folder = Folder.root(directory)
        except OSError:
            return 0
        stack.callback(folder.close)
        for name in _names(folder):
            place = Place(folder, name)
            with suppress(OSError):  # what can't be read or removed now is tried again the next time
                if name in recorded and _is_broken_link(place) and link_hash(place.readlink()) == recorded[name]:
                    remove(place)
                    count += 1
    return count


def clean(root: Path, ledger: Ledger) -> Cleaned:
    """Clear away what a killed sync may have left in the folders of our outputs, below `root`.

    Only for whoever holds the project's lock: what another sync is about to rename looks the same.
    """
    markers, temporaries = 0, 0
    kept: list[str] = []
    folders = {address.path.rpartition("/")[0] for address in (*ledger.entries, *ledger.pending)}
    digests = frozenset(entry.digest for entry in ledger.entries.values()) | frozenset(ledger.pending.values())
    for path in sorted(folders):
        with _open(root, path) as folder:
            if folder is None:
                continue
            markers += cleanup_markers(folder)
            removed, unknown = cleanup_temporaries(folder, digests)
            temporaries += removed
            kept += [f"{path}/{name}" if path else name for name in unknown]
    with suppress(ApplyError), Below(root) as below:
        for path in sorted(folders):
            kept += [f"{path}/{name}" if path else name for name in below.sweep(path)]
    return Cleaned(markers=markers, temporaries=temporaries, kept=tuple(kept))


def cleanup_markers(folder: Folder) -> int:
    """Remove our markers of copies that are not there any more; gives how many."""
    count = 0
    for name in _names(folder):
        marked = marked_name(name)
        if marked is None:
            continue
        place = Place(folder, marked)
        with suppress(OSError):
            if place.lstat() is None and read_marker(place) is not None:
                remove_marker(place)
                count += 1
    return count


def cleanup_temporaries(folder: Folder, digests: frozenset[str]) -> tuple[int, tuple[str, ...]]:
    """Remove copies that were being made when a process was killed, and former content with one of `digests`.

    Gives how many, and the names of those that were kept because nobody knows their content.
    """
    count = 0
    kept: list[str] = []
    for name in _names(folder):
        place = Place(folder, name)
        with suppress(OSError):
            if is_temporary(name):
                remove(place)
                count += 1
            elif is_temporary(name, former=True):
                if any(is_exactly(place, digest) for digest in digests):
                    discard(place)
                    count += 1
                else:
                    kept.append(name)
    return count, tuple(kept)


def _is_broken_link(place: Place) -> bool:
    status = place.lstat()
    if status is None or not is_link(status):
        return False
    try:
        os.stat(place.handle, dir_fd=place.fd)
    except PermissionError:  # it leads somewhere, only we may not look
        return False
    except OSError:
        return True
    return False


def _names(folder: Folder) -> list[str]:
    """The names in a folder, all read before any is removed; none if it can't be read."""
    try:
        return sorted(os.listdir(folder.path if folder.fd is None else folder.fd))  # noqa: PTH208 - takes a descriptor
    except OSError:
        return []


@contextmanager
def _open(root: Path, relative: str) -> Iterator[Folder | None]:
    """A folder below the root, no part of the way a link; None if there is no such folder."""
    with ExitStack() as stack:
        folder: Folder | None = None
        with suppress(OSError):
            inner = Folder.root(root)
            stack.callback(inner.close)
            for part in relative.split("/") if relative else ():
                inner = inner.open(part)
                stack.callback(inner.close)
            folder = inner
        yield folder
