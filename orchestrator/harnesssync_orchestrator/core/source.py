"""Everything that Claude Code would read for a scope, and what of it could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harnesssync_orchestrator.core.items import KIND_OF, Item, Kind, LocalFile, Scope, Skill

FILE_UNREADABLE = "file_unreadable"
"""The code of a problem that may be gone the next time, without anybody's doing: a file could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something in the input that is wrong: what, where, and what to do about it. Other items go on.

    `code` is stable and machine-readable (`front_matter_invalid`); `file` is an absolute path; `line` and
    `column` count from 1. `hides` says that items may be missing because of it: while they are, no output is
    removed, since its item may only be unreadable for the moment.
    """

    code: str
    message: str
    file: str
    hint: str
    line: int | None = None
    column: int | None = None
    hides: bool = True

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return f"{place}: {self.message}. {self.hint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Everything that Claude Code would read for a scope, and what could not be read.

    `root` is the absolute path of the worktree or home. `present` is False when the root itself is gone.
    `digest` changes exactly when an item does (16 hex digits). `skill_names` are those by which skills are called:
    their own, and their folders', but for skills of plugins, which are called by `plugin:folder` alone. `files` are
    what a linked worktree is to begin with.
    """

    scope: Scope
    root: str
    items: tuple[Item, ...] = ()
    problems: tuple[Problem, ...] = ()
    present: bool = True
    digest: str = ""
    files: tuple[LocalFile, ...] = ()
    skill_names: frozenset[str] = field(init=False, repr=False, compare=False)
    _by_kind: Mapping[Kind, tuple[Item, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_kind: dict[Kind, list[Item]] = {kind: [] for kind in Kind}
        for item in self.items:
            by_kind[KIND_OF[type(item)]].append(item)
        skills = [item for item in self.items if isinstance(item, Skill)]
        names = {skill.name for skill in skills} | {skill.folder for skill in skills if skill.origin.plugin is None}
        object.__setattr__(self, "skill_names", frozenset(names))
        object.__setattr__(self, "_by_kind", {kind: tuple(items) for kind, items in by_kind.items()})

    def of(self, kind: Kind) -> tuple[Item, ...]:
        """The items of one kind, in the order in which they were read (outer layers first)."""
        return self._by_kind[kind]
