"""One open folder, and what is done to the names in it: nothing here follows a link.

On systems with `dir_fd` every call is relative to an open descriptor, so that a parent which is swapped for a link
meanwhile can't redirect it. Windows has no such calls: there the path is checked and then used.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from harnesssync_orchestrator.core.desired import HASH_DIGITS, link_hash
from harnesssync_orchestrator.errors import ApplyError
from harnesssync_orchestrator.files.turns import fsync, waiting

HAS_DIR_FD = os.open in os.supports_dir_fd and os.rename in os.supports_dir_fd

_NO_FOLLOW: int = vars(os).get("O_NOFOLLOW", 0)
_DIRECTORY: int = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _NO_FOLLOW | getattr(os, "O_CLOEXEC", 0)
_READ: int = (
    os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)
_CREATE: int = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)

_CHUNK = 64 * 1024
_MAX_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that is open. `place` is its path, for messages and for systems without `dir_fd` (then `fd` is None)."""

    place: str
    fd: int | None

    @classmethod
    def root(cls, path: Path) -> Folder:
        """Open a root: its own path may lead through links, what is below may not. Raises OSError."""
        if not HAS_DIR_FD:
            if not path.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
            return cls(str(path), None)
        return cls(str(path), os.open(path, _DIRECTORY & ~_NO_FOLLOW))

    @property
    def path(self) -> Path:
        return Path(self.place)

    def at(self, name: str) -> str:
        """What system calls take together with `dir_fd=self.fd`."""
        return name if self.fd is not None else str(self.path / name)

    def open(self, name: str) -> Folder:
        """Open a folder in this one. Raises NotADirectoryError for a link too, FileNotFoundError, OSError."""
        if self.fd is None:
            status = (self.path / name).lstat()
            if not stat.S_ISDIR(status.st_mode) or getattr(status, "st_reparse_tag", 0) != 0:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), name)
            return Folder(str(self.path / name), None)
        return Folder(f"{self.place}/{name}", os.open(name, _DIRECTORY, dir_fd=self.fd))

    def close(self) -> None:
        if self.fd is not None:
            os.close(self.fd)

    def sync(self) -> None:
        """Make names that were added, changed or removed last beyond a power cut."""
        if self.fd is not None:
            sync_directory(self.fd)

    def lstat(self, name: str) -> os.stat_result | None:
        """What stands at a name, links not followed; None if nothing does."""
        try:
            return os.stat(self.at(name), dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def names(self) -> list[str]:
        """The names of everything in it."""
        return sorted(os.listdir(self.path if self.fd is None else self.fd))  # noqa: PTH208 - Path takes no descriptor

    def digest(self, name: str) -> str | None:
        """The digest of a file's bytes or of where a link points, None if nothing is there.

        Raises IsADirectoryError for anything else: a folder, a FIFO, a device, a file larger than any output.
        """
        status = self.lstat(name)
        if status is None:
            return None
        if stat.S_ISLNK(status.st_mode):
            return link_hash(os.readlink(self.at(name), dir_fd=self.fd))
        if not stat.S_ISREG(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
        descriptor = os.open(self.at(name), _READ, dir_fd=self.fd)
        try:
            opened = os.fstat(descriptor)
            if not stat.S_ISREG(opened.st_mode) or opened.st_size > _MAX_BYTES:
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
            digest = hashlib.sha256()
            while chunk := os.read(descriptor, _CHUNK):
                digest.update(chunk)
                if len(chunk) < _CHUNK:
                    break  # fewer bytes than asked for mean that the end was reached
        finally:
            os.close(descriptor)
        return digest.hexdigest()[:HASH_DIGITS]

    def create(self, name: str, content: bytes, *, mode: int, exact: bool = False, like: str | None = None) -> None:
        """Make a new file with all of `content` on disk; what was made is removed again if anything fails.

        `exact` keeps the umask from taking its part of `mode`. `like` is the name of the file that this one is to
        replace: it gets the owner, group and extended attributes (access lists are such) of that, as far as we may.
        """
        with waiting():
            descriptor = os.open(self.at(name), _CREATE, 0o600 if exact else mode, dir_fd=self.fd)
            try:
                try:
                    write_all(descriptor, content)
                    if like is not None and self.fd is not None:
                        mode = self._give(descriptor, like, mode)
                    if exact and self.fd is not None:
                        set_mode(descriptor, mode)
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            except BaseException:
                self.discard(name)
                raise

    def _give(self, descriptor: int, like: str, mode: int) -> int:
        """Give a new file what the one that it replaces has; the mode that suits it then.

        Only root may give files away, and others only to groups of theirs. In a group that it was not meant for, a
        file grants no more than to everybody.
        """
        former = os.open(like, _READ, dir_fd=self.fd)
        try:
            _copy_attributes(former, descriptor)
            theirs, ours = os.fstat(former), os.fstat(descriptor)
        finally:
            os.close(former)
        if (theirs.st_uid, theirs.st_gid) == (ours.st_uid, ours.st_gid):
            return mode
        for owner in (theirs.st_uid, -1):
            with suppress(OSError):
                os.fchown(descriptor, owner, theirs.st_gid)
                return mode
        return mode & (0o707 | (mode & 0o007) << 3)

    def discard(self, name: str) -> None:
        """Remove a name of a file or link; nothing happens if it is gone."""
        with suppress(FileNotFoundError):
            os.unlink(self.at(name), dir_fd=self.fd)


@contextmanager
def where_possible() -> Generator[None]:
    """Do without what a file system has not, or lets only its owner do; any other error is one."""
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}:
            raise


def set_mode(descriptor: int, mode: int) -> None:
    """Set the mode of what is open, where it has any that we may set. What we make is for its owner alone at first, so
    none gains without it."""
    with where_possible():
        os.fchmod(descriptor, mode)


def _copy_attributes(source: int, to: int) -> None:
    """Copy what Linux calls extended attributes, one by one: some are not for us to set."""
    if sys.platform != "linux":
        return
    with suppress(OSError):  # file systems without any say so
        for name in os.listxattr(source):
            with suppress(OSError):
                os.setxattr(to, name, os.getxattr(source, name))


def write_all(descriptor: int, content: bytes) -> None:
    """Write everything: a single `write` may take only a part."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_directory(descriptor: int) -> None:
    """Sync a directory, for file systems that have it."""
    try:
        fsync(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS}:
            raise


_CODES = {
    errno.ENOSPC: ("disk_full", "the disk is full", "Make room, then sync again"),
    errno.EDQUOT: ("disk_full", "the disk quota is used up", "Make room, then sync again"),
    errno.EFBIG: ("disk_full", "the file would be larger than the system allows", "Raise the limit, then sync again"),
    errno.EACCES: ("not_writable", "permission denied", "Make the file and its folder writable for you"),
    errno.EPERM: ("not_writable", "the system does not permit it", "Look for an immutable flag or a policy"),
    errno.EROFS: ("not_writable", "the file system is read-only", "Mount it for writing"),
    errno.ENAMETOOLONG: ("not_writable", "the name is too long for this file system", "Choose a shorter name"),
    errno.EEXIST: ("changed_underneath", "somebody made it a moment ago", "Look at it, then sync again"),
    errno.ENOTDIR: ("obstructed", "a part of the path is a link or no folder", "Move it away, then sync again"),
    errno.ELOOP: ("obstructed", "a part of the path is a link", "Move it away, then sync again"),
    errno.EISDIR: ("obstructed", "a folder or a special file stands there", "Move it away, then sync again"),
    errno.ENOENT: ("changed_underneath", "it vanished a moment ago", "Sync again"),
    errno.ESTALE: ("changed_underneath", "its source was changed since it was read", "Sync again"),
}


class RefusalError(FileExistsError):
    """What stands there is not what was expected, and stays. `code` is that of the ApplyError that it becomes."""

    def __init__(self, code: str, message: str, path: str, *, hint: str) -> None:
        super().__init__(errno.EEXIST, message, path)
        self.code = code
        self.message = message
        self.hint = hint


@contextmanager
def telling(path: str) -> Generator[None]:
    """Tell an OSError as an ApplyError, with a stable code and what to do next."""
    try:
        yield
    except NotImplementedError as error:  # Python's word for a call that this system has not
        raise ApplyError(str(error), path=path) from error
    except RefusalError as error:
        raise ApplyError(error.message, code=error.code, path=path, hint=error.hint) from error
    except OSError as error:
        code, message, hint = _CODES.get(error.errno or 0, ("apply_failed", str(error.strerror or error), ""))
        raise ApplyError(message, code=code, path=path, hint=hint) from error
