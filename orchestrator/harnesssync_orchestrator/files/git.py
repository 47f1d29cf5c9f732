"""What we need to know of git. Only `tracked` and `ignored` start git itself; all else reads files that it documents
(gitrepository-layout, git-worktree), and so works without git, for repositories of other users, and in microseconds.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harnesssync_orchestrator.core.items import Problem
from harnesssync_orchestrator.files.reading import NOTHING_THERE, Looked
from harnesssync_orchestrator.files.turns import waiting

_OPERATIONS = ("index.lock", "rebase-merge", "rebase-apply", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD")
_KEPT_VARIABLES = frozenset({"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"})
_WORKTREE_SETTING = re.compile(rb"^\[core\](?:\n[^\[\n]*)*?\n\s*worktree\s*=([^\n]*)", re.MULTILINE)
_BARE_SETTING = re.compile(
    rb"^\[core\](?:\n[^\[\n]*)*?\n\s*bare(?:\s*=\s*(?:true|yes|on|1))?\s*$", re.MULTILINE | re.IGNORECASE
)
_TELLS_NOTHING = frozenset({errno.EACCES, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ETIMEDOUT})
_MAX_ARGUMENT_BYTES = 100_000  # well below what any system takes as the arguments of a process
_PATIENCE_S = 3.5
"""For `git ls-files`, which takes half a second over a million files. A configuration can make git wait for ever."""


def worktree_root(path: Path) -> Path | None:
    """The root of the git worktree around a path, resolved; None outside of one, so also in a bare repository."""
    try:
        here = path.resolve()
    except (OSError, RuntimeError):  # a loop of links (RuntimeError up to Python 3.12)
        return None
    for folder in (here, *here.parents):
        with suppress(PermissionError):  # a folder far above, that nobody here may enter
            if git_dir(folder) is not None:
                return folder
    return None


def git_dir(worktree: Path) -> Path | None:
    """The folder where git keeps what belongs to this worktree alone; None if this is not a worktree's root."""
    entry = f"{worktree}/.git"
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
    if folder is None:
        return None
    try:
        text = _content(folder / "commondir").rstrip(b"\r\n")
    except OSError as error:
        _raise_if_unknown(error)
        return folder.resolve()
    return (folder / os.fsdecode(text)).resolve()


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
    folder, common = git_dir(worktree), common_dir(worktree)
    if folder is None or common is None:
        return None
    try:
        root = worktree.resolve()
        folder = folder.resolve()
        if folder == common:
            return common if common == root / ".git" or _configured_worktree(folder) == root else None
        if folder.parent != common / "worktrees":
            return None
        back = os.fsdecode(_content(folder / "gitdir").rstrip(b"\r\n"))
        return common if (folder / back).parent.resolve() == root else None
    except (OSError, RuntimeError) as error:
        _raise_if_unknown(error)
        return None


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


def is_bare(common: Path) -> bool:
    """Has a repository, by its common folder, no checkout of its own, whatever that folder lies in?"""
    try:
        return _BARE_SETTING.search(_content(common / "config")) is not None
    except OSError as error:
        _raise_if_unknown(error)
        return False


def worktrees(common: Path) -> tuple[Path, ...]:
    """The roots of all worktrees of a repository that are there, by its common folder; links in them resolved."""
    records = sorted(common.glob("worktrees/*"))
    linked = [root for root in map(linked_root, records) if root is not None and root.is_dir()]
    return (*([common.parent.resolve()] if common.name == ".git" else ()), *linked)


def linked_root(record: Path) -> Path | None:
    """Where the worktree is of which a repository has this record (`worktrees/<name>`), resolved; None as long as the
    record does not say."""
    try:
        text = _content(record / "gitdir").rstrip(b"\r\n")
        return (record / os.fsdecode(text)).parent.resolve() if text else None
    except (OSError, RuntimeError):
        return None


def obstacle(worktree: Path) -> str | None:
    """What shows that git is in the middle of something here (`index.lock`, `rebase-merge`, …), None if nothing."""
    folder = git_dir(worktree)
    if folder is None:
        return None
    return next((name for name in _OPERATIONS if _mode(f"{folder}/{name}")), None)


def busy(worktree: Path) -> bool:
    """Is git in the middle of something here, so that files will change again in a moment?"""
    return obstacle(worktree) is not None


def tracked(
    worktree: Path, paths: Sequence[str], *, environ: Mapping[str, str] | None = None, top: Path | None = None
) -> tuple[frozenset[str], tuple[Problem, ...]]:
    """Those of the paths (below the worktree, with `/`) that git tracks, a folder if it tracks anything in it.

    They may be paths below a folder in the worktree `top`. When git can't be asked, a problem says why, with the code
    `git_missing` or `git_failed`.
    """
    if not paths or git_dir(top or worktree) is None:
        return frozenset(), ()
    found: set[str] = set()
    for batch in _batches(paths):
        output, problems = _ask(worktree, ["--literal-pathspecs", "ls-files", "-z", "--", *batch], environ=environ)
        if problems:
            return frozenset(), problems
        found.update(os.fsdecode(name) for name in output.split(b"\0") if name)
    return frozenset(path for path in paths if path in found) | _with_content(paths, found), ()


