"""A TOML document that is being edited: its lines in order and by name, so that an edit costs what it touches.

Where a table is made by one header, or a value by one statement, an edit is a matter of a few lines. What is not
(arrays of tables, a table that is made in several places) is left to who reads the whole text: `ScatteredError`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harnesssync_adapters.formats.text_edits import Replacement, indentation, replace_spans
from harnesssync_adapters.formats.toml_cuts import statement_cut, table_cuts
from harnesssync_adapters.formats.toml_lines import Block, Branch, Line, ScatteredError
from harnesssync_adapters.formats.toml_syntax import Node, Path, Statement, Table, scan
from harnesssync_adapters.formats.toml_text import toml_key, toml_path, toml_value
from harnesssync_orchestrator.core.desired import JsonValue

_NOTHING = Node(0, 0)


class Tree:
    """The lines of a document that is valid TOML."""

    def __init__(self, text: str) -> None:
        self._top = Branch()
        self._before = text  # all that stands before the first line
        self._first: Line | None = None
        self._last: Line | None = None
        self._newline: str | None = None
        position = 0
        for table in scan(text):
            block = Block(table.path, table.is_array)
            if table.line is not None:
                line = Line(text[table.line : table.end], "", table.path, block, is_header=True)
                line.comment = None if table.comment is None else table.comment - table.line
                block.header = line
                position = self._take_up(line, text, position, table.line, table.end)
            self._note_block(block)
            for one in table.statements:
                line = Line(text[one.line : one.end], "", one.path, block)
                line.comment = None if one.comment is None else one.comment - one.line
                block.last = line
                position = self._take_up(line, text, position, one.line, one.end)
                self._note(line)
        self._set_gap(self._last, text[position:])

    def _take_up(self, line: Line, text: str, position: int, start: int, end: int) -> int:
        self._set_gap(self._last, text[position:start])
        self._put_behind(self._last, line)
        return end

    @property
    def text(self) -> str:
        return "".join(self._pieces())

    @property
    def newline(self) -> str:
        """The line ending of the document: that of its first line."""
        if self._newline is None:
            self._newline, before = "\n", ""
            for piece in self._pieces():
                place = piece.find("\n")
                if place >= 0:
                    self._newline = "\r\n" if (before + piece[:place]).endswith("\r") else "\n"
                    break
                before = piece or before
        return self._newline

    def _pieces(self) -> Iterator[str]:
        yield self._before
        line = self._first
        while line is not None:
            yield line.text
            yield line.gap
            line = line.next

    # --- looking

    def branch(self, path: Path) -> Branch | None:
        """Raises ScatteredError where an array of tables is on the way."""
        found = self._top
        for key in path:
            inner = found.below.get(key)
            if inner is None:
                return None
            found = inner
            if any(block.is_array for block in found.blocks):
                raise ScatteredError
        return found

    def statement_at(self, path: Path) -> Line | None:
        """The statement whose value is what is at `path`, or holds it."""
        found = self._top
        for key in path:
            inner = found.below.get(key)
            if inner is None:
                return None
            if inner.statement is not None:
                return inner.statement
            found = inner
        return None

    # --- changing

    def rewrite(self, line: Line, replacements: list[Replacement]) -> None:
        """Change the text of a statement."""
        line.text = replace_spans(line.text, replacements)
        line.comment = line.statement.comment
        self._newline = None

    def insert(self, path: Path, value: JsonValue, parent: Path) -> None:
        """Write a value whose `parent` is the deepest table on the way that exists, in no statement of its own."""
        within = self.branch(parent)
        if within is not None and within.dotted:
            after = next(reversed(within.dotted))
            self._insert_line(after.block, after, path, value)
        elif isinstance(value, Mapping):
            self._insert_block(path, value)
        else:
            home = self.branch(path[:-1])
            blocks = [*home.blocks] if home is not None else []
            if not blocks:
                self._insert_block(path[:-1], {path[-1]: value})
            else:
                self._insert_line(blocks[0], blocks[0].last or blocks[0].header, path, value)

    def _insert_line(self, block: Block, after: Line | None, path: Path, value: JsonValue) -> None:
        newline, written = self.newline, f"{toml_path(path[len(block.path) :])} = {toml_value(value)}"
        if after is None:  # before everything else
            line = Line(written, newline + self._before, path, block)
            self._before = ""
        else:
            line = Line(indentation(after.text, 0) + written, after.gap, path, block)
            after.gap = newline
        self._put_behind(after, line)
        if after is None or after is block.last or after is block.header:
            block.last = line
        self._note(line)
        self._newline = None

    def _insert_block(self, path: Path, members: Mapping[str, JsonValue]) -> None:
        newline = self.newline
        texts = [f"{toml_key(key)} = {toml_value(value)}" for key, value in members.items()]
        before = self._last.text + self._last.gap if self._last is not None else self._before
        is_ended = before.endswith("\n")
        if before:
            gap = self._before if self._last is None else self._last.gap
            self._set_gap(self._last, gap + newline * (1 if is_ended else 2))
        block = Block(path)
        block.header = Line(f"[{toml_path(path)}]", newline, path, block, is_header=True)
        self._put_behind(self._last, block.header)
        self._note_block(block)
        for key, text in zip(members, texts, strict=True):
            block.last = Line(text, newline, (*path, key), block)
            self._put_behind(self._last, block.last)
            self._note(block.last)
        if before and not is_ended:
            self._set_gap(self._last, "")
        self._newline = None

    def remove(self, path: Path) -> list[Path]:
        """Take away the lines that make the value at `path`; gives that path, and those of the tables above that
        nothing makes any more."""
        found = self.branch(path)
        if found is None:
            return []
        if found.arrays:
            raise ScatteredError
        self._cut([*found.lines()])
        return self._prune(path)

    def _cut(self, lines: list[Line]) -> None:
        going, runs = set(lines), list[list[Line]]()
        for line in lines:
            if line.previous not in going:
                runs.append([line])
                while (following := runs[-1][-1].next) is not None and following in going:
                    runs[-1].append(following)
        for run in runs:
            self._cut_run(run, {line.block for line in run if line.is_header})

    def _cut_run(self, run: list[Line], blocks: set[Block]) -> None:
        """Cut lines that follow on each other. `blocks` are those that go with their headers."""
        before = run[0].previous
        text = self._before if before is None else "x" + before.gap  # x: there is something before it
        tables: dict[Block, Table] = {}
        cuts: list[Replacement] = []
        for line in run:
            start, end = len(text), len(text) + len(line.text)
            comment = None if line.comment is None else start + line.comment
            text += line.text + line.gap
            if line.is_header:
                tables[line.block] = Table(line.path, False, start, end, comment)
                continue
            statement = Statement(start, (), line.path, _NOTHING, end, comment)
            if line.block in blocks:
                tables[line.block].statements.append(statement)
            else:
                cuts.append(statement_cut(text, statement))
        ending = "" if run[-1].next is None else "x"
        for table in tables.values():
            cuts += table_cuts(text + ending, table)
        left = replace_spans(text, cuts)
        for line in run:
            self._take_out(line)
        self._set_gap(before, left if before is None else left[1:])
        self._newline = None

    # --- the order of lines

    def _set_gap(self, line: Line | None, gap: str) -> None:
        if line is None:
            self._before = gap
        else:
            line.gap = gap

    def _put_behind(self, before: Line | None, line: Line) -> None:
        following = self._first if before is None else before.next
        line.previous, line.next = before, following
        if before is None:
            self._first = line
        else:
            before.next = line
        if following is None:
            self._last = line
        else:
            following.previous = line

    def _take_out(self, line: Line) -> None:
        if line.previous is None:
            self._first = line.next
        else:
            line.previous.next = line.next
        if line.next is None:
            self._last = line.previous
        else:
            line.next.previous = line.previous
        if line is line.block.last:
            line.block.last = None if line.previous is None or line.previous.is_header else line.previous
        self._forget(line)

    # --- lines by name

    def _note_block(self, block: Block) -> None:
        on_the_way = [self._top]
        for key in block.path:
            if any(one.is_array for one in on_the_way[-1].blocks):
                block.is_hidden = True  # no pointer leads through an array
                return
            on_the_way.append(on_the_way[-1].below.setdefault(key, Branch()))
        on_the_way[-1].blocks[block] = None
        block.is_hidden = block.is_array
        for branch in on_the_way if block.is_array else ():
            branch.arrays += 1

    def _note(self, line: Line) -> None:
        if line.block.is_hidden:
            return
        branch = self._top
        for depth, key in enumerate(line.path, 1):
            branch = branch.below.setdefault(key, Branch())
            if len(line.block.path) < depth < len(line.path):
                branch.dotted[line] = None
        branch.statement = line

    def _forget(self, line: Line) -> None:
        branch = self._top
        for key in line.path:
            branch = branch.below[key]
            branch.dotted.pop(line, None)
        if line.is_header:
            branch.blocks.pop(line.block, None)
        else:
            branch.statement = None

    def _prune(self, path: Path) -> list[Path]:
        on_the_way = [self._top]
        for key in path:
            on_the_way.append(on_the_way[-1].below[key])
        gone: list[Path] = []
        for depth in range(len(path), 0, -1):
            if depth < len(path) and not on_the_way[depth].is_bare:
                break
            del on_the_way[depth - 1].below[path[depth - 1]]
            gone.append(path[:depth])
        return gone
