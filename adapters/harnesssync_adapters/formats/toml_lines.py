"""What a TOML document consists of while it is edited: its lines, the tables that they make, and where values are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from harnesssync_adapters.formats.toml_syntax import Path, Statement, scan


class ScatteredError(Exception):
    """An edit is about more than a few lines."""


@dataclass(slots=True, eq=False)
class Line:
    """A header or a statement, from where its first line begins to before the end of its last; and the `gap` behind it,
    as far as the next: line endings, empty lines, comments. `comment` is where one begins in it."""

    text: str
    gap: str
    path: Path
    block: Block
    is_header: bool = False
    comment: int | None = None
    previous: Line | None = None
    next: Line | None = None

    @property
    def statement(self) -> Statement:
        """The statement, with places in its own text."""
        found = scan(self.text)[0].statements[0]
        found.path = self.path
        return found


@dataclass(slots=True, eq=False)
class Block:
    """A table as one header makes it, or the lines before the first header (then `header` is None). `last` is its last
    statement. One that `is_hidden` is an element of an array, or inside of one."""

    path: Path
    is_array: bool = False
    is_hidden: bool = False
    header: Line | None = None
    last: Line | None = None


@dataclass(slots=True, eq=False)
class Branch:
    """What makes the value of one key, or leads to values below it. `dotted` are the statements, in order, whose dotted
    keys lead through it from a table further up. `arrays` counts the arrays of tables here and below."""

    below: dict[str, Branch] = field(default_factory=dict)
    blocks: dict[Block, None] = field(default_factory=dict)
    statement: Line | None = None
    dotted: dict[Line, None] = field(default_factory=dict)
    arrays: int = 0

    @property
    def is_bare(self) -> bool:
        return not (self.below or self.blocks or self.statement)

    @property
    def block(self) -> Block | None:
        """The one header that makes all of this table. Raises ScatteredError if more than that does."""
        simple = all(one.statement is not None and not one.below and not one.blocks for one in self.below.values())
        if len(self.blocks) != 1 or self.dotted or self.arrays or not simple:
            raise ScatteredError
        return next(iter(self.blocks))

    def lines(self) -> Iterator[Line]:
        """Every line of the value and of all below."""
        if self.statement is not None:
            yield self.statement
        for block in self.blocks:
            if block.header is not None:
                yield block.header
        for one in self.below.values():
            yield from one.lines()
