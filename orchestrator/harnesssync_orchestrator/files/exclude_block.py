"""The block of ours in a repository's `info/exclude`, as it is read: `files.exclude` says what is in it.

A sync in which nothing has changed needs no more than this.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harnesssync_orchestrator.errors import StateError
from harnesssync_orchestrator.files.reading import Looked

TEMPORARIES = b".harnesssync-*.tmp"
"""What outputs are called until they are whole, and while they go: left there by a kill, it may be private."""
ATTEMPTS = 5
"""Somebody who saves the file at the same moment is awaited so often."""
SECTION = b"# worktree "
YIELDS = b"# shown here too, since another worktree has something else there: "
PRIVATE = b"# private:"
THEIRS = b"# not ours, and shown in every worktree: "
_BLOCK = re.compile(
    rb"(?P<end>^|\n)# >>> harnesssync \((?P<kind>appended|joined|created)\)[^\n]*\n"
    rb"(?P<body>.*?)^# <<< harnesssync\r?(?:\n|\Z)",
    re.DOTALL | re.MULTILINE,
)
_REMOVE_IT = "Remove the lines from '# >>> harnesssync' to '# <<< harnesssync' in info/exclude, then sync again"
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

    @property
    def listed(self) -> tuple[str, ...]:
        """Its lines as text, in order."""
        return _listed(self.lines)

    @property
    def listed_private(self) -> tuple[str, ...]:
        """The private ones of them."""
        return _listed(self.private)


NOTHING = Section()


@dataclass(frozen=True)
class Exclude:
    """`info/exclude` as it was read once, from where one worktree stands. `content` is None where there is no file.

    Whatever is asked of the block raises StateError if that was damaged.
    """

    worktree_id: str
    content: bytes | None = None

    @classmethod
    def read(cls, common_dir: Path, worktree_id: str) -> Exclude:
        """Raises StateError as `update_exclude` does."""
        return cls(worktree_id, read_plain(common_dir / "info" / "exclude"))

    @cached_property
    def block(self) -> re.Match[bytes] | None:
        text = self.content or b""
        begins = len(_BEGINS.findall(text))
        block = _BLOCK.search(text)
        if begins > 1 or (begins == 1 and block is None):
            raise StateError(
                "the block of harnesssync was damaged: it has no end, or is there twice",
                code="exclude_damaged",
                hint=_REMOVE_IT,
            )
        return block

    @cached_property
    def sections(self) -> Mapping[bytes, Section]:
        """What all worktrees say there, by their ids."""
        return _sections_of(self.block["body"]) if self.block else {}

    @property
    def own(self) -> Section:
        """What this worktree says there."""
        return self.of(self.worktree_id)

    def of(self, worktree_id: str) -> Section:
        return self.sections.get(worktree_id.encode("ascii"), NOTHING)

    @property
    def covering(self) -> frozenset[bytes]:
        """The lines by which other worktrees hide what this one neither hides nor has noted as not ours."""
        return self.elsewhere - self.own.lines - self.own.theirs

    def covered(self, root: str) -> tuple[str, ...]:
        """Those of them in whose place something stands here, tracked or not."""
        lines = self.covering
        return _listed(line for line in lines if os.path.lexists(f"{root}/{path_of(os.fsdecode(line))}"))

    @property
    def elsewhere(self) -> frozenset[bytes]:
        """What other worktrees hide."""
        return frozenset[bytes]().union(*(section.lines for section in self._others.values()))

    @property
    def shown_for(self) -> dict[str, tuple[str, ...]]:
        """What this worktree would hide, and git shows all the same, by the ids of those that have something else
        there."""
        hiding = self.own.lines - self.own.private
        found = {name: hiding & section.theirs for name, section in self._others.items()}
        return {name: _listed(lines) for name, lines in found.items() if lines}

    @property
    def hidden_elsewhere(self) -> tuple[str, ...]:
        """What is not ours in this worktree, and is hidden here all the same, since something private of another one
        has the same name."""
        return _listed(self.own.theirs & self.private_elsewhere)

    @property
    def private_elsewhere(self) -> frozenset[bytes]:
        """What other worktrees hide whatever anybody has there."""
        return frozenset[bytes]().union(*(section.private for section in self._others.values()))

    def private_once(self, worktrees: Callable[[], Collection[str]]) -> frozenset[bytes]:
        """The private lines of this worktree, and of those that are not among `worktrees`, the ids of all that there
        are: it may have been one of these, before it was moved."""
        others = {name: each.private for name, each in self._others.items() if each.private}
        gone = others.keys() - worktrees() if others else ()
        return self.own.private.union(*(others[name] for name in gone))

    def lists_anything(self, worktrees: Collection[str]) -> bool:
        """Are there lines of this worktree, or of one that is not among `worktrees`, the ids of those that the
        repository has: it may have been this one, before it was moved?"""
        others = {name for name, section in self._others.items() if section.lines}
        return bool(self.own.lines) or not others <= {*worktrees}

    @cached_property
    def _others(self) -> dict[str, Section]:
        sections = {name.decode("ascii", "replace"): section for name, section in self.sections.items()}
        return {name: section for name, section in sections.items() if name != self.worktree_id}


def _sections_of(body: bytes) -> dict[bytes, Section]:
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
    """Without what says nothing: what is theirs where nobody hides anything, and sections that are empty."""
    if not any(section.lines for section in sections.values()):
        return {}
    return {name: section for name, section in sections.items() if section}


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


def path_of(line: str) -> str:
    """The path that a line hides, but for what can't be written in one."""
    return _ESCAPED.sub(r"\1", line.removeprefix("/"))


_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def read_plain(file: Path) -> bytes | None:
    """The content of a file, None where there is none. Raises StateError if it is a link or can't be read."""
    try:
        if file.is_symlink():
            raise unusable(file, "it is a link, and what it leads to may be shared with other repositories")
        return Looked().read(os.fspath(file))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unusable(file, f"it can't be read: {error.strerror or error}") from error


def _listed(lines: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(map(os.fsdecode, sorted(lines)))


def unusable(file: Path, reason: str) -> StateError:
    return StateError(
        f"outputs can't be kept out of git status: {reason}",
        code="exclude_unusable",
        path=str(file),
        hint="Make it a plain file that you may write, or turn this off in config.toml",
    )
