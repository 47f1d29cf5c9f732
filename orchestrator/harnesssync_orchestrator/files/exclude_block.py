"""The block of ours in a repository's `info/exclude`, as it is read: `files.exclude` says what is in it.

A sync in which nothing has changed needs no more than this.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from harnesssync_orchestrator.errors import StateError
from harnesssync_orchestrator.files.reading import Looked

SECTION = b"# worktree "
_BLOCK = re.compile(
    rb"(?P<end>^|\n)# >>> harnesssync \((?P<kind>appended|joined|created)\)[^\n]*\n"
    rb"(?P<body>.*?)^# <<< harnesssync\r?(?:\n|\Z)",
    re.DOTALL | re.MULTILINE,
)
_BEGINS = re.compile(rb"^# >>> harnesssync \(", re.MULTILINE)


def listed(common_dir: Path, worktree_id: str) -> tuple[str, ...]:
    """The lines of one worktree's section, as they stand. Raises StateError as `update_exclude` does."""
    block = find_block(read_exclude(common_dir / "info" / "exclude") or b"")
    lines = sections_of(block["body"]).get(worktree_id.encode("ascii"), []) if block else []
    return tuple(map(os.fsdecode, lines))


def lists_anything(common_dir: Path, worktree_id: str, worktrees: Collection[str]) -> bool:
    """Are there lines of this worktree, or of one that is not among `worktrees`, the ids of those that the repository
    has: it may have been this one, before it was moved? Raises StateError as `update_exclude` does."""
    block = find_block(read_exclude(common_dir / "info" / "exclude") or b"")
    sections = sections_of(block["body"]) if block else {}
    ids = {name.decode("ascii", "replace") for name, lines in sections.items() if lines}
    return worktree_id in ids or not ids <= {*worktrees}


def find_block(text: bytes) -> re.Match[bytes] | None:
    begins = len(_BEGINS.findall(text))
    block = _BLOCK.search(text)
    if begins > 1 or (begins == 1 and block is None):
        raise StateError(
            "the block of harnesssync was damaged: it has no end, or is there twice",
            code="exclude_damaged",
            hint="Remove the lines from '# >>> harnesssync' to '# <<< harnesssync' in info/exclude, then sync again",
        )
    return block


def sections_of(body: bytes) -> Mapping[bytes, list[bytes]]:
    sections: dict[bytes, list[bytes]] = {}
    listed: list[bytes] = []
    for line in body.split(b"\n"):
        if line.startswith(SECTION):
            listed = sections.setdefault(line[len(SECTION) :].strip(), [])
        elif line.strip():
            listed.append(line.rstrip(b"\r"))
    return sections


def read_exclude(file: Path) -> bytes | None:
    try:
        if file.is_symlink():
            raise unusable(file, "it is a link, and what it leads to may be shared with other repositories")
        return Looked().read(os.fspath(file))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unusable(file, f"it can't be read: {error.strerror or error}") from error


def unusable(file: Path, reason: str) -> StateError:
    return StateError(
        f"outputs can't be kept out of git status: {reason}",
        code="exclude_unusable",
        path=str(file),
        hint="Make it a plain file that you may write, or turn this off in config.toml",
    )
