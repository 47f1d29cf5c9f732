"""One name in one folder: what links and copies are made at, and found at."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from dataclasses import dataclass, replace
from pathlib import Path

_TEMPORARY_PREFIX = ".harnesssync-"
_NEW_SUFFIX = ".tmp"
_FORMER_SUFFIX = ".old"
_DIGITS = 16
_MOUNT_POINT = 0xA0000003  # IO_REPARSE_TAG_MOUNT_POINT: what Windows calls a directory junction


@dataclass(frozen=True, slots=True)
class Place:
    """`name` in `folder`.

    With `fd`, an open descriptor of that folder, everything happens relative to it: a folder that is renamed away
    and replaced by a link in the meantime can't redirect us. Without (systems that have no such calls), by path.
    """

    folder: Path
    name: str
    fd: int | None = None

    @property
    def path(self) -> Path:
        return self.folder / self.name

    @property
    def handle(self) -> str:
        """What system calls take together with `dir_fd=fd`."""
        return self.name if self.fd is not None else os.fspath(self.path)

    def beside(self, name: str) -> Place:
        return replace(self, name=name)

    def temporary(self, *, former: bool = False) -> Place:
        """A name beside this one that nobody can guess, and so nobody can have planted: for what is being made, or
        for the `former` content while it is replaced."""
        suffix = _FORMER_SUFFIX if former else _NEW_SUFFIX
        return self.beside(f"{_TEMPORARY_PREFIX}{secrets.token_hex(_DIGITS // 2)}{suffix}")

    def lstat(self) -> os.stat_result | None:
        """What stands here, links not followed; None if nothing does. Raises OSError otherwise."""
        try:
            return os.stat(self.handle, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def readlink(self) -> str:
        return os.readlink(self.handle, dir_fd=self.fd)

    def leads_to(self, source: Path) -> bool:
        """Does following what stands here end at the very file or folder that `source` is?"""
        try:
            here = os.stat(self.handle, dir_fd=self.fd)
            there = source.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            if error.errno == errno.ELOOP:
                return False
            raise
        return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)

    def rename_to(self, other: Place) -> None:
        """Rename, replacing a file or link that stands there. Both are in the same folder."""
        os.replace(self.handle, other.handle, src_dir_fd=self.fd, dst_dir_fd=other.fd)

    def unlink(self) -> None:
        os.unlink(self.handle, dir_fd=self.fd)


def is_link(status: os.stat_result) -> bool:
    """Is this a symbolic link, or a directory junction of Windows?"""
    return stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) == _MOUNT_POINT


def is_temporary(name: str, *, former: bool = False) -> bool:
    """Is this a name that `Place.temporary` gives?"""
    suffix = _FORMER_SUFFIX if former else _NEW_SUFFIX
    digits = name[len(_TEMPORARY_PREFIX) : -len(suffix)]
    return (
        name == f"{_TEMPORARY_PREFIX}{digits}{suffix}"
        and len(digits) == _DIGITS
        and set(digits) <= set("0123456789abcdef")
    )
