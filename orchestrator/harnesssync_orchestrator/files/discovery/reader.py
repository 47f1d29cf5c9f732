"""Looking at one layer's files: nothing outside of it is read, and whatever is wrong becomes a `Problem`."""

from __future__ import annotations

import os
import stat
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harnesssync_orchestrator.core.items import Absent, Layer, Origin
from harnesssync_orchestrator.core.markers import marker_name
from harnesssync_orchestrator.core.names import why_unsafe
from harnesssync_orchestrator.core.secrets import redact
from harnesssync_orchestrator.core.source import FILE_UNREADABLE, Problem
from harnesssync_orchestrator.files.discovery.documents import dangling, decode, read_json_safe, why_unreadable
from harnesssync_orchestrator.files.discovery.frontmatter import Flaw, FrontMatter, split_front_matter
from harnesssync_orchestrator.files.discovery.main_checkout import MainCheckout
from harnesssync_orchestrator.files.discovery.reach import Reach
from harnesssync_orchestrator.files.opened import is_within
from harnesssync_orchestrator.files.reading import MAX_TEXT_BYTES, Entry, Looked
from harnesssync_orchestrator.files.tree import TreeListing, list_tree

MAX_FOLDER_DEPTH = 16
"""Folders inside folders that are entered below `rules`, `agents` and `commands`."""


