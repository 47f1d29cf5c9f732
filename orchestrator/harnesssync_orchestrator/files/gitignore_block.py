"""The block of ours in a project's `.gitignore`, as it is read: `files.gitignore` says what is in it.

A sync in which nothing has changed needs no more than this.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harnesssync_orchestrator.errors import StateError
from harnesssync_orchestrator.files.exclude_block import TEMPORARIES, read_plain

NAME = ".gitignore"
_BLOCK = re.compile(
    rb"^# >>> harnesssync \((?P<kind>added|created)\)[^\n]*\n(?P<body>.*?)^# <<< harnesssync\r?(?:\n|\Z)",
    re.DOTALL | re.MULTILINE,
)
_BEGINS = re.compile(rb"^# >>> harnesssync \(", re.MULTILINE)
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Gitignore:
    """The file as it was read once. `content` is None where there is none.

    Whatever is asked of the block raises StateError if that was damaged.
    """

    content: bytes | None = None

    @classmethod
    def read(cls, root: Path) -> Gitignore:
        """Raises StateError if it can't be read, or is a link."""
        return cls(read_plain(root / NAME))

    @cached_property
    def block(self) -> re.Match[bytes] | None:
        # git passes over a mark at the beginning, with which a line can't begin otherwise.
        begins, block = len(_BEGINS.findall(self._text)), _BLOCK.search(self._text)
        if begins > 1 or (begins == 1 and block is None):
            raise StateError(
                "the block of harnesssync was damaged: it has no end, or is there twice",
                code="exclude_damaged",
                path=NAME,
                hint=f"Remove the lines from '# >>> harnesssync' to '# <<< harnesssync' in {NAME}, then sync again",
            )
        return block

    @cached_property
    def lines(self) -> frozenset[bytes]:
        """The patterns by which it hides outputs."""
        if self.block is None:
            return frozenset()
        lines = (line.rstrip(b"\r") for line in self.block["body"].split(b"\n"))
        return frozenset(line for line in lines if line.startswith(b"/"))

    @property
    def is_made(self) -> bool:
        """Did the file come into being for the block?"""
        return self.block is not None and self.block["kind"] == b"created"

    @property
    def numbers(self) -> range:
        """The lines of the file in which the block stands, from 1."""
        if self.block is None:
            return range(0)
        first = self._text.count(b"\n", 0, self.block.start()) + 1
        return range(first, first + len(self.block[0].splitlines()))

    @property
    def mark(self) -> bytes:
        """The byte order mark at its beginning."""
        return _MARK if (self.content or b"").startswith(_MARK) else b""

    @property
    def _text(self) -> bytes:
        return (self.content or b"").removeprefix(_MARK)

    def saying(self, lines: Iterable[bytes]) -> bytes:
        """The file with these lines in the block, which ends its lines as the rest does."""
        kind = self.block["kind"] if self.block else b"created" if self.content is None else b"added"
        begin = b"# >>> harnesssync (%s): outputs of ours; do not edit this block" % kind
        end = b"\r\n" if b"\r\n" in self._text else b"\n"
        return self._around(b"".join(line + end for line in (begin, TEMPORARIES, *sorted(lines), b"# <<< harnesssync")))

    def without(self, former: bytes) -> bytes | None:
        """The file with what stood in the place of the block; None if it is there for the block alone."""
        assert self.block is not None  # noqa: S101 - what is not there needs not go
        content = self._around(former)
        return None if not content and self.block["kind"] == b"created" else content

    def _around(self, middle: bytes) -> bytes:
        start, end = self.block.span() if self.block else (0, 0)
        return self.mark + self._text[:start] + middle + self._text[end:]


def is_of_block(folder: Path, origin: bytes, number: bytes) -> bool:
    """Does a pattern stand in a block of ours, by the file and the line that git names? What can't be read may be."""
    file = folder / os.fsdecode(origin)
    if file.name != NAME:
        return False
    try:
        return int(number) in Gitignore(file.read_bytes()).numbers
    except (OSError, StateError, ValueError):
        return True
