"""One name in one folder: what links and copies are made at, and found at."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path

from harnesssync_orchestrator.files.folder import Folder
from harnesssync_orchestrator.files.swap import rename_exclusively

_MOUNT_POINT = 0xA0000003  # IO_REPARSE_TAG_MOUNT_POINT: what Windows calls a directory junction


@dataclass(frozen=True, slots=True)
class Place:
    """`name` in `folder`. If the folder is open, everything happens relative to it: one that is renamed away and
    replaced by a link in the meantime can't redirect us."""

    folder: Folder
    name: str

    @classmethod
    def by_path(cls, path: Path) -> Place:
        return cls(Folder(path.parent, None), path.name)

    @property
    def path(self) -> Path:
        return self.folder.path / self.name

    @property
    def fd(self) -> int | None:
        return self.folder.fd

    @property
    def handle(self) -> str:
        """What system calls take together with `dir_fd=fd`."""
        return self.folder.at(self.name)

    def beside(self, name: str) -> Place:
        return replace(self, name=name)

    def lstat(self) -> os.stat_result | None:
        """What stands here, links not followed; None if nothing does. Raises OSError otherwise."""
        return self.folder.lstat(self.name)

    def readlink(self) -> str:
        return os.readlink(self.handle, dir_fd=self.fd)

    def leads_to(self, source: Path) -> bool:
        """Does following what stands here end at the very file or folder that `source` is?"""
        try:
            here = os.stat(self.handle, dir_fd=self.fd)
            there = source.stat()
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
                return False
            raise
        return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)

    def rename_to(self, other: Place) -> None:
        """Rename within the folder. A file or link that stands at `other` is replaced."""
        os.replace(self.handle, other.handle, src_dir_fd=self.fd, dst_dir_fd=other.fd)

    def rename_to_free(self, other: Place) -> None:
        """Rename within the folder. Raises FileExistsError if anything stands at `other`."""
        if not rename_exclusively(self.handle, other.handle, dir_fd=self.fd):
            other.require_free()
            self.rename_to(other)

    def require_free(self) -> None:
        """Raise FileExistsError if anything stands here."""
        if self.lstat() is not None:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(self.path))


def is_junction(status: os.stat_result) -> bool:
    return getattr(status, "st_reparse_tag", 0) == _MOUNT_POINT


def is_link(status: os.stat_result) -> bool:
    """Is this a symbolic link, or a directory junction of Windows?"""
    return stat.S_ISLNK(status.st_mode) or is_junction(status)
