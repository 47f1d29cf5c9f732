"""Everything in a folder, such as a skill, as a flat listing, and the digest that changes when any of it does.

A link that stays inside the folder is followed: it stands for the bytes it leads to. A link that leads out of the
folder, or to nothing, is recorded by its text and not followed: a clone may hold a link to `~/.ssh`, and nothing of
what is there may be read or copied. Named pipes, sockets, devices and links in a circle are skipped with a
`Problem`. Empty folders don't count, nor does what programs leave behind on their own (`IGNORED`).
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from harnesssync_orchestrator.core.desired import HASH_DIGITS
from harnesssync_orchestrator.core.source import Problem
from harnesssync_orchestrator.files.hashing import MAX_HASHED_BYTES
from harnesssync_orchestrator.files.opened import OutsideError, open_folder, place_within, require_file_within
from harnesssync_orchestrator.files.reading import Looked, Signature

IGNORED = frozenset({".git", ".hg", ".svn", ".jj", "__pycache__", ".DS_Store"})
"""Entries that belong to version control, Python and Finder: they change without anybody changing the folder."""

MAX_ENTRIES = 20_000
"""Files and folders that a listing holds at most; what comes after, in the order of names, is left out."""

MAX_DEPTH = 64
"""Folders inside folders that a listing enters at most."""

MAX_TREE_BYTES = 1024 * 1024 * 1024
"""Bytes of one folder that are hashed at most: a clone may hold thousands of sparse files that cost nothing."""


class TreeFile(NamedTuple):
    """A file of a folder. `relative` has `/` on every system.

    `path` is absolute and the place of the bytes, with links inside the folder resolved. `link` is the text of a
    link that leads out, `""` otherwise. `hashed` says that the content counts, and not only size and time.
    """

    relative: str
    path: str
    signature: Signature
    executable: bool = False
    link: str = ""
    hashed: bool = True


@dataclass(frozen=True, slots=True)
class TreeListing:
    """What `list_tree` found, sorted by `relative`. `root` is the path that it was asked for. `error` is one because of
    which something is missing here that may well be there."""

    root: str
    files: tuple[TreeFile, ...] = ()
    problems: tuple[Problem, ...] = ()
    error: OSError | None = field(default=None, compare=False)

    @property
    def contents(self) -> dict[str, Signature]:
        """Every path whose content must be hashed for `tree_digest`; what `HashCache.divide` takes."""
        return {file.path: file.signature for file in self.files if file.hashed}


def list_tree(root: str, looked: Looked, *, within: Collection[str] = ()) -> TreeListing:
    """List the folder that `root` (absolute) leads to; empty if nothing is there.

    Each folder is opened, and what is in it is asked of that: a folder that is exchanged for another one, or for a
    link, while it is listed is not entered. With `within` (real paths of folders) the root must lie in one of them.
    Everything is recorded in `looked`. Raises NotADirectoryError, OutsideError, and OSError if `root` itself is a
    circle of links or in a folder without permission. What can't be read below it is a `Problem`.
    """
    real, status = looked.follow(root)
    if status is None:
        return TreeListing(root)
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), root)
    walk = _Walk(root, looked)
    walk.run(_Folder(root, "", 1, (), real, status, tuple(within)))
    walk.files.sort()
    return TreeListing(root, tuple(walk.files), tuple(walk.problems.values()), walk.error)


def tree_digest(listing: TreeListing, digests: Mapping[str, str]) -> str:
    """Digest (16 hex digits) over relative path, executable bit and content hash of every file.

    `digests` gives the content hash for each path of `listing.contents`. A file without one, unreadable or too
    large, counts by its size and modification time.
    """
    total = hashlib.sha256()
    for file in listing.files:
        if file.link:
            kind, content = "link", file.link
        elif file.hashed and (digest := digests.get(file.path)):
            kind, content = "file", digest
        else:
            kind, content = "size", f"{file.signature.size} {file.signature.mtime_ns}"
        mark = "x" if file.executable else "-"
        total.update(f"{file.relative}\0{mark}{kind}\0{content}\0".encode("utf-8", "surrogateescape"))
    return total.hexdigest()[:HASH_DIGITS]


class _Folder(NamedTuple):
    """A folder still to be read, which stands at `place` with that `status`, and must lie in one of the folders
    `within`, unless that is empty. `trail` holds the real paths on the way from the root where links were taken."""

    path: str
    prefix: str
    depth: int
    trail: tuple[str, ...]
    place: str
    status: os.stat_result
    within: tuple[str, ...] = ()


class _Walk:
    """One listing in the making."""

    def __init__(self, root: str, looked: Looked) -> None:
        self.root = root
        self.looked = looked
        self.files: list[TreeFile] = []
        self.problems: dict[tuple[str, str], Problem] = {}  # once a file, however many links lead to it
        self.entries = 0
        self.error: OSError | None = None
        self.bytes_left = MAX_TREE_BYTES
        self.real_root = ""

    def run(self, root: _Folder) -> None:
        waiting = [root]
        while waiting and self.entries <= MAX_ENTRIES:
            folder = waiting.pop()
            inner: list[_Folder] = []
            handle: int | None = None
            try:
                handle = open_folder(folder.place, folder.status)
                if folder.within or folder is root:
                    self._check(folder, handle, is_root=folder is root)
                self._list(folder, handle, inner)
            except OutsideError as error:
                self.looked.uncertain = True
                if folder is root:
                    raise
                self._report_error("folder_unreadable", error, folder.path, "Leave it as it is, and sync again.")
            except OSError as error:
                self.looked.uncertain = True
                self._report_error("folder_unreadable", error, folder.path, "Make the folder readable.")
            finally:
                if handle is not None:
                    os.close(handle)
            waiting.extend(reversed(inner))

    def _check(self, folder: _Folder, handle: int | None, *, is_root: bool) -> None:
        """Raise OutsideError if what was opened does not lie where it has to."""
        place = place_within(handle, folder.place, folder.status, folder.within)
        if is_root:
            self.real_root = place

    def _list(self, folder: _Folder, handle: int | None, inner: list[_Folder]) -> None:
        # Each entry is looked at anyway, so what `os.scandir` knows of its kind is worth nothing here.
        for name in sorted(os.listdir(folder.path if handle is None else handle)):  # noqa: PTH208 - see `reading`
            if name in IGNORED:
                continue
            self.entries += 1
            if self.entries > MAX_ENTRIES:
                message = f"holds more than {MAX_ENTRIES} files and folders; the others are left out"
                self._report("tree_too_large", message, self.root, "Move what is not part of it elsewhere.")
                return
            self._visit(folder, handle, name, inner)

    def _visit(self, folder: _Folder, handle: int | None, name: str, inner: list[_Folder]) -> None:
        path = folder.path + os.sep + name
        try:
            status = self.looked.lstat(path, folder=handle)
        except OSError as error:
            self._report_error("file_unreadable", error, path, "Make it readable.")
            return
        if status is None:  # gone since the folder was read
            return
        relative = folder.prefix + name
        if stat.S_ISREG(status.st_mode):
            self._file(relative, path, status)
        elif stat.S_ISDIR(status.st_mode):
            self._folder(_Folder(path, relative + "/", folder.depth + 1, folder.trail, path, status), inner)
        elif stat.S_ISLNK(status.st_mode):
            self._link(folder, handle, relative, path, status, inner)
        else:
            message = "is a named pipe, a socket or a device, and is left out"
            self._report("special_file", message, path, "Remove it, or put a regular file there.")

    def _file(self, relative: str, path: str, status: os.stat_result) -> None:
        size = status.st_size
        hashed = size <= MAX_HASHED_BYTES and size <= self.bytes_left
        if hashed:
            self.bytes_left -= size
        else:
            message = f"is too large to be hashed ({size} bytes); only its size and time are compared"
            self._report("file_too_large", message, path, "Keep large data out of the folder.")
        executable = bool(status.st_mode & stat.S_IXUSR)
        signature = self.looked.seen.get(path) or Signature.of(status)
        self.files.append(TreeFile(relative, path, signature, executable, "", hashed))

    def _folder(self, folder: _Folder, inner: list[_Folder]) -> None:
        if folder.depth > MAX_DEPTH:
            message = f"lies deeper than {MAX_DEPTH} folders, and is left out"
            self._report("tree_too_deep", message, folder.path, "Use fewer folders inside folders.")
        else:
            inner.append(folder)

    def _link(
        self,
        folder: _Folder,
        handle: int | None,
        relative: str,
        path: str,
        status: os.stat_result,
        inner: list[_Folder],
    ) -> None:
        try:
            text = os.readlink(path) if handle is None else os.readlink(relative.rpartition("/")[2], dir_fd=handle)  # noqa: PTH115
            real = self._resolve(path, text)
            target = self.looked.lstat(real) if real else None
            if target is not None and stat.S_ISREG(target.st_mode):
                require_file_within(real, target, (self.real_root,))
        except OSError as error:
            if error.errno == errno.ELOOP:
                self._report("link_loop", "is a link in a circle, and is left out", path, "Remove the link.")
            else:
                self.looked.uncertain = True
                self._report_error("file_unreadable", error, path, "Make what it points at readable.")
            return
        if target is None:
            self.files.append(TreeFile(relative, path, Signature.of(status), link=text, hashed=False))
        elif stat.S_ISREG(target.st_mode):
            self._file(relative, real, target)
        elif stat.S_ISDIR(target.st_mode):
            trail = (*folder.trail, os.path.realpath(folder.path))
            if any(passed == real or passed.startswith(real + os.sep) for passed in trail):
                self._report("link_loop", "links to a folder around it, and is left out", path, "Remove the link.")
            else:
                inside = (self.real_root,)
                self._folder(_Folder(real, relative + "/", folder.depth + 1, trail, real, target, inside), inner)
        else:
            message = "links to a named pipe, a socket or a device, and is left out"
            self._report("special_file", message, path, "Remove the link.")

    def _resolve(self, path: str, text: str) -> str:
        """The real path that a link inside the root leads to, `""` if it leads out or to nothing.

        A link that by its text alone leads out is not even looked up: it may point into a file system that hangs.
        """
        literal = os.path.normpath(os.path.join(os.path.dirname(path), text))  # noqa: PTH118, PTH120
        if not (_inside(literal, self.root) or _inside(literal, self.real_root)):
            return ""
        try:
            real = os.path.realpath(path, strict=True)
        except FileNotFoundError:
            return ""
        return real if _inside(real, self.real_root) else ""

    def _report_error(self, code: str, error: OSError, file: str, hint: str) -> None:
        self.error = self.error or error
        self._report(code, f"can't be read ({error.strerror or type(error).__name__})", file, hint)

    def _report(self, code: str, message: str, file: str, hint: str) -> None:
        problem = Problem(code=code, message=message, file=file, hint=hint, hides=False)
        self.problems.setdefault((code, file), problem)


def _inside(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)
