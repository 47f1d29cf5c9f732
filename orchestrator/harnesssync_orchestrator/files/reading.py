"""Looking at files that somebody else wrote, without hanging, without filling memory, and remembering what was seen.

A source tree comes from a clone, so each path in it may be a named pipe, a device, a link in a circle or a sparse
file of a terabyte. Every look is also recorded in a `Looked`; from that record the next sync can tell by `lstat`
alone that nothing has changed (see `footprint`).

Paths are `str`, absolute, as `os.fsdecode` gives them. `os.path` and `os.open` are used instead of `pathlib`
because these are the calls of a walk over ten thousands of files; `pathlib` makes that walk three times as long.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Collection, Generator, Iterable
from contextlib import contextmanager
from operator import attrgetter
from typing import TYPE_CHECKING, Literal, NamedTuple

from harnesssync_orchestrator.files.opened import NO_LINK, OPEN_FLAGS, open_folder, require_within

if TYPE_CHECKING:
    from harnesssync_orchestrator.files.recall import Recall

MAX_TEXT_BYTES = 4 * 1024 * 1024
"""Longest file that is read as text. The longest instructions of real projects are under 200 KiB."""

MAX_LINKS = 40
"""Links followed one after another before they are taken for a circle: the limit of Linux itself."""

NOTHING_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})
"""Error numbers that say: this path leads to nothing. Anything else (no permission, say) leaves it unknown."""

SIGNATURE_FIELDS = attrgetter("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino", "st_mode")
"""The fields of `Signature` out of an `os.stat_result`, in order."""


class SpecialFileError(OSError):
    """A named pipe, a socket or a device stands where a regular file was expected. It has not been opened."""


class TooLargeError(OSError):
    """A file is longer than the limit of the caller."""


class Signature(NamedTuple):
    """What `lstat` tells about the content of a path without opening it; times in nanoseconds.

    Inode and change time belong to it because size and modification time can be set at will, by `cp -p` or
    `git` as well as by an attacker. A tuple and not a dataclass: a walk makes one for every file.
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    mode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Signature:
        return tuple.__new__(cls, SIGNATURE_FIELDS(status))  # half the time of the constructor's call


class Entry(NamedTuple):
    """One entry of a directory. `path` is absolute; a `link` has not been followed, `special` is a pipe, socket
    or device."""

    name: str
    path: str
    kind: Literal["file", "dir", "link", "special"]