@dataclass(frozen=True, slots=True)
class Ignored:
    """Paths that git's patterns decide about: `hidden` by one, or `shown` by one that takes others back (`!.codex`).

    What `info/exclude` hides is only `listed`, since we write it ourselves.
    """

    hidden: frozenset[str] = frozenset()
    shown: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()


def ignored(
    folder: Path, paths: Sequence[str], *, environ: Mapping[str, str] | None = None
) -> tuple[Ignored, tuple[Problem, ...]]:
    """What the patterns of a repository say about paths (below the folder, with `/`), tracked or not."""
    # Below a link git refuses to look, and nothing is ever written.
    links = {above for path in paths for above in _folders_of(path) if (folder / above).is_symlink()}
    asked = [path for path in paths if links.isdisjoint(_folders_of(path))]
    if not asked:
        return Ignored(), ()
    # Each is given as `./path`: without it git takes a leading colon for one of its own signs.
    given = b"".join(os.fsencode(f"./{path}".rstrip("/")) + b"\0" for path in asked)
    command = ["check-ignore", "--verbose", "--non-matching", "--no-index", "-z", "--stdin"]
    output, problems = _ask(folder, command, given=given, fine=(0, 1), environ=environ)
    fields = output.split(b"\0")
    hidden: set[str] = set()
    shown: set[str] = set()
    listed: set[str] = set()
    for path, origin, pattern in zip(asked, fields[0::4], fields[2::4], strict=False):
        if pattern.startswith(b"!"):
            shown.add(path)
        elif pattern:
            (listed if origin.endswith(b"info/exclude") else hidden).add(path)
    return Ignored(frozenset(hidden), frozenset(shown), frozenset(listed)), problems


def matching(worktree: Path, patterns: Path) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """The files of a worktree that git does not track and that patterns in a file, as in .gitignore, match; sorted."""
    command = ["ls-files", "--others", "--ignored", f"--exclude-from={patterns}", "-z"]
    output, problems = _ask(worktree, command, environ=None)
    found = (os.fsdecode(name) for name in output.split(b"\0") if name)
    return tuple(sorted(name for name in found if not name.endswith("/"))), problems


def _folders_of(path: str) -> list[str]:
    parts = path.rstrip("/").split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _ask(
    folder: Path,
    arguments: Sequence[str],
    *,
    given: bytes = b"",
    fine: tuple[int, ...] = (0,),
    environ: Mapping[str, str] | None,
) -> tuple[bytes, tuple[Problem, ...]]:
    """What git prints, run in a folder; nothing and a problem if it can't be run, or its exit code is not `fine`."""
    import subprocess  # noqa: PLC0415 - takes a while, and in an unchanged project git is not asked

    settings = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
    try:
        with waiting():
            result = subprocess.run(
                ["git", "--no-optional-locks", *settings, *arguments],
                cwd=folder,
                env=_environment(os.environ if environ is None else environ),
                input=given,
                capture_output=True,
                check=False,
                timeout=_PATIENCE_S,
            )
    except FileNotFoundError:
        return b"", (_problem("git_missing", "git is not installed", folder, "Install git"),)
    except (OSError, subprocess.TimeoutExpired) as error:
        return b"", (_problem("git_failed", str(error), folder, "Run git status there"),)
    if result.returncode not in fine:
        message = result.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        return b"", (_problem("git_failed", message, folder, "Run git status there, and do as it says"),)
    return result.stdout, ()


def _with_content(paths: Iterable[str], found: Iterable[str]) -> frozenset[str]:
    """Those of the paths that are folders of something that was found."""
    folders = {name[:index] for name in found for index, character in enumerate(name) if character == "/"}
    return frozenset(path for path in paths if path in folders)


def _batches(paths: Sequence[str]) -> Iterable[list[str]]:
    batch: list[str] = []
    size = 0
    for path in paths:
        if batch and size > _MAX_ARGUMENT_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(path)
        size += len(os.fsencode(path)) + 1
    yield batch


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without what would lead git elsewhere: inside a hook, GIT_DIR names the repository of the
    commit, whatever the folder."""
    kept = {name: value for name, value in environ.items() if not name.startswith("GIT_") or name in _KEPT_VARIABLES}
    return kept | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}


def _problem(code: str, message: str, worktree: Path, hint: str) -> Problem:
    return Problem(code=code, message=message, file=str(worktree), hint=hint, hides=False)


__all__ = [
    "Ignored",
    "busy",
    "common_dir",
    "git_dir",
    "ignored",
    "is_bare",
    "is_linked",
    "matching",
    "obstacle",
    "repository",
    "tracked",
    "worktree_root",
    "worktrees",
]
