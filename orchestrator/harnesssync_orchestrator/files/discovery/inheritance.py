"""What a linked worktree inherits of its main checkout: what a person keeps there out of git.

Observed with Claude Code 2.1.330: in a linked worktree it reads the main checkout's `settings.local.json` as well, and
its skills, agents and commands where the worktree has no folder for them; nothing else. What git tracks there is for
the branch to say, and what stands in the worktree wins: item by item, as far as Claude Code looks for items.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from harnesssync_orchestrator.core.desired import short_hash
from harnesssync_orchestrator.core.items import Absent, Layer
from harnesssync_orchestrator.files import git
from harnesssync_orchestrator.files.discovery.main_checkout import MainCheckout
from harnesssync_orchestrator.files.discovery.reader import MAX_FOLDER_DEPTH, Ground, Reader
from harnesssync_orchestrator.files.discovery.skills import SKILL_FILE
from harnesssync_orchestrator.files.reading import Entry
from harnesssync_orchestrator.files.tracked import ask_tracked

FALLEN_BACK_ON = ("skills", "agents", "commands")
"""The folders that Claude Code itself reads in the main checkout where the worktree has none."""

RULES = ".claude/rules/"
"""Where a link that leads out of the worktree is one that a person has to allow, and by default does not: until then
Claude Code passes over it. Links of other kinds it follows."""

LOCAL_RULES = "CLAUDE.local.md"
SERVERS = ".mcp.json"

HIDING = ".claude/.gitignore"
"""What hides links in `.claude` from git. A line in `info/exclude` would also hide what they lead to, in the main
checkout: a person may be about to commit that, and git would replace it without a word. Local rules nobody commits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inheritance:
    """`whole` is the ground of what Claude Code reads in the main checkout by itself, `parts` that of single items:
    what it would miss, and what a person has linked. `paths` are theirs, below either root. `own` are the folders that
    are the worktree's own, of those that matter."""

    main: MainCheckout
    whole: Ground
    parts: Ground
    paths: frozenset[str]
    own: frozenset[str]

    def has(self, path: str) -> bool:
        """Is anything inherited whose path begins so?"""
        return any(each.startswith(path) for each in self.paths)


@dataclass(slots=True)
class _Search:
    """Goes through the main checkout. `missed` are items of which the worktree has no version, by their paths below
    either root: the files that say what they are. `linked` are those that a person has linked there, `left` the paths
    in the main checkout that are not inherited. `made` are the paths of links that we made."""

    main: MainCheckout
    ground: Ground
    reader: Reader
    made: Container[str]
    missed: dict[str, str] = field(default_factory=dict)
    linked: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)

    def skills(self, *, wanted: bool) -> None:
        for entry in self.reader.entries(f"{self.main.path}/.claude/skills", self.ground):
            if entry.kind in ("dir", "link"):
                self._weigh(entry, f"{entry.path}/{SKILL_FILE}", wanted=wanted)

    def files(self, kind: str, *, wanted: bool) -> None:
        """Markdown files one by one. What lies behind a link to a folder, and commands that are folders, stay behind:
        they have no place of their own in the worktree."""
        waiting = [(f"{self.main.path}/.claude/{kind}", 0)]
        while waiting:
            folder, depth = waiting.pop()
            entries = self.reader.entries(folder, self.ground)
            if depth and kind == "commands" and any(entry.name == SKILL_FILE for entry in entries):
                self.left.add(folder)
                continue
            for entry in entries:
                if entry.kind == "dir":
                    if depth < MAX_FOLDER_DEPTH:
                        waiting.append((entry.path, depth + 1))
                elif entry.name.endswith(".md"):
                    self._weigh(entry, entry.path, wanted=wanted)
                elif entry.kind == "link":
                    self.left.add(entry.path)

    def single(self, name: str, *, wanted: bool) -> None:
        path = f"{self.main.path}/{name}"
        if self.reader.looked.lstat(path) is not None:
            self._weigh(Entry(name, path, "file"), path, wanted=wanted)

    def _weigh(self, entry: Entry, file: str, *, wanted: bool) -> None:
        path = entry.path[len(self.main.path) + 1 :].replace(os.sep, "/")
        here = self.reader.standing(f"{self.main.worktree}/{path}", self.main)
        if here == "lent" and path not in self.made:
            self.linked.add(path)
        elif here != "taken" and wanted:
            self.missed[path] = file
        else:
            self.left.add(entry.path)

    def absent(self) -> dict[str, Absent]:
        """Of what is missed, by its files, that which git does not track in the main checkout. Nothing if git can't
        say: then nothing is taken away either."""
        top = Path(self.main.path)
        folder = git.git_dir(top)
        if not self.missed or folder is None or git.is_bare(folder):
            return {}
        self.reader.looked.lstat(f"{folder}/index")
        paths = sorted(self.missed)
        tracked, problems = ask_tracked(top, paths, top=top, index=folder / "index", asker=self.main.worktree)
        self.reader.problems.extend(replace(problem, hides=True) for problem in problems)
        if problems:
            return {}
        return {self.missed[path]: self._absent(path) for path in paths if path not in tracked}

    def _absent(self, path: str) -> Absent:
        file, digest = self.missed[path], ""
        if file.endswith(path):
            with suppress(OSError):  # told when it is read for what it says
                digest = short_hash(self.reader.looked.read(file, within=self.reader.within(self.ground)))
        hidden_by = None if path == LOCAL_RULES else HIDING if self._hides and path.startswith(".claude/") else ""
        source, copied = f"{self.main.path}/{path}", path.startswith(RULES)
        if copied:  # which is made of no link
            source = self.reader.looked.real(source)
        return Absent(path=path, source=source, digest=digest, hidden_by=hidden_by, copied=copied)

    @property
    def _hides(self) -> bool:
        """May the file that hides be ours? A branch, or a person, may have one there."""
        here = self.reader.standing(f"{self.main.worktree}/{HIDING}", self.main)
        return here == "nothing" or HIDING in self.made


def find_inheritance(
    main: MainCheckout, inherits: Container[str], reader: Reader, made: Container[str] = frozenset()
) -> Inheritance:
    """What the worktree inherits of its main checkout, of the kinds in `inherits`, and by links of a person's. `made`
    are the paths, below the worktree, of links that we made."""
    whole = Ground(layer=Layer.INHERITED, boundary=os.path.realpath(main.path), private=True)
    own = frozenset(_own_folders(main, reader))
    search = _Search(main, whole, reader, made)
    for kind in sorted(own | {"rules"}):
        if main.lends(f"{main.worktree}/.claude/{kind}", reader.looked):
            continue
        if kind == "skills":
            search.skills(wanted=kind in inherits)
        else:
            search.files(kind, wanted=kind in inherits)
    search.single(LOCAL_RULES, wanted="rules" in inherits)
    search.single(SERVERS, wanted="mcp" in inherits)
    absent = search.absent()
    left = search.left | {f"{main.path}/{path}" for path, file in search.missed.items() if file not in absent}
    return Inheritance(
        main=main,
        whole=whole,
        parts=replace(whole, without=left, absent=absent),
        paths=frozenset(search.linked).union(each.path for each in absent.values()),
        own=own,
    )


def _own_folders(main: MainCheckout, reader: Reader) -> Iterator[str]:
    for kind in FALLEN_BACK_ON:
        folder = f"{main.worktree}/.claude/{kind}"
        reader.looked.lstat(folder)
        if os.path.isdir(folder) and not main.lends(folder, reader.looked):  # noqa: PTH112 - a link will do
            yield kind
