"""What a linked worktree is to begin with: files that git ignores and `.worktreeinclude` of the main checkout names.

As Claude Code documents it, which copies them into the worktrees that it makes itself: the patterns are those of
.gitignore, only the file at the root counts, and what git does not ignore is not copied. Its own configuration is not
among them here: that is inherited, or holds what has to be approved.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Container, Iterator
from contextlib import suppress
from pathlib import Path

from harnesssync_orchestrator.core.items import Layer, LocalFile
from harnesssync_orchestrator.core.source import Problem
from harnesssync_orchestrator.errors import StateError
from harnesssync_orchestrator.files import asking_git, git
from harnesssync_orchestrator.files.discovery.inheritance import HIDING, LOCAL_RULES, SERVERS
from harnesssync_orchestrator.files.discovery.main_checkout import MainCheckout
from harnesssync_orchestrator.files.discovery.reader import Ground, Reader
from harnesssync_orchestrator.files.exclude import pattern
from harnesssync_orchestrator.files.exclude_block import Exclude
from harnesssync_orchestrator.files.gitignore_block import Gitignore
from harnesssync_orchestrator.files.reading import TooLargeError

NAME = ".worktreeinclude"

MAX_FILES = 200
MAX_BYTES = 4 * 1024 * 1024
"""Of one file, and MAX_ALL_BYTES of all: what is larger is data, and for a person to copy."""
MAX_ALL_BYTES = 16 * 1024 * 1024

_FOLDERS = tuple(f".claude/{name}/" for name in ("skills", "agents", "commands", "rules", "worktrees"))
_FILES = frozenset({LOCAL_RULES, SERVERS, HIDING, ".claude/settings.json", ".claude/settings.local.json"})

_LASTS_S = 30.0
_LISTED: dict[MainCheckout, tuple[object, float, tuple[str, ...]]] = {}
"""What git last found for each worktree, when it was asked what: it walks through all that is not tracked."""
_MOST_LISTED = 1024


def read_included(main: MainCheckout, reader: Reader, made: Container[str]) -> Iterator[LocalFile]:
    """Those for which there is room in the worktree. `made` are the paths of those that we brought along before."""
    ground = Ground(layer=Layer.INHERITED, boundary=os.path.realpath(main.path), private=True)
    patterns = f"{main.path}/{NAME}"
    text = reader.text(patterns, ground)
    folder = git.git_dir(Path(main.path))
    if not text or folder is None or git.is_bare(folder):
        return
    plain = [line.strip() for line in text.splitlines() if not any(special in line for special in "#!*?[\\")]
    # Looked at so that it is noticed when one comes.
    there = tuple(reader.looked.lstat(f"{main.path}/{line.strip('/')}") is not None for line in plain if line)
    ignoring = tuple(reader.looked.lstat(file) for file in (f"{main.path}/.gitignore", f"{folder}/info/exclude"))
    names, problems = _listed(main, Path(patterns), folder, (text, there, ignoring))
    reader.problems.extend(problems)
    room = MAX_ALL_BYTES
    free = [name for name in names if reader.standing(f"{main.worktree}/{name}", main) == "nothing" or name in made]
    for number, name in enumerate(free):
        if number == MAX_FILES or (room < MAX_BYTES and room < _size(f"{main.path}/{name}", reader)):
            bounds = f"{MAX_FILES} files and {MAX_ALL_BYTES >> 20} MiB in all"
            message = f"it names {len(free)} files; those after the first {number} are not brought along: {bounds}"
            reader.report("include_too_many", message, patterns, "Leave data to be copied by hand.", hides=False)
            return
        file = _read(name, main, ground, reader)
        if file is not None:
            room -= len(file.content)
            yield file


def _size(path: str, reader: Reader) -> int:
    try:
        status = reader.looked.lstat(path)
    except OSError:
        return 0  # told when it is read
    return 0 if status is None else status.st_size


def _listed(
    main: MainCheckout, patterns: Path, folder: Path, asked: object
) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    known = _LISTED.get(main)
    if known is not None and known[0] == asked and time.monotonic() - known[1] < _LASTS_S:
        return known[2], ()
    top = Path(main.path)
    matching, problems = asking_git.matching(top, patterns)
    candidates = [name for name in matching if name not in _FILES and not name.startswith(_FOLDERS)]
    ignored, more = asking_git.ignored(top, candidates) if candidates else (asking_git.Ignored(), ())
    if problems or more:
        return (), (*problems, *more)
    ours = _ours(top, folder) if ignored.listed else frozenset[bytes]()
    names = tuple(
        name
        for name in candidates
        if name in ignored.hidden or (name in ignored.listed and ours.isdisjoint(_patterns(name)))
    )
    if len(_LISTED) >= _MOST_LISTED:
        _LISTED.clear()
    _LISTED[main] = (asked, time.monotonic(), names)
    return names, ()


def _ours(top: Path, common: Path) -> frozenset[bytes]:
    """The lines by which we hide outputs: those of the main checkout are made there, and not brought along."""
    lines = frozenset[bytes]()
    with suppress(StateError):  # told when it is to be changed
        block = Exclude.read(common, "").block
        lines = frozenset(block["body"].split(b"\n")) if block else lines
    with suppress(StateError):
        lines |= Gitignore.read(top).lines
    return lines


def _patterns(name: str) -> list[bytes]:
    """Of a path, and of all folders above it."""
    parts = name.split("/")
    return [pattern("/".join(parts[:depth])) for depth in range(1, len(parts) + 1)]


def _read(name: str, main: MainCheckout, ground: Ground, reader: Reader) -> LocalFile | None:
    path = f"{main.path}/{name}"
    try:
        status = reader.looked.lstat(path)
        if status is None or not stat.S_ISREG(status.st_mode):
            return None
        content = reader.looked.read(path, MAX_BYTES, within=reader.within(ground))
    except TooLargeError:
        reader.report(
            "include_too_large", "it is too large to be brought along", path, "Copy it yourself.", hides=False
        )
        return None
    except OSError as error:
        message = f"it can't be brought along: {error.strerror or error}"
        reader.report("include_unreadable", message, path, "Make it readable for your user.", hides=False)
        return None
    return LocalFile(
        name=name,
        origin=ground.origin(path),
        content=content,
        executable=bool(status.st_mode & stat.S_IXUSR),
        closed=not status.st_mode & (stat.S_IRWXG | stat.S_IRWXO),
    )
