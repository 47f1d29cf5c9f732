"""The bytes of a record: one tar file, so that a person can also take out of it what is needed, without us.

Members are called `before/<path>`. A pack comes into being with its first member.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tarfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from harnesssync_orchestrator.core.desired import HASH_DIGITS
from harnesssync_orchestrator.errors import ApplyError, StateError
from harnesssync_orchestrator.files.folder import Folder, RefusalError, set_mode, where_possible
from harnesssync_orchestrator.files.turns import fsync, waiting

PACK = "before.tar"
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_CHUNK = 64 * 1024
_SHORTER = "it got shorter while it was read"


class PackWriter:
    """A pack in the making. Errors of writing are StateErrors, those of reading what is packed stay OSErrors."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None
        self._tar: tarfile.TarFile | None = None

    def add_file(
        self, path: str, descriptor: int, *, keep: bool = False, exactly: bool = False
    ) -> tuple[str, os.stat_result, bytes]:
        """Pack an open file; its digest, its status, and with `keep` its bytes. `exactly`: also to the nanosecond.

        Raises StateError, and OSError when it can't be read or gets shorter meanwhile: then the pack holds something in
        its place that is of no use, and all else as it should.
        """
        status = os.fstat(descriptor)
        source = _Source(descriptor, keep=keep)
        member = _member(path, status, tarfile.REGTYPE, status.st_size)
        self._add(_exactly(member, status) if exactly else member, source)
        if source.error is not None:
            raise source.error
        return source.digest, status, bytes(source.kept)

    def add_tree(self, path: str, folder: Folder, name: str) -> None:
        """Pack a folder with all that is in it, links as links. Raises StateError, OSError."""
        inner = folder.open(name)
        try:
            status = inner.path.stat() if inner.fd is None else os.fstat(inner.fd)
            self._add(_member(path, status, tarfile.DIRTYPE), None)
            for each in inner.names():
                self._add_entry(f"{path}/{each}", inner, each)
        finally:
            inner.close()

    def _add_entry(self, path: str, folder: Folder, name: str) -> None:
        status = folder.lstat(name)
        if status is None:
            return
        if stat.S_ISDIR(status.st_mode):
            self.add_tree(path, folder, name)
        elif stat.S_ISLNK(status.st_mode):
            member = _member(path, status, tarfile.SYMTYPE)
            member.linkname = os.readlink(folder.at(name), dir_fd=folder.fd)
            self._add(member, None)
        elif stat.S_ISREG(status.st_mode):
            with opened(folder, name) as descriptor:
                self.add_file(path, descriptor, exactly=True)

    def finish(self) -> None:
        """Write the rest of the pack, if there is one; `sync` makes it last. Raises StateError."""
        if self._file is None or self._tar is None:
            return
        with _writing(self.path):
            self._tar.close()
            self._file.flush()

    def sync(self) -> None:
        """Make it last on disk, once it is finished. Raises StateError."""
        if self._file is not None:
            with _writing(self.path):
                fsync(self._file.fileno())
                self._file.close()

    def abandon(self) -> None:
        """Close what is open, whatever became of it."""
        if self._file is not None:
            with suppress(OSError):  # what could not be written is thrown away
                self._file.close()

    def _add(self, member: tarfile.TarInfo, source: _Source | None) -> None:
        if self._file is None or self._tar is None:
            with _writing(self.path), waiting():
                self._file = os.fdopen(os.open(self.path, _CREATE, 0o600), "wb")
            self._tar = tarfile.open(fileobj=_Sink(self._file, self.path), mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self._tar.addfile(member, source)


class Pack:
    """A finished pack, to be read. Raises ApplyError `history_damaged` for whatever is not as it was packed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._tar = tarfile.open(path)  # noqa: SIM115 - `close`
        except (OSError, tarfile.TarError) as error:
            raise damaged(path, str(error)) from error

    def close(self) -> None:
        self._tar.close()

    def content(self, path: str) -> bytes:
        """The bytes of a file."""
        try:
            file = self._tar.extractfile(self._tar.getmember(_name(path)))
            if file is None:
                raise damaged(self._path, f"{path} is no file in it")
            return file.read()
        except (OSError, KeyError, tarfile.TarError) as error:
            raise damaged(self._path, str(error)) from error

    def unpack(self, path: str, folder: Folder, name: str) -> None:
        """Make a packed folder anew, under a name that is free. Raises OSError too."""
        below = f"{_name(path)}/"
        try:
            members = [each for each in self._tar.getmembers() if f"{each.name}/".startswith(below)]
        except (OSError, tarfile.TarError) as error:
            raise damaged(self._path, str(error)) from error
        if not members or not members[0].isdir():
            raise damaged(self._path, f"{path} is no folder in it")
        self._unpack_folder(members[0], members[1:], folder, name)

    def _unpack_folder(self, member: tarfile.TarInfo, inside: list[tarfile.TarInfo], folder: Folder, name: str) -> None:
        os.mkdir(folder.at(name), 0o700, dir_fd=folder.fd)
        inner = folder.open(name)
        try:
            for each in inside:
                relative = each.name[len(member.name) + 1 :]
                if "/" in relative:
                    continue
                if each.isdir():
                    below = [one for one in inside if one.name.startswith(f"{each.name}/")]
                    self._unpack_folder(each, below, inner, relative)
                elif each.issym():
                    os.symlink(each.linkname, inner.at(relative), dir_fd=inner.fd)
                else:
                    file = self._tar.extractfile(each)
                    inner.create(relative, b"" if file is None else file.read(), mode=each.mode, exact=True)
                    set_time(inner, relative, _mtime_ns(each))
            if inner.fd is not None:
                set_mode(inner.fd, member.mode)
            inner.sync()
        finally:
            inner.close()


def set_time(folder: Folder, name: str, mtime_ns: int) -> None:
    """Say when a file was modified, where that can be said."""
    with where_possible():
        os.utime(folder.at(name), ns=(mtime_ns, mtime_ns), dir_fd=folder.fd)


@contextmanager
def opened(folder: Folder, name: str) -> Generator[int]:
    """A regular file, open for reading; neither a link nor a pipe that came in its place. Raises OSError."""
    flags = os.O_RDONLY | sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
    descriptor = os.open(folder.at(name), flags, dir_fd=folder.fd)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise IsADirectoryError(name)
        yield descriptor
    finally:
        os.close(descriptor)


def damaged(path: Path, reason: str) -> ApplyError:
    return ApplyError(
        f"what the history kept can't be read: {reason}",
        code="history_damaged",
        path=str(path),
        hint="Nothing was changed. What can still be read of it can be taken out with tar",
    )


def unwritable(path: Path, error: OSError) -> StateError:
    return StateError(
        f"what is to be replaced can't be kept: {error.strerror or error}",
        code="history_unwritable",
        path=str(path),
        hint="Nothing was changed. Make room and give yourself the right to write there, then try again",
    )


def _name(path: str) -> str:
    return f"before/{path}"


def _member(path: str, status: os.stat_result, kind: bytes, size: int = 0) -> tarfile.TarInfo:
    member = tarfile.TarInfo(_name(path))
    member.type, member.size, member.mode = kind, size, stat.S_IMODE(status.st_mode)
    member.mtime = status.st_mtime_ns // 10**9
    return member


def _exactly(member: tarfile.TarInfo, status: os.stat_result) -> tarfile.TarInfo:
    """With the time as text, and not as a float, which has no room for nanoseconds. That doubles the size."""
    seconds, nanoseconds = divmod(status.st_mtime_ns, 10**9)
    member.pax_headers = {"mtime": f"{seconds}.{nanoseconds:09}"}
    return member


def _mtime_ns(member: tarfile.TarInfo) -> int:
    seconds, _, fraction = member.pax_headers.get("mtime", str(int(member.mtime))).partition(".")
    return int(seconds) * 10**9 + int(fraction.ljust(9, "0")[:9])


@contextmanager
def _writing(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from error


class _Source(io.RawIOBase):
    """The bytes of an open file, hashed on the way.

    Always as many as are asked for: a member that ends too early would take all that come after it along. What is
    missing is zeros, and `error` says why.
    """

    def __init__(self, descriptor: int, *, keep: bool) -> None:
        self._descriptor = descriptor
        self._hash = hashlib.sha256()
        self._keep = keep
        self.kept = bytearray()
        self.error: OSError | None = None

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()[:HASH_DIGITS]

    def read(self, size: int = -1) -> bytes:
        parts = bytearray()
        try:
            while self.error is None and len(parts) < size:
                content = os.read(self._descriptor, min(_CHUNK, size - len(parts)))
                if not content:
                    raise RefusalError("changed_underneath", _SHORTER, "", hint="Nothing was overwritten. Sync again")
                parts += content
        except OSError as error:
            self.error = error
        self._hash.update(parts)
        if self._keep:
            self.kept += parts
        return bytes(parts).ljust(size, b"\0")


class _Sink(io.RawIOBase):
    """A file whose errors say that it is ours."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file = file
        self._path = path

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def write(self, content: bytes) -> int:  # type: ignore[override]
        with _writing(self._path):
            return self._file.write(content)
