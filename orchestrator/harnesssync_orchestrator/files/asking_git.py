"""What only git itself can say: which paths it tracks, and which of its patterns match. Each question starts it."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harnesssync_orchestrator.core.source import Problem
from harnesssync_orchestrator.files.git import common_dir, git_dir, pattern_files, worktree_root
from harnesssync_orchestrator.files.gitignore_block import is_of_block
from harnesssync_orchestrator.files.turns import waiting

_KEPT_VARIABLES = frozenset({"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"})
_MAX_ARGUMENT_BYTES = 100_000  # well below what any system takes as the arguments of a process
_PATIENCE_S = 3.5
"""For `git ls-files`, which takes half a second over a million files. A configuration can make git wait for ever."""


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


def with_untracked(worktree: Path, folders: Sequence[str]) -> frozenset[str]:
    """Those of some folders in which something is that git does not track, ignored or not; all where git can't be
    asked."""
    found: set[str] = set()
    for batch in _batches(folders) if folders else ():
        output, problems = _ask(
            worktree, ["--literal-pathspecs", "ls-files", "--others", "-z", "--", *batch], environ=None
        )
        if problems:
            return frozenset(folders)
        found.update(os.fsdecode(name) for name in output.split(b"\0") if name)
    return _with_content(folders, found)


@dataclass(frozen=True, slots=True)
class Ignored:
    """Paths that git's patterns decide about: `hidden` by one, or `shown` by one that takes others back (`!.codex`).

    What `info/exclude` hides is only `listed`, since we write it ourselves; and so is what our block in
    a `.gitignore` hides.
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
    if (pipe := _pipe_among_patterns(folder, asked)) is not None:
        why = f"{pipe} is a named pipe, and git would wait for it"
        return Ignored(), (_problem("git_failed", why, folder, "Remove it, or put a plain file there"),)
    # Each is given as `./path`: without it git takes a leading colon for one of its own signs.
    given = b"".join(os.fsencode(f"./{path}".rstrip("/")) + b"\0" for path in asked)
    command = ["check-ignore", "--verbose", "--non-matching", "--no-index", "-z", "--stdin"]
    output, problems = _ask(folder, command, given=given, fine=(0, 1), environ=environ)
    fields = output.split(b"\0")
    hidden: set[str] = set()
    shown: set[str] = set()
    listed: set[str] = set()
    for path, origin, number, pattern in zip(asked, fields[0::4], fields[1::4], fields[2::4], strict=False):
        if pattern.startswith(b"!"):
            shown.add(path)
        elif pattern:
            is_listed = origin.endswith(b"info/exclude") or is_of_block(folder, origin, number)
            (listed if is_listed else hidden).add(path)
    return Ignored(frozenset(hidden), frozenset(shown), frozenset(listed)), problems


def _pipe_among_patterns(folder: Path, paths: Iterable[str]) -> str | None:
    """A named pipe where git looks for patterns about paths below a folder. It follows no link to a `.gitignore`."""
    top = worktree_root(folder)
    common = common_dir(top) if top is not None else None
    if common is not None and _is_pipe(f"{common}/info/exclude", follows=True):
        return f"{common}/info/exclude"
    above = [f"{each}/.gitignore" for each in folder.resolve().parents if top in (each, *each.parents)]
    return next((file for file in (*pattern_files(folder, paths), *above) if _is_pipe(file)), None)


def _is_pipe(path: str, *, follows: bool = False) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path, follow_symlinks=follows).st_mode)  # noqa: PTH116 - `Path.is_fifo` may raise
    except OSError:
        return False  # git tells what is wrong there


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


__all__ = ["Ignored", "ignored", "matching", "tracked"]
