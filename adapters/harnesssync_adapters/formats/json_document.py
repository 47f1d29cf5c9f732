"""The `json` format: JSON and JSONC that people also edit, changed by cutting and inserting text.

An insertion is made so that removing it again gives the very bytes of before, without remembering anything:

- into an empty container, a member goes on its own line before the closing bracket, behind whatever was there;
- otherwise it goes behind the last member and the comments after that, with the separator in between that the
  container already uses. A trailing comma stays a trailing comma.

Removal takes the member, the white space before it and one comma. Comments always stay: a person wrote them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.formats.json_syntax import Entry, Node, error, last_comment, parse
from harnesssync_adapters.formats.text_edits import (
    Replacement,
    decode,
    indentation,
    last_newline,
    newline_of,
    replace_spans,
)
from harnesssync_orchestrator.core.desired import JsonValue, value_hash
from harnesssync_orchestrator.core.targets import (
    AddElement,
    DocumentError,
    Edit,
    RemoveElement,
    RemoveKey,
    SetKey,
)


class JsonDocument:
    """Implements `DocumentFormat` for JSON, with comments and trailing commas allowed."""

    @property
    def empty(self) -> bytes:
        return b"{}\n"

    def parse(self, content: bytes) -> JsonValue:
        return parse(decode(content)[1]).value

    def edit(self, content: bytes, edits: Sequence[Edit]) -> bytes:
        mark, text = decode(content)
        for edit in edits:
            text = replace_spans(text, _replacements(text, parse(text), edit))
        return (mark + text).encode("utf-8")


def _replacements(text: str, root: Node, edit: Edit) -> Iterator[Replacement]:
    if not edit.pointer:
        raise DocumentError("an edit needs the name of a key")
    if isinstance(edit, SetKey):
        yield from _set(text, root, edit.pointer, edit.value)
    elif isinstance(edit, AddElement):
        yield from _add(text, root, edit.pointer, edit.value)
    elif isinstance(edit, RemoveKey):
        parent, missing = _descend(text, root, edit.pointer[:-1])
        entry = None if missing else _find(parent, edit.pointer[-1])
        if entry is not None:
            yield from _removal(text, parent, entry)
    else:
        array, missing = _descend(text, root, edit.pointer)
        if not missing:
            entry = _find_element(text, array, edit)
            if entry is not None:
                yield from _removal(text, array, entry)


def _set(text: str, root: Node, pointer: tuple[str, ...], value: JsonValue) -> Iterator[Replacement]:
    parent, missing = _descend(text, root, pointer[:-1])
    if missing:
        yield from _insertion(text, root, parent, missing[0], _nested((*missing[1:], pointer[-1]), value))
        return
    entry = _find(parent, pointer[-1])
    if entry is None:
        yield from _insertion(text, root, parent, pointer[-1], value)
    elif value_hash(entry.node.value) != value_hash(value):
        rendered = _render(text, root, value, _own_line(text, parent, entry))
        yield Replacement(entry.node.start, entry.node.end, rendered)


def _add(text: str, root: Node, pointer: tuple[str, ...], value: JsonValue) -> Iterator[Replacement]:
    array, missing = _descend(text, root, pointer)
    if missing:
        yield from _insertion(text, root, array, missing[0], _nested(missing[1:], [value]))
    elif not isinstance(array.value, list):
        raise error(text, array.start, f"{_name(pointer)} is not an array")
    else:
        yield from _insertion(text, root, array, None, value)


def _descend(text: str, root: Node, pointer: tuple[str, ...]) -> tuple[Node, tuple[str, ...]]:
    """The deepest node on the way that exists, and the keys that don't."""
    node = root
    for depth, key in enumerate(pointer):
        if not isinstance(node.value, dict):
            raise error(text, node.start, f"{_name(pointer[:depth])} is not an object")
        entry = _find(node, key)
        if entry is None:
            return node, pointer[depth:]
        node = entry.node
    return node, ()


def _find(node: Node, key: str) -> Entry | None:
    if not isinstance(node.value, dict):
        raise DocumentError(f"the parent of {key!r} is not an object")
    return next((entry for entry in node.entries or () if entry.key == key), None)


def _find_element(text: str, array: Node, edit: RemoveElement) -> Entry | None:
    if not isinstance(array.value, list):
        raise error(text, array.start, f"{_name(edit.pointer)} is not an array")
    return next((entry for entry in array.entries or () if value_hash(entry.node.value) == edit.element), None)


def _nested(keys: tuple[str, ...], value: JsonValue) -> JsonValue:
    for key in reversed(keys):
        value = {key: value}
    return value


