"""Changes below a root that never leave it, never follow a link and never lose somebody's edit.

Each change says what it expects to find. The new content is made under a random name beside the destination, both
names are exchanged in one step, and what came out is compared: if it is not what was expected, the names are
exchanged back. So an edit that arrives at any moment before the exchange survives. What remains: a program that
opened the old file before and writes into it afterwards writes into a file that has no name any more; no system
offers a way to see that.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import final

from harnesssync_orchestrator.core.desired import link_hash, short_hash
from harnesssync_orchestrator.core.modes import kept_mode
from harnesssync_orchestrator.errors import ApplyError
from harnesssync_orchestrator.files.folder import Folder, telling
from harnesssync_orchestrator.files.place import Place
from harnesssync_orchestrator.files.relative import parts_of
from harnesssync_orchestrator.files.replacing import confirm, look_at_file, put, settle, take
from harnesssync_orchestrator.files.temporaries import (
    our_name,
    telling_name,
)

_MAX_OPEN_FOLDERS = 64


@final
class Below:
    """Changes below one root. Its folders stay open from one change to the next, and are synced to disk once, by
    `flush` or on leaving: two thousand links in one folder cost one fsync. Not for several threads at once.

    All paths are relative to the root, with `/`. Every method raises ApplyError, with one of the codes
    `changed_underneath`, `obstructed`, `not_writable`, `disk_full`, `unsafe_path`, `apply_failed`.
    """

    def __init__(self, root: Path) -> None:
        self._path = root
        with telling(str(root)):
            self._root = Folder.root(root)
        self._open: dict[str, Folder] = {}
        self._touched: set[str] = set()

    def __enter__(self) -> Below:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.flush()
        finally:
            self._close()
            self._root.close()

    def flush(self) -> None:
        """Make every change so far last beyond a power cut."""
        for relative in sorted(self._touched, key=lambda each: (-each.count("/"), each)):
            with telling(relative or str(self._path)):
                self._open.get(relative, self._root).sync()
        self._touched.clear()

    def write(
        self,
        relative: str,
        content: bytes,
        *,
        mode: int,
        expected: str | None,
        executable: bool | None = None,
        back: int = 0,
    ) -> tuple[str, ...]:
        """Put a file in place; gives the folders that had to be made, outermost first, each with a final `/`.

        `expected` is the digest of what stands there now (`short_hash` of a file, `link_hash` of a link), None if
        nothing may. `mode` is for a new file, less the umask; one that is replaced keeps its own, in which
        `executable` sets or takes the executable bits (None leaves them, unless `mode` has some), and loses what it
        gave to others if `mode` gives them nothing. It gets the permissions `back` if it has what was left of them.
        """
        with self.making(relative) as (place, made):
            confirm(place, expected)
            new = short_hash(content)
            temporary = place.beside(telling_name(new, expected))
            former = place.lstat()
            if former is not None and stat.S_ISREG(former.st_mode):
                kept = kept_mode(stat.S_IMODE(former.st_mode) & 0o777, mode, executable=executable, back=back)
                # A part of it under the telling name would look like an edit to whoever finds it after a crash.
                unfinished = place.beside(our_name())
                place.folder.create(unfinished.name, content, mode=kept, exact=True, like=place.name)
                unfinished.finish_as(temporary)
            else:
                place.folder.create(temporary.name, content, mode=mode)
            put(temporary, place, digest=new, expected=expected)
        return made

    def symlink(self, relative: str, text: str, *, directory: bool, expected: str | None = None) -> tuple[str, ...]:
        """Put a link with this text in place, as `write` does. A link that says so already is left alone."""
        with self.making(relative) as (place, made):
            new = link_hash(text)
            if expected is None:
                _link(place, text, new, directory=directory)
            elif expected != new or look_at_file(place) != new:
                confirm(place, expected)
                temporary = place.beside(telling_name(new, expected))
                os.symlink(text, temporary.handle, target_is_directory=directory, dir_fd=place.fd)
                put(temporary, place, digest=new, expected=expected)
        return made

    def remove(self, relative: str, expected: str) -> None:
        """Remove a file or link that is still as expected. One that is gone already is no error."""
        with self.taking(relative) as place:
            if place is not None and place.lstat() is not None:
                confirm(place, expected)
                take(place, expected)

    @contextmanager
    def making(self, relative: str) -> Generator[tuple[Place, tuple[str, ...]]]:
        """The place of something to be made, and the folders that were made for it, outermost first, with a final `/`.

        They go again when what is done there fails. For what `write` and `symlink` can't do: see `replacing`.
        """
        folder, name, made = self._reach(relative)
        try:
            with telling(relative):
                yield Place(folder, name), made
        except BaseException:
            self._unmake(made)
            raise
        self._touch(relative)

    @contextmanager
    def taking(self, relative: str) -> Generator[Place | None]:
        """The place of something to be removed; None if its folder is gone."""
        try:
            folder, name, _ = self._reach(relative, make=False)
        except ApplyError as error:
            if not isinstance(error.__cause__, FileNotFoundError):
                raise
            yield None
            return
        with telling(relative):
            yield Place(folder, name)
        self._touch(relative)

    def rmdir(self, relative: str) -> bool:
        """Remove a folder if it is empty. True if it is gone now, False if something is in it."""
        try:
            folder, name, _ = self._reach(relative.rstrip("/"), make=False)
            with telling(relative):
                self._forget(relative.rstrip("/"))
                os.rmdir(folder.at(name), dir_fd=folder.fd)
        except ApplyError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return True
            if isinstance(error.__cause__, OSError) and error.__cause__.errno in {errno.ENOTEMPTY, errno.EEXIST}:
                return False
            raise
        self._touch(relative.rstrip("/"))
        return True

    def sweep(self, relative: str) -> tuple[str, ...]:
        """Clear away what a killed process left in a folder (`""` is the root); gives the names of what was kept.

        What was held for a moment gets its name back. A temporary whose content is neither what was to be written nor
        what was to be replaced may be an edit that came in between: it is somebody's, and stays.
        """
        try:
            folder = self._root if not relative else self._reach(relative + "/x", make=False)[0]
        except ApplyError:
            return ()  # no such folder, or not one of ours to clean
        with telling(relative):
            return tuple(name for name in folder.names() if not settle(Place(folder, name)))

    # --- the way down ---

    def _reach(self, relative: str, *, make: bool = True) -> tuple[Folder, str, tuple[str, ...]]:
        """The open parent of a path, its last part, and the folders that were made on the way."""
        *parents, name = parts_of(relative)
        made: list[str] = []
        folder, path = self._root, ""
        try:
            for part in parents:
                path = f"{path}/{part}" if path else part
                if (known := self._open.get(path)) is None:
                    with telling(path):
                        known = self._enter(folder, part, path, made, make=make)
                folder = known
        except BaseException:
            self._unmake(tuple(made))
            raise
        return folder, name, tuple(made)

    def _enter(self, parent: Folder, part: str, path: str, made: list[str], *, make: bool) -> Folder:
        try:
            folder = parent.open(part)
        except FileNotFoundError:
            if not make:
                raise
            with suppress(FileExistsError):  # somebody else made it in this moment: then it is theirs
                os.mkdir(parent.at(part), 0o755, dir_fd=parent.fd)
                made.append(path + "/")
                self._touch(path)
            folder = parent.open(part)
        self._open[path] = folder
        return folder

    def _touch(self, relative: str) -> None:
        self._touched.add(relative.rpartition("/")[0])
        if len(self._open) > _MAX_OPEN_FOLDERS:
            self.flush()
            self._close()

    def _unmake(self, made: tuple[str, ...]) -> None:
        """Take back folders that were made for a change which then failed, as far as they are empty."""
        for path in reversed(made):
            folder, _, name = path[:-1].rpartition("/")
            self._forget(path[:-1])
            parent = self._open.get(folder, self._root)
            with suppress(OSError):
                os.rmdir(parent.at(name), dir_fd=parent.fd)

    def _forget(self, path: str) -> None:
        if path in self._open:
            self._open.pop(path).close()
            self._touched.discard(path)

    def _close(self) -> None:
        for folder in self._open.values():
            folder.close()
        self._open.clear()


def _link(place: Place, text: str, digest: str, *, directory: bool) -> None:
    """Make a link where nothing stands, or the very same. To make one is atomic, and never replaces anything: so it is
    only looked at what stands there when it fails."""
    try:
        os.symlink(text, place.handle, target_is_directory=directory, dir_fd=place.fd)
    except FileExistsError:
        if look_at_file(place) != digest:
            confirm(place, None)
            raise  # it is gone by now


def write_below(
    root: Path, relative: str, content: bytes, *, mode: int, expected: str | None, executable: bool | None = None
) -> tuple[str, ...]:
    """`Below.write` for one file."""
    with Below(root) as below:
        return below.write(relative, content, mode=mode, expected=expected, executable=executable)


def symlink_below(
    root: Path, relative: str, target_text: str, *, directory: bool, expected: str | None = None
) -> tuple[str, ...]:
    """`Below.symlink` for one link."""
    with Below(root) as below:
        return below.symlink(relative, target_text, directory=directory, expected=expected)


def remove_below(root: Path, relative: str, expected: str) -> None:
    """`Below.remove` for one file or link."""
    with Below(root) as below:
        below.remove(relative, expected)
