"""Where each worktree was when it was last synced, so that one which was moved is known again.

All that is kept of a project is kept by its path. A move within a file system changes that, but neither the inode of
the worktree's folder nor git's own folder for it. An inode alone says little, since a file system gives it to the next
folder when it is free: git's folder is told by a file in it that git writes once, when it makes it, as well. Where any
of that differs, or another worktree has been synced at the old path since, it is not the same one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harnesssync_orchestrator.core.projects import project_id
from harnesssync_orchestrator.files import git
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.files.locks import held
from harnesssync_orchestrator.files.store import make_private, read_json, to_json, write_atomic

LEDGER = "state.json"
_GOING_ALONG = ("history", "gitignore", LEDGER)
"""What is kept of a worktree, in this order: once the ledger is there, all of it is."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A worktree's folder, by `device` and `inode`, and a `mark` of git's own folder for it."""

    device: int
    inode: int
    mark: str

    @classmethod
    def at(cls, root: str) -> Seen | None:
        """None where no worktree is, or where nothing tells it from the next one that gets its inodes. Raises OSError
        where that can't be told."""
        folder = git.git_dir(Path(root))
        if folder is None:
            return None
        try:
            status = os.stat(root)  # noqa: PTH116 - for each worktree of a repository
            return cls(status.st_dev, status.st_ino, f"{folder.stat().st_ino}-{git.written_once(folder)}")
        except (FileNotFoundError, NotADirectoryError):
            return None


def note(layout: Layout, root: str) -> None:
    """Note where a worktree is now: by then git is told under its own id what to hide. Raises OSError."""
    seen = Seen.at(root)
    if seen is None:
        return
    file, document = layout.whereabouts_file(seen.device, seen.inode), {"path": root, "mark": seen.mark}
    if read_json(file, None)[0] == document:
        return
    write_atomic(file, to_json(document))
    for other, path in _all(layout):
        if path == root and other != file:  # of one that was here before
            other.unlink(missing_ok=True)


def moved_from(layout: Layout, root: str) -> str:
    """The path at which the worktree that is at `root` now was synced last; "" if it is this one, or not known."""
    known = _known(layout, root)
    return "" if known == root else known


def ledger_of(layout: Layout, root: str) -> Path | None:
    """The ledger of a worktree that has none by its path, since it was moved, or was gone for a while."""
    folder = _kept(layout, root)
    return None if folder is None else folder / LEDGER


def take_over(layout: Layout, root: str, *, timeout: float) -> bool:
    """Let what was kept of that worktree be kept by its path. False if there is nothing; under the lock of its project.

    The ledger comes last: killed before, it is done again. Raises LockTimeoutError, OSError.
    """
    before, own = _kept(layout, root), layout.project_dir(project_id(root))
    if before is None:
        return False
    if before.parent != layout.projects_dir:
        return _take(before, own)
    with held(layout.sync_lock(before.name), timeout):
        return _take(before, own)


def take_over_shown(layout: Layout, before: str, root: str) -> None:
    """The same of what was approved for a main checkout, as it was shown. Raises OSError."""
    former, own = (layout.approved_file(Path(each, ".git")) for each in (before, root))
    if not own.exists():
        with suppress(FileNotFoundError):
            former.rename(own)


def forget(layout: Layout, identifier: str) -> None:
    """What was kept of what was at the path with this id goes, unless something is served there again."""
    if (layout.project_dir(identifier) / LEDGER).exists():
        return
    for file, path in _all(layout):
        if project_id(path) == identifier:
            file.unlink(missing_ok=True)


def _known(layout: Layout, root: str) -> str:
    try:
        seen = Seen.at(root)
    except OSError:
        return ""
    if seen is None:
        return ""
    file = layout.whereabouts_file(seen.device, seen.inode)
    path, mark = _read(file)
    if not path or mark != seen.mark:
        return ""
    if path != root:
        with suppress(OSError):
            if os.path.samefile(path, root):  # noqa: PTH121 - seen twice, as by a mount: it has not moved
                return ""
    return path


def _kept(layout: Layout, root: str) -> Path | None:
    """The folder with the ledger of a worktree that has none by its path."""
    path = _known(layout, root)
    if not path:
        return None
    identifier = project_id(path)
    folders = [layout.project_dir(identifier)] if path != root else []
    return next((each for each in (*folders, *_archived(layout, identifier)) if (each / LEDGER).is_file()), None)


def _archived(layout: Layout, identifier: str) -> list[Path]:
    """The folders of a project that were put aside, the last one first."""
    return sorted(layout.archive_dir.glob(f"{identifier}-*"), key=lambda each: each.name, reverse=True)


def _take(before: Path, own: Path) -> bool:
    make_private(own)
    for name in _GOING_ALONG:
        if not os.path.lexists(own / name):
            with suppress(FileNotFoundError):
                (before / name).rename(own / name)
    return (own / LEDGER).is_file()


def _all(layout: Layout) -> Iterator[tuple[Path, str]]:
    with suppress(OSError):
        for file in layout.whereabouts_dir.iterdir():
            path, _ = _read(file)
            if path:
                yield file, path


def _read(file: Path) -> tuple[str, str]:
    """The path and the mark that a note has; nothing, where there is none, or one that can't be used."""
    document, _ = read_json(file, None)
    row = document if isinstance(document, dict) else {}
    path, mark = row.get("path"), row.get("mark")
    return (path, mark) if isinstance(path, str) and isinstance(mark, str) else ("", "")


__all__ = ["Seen", "forget", "ledger_of", "moved_from", "note", "take_over", "take_over_shown"]
