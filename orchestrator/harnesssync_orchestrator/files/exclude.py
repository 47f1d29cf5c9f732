"""Keeping outputs out of `git status`: a block of ours in a repository's `info/exclude`, which is never committed.

    # >>> harnesssync (appended): outputs of ours; do not edit this block
    .harnesssync-*.tmp
    # worktree 0123456789abcdef
    /.agents/skills/pdf-tools
    # <<< harnesssync

All worktrees of a repository read the one file, so each has a section in the block, and a path stays hidden for as
long as one of them lists it. But git destroys what it ignores: what a person has in another worktree, in the place of
an output of this one, is noted there, and not hidden here either (`exclude_block.Section`). The word in brackets tells
what taking the block out has to restore: `appended` to nothing or to a whole line, `joined` to a last line without an
end, `created` with the file. Everything outside the block stays byte for byte.
"""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from harnesssync_orchestrator.core.desired import short_hash
from harnesssync_orchestrator.errors import ApplyError
from harnesssync_orchestrator.files.below import Below
from harnesssync_orchestrator.files.exclude_block import (
    ATTEMPTS,
    NOTHING,
    Exclude,
    Section,
    body_of,
    to_the_point,
    unusable,
)
from harnesssync_orchestrator.files.exclude_theirs import Ours, nothing, theirs_in
from harnesssync_orchestrator.files.locks import held
from harnesssync_orchestrator.files.temporaries import is_temporary

_BEGIN = b"# >>> harnesssync (%s): outputs of ours; do not edit this block\n"
_END = b"# <<< harnesssync\n"


def update_exclude(
    common_dir: Path,
    worktree_id: str,
    paths: Iterable[str],
    *,
    lock: Path,
    timeout: float = 5.0,
    worktrees: Mapping[str, Path] | None = None,
    private: Iterable[str] = (),
    theirs: Iterable[str] = (),
    kept: Section = NOTHING,
    ours: Ours = nothing,
    seen: Exclude | None = None,
) -> Exclude | None:
    """Make the section of one worktree list just these paths (below its root, with `/`), the `private` ones among them,
    and what is `theirs` in places of outputs; and what is `kept` goes in as it stands. Nothing takes it away.

    With `worktrees`, all that the repository has, by their ids, sections of others go: they were moved or removed, and
    what a person writes at those paths later must not be hidden; and what stands in any of them where another one hides
    a path is theirs, unless they hide it too, git tracks it, or it is `ours`.
    `lock` is `Layout.exclude_lock(common_dir)`, `seen` the file as somebody has just read it. Gives what it says then,
    None if that is what was seen: where it says so already nothing is written and no lock taken. Raises
    LockTimeoutError, and StateError if the file can't be read or written, is a link, or was damaged.
    """
    file, known = common_dir / "info" / "exclude", {pattern(path): path for path in paths}
    hidden = frozenset(known)
    lines = hidden | kept.lines
    unseen = hidden & frozenset(map(pattern, private)) | kept.private - hidden
    wanted = Section(lines, unseen, (frozenset(map(pattern, theirs)) | kept.theirs) - lines)
    seen = Exclude.read(common_dir, worktree_id) if seen is None else seen
    look = partial(_theirs, wanted=wanted, worktrees=worktrees or {}, ours=ours, paths=known)
    if _changed(seen, wanted, worktrees, look(seen)) is None and not has_temporaries(file.parent):
        return None
    with held(lock, timeout):
        clear_away_temporaries(file.parent)
        left = ATTEMPTS
        while True:
            left -= 1
            before = Exclude.read(common_dir, worktree_id)
            after = _changed(before, wanted, worktrees, look(before))
            if after is None:
                return before if before != seen else None
            try:
                _replace(file, before, after)
            except ApplyError as error:
                if error.code != "changed_underneath" or not left:
                    raise unusable(file, f"it can't be written: {error.message}") from error
            except OSError as error:
                raise unusable(file, f"it can't be written: {error.strerror or error}") from error
            else:
                return Exclude(worktree_id, after)


