"""What git's own files say, as it documents them (gitrepository-layout, git-worktree).

Git itself is not started: this works without it, for repositories of other users, and in microseconds. What only the
program can say is in `asking_git`.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from harnesssync_orchestrator.files.reading import NOTHING_THERE, Looked

RECORDS = "worktrees"
"""The folder, in a repository's common one, in which git keeps a record of each linked worktree."""

_OPERATIONS = {
    "index.lock": "a command of git is at work",
    "rebase-merge": "a rebase is under way",
    "rebase-apply": "a rebase, or git am, is under way",
    "MERGE_HEAD": "a merge is under way",
    "CHERRY_PICK_HEAD": "a cherry-pick is under way",
    "REVERT_HEAD": "a revert is under way",
}
_WORKTREE_SETTING = re.compile(rb"^\[core\](?:\n[^\[\n]*)*?\n\s*worktree\s*=([^\n]*)", re.MULTILINE)
_BARE_SETTING = re.compile(
    rb"^\[core\](?:\n[^\[\n]*)*?\n\s*bare(?:\s*=\s*(?:true|yes|on|1))?\s*$", re.MULTILINE | re.IGNORECASE
)
_NO_FOLDER = (OSError, RuntimeError, ValueError)
"""What comes of a loop of links (RuntimeError up to Python 3.12), or of a name that no folder has (ValueError)."""
_TELLS_NOTHING = frozenset({errno.EACCES, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ETIMEDOUT})


def worktree_root(path: Path) -> Path | None:
    """The root of the git worktree around a path, resolved; None outside of one, so also in a bare repository."""
    try:
        here = path.resolve()
    except (OSError, RuntimeError):  # a loop of links (RuntimeError up to Python 3.12)
        return None
    for folder in (here, *here.parents):
        with suppress(PermissionError):  # a folder far above, that nobody here may enter
            if git_dir(folder) is not None and bare_repository(folder) is None:
                return folder
    return None


def git_dir(worktree: Path) -> Path | None:
    """The folder where git keeps what belongs to this worktree alone; None if this is not a worktree's root."""
    entry = f"{worktree}/.git"
    if "\0" in entry:  # of a record that somebody damaged: no folder has such a name
        return None
    try:
        if stat.S_ISDIR(_mode(entry)):
            return Path(entry) if stat.S_ISREG(_mode(f"{entry}/HEAD")) else None
        content = Looked().read(entry)
    except OSError as error:
        _raise_if_unknown(error)
        return None
    if not content.startswith(b"gitdir: "):
        return None
    folder = worktree / os.fsdecode(content[len(b"gitdir: ") :].rstrip(b"\r\n"))
    return folder if (folder / "HEAD").is_file() else None


def common_dir(worktree: Path) -> Path | None:
    """The folder, resolved, that all worktrees of one repository share; None if this is not a worktree's root."""
    folder = git_dir(worktree)
    return None if folder is None else _common_of(folder)


def _common_of(folder: Path) -> Path | None:
    """The same by the folder of a worktree alone."""
    try:
        text = _content(folder / "commondir").rstrip(b"\r\n")
    except OSError as error:
        _raise_if_unknown(error)
        text = b""
    try:
        return (folder / os.fsdecode(text)).resolve()
    except _NO_FOLDER as error:
        _raise_if_unknown(error)
        return None


def is_linked(worktree: Path) -> bool:
    """Is this a linked worktree of a repository that has a main one?"""
    common = common_dir(worktree)
    return common is not None and common.name == ".git" and common != git_dir(worktree)


def repository(worktree: Path) -> Path | None:
    """The common folder of a repository that acknowledges this worktree: for whatever reaches the repository's other
    worktrees, such as trust.

    A folder that somebody unpacked can name any repository in its `.git`. Therefore a main worktree counts only if
    `.git` is a real folder of its own, a linked one only if the repository's own record (`worktrees/<name>/gitdir`)
    points back to it, and a submodule only if the setting `core.worktree` does.
    """
    folder = git_dir(worktree)
    common = None if folder is None else _common_of(folder)
    if folder is None or common is None:
        return None
    try:
        root = worktree.resolve()
        folder = folder.resolve()
        if folder == common:
            return common if common == root / ".git" or _configured_worktree(folder) == root else None
        if folder.parent != common / RECORDS:
            return None
        back = os.fsdecode(_content(folder / "gitdir").rstrip(b"\r\n"))
        return common if (folder / back).parent.resolve() == root else None
    except _NO_FOLDER as error:
        _raise_if_unknown(error)
        return None


def written_once(folder: Path) -> str:
    """What is known of a file that git wrote when it made its folder of a worktree, and never since: of a linked one
    the way to the repository, of a main one what every new one has. Raises FileNotFoundError where neither is.

    Its times are those of git's making: nothing that a clone brings sets them. The one of its content, since that of
    the inode (ctime) is another after a `chmod -R`, a `chown -R`, a hard link or a rename.
    """
    for name in ("commondir", "description"):
        with suppress(FileNotFoundError):
            status = (folder / name).stat()
            return f"{status.st_ino}-{status.st_mtime_ns}"
    raise FileNotFoundError(str(folder))


