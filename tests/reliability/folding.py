"""A file system that takes names for the same which differ in case or in Unicode's forms, as macOS does; with links.

A program: `folding.py FOLDER MOUNTPOINT` shows a folder so, until it is unmounted. Needs FUSE and the package mfusepy.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from pathlib import Path
from typing import Any

import mfusepy  # type: ignore[import-untyped, import-not-found, unused-ignore]


def _key(name: str) -> str:
    return unicodedata.normalize("NFD", name).casefold()


class Folding(mfusepy.Operations):
    """Every call goes to the folder behind; only names are found as they are meant."""

    use_ns = True

    def __init__(self, behind: Path) -> None:
        self._behind = behind

    def _real(self, path: str) -> Path:
        real = self._behind
        for part in filter(None, path.split("/")):
            inner = real / part
            if not os.path.lexists(inner) and real.is_dir():
                inner = next((each for each in real.iterdir() if _key(each.name) == _key(part)), inner)
            real = inner
        return real

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        status = self._real(path).lstat()
        fields = ("st_mode", "st_nlink", "st_size", "st_uid", "st_gid", "st_ino")
        times = {f"st_{name}time": getattr(status, f"st_{name}time_ns") for name in "amc"}
        return {**{name: getattr(status, name) for name in fields}, **times}

    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", *(each.name for each in self._real(path).iterdir())]

    def readlink(self, path: str) -> str:
        return str(self._real(path).readlink())

    def symlink(self, target: str, source: str) -> None:
        self._real(target).symlink_to(source)

    def link(self, target: str, source: str) -> None:
        self._real(target).hardlink_to(self._real(source))

    def mkdir(self, path: str, mode: int) -> None:
        self._real(path).mkdir(mode)

    def mknod(self, path: str, mode: int, dev: int) -> None:
        os.mknod(self._real(path), mode, dev)

    def rmdir(self, path: str) -> None:
        self._real(path).rmdir()

    def unlink(self, path: str) -> None:
        self._real(path).unlink()

    def rename(self, old: str, new: str) -> None:
        source, destination = self._real(old), self._real(new)
        if source == destination:  # another spelling of the same name
            destination = destination.with_name(new.rpartition("/")[2])
        source.rename(destination)

    def chmod(self, path: str, mode: int) -> None:
        self._real(path).chmod(mode)

    def chown(self, path: str, uid: int, gid: int) -> None:
        os.chown(self._real(path), uid, gid, follow_symlinks=False)

    def truncate(self, path: str, length: int, fh: int | None = None) -> None:
        os.truncate(self._real(path), length)

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> None:
        os.utime(self._real(path), ns=times, follow_symlinks=False)

    def open(self, path: str, flags: int) -> int:
        return os.open(self._real(path), flags)

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        return os.open(self._real(path), os.O_RDWR | os.O_CREAT | os.O_TRUNC, mode)

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return os.pread(fh, size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        return os.pwrite(fh, data, offset)

    def fsync(self, path: str, datasync: int, fh: int) -> None:
        os.fsync(fh)

    def release(self, path: str, fh: int) -> None:
        os.close(fh)


if __name__ == "__main__":
    mfusepy.FUSE(Folding(Path(sys.argv[1])), sys.argv[2], foreground=True, nothreads=True)