TRUST_IT = "run harnesssync ctl trust there if you want it to be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where a layer's files lie, and what `Origin` their items get.

    `boundary` is the real path of the folder that its files must not leave through a link: a cloned repository may
    hold a link to `~/.ssh`. None for what the user or an administrator wrote, who may link anything.
    `without` are paths that lie there and are not the layer's; `absent` are files that Claude Code does not find.
    In a linked worktree, `main` is its main checkout: what only leads there is that one's, and so inherited.
    """

    layer: Layer
    boundary: str | None
    private: bool = False
    plugin: str | None = None
    without: Container[str] = frozenset()
    absent: Mapping[str, Absent] = field(default_factory=dict)
    main: MainCheckout | None = None

    def origin(self, file: str, line: int | None = None) -> Origin:
        absent = self.absent.get(file)
        return Origin(layer=self.layer, file=file, line=line, plugin=self.plugin, private=self.private, absent=absent)


@dataclass(slots=True)
class Reader:
    """Reads for one discovery, and collects problems and the listings of skills by folder."""

    looked: Looked
    reach: Reach
    problems: list[Problem] = field(default_factory=list)
    trees: dict[str, TreeListing] = field(default_factory=dict)

    def report(
        self,
        code: str,
        message: str,
        file: str,
        hint: str,
        *,
        line: int | None = None,
        hides: bool = True,
    ) -> None:
        told = redact(message)
        self.problems.append(Problem(code=code, message=told, file=file, hint=hint, line=line, hides=hides))

    def report_flaw(self, flaw: Flaw | None, file: str, *, hides: bool) -> None:
        if flaw is not None:
            self.report(flaw.code, flaw.message, file, flaw.hint, line=flaw.line, hides=hides)

    def text(self, path: str, ground: Ground, *, below_checked: bool = False) -> str | None:
        """The text of a file; None if it is missing, or can't or must not be read.

        `below_checked` says that its folder is known to lie within the boundary: then only a link is followed up.
        """
        try:
            if not self._may_read(path, ground, below_checked=below_checked):
                return None
            content = self.looked.read(path, MAX_TEXT_BYTES, within=self.within(ground))
        except OSError as error:
            self._report_error(error, path)
            return None
        text, problem = decode(content, path)
        if problem is not None:
            self.problems.append(problem)
        return text

    def front_matter(self, path: str, ground: Ground, *, below_checked: bool = False) -> FrontMatter | None:
        """A file taken apart; None as in `text`. Its flaw has not been reported yet."""
        text = self.text(path, ground, below_checked=below_checked)
        return None if text is None else split_front_matter(text)

    def table(self, path: str, ground: Ground, *, limit: int = MAX_TEXT_BYTES) -> dict[str, Any] | None:
        """The JSON object in a file; None if it is missing, or unusable."""
        try:
            if not self._may_read(path, ground, below_checked=False):
                return None
        except OSError as error:
            self._report_error(error, path)
            return None
        value, problems = read_json_safe(path, self.looked, default=..., limit=limit, within=self.within(ground))
        self.problems.extend(problems)
        if value is ...:  # None is what a file says that has `null` in it
            return None
        if not isinstance(value, dict):
            self.report("json_invalid", "a JSON object was expected", path, "Put the settings in `{…}`.")
            return None
        return value

    def entries(self, folder: str, ground: Ground, *, below_checked: bool = False) -> tuple[Entry, ...]:
        """What is in a folder, sorted by name; nothing if it is missing, or can't or must not be read."""
        try:
            if self.is_lent(folder, ground) or not self._may_read(folder, ground, below_checked=below_checked):
                return ()
            entries = self.looked.scan(folder, within=self.within(ground))
            names = {entry.name for entry in entries} if ground.main is not None else frozenset[str]()
            return tuple(entry for entry in entries if self._is_of(ground, entry, names))
        except NotADirectoryError:
            self.report(
                "not_a_folder", "a file stands where Claude Code reads a folder", folder, "Remove or rename it."
            )
        except OSError as error:
            self._report_error(error, folder)
        return ()

    def _is_of(self, ground: Ground, entry: Entry, among: Container[str]) -> bool:
        if entry.path in ground.without:
            return False
        may_be_lent = ground.main is not None and (entry.kind == "link" or marker_name(entry.name) in among)
        return not (may_be_lent and self.is_lent(entry.path, ground))

    def is_lent(self, path: str, ground: Ground) -> bool:
        """Does a path of the worktree only lead to what its main checkout has there? Then that is inherited."""
        return ground.main is not None and ground.main.lends(path, self.looked)

    def standing(self, path: str, main: MainCheckout) -> Literal["nothing", "lent", "taken"]:
        """What stands at a path in a worktree. Where that can't be known it is taken, and the error reported."""
        try:
            if self.looked.lstat(path) is None:
                return "nothing"
            return "lent" if main.lends(path, self.looked) else "taken"
        except OSError as error:
            self._report_error(error, path)
            return "taken"

    def kind_of(self, entry: Entry, ground: Ground, *, is_told: bool = True) -> str:
        """`file`, `dir` or `special`, for a link of what it leads to; empty if it leads too far, or nowhere, which may
        be told."""
        if entry.kind != "link":
            return entry.kind
        try:
            if not self._may_read(entry.path, ground, below_checked=True):
                return ""
            _, status = self.looked.follow(entry.path)
        except OSError as error:
            self._report_error(error, entry.path)
            return ""
        if status is None:
            # By one that begins with a dot an editor marks what it has open.
            if is_told and ground.plugin is None and not entry.name.startswith("."):
                self.problems.append(dangling(entry.path))
            return ""
        return "dir" if stat.S_ISDIR(status.st_mode) else "file" if stat.S_ISREG(status.st_mode) else "special"

    def markdown_files(
        self, folder: str, ground: Ground, *, whole: str | None = None
    ) -> Iterator[tuple[tuple[str, ...], str]]:
        """Each `*.md` below a folder: the names below it, one by one, and the path; files before inner folders.

        A folder that holds a file `whole` counts as that one file.
        """
        visited: set[str] = set()
        waiting: list[tuple[tuple[str, ...], str]] = [((), folder)]
        while waiting:
            parts, current = waiting.pop()
            if ground.boundary is not None or parts:
                real = self.looked.real(current)
                if real in visited:
                    continue  # a link in a circle, or a second way to the same folder
                visited.add(real)
            entries = self.entries(current, ground, below_checked=bool(parts))
            if whole is not None and parts:
                single = next((entry for entry in entries if entry.name == whole), None)
                if single is not None:
                    yield (*parts, single.name), single.path
                    continue
            folders: list[tuple[tuple[str, ...], str]] = []
            for entry in entries:
                kind = self.kind_of(entry, ground, is_told=entry.name.endswith(".md"))
                if kind == "dir" and len(parts) < MAX_FOLDER_DEPTH:
                    folders.append(((*parts, entry.name), entry.path))
                elif entry.name.endswith(".md") and kind:
                    yield (*parts, entry.name), entry.path
            waiting.extend(reversed(folders))

    def safe(self, name: str, what: str, file: str) -> bool:
        """May `name` become part of a path? If not, that is reported."""
        reason = why_unsafe(name)
        if reason is None:
            return True
        self.report(
            "name_unsafe",
            f"the name {shown(name)} of this {what} can't be used as a file name: {reason}",
            file,
            "Rename it; letters, digits, `-` and `_` work everywhere.",
            hides=False,
        )
        return False

    def tree(self, folder: str, ground: Ground) -> bool:
        """List a skill's folder for hashing; False if that is impossible."""
        if folder in self.trees:
            return True
        try:
            listing = list_tree(folder, self.looked, within=self.within(ground))
        except OSError as error:
            self._report_error(error, folder)
            return False
        self.trees[folder] = listing
        self.problems.extend(listing.problems)
        return True

    def _may_read(self, path: str, ground: Ground, *, below_checked: bool) -> bool:
        """Is `path` the layer's, and does it stay within its boundary? If that is left, it is reported."""
        if path in ground.without:
            return False
        if ground.boundary is None:
            return True
        status = self.looked.lstat(path)
        if status is None or (below_checked and not stat.S_ISLNK(status.st_mode)):
            return True
        real = self.looked.real(path)
        if is_within(real, ground.boundary) or self.reach.is_allowed(path, real, ground.boundary):
            return True
        if os.path.lexists(real):
            message = "a link leads out of the project, so what it leads to is not read"
            remedy = f"Copy what it leads to into the project, or move it to your user configuration, or {TRUST_IT}."
        else:
            message = "a link leads out of the project, and nothing is there"
            remedy = "Remove the link, or let it lead to something in the project."
        self.report(
            "outside_project",
            message,
            path,
            remedy,
            hides=self.reach.is_doubted(path, real, ground.boundary),
        )
        return False

    def within(self, ground: Ground) -> tuple[str, ...]:
        """The real paths in which everything of a layer has to lie; none if it may lie anywhere."""
        return () if ground.boundary is None else (ground.boundary, *self.reach.reached)

    def _report_error(self, error: OSError, path: str) -> None:
        problem = why_unreadable(error, path)
        # Wherever the error came from: it may be gone the next time, and then nothing looks different.
        self.looked.uncertain |= problem is not None and problem.code == FILE_UNREADABLE
        if problem is not None:
            self.problems.append(problem)


def shown(text: object) -> str:
    """Text of somebody else for a message: a literal, so that control characters don't act, and not too long."""
    text = str(text)[:100]
    literal = repr(text) if text.isprintable() else ascii(text)
    return literal if len(literal) <= 80 else literal[:79] + "…"
