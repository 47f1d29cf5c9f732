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
from harnesssync_orchestrator.files.discovery.reader import Ground, Reader, is_within

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


@dataclass(slots=True)
class Expansion:
    """What became of a text: `text` with its imports in it, and the absolute paths of the files that it took in."""

    text: str
    files: list[str] = field(default_factory=list)


def expand_imports(text: str, file: str, ground: Ground, reader: Reader, home: Path) -> Expansion:
    """Put what `text`, the content of `file`, imports into it."""
    seen = {os.path.realpath(file)}
    expansion = Expansion("")
    expansion.text = _expand(text, file, 0, seen, expansion.files, ground, reader, home)
    return expansion


def _expand(
    text: str,
    file: str,
    depth: int,
    seen: set[str],
    files: list[str],
    ground: Ground,
    reader: Reader,
    home: Path,
) -> str:
    if depth >= MAX_IMPORT_DEPTH:
        return text
    parts: list[str] = []
    appended: list[str] = []
    position = 0
    for mention in find_mentions(text):
        target = _find(mention, file, ground, reader, home)
        if target is None:
            continue
        path, written, end = target
        real = os.path.realpath(path)
        content: str | None = None
        if real not in seen:
            front_matter = reader.front_matter(path, ground)
            if front_matter is None:
                continue
            seen.add(real)
            files.append(path)
            content = _expand(front_matter.body, path, depth + 1, seen, files, ground, reader, home)
        parts.append(text[position : mention.start])
        position = end
        if mention.alone and content is not None:
            parts.append(content.rstrip("\n"))
            continue
        parts.append(f"`{written}`")
        if content is not None:
            appended.append(f"\n\nContents of `{written}`:\n\n{content.strip(chr(10))}\n")
    parts.append(text[position:])
    expanded = "".join(parts)
    return expanded.rstrip("\n") + "".join(appended) if appended else expanded


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
    except (OSError, ValueError):
        return False


def _resolve(written: str, file: str, home: Path) -> str | None:
    suffix = PurePath(written).suffix.lower()
    if suffix and suffix not in _TEXT_SUFFIXES:
        return None
    base = home / written[2:] if written.startswith("~/") else Path(file).parent / written
    return os.path.normpath(base)


def _may_import(path: str, mention: Mention, file: str, ground: Ground, reader: Reader) -> bool:
    if ground.boundary is None or is_within(os.path.realpath(path), ground.boundary):
        return True
    reader.report(
        "import_outside_project",
        f"the import @{mention.path} leads out of the project, so it is left as it is written",
        file,
        "Copy that file into the project, or import it in ~/.claude/CLAUDE.md.",
        hides=False,
    )
    return False