class Looked:
    """Everything that one sync looked at: absolute path to `Signature`, None for what was not there.

    The first look at a path counts. If the path changes before a second look, the record is then older than what
    was read, and the next sync sees a difference; the other way round a change would be lost.
    `began_ns` is the time before the first look, in nanoseconds since 1970. `listed` has the names in each folder
    whose entries were asked for. `uncertain` says that a look failed for a reason which may be gone the next time
    without a trace (a disk error, no more descriptors, a folder above without permission). What `recall` knows is not
    looked at again: then this has `recalled` something.
    """

    __slots__ = ("_real_folders", "began_ns", "listed", "recall", "recalled", "seen", "uncertain")

    def __init__(self, began_ns: int | None = None, *, recall: Recall | None = None) -> None:
        self.began_ns = time.time_ns() if began_ns is None else began_ns
        self.recall = recall
        self.recalled = False
        self._real_folders: dict[str, str] = {}
        self.seen: dict[str, Signature | None] = {}
        self.listed: dict[str, tuple[str, ...]] = {}
        self.uncertain = False

    def lstat(self, path: str, *, folder: int | None = None) -> os.stat_result | None:
        """The status of the path itself, links not followed; None if nothing is there. `folder` is the descriptor of
        the one that it is in: then nothing that was put in the way to that counts.

        Raises OSError if that can't be known (PermissionError).
        """
        recall = self.recall
        if recall is not None and recall.knows(path):
            known, self.recalled = recall.status(path), True
            self.seen.setdefault(path, None if known is None else Signature.of(known))
            return known
        try:
            status = os.lstat(path) if folder is None else os.lstat(path.rpartition(os.sep)[2], dir_fd=folder)
        except ValueError:  # NUL or a lone surrogate: no file system holds such a name
            return None
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                self.seen.setdefault(path, None)
            if error.errno in NOTHING_THERE:
                if recall is not None and error.errno == errno.ENOENT:
                    recall.keep_missing(path)
                return None
            self.uncertain = True
            raise
        signature = Signature.of(status)
        self.seen.setdefault(path, signature)
        if recall is not None:
            recall.keep_status(path, status, signature, self.began_ns)
        return status

    def real(self, path: str) -> str:
        """What `os.path.realpath` gives; each folder is resolved once, and what was seen is not looked at again.

        What is opened by it is checked by its descriptor: somebody may exchange a folder at any time anyway.
        """
        folder, _, name = path.rpartition(os.sep)
        if os.name == "nt" or not folder or name in {"", ".", ".."} or f"{os.sep}..{os.sep}" in path:
            return os.path.realpath(path)
        if folder not in self._real_folders:
            self._real_folders[folder] = self.real(folder)
        real = os.path.join(self._real_folders[folder], name)  # noqa: PTH118 - for every file
        return os.path.realpath(real) if self._is_link(path, real) else real

    def _is_link(self, path: str, real: str) -> bool:
        if path in self.seen:
            seen = self.seen[path]
            return seen is not None and stat.S_ISLNK(seen.mode)
        return os.path.islink(real)  # noqa: PTH114 - as above

    def look_again(self, path: str) -> None:
        """Replace what was recorded for a path by what is there now: for an output that we have just changed."""
        self.seen.pop(path, None)
        self.lstat(path)

    def set_aside(self, ours: Iterable[str]) -> Looked:
        """After writing: the folders in which nothing but entries of `ours` came or went since they were listed, out
        of this record and into another, taken now.

        `ours` are the absolute paths that were written or removed. A root that is read for its sources changes when
        the first output is put beside them, which is no reason to read it again. A folder where anything else came
        or went stays as it was seen, and so counts as changed.
        """
        own: dict[str, set[str]] = {}
        for path in ours:
            folder, _, name = path.rpartition(os.sep)
            while folder and name not in own.setdefault(folder, set()):
                own[folder].add(name)
                folder, _, name = folder.rpartition(os.sep)
        now = Looked()
        for folder in own.keys() & self.listed.keys():
            now.lstat(folder)
            try:
                names = os.listdir(folder)  # noqa: PTH208 - strings are compared
            except OSError:
                names = []
            if {*names} ^ {*self.listed[folder]} <= own[folder]:
                self.seen.pop(folder, None)
            else:
                now.seen.pop(folder, None)
        return now

    def follow(self, path: str) -> tuple[str, os.stat_result | None]:
        """Where the links that start at `path` lead, and the status there; each step is recorded.

        The status is None at the end of a dangling link. Raises OSError (ELOOP) for links in a circle.
        """
        status = self.lstat(path)
        for _ in range(MAX_LINKS):
            if status is None or not stat.S_ISLNK(status.st_mode):
                return path, status
            path = os.path.join(os.path.dirname(path), os.readlink(path))  # noqa: PTH115,PTH118,PTH120 - hot
            status = self.lstat(path)
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)

    def read(self, path: str, limit: int = MAX_TEXT_BYTES, *, within: Collection[str] = ()) -> bytes:
        """The bytes of the regular file that `path` leads to, links followed.

        With `within` (real paths of folders), what was opened must lie in one of them, whatever became of the way
        there since somebody looked. Raises FileNotFoundError, PermissionError, IsADirectoryError, SpecialFileError,
        TooLargeError (more than `limit` bytes), OutsideError, and OSError for a circle of links. Nothing but a regular
        file is ever opened.
        """
        real, status = self.follow(path)
        if status is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        require_regular(status, path)
        signature = Signature.of(status)
        if self.recall is not None and (known := self.recall.content(real, signature, within)) is not None:
            return known
        with self._certain():
            descriptor = os.open(real, OPEN_FLAGS | NO_LINK)
            try:
                status = os.fstat(descriptor)
                require_regular(status, path)  # it may have been exchanged since
                require_within(descriptor, real, status, within)
                if status.st_size > limit:
                    raise TooLargeError(errno.EFBIG, f"{status.st_size} bytes, more than {limit}", path)
                content = _read_all(descriptor, status.st_size, limit, path)
            finally:
                os.close(descriptor)
        if self.recall is not None and signature == Signature.of(status):
            self.recall.keep_content(real, signature, within, content)
        return content

    def scan(self, path: str, *, within: Collection[str] = ()) -> tuple[Entry, ...]:
        """The entries of the directory that `path` leads to, sorted by name; none if nothing is there.

        The signature of the directory is recorded, which changes whenever an entry comes, goes or is exchanged;
        the entries themselves are not. `within` is as in `read`. Raises PermissionError, NotADirectoryError,
        OutsideError.
        """
        real, status = self.follow(path)
        if status is None:
            return ()
        if not stat.S_ISDIR(status.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        if self.recall is not None and real == path and (known := self.recall.entries(path, within)) is not None:
            self.listed.setdefault(real, tuple(entry.name for entry in known))
            return known
        with self._certain():
            folder = open_folder(real, status)
            try:
                require_within(folder, real, status, within)
                with os.scandir(path if folder is None else folder) as entries:
                    found = [Entry(entry.name, os.path.join(path, entry.name), _kind(entry)) for entry in entries]  # noqa: PTH118
            finally:
                if folder is not None:
                    os.close(folder)
        found.sort()
        self.listed.setdefault(real, tuple(entry.name for entry in found))
        if self.recall is not None and real == path:
            self.recall.keep_entries(path, within, tuple(found))
        return tuple(found)

    @contextmanager
    def _certain(self) -> Generator[None]:
        """What is too long or no regular file still is when it looks the same; every other error makes `uncertain`."""
        try:
            yield
        except (SpecialFileError, TooLargeError, IsADirectoryError):
            raise
        except OSError:
            self.uncertain = True
            raise


def require_regular(status: os.stat_result, path: str) -> None:
    """Raise IsADirectoryError or SpecialFileError unless `status` is that of a regular file."""
    if stat.S_ISREG(status.st_mode):
        return
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    raise SpecialFileError(errno.EINVAL, "neither a regular file nor a directory", path)


def _kind(entry: os.DirEntry[str]) -> Literal["file", "dir", "link", "special"]:
    if entry.is_symlink() or (os.name == "nt" and getattr(entry, "is_junction", bool)()):
        return "link"
    if entry.is_dir(follow_symlinks=False):
        return "dir"
    return "file" if entry.is_file(follow_symlinks=False) else "special"


def _read_all(descriptor: int, size: int, limit: int, path: str) -> bytes:
    """One read for nearly every file: fewer bytes than asked for mean that the end was reached."""
    wanted = size + 1
    content = os.read(descriptor, wanted)
    if len(content) < wanted:
        return content
    parts = [content]
    total = len(content)
    while content := os.read(descriptor, 65536):  # it grew, or tells no size (/proc)
        parts.append(content)
        total += len(content)
        if total > limit:
            raise TooLargeError(errno.EFBIG, f"more than {limit} bytes", path)
    return b"".join(parts)
