"""`@path` imports of instructions, followed as Claude Code follows them.

Observed with Claude Code 2.1.330: a path is relative to the folder of the file that holds it; `~/` is the home
directory; a file is read once, at most four imports deep, and only if it is text by its extension; what is missing
stays as it is written. Imports of a project that leave it wait for the user's consent.

Claude Code leaves the mention in its sentence and appends the file. Here a mention that stands alone on its line is
replaced by the content; one inside a sentence becomes the path in backticks, and the content follows at the end, so
that no harness which knows imports of its own reads the file twice.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from harnesssync_orchestrator.files.discovery.mentions import Mention, find_mentions
from harnesssync_orchestrator.files.discovery.reader import TRUST_IT, Ground, Reader, shown
from harnesssync_orchestrator.files.opened import is_within
from harnesssync_orchestrator.files.reading import MAX_TEXT_BYTES

MAX_IMPORT_DEPTH = 4
"""An import of an import of an import of an import is the last that is read."""

_TEXT_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (  # noqa: SIM905 - a list of seventy lines reads worse
        "md txt text json yaml yml toml xml csv html htm css scss sass less js ts tsx jsx mjs cjs mts cts py pyi pyw "
        "rb erb rake go rs java kt kts scala c cpp cc cxx h hpp hxx cs swift sh bash zsh fish ps1 bat cmd env ini cfg "
        "conf config properties sql graphql gql proto vue svelte astro ejs hbs pug jade php pl pm lua r dart ex exs "
        "erl hrl clj cljs cljc edn hs lhs elm ml mli f f90 f95 for cmake make makefile gradle sbt rst adoc asciidoc "
        "org tex latex lock log diff patch"
    ).split()
)
"""Extensions that Claude Code imports; a file without one counts as text too."""

_CLOSERS = "*_]`<"
"""What closes emphasis or a link right behind a mention, and belongs to the path only if there is such a file."""


MAX_MENTIONS = 1000
"""Mentions in one file that are followed at most; the others stay as they are written."""

MAX_IMPORTED = MAX_TEXT_BYTES
"""Characters that one text takes in at most, over all its imports."""


@dataclass(slots=True)
class Expansion:
    """What became of a text: `text` with its imports in it, and the absolute paths of the files that it took in, and of
    those that can't be read."""

    text: str
    files: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def expand_imports(text: str, file: str, ground: Ground, reader: Reader, home: Path) -> Expansion:
    """Put what `text`, the content of `file`, imports into it."""
    work = _Work(ground=ground, reader=reader, home=home, seen={reader.looked.real(file)})
    return Expansion(work.expand(text, file, 0), work.files, work.unread)


@dataclass(slots=True, kw_only=True)
class _Work:
    """One expansion in the making. `seen` holds the real paths of what is in it already, `room` what still fits."""

    ground: Ground
    reader: Reader
    home: Path
    seen: set[str]
    files: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    room: int = MAX_IMPORTED

    def expand(self, text: str, file: str, depth: int) -> str:
        if depth >= MAX_IMPORT_DEPTH:
            return text
        parts: list[str] = []
        appended: list[str] = []
        position = 0
        for mention in find_mentions(text, MAX_MENTIONS):
            target = _find(mention, file, self.ground, self.reader, self.home)
            if target is None:
                continue
            path, written, end = target
            content: str | None = None
            if self.reader.looked.real(path) not in self.seen:
                content = self._take_in(path, file, depth)
                if content is None:
                    continue
            parts.append(text[position : mention.start])
            position = end
            if mention.alone and content is not None:
                parts.append(content.strip("\n"))
                continue
            parts.append(f"`{written}`")
            if content is not None:
                shown = content.strip("\n")
                appended.append(f"\n\nContents of `{written}`:\n\n{shown}\n")
        parts.append(text[position:])
        expanded = "".join(parts)
        return expanded.rstrip("\n") + "".join(appended) if appended else expanded

    def _take_in(self, path: str, file: str, depth: int) -> str | None:
        """The expanded content of an import; None if it can't be read, or would be too much."""
        front_matter = self.reader.front_matter(path, self.ground)
        if front_matter is None:
            self.unread.append(path)
            return None
        if len(front_matter.body) > self.room:
            message = f"the imports are longer than {MAX_IMPORTED} characters together; {shown(path)} is left out"
            self.reader.report("import_too_large", message, file, "Import less.", hides=False)
            return None
        self.room -= len(front_matter.body)
        self.seen.add(self.reader.looked.real(path))
        self.files.append(path)
        return self.expand(front_matter.body, path, depth + 1)


def _find(mention: Mention, file: str, ground: Ground, reader: Reader, home: Path) -> tuple[str, str, int] | None:
    """The file that a mention names, how it is written, and where that ends; None if there is none to import."""
    written = mention.path
    trimmed = 0
    while written:
        path = _resolve(written, file, home)
        if path is not None and _is_file(path, ground, reader):
            allowed = _may_import(path, mention, file, ground, reader)
            return (path, written, mention.end - trimmed) if allowed else None
        cut = max(written.rfind(closer) for closer in _CLOSERS)
        if cut < 0:
            return None
        trimmed += len(written) - cut
        written = written[:cut]
    return None


def _is_file(path: str, ground: Ground, reader: Reader) -> bool:
    """A missing file within the boundary is remembered, so that it is noticed when it comes."""
    try:
        if ground.boundary is None or is_within(path, ground.boundary):
            reader.looked.lstat(path)
        return Path(path).is_file()
    except ValueError:
        return False
    except OSError:  # who may not look outside of the project knows of no file there; inside, reading it says why
        return ground.boundary is None or is_within(path, ground.boundary)


def _resolve(written: str, file: str, home: Path) -> str | None:
    suffix = PurePath(written).suffix.lower()
    if suffix and suffix not in _TEXT_SUFFIXES:
        return None
    base = home / written[2:] if written.startswith("~/") else Path(file).parent / written
    return os.path.normpath(base)


def _may_import(path: str, mention: Mention, file: str, ground: Ground, reader: Reader) -> bool:
    real = reader.looked.real(path)
    if ground.boundary is None or is_within(real, ground.boundary):
        return True
    if reader.reach.is_allowed(path, real, ground.boundary):
        return True
    reader.report(
        "import_outside_project",
        f"the import {shown('@' + mention.path)} leads out of the project, so it is left as it is written",
        file,
        f"Copy that file into the project, or import it in ~/.claude/CLAUDE.md, or {TRUST_IT}.",
        hides=reader.reach.is_doubted(path, real, ground.boundary),
    )
    return False
