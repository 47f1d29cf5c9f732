"""The `toml` format: TOML that people also edit, changed by cutting and inserting text.

An insertion is made so that removing it again gives the very bytes of before: a table is a block at the end with
one empty line before it, a key is a line behind the last one of its table, a member of an inline table or array
stands behind the last member. (A table that exists through its sub-tables alone gets a header with its first key;
that header stays.) Comments always stay. Every result is parsed and compared with what was asked for;
a document that no edit of this kind can express is an error, and unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.formats.text_edits import Replacement, decode, indentation, newline_of, replace_spans
from harnesssync_adapters.formats.toml_syntax import Entry, Node, Path, Statement, Table, load, scan, statements, under
from harnesssync_adapters.formats.toml_text import toml_key, toml_path, toml_value
from harnesssync_orchestrator.core.desired import JsonValue, value_hash
from harnesssync_orchestrator.core.targets import AddElement, DocumentError, Edit, RemoveElement, RemoveKey, SetKey


class TomlDocument:
    """Implements `DocumentFormat` for TOML 1.0."""

    @property
    def empty(self) -> bytes:
        return b""

    def parse(self, content: bytes) -> JsonValue:
        return load(decode(content)[1])

    def edit(self, content: bytes, edits: Sequence[Edit]) -> bytes:
        mark, text = decode(content)
        for edit in edits:
            if not edit.pointer:
                raise DocumentError("an edit needs the name of a key")
            text = _edited(text, edit)
        return (mark + text).encode("utf-8")


def _edited(text: str, edit: Edit) -> str:
    values = load(text)
    if isinstance(edit, SetKey):
        return _set(text, values, edit.pointer, edit.value)
    if isinstance(edit, RemoveKey):
        return text if _look_up(values, edit.pointer) is _ABSENT else _remove(text, edit.pointer)
    found = _look_up(values, edit.pointer)
    if not isinstance(found, list):
        raise DocumentError(f"{toml_path(edit.pointer)} is not an array")
    if isinstance(edit, RemoveElement):
        index = next((i for i, one in enumerate(found) if value_hash(one) == edit.element), None)
        return text if index is None else _remove_element(text, edit, index)
    if found is _ABSENT:
        return _set(text, values, edit.pointer, [edit.value])
    return _checked(_add(text, edit), edit.pointer, [*found, edit.value])


_ABSENT: list[JsonValue] = []
"""Stands for a key that is not there; told apart from an empty array by identity."""


def _look_up(values: JsonValue, pointer: Path) -> JsonValue:
    for depth, key in enumerate(pointer):
        if not isinstance(values, dict):
            raise DocumentError(f"{toml_path(pointer[:depth])} is not a table")
        if key not in values:
            return _ABSENT
        values = values[key]
    return values


def _checked(text: str, pointer: Path, wanted: JsonValue) -> str:
    """The text, if it is valid and says what was asked for. Raises `DocumentError` else."""
    found = _look_up(load(text), pointer)
    if found is _ABSENT or value_hash(found) != value_hash(wanted):
        raise DocumentError(f"{toml_path(pointer)} can't be written here in this form")
    return text


def _set(text: str, values: dict[str, JsonValue], pointer: Path, value: JsonValue) -> str:
    found = _look_up(values, pointer)
    if found is _ABSENT:
        return _checked(_inserted(text, values, pointer, value), pointer, value)
    if value_hash(found) == value_hash(value):
        return text
    node = _written_at(text, pointer)
    if node is not None:
        return _checked(replace_spans(text, [Replacement(node.start, node.end, toml_value(value))]), pointer, value)
    if isinstance(value, Mapping) and isinstance(found, dict):
        merged = text
        for key in [key for key in found if key not in value]:
            merged = _remove(merged, (*pointer, key))
        for key, one in value.items():
            merged = _set(merged, load(merged), (*pointer, key), one)
        if value_hash(_look_up(load(merged), pointer)) == value_hash(value):
            return merged
    without = _remove(text, pointer)
    return _checked(_inserted(without, load(without), pointer, value), pointer, value)


def _written_at(text: str, pointer: Path) -> Node | None:
    """The place of the value at `pointer`, None if it is a table that headers or dotted keys make."""
    for _, statement in statements(scan(text)):
        node, rest = statement.node, pointer[len(statement.path) :]
        if under(pointer, statement.path):
            while rest and node.is_table:
                entry = next((one for one in node.entries or () if under(rest, one.key)), None)
                if entry is None:
                    return None
                node, rest = entry.node, rest[len(entry.key) :]
            return None if rest else node
    return None


def _inserted(text: str, values: dict[str, JsonValue], pointer: Path, value: JsonValue) -> str:
    depth = next(i for i in range(len(pointer) - 1, -1, -1) if _look_up(values, pointer[:i]) is not _ABSENT)
    parent, missing = pointer[:depth], pointer[depth:]
    node = _written_at(text, parent) if parent else None
    if node is not None:
        member = f"{toml_key(missing[0])} = {toml_value(_nested(missing[1:], value))}"
        return replace_spans(text, [_appended(text, node, member)])
    tables = scan(text)
    dotted = [(table, one) for table, one in statements(tables) if under(one.path[:-1], parent)]
    outside = [(table, one) for table, one in dotted if len(table.path) < len(parent)]
    if outside:
        table, after = outside[-1]
        return _line_inserted(text, after.end, after.line, pointer[len(table.path) :], value)
    if isinstance(value, Mapping):
        lines = [f"{toml_key(key)} = {toml_value(one)}" for key, one in value.items()]
        return _block_inserted(text, f"[{toml_path(pointer)}]", lines)
    home = next((table for table in tables if table.path == pointer[:-1] and not table.is_array), None)
    if home is None or len(missing) > 1:
        return _block_inserted(text, f"[{toml_path(pointer[:-1])}]", [f"{toml_key(pointer[-1])} = {toml_value(value)}"])
    if home.statements:
        last = home.statements[-1]
        return _line_inserted(text, last.end, last.line, pointer[-1:], value)
    if home.line is None:
        return f"{toml_key(pointer[-1])} = {toml_value(value)}{newline_of(text)}{text}"
    return _line_inserted(text, home.end, home.line, pointer[-1:], value)


def _nested(keys: Path, value: JsonValue) -> JsonValue:
    for key in reversed(keys):
        value = {key: value}
    return value


def _line_inserted(text: str, place: int, like: int, key: Path, value: JsonValue) -> str:
    line = f"{newline_of(text)}{indentation(text, like)}{toml_path(key)} = {toml_value(value)}"
    return text[:place] + line + text[place:]


def _block_inserted(text: str, header: str, lines: Sequence[str]) -> str:
    newline = newline_of(text)
    block = newline.join([header, *lines])
    if not text:
        return block + newline
    if text.endswith("\n"):
        return text + newline + block + newline
    return text + newline * 2 + block


def _appended(text: str, node: Node, member: str) -> Replacement:
    """A member more in an inline table or array."""
    if not node.entries:
        return Replacement(node.end - 1, node.end - 1, member)
    last = node.entries[-1]
    own_line = not node.is_table and text.rfind("\n", node.start, last.start) >= 0
    separator = newline_of(text) + indentation(text, last.start) if own_line else " "
    if last.comma is None:
        return Replacement(last.node.end, last.node.end, f",{separator}{member}")
    return Replacement(last.comma + 1, last.comma + 1, f"{separator}{member},")


def _add(text: str, edit: AddElement) -> str:
    node = _written_at(text, edit.pointer)
    if node is not None:
        return replace_spans(text, [_appended(text, node, toml_value(edit.value))])
    if not isinstance(edit.value, Mapping):
        raise DocumentError(f"{toml_path(edit.pointer)} is an array of tables, and takes nothing else")
    lines = [f"{toml_key(key)} = {toml_value(one)}" for key, one in edit.value.items()]
    return _block_inserted(text, f"[[{toml_path(edit.pointer)}]]", lines)


def _remove(text: str, pointer: Path) -> str:
    tables = scan(text)
    cuts: list[Replacement] = []
    for table in tables:
        if table.line is not None and under(table.path, pointer):
            cuts += _table_cuts(text, table)
    for table, statement in statements(tables):
        if under(table.path, pointer) and table.line is not None:
            continue
        if under(statement.path, pointer):
            cuts.append(_statement_cut(text, statement))
        elif under(pointer, statement.path) and statement.node.is_table:
            cuts += _inline_cuts(text, statement.node, pointer[len(statement.path) :])
    return replace_spans(text, cuts)


def _inline_cuts(text: str, node: Node, rest: Path) -> Iterator[Replacement]:
    for entry in node.entries or ():
        if under(entry.key, rest):
            yield _entry_cut(text, node, entry)
        elif under(rest, entry.key) and entry.node.is_table:
            yield from _inline_cuts(text, entry.node, rest[len(entry.key) :])


def _remove_element(text: str, edit: RemoveElement, index: int) -> str:
    node = _written_at(text, edit.pointer)
    if node is not None:
        return replace_spans(text, [_entry_cut(text, node, (node.entries or [])[index])])
    tables = scan(text)
    heads = [i for i, table in enumerate(tables) if table.path == edit.pointer and table.is_array]
    stop = heads[index + 1] if index + 1 < len(heads) else len(tables)
    own = [table for table in tables[heads[index] : stop] if under(table.path, edit.pointer)]
    return replace_spans(text, [cut for table in own for cut in _table_cuts(text, table)])


def _entry_cut(text: str, node: Node, entry: Entry) -> Replacement:
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


def _statement_cut(text: str, statement: Statement) -> Replacement:
    """A line with the line ending before it (after it, for the first line), but for a comment on it."""
    if statement.comment is not None:
        return Replacement(statement.line, statement.comment)
    if statement.line == 0:
        return Replacement(0, _after_newline(text, statement.end))
    return Replacement(_before_newline(text, statement.line), statement.end)


def _table_cuts(text: str, table: Table) -> Iterator[Replacement]:
    """A header with all lines of its own below it and the empty line before it, but for the comments."""
    start = table.line or 0
    if (blank := _before_newline(text, start)) != start and (blank == 0 or text[blank - 1] == "\n"):
        start = blank
    last = table.statements[-1].end if table.statements else table.end
    if last == len(text):
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
