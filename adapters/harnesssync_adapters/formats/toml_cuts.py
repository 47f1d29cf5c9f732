"""What is cut out of a TOML text and what is put into it, place by place: of a document, or of some lines of one."""

from __future__ import annotations

from collections.abc import Iterator

from harnesssync_adapters.formats.text_edits import Replacement, indentation
from harnesssync_adapters.formats.toml_syntax import Entry, Node, Path, Statement, Table, under


def appended(text: str, node: Node, member: str, newline: str) -> Replacement:
    """A member more in an inline table or array."""
    if not node.entries:
        return Replacement(node.end - 1, node.end - 1, member)
    last = node.entries[-1]
    own_line = not node.is_table and text.rfind("\n", node.start, last.start) >= 0
    separator = newline + indentation(text, last.start) if own_line else " "
    if last.comma is None:
        return Replacement(last.node.end, last.node.end, f",{separator}{member}")
    return Replacement(last.comma + 1, last.comma + 1, f"{separator}{member},")


def inside(statement: Statement, pointer: Path) -> Node | None:
    """The value at `pointer` in that of a statement whose path leads there; None if there is none."""
    node, rest = statement.node, pointer[len(statement.path) :]
    while rest and node.is_table:
        entry = next((one for one in node.entries or () if under(rest, one.key)), None)
        if entry is None:
            return None
        node, rest = entry.node, rest[len(entry.key) :]
    return None if rest else node


def inline_cuts(text: str, node: Node, rest: Path) -> Iterator[Replacement]:
    """What a key is in an inline table, or in those inside of it."""
    for entry in node.entries or ():
        if under(entry.key, rest):
            yield entry_cut(text, node, entry)
        elif under(rest, entry.key) and entry.node.is_table:
            yield from inline_cuts(text, entry.node, rest[len(entry.key) :])


def entry_cut(text: str, node: Node, entry: Entry) -> Replacement:
    """A member of an inline table or array, with one comma and the space on that side."""
    entries = node.entries or []
    index = next(i for i, one in enumerate(entries) if one is entry)
    end = entry.node.end if entry.comma is None else entry.comma + 1
    if index + 1 < len(entries):
        following = entries[index + 1].start
        return Replacement(entry.start, end if "#" in text[end:following] else following)
    if index == 0:
        return Replacement(entry.start, end)
    previous = entries[index - 1]
    start = previous.node.end if entry.comma is None or previous.comma is None else previous.comma + 1
    return Replacement(entry.start if "#" in text[start : entry.start] else start, end)


def statement_cut(text: str, statement: Statement) -> Replacement:
    """A line with the line ending before it (after it, for the first line), but for a comment on it."""
    if statement.comment is not None:
        return Replacement(statement.line, statement.comment)
    if statement.line == 0:
        return Replacement(0, _after_newline(text, statement.end))
    return Replacement(_before_newline(text, statement.line), statement.end)


def table_cuts(text: str, table: Table) -> Iterator[Replacement]:
    """A header with all lines of its own below it and the empty line before it, but for the comments."""
    start = table.line or 0
    if (blank := _before_newline(text, start)) != start and (blank == 0 or text[blank - 1] == "\n"):
        start = blank
    last = table.statements[-1].end if table.statements else table.end
    stays = table.comment is not None or any(statement.comment is not None for statement in table.statements)
    if last == len(text) and not stays:
        start = _before_newline(text, start)
    yield Replacement(start, table.comment if table.comment is not None else _after_newline(text, table.end))
    for statement in table.statements:
        stop = statement.comment if statement.comment is not None else _after_newline(text, statement.end)
        yield Replacement(statement.line, stop)


def _before_newline(text: str, position: int) -> int:
    """Where the line ending before `position` begins; `position` itself if there is none."""
    if position == 0 or text[position - 1] != "\n":
        return position
    return position - 2 if position > 1 and text[position - 2] == "\r" else position - 1


def _after_newline(text: str, position: int) -> int:
    if text.startswith("\r\n", position):
        return position + 2
    return position + 1 if text.startswith("\n", position) else position
