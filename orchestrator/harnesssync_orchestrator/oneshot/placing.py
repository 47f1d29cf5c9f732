"""Which project a file belongs to that somebody names, and where in it: the path is not led astray by our own links."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.ctl.places import expand
from harnesssync_orchestrator.ctl.projects import user_scope, working_directory, worktree_around
from harnesssync_orchestrator.errors import UsageError

# ruff: noqa: PTH114, PTH117, PTH118, PTH120, PTH121 - paths are compared as they are spelled


@dataclass(frozen=True, slots=True)
class Placed:
    """A project by its resolved path, and a file by its path below that, with `/`; `""` is the project itself."""

    root: str
    scope: Scope
    file: str


def spelled(named: str, environ: Mapping[str, str]) -> str:
    """The absolute path of what a person named. Links in it stay, but for those that a `..` leads back from.

    Relative to the working directory as the shell calls it (`PWD`), so that a folder that one entered by a link is
    that link. Raises UsageError for what is no path.
    """
    path = expand(named, environ)
    if "\0" in path or not path:
        raise UsageError(f"{named!r} is no path")
    if not os.path.isabs(path):
        path = os.path.join(_working_directory(environ), path)
    found = "/"
    for part in path.split("/"):
        if part == "..":
            found = os.path.dirname(os.path.realpath(found))
        elif part not in ("", "."):
            found = os.path.join(found, part)
    return found


def _working_directory(environ: Mapping[str, str]) -> str:
    real, called = working_directory(), environ.get("PWD", "")
    try:
        is_same = os.path.isabs(called) and os.path.samefile(called, real)
    except OSError:
        is_same = False
    return called if is_same else real


def place(path: str, environ: Mapping[str, str], registered: Collection[str]) -> Placed:
    """The nearest project around a path (`spelled`): a worktree, a registered folder, or else the home directory.

    A folder that is reached by a link counts only when none else does: a linked skill may be a repository of its own.
    Raises UsageError if there is no project around it.
    """
    home = user_scope(environ)

    def root_at(folder: str) -> str | None:
        real = os.path.realpath(folder)
        return real if real == home or real in registered or worktree_around(real) == real else None

    found = _nearest(path, root_at)
    if found is None:
        raise UsageError("it is in no git worktree, and not in the home directory", path=path)
    root, file = found
    return Placed(root, Scope.USER if root == home else Scope.PROJECT, file)


def place_in(path: str, root: str, scope: Scope) -> Placed:
    """A path (`spelled`) in a project that is given. Raises UsageError if it is not in that."""
    found = _nearest(path, lambda folder: root if os.path.realpath(folder) == root else None)
    if found is None:
        raise UsageError(f"it is not in {root}", path=path)
    return Placed(root, scope, found[1])


def _nearest(path: str, root_at: Callable[[str], str | None]) -> tuple[str, str] | None:
    folders = list(_upwards(path))
    for linked in (False, True):
        for folder, file in folders:
            if os.path.islink(folder) == linked and (root := root_at(folder)) is not None:
                return root, file
    return None


def _upwards(path: str) -> Iterator[tuple[str, str]]:
    """Each folder at or above a path, with the rest of the path below it."""
    file = ""
    while True:
        yield path, file
        folder, name = os.path.split(path)
        if folder == path:
            return
        path, file = folder, f"{name}/{file}" if file else name