def _replace(file: Path, before: Exclude, after: bytes) -> None:
    """Write the file anew, or remove one that is there for the block alone. What somebody saves meanwhile stays: then
    this raises ApplyError, `changed_underneath`."""
    file.parent.mkdir(exist_ok=True)
    expected = short_hash(before.content) if before.content is not None else None
    with Below(file.parent) as below:
        below.sweep("")  # a process that was killed may have left something
        if expected is not None and after == b"" and before.block and before.block["kind"] == b"created":
            below.remove(file.name, expected)
        else:
            below.write(file.name, after, mode=0o644, expected=expected)


def has_temporaries(folder: Path) -> bool:
    """Did a process that was killed leave something there?"""
    with suppress(OSError):
        return any(is_temporary(name) for name in os.listdir(folder))  # noqa: PTH208 - names alone are wanted
    return False


def clear_away_temporaries(folder: Path) -> None:
    """Remove what a killed process left, but for what may be somebody's edit. Only under the lock."""
    if has_temporaries(folder):
        with suppress(ApplyError, OSError), Below(folder) as below:
            below.sweep("")


@lru_cache(maxsize=4096)
def pattern(path: str) -> bytes:
    """The pattern of gitignore that matches one path below the root, whatever characters its name has.

    A line break can't be written in such a file, and a carriage return or tab not at the end of a line: they become
    `?`, which matches any one character.
    """
    text = _TELLING.sub(rb"\\\1", os.fsencode(path.rstrip("/")))
    return b"/" + _LAST_SPACE.sub(b"\\ ", text.translate(_UNWRITABLE))


_TELLING = re.compile(rb"([\\*?\[])")
_UNWRITABLE = bytes.maketrans(b"\n\r\t", b"???")
_LAST_SPACE = re.compile(rb" (?= *\Z)")


def _changed(
    before: Exclude,
    section: Section,
    worktrees: Container[str] | None,
    theirs: Mapping[str, frozenset[bytes]],
) -> bytes | None:
    """The file after the change; None if there is nothing to change. `theirs` is what is not ours, by ids."""
    text, block = before.content or b"", before.block
    sections = _with(before, section, worktrees)
    for name, found in theirs.items():
        sections[name] = replace(sections.get(name, NOTHING), theirs=found)
    wanted = to_the_point({name.encode("ascii", "surrogateescape"): each for name, each in sections.items()})
    if wanted == before.sections and (block is None or block["body"] == body_of(wanted)):
        return None
    above, below = _around(text, block)
    if not wanted:
        return above + below
    if block:
        kind, joint = block["kind"], text[len(above) : block.start() + len(block["end"])]
    elif before.content is None:
        kind, joint = b"created", b""
    elif text and not text.endswith(b"\n"):
        kind, joint = b"joined", b"\n"
    else:
        kind, joint = b"appended", b""
    return above + joint + _BEGIN % kind + body_of(wanted) + _END + below


def _theirs(
    before: Exclude, *, wanted: Section, worktrees: Mapping[str, Path], ours: Ours, paths: Mapping[bytes, str]
) -> dict[str, frozenset[bytes]]:
    """What is not ours in the worktrees once this one has the section that is wanted, by their ids."""
    sections = _with(before, wanted, worktrees)
    return theirs_in(worktrees, sections, asker=f"{before.worktree_id} info/exclude", ours=ours, paths=paths)


def _with(before: Exclude, section: Section, worktrees: Container[str] | None) -> dict[str, Section]:
    """All sections, by ids, with the one that this worktree is to have."""
    named = ((name.decode("ascii", "surrogateescape"), each) for name, each in before.sections.items())
    return {
        **{name: each for name, each in named if worktrees is None or name in worktrees},
        before.worktree_id: section,
    }


def _around(text: bytes, block: re.Match[bytes] | None) -> tuple[bytes, bytes]:
    """What stands before the block and after it, as it would be without the block."""
    if block is None:
        return text, b""
    after = text[block.end() :]
    # The line end that was added to a last line without one goes with the block, unless lines follow by now.
    joined = block["kind"] == b"joined" and block["end"] and not after
    return text[: block.start() + (0 if joined else len(block["end"]))], after
