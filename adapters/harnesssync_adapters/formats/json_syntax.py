"""JSON with comments and trailing commas, as a tree that knows where in the text each part stands.

Strict JSON but for `//` and `/* */` comments and one trailing comma in a container: what `jsonc-parser` takes,
which OpenCode and VS Code use. Duplicate keys are refused, since readers differ in which of them counts.

Why our own parser, tried on 2,000 entries with comments and a trailing comma: `json-five` keeps every byte but takes
about 30 times as long as this one. `tree-sitter-json` takes three quarters of the time to the same values and gives
byte ranges, but it repairs an error instead of naming it (`{"a": }` gets a number), has an error node for a trailing
comma as for two, and is a compiled dependency.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from json import decoder

from harnesssync_orchestrator.core.desired import JsonValue
from harnesssync_orchestrator.core.targets import DocumentError

MAX_DEPTH = 128
"""Nesting allowed before a document is refused: far above any configuration, far below Python's stack."""

_TRIVIA = re.compile(r"(?:[ \t\r\n]+|//[^\r\n]*|/\*[\s\S]*?\*/)*")
_COMMENT_OR_SPACE = re.compile(r"[ \t\r\n]+|(?P<line>//[^\r\n]*)|(?P<block>/\*[\s\S]*?\*/)")
_COMMENT_OR_STRING = re.compile(r'//[^\r\n]*|/\*[\s\S]*?\*/|"(?:[^"\\]|\\.)*"')
_SCALAR = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.+-])|(?:true|false|null)\b")


# The string scanner of the standard library's own decoder: ten times as fast as an expression and `json.loads`.
_scan_string: Callable[[str, int], tuple[str, int]] = decoder.scanstring  # type: ignore[attr-defined]


@dataclass(slots=True)
class Node:
    """A value and its place: `text[start:end]`. `entries` are a container's members, None for a scalar."""

    start: int
    end: int
    value: JsonValue
    entries: list[Entry] | None = None


@dataclass(slots=True)
class Entry:
    """One member of an object or array. `start` is where its key (or value) begins; `comma` follows it, if any."""

    key: str | None
    start: int
    node: Node
    comma: int | None = field(default=None)


def parse(text: str) -> Node:
    """The tree of a document whose top is an object. Raises `DocumentError` with line and column."""
    root = _value(text, _skip(text, 0), 0)
    if not isinstance(root.value, dict):
        raise error(text, root.start, "the document is not an object")
    rest = _skip(text, root.end)
    if rest < len(text):
        raise error(text, rest, "there is more text after the end of the document")
    return root


def parse_value(text: str, depth: int) -> Node:
    """The tree of one value, without anything around it, that is to stand in containers `depth` deep. Raises
    `DocumentError` for what JSON can't say."""
    return _value(text, 0, depth)


def error(text: str, position: int, message: str) -> DocumentError:
    """An error at a position of the text, as line and column from 1."""
    line = text.count("\n", 0, position) + 1
    return DocumentError(message, line, position - (text.rfind("\n", 0, position) + 1) + 1)


def last_comment(text: str, start: int, stop: int) -> tuple[int, bool]:
    """Where the last comment between two tokens ends (`start` if there is none), and whether it is a `//` one.

    What lies between there and `stop` is white space alone.
    """
    end, is_line = start, False
    position = start
    while position < stop and (match := _COMMENT_OR_SPACE.match(text, position, stop)):
        position = match.end()
        if match.lastgroup:
            end, is_line = position, match.lastgroup == "line"
    return end, is_line


def comments(text: str) -> list[str]:
    """The comments in whole parts of a valid document, in order."""
    if "/" not in text:
        return []
    return [match[0] for match in _COMMENT_OR_STRING.finditer(text) if match[0][0] == "/"]


def _skip(text: str, position: int) -> int:
    match = _TRIVIA.match(text, position)
    return match.end() if match else position


def _value(text: str, position: int, depth: int) -> Node:
    character = text[position : position + 1]
    if character in ("{", "["):
        return _container(text, position, depth + 1)
    if character == '"':
        string, end = _string(text, position)
        return Node(position, end, string)
    if match := _SCALAR.match(text, position):
        return Node(position, match.end(), _scalar(text, position, match[0]))
    raise error(text, position, _unexpected(text, position, "a value"))


def _container(text: str, start: int, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise error(text, start, f"nested more than {MAX_DEPTH} levels deep")
    is_object = text[start] == "{"
    closing = "}" if is_object else "]"
    members: dict[str, JsonValue] = {}
    elements: list[JsonValue] = []
    entries: list[Entry] = []
    position = _skip(text, start + 1)
    while text[position : position + 1] != closing:
        key, begin = None, position
        if is_object:
            key, position = _key(text, position)
            if key in members:
                raise error(text, begin, f"the key {key!r} stands there twice")
        node = _value(text, position, depth)
        if key is None:
            elements.append(node.value)
        else:
            members[key] = node.value
        entry = Entry(key, begin, node)
        entries.append(entry)
        position = _skip(text, node.end)
        if text[position : position + 1] == ",":
            entry.comma = position
            position = _skip(text, position + 1)
        elif text[position : position + 1] != closing:
            raise error(text, position, _unexpected(text, position, f"',' or '{closing}'"))
    return Node(start, position + 1, members if is_object else elements, entries)


def _key(text: str, position: int) -> tuple[str, int]:
    if text[position : position + 1] != '"':
        raise error(text, position, _unexpected(text, position, "a key in double quotes"))
    key, end = _string(text, position)
    colon = _skip(text, end)
    if text[colon : colon + 1] != ":":
        raise error(text, colon, _unexpected(text, colon, "':'"))
    return key, _skip(text, colon + 1)


def _string(text: str, position: int) -> tuple[str, int]:
    try:
        return _scan_string(text, position + 1)
    except json.JSONDecodeError as cause:
        raise error(text, cause.pos, cause.msg) from cause


def _scalar(text: str, position: int, written: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(written)
    except ValueError as cause:  # a number with more digits than Python converts
        raise error(text, position, str(cause)) from cause
    return value


def _unexpected(text: str, position: int, wanted: str) -> str:
    if position >= len(text):
        return f"the document ends where {wanted} should be"
    if text.startswith("/*", position):
        return "a comment has no end"
    return f"found {text[position]!r} where {wanted} should be"


def name_of(pointer: tuple[str, ...]) -> str:
    """A pointer for people."""
    return ".".join(pointer) or "the document"
