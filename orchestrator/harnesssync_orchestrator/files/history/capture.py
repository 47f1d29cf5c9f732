"""Taking down what stands where a transaction is about to change something, before it does."""

from __future__ import annotations

import os
import stat
from collections.abc import Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from harnesssync_orchestrator.core.desired import link_hash
from harnesssync_orchestrator.core.history import Found
from harnesssync_orchestrator.core.plan import EditDocument, Operation, UpdateSource
from harnesssync_orchestrator.core.stood import Nothing, Stood, StoodFile, StoodLink, StoodTree
from harnesssync_orchestrator.core.targets import DocumentFormat
from harnesssync_orchestrator.errors import ApplyError
from harnesssync_orchestrator.files.copying import Marker, look_at_any, read_marker
from harnesssync_orchestrator.files.editing import edit
from harnesssync_orchestrator.files.folder import Folder, telling
from harnesssync_orchestrator.files.history.pack import PackWriter, opened
from harnesssync_orchestrator.files.place import Place, is_link


@dataclass
class Captured:
    """`operations` are those that can be carried out; the others failed, for the reason given.

    `stood` has what stands at the path of each now, and `edited` the bytes that each merged file will have, None if
    it is to go. `adopted` are the outputs, as they stand, whose edits go into the source.
    """

    operations: list[Operation] = field(default_factory=list)
    stood: dict[str, Stood] = field(default_factory=dict)
    adopted: dict[str, Stood] = field(default_factory=dict)
    edited: dict[str, bytes | None] = field(default_factory=dict)
    failed: list[tuple[Operation, ApplyError]] = field(default_factory=list)


def capture(
    root: Path, operations: Iterable[Operation], formats: Mapping[str, DocumentFormat], pack: PackWriter
) -> Captured:
    """Keep what the operations are about to replace or remove. Blocking.

    Each says what it expects; one that would find something else is left out, and so is one whose edit fails. Raises
    StateError when nothing can be kept: then nothing may be changed.
    """
    captured = Captured()
    for operation in operations:
        if operation.expected is None and not isinstance(operation, EditDocument):
            captured.stood[operation.path] = Nothing()  # the operation itself sees to it that nothing stands there
            captured.operations.append(operation)
            continue
        try:
            with telling(operation.path):
                _capture(root, operation, formats, pack, captured)
        except ApplyError as error:
            captured.failed.append((operation, error))
        else:
            captured.operations.append(operation)
    return captured


def _capture(
    root: Path,
    operation: Operation,
    formats: Mapping[str, DocumentFormat],
    pack: PackWriter,
    captured: Captured,
) -> None:
    path, content = operation.path, b""
    stood: Stood = Nothing()
    if operation.expected is not None:
        stood, content = _standing(root, path, pack, keep=isinstance(operation, EditDocument))
        if stood.digest != operation.expected:
            raise _changed(path)
    if isinstance(operation, EditDocument):
        captured.edited[path] = edit(operation, content, formats)
    elif isinstance(operation, UpdateSource):
        outputs = {address.path for address in operation.addresses} - captured.adopted.keys()
        captured.adopted.update({output: _standing(root, output, pack, keep=False)[0] for output in outputs})
    captured.stood[path] = stood


def _standing(root: Path, path: str, pack: PackWriter, *, keep: bool) -> tuple[Stood, bytes]:
    with _place(root, path) as place:
        status = place.lstat() if place is not None else None
        if place is None or status is None:
            return Nothing(), b""
        return _keep(place, status, path, pack, keep=keep)


def _keep(place: Place, status: os.stat_result, path: str, pack: PackWriter, *, keep: bool) -> tuple[Stood, bytes]:
    if is_link(status):
        return StoodLink(text=place.readlink(), directory=place.path.is_dir()), b""
    marker = read_marker(place) or Marker("", "")
    if stat.S_ISDIR(status.st_mode):
        digest = look_at_any(place) or ""
        pack.add_tree(path, place.folder, place.name)
        if not digest or look_at_any(place) != digest:
            raise _changed(path)
        return StoodTree(digest=digest, marker=marker.source, marked=_other(marker, digest)), b""
    with opened(place.folder, place.name) as descriptor:
        digest, status, content = pack.add_file(path, descriptor, keep=keep)
    stood = StoodFile(
        digest=digest,
        mode=stat.S_IMODE(status.st_mode),
        mtime_ns=status.st_mtime_ns,
        marker=marker.source,
        marked=_other(marker, digest),
    )
    return stood, content


def _other(marker: Marker, digest: str) -> str:
    """The digest that a marker names, if it is another one."""
    return "" if marker.digest == digest else marker.digest


def look(root: Path, paths: Iterable[str]) -> dict[str, Found]:
    """What stands at some paths below a root now. Blocking.

    A folder that is no copy of ours, and whatever can't be read, has the digest `""`, which is nobody's.
    """
    return {path: _look(root, path) for path in paths}


_UNKNOWN = Found(StoodTree(digest=""))


def _look(root: Path, path: str) -> Found:
    try:
        with _place(root, path) as place:
            status = place.lstat() if place is not None else None
            if place is None or status is None:
                return Found(Nothing())
            if is_link(status):
                return Found(StoodLink(text=place.readlink()))
            if not (stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)):
                return _UNKNOWN
            # One look for both: an edit between two would pass for what the marker speaks of.
            marker, digest = read_marker(place), look_at_any(place) or ""
            source = marker.source if marker is not None and marker.digest == digest else ""
            if stat.S_ISDIR(status.st_mode):
                return Found(StoodTree(digest=digest), source)
            mode = stat.S_IMODE(status.st_mode)
            return Found(StoodFile(digest=digest, mode=mode, mtime_ns=status.st_mtime_ns), source)
    except OSError:
        return _UNKNOWN


def modes(root: Path, folders: Iterable[str]) -> dict[str, int]:
    """The permission bits of those folders (below the root, each with a final `/`) that are there."""
    found: dict[str, int] = {}
    for folder in folders:
        with suppress(OSError):
            status = (root / folder).lstat()
            if stat.S_ISDIR(status.st_mode):
                found[folder] = stat.S_IMODE(status.st_mode)
    return found


def _changed(path: str) -> ApplyError:
    return ApplyError(
        "somebody changed it since it was looked at",
        code="changed_underneath",
        path=path,
        hint="Nothing was overwritten. Sync again",
    )


@contextmanager
def _place(root: Path, relative: str) -> Generator[Place | None]:
    """The place of a path, each folder on the way opened in the one before; None if one of them is missing.

    Raises NotADirectoryError if one of them is a link.
    """
    *parents, name = relative.split("/")
    with ExitStack() as stack:
        folder = Folder.root(root)
        stack.callback(folder.close)
        for part in parents:
            try:
                folder = folder.open(part)
            except FileNotFoundError:
                yield None
                return
            stack.callback(folder.close)
        yield Place(folder, name)


__all__ = ["Captured", "capture", "link_hash", "look", "modes"]
