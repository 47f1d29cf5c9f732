"""Check that every relative link in the Markdown files of this repository leads to a file, and to a heading in it.

Links with a scheme (https:, mailto:) are left alone: a check that needs the network fails for reasons of others.
Exit code 0 when every link leads somewhere, 1 with a line for each that does not.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

MARKDOWN = MarkdownIt("commonmark").enable("table")
EXPLICIT_ANCHOR = re.compile(r"""<[a-z]+\s[^>]*\b(?:id|name)=["']([^"']+)["']""")
FRONT_MATTER = re.compile(r"\A---\n.*?^---\n", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it is written, and the line (from 1) of the block that it stands in."""

    line: int
    target: str


def main(root: Path) -> int:
    """Print a line for each link below `root` that leads nowhere. Returns the exit code."""
    files = markdown_files(root)
    broken = [message for file in files for message in broken_links(file, root)]
    print("\n".join(broken) if broken else f"Every relative link in {len(files)} Markdown files leads somewhere.")
    return 1 if broken else 0


def markdown_files(root: Path) -> list[Path]:
    """The Markdown files that git knows or would add; those below tests/ are made for tests and may say anything."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.md", ":!tests"],
        cwd=root,
        capture_output=True,
        check=True,
        text=True,
    )
    return sorted(path for name in set(listed.stdout.split("\0")) - {""} if (path := root / name).is_file())


def broken_links(file: Path, root: Path) -> Iterator[str]:
    """One message for each relative link of a file that leads nowhere, with file and line."""
    for link in links(file):
        reason = why_broken(link.target, file, root)
        if reason:
            yield f"{file.relative_to(root)}:{link.line}: {link.target}: {reason}"


def why_broken(target: str, file: Path, root: Path) -> str:
    """Why a link leads nowhere; empty when it leads somewhere or is none of ours."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return ""
    if parts.path.startswith("/"):
        return "begins with a slash, so it works on one site alone"
    there = (file.parent / unquote(parts.path)).resolve() if parts.path else file
    if not there.is_relative_to(root):
        return "leads out of the repository"
    if not there.exists():
        return "no such file"
    if parts.fragment and there.suffix == ".md" and unquote(parts.fragment) not in anchors(there):
        return "no such heading"
    return ""


def links(file: Path) -> Iterator[Link]:
    """Every link and image of a Markdown file; what stands in code is none."""
    for token, line in inline_tokens(file):
        for child in token.children or ():
            target = child.attrGet("href") if child.type == "link_open" else child.attrGet("src")
            if isinstance(target, str):
                yield Link(line, target)


@cache
def anchors(file: Path) -> frozenset[str]:
    """What a fragment may name in a file: its headings, spelled as GitHub does, and explicit HTML anchors."""
    found: set[str] = set(EXPLICIT_ANCHOR.findall(file.read_text("utf-8")))
    seen: Counter[str] = Counter()
    tokens = MARKDOWN.parse(file.read_text("utf-8"))
    for opening, content in pairwise(tokens):
        if opening.type == "heading_open":
            slug = slug_of(content)
            found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    return frozenset(found)


def slug_of(heading: Token) -> str:
    """A heading's fragment on GitHub: lower case, punctuation gone, each space a hyphen."""
    text = "".join(child.content for child in heading.children or () if child.type in {"text", "code_inline"})
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def inline_tokens(file: Path) -> Iterator[tuple[Token, int]]:
    """The runs of text of a file, each with the line (from 1) that its block begins in."""
    text = file.read_text("utf-8")
    # Front matter is no Markdown: its values may look like links. Blank lines in its place keep the numbers right.
    text = FRONT_MATTER.sub(lambda match: "\n" * match[0].count("\n"), text)
    for token in MARKDOWN.parse(text):
        if token.type == "inline" and token.map:
            yield token, token.map[0] + 1


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent.parent))
