"""The block of ours in a repository's `info/exclude`, as it is read: `files.exclude` says what is in it.

A sync in which nothing has changed needs no more than this.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harnesssync_orchestrator.errors import StateError
from harnesssync_orchestrator.files.reading import Looked

TEMPORARIES = b".harnesssync-*.tmp"
"""What outputs are called until they are whole, and while they go: left there by a kill, it may be private."""
SECTION = b"# worktree "
YIELDS = b"# shown here too, since another worktree has something else there: "
PRIVATE = b"# private:"
THEIRS = b"# not ours, and shown in every worktree: "
_BLOCK = re.compile(
    rb"(?P<end>^|\n)# >>> harnesssync \((?P<kind>appended|joined|created)\)[^\n]*\n"
    rb"(?P<body>.*?)^# <<< harnesssync\r?(?:\n|\Z)",
    re.DOTALL | re.MULTILINE,
)
_BEGINS = re.compile(rb"^# >>> harnesssync \(", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Section:
    """What one worktree says in the block, as patterns: its `lines` hide outputs, but for those in whose place another
    worktree has something that is not ours (`theirs`). The `private` ones of them hide theirs all the same."""

    lines: frozenset[bytes] = frozenset()
    private: frozenset[bytes] = frozenset()
    theirs: frozenset[bytes] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.lines or self.theirs)


NOTHING = Section()


def listed(common_dir: Path, worktree_id: str) -> tuple[str, ...]:
    """The lines of one worktree's section, in order. Raises StateError as `update_exclude` does."""
    return tuple(map(os.fsdecode, sorted(section_of(common_dir, worktree_id).lines)))


def section_of(common_dir: Path, worktree_id: str) -> Section:
    """What one worktree says there. Raises StateError as `update_exclude` does."""
    return _sections(common_dir).get(worktree_id.encode("ascii"), NOTHING)


def hidden_elsewhere(common_dir: Path, worktree_id: str) -> tuple[str, ...]:
    """What is not ours in one worktree, and is hidden there all the same, since something private of another one has
    the same name. Raises StateError as `update_exclude` does."""
    sections = _sections(common_dir)
    own = sections.pop(worktree_id.encode("ascii"), NOTHING)
    private = frozenset[bytes]().union(*(section.private for section in sections.values()))
    return tuple(map(os.fsdecode, sorted(own.theirs & private)))


def private_once(common_dir: Path, worktree_id: str, worktrees: Callable[[], Collection[str]]) -> frozenset[bytes]:
    """The private lines of this worktree, and of those that are not among `worktrees`, the ids of all that there are:
    it may have been one of these, before it was moved. Raises StateError as `update_exclude` does."""
    sections = {name.decode("ascii", "replace"): section.private for name, section in _sections(common_dir).items()}
    own = sections.pop(worktree_id, frozenset())
    gone = sections.keys() - worktrees() if any(sections.values()) else ()
    return own.union(*(sections[name] for name in gone))


def lists_anything(common_dir: Path, worktree_id: str, worktrees: Collection[str]) -> bool:
    """Are there lines of this worktree, or of one that is not among `worktrees`, the ids of those that the repository
    has: it may have been this one, before it was moved? Raises StateError as `update_exclude` does."""
    ids = {name.decode("ascii", "replace") for name, section in _sections(common_dir).items() if section.lines}
    return worktree_id in ids or not ids <= {*worktrees}


def _sections(common_dir: Path) -> dict[bytes, Section]:
    return sections_in(read_exclude(common_dir / "info" / "exclude"))


def sections_in(content: bytes | None) -> dict[bytes, Section]:
    """The sections that such a file has, by the ids of worktrees; None is one that is not there."""
    block = find_block(content or b"")
    return sections_of(block["body"]) if block else {}


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


def sections_of(body: bytes) -> dict[bytes, Section]:
    """By the ids of worktrees."""
    sections: dict[bytes, Section] = {}
    for text in re.split(rb"^" + SECTION, body, flags=re.MULTILINE)[1:]:
        name, *rest = (line.rstrip(b"\r") for line in text.split(b"\n"))
        theirs = frozenset(line.removeprefix(THEIRS) for line in rest if line.startswith(THEIRS))
        hiding = [line.removeprefix(YIELDS) for line in rest if line.strip() and not line.startswith(THEIRS)]
        begins = hiding.index(PRIVATE) if PRIVATE in hiding else len(hiding)
        private = frozenset(hiding[begins + 1 :])
        sections[name.strip()] = Section(frozenset(hiding[:begins]) | private, private, theirs)
    return sections


def to_the_point(sections: Mapping[bytes, Section]) -> dict[bytes, Section]:
    """Without what says nothing: theirs that no other worktree hides, and sections that are empty."""
    hiding = Counter(line for section in sections.values() for line in section.lines)
    found: dict[bytes, Section] = {}
    for name, section in sections.items():
        theirs = frozenset(line for line in section.theirs if hiding[line] > (line in section.lines))
        if kept := replace(section, theirs=theirs):
            found[name] = kept
    return found


def body_of(sections: Mapping[bytes, Section]) -> bytes:
    """The same as text."""
    theirs = Counter(line for section in sections.values() for line in section.theirs)
    written = [TEMPORARIES] if sections else []
    for name, section in sorted(sections.items()):
        yielding = frozenset(line for line in section.lines if theirs[line] > (line in section.theirs))
        written.append(SECTION + name)
        written += [YIELDS + line if line in yielding else line for line in sorted(section.lines - section.private)]
        written += [PRIVATE, *sorted(section.private)] if section.private else []
        written += [THEIRS + line for line in sorted(section.theirs)]
    return b"".join(line + b"\n" for line in written)


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
