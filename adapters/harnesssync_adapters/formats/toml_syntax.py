"""Where in a TOML text each table, key and value stands.

`tomllib` (on Python 3.10 `tomlkit`) says whether a document is valid and what it means; the scanner here only
finds the places, and may therefore take validity for granted.

Why not edit with `tomlkit`, tried with 0.15: a table that is added and taken away again leaves an empty line or a
final line break behind in most documents, and a `# comment` can move. Cutting text changes nothing else, and takes
two thirds of the time for 500 tables.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from harnesssync_orchestrator.core.desired import JsonValue
from harnesssync_orchestrator.core.targets import DocumentError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomlkit

MAX_KEY_PARTS = 128
_LONG_KEY = re.compile(rf"(?<![A-Za-z0-9_-])(?:[A-Za-z0-9_-]+[ \t]*\.[ \t]*){{{MAX_KEY_PARTS}}}")
_QUOTED = re.compile(r'"[^"]*"|\'[^\']*\'')

_SPACE = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]+|#[^\r\n]*)*")
_LINE_END = re.compile(r"[^\r\n]*")
_KEY = re.compile(r'"(?:[^"\\\r\n]|\\.)*"|\'[^\'\r\n]*\'|[A-Za-z0-9_-]+')
_STRING = re.compile(
    r'"""(?:[^"\\]+|\\[\s\S]|"{1,2}(?!"))*"{3,5}'
    r"|'''[\s\S]*?'{3,5}"
    r'|"(?:[^"\\\r\n]+|\\.)*"'
    r"|'[^'\r\n]*'"
)
_SCALAR = re.compile(r"[^,\]}#\r\n]*[^,\]}#\r\n \t]")
_PLACE = re.compile(r"\(at (?:line (\d+), column (\d+)|end of document)\)|at line (\d+) col (\d+)")
_MAX_DEPTH = 128

Path = tuple[str, ...]


@dataclass(slots=True)
class Node:
    """A value at `text[start:end]`. `entries` are the members of an inline table or array, None for a scalar."""

    start: int
    end: int
    entries: list[Entry] | None = None
    is_table: bool = False


@dataclass(slots=True)
class Entry:
    """A member of an inline table or array; `key` is empty in an array."""

    key: Path
    start: int
    node: Node
    comma: int | None = None


@dataclass(slots=True)
class Statement:
    """`key = value` on lines of its own: from `line` (where its first line begins) to `end` (before the line
    ending), with a comment at `comment`. `key` is as written there, `path` counts from the document's root."""

    line: int
    key: Path
    path: Path
    node: Node
    end: int
    comment: int | None


@dataclass(slots=True)
class Table:
    """A header with the statements below it. The root table has no header: `line` is None."""

    path: Path = ()
    is_array: bool = False
    line: int | None = None
    end: int = 0
    comment: int | None = None
    statements: list[Statement] = field(default_factory=list)


def load(text: str) -> dict[str, JsonValue]:
    """What the document means, as plain values; dates become text. Raises `DocumentError`."""
    _refuse_long_keys(text)
    try:
        if sys.version_info >= (3, 11):
            values = tomllib.loads(text)
        else:
            values = tomlkit.parse(text).unwrap()
    except RecursionError as cause:
        raise DocumentError("nested too deep") from cause
    except ValueError as cause:
        raise _document_error(text, str(cause)) from cause
    return {key: _plain(value, 0) for key, value in values.items()}


def _refuse_long_keys(text: str) -> None:
    """Raise `DocumentError` for a key of very many parts, over which parsers take quadratic time."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") >= MAX_KEY_PARTS and _LONG_KEY.search(_QUOTED.sub("k", line)):
            raise DocumentError(f"a key has more than {MAX_KEY_PARTS} parts", number, 1)


def scan(text: str) -> list[Table]:
    """The tables of a valid document in the order of the text, the root first."""
    tables = [Table()]
    position = 0
    while True:
        position = _end(_GAP, text, position)
        if position >= len(text):
            return tables
        line = text.rfind("\n", 0, position) + 1
        if text[position] == "[":
            is_array = text.startswith("[[", position)
            path, position = _path(text, position + 1 + is_array)
            end, comment = _rest_of_line(text, position + 1 + is_array)
            tables.append(Table(path, is_array, line, end, comment))
        else:
            key, position = _path(text, position)
            node = _value(text, _end(_SPACE, text, position + 1), 0)
            end, comment = _rest_of_line(text, node.end)
            tables[-1].statements.append(Statement(line, key, tables[-1].path + key, node, end, comment))
        position = end


def _rest_of_line(text: str, position: int) -> tuple[int, int | None]:
    comment = _end(_SPACE, text, position)
    return _end(_LINE_END, text, position), comment if text[comment : comment + 1] == "#" else None


def _path(text: str, position: int) -> tuple[Path, int]:
    """A dotted key and the place behind it and the spaces after it."""
    keys: list[str] = []
    while True:
        match = _KEY.match(text, _end(_SPACE, text, position))
        if match is None:
            raise _document_error(text, "a key can't be read")
        keys.append(_key(match[0]))
        position = _end(_SPACE, text, match.end())
        if text[position : position + 1] != ".":
            return tuple(keys), position
        position += 1


def _key(written: str) -> str:
    if written[0] == "'":
        return written[1:-1]
    if written[0] != '"':
        return written
    return str(load(f"key = {written}")["key"]) if "\\" in written else written[1:-1]


def _value(text: str, start: int, depth: int) -> Node:
    if depth > _MAX_DEPTH:
        raise _document_error(text, f"nested more than {_MAX_DEPTH} levels deep")
    if text[start] in "[{":
        return _container(text, start, depth + 1)
    match = _STRING.match(text, start) or _SCALAR.match(text, start)
    return Node(start, match.end() if match else start)


def _container(text: str, start: int, depth: int) -> Node:
    is_table = text[start] == "{"
    entries: list[Entry] = []
    position = _end(_GAP, text, start + 1)
    while text[position] not in "]}":
        begin = position
        key: Path = ()
        if is_table:
            key, position = _path(text, position)
            position = _end(_SPACE, text, position + 1)
        entry = Entry(key, begin, _value(text, position, depth))
        entries.append(entry)
        position = _end(_GAP, text, entry.node.end)
        if text[position] == ",":
            entry.comma = position
            position = _end(_GAP, text, position + 1)
    return Node(start, position + 1, entries, is_table)


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _plain(value: object, depth: int) -> JsonValue:
    if depth > _MAX_DEPTH:
        raise DocumentError(f"nested more than {_MAX_DEPTH} levels deep")
    if isinstance(value, dict):
        return {str(key): _plain(one, depth + 1) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one, depth + 1) for one in value]
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise DocumentError(f"a value of the type {type(value).__name__} can't be read")


def _document_error(text: str, message: str) -> DocumentError:
    match = _PLACE.search(message)
    if match is None:
        return DocumentError(message)
    if "'\\x00'" in message and "\0" not in text:  # what tomlkit sees behind the last character
        return DocumentError("Unexpected end of document", *_end_of(text))
    if match[1] or match[3]:
        line, column = int(match[1] or match[3]), int(match[2] or int(match[4]) + 1)  # tomlkit counts columns from 0
    else:
        line, column = _end_of(text)
    return DocumentError(message[: match.start()].strip(), line, column)


def _end_of(text: str) -> tuple[int, int]:
    """Line and column behind the last character, both from 1."""
    return text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1


def under(path: Path, prefix: Path) -> bool:
    """Is `path` the same as `prefix`, or below it?"""
    return path[: len(prefix)] == prefix


def statements(tables: list[Table]) -> Iterator[tuple[Table, Statement]]:
    """All statements that no array of tables holds: a pointer can't lead through an array."""
    arrays = [table.path for table in tables if table.is_array]
    for table in tables:
        if not any(under(table.path, path) for path in arrays):
            for statement in table.statements:
                yield table, statement
