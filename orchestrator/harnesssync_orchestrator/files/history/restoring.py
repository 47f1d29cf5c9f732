"""Putting back what stood at a path, from the pack of a record."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from harnesssync_orchestrator.core.desired import short_hash
from harnesssync_orchestrator.core.plan import Restore
from harnesssync_orchestrator.core.stood import Nothing, StoodFile, StoodLink, StoodTree
from harnesssync_orchestrator.files.below import Below
from harnesssync_orchestrator.files.copying import Marker, look_at_any, marker_going, remove_marker, write_marker
from harnesssync_orchestrator.files.folder import set_mode
from harnesssync_orchestrator.files.history.pack import PACK, Pack, damaged, set_time
from harnesssync_orchestrator.files.place import Place
from harnesssync_orchestrator.files.replacing import confirm, put, take
from harnesssync_orchestrator.files.temporaries import our_name, telling_name


def restore(operation: Restore, below: Below, history: Path) -> tuple[str, ...]:
    """Carry out one operation; gives the folders that had to be made, outermost first, each with a final `/`.

    Raises ApplyError. Then everything is as it was.
    """
    before = operation.before
    if isinstance(before, Nothing):
        with below.taking(operation.path) as place:
            if place is not None:
                with marker_going(place):
                    if place.lstat() is not None:
                        confirm(place, operation.expected, look_at_any)
                        take(place, operation.expected or "", look_at_any)
        return ()
    with below.making(operation.path) as (place, made):
        confirm(place, operation.expected, look_at_any)
        ready = place.beside(our_name())
        new = place.beside(telling_name(before.digest, operation.expected))
        try:
            _make(ready, operation, before, history / operation.origin / PACK)
            ready.rename_to(new)
        except BaseException:
            ready.remove()
            raise
        put(new, place, digest=before.digest, expected=operation.expected, look=look_at_any)
        if not isinstance(before, StoodLink) and before.marker:
            write_marker(place, Marker(before.marker, before.marked or before.digest))
        else:
            remove_marker(place)
    _restore_modes(below, operation, made)
    return made


def _make(place: Place, operation: Restore, before: StoodFile | StoodLink | StoodTree, packed: Path) -> None:
    """Make what stood there, under another name, and see that it is just that."""
    if isinstance(before, StoodLink):
        os.symlink(before.text, place.handle, target_is_directory=before.directory, dir_fd=place.fd)
        return
    pack = Pack(packed)
    try:
        if isinstance(before, StoodTree):
            pack.unpack(operation.path, place.folder, place.name)
            if look_at_any(place) != before.digest:
                raise damaged(packed, f"{operation.path} is not what was kept")
            return
        content = pack.content(operation.path)
    finally:
        pack.close()
    if short_hash(content) != before.digest:
        raise damaged(packed, f"{operation.path} is not what was kept")
    name = operation.path.rpartition("/")[2]
    former = place.folder.lstat(name)
    # A link that took the place of a file has no owner and no access list worth keeping.
    like = name if former is not None and stat.S_ISREG(former.st_mode) else None
    place.folder.create(place.name, content, mode=before.mode, exact=True, like=like)
    set_time(place.folder, place.name, before.mtime_ns)


def _restore_modes(below: Below, operation: Restore, made: tuple[str, ...]) -> None:
    """Folders of ours that went with their last output get the permissions back that a person may have given them."""
    for folder in made:
        mode = operation.folders.get(folder)
        if mode is not None:
            with below.taking(folder.rstrip("/")) as place:
                if place is not None:
                    inner = place.folder.open(place.name)
                    try:
                        if inner.fd is not None:
                            set_mode(inner.fd, mode)
                    finally:
                        inner.close()
