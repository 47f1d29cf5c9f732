"""Which project a command means: `--project`, else the environment, else the git worktree around the working directory.

The same worktree as `files.git` finds, without what that imports.
"""

from __future__ import annotations

import os

from harnesssync_orchestrator.ctl.places import expand, home, variable
from harnesssync_orchestrator.errors import UsageError

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

# ruff: noqa: PTH109, PTH110, PTH113, PTH117, PTH118, PTH120, PTH123 - pathlib takes longer to import than a status takes to answer


def working_directory() -> str:
    """The absolute path of the working directory. Raises `UsageError` if somebody has removed it."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise UsageError("the working directory is gone", hint="Use --project PATH, or change the directory") from None


def worktree_around(path: str) -> str | None:
    """The root of the git worktree that holds `path` (resolved, absolute); None outside of any."""
    while not _is_worktree(path):
        parent = os.path.dirname(path)
        if parent == path:
            return None
        path = parent
    return path


def _is_worktree(folder: str) -> bool:
    """A main worktree has a folder `.git`, a linked one a file that names a folder; either folder has a `HEAD`."""
    entry = os.path.join(folder, ".git")
    if os.path.isfile(os.path.join(entry, "HEAD")):
        return True
    if not os.path.isfile(entry):  # opening a pipe would wait for whoever writes into it
        return False
    try:
        with open(entry, "rb") as file:
            content = file.read(1 << 16)
    except OSError:
        return False
    if not content.startswith(b"gitdir: "):
        return False
    named = os.path.join(folder, os.fsdecode(content[len(b"gitdir: ") :].rstrip(b"\r\n")))
    return os.path.isfile(os.path.join(named, "HEAD")) and not _is_bare(named)


def bare_repository(folder: str) -> str | None:
    """The repository without a checkout that a folder (resolved) is, or that the file `.git` in it names; None if there
    is none."""
    entry = os.path.join(folder, ".git")
    if _is_bare(folder):
        return folder
    if not os.path.isfile(entry) or _is_worktree(folder):
        return None
    with open(entry, "rb") as file:
        named = os.fsdecode(file.read(1 << 16).removeprefix(b"gitdir: ").rstrip(b"\r\n"))
    found = os.path.realpath(os.path.join(folder, named))
    return found if _is_bare(found) else None


def _is_bare(folder: str) -> bool:
    """Has it no checkout, by its own settings? What has a `commondir` belongs to a linked worktree."""
    if not os.path.isfile(os.path.join(folder, "HEAD")) or os.path.exists(os.path.join(folder, "commondir")):
        return False
    return any(_says_bare(os.path.join(folder, name)) for name in ("config", "config.worktree"))


def _says_bare(file: str) -> bool:
    if not os.path.isfile(file):
        return False
    try:
        with open(file, "rb") as opened:
            lines = [line.strip().lower() for line in opened.read(1 << 20).splitlines()]
    except OSError:
        return False
    section = b""
    for line in lines:
        if line.startswith(b"["):
            section = line
        elif section == b"[core]":
            name, sign, value = line.partition(b"=")  # without a sign it is true, with nothing behind it false
            if name.strip() == b"bare" and (not sign or value.strip() in {b"true", b"yes", b"on", b"1"}):
                return True
    return False


def resolve(given: str | None, environ: Mapping[str, str], registered: Callable[[], Container[str]]) -> str:
    """The resolved absolute path of the project that is meant.

    `given` is the value of `--project`. `registered` gives the paths of the registry, and is asked only about a folder
    that is missing or in no worktree: what was registered once can still be asked about and removed.
    Raises `UsageError` if there is no such project.
    """
    named = given or variable(environ, "WORKTREE")
    if not named:
        root = worktree_around(os.path.realpath(working_directory()))
        if root is None:
            raise UsageError("Not inside a git worktree", hint="Use --project PATH to name one")
        return root
    path = absolute(named, environ)
    exists = os.path.exists(path)
    if exists and (root := worktree_around(path)) is not None:
        return root
    if exists and bare_repository(path) is not None:
        hint = "Name one of its worktrees. `harnesssync ctl add` takes all of them, those that come as well"
        raise UsageError("it is a bare repository, which has no files", path=path, hint=hint)
    if path in registered():
        return path
    if not exists:
        raise UsageError("there is no such folder", path=path)
    raise UsageError("Not inside a git worktree", path=path, hint="Use --project PATH to name a folder in one")


def absolute(named: str, environ: Mapping[str, str]) -> str:
    """A path that a person wrote, resolved: relative to the working directory, `~` expanded, links followed."""
    path = expand(named, environ)
    if not path.startswith("/") and not os.path.isabs(path):
        path = os.path.join(working_directory(), path)
    try:
        return os.path.realpath(path)
    except ValueError:  # a NUL byte
        raise UsageError(f"{named!r} is no path") from None


def user_scope(environ: Mapping[str, str]) -> str:
    """The resolved path of the home directory, which is the project of the user scope."""
    return os.path.realpath(home(environ))
