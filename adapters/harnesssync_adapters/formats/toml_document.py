"""The `toml` format: TOML that people also edit, changed by cutting and inserting text.

An insertion is made so that removing it again gives the very bytes of before: a table is a block at the end with
one empty line before it, a key is a line behind the last one of its table, a member of an inline table or array
stands behind the last member. (A table that exists through its sub-tables alone gets a header with its first key;
that header stays.) Comments always stay. Every result is parsed and compared with what was asked for;
a document that no edit of this kind can express is an error, and unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harnesssync_adapters.formats.text_edits import Replacement, decode, indentation, newline_of, replace_spans
from harnesssync_adapters.formats.toml_at_once import ABSENT, AtOnce, look_up, nested
from harnesssync_adapters.formats.toml_cuts import appended, entry_cut, inline_cuts, inside, statement_cut, table_cuts
from harnesssync_adapters.formats.toml_lines import ScatteredError
from harnesssync_adapters.formats.toml_syntax import Node, Path, load, scan, statements, under
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
        return (mark + _all_edited(text, edits)).encode("utf-8")


def _all_edited(text: str, edits: Sequence[Edit]) -> str:
    """The text after all edits. Those that are a matter of a few lines are made at once, others one by one."""
    together: AtOnce | None = None
    made: list[Edit] = []
    for edit in edits:
        if not edit.pointer:
            raise DocumentError("an edit needs the name of a key")
        together = together or AtOnce(text)
        try:
            together.apply(edit)
        except ScatteredError:
            text, together, made = by_whole_text(_settled(text, together, made), edit), None, []
        except DocumentError:  # unless one before it went wrong, it says so as well
            text, together, made = by_whole_text(_one_by_one(text, made), edit), None, []
        else:
            made.append(edit)
    return text if together is None else _settled(text, together, made)


def _settled(text: str, together: AtOnce, made: Sequence[Edit]) -> str:
    """The text with what was made of it at once; one by one it is found out which edit could not be made."""
    return together.text if together.is_right() else _one_by_one(text, made)


def _one_by_one(text: str, edits: Sequence[Edit]) -> str:
    for edit in edits:
        text = by_whole_text(text, edit)
    return text


def by_whole_text(text: str, edit: Edit) -> str:
    """One edit, whatever it takes: for each all of the text is read, and read again. Raises `DocumentError`."""
    values = load(text)
    if isinstance(edit, SetKey):
        return _set(text, values, edit.pointer, edit.value)
    if isinstance(edit, RemoveKey):
        return text if look_up(values, edit.pointer) is ABSENT else _remove(text, edit.pointer)
    found = look_up(values, edit.pointer)
    if not isinstance(found, list):
        raise DocumentError(f"{toml_path(edit.pointer)} is not an array")
    if isinstance(edit, RemoveElement):
        index = next((i for i, one in enumerate(found) if value_hash(one) == edit.element), None)
        return text if index is None else _remove_element(text, edit, index)
    if found is ABSENT:
        return _set(text, values, edit.pointer, [edit.value])
    return _checked(_add(text, edit), edit.pointer, [*found, edit.value])


def _checked(text: str, pointer: Path, wanted: JsonValue) -> str:
    """The text, if it is valid and says what was asked for. Raises `DocumentError` else."""
    found = look_up(load(text), pointer)
    if found is ABSENT or value_hash(found) != value_hash(wanted):
        raise DocumentError(f"{toml_path(pointer)} can't be written here in this form")
    return text


def _set(text: str, values: dict[str, JsonValue], pointer: Path, value: JsonValue) -> str:
    found = look_up(values, pointer)
    if found is ABSENT:
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
        if value_hash(look_up(load(merged), pointer)) == value_hash(value):
            return merged
    without = _remove(text, pointer)
    return _checked(_inserted(without, load(without), pointer, value), pointer, value)


def _written_at(text: str, pointer: Path) -> Node | None:
    """The place of the value at `pointer`, None if it is a table that headers or dotted keys make."""
    for _, statement in statements(scan(text)):
        if under(pointer, statement.path):
            return inside(statement, pointer)
    return None


def _inserted(text: str, values: dict[str, JsonValue], pointer: Path, value: JsonValue) -> str:
    depth = next(i for i in range(len(pointer) - 1, -1, -1) if look_up(values, pointer[:i]) is not ABSENT)
    parent, missing = pointer[:depth], pointer[depth:]
    node = _written_at(text, parent) if parent else None
    if node is not None:
        member = f"{toml_key(missing[0])} = {toml_value(nested(missing[1:], value))}"
        return replace_spans(text, [appended(text, node, member, newline_of(text))])
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


def _add(text: str, edit: AddElement) -> str:
    node = _written_at(text, edit.pointer)
    if node is not None:
        return replace_spans(text, [appended(text, node, toml_value(edit.value), newline_of(text))])
    if not isinstance(edit.value, Mapping):
        raise DocumentError(f"{toml_path(edit.pointer)} is an array of tables, and takes nothing else")
    lines = [f"{toml_key(key)} = {toml_value(one)}" for key, one in edit.value.items()]
    return _block_inserted(text, f"[[{toml_path(edit.pointer)}]]", lines)


def _remove(text: str, pointer: Path) -> str:
    tables = scan(text)
    cuts: list[Replacement] = []
    for table in tables:
        if table.line is not None and under(table.path, pointer):
            cuts += table_cuts(text, table)
    for table, statement in statements(tables):
        if under(table.path, pointer) and table.line is not None:
            continue
        if under(statement.path, pointer):
            cuts.append(statement_cut(text, statement))
        elif under(pointer, statement.path) and statement.node.is_table:
            cuts += inline_cuts(text, statement.node, pointer[len(statement.path) :])
    return replace_spans(text, cuts)


def _remove_element(text: str, edit: RemoveElement, index: int) -> str:
    node = _written_at(text, edit.pointer)
    if node is not None:
        return replace_spans(text, [entry_cut(text, node, (node.entries or [])[index])])
    tables = scan(text)
    heads = [i for i, table in enumerate(tables) if table.path == edit.pointer and table.is_array]
    stop = heads[index + 1] if index + 1 < len(heads) else len(tables)
    own = [table for table in tables[heads[index] : stop] if under(table.path, edit.pointer)]
    return replace_spans(text, [cut for table in own for cut in table_cuts(text, table)])