def _insertion(text: str, root: Node, node: Node, key: str | None, value: JsonValue) -> Iterator[Replacement]:
    """Append a member to a container."""
    newline, base, close = newline_of(text), indentation(text, node.start), node.end - 1
    if not node.entries:
        inner = base + _unit(text, root)
        if text[close - 1] == "\r":  # so that this carriage return is not taken for part of our line ending
            newline = "\r\n"
        member = _member(text, root, key, value, inner)
        yield Replacement(close, close, f"{newline}{inner}{member}{newline}{base}")
        return
    last = node.entries[-1]
    before, after = (",", "") if last.comma is None else ("", ",")
    place, is_line_comment = last_comment(text, last.node.end if last.comma is None else last.comma + 1, close)
    indent = _own_line(text, node, last)
    if indent is None and is_line_comment:
        indent = base + _unit(text, root)
    separator = newline + indent if indent is not None else _gap(text, node)
    if before:
        yield Replacement(last.node.end, last.node.end, before)
    yield Replacement(place, place, separator + _member(text, root, key, value, indent) + after)


def _removal(text: str, node: Node, entry: Entry) -> Iterator[Replacement]:
    """Take a member of a container away: the inverse of `_insertion`."""
    entries = node.entries or []
    index = next(i for i, one in enumerate(entries) if one is entry)
    previous = entries[index - 1] if index else None
    opened = node.start if previous is None else _comma(previous)
    space, after_line_comment = last_comment(text, opened + 1, entry.start)
    start, end = space, entry.node.end
    comma = entry.comma if entry.comma is not None or previous is None else previous.comma
    if comma is not None:
        yield Replacement(comma, comma + 1)
    following = end + 1 if entry.comma == end else end
    rest = following
    if previous is None:
        line = last_newline(text, space, entry.start)
        if line is not None:
            start = line
        if len(entries) == 1:
            rest = _space_end(text, following, " \t\r\n")
            rest = rest if rest == node.end - 1 else following
        elif line is None:
            start = entry.start
            rest = _space_end(text, following, " \t")
    if after_line_comment and start == space:  # the line ending before the member is also the end of that comment
        if text[following : following + 1] in ("\r", "\n"):
            rest = following
        else:
            start = entry.start
    yield Replacement(start, end)
    yield Replacement(following, rest)


def _comma(entry: Entry) -> int:
    return entry.node.end if entry.comma is None else entry.comma


def _space_end(text: str, position: int, spaces: str) -> int:
    while position < len(text) and text[position] in spaces:
        position += 1
    return position


def _member(text: str, root: Node, key: str | None, value: JsonValue, indent: str | None) -> str:
    rendered = _render(text, root, value, indent)
    return rendered if key is None else f"{_dump(key)}: {rendered}"


def _render(text: str, root: Node, value: JsonValue, indent: str | None) -> str:
    """A value as text: on one line, or, given the indentation of its line, on several."""
    if indent is None or not isinstance(value, (Mapping, list, tuple)) or not value:
        return _dump(value)
    inner = indent + _unit(text, root)
    if isinstance(value, Mapping):
        lines = [f"{_dump(key)}: {_render(text, root, one, inner)}" for key, one in value.items()]
        opening, closing = "{", "}"
    else:
        lines = [_render(text, root, one, inner) for one in value]
        opening, closing = "[", "]"
    newline = newline_of(text)
    return opening + ",".join(newline + inner + line for line in lines) + newline + indent + closing


def _dump(value: JsonValue) -> str:
    rendered = json.dumps(value, ensure_ascii=False)
    is_text = not any("\ud800" <= character <= "\udfff" for character in rendered)
    return rendered if is_text else json.dumps(value)


def _own_line(text: str, node: Node, entry: Entry) -> str | None:
    """The indentation of a member that begins a line, None for one that doesn't."""
    start = text.rfind("\n", node.start, entry.start) + 1
    indent = text[start : entry.start]
    return indent if start and not indent.strip(" \t") else None


def _gap(text: str, node: Node) -> str:
    """The white space between members of a container on one line."""
    entries = node.entries or []
    if len(entries) < 2:
        return " "
    comma = entries[-2].comma
    start = entries[-1].start if comma is None else last_comment(text, comma + 1, entries[-1].start)[0]
    return text[start : entries[-1].start]


def _unit(text: str, root: Node) -> str:
    """One level of indentation: that of the first member of the document that begins a line."""
    for entry in root.entries or ():
        if indent := _own_line(text, root, entry):
            return indent
    return "  "


def _name(pointer: tuple[str, ...]) -> str:
    return ".".join(pointer) or "the document"