def _mode(path: str) -> int:
    """The mode of what a path leads to, 0 for nothing. Asked for several times in each sync, so without `Path`."""
    try:
        return os.stat(path).st_mode  # noqa: PTH116 - see above
    except OSError as error:
        if error.errno in NOTHING_THERE:
            return 0
        raise


def _raise_if_unknown(error: Exception) -> None:
    """An error that may be gone the next time says nothing about what is there: not that trust has ended, nor that
    there is nothing to be hidden from git, or to be shown again."""
    if isinstance(error, OSError) and error.errno in _TELLS_NOTHING:
        raise error


def _content(file: Path) -> bytes:
    """A file of git's, which in an unpacked folder may be anything, a pipe included. Raises OSError."""
    return Looked().read(os.fspath(file))


def _configured_worktree(folder: Path) -> Path | None:
    """The worktree that a repository's configuration names, as it does for submodules; None if it names none."""
    match = _WORKTREE_SETTING.search(_content(folder / "config"))
    if match is None:
        return None
    value = match[1].strip()
    if value.startswith(b'"') and value.endswith(b'"'):
        value = value[1:-1].replace(b'\\"', b'"').replace(b"\\\\", b"\\")
    return (folder / os.fsdecode(value)).resolve()


def bare_repository(folder: Path) -> Path | None:
    """The repository without a checkout, resolved, that a folder is, or that the file `.git` in it names, as who keeps
    all worktrees beside each other has it; None if there is none."""
    for at in (folder, _named(folder)):
        if at is not None and stat.S_ISREG(_mode(f"{at}/HEAD")) and not _mode(f"{at}/commondir") and is_bare(at):
            return at.resolve()
    return None


def followed(root: Path) -> Path | None:
    """The common folder of the repository whose worktrees come along with a project that a person adds: of the one that
    acknowledges it, that it is (bare), or that its main worktree keeps elsewhere. Of that (`--separate-git-dir`) git
    has no note there, so that it is nothing but the person's word: nothing that is approved reaches it."""
    if (common := repository(root) or bare_repository(root)) is not None:
        return common
    folder = _named(root)
    if folder is None or common_dir(root) != folder.resolve() or folder.resolve().name == ".git":
        return None
    try:
        return folder.resolve() if _configured_worktree(folder) is None else None
    except _NO_FOLDER as error:
        _raise_if_unknown(error)
        return None


def _named(root: Path) -> Path | None:
    """What the file `.git` in a folder names."""
    return git_dir(root) if stat.S_ISREG(_mode(f"{root}/.git")) else None


def is_bare(common: Path) -> bool:
    """Has a repository, by its common folder, no checkout of its own, whatever that folder lies in?"""
    for name in ("config", "config.worktree"):  # where a repository has a setting for each worktree, it moves there
        try:
            if _BARE_SETTING.search(_content(common / name)) is not None:
                return True
        except OSError as error:
            _raise_if_unknown(error)
    return False


def worktrees(common: Path) -> tuple[Path, ...]:
    """The roots of all worktrees of a repository, by its common folder, links in them resolved. Of one that is not
    there git may still have a record: it was moved by hand, say, and not repaired."""
    linked = [root for _, root in records(common) if root is not None]
    return (*([common.parent.resolve()] if common.name == ".git" else ()), *linked)


def records(common: Path) -> tuple[tuple[Path, Path | None], ...]:
    """A repository's records of its linked worktrees, each with the root that it tells of, resolved; None as long as it
    does not say."""
    try:
        names = sorted(os.listdir(common / RECORDS))  # noqa: PTH208 - names alone
    except OSError:
        return ()
    return tuple((record, _linked_root(record)) for record in (common / RECORDS / name for name in names))


def _linked_root(record: Path) -> Path | None:
    try:
        text = _content(record / "gitdir").rstrip(b"\r\n")
        return (record / os.fsdecode(text)).parent.resolve() if text else None
    except _NO_FOLDER:
        return None


def pattern_files(root: Path, paths: Iterable[str]) -> list[str]:
    """Where patterns about these paths may be. Of thousands of paths most are in the same few folders."""
    folders = {""}
    for inner in {path.rpartition("/")[0] for path in paths}:
        folder = inner
        while folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return [f"{root}/{folder}/.gitignore" if folder else f"{root}/.gitignore" for folder in sorted(folders)]


def obstacle(worktree: Path) -> str | None:
    """What shows that git is in the middle of something here (`index.lock`, `rebase-merge`, …), None if nothing."""
    folder = git_dir(worktree)
    if folder is None:
        return None
    return next((name for name in _OPERATIONS if _mode(f"{folder}/{name}")), None)


def busy_with(worktree: Path) -> str:
    """The same for people, with what to do about it."""
    name = obstacle(worktree)
    if name is None:
        return "git was at work in it"
    remedy = "end it, git status says how"
    if name == "index.lock":
        remedy = f"wait for it or, if it was killed, delete {git_dir(worktree)}/{name}"
    return f"{_OPERATIONS[name]} in it: {remedy}"


def busy(worktree: Path) -> bool:
    """Is git in the middle of something here, so that files will change again in a moment?"""
    return obstacle(worktree) is not None


__all__ = [
    "RECORDS",
    "bare_repository",
    "busy",
    "busy_with",
    "common_dir",
    "followed",
    "git_dir",
    "is_bare",
    "is_linked",
    "obstacle",
    "records",
    "repository",
    "worktree_root",
    "worktrees",
]
