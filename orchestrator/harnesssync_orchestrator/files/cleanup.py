"""Clearing away what nobody needs any more, and what only we can have left: broken links, markers, temporaries."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from harnesssync_orchestrator.core.desired import Address, link_hash
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.markers import marked_name
from harnesssync_orchestrator.errors import ApplyError
from harnesssync_orchestrator.files.below import Below
from harnesssync_orchestrator.files.copying import is_exactly, read_marker, remove_marker
from harnesssync_orchestrator.files.folder import Folder
from harnesssync_orchestrator.files.place import Place, is_link
from harnesssync_orchestrator.files.temporaries import is_ours

_UNKNOWN_OWNERS = ("unknown",)
"""A killed sync leaves no word about who wanted an output; the next one gives it to its owners, or removes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """How many `markers` of vanished copies and how many `temporaries` are gone. `kept` are temporaries, relative to
    the root, with content that nobody knows: an edit that came in while a sync was killed. `recovered` are copies
    that were finished but not recorded any more, as entries for the ledger: their markers vouch for them."""

    markers: int = 0
    temporaries: int = 0
    kept: tuple[str, ...] = ()
    recovered: Mapping[Address, Entry] = field(default_factory=dict)


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
                    place.remove()
                    count += 1
    return count


def clean(root: Path, ledger: Ledger) -> Cleaned:
    """Clear away what a killed sync may have left in the folders of our outputs, below `root`.

    A sync that ends as it should leaves nothing `pending` in the ledger, so this has work to do only if there is.
    Only for whoever holds the project's lock: what another sync is about to rename looks the same.
    """
    markers, temporaries = 0, 0
    kept: list[str] = []
    recovered: dict[Address, Entry] = {}
    folders = {address.path.rpartition("/")[0] for address in (*ledger.entries, *ledger.pending)}
    for path in sorted(folders):
        with _open(root, path) as folder:
            if folder is None:
                continue
            temporaries += cleanup_temporaries(folder)
            markers += cleanup_markers(folder)
            here = [address for address in ledger.pending if address.path.rpartition("/")[0] == path]
            recovered.update(_recover(folder, here, ledger))
    with suppress(ApplyError), Below(root) as below:
        for path in sorted(folders):
            kept += [f"{path}/{name}" if path else name for name in below.sweep(path)]
        for path in sorted(_intended_folders(ledger), key=lambda path: -path.count("/")):
            with suppress(ApplyError):
                below.rmdir(path)
    return Cleaned(markers=markers, temporaries=temporaries, kept=tuple(kept), recovered=recovered)


def _intended_folders(ledger: Ledger) -> Iterator[str]:
    """The folders that the killed sync was about to make. An empty one goes: what needs it makes it anew, and then
    the ledger knows whose it is."""
    return (address.path for address in ledger.pending if address.path.endswith("/"))


def _recover(folder: Folder, addresses: Iterable[Address], ledger: Ledger) -> Iterator[tuple[Address, Entry]]:
    """Copies that the killed sync was about to make, and did make. What they were made of may have changed since,
    so they count as stale."""
    for address in addresses:
        place = Place(folder, address.path.rpartition("/")[2])
        with suppress(OSError):
            marker = read_marker(place)
            if marker is not None and is_exactly(place, marker.digest):
                entry = ledger.entries.get(address)
                yield (
                    address,
                    Entry(
                        method=Method.COPY,
                        digest=marker.digest,
                        timestamp=entry.timestamp if entry is not None else "",
                        owners=entry.owners if entry is not None else _UNKNOWN_OWNERS,
                        source=marker.source,
                        yields=entry is not None and entry.yields,
                        unlisted=entry is not None and entry.unlisted,
                    ),
                )


def cleanup_markers(folder: Folder) -> int:
    """Remove our markers of copies that are not there any more; gives how many."""
    count = 0
    for name in _names(folder):
        marked = marked_name(name)
        if marked is None:
            continue
        place = Place(folder, marked)
        with suppress(OSError):
            if place.lstat() is None:
                count += remove_marker(place)
    return count


def remove_markers(root: Path, paths: Iterable[str]) -> None:
    """Remove our markers beside what has taken the places of copies. What can't be removed stays."""
    for path in paths:
        parent, _, name = path.rpartition("/")
        with _open(root, parent) as folder:
            if folder is not None:
                with suppress(OSError):
                    remove_marker(Place(folder, name))


def cleanup_temporaries(folder: Folder) -> int:
    """Remove copies that were being made, or were on their way out, when a process was killed; gives how many."""
    count = 0
    for name in _names(folder):
        if is_ours(name):
            with suppress(OSError):
                Place(folder, name).remove()
                count += 1
    return count


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
def _open(root: Path, relative: str) -> Generator[Folder | None, None, None]:
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
