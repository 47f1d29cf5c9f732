"""Which folder a project is, and whose: what an approval is bound to, besides content.

A path says nothing about that: another folder may have been put there, or another user may own it by now. Device and
inode do, until a file system is mounted anew: Linux numbers many devices in the order in which they come, and those of
btrfs, overlays and network file systems at each mount. The id that `statvfs` gives (`f_fsid`) is made from the file
system's UUID by ext4, btrfs and ZFS, and from the device number by XFS; network file systems and FUSE give none.

A file system gives an inode that is free to the next folder, such as the `.git` of the next clone. So of what is git's
a file that git writes once, when it makes it, is known as well.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.trust import OWN, Approval, Standing, Trust
from harnesssync_orchestrator.files.git import bare_repository, git_dir, repository, written_once
from harnesssync_orchestrator.files.reading import NOTHING_THERE, Looked


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The folder that stands for a project: `folder` is the common one of its repository, or its own root; `owner` is
    the user id of another user to whom the root or that folder belongs, else our own. `filesystem` is the id of its
    file system, 0 if that has none. `mark` tells a folder of git's from the next one that gets its inode, "" if
    there is none, or nothing does."""

    folder: str
    device: int
    inode: int
    owner: int
    filesystem: int
    mark: str

    def approving(self, fingerprints: Iterable[str]) -> Approval:
        return Approval(
            folder=self.folder,
            device=self.device,
            inode=self.inode,
            owner=self.owner,
            filesystem=self.filesystem,
            mark=self.mark,
            fingerprints=frozenset(fingerprints),
        )

    @property
    def is_foreign(self) -> bool:
        return self.owner != _own_user()


def identify(root: Path) -> Identity:
    """Look at the folder of a project. Raises OSError if it is not there."""
    return identity_of(root, repository(root) or root)


def trust_of(project: Project) -> Trust:
    """What is permitted in a project now: the approvals that hold for the folder that is there, and its owner.

    An approval of a repository holds for every worktree that the repository acknowledges.
    """
    return trust_in(project, repository(Path(project.path)) if project.scope is not Scope.USER else None)


def trust_in(project: Project, common: Path | None) -> Trust:
    """The same, for a project whose `repository` was asked for already. Raises OSError if what is there can't be known:
    a look that failed says nothing about trust."""
    if project.scope is Scope.USER:
        return OWN
    root = Path(project.path)
    try:
        places = {str(folder): identity_of(root, folder) for folder in (root, common) if folder is not None}
    except OSError as error:
        if error.errno not in NOTHING_THERE:
            raise
        return Trust(root=project.path)  # it is not there: nothing comes from it
    standing, approved, doubted = Standing.UNAPPROVED, set[str](), set[str]()
    if project.outdated or project.forgotten:
        standing = Standing.FORGOTTEN if project.forgotten else Standing.OUTDATED
    for approval in project.approvals:
        now = places.get(approval.folder)
        if now is None:
            continue
        found = _standing(approval, now)
        standing = _better(standing, found)
        if found is Standing.APPROVED:
            approved |= approval.fingerprints
            doubted |= approval.doubted
        elif found is Standing.REMOUNTED:
            doubted |= approval.fingerprints | approval.doubted
    if standing is not Standing.APPROVED and any(now.is_foreign for now in places.values()):
        standing = Standing.FOREIGN
    return Trust(
        standing=standing,
        approved=frozenset(approved),
        doubted=frozenset(doubted),
        forgotten=project.forgotten,
        root=project.path,
    )


def writable_by_others(files: Iterable[str], root: str, looked: Looked) -> frozenset[str]:
    """Those of the files that other users may change: themselves, or by replacing them or a folder above, up to `root`.

    The looks are recorded in `looked`, so that a change of mode is noticed.
    """
    return frozenset(file for file in files if any(_is_writable(path, looked) for path in _up_to(file, root)))


def identity_of(root: Path, folder: Path) -> Identity:
    """Look at the folder that stands for the project at `root`. Raises OSError if it is not there."""
    status = folder.stat()
    owners = (status.st_uid if folder == root else root.stat().st_uid, status.st_uid)
    other = next((owner for owner in owners if owner != _own_user()), _own_user())
    return Identity(
        folder=str(folder),
        device=status.st_dev,
        inode=status.st_ino,
        owner=other,
        filesystem=os.statvfs(folder).f_fsid if hasattr(os, "statvfs") else 0,
        mark=_mark(root, folder),
    )


def _mark(root: Path, folder: Path) -> str:
    made = (git_dir(root) or bare_repository(root)) if folder == root else folder
    try:
        return "" if made is None else written_once(made)
    except (FileNotFoundError, NotADirectoryError):  # it was made without
        return ""


def _own_user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def _standing(approval: Approval, now: Identity) -> Standing:
    """What an approval is worth for the folder that is there now. Of which user it is can be told on any device."""
    same = now.approving(()).is_of(approval)
    if same is False:
        return Standing.REPLACED
    if now.owner != approval.owner:
        return Standing.OTHER_OWNER
    return Standing.APPROVED if same else Standing.REMOUNTED


def _better(known: Standing, found: Standing) -> Standing:
    """What an approval that holds says counts; else the first reason why one does not."""
    is_told = known not in (Standing.UNAPPROVED, Standing.OUTDATED, Standing.FORGOTTEN)
    return known if is_told and found is not Standing.APPROVED else found


def _up_to(file: str, root: str) -> Iterable[str]:
    yield file
    folder, top = os.path.dirname(file), root.rstrip("/")  # noqa: PTH120 - strings, as in `Looked`
    while folder.startswith(top + "/"):
        yield folder
        folder = os.path.dirname(folder)  # noqa: PTH120
    if folder == top:
        yield folder


def _is_writable(path: str, looked: Looked) -> bool:
    """A folder in which only owners may rename (its sticky bit is set) counts as one in which nobody else writes."""
    try:
        status = looked.lstat(path)
    except OSError:
        return False  # what can't be seen was not read either
    if status is None or stat.S_ISLNK(status.st_mode):
        return False
    sticky = stat.S_ISDIR(status.st_mode) and bool(status.st_mode & stat.S_ISVTX)
    return bool(status.st_mode & stat.S_IWOTH) and not sticky and os.name == "posix"
