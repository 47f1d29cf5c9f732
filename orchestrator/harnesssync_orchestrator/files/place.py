"""One name in one folder: what every change of the disk is made at, and what it is found at."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harnesssync_orchestrator.files.folder import Folder, set_mode
from harnesssync_orchestrator.files.swap import rename_exclusively
from harnesssync_orchestrator.files.temporaries import our_name

_DELAYS_S = (0.01, 0.03, 0.1, 0.3)
_MOUNT_POINT = 0xA0000003  # IO_REPARSE_TAG_MOUNT_POINT: what Windows calls a directory junction


@dataclass(frozen=True, slots=True)
class Place:
    """`name` in `folder`. If the folder is open, everything happens relative to it: one that is renamed away and
    replaced by a link in the meantime can't redirect us."""

    folder: Folder
    name: str

    @classmethod
    def by_path(cls, path: Path) -> Place:
        return cls(Folder(str(path.parent), None), path.name)

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
        return Place(self.folder, name)

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
        _patiently(os.replace, self.handle, other.handle, src_dir_fd=self.fd, dst_dir_fd=other.fd)

    def finish_as(self, other: Place) -> None:
        """Rename what was made here and is whole now; it is removed if that fails."""
        try:
            self.rename_to(other)
        except BaseException:
            self.remove()
            raise

    def rename_to_free(self, other: Place) -> None:
        """Rename within the folder. Raises FileExistsError if anything stands at `other`.

        Where a system of POSIX can't do that in one step, what is no folder gets its second name first, which never
        replaces anything either. Without hard links as well (FAT) there is a look, and then the renaming.
        """
        if rename_exclusively(self.handle, other.handle, dir_fd=self.fd):
            return
        if sys.platform == "win32":
            _patiently(os.rename, self.handle, other.handle)  # there it replaces nothing
            return
        status = self.lstat()
        if status is not None and not stat.S_ISDIR(status.st_mode):
            try:
                os.link(self.handle, other.handle, src_dir_fd=self.fd, dst_dir_fd=other.fd, follow_symlinks=False)
            except FileExistsError:
                raise
            except (OSError, NotImplementedError):
                pass  # no hard links here
            else:
                self.folder.discard(self.name)
                return
        other.require_free()  # what somebody puts there from now on is replaced
        self.rename_to(other)

    def require_free(self) -> None:
        """Raise FileExistsError if anything stands here."""
        if self.lstat() is not None:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(self.path))

    def remove(self) -> None:
        """Remove whatever stands here: only for what is ours, proved so by its digest or its temporary name."""
        status = self.lstat()
        if status is None:
            return
        if is_junction(status):  # the folder it leads to stays
            self.path.rmdir()
        elif stat.S_ISDIR(status.st_mode):
            remove_tree(self.folder, self.name)
        else:
            self.folder.discard(self.name)

    def discard(self) -> None:
        """Remove what was taken from its place and found to be ours.

        A folder first gets a name that says so: if its removal is cut short, the rest of it no longer shows by its
        digest whose it was.
        """
        status = self.lstat()
        if status is None:
            return
        doomed = self
        if stat.S_ISDIR(status.st_mode) and not is_junction(status):
            doomed = self.beside(our_name())
            self.rename_to(doomed)
        doomed.remove()


def _patiently(rename: Callable[..., None], source: str, destination: str, **descriptors: int | None) -> None:
    """On Windows nothing can be renamed while somebody has it open, and scanners open everything for a moment."""
    if sys.platform == "win32":
        for delay in _DELAYS_S:
            try:
                rename(source, destination, **descriptors)
            except PermissionError:
                time.sleep(delay)
            else:
                return
    rename(source, destination, **descriptors)


def is_junction(status: os.stat_result) -> bool:
    return getattr(status, "st_reparse_tag", 0) == _MOUNT_POINT


def is_link(status: os.stat_result) -> bool:
    """Is this a symbolic link, or a directory junction of Windows?"""
    return stat.S_ISLNK(status.st_mode) or is_junction(status)


def remove_tree(folder: Folder, name: str) -> None:
    """Remove a folder with all that is in it. Links in it are removed, never followed."""
    if folder.fd is None:
        shutil.rmtree(folder.path / name)
        return
    inner = folder.open(name)
    try:
        # Copies keep the modes of their sources: a read-only folder has to be opened up before it can be emptied.
        if inner.fd is not None:
            set_mode(inner.fd, 0o700)
        for each in inner.names():
            status = inner.lstat(each)
            if status is not None and stat.S_ISDIR(status.st_mode):
                remove_tree(inner, each)
            else:
                inner.discard(each)
    finally:
        inner.close()
    os.rmdir(name, dir_fd=folder.fd)
